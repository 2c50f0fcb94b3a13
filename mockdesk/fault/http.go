package fault

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Reply is what the desk answers to a request.
type Reply struct {
	// Status is the HTTP status.
	Status int
	// Header is added to what the ResponseWriter has already; may be nil.
	Header http.Header
	// Body is the whole body.
	Body []byte
	// Upgrade, if set, opens a socket or goes on with an answer that has no end, in place of a whole answer; the fields above have no meaning then, and what is done to a body
	// is not done.
	Upgrade func()
	// Ready, if set, is waited for before the reply goes out; if it fails, the connection is reset instead.
	Ready func(context.Context) error
	// After, if set, is called once the reply has gone out or was lost.
	After func()
}

// Outcome is what becomes of a request.
type Outcome struct {
	// Status and Body are what is written; a Status of 0 stands for no answer at all. What Truncate leaves out of the body is part of it.
	Status int
	Body   []byte
	// Note says in a sentence what is unusual about it, empty if nothing is.
	Note string
}

// clientGone is the note of an answer that no one waits for.
const clientGone = "the client had gone before the desk answered"

// Exchange is a request on its way to an answer.
type Exchange struct {
	// W and R are those of the handler.
	W http.ResponseWriter
	R *http.Request
	// Effect does what a healthy desk does with the request and returns its reply. It is called once or not at all: by Serve, by Plan.Release, or by the clock.
	Effect func() Reply
	// Refusal gives an answer with a status in the protocol's own shape; title may be empty. Nil gives plain text.
	Refusal func(status int, title string) Reply
	// Answering is called once, just before the client can know what becomes of its request; nil is not called.
	Answering func(Outcome)
	// Keeping is called with true when the request begins to wait for a release, the clock or nothing at all, and with false when it no longer does or its client has gone. Nil
	// is not called.
	Keeping func(bool)
	// Done is closed when the desk closes: the connections of requests that still wait are reset.
	Done <-chan struct{}
}

// play is an Exchange while a Decision is played on it.
type play struct {
	Exchange
	decision Decision
	fault    Fault
	clock    Clock
}

// players are the ways of the faults that are played on whole requests; Accept is answered without one.
var players = map[Kind]func(*play){
	Accept:       func(p *play) { p.answer(p.Effect(), "") },
	Status:       func(p *play) { p.answer(p.refusal(p.fault.Status, p.fault.Title), "") },
	Body:         (*play).body,
	Hold:         func(p *play) { p.park(p.Effect) },
	HoldReply:    (*play).holdReply,
	Delay:        (*play).delay,
	Hang:         (*play).hang,
	Reset:        func(p *play) { p.lose("the connection was reset before the desk did anything") },
	ResetAfter:   (*play).resetAfter,
	Truncate:     (*play).truncate,
	Malformed:    (*play).malformed,
	ContentType:  (*play).wrongType,
	NoCORS:       (*play).noCORS,
	TooMany:      (*play).tooMany,
	Redirect:     (*play).redirect,
	SlowDownload: (*play).slowDownload,
}

// Serve carries a request through the fault that was decided on. It returns when the request has its answer or has lost its connection. No connection serves twice: a browser
// repeats by itself what is reset on a connection that has served before, and its page would never see the fault.
func (d Decision) Serve(x Exchange) {
	x.W.Header().Set("Connection", "close")
	p := &play{Exchange: x, decision: d, fault: d.Fault, clock: d.plan.clock}
	player, is := players[d.Fault.Kind]
	if !is {
		player = players[Accept]
	}
	player(p)
}

// Reads gives the body of a request as the fault that was decided on has it read, for a Decision about an Upload: at its rate if it is SlowUpload, as it is otherwise. done is
// closed when the desk closes. What fits into the buffers of the two systems (some hundred kilobytes on the loopback) leaves the client at once all the same; it notices then
// that the answer is late.
func (d Decision) Reads(r *http.Request, done <-chan struct{}) io.ReadCloser {
	if d.Fault.Kind != SlowUpload {
		return r.Body
	}
	return &slowReader{body: r.Body, pace: newPace(d.plan.clock, d.Fault.Rate), gone: r.Context().Done(), done: done}
}

func (p *play) body() {
	rep := Reply{Status: p.fault.Status, Body: []byte(p.fault.Text), Header: http.Header{}}
	if p.fault.ContentType != "" {
		rep.Header.Set("Content-Type", p.fault.ContentType)
	}
	p.answer(rep, "")
}

