package aichat

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// What the host asked of the integration, and what came of it.
var callSteps = []definition{
	define(`the host calls "([^"]*)" once`, func(p *Player) any { return p.hostCallsOnce }),
	define(`the host calls "([^"]*)"`, func(p *Player) any { return p.hostCalls }),
	define(`the host does not call "([^"]*)"`, func(p *Player) any { return p.hostCallsNot }),
	define(`the host has called "([^"]*)" (\d+) times?`, func(p *Player) any { return p.hostHasCalled }),
	define(`the host calls "([^"]*)" and then "([^"]*)"`, func(p *Player) any { return p.hostCallsThen }),
	define(`the host calls "([^"]*)" with`, func(p *Player) any { return p.hostCallsWith }),
	define(`the host calls "([^"]*)" (\d+) times? at once`, func(p *Player) any { return p.invokesAtOnce }),
	define(`the host calls "sendMessageToAgent" with an empty text and a file`, func(p *Player) any { return p.invokesFile }),
	define(`the host calls "sendMessageToAgent" with the text "([^"]*)" and (.+) as additional data`, func(p *Player) any { return p.invokesText }),
	define(`the host starts a chat with the options (.+)`, func(p *Player) any { return p.invokesStart }),
	define(`"([^"]*)" (settles|is fulfilled|is rejected) within (\d+) seconds`, func(p *Player) any { return p.settlesWithin }),
	define(`"([^"]*)" is fulfilled with (true|false|null) within (\d+) seconds`, func(p *Player) any { return p.fulfilledWith }),
	define(`"([^"]*)" is rejected with an Error within (\d+) seconds`, func(p *Player) any { return p.rejectedWithError }),
	define(`each "([^"]*)" (settles|is fulfilled) within (\d+) seconds`, func(p *Player) any { return p.eachSettles }),
	define(`"([^"]*)" is still pending`, func(p *Player) any { return p.stillPending }),
	define(`"([^"]*)" has settled before "([^"]*)"`, func(p *Player) any { return p.settledBefore }),
	define(`"startChat" has never been rejected after its "endChat"`, func(p *Player) any { return p.neverRejectedLate }),
	define(`the page has registered a function as the factory`, func(p *Player) any { return p.factoryIsFunction }),
	define(`the factory was called with exactly one argument`, func(p *Player) any { return p.factoryArguments }),
	define(`the integration is an object with the methods "([^"]*)"`, func(p *Player) any { return p.integrationIsObject }),
	define(`each optional method of the integration is absent or a function`, func(p *Player) any { return p.hasProperMethods }),
	define(`"getName" has answered with a non-empty string, and not with a promise`, func(p *Player) any { return p.nameIsString }),
	define(`"getName" has answered with at most (\d+) characters`, func(p *Player) any { return p.nameIsShort }),
	define(`"getName" has answered the same each time`, func(p *Player) any { return p.nameIsConstant }),
	define(`the name holds no address, number or secret`, func(p *Player) any { return p.nameIsPlain }),
	define(`these happen in order`, func(p *Player) any { return p.inOrder }),
}

func isCall(method string) journal.Match {
	return func(e journal.Entry) bool { return e.Kind == journal.Call && e.Name == method }
}

func (p *Player) calls(method string) []journal.Entry {
	return p.Journal.All(0, func(e journal.Entry) bool { return isCall(method)(e) && e.Widget == p.widget })
}

// hostCalls waits for a call of the method since the latest When.
func (p *Player) hostCalls(method string) error {
	_, err := p.Await(p.mark, isCall(method), p.Deadlines.Settled)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "the host to call " + method, Recorded: "it did not", Hint: p.trouble()}
	}
	return err
}

func (p *Player) hostCallsOnce(method string) error {
	if err := p.hostCalls(method); err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if all := p.Journal.All(p.mark, isCall(method)); len(all) > 1 {
		return &steps.Failure{Expected: "the host to call " + method + " once", Recorded: fmt.Sprintf("%d calls", len(all)), Entry: all[1].Seq}
	}
	return nil
}

func (p *Player) hostCallsNot(method string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(p.mark, isCall(method)); ok {
		return &steps.Failure{Expected: "the host not to call " + method, Recorded: "it did", Entry: e.Seq}
	}
	return nil
}

