package agentmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cucumber/godog"
	"github.com/google/uuid"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/steps"
)

// What people see of a conversation beside its words.
var shownSteps = []definition{
	define(`(?P<person>\w+) sees a message between "([^"]*)" and "([^"]*)" in the conversation of "([^"]*)"`, func(p *Player) any { return p.seesBetween }),
	define(`(?P<person>\w+) sees the (\d+) lines of "([^"]*)" in their order`, func(p *Player) any { return p.seesLines }),
	define(`(?P<person>\w+) sees "([^"]*)" as failed in the conversation of "([^"]*)"`, func(p *Player) any { return p.seesFailed }),
	define(`(?P<person>\w+) does not see "([^"]*)" as failed in the conversation of "([^"]*)"`, func(p *Player) any { return p.seesNotFailed }),
	define(`(?P<person>\w+) sees that "([^"]*)" types`, func(p *Player) any { return p.shows("typing", "that the customer types") }),
	define(`(?P<person>\w+) sees that there is a time to answer "([^"]*)"`, func(p *Player) any { return p.shows("time to answer", "a time to answer") }),
	define(`(?P<person>\w+) sees no time to answer "([^"]*)"`, func(p *Player) any { return p.showsNo("time to answer", "no time to answer") }),
	define(`(?P<person>\w+) sees that "([^"]*)" is on hold`, func(p *Player) any { return p.shows("on hold", "that the conversation is on hold") }),
	define(`(?P<person>\w+) does not see that "([^"]*)" is on hold`, func(p *Player) any { return p.showsNo("on hold", "nothing of a hold") }),
	define(`(?P<person>\w+) sees (\d+) seconds left to wrap "([^"]*)" up`, func(p *Player) any { return p.seesLeft }, "Up to nine less will do: the page counts by itself while the kit looks."),
}

// shows is a look that finds something in a customer's conversation.
func (p *Player) shows(look, expected string) any {
	return func(name, customer string) error {
		return p.seesMessages(name, look, customer, expected, func(found []string) bool { return len(found) > 0 })
	}
}

// showsNo is a look that finds nothing there.
func (p *Player) showsNo(look, expected string) any {
	return func(name, customer string) error {
		return p.seesMessages(name, look, customer, expected, func(found []string) bool { return len(found) == 0 })
	}
}

func (p *Player) seesFailed(name, text, customer string) error {
	return p.seesMessages(name, "failed messages", customer, fmt.Sprintf("%q marked as failed", text), func(found []string) bool { return holding(found, text) > 0 })
}

func (p *Player) seesNotFailed(name, text, customer string) error {
	return p.seesMessages(name, "failed messages", customer, fmt.Sprintf("%q unmarked", text), func(found []string) bool { return holding(found, text) == 0 })
}

// seesBetween wants something, whatever it says, where a message must stand.
func (p *Player) seesBetween(name, before, after, customer string) error {
	expected := fmt.Sprintf("something between %q and %q", before, after)
	return p.seesMessages(name, "messages", customer, expected, func(found []string) bool {
		first := slices.IndexFunc(found, func(one string) bool { return holding([]string{one}, before) > 0 })
		last := slices.IndexFunc(found, func(one string) bool { return holding([]string{one}, after) > 0 })
		return first >= 0 && last > first+1
	})
}

// numbered are texts of which none holds another.
func numbered(n int) []string {
	all := make([]string, 0, n)
	for i := range n {
		all = append(all, fmt.Sprintf("Line %d of %d", i+1, n))
	}
	return all
}

// inOrder are those of the lines that texts hold, in the order of the texts.
func inOrder(texts []string, n int) []string {
	var found []string
	for _, text := range texts {
		for _, line := range numbered(n) {
			if holding([]string{text}, line) > 0 {
				found = append(found, line)
			}
		}
	}
	return found
}

func (p *Player) seesLines(name string, n int, customer string) error {
	expected := fmt.Sprintf("line 1 to %d, each once,", n)
	return p.seesMessages(name, "messages", customer, expected, func(found []string) bool { return slices.Equal(inOrder(found, n), numbered(n)) })
}

// clockTime finds a time in words: 1:05 is minutes and seconds, 65 is seconds.
var clockTime = regexp.MustCompile(`(?:(\d+):)?(\d+)`)

// secondsIn reads the first time in a text, in seconds; -1 if there is none.
func secondsIn(text string) int {
	found := clockTime.FindStringSubmatch(text)
	if found == nil {
		return -1
	}
	minutes, _ := strconv.Atoi(found[1]) // Nothing is 0.
	seconds, err := strconv.Atoi(found[2])
	if err != nil {
		return -1
	}
	return minutes*60 + seconds
}

// countdownLag is how many seconds a countdown may be ahead on a busy machine. Less than what a scenario lets pass, so that one that stands still is seen.
const countdownLag = 9

func (p *Player) seesLeft(name string, seconds int, customer string) error {
	return p.seesMessages(name, "time to wrap up", customer, fmt.Sprintf("%d seconds left", seconds), func(found []string) bool {
		return slices.ContainsFunc(found, func(text string) bool { n := secondsIn(text); return n <= seconds && n >= seconds-countdownLag })
	})
}

