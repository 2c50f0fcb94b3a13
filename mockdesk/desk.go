// Package mockdesk is a service desk that exists to be tested against: conversations, agents, a queue, faults on demand, and a journal of everything that crossed. How a client
// says things to it and hears of them is the business of its wire, a protocol that is data (package wire); NATIVE-WIRE.md describes the one that it speaks of itself. A desk is opened per scenario; every method that waits is woken by what it waits for.
package mockdesk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// What keeps an act from being played, or ends a wait. Errors of this package wrap one of these, or a context's error.
var (
	// ErrClosed says that the desk was closed.
	ErrClosed = errors.New("the desk is closed")
	// ErrEnded says that the conversation is over.
	ErrEnded = errors.New("the conversation has ended")
	// ErrNotJoined says that an agent acts in a conversation without being in it.
	ErrNotJoined = errors.New("the agent is not in the conversation")
	// ErrAlreadyJoined says that an agent joins a conversation for a second time without having left.
	ErrAlreadyJoined = errors.New("the agent is in the conversation already")
	// ErrNotWaiting says that something about the queue is told to a conversation that an agent has joined.
	ErrNotWaiting = errors.New("the conversation is not waiting any more")
	// ErrTransferring says that an agent hands over a user who is being handed over already, ErrNoTransfer that a transfer is to fail and there is none.
	ErrTransferring = errors.New("the user is being transferred already")
	ErrNoTransfer   = errors.New("the user is not being transferred")
)

// Availability is what the desk says when it is asked whether agents are there.
type Availability string

// The values of Availability. A desk is Online until told otherwise.
const (
	Online  Availability = "online"
	Offline Availability = "offline"
	Unknown Availability = "unknown"
)

// Query is one availability query that reached the desk.
type Query struct {
	// Queue is the queue that was asked about, empty if none was named.
	Queue string
	// At is when the query arrived, by the desk's clock.
	At time.Time
}

// Options are what a desk is opened with; the zero value will do.
type Options struct {
	// Journal receives every crossing; nil records nothing. Its observer is called while the desk is locked, so it must not call the desk.
	Journal *journal.Journal
	// Clock is the desk's time; nil makes a new one that shows the real time.
	Clock *AdvancingClock
	// Addr is the TCP address to listen on; empty is a free port of 127.0.0.1. New takes no notice of it.
	Addr string
	// URL and SocketURL are where clients find a desk that others listen for; Open takes no notice of them.
	URL, SocketURL string
	// Wire is the protocol that the desk speaks; nil is the native one.
	Wire *wire.Wire
	// Played, if there is one, is called with every play of a fault, once it is in the journal and before it has any effect. It may be called while the desk and its plan are
	// locked, so it must not call them.
	Played func(fault.Played)
	// Saving is how the desk is saved; nil leaves it in memory only.
	Saving *Saving
	// Bounds are how much it keeps of what is over.
	Bounds Bounds
}

// Desk is a running mock desk. All its methods are safe for use by many goroutines. Make one with Open or New, and Close it.
type Desk struct {
	clock   *AdvancingClock
	journal *journal.Journal
	plan    *fault.Plan
	// server is nil for a desk that others listen for; adopted is where it finds connections that others have accepted.
	server         *http.Server
	adopted        adopted
	serve          http.Handler
	url, socketURL string
	// done is closed by Close; work counts the goroutines that Close waits for.
	done chan struct{}
	work sync.WaitGroup
	// nowhere is what events come of: no request.
	nowhere wire.Source

	mu     sync.Mutex
	closed bool
	wire   *wire.Wire
	// changes are all that a waiter may look at, arriving those that are conversations which arrive.
	changes, arriving changes

	availability Availability
	queues       map[string]Availability
	media        map[string]medium
	queries      []Query
	// blankLines counts what BlankLines gives.
	blankLines int

	// uploads are the rules for files that conversations open with; lenient takes files against them too, checksUploads looks at each before it is kept.
	uploads                UploadRules
	lenient, checksUploads bool

	// conversations are those that are not forgotten, in the order in which they were opened; opened counts all that ever were.
	conversations []*Conversation
	opened        int
	byID          map[string]*Conversation
	// found has the conversations by the kept values that the wire finds them by.
	found map[string]map[string]*Conversation
	// fresh are those that NextConversation has not handed out yet, arrivals counts all that it has or will.
	fresh    []*Conversation
	arrivals int
	// withdrawn holds the ids that were deleted before they were ever opened, and those that have expired; withdrawals are the former, in their order.
	withdrawn   map[string]bool
	withdrawals []string

	// onTurn is what OnTurn was given.
	onTurn func()
	// authors are those who have said something.
	authors authors

	// turns has a lock of its own.
	turns  turns
	outbox outbox

	saving saving
	bounds Bounds
	// ended are the conversations that have ended and are in memory whole, shelved those that are not, each in the order in which they ended or were read back.
	ended, shelved []*Conversation

	inFlight int
	// carriers are the connections that requests are served on now, for Close to have done with them.
	carriers map[*http.ResponseController]struct{}
	// kept are the requests that a fault keeps waiting and whose client has not gone, as Traffic gives them; moves counts the changes of these and of the sockets.
	kept    []string
	moves   int
	sockets map[*socket]struct{}
	// opening is how many handshakes are being answered; departing is whether sockets are to be closed as soon as they are open.
	opening   int
	departing bool
	// leaving are those that no longer count as open and whose connection, or goroutines, have not ended.
	leaving map[*socket]struct{}
	// streams are the answers that go on: polls that are held and server-sent events.
	streams map[*stream]struct{}
	// serial numbers the sockets, for the journal.
	serial int
}

