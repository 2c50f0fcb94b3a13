package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// Desks opens the desk of each scenario: the mock desk, in this process, or one behind a driver.
type Desks struct {
	// Wire is the protocol that mock desks speak; nil for the native one.
	Wire *wire.Wire
	// Driver plays a desk that is not the kit's own; nil for mock desks. Can are its capabilities.
	Driver *driver.Client
	Can    driver.Capabilities
}

// Paced says whether scenarios may let time run ahead: the desk's clock goes along, and it says what is on its way.
func (d Desks) Paced() bool { return d.Driver == nil || paced(d.Can) }

func paced(can driver.Capabilities) bool {
	return can.Has(driver.PassTime, "") && can.Tells(driver.TrafficNow)
}

// open opens the desk of a scenario, which writes into the journal what it sees.
func (d Desks) open(ctx context.Context, name string, record *journal.Journal) (*Desk, error) {
	if d.Driver == nil {
		return OpenMock(ctx, mockdesk.Options{Journal: record, Wire: d.Wire})
	}
	remote, err := d.Driver.Begin(ctx, d.Can, name)
	if err != nil {
		return nil, &HarnessError{Doing: "begin the scenario at the desk", Err: err}
	}
	remote.Listen(told(record))
	return &Desk{Desk: remote, ctx: ctx, journal: record}, nil
}

// OpenMock opens a mock desk for a scenario that lasts as long as ctx. The error is a *HarnessError.
func OpenMock(ctx context.Context, o mockdesk.Options) (*Desk, error) {
	mock, err := mockdesk.Open(o)
	if err != nil {
		return nil, &HarnessError{Doing: "open a desk for the scenario", Err: err}
	}
	return &Desk{Desk: driver.NewMock(mock, nil), mock: mock, ctx: ctx, journal: o.Journal}, nil
}

// told writes into the journal what a driver tells: of the conversations, those that have changed.
func told(record *journal.Journal) func(driver.State) {
	before := map[string]string{}
	return func(now driver.State) {
		now.Sessions = slices.DeleteFunc(slices.Clone(now.Sessions), func(s driver.Session) bool {
			text := string(journal.Payload(s))
			same := before[s.ID] == text
			before[s.ID] = text
			return same
		})
		record.Append(journal.Entry{Kind: journal.Told, From: journal.Desk, To: journal.Kit, Name: "state", Data: journal.Payload(now)})
	}
}

// Desk is the desk of a scenario, in the words of the sentences. What it cannot do or tell makes the scenario untestable: acts give it as their error, and what was read
// without being told is found by Err. Conversations, and what is known of them, are as of the moment at which they are asked for.
type Desk struct {
	driver.Desk

	// mock is nil behind a driver.
	mock    *mockdesk.Desk
	ctx     context.Context
	journal *journal.Journal

	mu sync.Mutex
	// lacks is the first thing that was asked for and is not told.
	lacks error
}

// Err says why nothing that was read from the desk can be relied on, nil as long as it can: something is not told, or the driver has broken. It is a *HarnessError.
func (d *Desk) Err() error {
	d.mu.Lock()
	lacks := d.lacks
	d.mu.Unlock()
	if lacks == nil {
		lacks = d.Desk.Err()
	}
	return untestable(lacks)
}

// untestable makes what a desk cannot do, or has not done, an error of the kit's surroundings. A refusal stays what it is: the conversation may have ended.
func untestable(err error) error {
	var of *driver.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &of):
		return &HarnessError{Doing: "play the desk", Err: err}
	case of.Kind == driver.Cannot:
		return &HarnessError{Doing: "not observable", Err: err}
	case of.Kind == driver.Refused:
		return err
	}
	return &HarnessError{Doing: "play the desk", Err: err}
}

// tells notes what the desk does not tell, if it is that.
func (d *Desk) tells(r driver.Read) {
	if d.mock != nil || d.Capabilities().Tells(r) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lacks == nil {
		d.lacks = &driver.Error{Kind: driver.Cannot, What: string(r)}
	}
}