// Lines, and events that no act of a customer brings about.
var eventSteps = []definition{
	define(`"([^"]*)" says (\d+) lines at once`, func(p *Player) any { return p.customerSaysLines }),
	define(`(?P<person>\w+) says (\d+) lines to "([^"]*)"`, func(p *Player) any { return p.saysLines }),
	define(`"([^"]*)" has received the (\d+) lines in their order`, func(p *Player) any { return p.hasReceivedLines }),
	define(`"([^"]*)" stops writing by "([^"]*)"`, func(p *Player) any { return p.customerEnds }),
	define(`the manager sends (?P<person>\w+) the event "([^"]*)" of the conversation of "([^"]*)" with`, func(p *Player) any { return p.happens }, "What stands below are the data of the event, held against no schema."),
	define(`the manager sends (?P<person>\w+) the event "([^"]*)" of a conversation that nobody has`, func(p *Player) any { return p.happensNowhere }),
	define(`the manager sends (?P<person>\w+) a message of "([^"]*)" with the body`, func(p *Player) any { return p.saysBody }, "The body is held against no schema."),
}

func (p *Player) customerSaysLines(name string, n int) error {
	return p.sending(name, "say something", func(c *customer) error {
		for _, line := range numbered(n) {
			id, err := c.Say(agentmanager.Plain(line))
			if err != nil {
				return err
			}
			c.said[line] = id
		}
		return nil
	})
}

func (p *Player) saysLines(name string, n int, customer string) error {
	for _, line := range numbered(n) {
		if err := p.says(name, line, customer); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) hasReceivedLines(name string, n int) error {
	c, err := p.customer(name)
	if err != nil {
		return err
	}
	var got []string
	err = p.Until(func() bool {
		var texts []string
		for _, r := range c.Received() {
			text, _ := r.Body["markdownText"].(string)
			texts = append(texts, text)
		}
		got = inOrder(texts, n)
		return len(got) >= n
	}, p.Deadlines.Event)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if !slices.Equal(got, numbered(n)) {
		return &steps.Failure{Expected: fmt.Sprintf("line 1 to %d to reach %s in their order", n, name), Recorded: "what came is: " + strings.Join(got, ", ")}
	}
	return nil
}

func (p *Player) customerEnds(name, channel string) error {
	return p.sending(name, "stop writing by "+channel, func(c *customer) error { return c.End(channel) })
}

// happens sends an event of a conversation as the feature has it, in the encoding that the manager uses.
func (p *Player) happens(name, event, customer string, doc *godog.DocString) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	data, err := p.filledJSON(s, doc.Content)
	if err != nil {
		return err
	}
	return p.tells(name, event, c.conversation.ID(), data)
}

func (p *Player) happensNowhere(name, event string) error {
	return p.tells(name, event, uuid.NewString(), map[string]any{})
}

// saysBody sends a message of a customer that no customer could say.
func (p *Player) saysBody(name, customer string, doc *godog.DocString) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	body, err := p.filledJSON(s, doc.Content)
	if err != nil {
		return err
	}
	topic := publication{event: map[string]any{"topic": p.lastTo(s, "onTopicData", c.conversation.ID())}}
	session := topic.at("topic", "topicData", "channelSession")
	if session == nil {
		return acts("write a message of "+customer, fmt.Errorf("%s was never in the conversation", name))
	}
	return p.tells(name, "CUSTOMER_MESSAGE", c.conversation.ID(), map[string]any{
		"id": uuid.NewString(), "body": body,
		"header": map[string]any{
			"sender": map[string]any{"id": c.ID(), "type": "CONNECTOR", "senderName": c.person.FirstName, "additionalDetail": map[string]any{}}, "timestamp": p.clock.Now().UnixMilli(),
			"channelData": topic.at("topic", "topicData", "channelSession", "channelData"), "channelSessionId": topic.at("topic", "topicData", "channelSession", "id"),
			"conversationId": c.conversation.ID(), "customer": topic.at("topic", "topicData", "customer"), "language": map[string]any{}, "securityInfo": map[string]any{}, "stamps": []any{}, "entities": map[string]any{},
		},
	})
}

// tells sends onCimEvent to one desk, past the conversation.
func (p *Player) tells(name, event, conversation string, data any) error {
	kind := "NOTIFICATION"
	if strings.HasSuffix(event, "_MESSAGE") {
		kind = "MESSAGE"
	}
	var cim any = map[string]any{"id": uuid.NewString(), "name": event, "type": kind, "timestamp": p.clock.Now().UnixMilli(), "conversationId": conversation, "data": data}
	if p.options.Switches.CIMEncoding == agentmanager.Text {
		text, err := json.Marshal(cim)
		if err != nil {
			return acts("write the event", err)
		}
		cim = string(text)
	}
	raw, err := json.Marshal(map[string]any{"cimEvent": cim, "conversationId": conversation, "roomInfo": map[string]any{"id": "room-" + conversation, "mode": "CONTACT_CENTER"}})
	if err != nil {
		return acts("write the event", err)
	}
	return p.done("send "+event, p.agent(name).Emit("onCimEvent", raw))
}