// Open starts a desk. The error says what the address was and wraps the one of net.Listen.
func Open(o Options) (*Desk, error) {
	addr := o.Addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("the desk cannot listen on %s, choose another address or port 0: %w", addr, err)
	}
	o.URL, o.SocketURL = "http://"+reachable(listener.Addr()), "ws://"+reachable(listener.Addr())
	d := New(o)
	d.adopted = adopted{conns: make(chan net.Conn), addr: listener.Addr(), done: d.done}
	d.server = &http.Server{Handler: d, ErrorLog: log.New(io.Discard, "", 0), ConnState: d.connectionChanged, ConnContext: WithConnection} //nolint:gosec // Slow and silent clients are among those that a desk is tried with; Close ends them.
	// A browser sends a request again, unasked and unseen by the page, if a connection that had served before breaks under it: a client would never
	// notice a Cut. So no connection serves twice.
	d.server.SetKeepAlivesEnabled(false)
	d.work.Go(func() { _ = d.server.Serve(listener) })
	d.work.Go(func() { _ = d.server.Serve(d.adopted) })
	return d, nil
}

// New makes a desk that listens nowhere: it is an http.Handler, for a server that several desks share. That server must serve each connection once (SetKeepAlivesEnabled), in
// HTTP/1, as the faults that break connections need it, and have WithConnection for its ConnContext.
func New(o Options) *Desk {
	spoken := o.Wire
	if spoken == nil {
		spoken = wire.Native()
	}
	clock := o.Clock
	if clock == nil {
		clock = NewAdvancingClock()
	}
	d := &Desk{
		clock: clock, journal: o.Journal, wire: spoken, url: o.URL, socketURL: o.SocketURL, done: make(chan struct{}),
		uploads:      UploadRules{Allowed: true, Multiple: true, MaxBytes: defaultMaxFile},
		availability: Online, queues: map[string]Availability{}, media: map[string]medium{}, byID: map[string]*Conversation{}, found: map[string]map[string]*Conversation{}, withdrawn: map[string]bool{}, authors: authors{},
		sockets: map[*socket]struct{}{}, leaving: map[*socket]struct{}{}, streams: map[*stream]struct{}{}, carriers: map[*http.ResponseController]struct{}{}, bounds: o.Bounds,
	}
	if o.Saving != nil {
		d.saving = saving{Saving: *o.Saving, next: make(chan struct{}), held: map[listener]int{}, touched: map[*Conversation]extent{}}
	}
	d.plan = fault.NewPlan(clock, d.notePlayed(o.Played))
	for _, by := range spoken.FoundBy {
		d.found[by] = map[string]*Conversation{}
	}
	d.nowhere.Base = d.URL()
	d.serve = d.handler()
	return d
}

// ServeHTTP serves one request of the wire; one that comes after Close finds its connection reset.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	carrier := http.NewResponseController(w)
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		abort(w)
		return
	}
	d.carriers[carrier] = struct{}{}
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		delete(d.carriers, carrier)
		d.mu.Unlock()
	}()
	d.serve.ServeHTTP(w, r)
}

// reachable is the address at which a client on this machine finds the listener.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return a.String()
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
}

// URL is where clients find the desk over HTTP, such as "http://127.0.0.1:40123", without a slash at the end.
func (d *Desk) URL() string { return d.url }

// SocketURL is where clients find the desk over WebSocket, such as "ws://127.0.0.1:40123", without a slash at the end.
func (d *Desk) SocketURL() string { return d.socketURL }