func (p *Player) hostHasCalled(method string, n int) error {
	if n > 0 {
		err := p.Until(func() bool { return len(p.Journal.All(0, isCall(method))) >= n }, p.Deadlines.Settled)
		if err != nil && !errors.Is(err, steps.ErrAbsent) {
			return err
		}
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if all := p.Journal.All(0, isCall(method)); len(all) != n {
		return &steps.Failure{Expected: fmt.Sprintf("%d calls of %s", n, method), Recorded: strconv.Itoa(len(all)), Hint: p.trouble()}
	}
	return nil
}

func (p *Player) hostCallsThen(first, second string) error {
	if err := p.hostCalls(second); err != nil {
		return err
	}
	one, ok := p.Journal.Find(p.mark, isCall(first))
	two, _ := p.Journal.Find(p.mark, isCall(second))
	if !ok || one.Seq > two.Seq {
		return &steps.Failure{Expected: fmt.Sprintf("%s and then %s", first, second), Recorded: "the other way round, or only " + second, Entry: two.Seq}
	}
	return nil
}

// hostCallsWith is a question under Then, and an act under When for a method that the host would not call in that way of itself.
func (p *Player) hostCallsWith(method string, doc *godog.DocString) error {
	if p.acting {
		// The shapes of other dialects are written out where they are tried.
		var args []any
		if err := json.Unmarshal([]byte(doc.Content), &args); err != nil {
			return &steps.HarnessError{Doing: "read the arguments " + doc.Content, Err: err}
		}
		return p.invoke(method, args)
	}
	pattern, err := p.patternOf(doc)
	if err != nil {
		return err
	}
	why := ""
	_, err = p.Await(p.mark, func(e journal.Entry) bool {
		if !isCall(method)(e) {
			return false
		}
		var ok bool
		why, ok = expect.Fits(pattern, expect.Decode(argumentsOf(e)), method)
		return ok
	}, p.Deadlines.Settled)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "the host to call " + method + " with " + expect.Short(pattern), Recorded: orElse(why, "it did not call it"), Hint: p.trouble()}
	}
	return err
}

// undefinedArgument stands for an argument that JSON has no word for; the page turns it into undefined.
var undefinedArgument = map[string]any{"$undefined": true}

// invoke has the page call a method of the integration directly, as a host may.
func (p *Player) invoke(method string, args []any) error {
	p.page.deviating[method] = true
	if args == nil {
		args = []any{}
	}
	mark := p.Journal.Len()
	if err := p.call("deskcheck.page.invoke", method, args, p.widget); err != nil {
		return err
	}
	_, err := p.Await(mark, isCall(method), p.Deadlines.Sight)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "a method " + method + " to call", Recorded: "the integration has none"}
	}
	return err
}

func (p *Player) invokesAtOnce(method string, n int) error {
	var args []any
	switch method {
	case "areAnyAgentsOnline":
		args = []any{connectMessage(map[string]any{})}
	case "endChat":
		args = []any{p.inDialect(map[string]any{"endedByAgent": false, "preEndChatPayload": nil})}
	}
	// What the integration had begun of itself, such as a request when it was built, is not what comes of these calls.
	if err := p.Rest(); err != nil {
		return err
	}
	p.mark = p.Journal.Len()
	for range n {
		if err := p.invoke(method, args); err != nil {
			return err
		}
	}
	return nil
}

func messageRequest(text string) map[string]any {
	return map[string]any{"id": "direct", "thread_id": "human-agent", "history": map[string]any{}, "input": map[string]any{"text": text, "message_type": "text", "agent_message_type": "from_user"}}
}

func (p *Player) invokesFile() error {
	file := map[string]any{"id": "file-1", "file": map[string]any{"$file": map[string]any{"name": "note.txt", "type": "text/plain", "text": "a note"}}, "status": "edit"}
	return p.invoke("sendMessageToAgent", []any{messageRequest(""), "direct-file", map[string]any{"filesToUpload": []any{file}}})
}

func (p *Player) argument(text string) (any, error) {
	if text == "undefined" {
		return undefinedArgument, nil
	}
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return nil, &steps.HarnessError{Doing: "read the argument " + text, Err: err}
	}
	return v, nil
}

func (p *Player) invokesText(text, data string) error {
	extra, err := p.argument(data)
	if err != nil {
		return err
	}
	return p.invoke("sendMessageToAgent", []any{messageRequest(text), "direct-text", extra})
}

