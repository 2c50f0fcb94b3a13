package digitalconnect

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// startsFor waits until a conversation has been started for a user since they asked for an agent, and notes it as theirs.
func (p *Player) startsFor(name string) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	id := ""
	err = p.Until(func() bool { id = p.unclaimed(); return id != "" }, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: fmt.Sprintf("a conversation for %s within %s", name, p.Deadlines.Start), Recorded: p.lately(g.asked), Hint: p.trouble(g.asked)}
	}
	if err != nil {
		return err
	}
	g.conversations = append(g.conversations, id)
	// An agent who is quicker than the reply to the start is met by no one: the connector is given a moment to take it.
	return p.settleStart(g)
}

// settleStart waits until the reply to a start has been sent, and a moment for the connector to take it.
func (p *Player) settleStart(g *guest) error {
	id := g.conversations[len(g.conversations)-1]
	replied := func() bool {
		_, ok := p.Journal.Find(g.asked, func(e journal.Entry) bool {
			return e.Kind == journal.Response && e.Operation == "start" && e.Conversation == id && statusOf(e) == 201
		})
		return ok
	}
	if err := p.Until(replied, p.Deadlines.Event); err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	p.Linger(p.Deadlines.Grace)
	return nil
}

// unclaimed is the first conversation that the connector has started and that is nobody's yet.
func (p *Player) unclaimed() string {
	for _, c := range p.talkdesk.Conversations() {
		if c.Snapshot().Outbound || slices.ContainsFunc(p.order, func(g *guest) bool { return slices.Contains(g.conversations, c.ID()) }) {
			continue
		}
		return c.ID()
	}
	return ""
}

func (p *Player) hasStarted(n int) error {
	if got := p.calls(0, "start"); len(got) != n {
		return &steps.Failure{Expected: fmt.Sprintf("%d start calls", n), Recorded: fmt.Sprintf("there were %d", len(got)), Entry: lastOf(got)}
	}
	return nil
}

func (p *Player) talkdeskHas(n int) error {
	if got := p.talkdesk.Conversations(); len(got) != n {
		return &steps.Failure{Expected: fmt.Sprintf("%d conversations at Talkdesk", n), Recorded: fmt.Sprintf("there are %d", len(got))}
	}
	return nil
}

// startOf is the start call that has opened a user's last conversation.
func (p *Player) startOf(name string) (call, error) {
	c, err := p.conversation(name)
	if err != nil {
		return call{}, err
	}
	return p.opened(c.ID())
}

// opened is the start call that has opened a conversation, by the reply that named it.
func (p *Player) opened(conversation string) (call, error) {
	reply, found := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.Response && e.Operation == "start" && e.Conversation == conversation
	})
	if !found {
		return call{}, acts("find the start of "+conversation, errors.New("the journal has no reply that names it"))
	}
	e, _ := p.Journal.Find(reply.Ref-1, func(journal.Entry) bool { return true })
	return callOf(e), nil
}

func (p *Player) newStart() error {
	for _, g := range p.order {
		n := len(g.conversations)
		if n < 2 {
			return acts("compare starts", fmt.Errorf("%s has had %d conversations", g.name, n))
		}
		before, err := p.opened(g.conversations[n-2])
		if err != nil {
			return err
		}
		after, err := p.opened(g.conversations[n-1])
		if err != nil {
			return err
		}
		if key := after.header(idempotencyKey); key != "" && key == before.header(idempotencyKey) {
			return &steps.Failure{Expected: "a new idempotency key for a new conversation", Recorded: "both starts have " + key, Entry: after.entry.Seq}
		}
	}
	return nil
}

// idempotencyKey is the header by which a repeated call is known (G-09).
const idempotencyKey = "X-Idempotency-Key"

func (p *Player) startCarries(name string, pattern *godog.DocString) error {
	if err := p.claimed(name); err != nil {
		return err
	}
	c, err := p.startOf(name)
	if err != nil {
		return err
	}
	return p.fits(pattern.Content, c, "the start")
}

// claimed waits for the start of a user who has asked for an agent and has none yet.
func (p *Player) claimed(name string) error {
	g, err := p.guest(name)
	if err != nil || p.Journal.Len() == 0 {
		return err
	}
	if _, has := p.Journal.Find(g.asked, func(e journal.Entry) bool {
		return slices.Contains(g.conversations, e.Conversation) && e.Operation == "start"
	}); has {
		return nil
	}
	return p.startsFor(name)
}

func (p *Player) startFits(name string) error {
	c, err := p.startOf(name)
	if err != nil {
		return err
	}
	if breaches := fixtures.CheckDigitalConnect("start", c.Body); len(breaches) > 0 {
		f := &steps.Failure{Expected: "a start as it is documented", Recorded: breaches[0].String(), Entry: c.entry.Seq}
		if id := breaches[0].Requirement; id != "" {
			f.Requirements = []string{id}
		}
		return f
	}
	return nil
}

