package agentmanager

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

var publishedSteps = []definition{
	define(`(?P<person>\w+)'s desk publishes "([^"]*)"`, func(p *Player) any { return p.publishes }),
	define(`(?P<person>\w+)'s desk publishes "([^"]*)" with`, func(p *Player) any { return p.publishesWith }, "What stands below is of the whole publishCimEvent; its values are those of the sentence with sends."),
	define(`(?P<person>\w+)'s desk publishes "([^"]*)" in (?P<person>\w+)'s name`, func(p *Player) any { return p.publishesInName }),
	define(`(?P<person>\w+)'s desk publishes "([^"]*)" as an answer to "([^"]*)" of "([^"]*)"`, func(p *Player) any { return p.publishesAnswer }),
	define(`(?P<person>\w+)'s desk publishes "([^"]*)" through the (first|second) channel session of "([^"]*)"`, func(p *Player) any { return p.publishesThrough }),
	define(`(?P<person>\w+)'s desk has published "([^"]*)" (\d+) times? since then`, func(p *Player) any { return p.hasPublished }, "Events of that name, since the last When began."),
	define(`everything that (?P<person>\w+)'s desk publishes has an id of its own`, func(p *Player) any { return p.ownIDs }),
	define(`whatever (?P<person>\w+)'s desk publishes again keeps its id`, func(p *Player) any { return p.keepsIDs }),
	define(`(?P<person>\w+)'s desk tells that "([^"]*)" of "([^"]*)" was read`, func(p *Player) any { return p.tellsRead }),
	define(`(?P<person>\w+)'s desk has told of no message twice, nor of its own, that it was read`, func(p *Player) any { return p.tellsOnce }),
	define(`(?P<person>\w+)'s desk fetches nothing that is called "([^"]*)"`, func(p *Player) any { return p.fetchesNothing }),
}

// publication is a publishCimEvent of a desk, and the event in it: an object, whatever the desk has made of it.
type publication struct {
	entry   journal.Entry
	payload any
	event   map[string]any
}

// publicationOf reads an entry as one. An event that is text, or that has no envelope, is read all the same: what is wrong with that is told by the schema.
func publicationOf(e journal.Entry) publication {
	p := publication{entry: e, payload: payload(e)}
	envelope, _ := p.payload.(map[string]any)
	event, inside := envelope["cimEvent"]
	if text, is := event.(string); is {
		event = expect.Decode([]byte(text))
	}
	if p.event, _ = event.(map[string]any); p.event == nil && !inside {
		p.event = map[string]any{"data": envelope}
	}
	return p
}