// Clock is the desk's time, to be advanced by whoever plays the scenario.
func (d *Desk) Clock() *AdvancingClock { return d.clock }

// Close drops every connection, request and socket at once, parked or not, and returns when all goroutines of the desk have ended. Closing again does nothing.
// Waits that are still under way end with ErrClosed. The error is always nil.
func (d *Desk) Close() error {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		d.work.Wait()
		return nil
	}
	d.closed = true
	if d.isSaved() {
		d.saving.faults = new(d.plan.Remember())
	}
	close(d.done)
	for _, c := range d.conversations {
		c.stopWatching()
		c.changes.tell()
	}
	d.arriving.tell()
	for s := range d.sockets {
		s.detach()
	}
	leaving := slices.Collect(maps.Keys(d.leaving))
	for carrier := range d.carriers {
		// Whoever reads from a slow client or writes to one would go on for as long as the client likes. A connection that cannot be given a deadline has ended.
		_ = carrier.SetReadDeadline(time.Unix(1, 0))
		_ = carrier.SetWriteDeadline(time.Unix(1, 0))
	}
	d.broadcast()
	d.mu.Unlock()
	for _, s := range leaving {
		s.pump.Cut()
	}
	if d.server != nil {
		// Errors of a listener that is closed are of no use to anyone.
		_ = d.server.Close()
	}
	d.work.Wait()
	// Its timers have nobody left to let go.
	d.plan.Clear()
	return nil
}

// Shutdown closes the desk in order: it closes every socket with the code 1001 and waits until the clients have ended the connections, for as long as ctx lasts; then it closes as
// Close does. A socket on which a fault has the desk silent is told nothing. The error is always nil.
func (d *Desk) Shutdown(ctx context.Context) error {
	d.mu.Lock()
	d.departing = true
	open := slices.Collect(maps.Keys(d.sockets))
	d.mu.Unlock()
	for _, s := range open {
		s.pump.Goodbye(departure)
	}
	// Whoever does not answer in time is cut.
	_ = d.await(ctx, func() bool { return d.opening == 0 && len(d.leaving) == 0 })
	return d.Close()
}

// departure is how a socket ends that the desk closes because it closes itself.
var departure = fault.End{Code: websocket.CloseGoingAway, Reason: "the desk closes", Note: "the desk closes"}

// connectionChanged follows the server's connections, to have Close wait for their goroutines.
func (d *Desk) connectionChanged(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		d.work.Add(1)
		select {
		case <-d.done:
			// Accepted in the same moment as the desk closed: the server may have overlooked it.
			_ = conn.Close()
		default:
		}
	case http.StateClosed, http.StateHijacked:
		d.work.Done()
	case http.StateActive, http.StateIdle:
	}
}

// Changed is closed when something next changes that a wait of the desk's may be about, or when the desk closes.
func (d *Desk) Changed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.changes.next()
}

// record appends an entry to the journal, if there is one, as having happened at the given moment of real time, and returns its Seq (0 without a journal).
func (d *Desk) record(e journal.Entry, at time.Time, data any) int {
	if d.journal == nil {
		return 0
	}
	if of, ok := data.(interface{ conversation() string }); ok {
		e.Conversation = of.conversation()
	}
	e.Data = journal.Payload(data)
	return d.journal.AppendAt(e, at).Seq
}

// recordSocket is record for what there is twice for every line that is said; no moment is now.
func (d *Desk) recordSocket(e journal.Entry, at time.Time, data socketData) int {
	if d.journal == nil {
		return 0
	}
	e.Conversation, e.Data = data.Conversation, data.payload()
	if at.IsZero() {
		return d.journal.Append(e).Seq
	}
	return d.journal.AppendAt(e, at).Seq
}

// recordAct is record for what there is once for every line that an agent says, and happens now.
func (d *Desk) recordAct(e journal.Entry) {
	if d.journal != nil {
		d.journal.Append(e)
	}
}

// SetAvailability sets what every queue says that has no setting of its own.
func (d *Desk) SetAvailability(a Availability) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.availability = a
}

// SetQueueAvailability sets what one queue says.
func (d *Desk) SetQueueAvailability(queue string, a Availability) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.queues[queue] = a
}

// Queries are the availability queries so far, in the order in which they arrived, whatever became of them.
func (d *Desk) Queries() []Query {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.queries)
}

// Conversations are all conversations that were ever opened and are not forgotten, in order of arrival. Ids that were withdrawn before they opened are not among them.
func (d *Desk) Conversations() []*Conversation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.conversations)
}

