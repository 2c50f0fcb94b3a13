package agentmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/browser"
	"deskcheck/steps/expect"
)

var pushSteps = []definition{
	define(`pushes are possible`, func(p *Player) any { return p.pushesPossible }, "The user grants notifications and the push service answers; otherwise nobody has been asked."),
	define(`the user denies notifications`, func(p *Player) any { return p.deniesNotifications }),
	define(`the push service cannot be reached`, func(p *Player) any { return p.pushUnreachable }),
	define(`a shell gives the desk of (?P<person>\w+) the token "([^"]*)"`, func(p *Player) any { return p.shellToken }, "As fcm-key in the address of the page."),
	define(`the manager pushes (?P<person>\w+) the last "([^"]*)"`, func(p *Player) any { return p.pushesLast }),
	define(`the manager pushes (?P<person>\w+), one after the other`, func(p *Player) any { return p.pushesLines }, "Each line is a push, and need not be JSON."),
	define(`(?P<person>\w+)'s desk names its token in the handshake`, func(p *Player) any { return p.namesToken }),
	define(`(?P<person>\w+)'s desk names the token "([^"]*)" in the handshake, if it takes one from a shell`, func(p *Player) any { return p.namesTokenOfShell }),
	define(`(?P<person>\w+)'s desk names no token in the handshake`, func(p *Player) any { return p.namesNoToken }),
	define(`(?P<person>\w+)'s desk shows a notification or comes back`, func(p *Player) any { return p.reactsToPush }),
	define(`(?P<person>\w+)'s desk has given its token back, or shows no push any more`, func(p *Player) any { return p.tokenGivenBack }),
}

// partyPush is the push service in the journal.
const partyPush journal.Party = "push service"

// pushQueue are the pushes of the manager that no page has been given yet. The manager, which must not be kept waiting, fills it; whoever brings the pages to rest empties it.
type pushQueue struct {
	mu      sync.Mutex
	waiting []agentmanager.Push
}

func (q *pushQueue) put(p agentmanager.Push) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, p)
}

// take takes out what waits for a token.
func (q *pushQueue) take(token string) []agentmanager.Push {
	q.mu.Lock()
	defer q.mu.Unlock()
	isFor := func(p agentmanager.Push) bool { return p.Token == token }
	var taken []agentmanager.Push
	for _, p := range q.waiting {
		if isFor(p) {
			taken = append(taken, p)
		}
	}
	q.waiting = slices.DeleteFunc(q.waiting, isFor)
	return taken
}

func (p *Player) pushesPossible() { p.pushing = &browser.PushOptions{} }

func (p *Player) deniesNotifications() { p.pushing = &browser.PushOptions{Denied: true} }

func (p *Player) pushUnreachable() { p.pushing = &browser.PushOptions{Unreachable: true} }

func (p *Player) shellToken(name, token string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	s.shell = token
	return nil
}

// withShell is the address of a page with the token of the shell around it, if there is one.
func (s *seat) withShell(address string) string {
	u, err := url.Parse(address)
	if s.shell == "" || err != nil {
		return address
	}
	query := u.Query()
	query.Set("fcm-key", s.shell)
	u.RawQuery = query.Encode()
	return u.String()
}

// standIn stands in for pushes in a tab that is about to show the person's page, if the scenario wants any.
func (p *Player) standIn(ctx context.Context, s *seat, tab *browser.Tab) (err error) {
	if p.pushing == nil {
		return nil
	}
	o := *p.pushing
	o.Token = s.token()
	s.push, err = tab.StandInForPush(ctx, o)
	return acts("stand in for pushes", err)
}

// token is what the push service gives the person's page.
func (s *seat) token() string { return "token-of-" + s.name }

// traffic is that of a person's page, once what the manager has pushed to it was delivered.
func (p *Player) traffic(s *seat) func(context.Context) (browser.Traffic, func(context.Context) bool, error) {
	return func(ctx context.Context) (browser.Traffic, func(context.Context) bool, error) {
		for _, push := range p.pushes.take(s.token()) {
			raw, err := json.Marshal(push)
			if err == nil {
				err = p.deliver(ctx, s, string(raw))
			}
			if err != nil {
				return browser.Traffic{}, nil, err
			}
		}
		return s.traffic(ctx)
	}
}

// deliver pushes a text to the person's page; where none is open, or no worker of it has subscribed, it is lost.
func (p *Player) deliver(ctx context.Context, s *seat, text string) error {
	if s.push == nil || s.page == nil {
		return nil
	}
	if _, err := s.push.Deliver(ctx, text); err != nil {
		return fmt.Errorf("push to %s: %w", s.name, err)
	}
	return nil
}

// lastHandshake is what the last handshake of a desk carried, with its entry.
func (p *Player) lastHandshake(s *seat) (auth any, entry int) {
	all := p.Journal.All(0, isFrom(s, "CONNECT"))
	if len(all) == 0 {
		return nil, 0
	}
	last := all[len(all)-1]
	return payload(last), last.Seq
}

// asksService matches what a desk asks of the push service.
func asksService(s *seat, method string) journal.Match {
	return func(e journal.Entry) bool {
		return e.Kind == journal.Request && e.From == s.party && e.To == partyPush && strings.HasPrefix(e.Name, method)
	}
}

// usesPush ends a scenario of pushes for a desk that has none: no token in its handshake, and nothing asked of the push service.
func (p *Player) usesPush(s *seat) error {
	auth, entry := p.lastHandshake(s)
	if _, asked := p.Journal.Find(0, asksService(s, "")); asked || hasToken(auth) {
		return nil
	}
	const why = "its handshake has no token, although pushes were possible"
	if slices.Contains(p.stage.Claims, "push") {
		return &steps.Failure{Expected: `the capability "push", which the desk claims to have`, Recorded: why, Entry: entry}
	}
	return &steps.NotApplicable{Capability: "push", Why: why}
}