// at is what the event has at a path, nil if nothing.
func (p publication) at(path ...string) any {
	var value any = p.event
	for _, key := range path {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

// text is at for what should be text.
func (p publication) text(path ...string) string {
	text, _ := p.at(path...).(string)
	return text
}

// says tells whether a text stands anywhere in what is said, however the body has it.
func (p publication) says(text string) bool { return holdsText(p.at("data", "body"), text) }

func holdsText(value any, text string) bool {
	switch v := value.(type) {
	case string:
		return strings.Contains(v, text)
	case []any:
		return slices.ContainsFunc(v, func(inner any) bool { return holdsText(inner, text) })
	case map[string]any:
		for _, inner := range v {
			if holdsText(inner, text) {
				return true
			}
		}
	}
	return false
}

// publications are those of a seat since a place in the journal.
func (p *Player) publications(s *seat, mark int) []publication {
	all := p.Journal.All(mark, isFrom(s, "publishCimEvent"))
	found := make([]publication, 0, len(all))
	for _, e := range all {
		found = append(found, publicationOf(e))
	}
	return found
}

// publishing waits until a desk publishes a text in a way that fits; why says what is amiss of one that does not.
func (p *Player) publishing(name, text, expected string, why func(publication) string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	amiss, at := "", 0
	_, err = p.Await(p.mark, func(e journal.Entry) bool {
		if !isFrom(s, "publishCimEvent")(e) {
			return false
		}
		one := publicationOf(e)
		if !one.says(text) {
			return false
		}
		amiss, at = why(one), e.Seq
		return amiss == ""
	}, p.Deadlines.Event)
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if amiss == "" {
		amiss = p.lately(s, p.mark)
	}
	return &steps.Failure{Expected: fmt.Sprintf("publishCimEvent of %q%s", text, expected), Recorded: amiss, Entry: at, Hint: p.trouble(s)}
}

func (p *Player) publishes(name, text string) error {
	return p.publishing(name, text, "", func(publication) string { return "" })
}

func (p *Player) publishesWith(name, text string, doc *godog.DocString) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	pattern, err := p.filledJSON(s, doc.Content)
	if err != nil {
		return err
	}
	return p.publishing(name, text, " with "+expect.Short(pattern), func(one publication) string {
		why, _ := expect.Fits(pattern, one.payload, "publishCimEvent")
		return why
	})
}

// publishesInName takes the sender as the object model has it, and the whole participant that older documents show.
func (p *Player) publishesInName(name, text, sender string) error {
	if _, err := p.seat(sender); err != nil {
		return err
	}
	id := p.agent(sender).ID()
	return p.publishing(name, text, " in the name of "+sender, func(one publication) string {
		from := one.at("data", "header", "sender")
		pattern := map[string]any{"type": "AGENT", "id": id, "senderName": "<string>"}
		if one.at("data", "header", "sender", "participant") != nil {
			pattern = map[string]any{"type": "AGENT", "participant": map[string]any{"id": id}}
		}
		why, _ := expect.Fits(pattern, from, "data.header.sender")
		return why
	})
}

// publishesAnswer takes a reply under an id of its own that names the original, and one that bears the id of the original.
func (p *Player) publishesAnswer(name, text, message, customer string) error {
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	original, ok := c.said[message]
	if !ok {
		return acts("find the message "+message, fmt.Errorf("%s has not said it", customer))
	}
	return p.publishing(name, text, " as an answer to "+original, func(one publication) string {
		intent, names, own := one.text("data", "header", "intent"), one.text("data", "header", "originalMessageId"), one.text("data", "id")
		if own == original || intent == "REPLY_TO" && names == original {
			return ""
		}
		return fmt.Sprintf("its intent is %q, its originalMessageId %q and its own id %q", intent, names, own)
	})
}

func (p *Player) publishesThrough(name, text, which, customer string) error {
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	sessions, i := c.conversation.SessionIDs(), map[string]int{"first": 0, "second": 1}[which]
	if i >= len(sessions) {
		return acts("find the "+which+" channel session of "+customer, fmt.Errorf("there are %d", len(sessions)))
	}
	return p.publishing(name, text, " through the channel session "+sessions[i], func(one publication) string {
		if named := one.text("data", "header", "channelSessionId"); named != sessions[i] {
			return fmt.Sprintf("its channelSessionId is %q", named)
		}
		return ""
	})
}

func (p *Player) hasPublished(name, event string, times int) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	n, last := 0, 0
	for _, one := range p.publications(s, p.mark) {
		if one.text("name") == event {
			n, last = n+1, one.entry.Seq
		}
	}
	if n != times {
		return &steps.Failure{Expected: fmt.Sprintf("%s %d times", event, times), Recorded: fmt.Sprintf("%d times", n), Entry: last}
	}
	return nil
}

// ownIDs wants every event and every message under an id that none before it had.
func (p *Player) ownIDs(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	events, messages := map[string]bool{}, map[string]bool{}
	for _, one := range p.publications(s, 0) {
		event, message := one.text("id"), one.text("data", "id")
		recorded := ""
		switch {
		case message == "":
			recorded = "a message has none"
		case messages[message]:
			recorded = "a message has the id " + message + ", which another had before"
		case events[event]:
			recorded = "an event has the id " + event + ", which another had before"
		}
		if recorded != "" {
			return &steps.Failure{Expected: "a new id for every message and every event", Recorded: recorded, Entry: one.entry.Seq}
		}
		events[event], messages[message] = true, true
	}
	return nil
}