// addressOf is the address that a user's last start gives, empty if there is none.
func (p *Player) addressOf(g *guest) string {
	if len(g.conversations) == 0 {
		return addressFor(g.name)
	}
	return p.talkdesk.Conversation(g.conversations[len(g.conversations)-1]).Snapshot().Email
}

func (p *Player) addressesDiffer(one, other string) error {
	a, err := p.guest(one)
	if err != nil {
		return err
	}
	b, err := p.guest(other)
	if err != nil {
		return err
	}
	if p.addressOf(a) == p.addressOf(b) {
		return &steps.Failure{Requirements: []string{"DC-CONV-04"}, Expected: "an address for each user", Recorded: "both have " + p.addressOf(a)}
	}
	return nil
}

// address is the form of an e-mail address, as far as it matters here.
var address = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@]+$`)

func (p *Player) addressesLook() error {
	for _, g := range p.order {
		if got := p.addressOf(g); !address.MatchString(got) {
			return &steps.Failure{Requirements: []string{"DC-CONV-04"}, Expected: "an e-mail address for " + g.name, Recorded: fmt.Sprintf("it is %q", got)}
		}
	}
	return nil
}

// before is what a start says of what was said before.
type before struct {
	Messages []beforeLine `json:"previous_messages"`
}

// beforeLine is a line of that talk.
type beforeLine struct {
	Type      string `json:"type"`
	Content   string `json:"content"`
	CreatedAt string `json:"created_at"`
}

func (p *Player) carriesTranscript(name string) error {
	if err := p.claimed(name); err != nil {
		return err
	}
	c, err := p.startOf(name)
	if err != nil {
		return err
	}
	_ = json.Unmarshal(c.Body, &p.before) // The mock has taken it.
	p.beforeAt = c.entry.Seq
	if len(p.before.Messages) == 0 {
		return &steps.Failure{Expected: "previous_messages with what the user and the bot have said", Recorded: "there are none", Entry: c.entry.Seq}
	}
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	return p.before.inOrder(g.uttered, c.entry.Seq)
}

// inOrder fails a start whose lines are not in the order in which they were said. The user's own are known by their text, as many can be of one moment; the bot's by their times, if they can be
// read: the contract wants texts there, and no form. A line that is not there is for another step.
func (b before) inOrder(uttered []string, entry int) error {
	last := -1
	for i, text := range uttered {
		if slices.Contains(uttered[:i], text) {
			continue // Who says the same twice says nothing of the order of the two.
		}
		is := func(m beforeLine) bool { return m.Content == text }
		at := slices.IndexFunc(b.Messages[last+1:], is)
		switch {
		case at >= 0: // The bot may have said the same before.
			last += 1 + at
		case slices.ContainsFunc(b.Messages, is):
			return &steps.Failure{Expected: "the oldest first", Recorded: fmt.Sprintf("%q stands before %q, which was said earlier", text, b.Messages[last].Content), Entry: entry}
		}
	}
	var latest time.Time
	for _, m := range b.Messages {
		at, err := time.Parse(time.RFC3339, m.CreatedAt)
		if err != nil {
			continue
		}
		if at.Before(latest) {
			return &steps.Failure{Expected: "the oldest first", Recorded: fmt.Sprintf("%q, of %s, stands after one of %s", m.Content, m.CreatedAt, latest.Format(time.RFC3339Nano)), Entry: entry}
		}
		latest = at
	}
	return nil
}

func (p *Player) transcriptSays(text, by string) error {
	want := map[string]string{"user": "user", "bot": "external"}[by]
	for _, m := range p.before.Messages {
		if m.Content != text {
			continue
		}
		if !strings.EqualFold(m.Type, want) {
			return &steps.Failure{Expected: fmt.Sprintf("%q with the type %s", text, want), Recorded: "its type is " + m.Type, Entry: p.beforeAt}
		}
		return nil
	}
	return &steps.Failure{Expected: fmt.Sprintf("%q among previous_messages", text), Recorded: "it is not there", Entry: p.beforeAt}
}

func (p *Player) noArguments(name string) error {
	c, err := p.startOf(name)
	if err != nil {
		return err
	}
	var body map[string]any
	_ = json.Unmarshal(c.Body, &body) // The mock has taken it.
	switch given := body["context_parameters"].(type) {
	case nil:
		return nil
	case map[string]any:
		if len(given) == 0 {
			return nil
		}
	}
	return &steps.Failure{Expected: "no context_parameters, null or {}", Recorded: expect.Short(body["context_parameters"]), Entry: c.entry.Seq}
}