// do has the desk act. An act of a desk that is not the kit's is written into the journal, where the mock desk writes for itself; that time passes stands there already.
func (d *Desk) do(from journal.Party, act driver.Act) (driver.Done, error) {
	if d.mock == nil && act.Verb != driver.PassTime {
		d.journal.Append(journal.Entry{Kind: journal.Act, From: from, To: journal.Desk, Name: act.String(), Data: journal.Payload(act)})
	}
	done, err := d.Do(d.ctx, act)
	return done, untestable(err)
}

// plays is do for the desk as a whole, which has nothing to refuse.
func (d *Desk) plays(act driver.Act) error {
	_, err := d.do(journal.Kit, act)
	if of := (*driver.Error)(nil); errors.As(err, &of) && of.Kind == driver.Refused {
		return &HarnessError{Doing: "play the desk", Err: err}
	}
	return err
}

// Drives says whether the desk is behind a driver: then nothing is seen of it but what the browser shows and what the driver tells.
func (d *Desk) Drives() bool { return d.mock == nil }

// Paced is as Desks has it.
func (d *Desk) Paced() bool { return d.mock != nil || paced(d.Capabilities()) }

// Advance lets time pass on the desk's clock, in whole milliseconds where it is behind a driver.
func (d *Desk) Advance(ms int) error { return d.plays(driver.Act{Verb: driver.PassTime, Ms: ms}) }

// Lacks are the words of its wire that a capability needs and the desk's does not have; a desk behind a driver speaks whatever it speaks.
func (d *Desk) Lacks(capability string) (wireName string, words []string) {
	if d.mock == nil {
		return "", nil
	}
	spoken := d.mock.Wire()
	return spoken.Name, spoken.Offer().Lacks(capability)
}

// Allowed is what the desk grants to the pages of other origins, as lists with commas.
func (d *Desk) Allowed() (methods, headers string) {
	d.tells(driver.AllowedOrigins)
	if allowed := d.Place().Allowed; allowed != nil {
		return allowed.Methods, allowed.Headers
	}
	return "", ""
}

// means is the meaning of a request that the browser has told of, empty if the driver has not said. The address is the whole one, without a query.
func (d *Desk) means(method, address string) string {
	for _, base := range d.Place().Bases() {
		if path, below := strings.CutPrefix(address, base); below {
			return d.Capabilities().Means(method, path)
		}
	}
	return ""
}

// Knows says whether requests of a meaning can be told from others; if not, what is asked about them cannot be told, and Err says so.
func (d *Desk) Knows(meaning mockdesk.Operation) bool {
	known := d.mock != nil || slices.ContainsFunc(d.Capabilities().Routes, func(r driver.Route) bool { return r.Means == string(meaning) })
	if !known {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.lacks == nil {
			d.lacks = &driver.Error{Kind: driver.Cannot, What: fmt.Sprintf("routes(%s)", meaning)}
		}
	}
	return known
}

// SetAvailability has the desk say from now on whether agents are there: yes, no or unknown.
func (d *Desk) SetAvailability(said string) error {
	return d.plays(driver.Act{Verb: driver.SetAgentsOnline, Variant: said})
}

// answering are the verbs by which the desk is told how to answer.
var answering = map[mockdesk.Operation]driver.Verb{
	mockdesk.OpAvailability: driver.AnswerQuery, mockdesk.OpStart: driver.AcceptSession, mockdesk.OpMessage: driver.AckMessage, mockdesk.OpAttachment: driver.AckFile,
	mockdesk.OpEnd: driver.AckEnd, mockdesk.OpScreen: driver.AckScreen,
}

// Answers has the desk answer requests of an operation in a way, one of driver.AnswerOK and its sisters; with gives what belongs to it.
func (d *Desk) Answers(op mockdesk.Operation, way string, with driver.Act) error {
	with.Verb, with.Variant = answering[op], way
	return d.plays(with)
}