// keepsIDs compares what was said more than once since the last When.
func (p *Player) keepsIDs(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	ids := map[string]string{}
	for _, one := range p.publications(s, p.mark) {
		if one.text("name") != "AGENT_MESSAGE" {
			continue
		}
		said, id := expect.Short(one.at("data", "body")), one.text("data", "id")
		if before, again := ids[said]; again && before != id {
			return &steps.Failure{Expected: said + " under the id " + before + " again", Recorded: "it came again as " + id, Entry: one.entry.Seq}
		}
		ids[said] = id
	}
	return nil
}

// receipts are what a seat has told of reading.
func (p *Player) receipts(s *seat) []publication {
	return slices.DeleteFunc(p.publications(s, 0), func(one publication) bool { return one.text("name") != "MESSAGE_DELIVERY_NOTIFICATION" })
}

// tellsRead waits for a receipt. A desk that tells of no reading at all does without, unless it claims to tell.
func (p *Player) tellsRead(name, text, customer string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	id, ok := c.said[text]
	if !ok {
		return acts("find the message "+text, fmt.Errorf("%s has not said it", customer))
	}
	amiss, at := "there is none", 0
	err = p.Until(func() bool {
		for _, one := range p.receipts(s) {
			if one.text("data", "body", "messageId") == id {
				amiss, at = receiptIs(one), one.entry.Seq
				return true
			}
		}
		return false
	}, p.Deadlines.Event)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if amiss == "" {
		return nil
	}
	if at == 0 && len(p.receipts(s)) == 0 && !slices.Contains(p.stage.Claims, "read") {
		return &steps.NotApplicable{Capability: "read", Why: "the desk has told of no message that it was read"}
	}
	return &steps.Failure{Expected: fmt.Sprintf("a receipt that names %s, the id of %q, with READ and 200", id, text), Recorded: amiss, Entry: at}
}

// receiptIs says what is amiss with a receipt, empty if nothing.
func receiptIs(one publication) string {
	code := one.at("data", "body", "reasonCode")
	if code != "200" && code != float64(200) {
		return "its reasonCode is " + expect.Short(code)
	}
	why, _ := expect.Fits(map[string]any{"type": "DELIVERYNOTIFICATION", "status": "READ"}, one.at("data", "body"), "data.body")
	return why
}

func (p *Player) tellsOnce(name string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	own, told := map[string]bool{}, map[string]bool{}
	for _, one := range p.publications(s, 0) {
		if one.text("type") == "MESSAGE" {
			own[one.text("data", "id")] = true
		}
	}
	for _, one := range p.receipts(s) {
		id := one.text("data", "body", "messageId")
		recorded := ""
		switch {
		case own[id]:
			recorded = "one for " + id + ", which the desk has sent itself"
		case told[id]:
			recorded = "another for " + id
		}
		if recorded != "" {
			return &steps.Failure{Expected: "one receipt at most for each message of another", Recorded: recorded, Entry: one.entry.Seq}
		}
		told[id] = true
	}
	return nil
}

// fetchesNothing lets time pass and looks for a request of the page whose address has a word in it.
func (p *Player) fetchesNothing(name, called string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	if err := p.Pass(p.Deadlines.Silence); err != nil {
		return err
	}
	e, found := p.Journal.Find(p.mark, func(e journal.Entry) bool {
		return e.Kind == journal.Request && e.From == s.party && strings.Contains(e.Name, called)
	})
	if found {
		return &steps.Failure{Expected: "no request for " + called, Recorded: "the page has asked for " + e.Name, Entry: e.Seq}
	}
	return nil
}
