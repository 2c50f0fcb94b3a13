package agentmanager

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/steps"
	"deskcheck/steps/bound"
)

var managerSteps = []definition{
	define(`logins fail with (400|401|408|412|500)`, func(p *Player) any { return p.loginsFail }),
	define(`handshakes are refused because (the login has failed|there is no licence)`, func(p *Player) any { return p.handshakesRefused }),
	define(`handshakes are taken again`, func(p *Player) any { return p.handshakesTaken }),
	define(`the manager refuses every change of state`, func(p *Player) any { return p.refusesStates }),
	define(`the manager keeps back "([^"]*)"`, func(p *Player) any { return p.keepsBack }),
	define(`the manager lets go of "([^"]*)"`, func(p *Player) any { return p.letsGo }),
	define(`the connection of (?P<person>\w+)'s desk breaks`, func(p *Player) any { return p.breaks }),
	define(`the manager ends the socket of (?P<person>\w+)`, func(p *Player) any { return p.disconnects }),
	define(`the manager signs (?P<person>\w+) out`, func(p *Player) any { return p.forcesOut }),
	define(`(?P<person>\w+) signs in on another device`, func(p *Player) any { return p.signsInElsewhere }, "The other device is the kit's own connection, without a page."),
	define(`the manager sends (?P<person>\w+) "([^"]*)" with`, func(p *Player) any { return p.emits }, "The event is sent as it stands there, and held against no schema."),
	define(`the manager sends (?P<person>\w+) the last "([^"]*)" again`, func(p *Player) any { return p.repeats }),
	define(`the domain (?P<domain>[A-Z]+) of (?P<person>\w+) is (LOGOUT|LOGIN|NOT_READY|PENDING_NOT_READY|READY|INTERRUPTED|ACTIVE|BUSY|UNKNOWN|RESERVED)`, func(p *Player) any { return p.domainIs }),
	define(`the manager closes the conversation of "([^"]*)" because of "([^"]*)"`, func(p *Player) any { return p.closesConversation }),
	define(`the time to answer "([^"]*)" (begins|ends)`, func(p *Player) any { return p.sla }),
	define(`a bot suggests "([^"]*)" in the conversation of "([^"]*)"`, func(p *Player) any { return p.suggests }),
	define(`the data of the conversation of "([^"]*)" change`, func(p *Player) any { return p.dataChange }),
}

// done lets what the manager did arrive.
func (p *Player) done(doing string, err error) error {
	if err != nil {
		return acts(doing, err)
	}
	return p.Rest()
}

// staged is done for what may be said before anyone works.
func (p *Player) staged(doing string, do func() error) error {
	if err := p.cast(); err != nil {
		return err
	}
	return p.done(doing, do())
}

func (p *Player) loginsFail(status string) error {
	n, err := strconv.Atoi(status)
	if err != nil {
		return acts("read the status", err)
	}
	return p.staged("have logins fail", func() error { return p.manager.FailLogins(agentmanager.LoginFailure(n)) })
}

func (p *Player) handshakesRefused(why string) error {
	refusal := agentmanager.LicenceRefusal("EXPIRED")
	if why == "the login has failed" {
		refusal = &agentmanager.Refusal{Message: agentmanager.LoginFailed, Data: map[string]any{"content": map[string]string{"msg": refusedWords}}}
	}
	return p.staged("refuse handshakes", func() error { return p.manager.RefuseHandshakes(refusal) })
}

// refusedWords are what a refused handshake says, for a person to see.
const refusedWords = "the session has expired at the directory"

func (p *Player) handshakesTaken() error {
	return p.staged("take handshakes", func() error { return p.manager.RefuseHandshakes(nil) })
}

func (p *Player) refusesStates() error {
	return p.staged("refuse changes of state", func() error { return p.manager.RefuseStates(true) })
}

func (p *Player) keepsBack(event string) error {
	return p.staged("keep back "+event, func() error { return p.manager.Withhold(event) })
}

func (p *Player) letsGo(event string) error {
	return p.staged("let go of "+event, func() error { return p.manager.Release(event) })
}

func (p *Player) breaks(name string) error {
	return p.done("break the connection", p.agent(name).Cut())
}

func (p *Player) disconnects(name string) error {
	return p.done("end the socket", p.agent(name).Disconnect())
}

func (p *Player) forcesOut(name string) error {
	return p.done("sign "+name+" out", p.agent(name).ForceLogout())
}