// Mock is the mock desk, for faults by rule, which it alone can play. Behind a driver there is none; the error, a *HarnessError, says so.
func (d *Desk) Mock() (*mockdesk.Desk, error) {
	if d.mock == nil {
		return nil, untestable(&driver.Error{Kind: driver.Cannot, What: "faults by rule"})
	}
	return d.mock, nil
}

// LetGo has the desk go on with everything that it holds, and hold nothing more. Behind a driver that is of the operations that Answers knows.
func (d *Desk) LetGo() error {
	if d.mock != nil {
		return d.letGo()
	}
	held := d.held()
	for op := range answering {
		if held[string(op)] == 0 {
			continue
		}
		if err := d.Answers(op, driver.AnswerRelease, driver.Act{}); err != nil {
			return err
		}
	}
	return nil
}

// letGo removes the rules of the mock desk that hold something.
func (d *Desk) letGo() error {
	for _, s := range d.mock.Faults().List() {
		if len(s.Parked) == 0 {
			continue
		}
		if err := d.mock.Faults().Remove(s.ID); err != nil {
			return &HarnessError{Doing: "let go of what the desk holds", Err: err}
		}
	}
	return nil
}

func (d *Desk) held() map[string]int {
	d.tells(driver.Held)
	return d.State().Held
}

// Held is how many requests of the operation the desk holds back now.
func (d *Desk) Held(op mockdesk.Operation) int { return d.held()[string(op)] }

// Kept is how many requests wait for an answer because the desk was told not to give it.
func (d *Desk) Kept() int {
	d.tells(driver.Held)
	return d.State().Kept
}

// Shut lets nothing through to the desk any more; what is open stays open.
func (d *Desk) Shut() error { return d.plays(driver.Act{Verb: driver.LinkDrop, Variant: "shut"}) }

// Break breaks every connection that is open. Until Shut they may be opened again.
func (d *Desk) Break() error { return d.plays(driver.Act{Verb: driver.LinkDrop, Variant: "break"}) }

// Restore has everything get through again, and go on that was held.
func (d *Desk) Restore() error { return d.plays(driver.Act{Verb: driver.LinkRestore}) }

// Blackhole has the desk answer nothing any more: for good ("all"), or everything but endings until Restore ("hold").
func (d *Desk) Blackhole(how string) error {
	return d.plays(driver.Act{Verb: driver.Blackhole, Variant: how})
}

// Queries are the queues about which availability was asked, in order.
func (d *Desk) Queries() []string {
	d.tells(driver.Queries)
	return d.State().Queries
}

// BlankLines is how many lines without a word the desk was asked to take.
func (d *Desk) BlankLines() int {
	d.tells(driver.BlankLines)
	return d.State().BlankLines
}

// Files changes how the desk takes files: one of the variants of driver.FileRules but set.
func (d *Desk) Files(how string) error {
	return d.plays(driver.Act{Verb: driver.FileRules, Variant: how})
}

// Rules are what conversations open with.
func (d *Desk) Rules() driver.Rules {
	d.tells(driver.FileRulesNow)
	if now := d.State().Rules; now != nil {
		return *now
	}
	return driver.Rules{}
}

// SetRules sets what conversations open with from now on.
func (d *Desk) SetRules(rules driver.Rules) error {
	return d.plays(driver.Act{Verb: driver.FileRules, Variant: "set", Rules: &rules})
}

// Publish has the desk serve a file of an agent's, and gives its address.
func (d *Desk) Publish(name, mediaType string, content []byte) (string, error) {
	act := driver.Act{Verb: driver.Publish, Name: name, Type: mediaType, Content: content}
	done, err := d.do(journal.Kit, act)
	return done.URL, err
}

