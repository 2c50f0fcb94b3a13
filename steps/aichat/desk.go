package aichat

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

const operations = `(availability queries|new conversations|messages|uploads|endings|answers about the screen)`

var deskSteps = []definition{
	define(`the desk says that agents are (online|offline|undeterminable)`, func(p *Player) any { return p.deskAvailability }),
	define(`the desk cannot be reached`, func(p *Player) any { return func() error { return p.Desk.Shut() } }),
	define(`the desk never answers at all`, func(p *Player) any { return func() error { return p.Desk.Blackhole("all") } }),
	define(`the desk refuses `+operations+` with ([45]\d\d)`, func(p *Player) any { return p.deskRefuses }),
	define(`the desk refuses number ([1-9]\d?) of the next messages with ([45]\d\d)`, func(p *Player) any { return p.deskRefusesOne }),
	define(`the desk cuts off `+operations, func(p *Player) any { return p.answers(driver.AnswerCut) }),
	define(`the desk never answers `+operations, func(p *Player) any { return p.answers(driver.AnswerBlackhole) }),
	define(`the desk holds `+operations, func(p *Player) any { return p.answers(driver.AnswerHold) }),
	define(`the desk holds its replies to `+operations, func(p *Player) any { return p.answers(driver.AnswerHoldReply) }),
	define(`the desk garbles `+operations, func(p *Player) any { return p.answers(driver.AnswerGarble) }),
	define(`the desk accepts `+operations+` from now on`, func(p *Player) any { return p.answers(driver.AnswerOK) }),
	define(`the desk takes ([\d, and]+) milliseconds for the next messages`, func(p *Player) any { return p.takes }),
	define(`the desk lets go`, func(p *Player) any { return p.letsGo }),
	define(`the desk has a request for a new conversation`, func(p *Player) any { return p.held(mockdesk.OpStart) }),
	define(`the desk has a message in its hands`, func(p *Player) any { return p.held(mockdesk.OpMessage) }),
	define(`the desk reports position (\d+)`, func(p *Player) any { return p.reportsPosition }),
	define(`the desk reports a wait of (\d+) seconds`, func(p *Player) any { return p.reportsSeconds }),
	define(`the desk still reports position (\d+) in conversation (\d+)`, func(p *Player) any { return p.stillReports }),
	define(`the desk closes the queue`, func(p *Player) any { return p.closesQueue }),
	define(`the desk posts the notice "([^"]*)"`, func(p *Player) any { return p.postsNotice }),
	define(`the desk echoes the user's end (before it answers|after it has answered)`, func(p *Player) any { return p.echoes }),
	define(`the desk repeats (\d+) times that "([^"]*)" is present`, func(p *Player) any { return p.repeatsPresence }),
	define(`the desk sends the arrival of "([^"]*)" in conversation (\d+)`, func(p *Player) any { return p.sendsArrival }),
	define(`the desk sends the line "([^"]*)" of "([^"]*)" in conversation (\d+)`, func(p *Player) any { return p.sendsLine }),
	define(`the desk sends a line of "([^"]*)" without any text in conversation (\d+)`, func(p *Player) any { return p.sendsNoText }),
	define(`the desk puts "([^"]*)" on record as the user's words`, func(p *Player) any { return p.recordsWords }),
	define(`the desk sends the end of conversation (\d+)`, func(p *Player) any { return p.sendsEnd }),
	define(`the link drops`, func(p *Player) any { return p.linkDrops }),
	define(`the integration has found its way back`, func(p *Player) any { return p.foundBack }),
}

var operationOf = map[string]mockdesk.Operation{
	"availability queries": mockdesk.OpAvailability, "new conversations": mockdesk.OpStart,
	"messages": mockdesk.OpMessage, "uploads": mockdesk.OpAttachment, "endings": mockdesk.OpEnd, "answers about the screen": mockdesk.OpScreen,
}