func (p *Player) invokesStart(options string) error {
	extra, err := p.argument(options)
	if err != nil {
		return err
	}
	return p.invoke("startChat", []any{connectMessage(map[string]any{}), extra})
}

// lastSettlement gives what came of the latest call of a method.
func (p *Player) lastSettlement(method string) (settlement, journal.Entry, bool) {
	calls := p.calls(method)
	if len(calls) == 0 {
		return settlement{}, journal.Entry{}, false
	}
	return p.settlementOfCall(calls[len(calls)-1])
}

func (p *Player) settlementOfCall(call journal.Entry) (settlement, journal.Entry, bool) {
	e, ok := p.Journal.Find(call.Seq, func(e journal.Entry) bool { return e.Kind == journal.Settled && e.Ref == call.Seq })
	return settlementOf(e), e, ok
}

// settles waits for the latest call of a method to settle in one way ("fulfilled", "rejected" or "" for either) within a time of the scenario's own clock.
func (p *Player) settles(method, way string, within time.Duration) error {
	if err := p.Until(func() bool { return len(p.calls(method)) > 0 }, p.Deadlines.Settled); err != nil {
		if errors.Is(err, steps.ErrAbsent) {
			return &steps.Failure{Expected: "the host to call " + method, Recorded: "it did not", Hint: p.trouble()}
		}
		return err
	}
	calls := p.calls(method)
	return p.callSettles(calls[len(calls)-1], way, within)
}

func (p *Player) callSettles(call journal.Entry, way string, within time.Duration) error {
	expected := fmt.Sprintf("%s to %s within %s", call.Name, map[string]string{"": "settle", "fulfilled": "be fulfilled", "rejected": "be rejected"}[way], within)
	var s settlement
	var at journal.Entry
	err := p.Until(func() (done bool) { s, at, done = p.settlementOfCall(call); return done }, within)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: expected, Recorded: "it is still pending", Hint: p.trouble(), Entry: call.Seq}
	}
	if err != nil {
		return err
	}
	// Where the host waits for as long itself it knows best: its timer and the integration's run on one clock, so their order does not depend on the machine.
	if given, late := p.Journal.Find(call.Seq, func(e journal.Entry) bool { return p.gaveUp(e, call.Name) }); late && given.Seq < at.Seq {
		return &steps.Failure{Expected: expected, Recorded: fmt.Sprintf("it took %d ms, and the host had given up by then", int(s.Ms)), Entry: at.Seq}
	}
	// What counts is how long it took on the scenario's clock; a second is for the machine, which must not turn a time-out at the limit into a failure.
	if took := time.Duration(s.Ms * float64(time.Millisecond)); took > within+time.Second {
		return &steps.Failure{Expected: expected, Recorded: fmt.Sprintf("it took %s", took.Round(time.Millisecond)), Entry: at.Seq}
	}
	ok := way == "" || s.Outcome == way || way == "rejected" && s.Outcome == "threw"
	if !ok {
		return &steps.Failure{Expected: expected, Recorded: "it " + s.String(), Hint: p.trouble(), Entry: at.Seq}
	}
	return nil
}

// gaveUp matches the host's note that it goes on without the answer of a method, or that the answer came after its chat was over.
func (p *Player) gaveUp(e journal.Entry, method string) bool {
	if e.Kind != journal.Event || e.Name != "late" || e.Widget != p.widget {
		return false
	}
	data, _ := expect.Decode(e.Data).(map[string]any)
	return data["method"] == method
}

var ways = map[string]string{"settles": "", "is fulfilled": "fulfilled", "is rejected": "rejected"}

func (p *Player) settlesWithin(method, way string, n int) error {
	return p.settles(method, ways[way], seconds(n))
}

func (p *Player) fulfilledWith(method, value string, n int) error {
	if err := p.settles(method, "fulfilled", seconds(n)); err != nil {
		return err
	}
	s, e, _ := p.lastSettlement(method)
	if got := orElse(strings.TrimSpace(string(s.Value)), "undefined"); got != value {
		return &steps.Failure{Expected: fmt.Sprintf("%s to answer %s", method, value), Recorded: expect.Clip(got), Entry: e.Seq}
	}
	return nil
}