// Listeners is how many connections bring events to the integration now.
func (d *Desk) Listeners() (n int) {
	if d.mock != nil {
		return d.mock.Listeners()
	}
	d.tells(driver.Listeners)
	for _, s := range d.State().Sessions {
		n += s.Listeners
	}
	return n
}

// Open is how many sockets and requests are open at the desk now. Behind a driver it is what the browser has told.
func (d *Desk) Open() (sockets, requests int) {
	if d.mock != nil {
		return d.mock.Sockets(), d.mock.Requests()
	}
	for _, e := range d.journal.Since(0) {
		switch e.Kind {
		case journal.Opened:
			sockets++
		case journal.Closed:
			sockets--
		case journal.Request:
			requests++
		case journal.Response:
			requests--
		default:
		}
	}
	return sockets, requests
}

// Conversations are all that were ever opened, in order of arrival.
func (d *Desk) Conversations() []Conversation {
	sessions := d.State().Sessions
	all := make([]Conversation, len(sessions))
	for i, s := range sessions {
		all[i] = Conversation{d, s.ID}
	}
	return all
}

// OpenConversations is how many of them have not ended.
func (d *Desk) OpenConversations() (open int) {
	for _, s := range d.State().Sessions {
		if s.State != mockdesk.Ended {
			open++
		}
	}
	return open
}

// Conversation is one at the desk. What it tells is how things are when it is asked.
type Conversation struct {
	desk *Desk
	id   string
}

// ID is what the desk calls it.
func (c Conversation) ID() string { return c.id }

func (c Conversation) now() driver.Session {
	for _, s := range c.desk.State().Sessions {
		if s.ID == c.id {
			return s
		}
	}
	return driver.Session{ID: c.id, State: mockdesk.Ended}
}

// Key is what opens the conversation to whoever knows it, empty if nothing does.
func (c Conversation) Key() string { return c.now().Key }

// Over says whether it has ended.
func (c Conversation) Over() bool { return c.now().State == mockdesk.Ended }

// Context is what the integration handed over.
func (c Conversation) Context() json.RawMessage {
	c.desk.tells(driver.Context)
	return c.now().Context
}

// Transcript is what was said, in order.
func (c Conversation) Transcript() []driver.Line {
	c.desk.tells(driver.Transcript)
	return c.now().Transcript
}

// Has says whether an agent is in it.
func (c Conversation) Has(agent driver.Agent) bool {
	c.desk.tells(driver.AgentsIn)
	return slices.ContainsFunc(c.now().Agents, func(a driver.Agent) bool { return a.ID == agent.ID })
}

// UserTypes is whether the agents see the user type.
func (c Conversation) UserTypes() bool {
	c.desk.tells(driver.UserTyping)
	return c.now().Typing
}

// UserRead is the cursor up to which the user has read.
func (c Conversation) UserRead() int {
	c.desk.tells(driver.UserRead)
	return c.now().Read
}

// Files are those that the user has sent.
func (c Conversation) Files() []driver.File {
	c.desk.tells(driver.Files)
	return c.now().Files
}

// Screens are the requests to see the user's screen.
func (c Conversation) Screens() []driver.Screen {
	c.desk.tells(driver.Screens)
	return c.now().Screens
}

// Listeners is how many connections bring its events now.
func (c Conversation) Listeners() int {
	c.desk.tells(driver.Listeners)
	return c.now().Listeners
}

// Does has an agent act in it. The error is a *driver.Error of the kind Refused if the state of the conversation forbids it, and a *HarnessError otherwise.
func (c Conversation) Does(agent driver.Agent, act driver.Act) error {
	act.Session, act.Agent = c.id, &agent
	_, err := c.desk.do(journal.Agent, act)
	return err
}

// Plays has the desk act in it, with the errors of Does.
func (c Conversation) Plays(act driver.Act) error {
	act.Session = c.id
	_, err := c.desk.do(journal.Desk, act)
	return err
}
