package agentmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

var sentSteps = []definition{
	define(`(?P<person>\w+)'s desk sends "([^"]*)"`, func(p *Player) any { return p.sends }),
	define(`(?P<person>\w+)'s desk sends "([^"]*)" with`, func(p *Player) any { return p.sendsWith },
		`${EVENT.PATH} stands for what the last EVENT of the manager to this desk has at PATH, such as ${taskRequest.taskId}; ${CUSTOMER.EVENT.PATH} for the last about the conversation of a customer; ${CUSTOMER.conversation}, ${CUSTOMER.session}, ${CUSTOMER.task} and ${CUSTOMER.request} for the ids of a customer's conversation, of its first session, of the last offer of it to this desk, and of the request in a list; ${NAME.id} for the id of a person or a list; "<any>", "<string>" and "<number>" for any value of that sort.`),
	define(`(?P<person>\w+)'s desk sends no "([^"]*)"`, func(p *Player) any { return p.sendsNo }),
	define(`(?P<person>\w+)'s desk sends no "([^"]*)" for (\d+) seconds`, func(p *Player) any { return p.sendsNoFor }),
	define(`(?P<person>\w+)'s desk sends nothing for (\d+) seconds`, func(p *Player) any { return p.sendsNothingFor }),
	define(`(?P<person>\w+)'s desk sends nothing about "([^"]*)"`, func(p *Player) any { return p.sendsNothingAbout }),
	define(`(?P<person>\w+)'s desk has sent "([^"]*)" (\d+) times?`, func(p *Player) any { return p.hasSent }, "Since the story began."),
	define(`(?P<person>\w+)'s desk has sent "([^"]*)" (\d+) times? since then`, func(p *Player) any { return p.hasSentSince }, "Since the last When began."),
	define(`(?P<person>\w+)'s desk has asked for a user before its first handshake`, func(p *Player) any { return p.loginFirst }),
	define(`(?P<person>\w+)'s desk is let in`, func(p *Player) any { return p.letIn }),
	define(`(?P<person>\w+)'s desk is let in again`, func(p *Player) any { return p.letInAgain }),
	define(`(?P<person>\w+)'s desk makes no handshake for (\d+) seconds`, func(p *Player) any { return p.noHandshake }),
	define(`(?P<person>\w+)'s desk has made (\d+) handshakes?`, func(p *Player) any { return p.handshakes }),
	define(`(?P<person>\w+)'s desk has acknowledged "([^"]*)" (\d+) times?`, func(p *Player) any { return p.acknowledged }),
	define(`(?P<person>\w+)'s desk has (\d+) open sockets?`, func(p *Player) any { return p.openSockets }),
	define(`(?P<person>\w+)'s desk closes its socket`, func(p *Player) any { return p.closesSocket }),
	define(`(?P<person>\w+)'s desk sends "([^"]*)" before it closes its socket`, func(p *Player) any { return p.sendsBeforeClosing }),
}

// isFrom matches an event that a seat has sent, of any name if none is given. That its connection has changed its transport is none.
func isFrom(s *seat, event string) journal.Match {
	return func(e journal.Entry) bool {
		return e.Kind == journal.Frame && e.From == s.party && (e.Name == event || event == "" && e.Name != "upgrade")
	}
}

// payload is that of an event, as JSON has it.
func payload(e journal.Entry) any {
	var data struct {
		Payload json.RawMessage `json:"payload"`
	}
	_ = json.Unmarshal(e.Data, &data) // The manager wrote it.
	return expect.Decode(data.Payload)
}

// lastTo is the payload of the last event of a name that the manager has sent to a seat, about a conversation if one is named; nil if there is none.
func (p *Player) lastTo(s *seat, event, conversation string) any {
	all := p.Journal.All(0, func(e journal.Entry) bool {
		return e.Kind == journal.Frame && e.To == s.party && e.Name == event && (conversation == "" || e.Conversation == conversation)
	})
	if len(all) == 0 {
		return nil
	}
	return payload(all[len(all)-1])
}