// answers has the desk answer all requests of an operation in one way.
func (p *Player) answers(way string) any {
	return func(operation string) error { return p.Desk.Answers(operationOf[operation], way, driver.Act{}) }
}

func (p *Player) deskRefuses(operation string, status int) error {
	return p.Desk.Answers(operationOf[operation], driver.AnswerRefuse, driver.Act{Status: status})
}

// deskRefusesOne refuses the n-th message from here, and takes those before and after it.
func (p *Player) deskRefusesOne(n, status int) error {
	return p.Desk.Answers(mockdesk.OpMessage, driver.AnswerRefuse, driver.Act{Status: status, After: n - 1, Times: 1})
}

func (p *Player) deskAvailability(state string) error {
	return p.Desk.SetAvailability(map[string]string{"online": "yes", "offline": "no", "undeterminable": "unknown"}[state])
}

// takes gives each of the next messages a delay of its own on the desk's clock.
func (p *Player) takes(list string) error {
	words := strings.FieldsFunc(list, func(r rune) bool { return r < '0' || r > '9' })
	// What is said last comes first.
	for _, word := range slices.Backward(words) {
		ms, err := strconv.Atoi(word)
		if err != nil {
			return &steps.HarnessError{Doing: "read the delays of " + list, Err: err}
		}
		if err := p.Desk.Answers(mockdesk.OpMessage, driver.AnswerDelay, driver.Act{Ms: ms, Times: 1}); err != nil {
			return err
		}
	}
	return nil
}

// letsGo has the desk go on with everything that it holds, and hold nothing more.
func (p *Player) letsGo() error {
	if err := p.Desk.LetGo(); err != nil {
		return err
	}
	return p.Rest()
}

func (p *Player) held(op mockdesk.Operation) any {
	return func() error {
		err := p.Until(func() bool { return p.Desk.Held(op) > 0 }, p.Deadlines.Start)
		if errors.Is(err, steps.ErrAbsent) {
			return &steps.Failure{Expected: "a request to the desk", Recorded: "none came", Hint: p.trouble()}
		}
		return err
	}
}

// inQueue does something in the newest conversation.
func (p *Player) inQueue(act driver.Act) error {
	c, err := p.conversation()
	if err != nil {
		return err
	}
	if err := unplayed("have the desk act in its conversation", c.Plays(act)); err != nil {
		return err
	}
	return p.Rest()
}

// unplayed is an act of the desk's own that came to nothing: the scenario cannot go on as it is meant to, and that is not the integration's doing. It is nil for nil.
func unplayed(doing string, err error) error {
	if err == nil || !isRefused(err) {
		return err
	}
	return &steps.HarnessError{Doing: doing, Err: err}
}

func (p *Player) reportsPosition(n int) error {
	return p.inQueue(driver.Act{Verb: driver.Queue, Variant: "position", Position: n})
}

func (p *Player) reportsSeconds(n int) error {
	return p.inQueue(driver.Act{Verb: driver.Queue, Variant: "wait", Seconds: n})
}

// stillReports sends waiting information that has no sense any more.
func (p *Player) stillReports(position, n int) error {
	return p.sends(n, "queue.updated", map[string]any{"position": position})
}

func (p *Player) closesQueue() error {
	return p.inQueue(driver.Act{Verb: driver.Queue, Variant: "close", Reason: "nobody is left to answer"})
}

func (p *Player) postsNotice(text string) error {
	return p.inQueue(driver.Act{Verb: driver.DeskSay, Variant: "text", Text: text})
}

func (p *Player) echoes(when string) error {
	c, err := p.conversation()
	if err != nil {
		return err
	}
	when, _, _ = strings.Cut(when, " ")
	return unplayed("have the desk echo an end", c.Plays(driver.Act{Verb: driver.EchoClosure, Variant: when}))
}

// sends puts an event on the wire of conversation n, whether or not it makes sense there.
func (p *Player) sends(n int, event string, fields map[string]any) error {
	c, err := p.numbered(n)
	if err != nil {
		return err
	}
	if err := unplayed("have the desk send "+event, c.Plays(driver.Act{Verb: driver.Emit, Event: event, Fields: fields})); err != nil {
		return err
	}
	return p.Rest()
}

