// Package recording makes a first wire file from what passes between an integration and a desk: a Recorder stands between them and keeps the traffic without its secrets, the steps of a
// recording say what the two are to do meanwhile, and Infer reads from it what everything means.
package recording

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// mostKept is how much is kept of a body or a frame, in bytes. All of it passes.
const mostKept = 256 << 10

// MarkPath is where a recorder is told that a step begins: POST MarkPath + the step's name. Such a request does not pass.
const MarkPath = "/.deskcheck/mark/"

// Done is what is marked, in the place of a step, when all is done.
const Done = "done"

// Recorder passes on what a client and a desk say to each other and keeps it. It is an http.Handler. Open one with New, and Close it.
type Recorder struct {
	// target is where requests go; nil for the host that they name.
	target  *url.URL
	traffic *Traffic
	proxy   *httputil.ReverseProxy
	server  *http.Server
	adopted *adopted
	// report hears what a person should know of while recording.
	report func(string)

	mu   sync.Mutex
	last int
	open map[int]func()
	// cuts are the exchanges that the recorder has cut and whose end was not kept yet.
	cuts  map[int]struct{}
	marks func(step string)
}

// Options are what a Recorder is told beside where its traffic goes.
type Options struct {
	// To is the address of the desk, such as https://chat.vendor.example/api; nil sends each request to the host that it names, which takes connections that were adopted.
	To *url.URL
	// Report hears what goes wrong, a sentence each, from several goroutines; nil for nobody.
	Report func(string)
	// Marked hears of each step that a client has marked, or of Done, and marks it in the traffic; nil has it marked at once.
	Marked func(step string)
}

// New makes a recorder that keeps what passes in traffic. It serves what is given to ServeHTTP and to Adopt.
func New(traffic *Traffic, o Options) *Recorder {
	r := &Recorder{target: o.To, traffic: traffic, report: o.Report, marks: o.Marked, open: map[int]func(){}, cuts: map[int]struct{}{}, adopted: newAdopted()}
	if r.report == nil {
		r.report = func(string) {}
	}
	transport, _ := http.DefaultTransport.(*http.Transport)
	transport = transport.Clone()
	// What is compressed cannot be read on its way.
	transport.DisableCompression = true
	r.proxy = &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, Rewrite: r.rewrite, ModifyResponse: r.answered, ErrorHandler: r.unanswered, ErrorLog: silent}
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute, ErrorLog: silent}
	go func() { _ = r.server.Serve(r.adopted) }() // ends with the recorder
	return r
}

// Adopt serves a connection, which is the recorder's from then on.
func (r *Recorder) Adopt(conn net.Conn) { r.adopted.add(conn) }

// Close ends what is open and what was adopted.
func (r *Recorder) Close() error {
	err := r.server.Close()
	r.Cut()
	return err
}

// Cut breaks every socket and every stream of server-sent events, so that the client shows how it comes back. It says how many there were.
func (r *Recorder) Cut() int {
	r.mu.Lock()
	open := r.open
	r.open = map[int]func(){}
	for exchange := range open {
		r.cuts[exchange] = struct{}{}
	}
	r.mu.Unlock()
	for _, end := range open {
		end()
	}
	return len(open)
}

func (r *Recorder) opened(exchange int, end func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open[exchange] = end
}

// ended forgets what was open, and says whether this is the first that is heard of its end, and whether the recorder itself has cut it.
func (r *Recorder) ended(exchange int) (first, cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, first = r.open[exchange]
	_, cut = r.cuts[exchange]
	delete(r.open, exchange)
	delete(r.cuts, exchange)
	return first || cut, cut
}

// silent is for what the traffic tells already.
var silent = log.New(io.Discard, "", 0)

// passage is one request on its way.
type passage struct {
	number int
	to     *url.URL
	body   *tee
	cancel context.CancelFunc
	// began is the request as it will be kept, once its body is known.
	began Crossing
	once  sync.Once
}

type passageKey struct{}

func passageOf(ctx context.Context) *passage {
	p, _ := ctx.Value(passageKey{}).(*passage)
	return p
}