// fill puts what is the scenario's own into a text: ${manager} is the base address of the first desk's manager.
func (p *Player) fill(text string) string {
	if len(p.order) == 0 {
		return text
	}
	return Filled(text, p.order[0].manager)
}

// filledJSON reads a JSON text; each string of the form ${…} is replaced by the value that it names.
func (p *Player) filledJSON(s *seat, text string) (any, error) {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return nil, acts("read the JSON "+text, err)
	}
	return p.replaced(s, value)
}

func (p *Player) replaced(s *seat, value any) (any, error) {
	var err error
	switch v := value.(type) {
	case string:
		name, is := strings.CutPrefix(v, "${")
		if !is || !strings.HasSuffix(name, "}") {
			return v, nil
		}
		return p.named(s, strings.TrimSuffix(name, "}"))
	case map[string]any:
		for key, inner := range v {
			if v[key], err = p.replaced(s, inner); err != nil {
				return nil, err
			}
		}
	case []any:
		for i, inner := range v {
			if v[i], err = p.replaced(s, inner); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

// named is the value of a name such as taskRequest.taskId, Carla.onTopicData.taskId, amy.id, Carla.conversation or Carla."Hello" (the id of a message).
func (p *Player) named(s *seat, name string) (any, error) {
	head, path, _ := strings.Cut(name, ".")
	if c := p.customers[head]; c != nil {
		switch {
		case path == "conversation":
			return c.conversation.ID(), nil
		case path == "session":
			return c.conversation.SessionIDs()[0], nil
		case path == "id":
			return c.ID(), nil
		case path == "task":
			return p.offerTo(s, c, head)
		case path == "request":
			return p.requestOf(s, c, head)
		case strings.HasPrefix(path, `"`):
			if id, ok := c.said[strings.Trim(path, `"`)]; ok {
				return id, nil
			}
		case strings.Contains(path, "."):
			event, inner, _ := strings.Cut(path, ".")
			return p.sentTo(s, event, c.conversation.ID(), inner)
		}
		return nil, acts("find "+name, errors.New("a customer has conversation, session, id, task, request, the events about the conversation, and the ids of what was said, as in Carla.\"Hello\""))
	}
	if slices.Contains(listsOf, head) && path == "id" {
		return p.manager.List(head).ID(), nil
	}
	if p.manager != nil && p.manager.Agent(head) != nil && path == "id" {
		return p.agent(head).ID(), nil
	}
	return p.sentTo(s, head, "", path)
}

// sentTo is what the last event of a name that the manager has sent to a seat, about a conversation if one is named, has at a path.
func (p *Player) sentTo(s *seat, event, conversation, path string) (any, error) {
	doing := "find " + path + " of " + event
	value := p.lastTo(s, event, conversation)
	if value == nil {
		return nil, acts(doing, fmt.Errorf("the manager has sent %s no %s", s.name, event))
	}
	for key := range strings.SplitSeq(path, ".") {
		if path == "" {
			break
		}
		object, ok := value.(map[string]any)
		inner, present := object[key]
		if !ok || !present {
			return nil, acts(doing, fmt.Errorf("it has no %q", key))
		}
		value = inner
	}
	return value, nil
}

// absent turns an absence into a verdict.
func (p *Player) absent(err error, expected, recorded string) error {
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: expected, Recorded: recorded}
	}
	return err
}

// lately says in a phrase what a desk has sent since a place in the journal.
func (p *Player) lately(s *seat, mark int) string {
	var names []string
	for _, e := range p.Journal.All(mark, func(e journal.Entry) bool {
		return e.From == s.party && (e.Kind == journal.Frame || e.Kind == journal.Request || e.Kind == journal.Violation)
	}) {
		words := e.Name
		if e.Kind == journal.Violation {
			words = e.Requirement + ": " + e.Note
		}
		names = append(names, words)
	}
	const most = 8
	if more := len(names) - most; more > 0 {
		names = append([]string{fmt.Sprintf("%d others", more)}, names[more:]...)
	}
	if len(names) == 0 {
		return "the desk has sent nothing"
	}
	return "the desk has sent " + strings.Join(names, ", ")
}

// isOn matches what a page has said of itself. Whose script it was is told by From, which for a desk is whatever its server calls the script; the page is To.
func isOn(s *seat) journal.Match {
	return func(e journal.Entry) bool { return e.From == s.party || e.To == s.party }
}

// trouble is what a page has complained of, for a hint; empty if nothing.
func (p *Player) trouble(s *seat) string {
	for _, kind := range []journal.Kind{journal.PageError, journal.Console} {
		e, ok := p.Journal.Find(0, func(e journal.Entry) bool {
			return e.Kind == kind && isOn(s)(e) && (kind == journal.PageError || e.Name == "error")
		})
		if !ok {
			continue
		}
		text := e.Name
		if data, is := expect.Decode(e.Data).(map[string]any); is {
			for _, key := range []string{"message", "text"} {
				if said, is := data[key].(string); is {
					text = said
				}
			}
		}
		return "the page says: " + expect.Clip(text)
	}
	return ""
}

func (p *Player) sends(name, event string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	_, err = p.Await(p.mark, isFrom(s, event), p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: event + " from the desk of " + name, Recorded: p.lately(s, p.mark), Hint: p.trouble(s)}
	}
	return err
}