func (p *Player) repeatsPresence(n int, name string) error {
	for range n {
		if err := p.sends(len(p.Desk.Conversations()), "agent.joined", map[string]any{"agent": p.profile(name)}); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) profile(name string) map[string]any {
	return map[string]any{"id": agentID(name), "name": name}
}

func (p *Player) author(name string) map[string]any {
	return map[string]any{"role": "agent", "id": agentID(name), "name": name}
}

func (p *Player) sendsArrival(name string, n int) error {
	return p.sends(n, "agent.joined", map[string]any{"agent": p.profile(name)})
}

func (p *Player) sendsLine(text, name string, n int) error {
	return p.sends(n, "message", map[string]any{"id": "line-" + name, "author": p.author(name), "text": unescape(text), "format": "text"})
}

func (p *Player) sendsNoText(name string, n int) error {
	return p.sends(n, "message", map[string]any{"id": "line-" + name, "author": p.author(name), "format": "text"})
}

// recordsWords has a line of the user appear at the desk that did not come through the integration's sends, as a transcript that a desk keeps of the hand-over does.
func (p *Player) recordsWords(text string) error {
	author := map[string]any{"role": "user"}
	return p.sends(len(p.Desk.Conversations()), "message", map[string]any{"id": "on-record", "author": author, "text": text, "format": "text"})
}

func (p *Player) sendsEnd(n int) error {
	return p.sends(n, "conversation.ended", map[string]any{"by": "user"})
}

func (p *Player) linkDrops() error {
	return p.inQueue(driver.Act{Verb: driver.LinkDrop, Variant: "break"})
}

// foundBack waits until the integration listens to its conversation again. Backing off before a new try is its right, so time may run.
func (p *Player) foundBack() error {
	c, err := p.conversation()
	if err != nil {
		return err
	}
	// One that asks for events again and again has no connection that could drop.
	polled := func(e journal.Entry) bool {
		data, _ := expect.Decode(e.Data).(map[string]any)
		return e.Kind == journal.Response && e.Operation == string(mockdesk.OpEvents) && data["status"] == float64(http.StatusOK)
	}
	err = p.Until(func() bool { _, found := p.Journal.Find(p.mark, polled); return found || c.Listeners() > 0 }, seconds(60))
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "the integration to listen to its conversation again", Recorded: "no new connection within 60 seconds", Hint: p.trouble()}
	}
	return err
}

var deskChecks = []definition{
	define(`the desk has (no|\d+) (open )?conversations?`, func(p *Player) any { return p.deskHas }),
	define(`the desk was asked about the queue "([^"]*)"`, func(p *Player) any { return p.deskWasAsked }),
	define(`the desk has received "(.*)"`, func(p *Player) any { return p.deskReceived }),
	define(`the desk has received`, func(p *Player) any { return p.deskReceivedText }),
	define(`the desk has received "(.*)" at most once`, func(p *Player) any { return p.receivedAtMostOnce }),
	define(`the desk has received a text of (\d+) characters`, func(p *Player) any { return p.deskReceivedLong }),
	define(`the desk has received exactly`, func(p *Player) any { return p.deskReceivedExactly }),
	define(`the desk has received no request`, func(p *Player) any { return p.deskReceivedNoRequest }),
	define(`the desk has received (no|\d+) endings?`, func(p *Player) any { return p.deskReceivedEndings }),
	define(`the desk was sent no blank line`, func(p *Player) any { return p.deskNoBlank }),
	define(`the desk knew "([^"]*)" before the user's first line`, func(p *Player) any { return p.deskKnew }),
	define(`the conversation is over at the desk within (\d+) seconds`, func(p *Player) any { return p.deskOver }),
	define(`if "sendMessageToAgent" was fulfilled, the desk has received "(.*)"`, func(p *Player) any { return p.deskReceivedIfTold }),
	define(`the integration no longer listens to the desk`, func(p *Player) any { return p.listensNoMore }),
}

