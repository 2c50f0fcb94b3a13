package browser

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
)

const (
	// trafficIDs begins the IDs of messages about traffic, far above those of the page's own.
	trafficIDs = 1 << 40
	// mostRecorded is how much of a body or a frame is recorded, in bytes.
	mostRecorded = 16 << 10
)

// WatchTraffic has the browser itself tell of the requests and sockets of the page to addresses that begin in one of these ways, from now on and until the tab is released.
// They come to the sink of Open, in the order in which the browser tells of them:
//
//   - request: {"method","path","query","headers","body"}, from the integration to the desk, with "host" as the beginning of its address. Preflights are among them.
//   - response: {"host","method","path","status","headers"}, Ref is the request; a status of 0 is none at all, and the note says why. What holds of the request only once it is sent, its mode,
//     is among the headers here.
//   - opened, closed: {"socket":n,"url"}, a WebSocket; frame: {"socket":n,"body"}, either way.
func (t *Tab) WatchTraffic(ctx context.Context, origins []string) error {
	if err := t.usable(); err != nil {
		return err
	}
	s := t.session
	s.mu.Lock()
	s.traffic = newTraffic(origins)
	s.mu.Unlock()
	if _, err := call(ctx, s.life, s, network.Enable, network.EnableParams{MaxPostDataSize: new(int64(mostRecorded))}); err != nil {
		return fmt.Errorf("watch the traffic of the page: %w", err)
	}
	return nil
}

// traffic is what the browser tells of requests and sockets. All of it but origins is for the goroutine that empties the inbox.
type traffic struct {
	origins  []string
	last     int
	requests map[network.RequestID]*exchange
	sockets  map[network.RequestID]*exchange
	// modes are those of requests of which the browser tells later.
	modes map[network.RequestID]string
}

// exchange is a request or a socket that is being watched.
type exchange struct {
	id     int
	number int
	url    *url.URL
	method string
	// mode is how the page asks, once the browser has said so: sent says that it has. answer is what came before that.
	mode   string
	sent   bool
	answer *network.Response
	open   bool
}

func newTraffic(origins []string) *traffic {
	return &traffic{origins: slices.Clone(origins), requests: map[network.RequestID]*exchange{}, sockets: map[network.RequestID]*exchange{}, modes: map[network.RequestID]string{}}
}

// watches says whether an address is one of those.
func (t *traffic) watches(address string) bool {
	return slices.ContainsFunc(t.origins, func(origin string) bool { return strings.HasPrefix(address, origin) })
}

// hearTraffic takes an event of the network in; others it leaves alone.
func (s *session) hearTraffic(event any) {
	s.mu.Lock()
	t := s.traffic
	s.mu.Unlock()
	if t == nil {
		return
	}
	var told func() []Message
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		told = func() []Message { return t.requested(e) }
	case *network.EventRequestWillBeSentExtraInfo:
		told = func() []Message { return t.sent(e) }
	case *network.EventResponseReceived:
		told = func() []Message { return t.received(e) }
	case *network.EventLoadingFinished:
		told = func() []Message { return t.finished(e.RequestID) }
	case *network.EventLoadingFailed:
		told = func() []Message { return t.failed(e) }
	case *network.EventWebSocketCreated:
		told = func() []Message { return t.connecting(e) }
	case *network.EventWebSocketHandshakeResponseReceived:
		told = func() []Message { return t.opened(e.RequestID) }
	case *network.EventWebSocketFrameSent:
		told = func() []Message { return t.frame(e.RequestID, e.Response, true) }
	case *network.EventWebSocketFrameReceived:
		told = func() []Message { return t.frame(e.RequestID, e.Response, false) }
	case *network.EventWebSocketClosed:
		told = func() []Message { return t.closed(e.RequestID) }
	default:
		return
	}
	at := time.Now()
	s.inbox.put(func() {
		for _, m := range told() {
			m.At = at
			s.tell(m)
		}
	})
}

// outward is a message from the integration to the desk; inward is one back.
func (t *traffic) outward(kind, name string, data map[string]any) Message {
	t.last++
	return Message{ID: trafficIDs + t.last, Kind: kind, Name: name, From: "integration", To: "desk", Data: payload(data)}
}

func (t *traffic) inward(kind, name string, data map[string]any) Message {
	m := t.outward(kind, name, data)
	m.From, m.To = m.To, m.From
	return m
}

// payload is data as JSON, without what is empty.
func payload(data map[string]any) json.RawMessage {
	for key, value := range data {
		if value == nil || value == "" {
			delete(data, key)
		}
	}
	raw, _ := json.Marshal(data) // Texts, numbers and what is JSON already always marshal.
	return raw
}

func (t *traffic) requested(e *network.EventRequestWillBeSent) []Message {
	var told []Message
	if e.RedirectResponse != nil {
		told = t.answered(e.RequestID, e.RedirectResponse)
	}
	mode, sent := t.modes[e.RequestID]
	delete(t.modes, e.RequestID)
	address, err := url.Parse(e.Request.URL)
	if err != nil || !t.watches(e.Request.URL) {
		return told
	}
	x := &exchange{url: address, method: e.Request.Method, mode: mode, sent: sent}
	t.requests[e.RequestID] = x
	var body []byte
	for _, part := range e.Request.PostDataEntries {
		body = append(body, part.Bytes...)
	}
	m := t.outward("request", x.name(), map[string]any{
		"host": x.host(), "method": x.method, "path": address.Path, "query": address.RawQuery,
		"headers": headersIn(e.Request.Headers, "Content-Type", "Access-Control-Request-Method", "Access-Control-Request-Headers"), "body": recorded(body),
	})
	x.id = m.ID
	return append(told, m)
}