func (p *Player) sendsWith(name, event string, doc *godog.DocString) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	pattern, err := p.filledJSON(s, doc.Content)
	if err != nil {
		return err
	}
	return p.sendsPattern(name, event, pattern)
}

// sendsPattern waits for an event that fits a pattern, as expect.Fits has it.
func (p *Player) sendsPattern(name, event string, pattern any) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	why, at := "", 0
	_, err = p.Await(p.mark, func(e journal.Entry) bool {
		if !isFrom(s, event)(e) {
			return false
		}
		var ok bool
		why, ok = expect.Fits(pattern, payload(e), event)
		at = e.Seq
		return ok
	}, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		recorded := why
		if recorded == "" {
			recorded = p.lately(s, p.mark)
		}
		return &steps.Failure{Expected: event + " with " + expect.Short(pattern), Recorded: recorded, Entry: at, Hint: p.trouble(s)}
	}
	return err
}

func (p *Player) sendsNo(name, event string) error { return p.quiet(name, event, p.Deadlines.Silence) }

func (p *Player) sendsNoFor(name, event string, seconds int) error {
	return p.quiet(name, event, time.Duration(seconds)*time.Second)
}

func (p *Player) sendsNothingFor(name string, seconds int) error {
	return p.quiet(name, "", time.Duration(seconds)*time.Second)
}

// quiet lets time pass and fails on an event that must not come, any if none is named.
func (p *Player) quiet(name, event string, d time.Duration) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Pass(d); err != nil {
		return err
	}
	if err := p.Arrive(); err != nil {
		return err
	}
	if e, found := p.Journal.Find(p.mark, isFrom(s, event)); found {
		return &steps.Failure{Expected: "nothing of the sort from the desk of " + name, Recorded: "it has sent " + e.Name, Entry: e.Seq}
	}
	return nil
}

func (p *Player) sendsNothingAbout(name, customer string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	if err := p.Pass(p.Deadlines.Silence); err != nil {
		return err
	}
	if err := p.Arrive(); err != nil {
		return err
	}
	e, found := p.Journal.Find(p.mark, func(e journal.Entry) bool {
		return isFrom(s, "")(e) && e.Name != "ack" && strings.Contains(string(e.Data), c.conversation.ID())
	})
	if found {
		return &steps.Failure{Expected: "nothing about the conversation of " + customer, Recorded: "the desk has sent " + e.Name, Entry: e.Seq}
	}
	return nil
}

