package digitalconnect

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/webhook"
	"deskcheck/steps"
)

var deliverySteps = []definition{
	define(`Talkdesk delivers the body "([A-Z]{2}-[VI]\d\d)" to (?P<user>[A-Z]\w*)'s conversation`, func(p *Player) any { return p.deliversBody }, "The bodies are those of fixtures/payloads/digital-connect; the id of the user's conversation takes the place of theirs where they have one as text."),
	define(`Talkdesk delivers "([^"]*)" to (?P<user>[A-Z]\w*) as "([^"]*)"`, func(p *Player) any { return p.deliversAs }),
	define(`Talkdesk delivers "([^"]*)" to (?P<user>[A-Z]\w*) at the address (with|without) a slash at its end`, func(p *Player) any { return p.deliversAt }),
	define(`Talkdesk delivers "([^"]*)" to (?P<user>[A-Z]\w*) by (GET|PUT|DELETE)`, func(p *Player) any { return p.deliversBy }),
	define(`Talkdesk delivers "([^"]*)" to (?P<user>[A-Z]\w*) (without credentials|with wrong credentials|with half the credentials)`, func(p *Player) any { return p.deliversForged }),
	define(`Talkdesk delivers "([^"]*)" for a conversation that nobody knows`, func(p *Player) any { return p.deliversUnknown }),
	define(`Talkdesk delivers "([^"]*)" for the first conversation of (?P<user>[A-Z]\w*)`, func(p *Player) any { return p.deliversFirst }),
	define(`Talkdesk delivers the end of the first conversation of (?P<user>[A-Z]\w*)`, func(p *Player) any { return p.deliversFirstEnd }, "Once the users have been told all of what was before."),
	define(`Talkdesk delivers the end of a conversation that nobody knows`, func(p *Player) any { return p.deliversUnknownEnd }, "Once the users have been told all of what was before."),
	define(`Talkdesk delivers the last event again`, func(p *Player) any { return p.deliversAgain }, "Once it was answered, and the users have been told all of what was before."),
	define(`Talkdesk delivers (nothing|text that is no JSON|half of a message|JSON nested 10000 deep|a message of 30 MB|bytes that are no UTF-8|a message with each key twice|a message with keys in the wrong case) to the connector`, func(p *Player) any { return p.deliversNonsense }),
	define(`Talkdesk delivers (\d+) messages to them, (\d+) a second, every tenth of them twice`, func(p *Player) any { return p.deliversLoad }),
}

// timeFormat is how Talkdesk writes a moment in UTC: 24 characters.
const timeFormat = "2006-01-02T15:04:05.000Z"

// nobody is the id of a conversation that nobody has started.
const nobody = "deskcheck-no-such-conversation"

// emit delivers a body as it is.
func (p *Player) emit(raw digitalconnect.Raw) error {
	if err := p.ready(); err != nil {
		return err
	}
	p.delivered(p.talkdesk.Emit(raw), cmp.Or(raw.Action, "raw"))
	return nil
}

// messageBody is a lawful message_created.
func (p *Player) messageBody(conversation, text string) []byte {
	p.serial++
	at := p.clock.Now().UTC().Format(timeFormat)
	raw, _ := json.Marshal(map[string]any{ // Texts can always be encoded.
		"event_type": p.eventType("message_created"), "conversation_id": conversation, "timestamp": at,
		"payload": map[string]any{"id": fmt.Sprintf("raw-%d", p.serial), "content": text, "created_at": at, "author": map[string]any{"name": agentName, "type": agentType}},
	})
	return raw
}

// eventType spells the name of an event as the account does.
func (p *Player) eventType(name string) string {
	if p.account.Settings.EventTypeCase == "lower" {
		return name
	}
	return strings.ToUpper(name)
}

// payload finds a body of the corpus.
func payload(id string) (fixtures.Payload, error) {
	all, err := fixtures.Payloads()
	for _, one := range all {
		if one.ID == id {
			return one, nil
		}
	}
	return fixtures.Payload{}, acts("find the body "+id, errors.Join(err, errors.New("there is none of this name")))
}

func (p *Player) deliversBody(id, name string) error {
	c, err := p.conversation(name)
	if err != nil {
		return err
	}
	one, err := payload(id)
	if err != nil {
		return err
	}
	if !one.Valid {
		p.settle() // Nothing may come of it.
	}
	return p.emit(digitalconnect.Raw{Body: p.addressed(one.Body, c.ID()), Action: one.Schema})
}

// addressed gives a body the id of a conversation where the corpus has its own, and spells its event as the account does.
func (p *Player) addressed(body []byte, conversation string) []byte {
	id, _ := json.Marshal(conversation) // A text can always be encoded.
	out := bytes.ReplaceAll(body, []byte(`"conversation_id":"c-1"`), []byte(`"conversation_id":`+string(id)))
	for _, action := range digitalconnect.Actions() {
		out = bytes.ReplaceAll(out, []byte(`"event_type":"`+strings.ToUpper(action)+`"`), []byte(`"event_type":"`+p.eventType(action)+`"`))
	}
	return out
}

func (p *Player) deliversAs(text, name, contentType string) error {
	return p.deliversWith(text, name, func(raw *digitalconnect.Raw) { raw.Header = http.Header{"Content-Type": {contentType}} })
}

// deliversWith delivers a lawful message in an unusual way.
func (p *Player) deliversWith(text, name string, change func(raw *digitalconnect.Raw)) error {
	c, err := p.conversation(name)
	if err != nil {
		return err
	}
	raw := digitalconnect.Raw{Body: p.messageBody(c.ID(), text)}
	change(&raw)
	return p.emit(raw)
}