func (p *play) holdReply() {
	rep := p.Effect()
	p.park(func() Reply { return rep })
}

// park keeps the request until its rule lets it go on. The client's own patience plays no part in whether the effect happens: a desk does what reached it.
func (p *play) park(effect func() Reply) {
	settled := make(chan Reply, 1)
	unpark := p.decision.park(func() { settled <- effect() })
	defer unpark()
	p.answerLater(settled)
}

func (p *play) delay() {
	settled := make(chan Reply, 1)
	stop := callAt(p.clock, p.decision.at.Add(p.fault.For), func() { settled <- p.Effect() })
	defer stop()
	p.answerLater(settled)
}

// answerLater waits for the reply and answers with it. That the request is kept is told now and not before: whoever learns of it may release or advance at once.
func (p *play) answerLater(settled <-chan Reply) {
	p.keeping(true)
	gone := p.R.Context().Done()
	for {
		select {
		case rep := <-settled:
			if gone != nil {
				p.keeping(false)
			}
			p.answer(rep, "")
			return
		case <-gone:
			gone = nil
			p.keeping(false)
		case <-p.Done:
			p.lose("the desk closed while the request waited")
			return
		}
	}
}

func (p *play) hang() {
	p.keeping(true)
	why := "the desk closed; it was told never to answer"
	select {
	case <-p.R.Context().Done():
		why = "the client gave up: the desk was told never to answer"
	case <-p.Done:
	}
	p.keeping(false)
	p.lose(why)
}

func (p *play) resetAfter() {
	rep := p.Effect()
	p.lose("the desk did as asked, then the connection was reset in place of the answer " + statusOf(rep))
	rep.done()
}

func (p *play) truncate() {
	rep := p.Effect()
	if rep.Upgrade != nil {
		rep.Upgrade()
		return
	}
	rep = withBody(rep)
	if len(rep.Body) == 0 {
		rep.Body = []byte(" ")
	}
	// Never the last byte: the client would have all that was announced, and no fault to see.
	sent := rep.Body[:min(p.fault.Bytes, len(rep.Body)-1)]
	if !p.begin(rep, fmt.Sprintf("the connection was reset after %d of %d bytes of the body", len(sent), len(rep.Body))) {
		return
	}
	_, _ = p.W.Write(sent)
	_ = http.NewResponseController(p.W).Flush()
	abort(p.W)
	rep.done()
}

func (p *play) malformed() {
	rep := withBody(p.Effect())
	rep.Body = append(rep.Body[:len(rep.Body)/2:len(rep.Body)/2], brokenByte)
	p.answer(rep, "the body was broken")
}

func (p *play) wrongType() {
	rep := withBody(p.Effect())
	rep.Header.Set("Content-Type", p.fault.ContentType)
	p.answer(rep, "the content type was replaced")
}

func (p *play) noCORS() {
	rep := p.Effect()
	const allowed = "Access-Control-Allow-Origin"
	p.W.Header().Del(allowed)
	rep.Header = rep.Header.Clone()
	rep.Header.Del(allowed)
	p.answer(rep, "pages of other origins may not read the answer")
}

func (p *play) tooMany() {
	rep := p.refusal(http.StatusTooManyRequests, "")
	rep.Header = headerOf(rep)
	// Without it, a page of another origin may see the status and not the time.
	p.W.Header().Add("Access-Control-Expose-Headers", "Retry-After, Date")
	if p.fault.As == AsDate {
		// A date is of use to a client only beside the date of the one who wrote it, whose clock is not the client's.
		now := p.clock.Now().UTC()
		rep.Header.Set("Date", now.Format(http.TimeFormat))
		rep.Header.Set("Retry-After", now.Add(p.fault.For+time.Second-1).Format(http.TimeFormat))
	} else {
		rep.Header.Set("Retry-After", strconv.Itoa(wholeSeconds(p.fault.For)))
	}
	p.answer(rep, "")
}

func (p *play) redirect() {
	p.answer(Reply{Status: redirectStatus(p.fault), Header: http.Header{"Location": {p.fault.Location}}}, "")
}