// ServeHTTP passes a request on.
func (r *Recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if step, marked := strings.CutPrefix(q.URL.Path, MarkPath); marked && q.Method == http.MethodPost {
		r.mark(w, step)
		return
	}
	r.mu.Lock()
	r.last++
	p := &passage{number: r.last, to: r.towards(q)}
	r.mu.Unlock()
	p.began = Crossing{Kind: Request, Exchange: p.number, Method: q.Method, Path: q.URL.EscapedPath(), Query: q.URL.RawQuery, Headers: headersOf(q.Header)}
	if strings.EqualFold(q.Header.Get("Upgrade"), "websocket") {
		r.traffic.Append(p.began)
		r.socket(w, q, p)
		return
	}
	ctx, cancel := context.WithCancel(context.WithValue(q.Context(), passageKey{}, p))
	defer cancel()
	p.cancel = cancel
	q = q.WithContext(ctx)
	if q.Body != nil && q.Body != http.NoBody {
		p.body = &tee{from: q.Body, length: q.ContentLength, done: func(*tee, error) { r.asked(p) }}
		q.Body = p.body
	}
	r.proxy.ServeHTTP(w, q)
}

func (r *Recorder) mark(w http.ResponseWriter, step string) {
	if !known(step) && step != Done {
		http.Error(w, "there is no step "+step+"; the steps are "+strings.Join(StepNames(), ", "), http.StatusNotFound)
		return
	}
	switch {
	case r.marks != nil:
		r.marks(step)
	case step != Done:
		r.traffic.Mark(step)
	}
	w.WriteHeader(http.StatusNoContent)
}

// towards is where a request goes.
func (r *Recorder) towards(q *http.Request) *url.URL {
	if r.target != nil {
		return r.target
	}
	scheme := "http"
	if q.TLS != nil {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: q.Host}
}

// asked keeps the request, as soon as all of it has passed, and at the latest before its answer.
func (r *Recorder) asked(p *passage) {
	p.once.Do(func() {
		if p.body != nil {
			p.body.into(&p.began)
		}
		r.traffic.Append(p.began)
	})
}

func (r *Recorder) rewrite(q *httputil.ProxyRequest) {
	q.SetURL(passageOf(q.In.Context()).to)
	q.Out.Header.Del("Accept-Encoding")
}

func (r *Recorder) answered(a *http.Response) error {
	p := passageOf(a.Request.Context())
	r.asked(p)
	head := Crossing{Kind: Response, Exchange: p.number, Status: a.StatusCode, Headers: headersOf(a.Header)}
	if r.target != nil {
		r.atHome(a.Header)
	}
	if strings.HasPrefix(a.Header.Get("Content-Type"), "text/event-stream") {
		r.traffic.Append(head)
		r.opened(p.number, p.cancel)
		events := &eventReader{keep: func(c Crossing) {
			c.Exchange = p.number
			r.traffic.Append(c)
		}}
		a.Body = &tee{from: a.Body, length: -1, watch: events.read, done: func(_ *tee, err error) { r.streamEnded(p, err) }}
		return nil
	}
	a.Body = &tee{from: a.Body, length: a.ContentLength, done: func(t *tee, err error) {
		t.into(&head)
		head.Note = trouble(err)
		r.traffic.Append(head)
	}}
	return nil
}

func (r *Recorder) streamEnded(p *passage, err error) {
	end := Crossing{Kind: Closed, Exchange: p.number, From: Desk}
	if err != nil {
		end.From, end.Note = Client, trouble(err)
	}
	if _, cut := r.ended(p.number); cut {
		end.From, end.Note = "", cutNote
	}
	r.traffic.Append(end)
}

const cutNote = "cut by the recorder"

// trouble words what kept a body from its end, empty for nothing.
func trouble(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, errLeft):
		return err.Error()
	}
	return "it broke off: " + err.Error()
}

// unanswered is called where the desk gave no answer. The client then gets none either: its connection ends.
func (r *Recorder) unanswered(_ http.ResponseWriter, q *http.Request, err error) {
	p := passageOf(q.Context())
	r.asked(p)
	note := "the client gave up"
	if q.Context().Err() == nil {
		note = "the desk did not answer: " + err.Error()
		r.report(note)
	}
	r.traffic.Append(Crossing{Kind: Response, Exchange: p.number, Note: note})
	panic(http.ErrAbortHandler)
}