func (p *Player) rejectedWithError(method string, n int) error {
	if err := p.settles(method, "rejected", seconds(n)); err != nil {
		return err
	}
	s, e, _ := p.lastSettlement(method)
	if _, ok := s.isError(); !ok {
		return &steps.Failure{Expected: method + " to be rejected with an Error", Recorded: s.String(), Entry: e.Seq}
	}
	return nil
}

func (p *Player) eachSettles(method, way string, n int) error {
	for _, call := range p.Journal.All(p.mark, isCall(method)) {
		if err := p.callSettles(call, ways[way], seconds(n)); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) stillPending(method string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	if s, e, ok := p.lastSettlement(method); ok {
		return &steps.Failure{Expected: method + " to be pending while the desk has not answered", Recorded: "it " + s.String(), Entry: e.Seq}
	}
	return nil
}

func (p *Player) settledBefore(first, second string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	_, one, ok := p.lastSettlement(first)
	if _, two, _ := p.lastSettlement(second); !ok || one.Seq > two.Seq && p.late(first, two) {
		return &steps.Failure{Expected: fmt.Sprintf("%s to settle no later than %s", first, second), Recorded: second + " settled first", Entry: two.Seq}
	}
	return nil
}

// late says whether the host found a settlement that came after the end to be too late: what settles in the same breath is in time (see host.js).
func (p *Player) late(method string, end journal.Entry) bool {
	_, found := p.Journal.Find(end.Seq, func(e journal.Entry) bool {
		return p.gaveUp(e, method) || e.Kind == journal.Violation && e.Name == method && e.Requirement == "FLOW-12" && e.Widget == p.widget
	})
	return found
}

func (p *Player) neverRejectedLate() error {
	if err := p.Rest(); err != nil {
		return err
	}
	ends := p.calls("endChat")
	for _, call := range p.calls("startChat") {
		s, at, ok := p.settlementOfCall(call)
		if !ok || s.Outcome == "fulfilled" {
			continue
		}
		for _, end := range ends {
			if _, done, over := p.settlementOfCall(end); end.Seq > call.Seq && over && at.Seq > done.Seq && p.late(call.Name, done) {
				return &steps.Failure{Expected: "a cancelled start to be over when its endChat is", Recorded: "it " + s.String() + " afterwards", Entry: at.Seq}
			}
		}
	}
	return nil
}

func (p *Player) factoryIsFunction() error {
	if _, ok := p.Journal.Find(0, isCall("factory")); ok {
		return nil
	}
	return &steps.Failure{Expected: "a function under the key that the chat reads", Recorded: orElse(p.screen(p.widget).Failure, "the factory was never called"), Hint: p.trouble()}
}

func (p *Player) factoryArguments() error {
	e, ok := p.Journal.Find(0, isCall("factory"))
	args, _ := expect.Decode(argumentsOf(e)).([]any)
	if !ok || len(args) != 1 {
		return &steps.Failure{Expected: "one argument for the factory", Recorded: strconv.Itoa(len(args)), Entry: e.Seq}
	}
	return nil
}

func (p *Player) built() (settlement, error) {
	if err := p.settles("factory", "fulfilled", p.Deadlines.Factory); err != nil {
		return settlement{}, err
	}
	s, _ := p.factorySettlement()
	return s, nil
}

func (p *Player) integrationIsObject(names string) error {
	s, err := p.built()
	if err != nil {
		return err
	}
	if s.Type != "object" {
		return &steps.Failure{Expected: "an object from the factory", Recorded: "a value of type " + s.Type, Hint: "return an instance or a plain object, not a class and not nothing"}
	}
	for name := range strings.SplitSeq(names, ", ") {
		if kind := s.Methods[name]; kind != "function" {
			return &steps.Failure{Expected: "the integration to have a method " + name, Recorded: "it is " + orElse(kind, "absent")}
		}
	}
	return nil
}

// optionalMethods are those of all dialects that an integration may have.
var optionalMethods = []string{"areAnyAgentsOnline", "updateState", "userTyping", "userReadMessages", "filesSelectedForUpload", "screenShareStop", "reconnect"}

func (p *Player) hasProperMethods() error {
	s, err := p.built()
	if err != nil {
		return err
	}
	for _, name := range optionalMethods {
		if kind := s.Methods[name]; kind != "" && kind != "function" && kind != "undefined" {
			return &steps.Failure{Expected: name + " to be absent or a function", Recorded: "it is a " + kind}
		}
	}
	return nil
}

// names gives what getName answered so far.
func (p *Player) names() ([]journal.Entry, error) {
	err := p.Until(func() bool {
		all := p.Journal.All(0, isCall("getName"))
		return len(all) > 0
	}, p.Deadlines.Factory)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return nil, err
	}
	if err := p.Rest(); err != nil {
		return nil, err
	}
	return p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Settled && e.Name == "getName" }), nil
}