// pushesText pushes a text to a person's page, whose socket may be up.
func (p *Player) pushesText(name, text, words string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	if err := p.usesPush(s); err != nil {
		return err
	}
	data, err := json.Marshal(map[string]string{"payload": text})
	if err != nil {
		return acts("write the push", err)
	}
	p.Journal.Append(journal.Entry{Kind: journal.Frame, From: agentmanager.PartyManager, To: s.party, Name: "push", Note: words, Data: data})
	if err := p.deliver(p.Context(), s, text); err != nil {
		return p.blame("push to "+name, err)
	}
	return p.Rest()
}

// pushOf is the text of a push that tells of the last event of a name.
func (p *Player) pushOf(s *seat, event string) (string, error) {
	told := p.lastTo(s, event, "")
	if told == nil {
		return "", acts("push "+event, fmt.Errorf("the manager has sent %s none", s.name))
	}
	inner, err := json.Marshal(told)
	if err != nil {
		return "", acts("write the push", err)
	}
	var push agentmanager.Push
	push.Data.Event, push.Data.Payload = event, string(inner)
	if object, is := told.(map[string]any); is {
		push.Data.ConversationID, _ = object["conversationId"].(string)
	}
	raw, err := json.Marshal(push)
	return string(raw), acts("write the push", err)
}

func (p *Player) pushesLast(name, event string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	text, err := p.pushOf(s, event)
	if err != nil {
		return err
	}
	return p.pushesText(name, text, event+" is pushed, which the socket has brought before.")
}

func (p *Player) pushesLines(name string, doc *godog.DocString) error {
	for line := range strings.Lines(doc.Content) {
		if err := p.pushesText(name, strings.TrimSpace(line), "What is pushed is nothing that the kit would push."); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) namesToken(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.usesPush(s); err != nil {
		return err
	}
	return p.namesTokenOf(name, s.token())
}

func (p *Player) namesTokenOf(name, token string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	auth, entry := p.lastHandshake(s)
	if object, _ := auth.(map[string]any); slices.Contains(tokensIn(object["fcm"]), token) {
		return nil
	}
	return &steps.Failure{Expected: fmt.Sprintf("the token %q in the fcm of the handshake", token), Recorded: fcmWords(auth), Entry: entry}
}

// namesTokenOfShell is for what a desk may do: one that does not is none to which it applies.
func (p *Player) namesTokenOfShell(name, token string) error {
	err := p.namesTokenOf(name, token)
	if failure, failed := errors.AsType[*steps.Failure](err); failed {
		return &steps.NotApplicable{Why: "the desk takes no token from the address of its page: " + failure.Recorded}
	}
	return err
}

func (p *Player) namesNoToken(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.isLetIn(s, 0); err != nil {
		return err
	}
	if auth, entry := p.lastHandshake(s); hasToken(auth) {
		return &steps.Failure{Expected: "no token in the fcm of the handshake, for there can be none", Recorded: fcmWords(auth), Entry: entry}
	}
	return nil
}

// tokensIn are those of the fcm of a handshake: the text, or the texts of the object.
func tokensIn(fcm any) []string {
	switch fcm := fcm.(type) {
	case string:
		return []string{fcm}
	case map[string]any:
		var tokens []string
		for _, value := range fcm {
			if text, is := value.(string); is {
				tokens = append(tokens, text)
			}
		}
		return tokens
	}
	return nil
}

func fcmWords(auth any) string {
	object, is := auth.(map[string]any)
	if !is {
		return "there was no handshake with an auth"
	}
	fcm, there := object["fcm"]
	if !there {
		return "the handshake has no fcm"
	}
	return "the fcm is " + expect.Short(fcm)
}

// soon is how long a desk has to react to a push. A client that has lost its connection tries again by itself after half a second at the soonest.
const soon = 400 * time.Millisecond

func (p *Player) reactsToPush(name string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	if err := p.usesPush(s); err != nil {
		return err
	}
	if auth, entry := p.lastHandshake(s); !hasToken(auth) {
		return &steps.Failure{Requirements: []string{"AM-FCM-01"}, Expected: "a token in the fcm of the handshake, so that the manager can push", Recorded: fcmWords(auth), Entry: entry}
	}
	err = p.Elapse(func() bool {
		_, reacted := p.Journal.Find(p.mark, func(e journal.Entry) bool { return p.isNotified(s)(e) || isFrom(s, "CONNECT")(e) })
		return reacted
	}, soon)
	return p.absent(err, "a notification on the desk of "+name+", or a new handshake, upon the push", p.lately(s, p.mark))
}

// isNotified matches a notification of a desk.
func (p *Player) isNotified(s *seat) journal.Match {
	return func(e journal.Entry) bool { return e.Kind == journal.Notified && e.From == s.party }
}

func (p *Player) tokenGivenBack(name string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if _, deleted := p.Journal.Find(p.mark, asksService(s, "DELETE ")); deleted {
		return nil
	}
	mark := p.Journal.Len()
	text, err := p.pushOf(s, "taskRequest")
	if err != nil {
		return err
	}
	if err := p.pushesText(name, text, "An offer is pushed to the token of someone who has signed out."); err != nil {
		return err
	}
	if e, shown := p.Journal.Find(mark, p.isNotified(s)); shown {
		return &steps.Failure{Expected: "a token that is given back when its user signs out, or pushes that show nothing any more", Recorded: fmt.Sprintf("nothing was deleted at the push service, and a push shows %q", e.Name), Entry: e.Seq}
	}
	return nil
}