// atHome changes what an answer says of the desk's own address, which is the recorder's for the client.
func (r *Recorder) atHome(header http.Header) {
	if place := header.Get("Location"); place != "" {
		header.Set("Location", strings.TrimPrefix(place, r.target.Scheme+"://"+r.target.Host))
	}
	cookies := header.Values("Set-Cookie")
	header.Del("Set-Cookie")
	for _, line := range cookies {
		parts := slices.DeleteFunc(strings.Split(line, ";"), func(part string) bool {
			name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), "=")
			return name == "domain" || name == "secure" || name == "samesite" && value == "none"
		})
		header.Add("Set-Cookie", strings.Join(parts, ";"))
	}
}

// errLeft says that whoever reads a body has gone before its end.
var errLeft = errors.New("the client left before the end")

// tee passes a body on and keeps its beginning.
type tee struct {
	from  io.ReadCloser
	kept  []byte
	total int64
	// length is how long the body is said to be, -1 if nobody says. With its last byte it is over: whoever gets that may go on at once, and what comes of that has its place behind it.
	length int64
	// watch sees every part, in place of its being kept; done is called once, at the end.
	watch func([]byte)
	done  func(t *tee, err error)
	over  bool
}

// Read passes on what there is.
func (t *tee) Read(into []byte) (int, error) {
	n, err := t.from.Read(into)
	t.total += int64(n)
	if t.watch != nil {
		t.watch(into[:n])
	} else if room := mostKept - len(t.kept); room > 0 {
		t.kept = append(t.kept, into[:min(n, room)]...)
	}
	switch {
	case errors.Is(err, io.EOF), err == nil && t.length >= 0 && t.total >= t.length:
		t.end(nil)
	case err != nil:
		t.end(err)
	}
	return n, err //nolint:wrapcheck // Whoever reads knows its own errors.
}

// Close ends the body.
func (t *tee) Close() error {
	t.end(errLeft)
	return t.from.Close() //nolint:wrapcheck // It is passed on.
}

func (t *tee) end(err error) {
	if !t.over {
		t.over = true
		t.done(t, err)
	}
}

// into puts what was kept into a crossing.
func (t *tee) into(c *Crossing) {
	c.Body, c.Bytes = keptText(t.kept, t.total)
}

// keptText is a body as a crossing has it: its text, and its size where that is not all.
func keptText(kept []byte, total int64) (body string, bytes int64) {
	if !isText(kept) {
		return "", total
	}
	if total > int64(len(kept)) {
		bytes = total
	}
	return string(kept), bytes
}

// eventReader reads server-sent events as they pass.
type eventReader struct {
	line  []byte
	event Crossing
	data  []string
	keep  func(Crossing)
}

func (e *eventReader) read(part []byte) {
	for _, b := range part {
		if b != '\n' {
			if len(e.line) < mostKept {
				e.line = append(e.line, b)
			}
			continue
		}
		e.take(strings.TrimSuffix(string(e.line), "\r"))
		e.line = e.line[:0]
	}
}

func (e *eventReader) take(line string) {
	if line == "" {
		if len(e.data) > 0 {
			e.event.Kind, e.event.From, e.event.Body = Event, Desk, strings.Join(e.data, "\n")
			e.keep(e.event)
		}
		e.event, e.data = Crossing{}, nil
		return
	}
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		e.event.ID = value
	case "event":
		e.event.Name = value
	case "data":
		e.data = append(e.data, value)
	}
}

// adopted is a listener for connections that were made elsewhere.
type adopted struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newAdopted() *adopted { return &adopted{conns: make(chan net.Conn), done: make(chan struct{})} }

func (a *adopted) add(conn net.Conn) {
	select {
	case a.conns <- conn:
	case <-a.done:
		_ = conn.Close()
	}
}

// Accept gives the next connection.
func (a *adopted) Accept() (net.Conn, error) {
	select {
	case conn := <-a.conns:
		return conn, nil
	case <-a.done:
		return nil, net.ErrClosed
	}
}

// Close takes no more connections.
func (a *adopted) Close() error {
	a.once.Do(func() { close(a.done) })
	return nil
}

// Addr is no address: nobody listens.
func (a *adopted) Addr() net.Addr { return &net.TCPAddr{} }
