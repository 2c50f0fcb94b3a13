package agentmanager

import (
	"errors"
	"fmt"
	"strings"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/steps"
)

var customerSteps = []definition{
	define(`"([^"]*)" asks for help`, func(p *Player) any { return p.asksForHelp }, "A customer is known by a first name; the last name is the kit's."),
	define(`"([^"]*)" asks for help with "([^"]*)"`, func(p *Player) any { return p.asksWith }),
	define(`"([^"]*)" asks for help in the queue "(?P<queue>[^"]*)"`, func(p *Player) any { return p.asksIn }),
	define(`"([^"]*)", who has no last name, asks for help`, func(p *Player) any { return p.namelessAsks }),
	define(`"([^"]*)" puts a request into the list "(?P<list>[^"]*)"`, func(p *Player) any { return p.putsRequest }),
	define(`"([^"]*)" says "([^"]*)"`, func(p *Player) any { return p.customerSays }),
	define(`"([^"]*)" sends a message of the type "([^"]*)"`, func(p *Player) any { return p.customerSends }),
	define(`"([^"]*)" types`, func(p *Player) any { return p.customerTypes }),
	define(`"([^"]*)" (receives|reads) "([^"]*)"`, func(p *Player) any { return p.customerReads }),
	define(`"([^"]*)" cannot be given "([^"]*)"`, func(p *Player) any { return p.undelivered }),
	define(`"([^"]*)" writes by "([^"]*)" as well`, func(p *Player) any { return p.customerOpens }),
	define(`"([^"]*)" turns out to be "([^"]*)"`, func(p *Player) any { return p.identified }),
	define(`"([^"]*)" leaves`, func(p *Player) any { return p.customerLeaves }),
}

// customer is a person who writes, and the conversation that came of it.
type customer struct {
	*agentmanager.Customer
	person       agentmanager.Person
	conversation *agentmanager.Conversation
	queue        string
	// said are the ids of what was said, by its text.
	said map[string]string
}

// visible is what a desk shows of the customer's name.
func (c *customer) visible() string {
	return strings.TrimSpace(c.person.FirstName + " " + c.person.LastName)
}

// customer finds one who has begun a conversation.
func (p *Player) customer(name string) (*customer, error) {
	if c := p.customers[name]; c != nil {
		return c, nil
	}
	return nil, &steps.HarnessError{Doing: "find the customer " + name, Err: errors.New("no one of this name has asked for help")}
}

// begins has a new customer begin a conversation.
func (p *Player) begins(person agentmanager.Person, r agentmanager.Request) error {
	if err := p.cast(); err != nil {
		return err
	}
	c := &customer{Customer: p.manager.Customer(person), person: person, queue: r.Queue, said: map[string]string{}}
	started, err := c.Start(r)
	if err != nil {
		return acts("have "+person.FirstName+" ask for help", err)
	}
	c.conversation = started
	p.customers[person.FirstName] = c
	return p.Rest()
}

// called is a customer of a first name.
func called(name string) agentmanager.Person {
	return agentmanager.Person{FirstName: name, LastName: "Customer"}
}

// usualQueue is where customers wait of whom nothing else is said.
const usualQueue = "Support"

func (p *Player) asksForHelp(name string) error {
	return p.begins(called(name), agentmanager.Request{Queue: usualQueue, Says: agentmanager.Plain("Hello, I need help.")})
}

func (p *Player) asksWith(name, text string) error {
	return p.begins(called(name), agentmanager.Request{Queue: usualQueue, Says: agentmanager.Plain(text)})
}

func (p *Player) asksIn(name, queue string) error {
	return p.begins(called(name), agentmanager.Request{Queue: queue, Says: agentmanager.Plain("Hello, I need help.")})
}

func (p *Player) namelessAsks(name string) error {
	return p.begins(agentmanager.Person{FirstName: name}, agentmanager.Request{Says: agentmanager.Plain("Hello, I need help.")})
}

func (p *Player) putsRequest(name, list string) error {
	return p.begins(called(name), agentmanager.Request{Routing: agentmanager.PullMode, List: list, Says: agentmanager.Plain("Please call me back.")})
}

// sending has a customer do something in the conversation, and lets it arrive.
func (p *Player) sending(name, doing string, do func(*customer) error) error {
	c, err := p.customer(name)
	if err != nil {
		return err
	}
	if err := do(c); err != nil {
		return acts("have "+name+" "+doing, err)
	}
	return p.Rest()
}

