package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// execute sends one event and reads its answer.
func (s *Sender) execute(x Exchange) Exchange {
	if s.ctx.Err() != nil {
		return undelivered(x, ErrClosed)
	}
	if !s.limiter.AllowN(s.now(), 1) {
		return undelivered(x, ErrCeiling)
	}
	watch, ctx := newStopwatch(s.ctx, timeoutOf(x.Event.Target))
	defer watch.end()
	request, err := s.request(ctx, x.Event)
	if err != nil {
		return undelivered(x, err)
	}
	x.Method, x.URL, x.Header = request.Method, request.URL.String(), request.Header
	if s.sending != nil {
		s.sending(x)
	}
	watch.restart()
	x, err = s.ask(x, request)
	x.Latency, x.Err = watch.elapsed(), failure(ctx, err)
	return x
}

func timeoutOf(t Target) time.Duration {
	if t.Timeout > 0 {
		return t.Timeout
	}
	return Timeout
}

// failure says what kept an answer from coming whole: the timeout and the end of the sender before what they made of the connection.
func failure(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return fmt.Errorf("the connector did not answer: %w", err)
}

// ask sends the request and takes the answer in, up to its bound.
func (s *Sender) ask(x Exchange, request *http.Request) (Exchange, error) {
	answer, err := s.transport.RoundTrip(request)
	if err != nil {
		return x, err
	}
	defer func() { _ = answer.Body.Close() }() // It has been read, or is given up.
	x.Status, x.AnswerHeader = answer.StatusCode, answer.Header
	if answer.StatusCode >= 300 && answer.StatusCode < 400 {
		x.Note = "The connector answered with a redirect to " + strconv.Quote(answer.Header.Get("Location")) + ", which is not followed."
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if len(body) > maxAnswer {
		body = body[:maxAnswer]
		x.Note = strings.TrimSpace(fmt.Sprintf("%s The answer is over %d bytes; no more was read.", x.Note, maxAnswer))
	}
	x.Answer = body
	return x, err
}

// request makes the request of an event. Its errors are of URLs and headers that cannot be, and of tokens that cannot be had.
func (s *Sender) request(ctx context.Context, e Event) (*http.Request, error) {
	base, err := url.Parse(e.Target.BaseURL)
	if err != nil || base.Scheme == "" || base.Host == "" {
		return nil, fmt.Errorf("%w: the base URL %q is not a whole URL with a scheme and a host; correct the integration", ErrNotMade, e.Target.BaseURL)
	}
	request, err := http.NewRequestWithContext(ctx, e.Method, e.Target.BaseURL+e.Path, bytes.NewReader(e.Body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotMade, err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "deskcheck-digital-connect")
	for name, value := range e.Target.Headers {
		request.Header.Set(name, value)
	}
	if err := s.authorize(ctx, request.Header, e.Target.Auth); err != nil {
		return nil, err
	}
	for name, values := range e.Header {
		name = http.CanonicalHeaderKey(name)
		if len(values) == 0 {
			request.Header.Del(name)
			continue
		}
		request.Header[name] = slices.Clone(values)
	}
	return request, nil
}

// authorize sets what the integration's authentication asks for.
func (s *Sender) authorize(ctx context.Context, header http.Header, a Auth) error {
	switch a.Type {
	case None, "":
	case Basic:
		asked := &http.Request{Header: header}
		asked.SetBasicAuth(a.User, a.Secret)
	case APIKey:
		name := a.Header
		if name == "" {
			name = "X-API-Key"
		}
		header.Set(name, a.Secret)
	case OAuth2:
		access, err := s.tokens.get(ctx, a)
		if err != nil {
			return err
		}
		header.Set("Authorization", "Bearer "+access)
	default:
		return fmt.Errorf("%w: there is no authentication %q; the integration may have %s, %s, %s or %s", ErrNotMade, a.Type, None, Basic, APIKey, OAuth2)
	}
	return nil
}

// stopwatch measures an execution and ends it. It starts anew with the last byte of the event, so that a connector answers for its own time only; what comes before has the same bound by itself.
type stopwatch struct {
	limit  time.Duration
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	started time.Time
	timer   *time.Timer
}

// newStopwatch starts one; the context that it returns ends with ErrTimeout.
func newStopwatch(parent context.Context, limit time.Duration) (*stopwatch, context.Context) {
	ctx, cancel := context.WithCancelCause(parent)
	w := &stopwatch{limit: limit, cancel: cancel, started: time.Now()}
	w.timer = time.AfterFunc(limit, func() { cancel(fmt.Errorf("%w after %s", ErrTimeout, limit)) })
	return w, httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) {
			if info.Err == nil {
				w.restart()
			}
		},
	})
}

// restart lets the whole limit begin again, unless it has ended.
func (w *stopwatch) restart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer.Stop() {
		w.started = time.Now()
		w.timer.Reset(w.limit)
	}
}

// elapsed is the time since the last restart.
func (w *stopwatch) elapsed() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.started)
}

// end stops the watch for good.
func (w *stopwatch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.cancel(errors.New("the execution is over"))
}
