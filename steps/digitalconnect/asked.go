package digitalconnect

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/fixtures"
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
	Messages []struct {
		Type      string `json:"type"`
		Content   string `json:"content"`
		CreatedAt string `json:"created_at"`
	} `json:"previous_messages"`
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
	if !slices.IsSortedFunc(p.before.Messages, func(a, b struct {
		Type      string `json:"type"`
		Content   string `json:"content"`
		CreatedAt string `json:"created_at"`
	}) int {
		return strings.Compare(a.CreatedAt, b.CreatedAt)
	}) {
		return &steps.Failure{Expected: "the oldest first", Recorded: "a later time stands before an earlier one", Entry: c.entry.Seq}
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
