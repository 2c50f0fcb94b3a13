package digitalconnect

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

var askedSteps = []definition{
	define(`the connector has asked for a token with`, func(p *Player) any { return p.tokenWith }, "A pattern of the form's fields; \"<string>\" stands for any text."),
	define(`the client has presented itself with Basic`, func(p *Player) any { return p.basic }),
	define(`each assertion has an identifier of its own`, func(p *Player) any { return p.assertionsDiffer }),
	define(`no token was refused`, func(p *Player) any { return p.noTokenRefused }),
	define(`each call has shown a token`, func(p *Player) any { return p.eachShowsToken }),
	define(`no call has shown a token that had expired`, func(p *Player) any { return p.noneExpired }),
	define(`the connector has asked for (at most )?(\d+) tokens?( since then)?`, func(p *Player) any { return p.tokens }, "Since then: since the last When began."),
	define(`the token was asked for at "([^"]*)"`, func(p *Player) any {
		return func(host string) error { return p.at("token", host) }
	}),
	define(`the conversation was started at "([^"]*)"`, func(p *Player) any {
		return func(host string) error { return p.at("start", host) }
	}),
	define(`Talkdesk has been sent nothing`, func(p *Player) any { return p.sentNothing }),
	define(`the connector starts a conversation for (?P<user>[A-Z]\w*)`, func(p *Player) any { return p.startsFor }),
	define(`(?P<user>[A-Z]\w*) talks to an agent in the end`, func(p *Player) any { return p.settledWithAgent }, "However many attempts it took."),
	define(`the connector has started (\d+) conversations?`, func(p *Player) any { return p.hasStarted }),
	define(`Talkdesk has (\d+) conversations?`, func(p *Player) any { return p.talkdeskHas }),
	define(`the new start has a key and an id of its own`, func(p *Player) any { return p.newStart }),
	define(`the start for (?P<user>[A-Z]\w*) carries`, func(p *Player) any { return p.startCarries }, "A pattern of the body; ${touchpoint} is the id of the touchpoint, \"<string>\" any text."),
	define(`the start for (?P<user>[A-Z]\w*) fits its schema`, func(p *Player) any { return p.startFits }),
	define(`the start for (?P<user>[A-Z]\w*) and that for (?P<other>[A-Z]\w*) have different addresses`, func(p *Player) any { return p.addressesDiffer }),
	define(`the address of each start looks like one`, func(p *Player) any { return p.addressesLook }),
	define(`the start for (?P<user>[A-Z]\w*) carries what was said before, the oldest first`, func(p *Player) any { return p.carriesTranscript }),
	define(`"([^"]*)" was said by the (user|bot) there`, func(p *Player) any { return p.transcriptSays }),
	define(`the start for (?P<user>[A-Z]\w*) carries no arguments, or none in them`, func(p *Player) any { return p.noArguments }),
	define(`the repeated (start|message) has the key of the first`, func(p *Player) any { return p.sameKey }),
	define(`each message has a key of its own`, func(p *Player) any { return p.ownKeys }),
	define(`the repeated (start|message) has come (\d+) seconds? after the first`, func(p *Player) any { return p.waited }),
	define(`the connector has made (\d+|no) (?P<operation>`+operations+`) calls?( since then)?`, func(p *Player) any { return p.hasMade }),
	define(`the connector makes no further (?P<operation>`+operations+`) call`, func(p *Player) any { return p.noFurther }),
	define(`no call has tried to change the conversation`, func(p *Player) any { return p.noneChanged }, "There is no operation that does."),
	define(`the connector has made (\d+) message calls? since (?P<user>[A-Z]\w*) said "([^"]*)"`, func(p *Player) any { return p.madeSinceSaid }),
	define(`the connector makes at most (\d+) (?P<operation>`+operations+`) calls? in (\d+) seconds?`, func(p *Player) any { return p.atMost }, "The connector's clock is its own: this is watched for as long."),
	define(`the connector ends the conversation with (?P<user>[A-Z]\w*)`, func(p *Player) any {
		return func(name string) error { return p.endsConversation(name, p.Deadlines.Event) }
	}),
	define(`the connector ends the conversation with (?P<user>[A-Z]\w*) within its idle time`, func(p *Player) any { return p.endsIdle }),
}