func (p *Player) deliversAt(text, name, how string) error {
	return p.deliversWith(text, name, func(raw *digitalconnect.Raw) { raw.Path = slash[how] })
}

// slash is what stands behind the webhook's address.
var slash = map[string]string{"with": "/", "without": ""}

func (p *Player) deliversBy(text, name, method string) error {
	return p.deliversWith(text, name, func(raw *digitalconnect.Raw) { raw.Method = method })
}

func (p *Player) deliversForged(text, name, how string) error {
	auth := p.account.Integrations[0].Auth
	header := http.Header{"Authorization": nil, cmp.Or(auth.Header, "X-Api-Key"): nil}
	wrong := map[string]string{"with wrong credentials": "not-" + auth.Secret, "with half the credentials": auth.Secret[:len(auth.Secret)/2]}[how]
	switch {
	case wrong == "":
	case auth.Type == webhook.Basic:
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(auth.User+":"+wrong)))
	default:
		header.Set(cmp.Or(auth.Header, "X-Api-Key"), wrong)
	}
	return p.deliversWith(text, name, func(raw *digitalconnect.Raw) { raw.Header = header })
}

func (p *Player) deliversUnknown(text string) error {
	return p.emit(digitalconnect.Raw{Body: p.messageBody(nobody, text)})
}

func (p *Player) deliversFirst(text, name string) error {
	first, err := p.firstOf(name)
	if err != nil {
		return err
	}
	return p.emit(digitalconnect.Raw{Body: p.messageBody(first, text)})
}

// firstOf is the id of the first of several conversations of a user.
func (p *Player) firstOf(name string) (string, error) {
	g, err := p.guest(name)
	if err != nil {
		return "", err
	}
	if len(g.conversations) < 2 {
		return "", &steps.HarnessError{Doing: "find the first conversation of " + name, Err: fmt.Errorf("there have been %d", len(g.conversations))}
	}
	return g.conversations[0], nil
}

func (p *Player) deliversFirstEnd(name string) error {
	first, err := p.firstOf(name)
	if err != nil {
		return err
	}
	p.settle() // Nobody is to be told of it.
	return p.emit(digitalconnect.Raw{Body: p.endBody(first), Action: digitalconnect.ConversationEnded, Conversation: first})
}

func (p *Player) deliversUnknownEnd() error {
	p.settle() // Nobody is to be told of it.
	return p.emit(digitalconnect.Raw{Body: p.endBody(nobody)})
}

// endBody is a lawful conversation_ended.
func (p *Player) endBody(conversation string) []byte {
	raw, _ := json.Marshal(map[string]any{ // Texts can always be encoded.
		"event_type": p.eventType(digitalconnect.ConversationEnded), "conversation_id": conversation, "timestamp": p.clock.Now().UTC().Format(timeFormat),
	})
	return raw
}

func (p *Player) deliversAgain() error {
	last, err := p.lastDelivery()
	if err != nil {
		return err
	}
	if _, err := p.answered(last); err != nil {
		return err
	}
	p.settle() // Nobody is to be told of it again.
	return p.emit(digitalconnect.Raw{Body: last.body(), Action: last.action})
}

func (p *Player) deliversNonsense(what string) error {
	g := p.order[0]
	c, err := p.conversation(g.name)
	if err != nil {
		return err
	}
	message := string(p.messageBody(c.ID(), "Nobody should read this"))
	var body string
	switch what {
	case "nothing":
	case "text that is no JSON":
		body = "event_type=MESSAGE_CREATED&content=Nobody+should+read+this"
	case "half of a message":
		body = message[:len(message)/2]
	case "JSON nested 10000 deep":
		body = strings.Repeat("[", 10000) + strings.Repeat("]", 10000)
	case "a message of 30 MB":
		body = string(p.messageBody(c.ID(), strings.Repeat("Nobody should read this. ", 30<<20/25)))
	case "bytes that are no UTF-8":
		body = "\xff\xfe\x00{\x80}"
	case "a message with each key twice":
		body = strings.Replace(message, `{`, `{"event_type":"NOTHING","conversation_id":"`+nobody+`","timestamp":"",`, 1)
	case "a message with keys in the wrong case":
		body = strings.NewReplacer(`"event_type"`, `"Event_Type"`, `"conversation_id"`, `"Conversation_Id"`, `"payload"`, `"PayLoad"`).Replace(message)
	}
	return p.emit(digitalconnect.Raw{Body: []byte(body)})
}

func (p *Player) deliversLoad(n, perSecond int) error {
	p.rounds++
	for _, g := range p.order {
		g.heard = nil
	}
	tick := time.NewTicker(pace(perSecond)) // The rate is what the scenario is about.
	defer tick.Stop()
	for i := range n {
		g := p.order[i%len(p.order)]
		c, err := p.conversation(g.name)
		if err != nil {
			return err
		}
		text := line("the agent", i+1, p.rounds) + " for " + g.name
		if i%10 == 9 && i >= len(p.order) {
			if err := p.repeat(g); err != nil {
				return err
			}
		} else {
			g.heard = append(g.heard, text)
			g.last = p.messageBody(c.ID(), text)
			if err := p.emit(digitalconnect.Raw{Body: g.last, Action: digitalconnect.MessageCreated, Conversation: g.conversations[len(g.conversations)-1]}); err != nil {
				return err
			}
		}
		select {
		case <-tick.C:
		case <-p.Context().Done():
			return p.blame("deliver messages", p.Context().Err())
		}
	}
	return nil
}

// repeat delivers the message again that a user was delivered last.
func (p *Player) repeat(g *guest) error {
	return p.emit(digitalconnect.Raw{Body: g.last, Action: digitalconnect.MessageCreated, Conversation: g.conversations[len(g.conversations)-1]})
}
