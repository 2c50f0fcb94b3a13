package mockdesk

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// State is how far a conversation has come. It only ever moves forward.
type State string

// The states of a conversation.
const (
	Waiting State = "waiting" // no agent has joined yet
	Active  State = "active"  // an agent has joined, whether or not one is in it now
	Ended   State = "ended"   // it is over, by whomever
)

// Who can have ended a conversation, as Conversation.EndedBy and the wire say it.
const (
	ByUser    = "user"
	ByAgent   = "agent"
	ByDesk    = "desk"
	Abandoned = "abandoned"
	Expired   = "expired" // never said on the wire
)

// Who can have written a Line.
const (
	RoleUser  = "user"
	RoleAgent = "agent"
	RoleDesk  = "desk"
)

// EchoMode says when the user's own end comes back as conversation.ended on the event stream.
type EchoMode int

// The values of EchoMode.
const (
	After  EchoMode = iota // after the DELETE was answered (the default)
	Before                 // before the DELETE is answered: every open socket has taken the event by then
	Never                  // not at all: the event is neither sent nor kept
)

// Line is something that was said in a conversation.
type Line struct {
	// Cursor is the place of its event in the conversation's stream, from 1.
	Cursor int
	// Key is the message's id on the wire: what the client chose for a line of the user, the desk's own otherwise.
	Key string
	// Role is RoleUser, RoleAgent or RoleDesk.
	Role string
	// AgentID and Name say who spoke; AgentID is empty unless an agent did, Name is what the client called the user, or empty.
	AgentID, Name string
	// Text is what was said; for Agent.SayHTML the source of the markup.
	Text string
	// At is when the desk took the line, by the desk's clock.
	At time.Time
}

// QueueInfo is what a waiting user is told. What is nil or empty is left out of the event.
type QueueInfo struct {
	// Position is the place in the queue, 1 is next.
	Position *int
	// WaitSeconds is the estimated wait in seconds.
	WaitSeconds *int
	// Notice is a sentence to show to the user.
	Notice string
}

// Conversation is one request for a human, from the moment it reached the desk. Everything but the id is guarded by the desk's lock.
type Conversation struct {
	desk    *Desk
	changes changes
	id      string
	// ordinal is its place among all conversations of the desk, from 1.
	ordinal int
	queue   string
	context json.RawMessage
	user    User
	// openedAt is by the desk's clock, endedAt by that of the machine.
	openedAt, endedAt time.Time

	state    State
	endedBy  string
	echo     EchoMode
	closures int
	// agents holds the profiles of those who are in it, by id.
	agents map[string]map[string]any
	// transferFrom is the agent who is handing the user over, nil while nobody is.
	transferFrom *Agent
	userTypes    bool
	userRead     int
	log          series[kept]
	lines        series[Line]
	keys         map[string]int
	// uploads are the rules for files now, attachments those that have arrived.
	uploads     UploadRules
	attachments []Attachment
	sockets     few[*socket]
	// streams are the polls that are held and the server-sent events that go on.
	streams few[*stream]
	// values are those that the wire keeps for the conversation, acknowledged the cursor up to which the client says that it has handled everything.
	values       map[string]any
	acknowledged int
	// cuts counts how often the sockets were cut, so that one which is only opening then is cut as well.
	cuts int
	// screens are the requests to see the user's screen.
	screens []*Screen
	// stopWatch stops the timer that would give the conversation up; watches tells a timer that has just fired whether it is still the one that counts.
	stopWatch func() bool
	watches   int
	// onUser is what OnUser was given.
	onUser func(turn bool)

	// mark is that of its latest change, taken is how many of its events Changes has given. owed says that the client is yet to be told of the user's end.
	mark, taken int
	owed        bool
	// shelf stands for what is not in memory, nil while all is; dropped says that the desk has forgotten it.
	shelf   *shelf
	dropped bool
	note    []byte
}

// ID is what the client called the conversation.
func (c *Conversation) ID() string { return c.id }

// Queue is the queue that the client asked for or, since Reroute, the one that the request waits in; empty if none was named.
func (c *Conversation) Queue() string {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.queue
}

// Context is the summary, the reason and the data that the client handed over, as the JSON it sent, or nil if it sent none.
func (c *Conversation) Context() json.RawMessage { return slices.Clone(c.context) }

// State is how far the conversation has come.
func (c *Conversation) State() State {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.state
}

// EndedBy is who ended the conversation: ByUser, ByAgent, ByDesk, Abandoned, Expired, or empty while it goes on.
func (c *Conversation) EndedBy() string {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.endedBy
}

// Closures is the number of DELETE requests that reached the desk since the conversation opened, whatever became of them.
func (c *Conversation) Closures() int {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.closures
}