func (p *play) slowDownload() {
	rep := p.Effect()
	if rep.Upgrade != nil {
		rep.Upgrade()
		return
	}
	if !p.begin(rep, p.fault.String()) {
		return
	}
	defer rep.done()
	controller := http.NewResponseController(p.W)
	pace := newPace(p.clock, p.fault.Rate)
	// The client sees the head at once: it is the body that is slow.
	_ = controller.Flush()
	p.keeping(true)
	defer p.keeping(false)
	for left := rep.Body; len(left) > 0; {
		portion := left[:min(pace.portion(), len(left))]
		if err := pace.wait(len(portion), p.R.Context().Done(), p.Done); err != nil {
			abort(p.W)
			return
		}
		_, _ = p.W.Write(portion)
		_ = controller.Flush()
		left = left[len(portion):]
	}
}

// answer writes the reply, or opens the socket that it stands for.
func (p *play) answer(rep Reply, note string) {
	if rep.Upgrade != nil {
		rep.Upgrade()
		return
	}
	if !p.begin(rep, note) {
		return
	}
	_, _ = p.W.Write(rep.Body)
	if rep.After != nil {
		_ = http.NewResponseController(p.W).Flush()
		rep.After()
	}
}

// begin waits until the reply is ready and writes its head; if that is for nothing, it loses the connection and says false.
func (p *play) begin(rep Reply, note string) bool {
	if rep.Ready != nil && rep.Ready(p.R.Context()) != nil {
		p.lose(clientGone)
		rep.done()
		return false
	}
	if p.R.Context().Err() != nil {
		note = clientGone
	}
	header := p.W.Header()
	maps.Copy(header, rep.Header)
	if bodyAllowed(rep.Status) {
		header.Set("Content-Length", strconv.Itoa(len(rep.Body)))
	}
	p.answering(Outcome{Status: rep.Status, Body: rep.Body, Note: note})
	p.W.WriteHeader(rep.Status)
	return true
}

// lose tells that the request gets no answer, and resets its connection.
func (p *play) lose(why string) {
	p.answering(Outcome{Note: why})
	abort(p.W)
}

func (p *play) answering(o Outcome) {
	if p.Answering != nil {
		p.Answering(o)
	}
}

func (p *play) keeping(kept bool) {
	if p.Keeping != nil {
		p.Keeping(kept)
	}
}

// refusal is an answer in the protocol's own shape.
func (p *play) refusal(status int, title string) Reply {
	if title == "" {
		title = http.StatusText(status)
	}
	if p.Refusal != nil {
		return p.Refusal(status, title)
	}
	return Reply{Status: status, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: []byte(title + "\n")}
}

func (r Reply) done() {
	if r.After != nil {
		r.After()
	}
}

// withBody is the reply with a header that can be written to, and as one that may have a body: 204 and 304 become 200, since there would be nothing to break.
func withBody(rep Reply) Reply {
	rep.Header = headerOf(rep)
	if !bodyAllowed(rep.Status) {
		rep.Status = http.StatusOK
	}
	return rep
}

func headerOf(rep Reply) http.Header {
	if rep.Header == nil {
		return http.Header{}
	}
	return rep.Header.Clone()
}

func bodyAllowed(status int) bool {
	return status >= http.StatusOK && status != http.StatusNoContent && status != http.StatusNotModified
}

func statusOf(rep Reply) string {
	if rep.Upgrade != nil {
		return strconv.Itoa(http.StatusSwitchingProtocols)
	}
	return strconv.Itoa(rep.Status)
}

// abort resets the connection of a request: the client sees neither the rest of an answer nor an orderly end.
func abort(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// Only a server that cannot hijack ends here; its own way of breaking off is the next best thing.
		panic(http.ErrAbortHandler)
	}
	reset(conn)
}

// reset closes a connection so that the other side sees it break rather than end.
func reset(conn net.Conn) {
	if tcp, ok := tcpOf(conn); ok {
		_ = tcp.SetLinger(0)
		// Not by way of TLS, whose goodbye would make an orderly end of it.
		_ = tcp.Close()
	}
	_ = conn.Close()
}

// tcpOf is the TCP connection below a connection and all its wrapping, if there is one.
func tcpOf(conn net.Conn) (*net.TCPConn, bool) {
	for {
		over, wrapped := conn.(interface{ NetConn() net.Conn })
		if !wrapped {
			break
		}
		conn = over.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	return tcp, ok
}