// Conversation is the conversation with that id, nil if none was ever opened under it or it is forgotten.
func (d *Desk) Conversation(id string) *Conversation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.byID[id]
}

// NextConversation waits for the next conversation that it has not handed out yet, in order of arrival. Its error wraps the context's, or is ErrClosed.
func (d *Desk) NextConversation(ctx context.Context) (*Conversation, error) {
	var next *Conversation
	err := d.awaitOf(ctx, &d.arriving, func() bool {
		if len(d.fresh) == 0 {
			return false
		}
		next, d.fresh = d.fresh[0], d.fresh[1:]
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("waiting for a client to open a conversation: %w", err)
	}
	return next, nil
}

// arrive has NextConversation hand the conversation out; d.mu is held.
func (d *Desk) arrive(c *Conversation) {
	d.fresh = append(d.fresh, c)
	d.arrivals++
}

// Arrived is how many conversations NextConversation has handed out or has still to hand out.
func (d *Desk) Arrived() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.arrivals
}

// OpenConversations is the number of conversations that have not ended.
func (d *Desk) OpenConversations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	open := 0
	for _, c := range d.conversations {
		if c.state != Ended {
			open++
		}
	}
	return open
}

// Traffic is what the desk knows of what is on its way between it and its clients at one moment.
type Traffic struct {
	// Frames is the number of frames whose write to a socket has finished, over all sockets that are open: the hello of each, every event and what Garble sent, each as
	// often as faults have it written. Pings and error frames do not count. A page can compare it with what it has dispatched: what was written to a socket that the page has closed is never dispatched.
	Frames int
	// Sockets is the number of sockets that are open.
	Sockets int
	// Kept are the requests that a fault keeps without an answer (Hold, HoldReply, Delay, Blackhole), or sends or reads slowly, and whose client still waits, each by its method
	// and address, such as "GET http://127.0.0.1:40123/v1/availability" or "GET ws://..." for one that is to become a socket, in the order of their arrival: what a page may
	// have in flight although nothing is going to happen.
	Kept []string

	moves int
}

// Traffic is the traffic now.
func (d *Desk) Traffic() Traffic {
	d.mu.Lock()
	defer d.mu.Unlock()
	t := Traffic{Sockets: len(d.sockets), Kept: slices.Clone(d.kept), moves: d.moves}
	for s := range d.sockets {
		t.Frames += s.framesSent
	}
	return t
}

// Moves is another number whenever a socket was opened or closed or a request kept or let go.
func (t Traffic) Moves() int { return t.moves }

// WaitTraffic waits until a socket was opened or closed or a request kept or let go since t. Its error is the context's, or ErrClosed.
func (d *Desk) WaitTraffic(ctx context.Context, t Traffic) error {
	return d.await(ctx, func() bool { return d.moves != t.moves })
}

// moved notes a change of the traffic other than a frame; d.mu is held.
func (d *Desk) moved() {
	d.moves++
	d.broadcast()
}

// WaitSent waits until what came in frames before is done, and nothing is left to be written to any open socket, except what a fault holds up until the clock has gone on; Traffic then counts
// every frame that was emitted before, as often as it was written. Its error wraps the context's, or is ErrClosed.
func (d *Desk) WaitSent(ctx context.Context) error {
	if err := d.WaitDone(ctx); err != nil {
		return err
	}
	err := d.await(ctx, func() bool {
		for s := range d.sockets {
			if !s.caughtUp() {
				return false
			}
		}
		for s := range d.streams {
			if !s.caughtUp() {
				return false
			}
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("waiting for the sockets to take what was sent: %w", err)
	}
	return nil
}

// Listeners is the number of sockets open now, of polls that are held and of streams of server-sent events.
func (d *Desk) Listeners() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.sockets) + len(d.streams)
}

// BlankLines is the number of messages without a word that the desk was asked to take, whether or not its wire lets it.
func (d *Desk) BlankLines() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.blankLines
}

// Sockets is the number of sockets open now.
func (d *Desk) Sockets() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.sockets)
}

// WaitSockets waits until exactly n sockets are open. Its error wraps the context's, or is ErrClosed.
func (d *Desk) WaitSockets(ctx context.Context, n int) error {
	now := 0
	err := d.await(ctx, func() bool {
		now = len(d.sockets)
		return now == n
	})
	if err != nil {
		return fmt.Errorf("waiting for %d open sockets, there are %d: %w", n, now, err)
	}
	return nil
}

// Requests is the number of HTTP requests in flight now, parked ones included; an open socket is not a request.
func (d *Desk) Requests() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.inFlight
}