func (p *Player) customerSays(name, text string) error {
	return p.sending(name, "say something", func(c *customer) error {
		id, err := c.Say(agentmanager.Plain(p.fill(text)))
		c.said[text] = id
		return err
	})
}

func (p *Player) customerSends(name, kind string) error {
	return p.sending(name, "send a message", func(c *customer) error {
		body, err := agentmanager.Sample(kind)
		if err != nil {
			return err
		}
		c.said[kind], err = c.Say(body)
		return err
	})
}

func (p *Player) customerTypes(name string) error {
	return p.sending(name, "type", func(c *customer) error { return c.Type() })
}

func (p *Player) customerReads(name, how, text string) error {
	status := map[string]string{"receives": "DELIVERED", "reads": "READ"}[how]
	return p.delivery(name, text, status)
}

func (p *Player) undelivered(name, text string) error { return p.delivery(name, text, "FAILED") }

func (p *Player) delivery(name, text, status string) error {
	return p.sending(name, "tell of a delivery", func(c *customer) error {
		id, err := p.receivedBy(c, text)
		if err != nil {
			return err
		}
		return c.Delivery(id, status)
	})
}

// receivedBy is the id of the message with a text that has reached a customer.
func (p *Player) receivedBy(c *customer, text string) (string, error) {
	for _, r := range c.Received() {
		if r.Body["markdownText"] == text {
			return r.MessageID, nil
		}
	}
	return "", fmt.Errorf("no message %q has reached the customer", text)
}

func (p *Player) customerOpens(name, channel string) error {
	return p.sending(name, "write by another channel", func(c *customer) error { return c.Open(channel) })
}

func (p *Player) identified(name, as string) error {
	return p.sending(name, "be identified", func(c *customer) error {
		first, last, _ := strings.Cut(as, " ")
		return c.Identify(agentmanager.Person{FirstName: first, LastName: last})
	})
}

func (p *Player) customerLeaves(name string) error {
	return p.sending(name, "leave", func(c *customer) error { return c.Leave() })
}

var receivedSteps = []definition{
	define(`"([^"]*)" has received "([^"]*)"`, func(p *Player) any { return p.hasReceived }),
	define(`"([^"]*)" has received "([^"]*)" (\d+) times?`, func(p *Player) any { return p.hasReceivedTimes }),
	define(`"([^"]*)" has not received "([^"]*)"`, func(p *Player) any { return p.hasNotReceived }),
	define(`the conversation of "([^"]*)" is over`, func(p *Player) any { return p.conversationIsOver }),
}

func (p *Player) countReceived(c *customer, text string) (n int) {
	for _, r := range c.Received() {
		if r.Body["markdownText"] == text {
			n++
		}
	}
	return n
}

func (p *Player) hasReceived(name, text string) error {
	c, err := p.customer(name)
	if err != nil {
		return err
	}
	err = p.Until(func() bool { return p.countReceived(c, text) > 0 }, p.Deadlines.Event)
	return p.absent(err, fmt.Sprintf("%q to reach %s", text, name), fmt.Sprintf("%s has received %s", name, receivedWords(c)))
}

func (p *Player) hasReceivedTimes(name, text string, times int) error {
	c, err := p.customer(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if n := p.countReceived(c, text); n != times {
		return &steps.Failure{Expected: fmt.Sprintf("%q to reach %s %d times", text, name, times), Recorded: fmt.Sprintf("%d times", n)}
	}
	return nil
}

func (p *Player) hasNotReceived(name, text string) error { return p.hasReceivedTimes(name, text, 0) }

func (p *Player) conversationIsOver(name string) error {
	c, err := p.customer(name)
	if err != nil {
		return err
	}
	err = p.Until(func() bool { return c.conversation.Stage() == agentmanager.StageClosed }, p.Deadlines.Event)
	return p.absent(err, "the conversation of "+name+" to be over", "it is "+string(c.conversation.Stage()))
}

func receivedWords(c *customer) string {
	var texts []string
	for _, r := range c.Received() {
		if text, ok := r.Body["markdownText"].(string); ok {
			texts = append(texts, fmt.Sprintf("%q", text))
		}
	}
	if len(texts) == 0 {
		return "nothing"
	}
	return strings.Join(texts, ", ")
}