// call is what a request of the connector holds, as the journal has it.
type call struct {
	entry   journal.Entry
	Method  string            `json:"method"`
	Host    string            `json:"host"`
	Path    string            `json:"path"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
}

func callOf(e journal.Entry) call {
	c := call{entry: e}
	_ = json.Unmarshal(e.Data, &c) // The mock wrote it.
	var form string
	if strings.HasPrefix(c.header("Content-Type"), "application/x-www-form-urlencoded") && json.Unmarshal(c.Body, &form) == nil {
		c.Body = formFields(form)
	}
	return c
}

// formFields are the fields of a form as an object, each with its first value.
func formFields(form string) json.RawMessage {
	values, _ := url.ParseQuery(form) // What could be read of it counts; the mock has said what was wrong.
	fields := map[string]string{}
	for name := range values {
		fields[name] = values.Get(name)
	}
	raw, _ := json.Marshal(fields) // Texts can always be encoded.
	return raw
}

// header is a header of the call, whatever the case of its name.
func (c call) header(name string) string {
	for key, value := range c.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

// isCall matches a request of the connector for an operation, for any if none is named.
func isCall(operation string) journal.Match {
	return func(e journal.Entry) bool {
		return e.Kind == journal.Request && e.From == journal.Connector && (operation == "" || e.Operation == operation)
	}
}

// calls are the requests for an operation after a mark.
func (p *Player) calls(mark int, operation string) []call {
	var all []call
	for _, e := range p.Journal.All(mark, isCall(operation)) {
		all = append(all, callOf(e))
	}
	return all
}

// awaitCall waits for a request after a mark.
func (p *Player) awaitCall(mark int, operation string) (call, error) {
	e, err := p.Await(mark, isCall(operation), p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return call{}, &steps.Failure{Expected: fmt.Sprintf("the call %s within %s", operation, p.Deadlines.Event), Recorded: p.lately(mark)}
	}
	return callOf(e), err
}

func (p *Player) tokenWith(pattern *godog.DocString) error {
	c, err := p.awaitCall(0, "token")
	if err != nil {
		return err
	}
	return p.fits(pattern.Content, c, "the form")
}

// fits holds the body of a call against a pattern.
func (p *Player) fits(pattern string, c call, what string) error {
	var want any
	if err := json.Unmarshal([]byte(strings.ReplaceAll(pattern, "${touchpoint}", p.values["touchpoint"])), &want); err != nil {
		return acts("read the pattern", err)
	}
	if why, ok := expect.Fits(want, expect.Decode(c.Body), what); !ok {
		return &steps.Failure{Expected: what + " with " + expect.Short(want), Recorded: why, Entry: c.entry.Seq}
	}
	return nil
}

func (p *Player) basic() error {
	c, err := p.awaitCall(0, "token")
	if err != nil {
		return err
	}
	if scheme, _, _ := strings.Cut(c.header("Authorization"), " "); !strings.EqualFold(scheme, "Basic") {
		return &steps.Failure{Expected: "Authorization: Basic on the request for a token", Recorded: fmt.Sprintf("the header is %q", c.header("Authorization")), Entry: c.entry.Seq}
	}
	return nil
}

func (p *Player) assertionsDiffer() error {
	seen := map[string]bool{}
	for _, id := range p.talkdesk.Assertions() {
		if seen[id] {
			return &steps.Failure{Requirements: []string{"DC-AUTH-04"}, Expected: "a new jti in each assertion", Recorded: fmt.Sprintf("%q has come twice", id)}
		}
		seen[id] = true
	}
	if len(seen) < 2 {
		return acts("compare assertions", fmt.Errorf("there were %d", len(seen)))
	}
	return nil
}

// refused finds responses to an operation with a status that a function picks.
func (p *Player) answers(mark int, operation string, pick func(status int) bool) []journal.Entry {
	return p.Journal.All(mark, func(e journal.Entry) bool {
		return e.Kind == journal.Response && e.To == journal.Connector && (operation == "" || e.Operation == operation) && pick(statusOf(e))
	})
}

// statusOf is the status of a response, 0 if it has none.
func statusOf(e journal.Entry) int {
	var data struct {
		Status int `json:"status"`
	}
	_ = json.Unmarshal(e.Data, &data) // The mock wrote it.
	return data.Status
}

func (p *Player) noTokenRefused() error {
	if all := p.answers(0, "token", func(status int) bool { return status >= 400 }); len(all) > 0 {
		return &steps.Failure{Expected: "a request for a token that the client may make", Recorded: fmt.Sprintf("it was refused with %d", statusOf(all[0])), Entry: all[0].Seq}
	}
	return nil
}

// toAPI matches what is called with a token.
func toAPI(c call) bool { return c.entry.To == journal.Party("api") }

func (p *Player) eachShowsToken() error {
	for _, c := range p.calls(0, "") {
		if scheme, _, _ := strings.Cut(c.header("Authorization"), " "); toAPI(c) && !strings.EqualFold(scheme, "Bearer") {
			return &steps.Failure{Expected: "Authorization: Bearer on each call", Recorded: fmt.Sprintf("the header is %q", c.header("Authorization")), Entry: c.entry.Seq}
		}
	}
	return nil
}

func (p *Player) noneExpired() error {
	refused := p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Violation && e.Requirement == "DC-AUTH-09" })
	if len(refused) > 0 {
		return &steps.Failure{Requirements: []string{"DC-AUTH-09"}, Expected: "a new token once the old one has expired", Recorded: refused[0].Note, Entry: refused[0].Seq}
	}
	return nil
}

func (p *Player) noneChanged() error {
	p.pass(p.hush())
	for _, c := range p.calls(0, "") {
		if c.entry.Operation == "" && (c.Method == http.MethodPatch || c.Method == http.MethodPut) {
			return &steps.Failure{Requirements: []string{"DC-ARG-07"}, Expected: "all arguments with the start", Recorded: "the connector has called " + c.entry.Name, Entry: c.entry.Seq}
		}
	}
	return nil
}

// since is where a sentence begins to count.
func (p *Player) since(then string) int {
	if then == "" {
		return 0
	}
	return p.mark
}

func (p *Player) tokens(most string, n int, then string) error {
	got := p.calls(p.since(then), "token")
	if len(got) > n || most == "" && len(got) != n {
		return &steps.Failure{Expected: fmt.Sprintf("%s%d requests for a token", most, n), Recorded: fmt.Sprintf("there were %d", len(got)), Entry: lastOf(got)}
	}
	return nil
}

// lastOf is the entry of the last of some calls, 0 if there is none.
func lastOf(all []call) int {
	if len(all) == 0 {
		return 0
	}
	return all[len(all)-1].entry.Seq
}

func (p *Player) at(operation, host string) error {
	c, err := p.awaitCall(0, operation)
	if err != nil {
		return err
	}
	if c.Host != host {
		return &steps.Failure{Expected: fmt.Sprintf("the call %s at %s", operation, host), Recorded: "it went to " + c.Host, Entry: c.entry.Seq}
	}
	return nil
}

func (p *Player) sentNothing() error {
	if all := p.calls(0, ""); len(all) > 0 {
		return &steps.Failure{Expected: "no call to a server whose certificate cannot be trusted", Recorded: "it was sent " + all[0].entry.Name, Entry: all[0].entry.Seq}
	}
	return nil
}

// attempts are the calls of an operation since the last When that say the same.
func (p *Player) attempts(operation string) ([]call, error) {
	var all []call
	err := p.Until(func() bool { all = p.calls(p.mark, operation); return len(all) > 1 }, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return nil, &steps.Failure{Expected: "the " + operation + " once more", Recorded: fmt.Sprintf("it was called %d times", len(all)), Entry: lastOf(all)}
	}
	return all, err
}

func (p *Player) sameKey(operation string) error {
	all, err := p.attempts(operation)
	if err != nil {
		return err
	}
	first, again := all[0].header(idempotencyKey), all[1].header(idempotencyKey)
	if first == "" || first != again {
		return &steps.Failure{Expected: "the same " + idempotencyKey + " on both attempts", Recorded: fmt.Sprintf("%q, and then %q", first, again), Entry: all[1].entry.Seq}
	}
	return nil
}

func (p *Player) ownKeys() error {
	seen := map[string]int{}
	for _, c := range p.calls(0, "message") {
		key := c.header(idempotencyKey)
		if key == "" || seen[key] > 0 {
			return &steps.Failure{Expected: "an " + idempotencyKey + " of its own for each message", Recorded: fmt.Sprintf("it is %q, as in entry %d", key, seen[key]), Entry: c.entry.Seq}
		}
		seen[key] = c.entry.Seq
	}
	return nil
}

func (p *Player) waited(operation string, seconds int) error {
	all, err := p.attempts(operation)
	if err != nil {
		return err
	}
	if gap := all[1].entry.At - all[0].entry.At; gap < time.Duration(seconds)*time.Second-50*time.Millisecond {
		return &steps.Failure{Requirements: []string{"DC-CONV-14"}, Expected: fmt.Sprintf("%d s between the attempts, as Retry-After says", seconds), Recorded: gap.Round(time.Millisecond).String(), Entry: all[1].entry.Seq}
	}
	return nil
}

func (p *Player) hasMade(count, operation, then string) error {
	n := 0
	if count != "no" {
		if _, err := fmt.Sscan(count, &n); err != nil {
			return acts("read the number "+count, err)
		}
	}
	p.pass(p.hush())
	if got := p.calls(p.since(then), operation); len(got) != n {
		return &steps.Failure{Expected: fmt.Sprintf("%s %s calls", count, operation), Recorded: fmt.Sprintf("there were %d", len(got)), Entry: lastOf(got)}
	}
	return nil
}

func (p *Player) noFurther(operation string) error {
	return p.hasMade("no", operation, " since then")
}

func (p *Player) madeSinceSaid(n int, name, text string) error {
	said, found := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.Act && string(e.From) == name && e.Name == fmt.Sprintf("says %q", text)
	})
	if !found {
		return acts("find what "+name+" said", fmt.Errorf("%q was not", text))
	}
	p.pass(p.hush())
	if got := p.calls(said.Seq, "message"); len(got) != n {
		return &steps.Failure{Expected: fmt.Sprintf("%d message calls", n), Recorded: fmt.Sprintf("there were %d", len(got)), Entry: lastOf(got)}
	}
	return nil
}

func (p *Player) atMost(n int, operation string, seconds int) error {
	p.pass(time.Duration(seconds) * time.Second)
	if got := p.calls(p.mark, operation); len(got) > n {
		return &steps.Failure{Expected: fmt.Sprintf("at most %d %s calls in %d s", n, operation, seconds), Recorded: fmt.Sprintf("there were %d", len(got)), Entry: lastOf(got)}
	}
	return nil
}

func (p *Player) endsConversation(name string, within time.Duration) error {
	c, err := p.conversation(name)
	if err != nil {
		return err
	}
	err = p.Until(func() bool { return c.Snapshot().EndedBy == digitalconnect.FromContact }, within)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: fmt.Sprintf("DELETE of %s's conversation within %s", name, within), Recorded: p.lately(p.mark)}
	}
	return err
}

func (p *Player) endsIdle(name string) error {
	idle := p.idle
	if idle == 0 {
		return &steps.NotApplicable{Capability: "idle-end", Why: "connector.idle-end does not say after what time it ends the conversation of a user who is gone"}
	}
	return p.endsConversation(name, idle+p.Deadlines.Event)
}