// emits sends an event as it stands in the feature.
func (p *Player) emits(name, event string, doc *godog.DocString) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	payload, err := p.filledJSON(s, doc.Content)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(payload)
	if err != nil {
		return acts("write the event", err)
	}
	return p.done("send "+event, p.agent(name).Emit(event, raw))
}

func (p *Player) repeats(name, event string) error { return p.again(name, event, nil) }

// again sends the last event of a name once more, with some fields in place of its own.
func (p *Player) again(name, event string, fields map[string]any) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	last, ok := p.lastTo(s, event, "").(map[string]any)
	if !ok {
		return acts("send "+event+" again", fmt.Errorf("%s was never sent one", name))
	}
	maps.Copy(last, fields)
	raw, err := json.Marshal(last)
	if err != nil {
		return acts("write the event", err)
	}
	return p.done("send "+event, p.agent(name).Emit(event, raw))
}

func (p *Player) domainIs(domain, name, state string) error {
	for _, d := range domains() {
		if d.Name == domain {
			return p.done("set the domain", p.agent(name).SetDomain(d.ID, agentmanager.DomainState(state)))
		}
	}
	return &steps.HarnessError{Doing: "find the domain " + domain, Err: errors.New("there is none of this name")}
}

// inConversation plays something in a customer's conversation.
func (p *Player) inConversation(customer, doing string, do func(*agentmanager.Conversation) error) error {
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	return p.done(doing, do(c.conversation))
}

func (p *Player) closesConversation(customer, reason string) error {
	return p.inConversation(customer, "close the conversation", func(c *agentmanager.Conversation) error { return c.Close(reason) })
}

func (p *Player) sla(customer, how string) error {
	return p.inConversation(customer, "time the answer", func(c *agentmanager.Conversation) error {
		if how == "ends" {
			return c.StopSLA()
		}
		return c.StartSLA(60, "start_timer")
	})
}

func (p *Player) suggests(text, customer string) error {
	return p.inConversation(customer, "suggest an answer", func(c *agentmanager.Conversation) error { return c.Suggest(agentmanager.Plain(text)) })
}

func (p *Player) dataChange(customer string) error {
	return p.inConversation(customer, "change its data", func(c *agentmanager.Conversation) error { return c.SetData(map[string]any{"order": "A-1042"}) })
}

// rival is a connection of the kit's own in the name of an agent.
type rival struct {
	mu     sync.Mutex
	closed bool
}

// Open and the others make it an agentmanager.Link that takes whatever comes.
func (r *rival) Open() error                                              { return nil }
func (r *rival) Emit(string, json.RawMessage)                             {}
func (r *rival) Ask(string, json.RawMessage, func(reply json.RawMessage)) {}
func (r *rival) Close()                                                   { r.end() }
func (r *rival) Cut()                                                     { r.end() }

func (r *rival) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// signsInElsewhere logs in as a second device would, and connects without a page.
func (p *Player) signsInElsewhere(name string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	user, err := p.login(s.manager, name)
	if err != nil {
		return acts("sign in on another device", err)
	}
	auth, err := json.Marshal(map[string]any{"agent": user, "fcm": ""})
	if err != nil {
		return acts("sign in on another device", err)
	}
	r := &rival{}
	if _, refusal := p.manager.Connect(auth, r); refusal != nil {
		return acts("sign in on another device", fmt.Errorf("the manager refused it: %s", refusal.Message))
	}
	p.rivals = append(p.rivals, r)
	return p.Rest()
}

// login asks the manager for a user.
func (p *Player) login(base, name string) (json.RawMessage, error) {
	body, err := json.Marshal(map[string]string{"username": name, "password": p.password})
	if err != nil {
		return nil, err
	}
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, base+agentmanager.LoginPath, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Data struct {
			User json.RawMessage `json:"keycloak_User"`
		} `json:"data"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("read the answer to the login: %w", err)
	}
	return answer.Data.User, nil
}

var timeSteps = []definition{
	define(`(\d+) seconds? pass(?:es)?`, func(p *Player) any { return p.pass }),
	define(`the offer runs out`, func(p *Player) any { return p.offerRunsOut }),
}

func (p *Player) pass(seconds int) error { return p.Pass(time.Duration(seconds) * time.Second) }

// ronaTime is how long an offer stands, and a moment.
const ronaTime = 5*time.Second + 100*time.Millisecond

func (p *Player) offerRunsOut() error { return p.Pass(ronaTime) }