func (p *Player) nameIsString() error {
	answers, err := p.names()
	if err != nil {
		return err
	}
	if len(answers) == 0 {
		return &steps.Failure{Expected: "a name from getName", Recorded: orElse(p.screen(p.widget).Failure, "it gave none"), Hint: p.trouble()}
	}
	s := settlementOf(answers[0])
	if !s.Sync {
		return &steps.Failure{Expected: "a string from getName", Recorded: "a promise", Entry: answers[0].Seq, Hint: "getName must not be async"}
	}
	if name, ok := expect.Decode(s.Value).(string); !ok || name == "" {
		return &steps.Failure{Expected: "a non-empty string from getName", Recorded: s.String(), Entry: answers[0].Seq}
	}
	return nil
}

func (p *Player) nameIsShort(most int) error {
	answers, err := p.names()
	if err != nil {
		return err
	}
	for _, e := range answers {
		name, _ := expect.Decode(settlementOf(e).Value).(string)
		// UTF-16 units are what the host counts.
		if n := utf16Length(name); n > most {
			return &steps.Failure{Expected: fmt.Sprintf("a name of at most %d characters", most), Recorded: fmt.Sprintf("%d: %s", n, quote(name)), Entry: e.Seq}
		}
	}
	return nil
}

func utf16Length(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

func (p *Player) nameIsConstant() error {
	answers, err := p.names()
	if err != nil {
		return err
	}
	for i := 1; i < len(answers); i++ {
		if a, b := settlementOf(answers[i-1]), settlementOf(answers[i]); string(a.Value) != string(b.Value) {
			return &steps.Failure{Expected: "the same name each time", Recorded: fmt.Sprintf("%s, then %s", a.Value, b.Value), Entry: answers[i].Seq}
		}
	}
	return nil
}

// personal finds what does not belong into a product's name: an address, an id, a long number, a UUID.
var personal = regexp.MustCompile(`@|\d{5,}|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}|https?:`)

func (p *Player) nameIsPlain() error {
	answers, err := p.names()
	if err != nil {
		return err
	}
	for _, e := range answers {
		if name, _ := expect.Decode(settlementOf(e).Value).(string); personal.MatchString(name) {
			return &steps.Failure{Expected: "a name that tells nothing about user or session", Recorded: quote(name), Entry: e.Seq}
		}
	}
	return nil
}

// inOrder checks that the named things happened, each after the one before.
func (p *Player) inOrder(table *godog.Table) error {
	mark := p.mark
	for _, what := range column(table) {
		match, err := p.occurrence(what)
		if err != nil {
			return err
		}
		e, err := p.Await(mark, match, p.Deadlines.Sight)
		if errors.Is(err, steps.ErrAbsent) {
			return &steps.Failure{Expected: what + ", in this place", Recorded: "it did not happen after what comes before it"}
		}
		if err != nil {
			return err
		}
		mark = e.Seq
	}
	return nil
}

var occurrences = []struct {
	expr *regexp.Regexp
	kind journal.Kind
}{
	{regexp.MustCompile(`^the page hears "(.*)"$`), journal.Event},
	{regexp.MustCompile(`^the host calls "(.*)"$`), journal.Call},
	{regexp.MustCompile(`^"(.*)" is fulfilled$`), journal.Settled},
}

func (p *Player) occurrence(what string) (journal.Match, error) {
	for _, o := range occurrences {
		if m := o.expr.FindStringSubmatch(what); m != nil {
			name := m[1]
			if o.kind == journal.Event {
				var err error
				if name, err = p.event(name); err != nil {
					return nil, err
				}
			}
			return func(e journal.Entry) bool { return e.Kind == o.kind && e.Name == name }, nil
		}
	}
	return nil, &steps.HarnessError{Doing: "read the order", Err: fmt.Errorf("%q is not something that can happen", what)}
}