func (x *exchange) name() string { return x.method + " " + cmp.Or(x.url.Path, "/") }

func (x *exchange) host() string { return x.url.Scheme + "://" + x.url.Host }

// headersIn are some of the headers, whatever their case; nil if there is none of them.
func headersIn(all network.Headers, names ...string) any {
	found := map[string]string{}
	for name, value := range all {
		for _, wanted := range names {
			if text, isText := value.(string); isText && strings.EqualFold(name, wanted) {
				found[wanted] = text
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// recorded is a body as the journal has it: JSON as it is, other text as a string, and of what is too long the beginning.
func recorded(body []byte) any {
	switch {
	case len(body) == 0:
		return nil
	case len(body) > mostRecorded:
		return strings.ToValidUTF8(string(body[:mostRecorded]), "") + "…"
	case json.Valid(body) && utf8.Valid(body):
		return json.RawMessage(body)
	}
	return strings.ToValidUTF8(string(body), "?")
}

// sent learns in which mode the browser sends a request. It may say so before it tells of the request itself, or after it has told of the answer.
func (t *traffic) sent(e *network.EventRequestWillBeSentExtraInfo) []Message {
	found, _ := headersIn(e.Headers, modeHeader).(map[string]string)
	x := t.requests[e.RequestID]
	if x == nil || x.sent {
		t.modes[e.RequestID] = found[modeHeader]
		return nil
	}
	x.mode, x.sent = found[modeHeader], true
	return t.finished(e.RequestID)
}

// finished tells of an answer that was kept back.
func (t *traffic) finished(id network.RequestID) []Message {
	if x := t.requests[id]; x != nil && x.answer != nil {
		return t.answered(id, x.answer)
	}
	return nil
}

// modeHeader is where a request says how the page asks.
const modeHeader = "Sec-Fetch-Mode"

// received takes an answer in. What the browser says of the sending of its request may come later, and is waited for.
func (t *traffic) received(e *network.EventResponseReceived) []Message {
	if x := t.requests[e.RequestID]; x != nil && e.HasExtraInfo && !x.sent {
		x.answer = e.Response
		return nil
	}
	return t.answered(e.RequestID, e.Response)
}

func (t *traffic) answered(id network.RequestID, response *network.Response) []Message {
	return t.over(id, int(response.Status), "", response.Headers)
}

func (t *traffic) failed(e *network.EventLoadingFailed) []Message {
	if told := t.finished(e.RequestID); told != nil {
		return told
	}
	why := e.ErrorText
	if e.CorsErrorStatus != nil {
		why += " (" + string(e.CorsErrorStatus.CorsError) + ")"
	}
	return t.over(e.RequestID, 0, why, nil)
}

// over is what came of a request; what happens to the rest of its answer is not told.
func (t *traffic) over(id network.RequestID, status int, note string, headers network.Headers) []Message {
	x := t.requests[id]
	if x == nil {
		return nil
	}
	delete(t.requests, id)
	told, _ := headersIn(headers, "Content-Type").(map[string]string)
	if x.mode != "" {
		if told == nil {
			told = map[string]string{}
		}
		told[modeHeader] = x.mode
	}
	data := map[string]any{"host": x.host(), "method": x.method, "path": x.url.Path, "status": status}
	if told != nil {
		data["headers"] = told
	}
	m := t.inward("response", x.name(), data)
	m.Ref, m.Note = x.id, note
	return []Message{m}
}

func (t *traffic) connecting(e *network.EventWebSocketCreated) []Message {
	address, err := url.Parse(e.URL)
	if err != nil || !t.watches(e.URL) {
		return nil
	}
	t.sockets[e.RequestID] = &exchange{url: address, method: "GET"}
	return nil
}

func (t *traffic) opened(id network.RequestID) []Message {
	x := t.sockets[id]
	if x == nil || x.open {
		return nil
	}
	x.open = true
	m := t.outward("opened", x.name(), nil)
	x.number = m.ID - trafficIDs
	m.Data = x.data(nil)
	return []Message{m}
}

func (x *exchange) data(body any) json.RawMessage {
	return payload(map[string]any{"socket": x.number, "url": x.url.String(), "body": body})
}

func (t *traffic) frame(id network.RequestID, frame *network.WebSocketFrame, out bool) []Message {
	x := t.sockets[id]
	if x == nil {
		return nil
	}
	var named struct {
		Type string `json:"type"`
	}
	// What is no JSON, or has no type, has no name.
	_ = json.Unmarshal(frame.PayloadData, &named)
	one := t.inward
	if out {
		one = t.outward
	}
	m := one("frame", cmp.Or(named.Type, "frame"), nil)
	m.Data = x.data(recorded(frame.PayloadData))
	return []Message{m}
}

func (t *traffic) closed(id network.RequestID) []Message {
	x := t.sockets[id]
	delete(t.sockets, id)
	if x == nil || !x.open {
		return nil
	}
	m := t.outward("closed", x.name(), nil)
	m.Data = x.data(nil)
	return []Message{m}
}

// unwatch ends what WatchTraffic has begun; without it nothing is done.
func (s *session) unwatch(ctx context.Context) error {
	s.mu.Lock()
	watched := s.traffic != nil
	s.traffic = nil
	s.mu.Unlock()
	if !watched {
		return nil
	}
	return only(call(ctx, s.life, s, network.Disable, cdp.Empty{}))
}