// deskComes waits until the desk is as wanted.
func (p *Player) deskComes(within time.Duration, expected string, wanted func() bool, recorded func() string) error {
	err := p.Until(wanted, within)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: expected, Recorded: recorded(), Hint: p.trouble()}
	}
	return err
}

func (p *Player) deskHas(count, open string) error {
	n, _ := strconv.Atoi(count) // "no" is 0.
	have := func() int {
		if open != "" {
			return p.Desk.OpenConversations()
		}
		return len(p.Desk.Conversations())
	}
	expected := fmt.Sprintf("%s %sconversations at the desk", count, open)
	if err := p.deskComes(p.Deadlines.Start, expected, func() bool { return have() == n }, func() string { return fmt.Sprintf("%d %sconversations", have(), open) }); err != nil {
		return err
	}
	// What is still on its way could change the number.
	if err := p.Rest(); err != nil {
		return err
	}
	if have() != n {
		return &steps.Failure{Expected: expected, Recorded: fmt.Sprintf("%d %sconversations", have(), open)}
	}
	return nil
}

func (p *Player) deskWasAsked(queue string) error {
	asked := func() []string {
		return slices.Concat([]string{}, p.Desk.Queries())
	}
	err := p.deskComes(p.Deadlines.Event, "a question about the queue "+quote(queue), func() bool {
		queues := asked()
		return len(queues) > 0 && queues[len(queues)-1] == queue
	}, func() string {
		if len(asked()) == 0 {
			return "no question about any queue"
		}
		return "questions about the queues " + expect.Short(asked()) + " (an empty name is a question without one)"
	})
	if f := (*steps.Failure)(nil); errors.As(err, &f) && f.Hint == "" {
		f.Hint = "the name stands in transfer_info.additional_data.queue of the message that areAnyAgentsOnline gets"
	}
	return err
}

// received gives what the user's side has said at the desk, over all conversations.
func (p *Player) received() []string {
	lines := []string{}
	for _, c := range p.Desk.Conversations() {
		for _, line := range c.Transcript() {
			if line.Role == "user" {
				lines = append(lines, line.Text)
			}
		}
	}
	return lines
}

func (p *Player) deskReceived(text string) error { return p.deskReceivedOne(unescape(text)) }

func (p *Player) deskReceivedText(doc *godog.DocString) error { return p.deskReceivedOne(doc.Content) }

func (p *Player) deskReceivedLong(n int) error { return p.deskReceivedOne(longText(n)) }

func (p *Player) deskReceivedOne(text string) error {
	count := func() (n int) {
		for _, line := range p.received() {
			if line == text {
				n++
			}
		}
		return n
	}
	recorded := func() string { return "the desk has " + expect.Short(p.received()) }
	expected := "the desk to have " + quote(expect.Clip(text)) + " once"
	if err := p.deskComes(p.Deadlines.Event, expected, func() bool { return count() > 0 }, recorded); err != nil {
		return err
	}
	if n := count(); n != 1 {
		return &steps.Failure{Expected: expected, Recorded: fmt.Sprintf("it has it %d times", n)}
	}
	return nil
}

func (p *Player) deskReceivedExactly(table *godog.Table) error {
	want := column(table)
	recorded := func() string { return "the desk has " + expect.Short(p.received()) }
	expected := "the desk to have exactly " + expect.Short(want)
	if err := p.deskComes(p.Deadlines.Settled, expected, func() bool { return len(p.received()) >= len(want) }, recorded); err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if !slices.Equal(p.received(), want) {
		return &steps.Failure{Expected: expected, Recorded: recorded()}
	}
	return nil
}