// Sockets is the number of sockets open on the conversation now.
func (c *Conversation) Sockets() int {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return len(c.sockets)
}

// Listeners is the number of sockets, held polls and streams of server-sent events that bring the conversation's events now.
func (c *Conversation) Listeners() int {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return len(c.sockets) + len(c.streams)
}

// Transcript is everything that was said so far, in order. Events played by Emit are no part of it.
func (c *Conversation) Transcript() []Line {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.lines.list(0, c.lines.length)
}

// WaitLine waits for the first line of the transcript that matches; lines said before count. match must not call the desk.
// Its error says how far the transcript is and wraps the context's, or ErrClosed.
func (c *Conversation) WaitLine(ctx context.Context, match func(Line) bool) (Line, error) {
	var found Line
	seen := 0
	err := c.await(ctx, func() bool {
		for ; seen < c.lines.length; seen++ {
			if found = *c.lines.at(seen); match(found) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return Line{}, fmt.Errorf("waiting for a line in conversation %s, none of its %d matches: %w", c.id, seen, err)
	}
	return found, nil
}

// WaitLines waits until at least n lines of the role were said (an empty role is any) and returns all of that role so far.
// Its error says how many there are and wraps the context's, or ErrClosed; the lines so far come with it.
func (c *Conversation) WaitLines(ctx context.Context, n int, role string) ([]Line, error) {
	var lines []Line
	err := c.await(ctx, func() bool {
		lines = lines[:0]
		for l := range c.lines.from(0) {
			if role == "" || l.Role == role {
				lines = append(lines, *l)
			}
		}
		return len(lines) >= n
	})
	if err != nil {
		return lines, fmt.Errorf("waiting for %d lines by %q in conversation %s, there are %d: %w", n, role, c.id, len(lines), err)
	}
	return lines, nil
}

// WaitState waits until the conversation is in the state. Its error wraps the context's, or ErrClosed, or comes at once if the conversation has moved past the state.
func (c *Conversation) WaitState(ctx context.Context, s State) error {
	var now State
	past := false
	order := []State{Waiting, Active, Ended}
	err := c.await(ctx, func() bool {
		now = c.state
		past = slices.Index(order, now) > slices.Index(order, s)
		return now == s || past
	})
	if err != nil {
		return fmt.Errorf("waiting for conversation %s to be %s, it is %s: %w", c.id, s, now, err)
	}
	if past {
		return fmt.Errorf("conversation %s is %s already, it can no longer be seen %s: wait earlier", c.id, now, s)
	}
	return nil
}

// WaitSocket waits until at least one socket is open on the conversation. Its error wraps the context's, or is ErrClosed.
func (c *Conversation) WaitSocket(ctx context.Context) error {
	if err := c.await(ctx, func() bool { return len(c.sockets) > 0 }); err != nil {
		return fmt.Errorf("waiting for a socket on conversation %s: %w", c.id, err)
	}
	return nil
}

// EchoEnd sets when the user's DELETE comes back as conversation.ended.
func (c *Conversation) EchoEnd(mode EchoMode) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	c.echo = mode
	c.desk.touch(c, true)
}

// QueueUpdate tells the waiting user where they stand and returns the event's cursor; ErrNotWaiting once an agent has joined, ErrEnded after the end.
func (c *Conversation) QueueUpdate(q QueueInfo) (int, error) {
	told := plainFields{}
	if q.Position != nil {
		told["position"] = *q.Position
	}
	if q.WaitSeconds != nil {
		told["waitSeconds"] = *q.WaitSeconds
	}
	if q.Notice != "" {
		told["notice"] = q.Notice
	}
	return c.act(journal.Desk, "queue.updated", "The desk tells where the user stands in the queue.", c.mustWait, func() fields { return told })
}

// CloseQueue tells the waiting user that nobody will come, with a reason to show, and returns the event's cursor. The conversation goes on waiting until
// someone ends it; ErrNotWaiting once an agent has joined, ErrEnded after the end.
func (c *Conversation) CloseQueue(reason string) (int, error) {
	return c.act(journal.Desk, "queue.closed", "The desk closes the queue.", c.mustWait, func() fields {
		return plainFields{"reason": reason}
	})
}

// Notice says something in the desk's own name, a line with RoleDesk, and returns the event's cursor; ErrEnded after the end.
func (c *Conversation) Notice(text string) (int, error) {
	return c.act(journal.Desk, "message", "The desk says something of its own.", c.mustGoOn, func() fields {
		return c.say(Line{Role: RoleDesk, Text: text}, "text")
	})
}

// End ends the conversation in the desk's name, with a reason to show or an empty one, and returns the event's cursor; ErrEnded if it is over already.
func (c *Conversation) End(reason string) (int, error) {
	return c.act(journal.Desk, "conversation.ended", "The desk ends the conversation.", c.mustGoOn, func() fields {
		return c.end(ByDesk, reason)
	})
}

// Expire has the desk forget the conversation, as one whose session was kept for long enough: it is over, nobody is told, its sockets are cut, and whatever is asked about
// it from now on is answered 410. ErrEnded if it is over already.
func (c *Conversation) Expire() error {
	if err := c.forget(); err != nil {
		return fmt.Errorf("cannot expire conversation %s: %w", c.id, err)
	}
	c.CutSockets()
	return nil
}

func (c *Conversation) forget() error {
	d := c.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := c.mustGoOn(); err != nil {
		return err
	}
	d.recordAct(journal.Entry{
		Kind: journal.Act, From: journal.Desk, To: journal.Desk, Name: "conversation.expired", Conversation: c.id, Note: "The desk forgets the conversation without a word.",
		Data: append(beginAct(c.id, len("null")), "null}"...),
	})
	c.end(Expired, "")
	d.withdrawn[c.id] = true
	return nil
}

// act plays something that an agent or the desk does: allowed says whether the state permits it, happen changes the state and gives the event's fields.
// The journal has the act before any frame that comes of it.
func (c *Conversation) act(from journal.Party, event, note string, allowed func() error, happen func() fields) (int, error) {
	d := c.desk
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := allowed(); err != nil {
		return 0, fmt.Errorf("cannot play %s in conversation %s (%s); to send it whatever the state, emit it (\"deskcheck desk emit\", Emit in Go): %w", event, c.id, c.state, err)
	}
	k, data, remark, err := c.encode(event, happen())
	if err != nil {
		return 0, err
	}
	untold := ""
	if d.wire.Speaks(event) == wire.NoWords {
		untold = "the wire " + d.wire.Name + " has no words for " + event
	}
	d.recordAct(journal.Entry{Kind: journal.Act, From: from, To: journal.Desk, Name: event, Conversation: c.id, Note: note + remark, Untold: untold, Data: data})
	if event != "message" && event != "agent.typing" {
		d.touch(c, true)
	}
	c.keep(k)
	return c.log.length, nil
}

// The following are called with d.mu held.

func (c *Conversation) mustGoOn() error {
	if c.state == Ended {
		return ErrEnded
	}
	return nil
}

func (c *Conversation) mustWait() error {
	if c.state == Active {
		return ErrNotWaiting
	}
	return c.mustGoOn()
}

// say adds a line to the transcript for the event that is about to be kept, and returns the event's fields.
func (c *Conversation) say(l Line, format string) *said {
	l.Cursor = c.log.length + 1
	if l.Key == "" {
		// The dot keeps the desk's ids apart from those that clients may choose.
		l.Key = "m." + strconv.Itoa(l.Cursor)
	}
	l.At = c.desk.clock.Now()
	c.lines.add(l)
	return &said{key: l.Key, text: l.Text, format: format, by: author{l.Role, l.AgentID, l.Name}, authors: c.desk.authors}
}

// end makes the conversation be over and returns the fields of the event that says so.
func (c *Conversation) end(by, reason string) fields {
	c.state, c.endedBy, c.endedAt = Ended, by, time.Now()
	c.transferFrom, c.userTypes = nil, false
	c.stopWatching()
	told := plainFields{"by": by}
	if reason != "" {
		told["reason"] = reason
	}
	d := c.desk
	d.ended = append(d.ended, c)
	d.touch(c, true)
	if !d.isSaved() {
		d.trim()
	}
	c.tellOfUser(nil)
	c.broadcast()
	return told
}

// watch starts the time anew after which a conversation counts as abandoned, unless a socket is there to show that it is not.
func (c *Conversation) watch() {
	c.stopWatching()
	if c.desk.closed || c.state == Ended || len(c.sockets)+len(c.streams) > 0 {
		return
	}
	watch := c.watches
	c.stopWatch = c.desk.clock.AfterFunc(c.desk.wire.Abandon, func() { c.abandon(watch) })
}

func (c *Conversation) stopWatching() {
	c.watches++
	if c.stopWatch != nil {
		c.stopWatch()
		c.stopWatch = nil
	}
}

// abandon ends the conversation when the clock says so; d.mu is not held.
func (c *Conversation) abandon(watch int) {
	still := func() error {
		if c.watches != watch {
			return ErrClosed
		}
		return nil
	}
	// An error means that a socket, a poll, an end or Close came in the same moment and won.
	_, _ = c.act(journal.Desk, "conversation.ended", "Nobody asked after the conversation for "+c.desk.Wire().Abandon.String()+": the desk gives it up.", still, func() fields {
		return c.end(Abandoned, "")
	})
}