func (p *Player) hasSent(name, event string, times int) error {
	return p.counted(name, event, times, 0)
}

func (p *Player) hasSentSince(name, event string, times int) error {
	return p.counted(name, event, times, p.mark)
}

func (p *Player) counted(name, event string, times, mark int) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Arrive(); err != nil {
		return err
	}
	all := p.Journal.All(mark, isFrom(s, event))
	if len(all) == times {
		return nil
	}
	failure := &steps.Failure{Expected: fmt.Sprintf("%s %d times", event, times), Recorded: fmt.Sprintf("%d times", len(all))}
	if len(all) > 0 {
		failure.Entry = all[len(all)-1].Seq
	}
	return failure
}

func (p *Player) loginFirst(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	login, asked := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.Request && e.From == s.party && strings.HasPrefix(e.Name, "POST ")
	})
	shake, shaken := p.Journal.Find(0, isFrom(s, "CONNECT"))
	if !asked || shaken && shake.Seq < login.Seq {
		return &steps.Failure{Requirements: []string{"AM-LOGIN-01"}, Expected: "a login before the first handshake", Recorded: p.lately(s, 0), Entry: shake.Seq}
	}
	return nil
}

func (p *Player) letIn(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	return p.isLetIn(s, 0)
}

func (p *Player) letInAgain(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	return p.isLetInLater(s, p.mark)
}

func (p *Player) noHandshake(name string, seconds int) error {
	return p.quiet(name, "CONNECT", time.Duration(seconds)*time.Second)
}

func (p *Player) handshakes(name string, times int) error {
	return p.counted(name, "CONNECT", times, 0)
}

func (p *Player) acknowledged(name, event string, times int) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	n := 0
	for _, e := range p.Journal.All(0, isFrom(s, "ack")) {
		asked, found := p.Journal.Find(e.Ref-1, func(journal.Entry) bool { return true })
		if !found || asked.Seq != e.Ref || asked.Name != event {
			continue
		}
		n++
		if why, ok := expect.Fits(map[string]any{"status": "ok"}, payload(e), "the acknowledgement"); !ok {
			return &steps.Failure{Expected: `{"status":"ok"}`, Recorded: why, Entry: e.Seq}
		}
	}
	if n != times {
		return &steps.Failure{Expected: fmt.Sprintf("%s acknowledged %d times", event, times), Recorded: fmt.Sprintf("%d times", n)}
	}
	return nil
}

func (p *Player) openSockets(name string, n int) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	open := 0
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool { return e.From == s.party && e.Name == "session" }) {
		switch e.Kind {
		case journal.Opened:
			open++
		case journal.Closed:
			open--
		default:
		}
	}
	if open != n {
		return &steps.Failure{Expected: fmt.Sprintf("%d connections of the desk", n), Recorded: fmt.Sprintf("%d are open", open)}
	}
	return nil
}

// isGone matches the end of a desk's connection.
func isGone(s *seat) journal.Match {
	return func(e journal.Entry) bool { return e.Kind == journal.Closed && e.From == s.party && e.Name == "socket" }
}

func (p *Player) closesSocket(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	_, err = p.Await(p.mark, isGone(s), p.Deadlines.Event)
	return p.absent(err, "the desk of "+name+" to close its socket", p.lately(s, p.mark))
}

func (p *Player) sendsBeforeClosing(name, event string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.closesSocket(name); err != nil {
		return err
	}
	gone, _ := p.Journal.Find(p.mark, isGone(s))
	sent, found := p.Journal.Find(p.mark, isFrom(s, event))
	if !found || sent.Seq > gone.Seq {
		return &steps.Failure{Expected: event + " before the socket is closed", Recorded: p.lately(s, p.mark), Entry: gone.Seq}
	}
	return nil
}