// receivedAtMostOnce: whether a line arrives is for the integration and its desk, but twice is once too often.
func (p *Player) receivedAtMostOnce(text string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	n := 0
	for _, line := range p.received() {
		if line == unescape(text) {
			n++
		}
	}
	if n > 1 {
		return &steps.Failure{Expected: "the desk to have " + quote(text) + " once at most", Recorded: fmt.Sprintf("it has it %d times", n), Hint: "repeat a line under the key that it had"}
	}
	return nil
}

func (p *Player) requests(match func(method, path string) bool) []journal.Entry {
	return p.Journal.All(0, func(e journal.Entry) bool {
		method, path, _ := strings.Cut(e.Name, " ")
		return e.Kind == journal.Request && match(method, path)
	})
}

func (p *Player) deskReceivedNoRequest() error {
	if err := p.Rest(); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Request }); ok {
		return &steps.Failure{Expected: "no request to the desk", Recorded: e.Name, Entry: e.Seq}
	}
	return nil
}

func (p *Player) deskReceivedEndings(count string) error {
	n, _ := strconv.Atoi(count) // "no" is 0.
	if err := p.Rest(); err != nil {
		return err
	}
	if !p.Desk.Knows(mockdesk.OpEnd) {
		return p.Desk.Err()
	}
	all := p.Journal.All(0, asksFor(mockdesk.OpEnd))
	if len(all) == n {
		return nil
	}
	f := &steps.Failure{Expected: count + " requests to end the conversation", Recorded: strconv.Itoa(len(all))}
	if len(all) > n {
		f.Entry = all[n].Seq
	}
	return f
}

func (p *Player) deskNoBlank() error {
	if err := p.Rest(); err != nil {
		return err
	}
	if n := p.Desk.BlankLines(); n > 0 {
		return &steps.Failure{Expected: "no blank line at the desk", Recorded: fmt.Sprintf("%d messages with blank text", n)}
	}
	return nil
}

func (p *Player) deskKnew(fact string) error {
	c, err := p.conversation()
	if err != nil {
		return err
	}
	if strings.Contains(string(c.Context()), fact) {
		return nil
	}
	for _, line := range c.Transcript() {
		if line.Role == "user" {
			break
		}
		if strings.Contains(line.Text, fact) {
			return nil
		}
	}
	return &steps.Failure{Expected: "the desk to know " + quote(fact) + " before the user's first line", Recorded: "it was given " + expect.Clip(string(c.Context()))}
}

func (p *Player) deskOver(n int) error {
	return p.deskComes(seconds(n), "the conversation to be over at the desk", func() bool {
		return len(p.Desk.Conversations()) > 0 && p.Desk.OpenConversations() == 0
	}, func() string { return fmt.Sprintf("%d conversations are still open there", p.Desk.OpenConversations()) })
}

func (p *Player) deskReceivedIfTold(text string) error {
	s, _, ok := p.lastSettlement("sendMessageToAgent")
	if ok && s.Outcome == "fulfilled" {
		return p.deskReceivedOne(unescape(text))
	}
	return nil
}

// asksFor matches what the integration asks of the desk, by its meaning: a request, or a frame of a socket.
func asksFor(op mockdesk.Operation) journal.Match {
	return func(e journal.Entry) bool {
		return e.From == journal.Integration && (e.Kind == journal.Request || e.Kind == journal.Frame) && e.Operation == string(op)
	}
}

// listensNoMore wants no socket and, for as long as a poll may take to come round, no poll.
func (p *Player) listensNoMore() error {
	err := p.deskComes(p.Deadlines.Event, "no connection to the desk", func() bool { return p.Desk.Listeners() == 0 }, func() string {
		return fmt.Sprintf("%d connections are still open", p.Desk.Listeners())
	})
	if err != nil {
		return err
	}
	if !p.Desk.Knows(mockdesk.OpEvents) {
		return p.Desk.Err()
	}
	mark := p.Journal.Len()
	if err := p.Pass(seconds(30)); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(mark, asksFor(mockdesk.OpEvents)); ok {
		return &steps.Failure{Expected: "no more questions for events", Recorded: e.Name, Entry: e.Seq}
	}
	return nil
}
