// Package aichat gives meaning to the sentences of the ai-chat features: it plays the user, the agents and the desk, and asks the journal what the integration did.
package aichat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	messages "github.com/cucumber/messages/go/v21"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
	"deskcheck/steps/expect"
	"deskcheck/steps/vocabulary"
)

// Player plays one scenario: it holds what the sentences before have set up.
type Player struct {
	*steps.World
	stage *Stage

	// page is how the host page will be, and is fixed once it is open.
	page pageConfig
	site *site
	open bool
	// scripted says that the kit's own scripted integration is on the page, for what binds the host.
	scripted bool

	// pictures are where pictures of agents are, by name.
	pictures map[string]string
	// widget is the chat on the page that the sentences speak of.
	widget int
	// mark is the length of the journal when the latest When began, said the number of numbered lines so far.
	mark int
	said int
	// sentence is what is being carried out.
	sentence string
	// acting says that the sentence is a When (or a Given): it does, rather than asks.
	acting bool
	// optional names the capability that a callback stands for, where a scenario applies only to integrations that make it.
	optional map[string]string
	// with is the conversation that each agent is in.
	with map[string]steps.Conversation
	// joined is the length of the journal when each agent last joined at the desk.
	joined map[string]int
	// requested is how many conversations there were at the desk when the user last requested an agent.
	requested int
	// replaced is the length of the journal when the page replaced the factory.
	replaced int
	// vetoes is how many ends of the chat the page prevents, vetoMark the length of the journal when it was told to.
	vetoes, vetoMark int
	// unstarted says why the chat could not begin with the integration, empty if it could.
	unstarted string
	// published are the addresses at which the desk serves what agents send, by the scenario's name for it.
	published map[string]string
	// left says that the user has closed the page: there is nothing to look at any more.
	left bool
	// folder is where the user's files are, chosen all that the user has chosen, in order.
	folder string
	chosen []userFile
	// reloaded is the length of the journal when the page was last loaded again; release lets it go on while it is held back, and is nil otherwise.
	reloaded int
	release  func()
	// faults are what sentences have the desk play, ended the selections of those that were ended before anything came on which they could be played.
	faults []playing
	ended  []selection
	// before is what the user of each chat saw before the scripted integration last spoke.
	before map[int]Screen
}

// definition is one sentence and what it does.
type definition struct {
	// expr compiles its expression.
	expr func() *regexp.Regexp
	// bind gives the function for a player; its parameters are the groups of expr, then the doc string or table.
	bind func(*Player) any
	// check, if there is one, says what is wrong with the groups of expr, before anything is played.
	check func(groups []string) error
	// words explain what the sentence does not say of its parameters, each a line.
	words []string
}

func define(expr string, bind func(*Player) any) definition {
	return definition{expr: vocabulary.Expression(expr), bind: bind}
}

// definitions is the whole vocabulary; its tables are entered in vocabulary.go, each in its group.
var definitions = func() []definition {
	var all []definition
	for _, g := range vocabularyGroups() {
		all = append(all, g.steps...)
	}
	return all
}()

// Perform runs a scenario in the tab. It never fails as a function: whatever happens is in the Performance. The tab is not released.
func (st *Stage) Perform(ctx context.Context, tab *browser.Tab, s steps.Scenario, deadlines steps.Deadlines) steps.Performance {
	run := ctx
	ctx, cancel := bound.WithTimeoutCause(run, deadlines.Scenario, fmt.Errorf("the scenario did not end within %s", deadlines.Scenario))
	defer cancel()
	world, err := steps.NewWorld(ctx, tab, s.ID, st.Desks, deadlines)
	if err != nil {
		return steps.Performance{Outcomes: []steps.Outcome{{Step: s.Steps[0], Ran: true, Err: err}}}
	}
	p := &Player{World: world, stage: st, page: st.pageConfig(), pictures: map[string]string{}, before: map[int]Screen{}, optional: map[string]string{}, with: map[string]steps.Conversation{}, joined: map[string]int{}, published: map[string]string{}}
	world.Hook(p.inspect)
	defer p.close()

	previous := messages.PickleStepType_UNKNOWN
	var spent []steps.Spent
	before := func(_ int, step steps.Step) {
		spent = append(spent, p.Spent())
		if step.Type == messages.PickleStepType_ACTION && previous != messages.PickleStepType_ACTION {
			p.mark = p.Journal.Len()
		}
		p.sentence = step.Text
		previous, p.acting = step.Type, step.Type != messages.PickleStepType_OUTCOME
	}
	register := func(book steps.Book) {
		for _, d := range definitions {
			book.Step(d.expr(), p.guarded(d.bind(p)))
		}
	}
	result := steps.Performance{Outcomes: steps.Play(ctx, s, register, before, p.Journal.Len)}
	spent = append(spent, p.Spent())
	for i := range len(spent) - 1 {
		result.Outcomes[i].Spent = spent[i+1].Minus(spent[i])
	}
	p.closing(&result)
	p.tellRefusals(result.Err())
	result.Scripted, result.Unstarted = p.scripted, p.unstarted
	// A page that was lost while the integration was being built never came to say so.
	var failed *steps.Failure
	built, _ := p.factorySettlement()
	if result.Unstarted == "" && built.Outcome != "fulfilled" && errors.As(result.Err(), &failed) {
		result.Unstarted = failed.Recorded
	}
	result.Started = result.Unstarted == "" && built.Outcome == "fulfilled"
	result.Name, result.Methods = p.seen()
	result.Capabilities = p.sightings()
	result.Entries = p.Journal.Since(0)
	var lost *browser.LostError
	result.BrowserDied = errors.As(result.Err(), &lost) && lost.Kind == "browser"
	if result.Err() != nil && !result.BrowserDied {
		shot, cancel := bound.WithTimeout(ctx, deadlines.Input)
		defer cancel()
		// A page that is lost cannot be pictured; the verdict does not depend on it.
		result.Screenshot, _ = tab.Screenshot(shot)
	}
	if st.Pause != nil && !result.BrowserDied {
		began := time.Now()
		st.Pause(run, s, result) // as long as the run goes on, however long the scenario may take
		result.Paused = time.Since(began)
	}
	return result
}

// closing looks once more when all steps have passed: whether everything has arrived, and whether the integration left the page that it is a guest on as it was. In the end a
// scenario tells nothing if what was to go wrong did not.
func (p *Player) closing(result *steps.Performance) {
	last := &result.Outcomes[len(result.Outcomes)-1]
	if result.Err() == nil && p.open && !p.left {
		if last.Err = p.Rest(); last.Err == nil {
			last.Err = p.manners()
		}
		result.AtTheEnd = last.Err != nil
	}
	for i := range result.Outcomes {
		if one := &result.Outcomes[i]; one.Err != nil || one == last {
			one.Err = p.tried(p.shown(p.neverBegun(one.Err)))
			return
		}
	}
}

// neverBegun names what an integration breaks with which the page was lost before it was built: what the scenario is about it never came to.
func (p *Player) neverBegun(came error) error {
	var failure *steps.Failure
	if p.Tab.Reason() == nil || !errors.As(came, &failure) || len(failure.Requirements) > 0 {
		return came
	}
	if built, _ := p.factorySettlement(); built.Outcome == "fulfilled" {
		return came
	}
	blaming := *failure
	blaming.Requirements = p.bootRequirement()
	return &blaming
}

// rude matches what no page can bear.
func (p *Player) rude(e journal.Entry) bool {
	// Whoever owns a page may do with it what they like, and nothing tells whose doing a replaced global is.
	if p.ofThePage(e) || p.stage.Own != nil && e.Name == "tampered" {
		return false
	}
	switch e.Kind {
	case journal.Dialog, journal.Popup:
		return e.From != journal.Host
	case journal.Navigation:
		return e.Name == "close" || e.Name == "away"
	case journal.Violation:
		return e.Requirement == "" && e.From == journal.Integration
	case journal.Console:
		return e.Name == "flooded"
	default:
		return false
	}
}

func describeRude(e journal.Entry) string {
	what := fmt.Sprintf("%s %s", e.Kind, e.Name)
	if strings.HasPrefix(e.Note, what) {
		return e.Note
	}
	return strings.TrimSpace(what + " " + e.Note)
}

// manners fails on what no requirement names but no page can bear: dialogs, windows, floods, and globals of the page that were replaced.
func (p *Player) manners() error {
	if e, ok := p.Journal.Find(0, p.rude); ok {
		return &steps.Failure{Expected: "an integration that leaves the page to its owner", Recorded: describeRude(e), Entry: e.Seq}
	}
	if p.stage.Own != nil {
		return nil
	}
	var replaced []string
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	if err := p.Tab.Call(ctx, "deskcheck.tampered", &replaced); err != nil {
		return p.blame("look at the globals of the page", err)
	}
	if len(replaced) > 0 {
		return &steps.Failure{Expected: "an integration that leaves the globals of the page as they are", Recorded: "replaced: " + strings.Join(replaced, ", ")}
	}
	return nil
}

func (p *Player) close() {
	if p.site != nil {
		p.site.close()
	}
	p.forgetFiles()
	// The desk is the scenario's own and nobody waits for it any more.
	_ = p.Close()
}

// inspect checks what crosses against the schemas the moment it is recorded; a breach is a violation of the integration, or an error of the kit where the host called.
func (p *Player) inspect(e journal.Entry) {
	var breaches []fixtures.Breach
	switch e.Kind {
	case journal.Callback:
		breaches = fixtures.CheckArguments(p.page.Dialect, "callback", e.Name, argumentsOf(e))
	case journal.Settled:
		// What the kit's own integration answers is up to the scenario.
		if s := settlementOf(e); e.From == journal.Integration && s.Outcome == "fulfilled" && !p.scripted {
			breaches = fixtures.CheckResult(e.Name, s.result())
		}
	case journal.Call:
		if e.Name != "factory" && e.From == journal.Host && !p.deviates(e.Name) {
			for _, b := range fixtures.CheckArguments(p.page.Dialect, "method", e.Name, argumentsOf(e)) {
				p.Journal.Append(journal.Entry{Kind: journal.Violation, From: journal.Host, To: journal.Kit, Name: e.Name, Ref: e.Seq, Note: "the kit's own host broke the contract: " + b.Message, Data: journal.Payload(b)})
			}
		}
		return
	default:
		return
	}
	for _, b := range breaches {
		if b.Requirement != "" && !p.stage.holds(b.Requirement) {
			continue
		}
		p.Journal.Append(journal.Entry{
			Kind: journal.Violation, From: journal.Integration, To: journal.Host, Name: e.Name, Ref: e.Seq, Chat: e.Chat, Widget: e.Widget,
			Requirement: b.Requirement, Note: b.Message, Data: journal.Payload(b),
		})
	}
}

// deviates says that the scenario has the host call a method in a way of its own, so that the shape is not the host's.
func (p *Player) deviates(method string) bool { return p.page.deviating[method] }

// argumentsOf gives the list of arguments of a Call or Callback as JSON. What JSON has no word for is as JSON would have it: an undefined property is absent, an undefined
// argument is null, and absent at the end of the list.
func argumentsOf(e journal.Entry) json.RawMessage {
	data, _ := expect.Decode(e.Data).(map[string]any)
	args, _ := data["args"].([]any)
	for len(args) > 0 && isUndefined(args[len(args)-1]) {
		args = args[:len(args)-1]
	}
	if len(args) == 0 {
		return json.RawMessage("[]")
	}
	return journal.Payload(plain(args))
}

func isUndefined(v any) bool {
	object, ok := v.(map[string]any)
	return ok && object["$type"] == "undefined"
}

func plain(v any) any {
	switch value := v.(type) {
	case map[string]any:
		object := make(map[string]any, len(value))
		for key, inner := range value {
			if !isUndefined(inner) {
				object[key] = plain(inner)
			}
		}
		return object
	case []any:
		list := make([]any, len(value))
		for i, inner := range value {
			if !isUndefined(inner) {
				list[i] = plain(inner)
			}
		}
		return list
	}
	return v
}

// settlement is what came of a Call or a Callback, as the page's recorder writes it (steps/browser/page/7-contract.js).
type settlement struct {
	// Outcome is fulfilled, rejected or threw.
	Outcome string          `json:"outcome"`
	Value   json.RawMessage `json:"value"`
	Error   json.RawMessage `json:"error"`
	// Sync says that it was there when the call returned, with no promise between.
	Sync bool `json:"sync"`
	// Ms is how long it took on the page's own clock.
	Ms float64 `json:"ms"`
	// Methods are, for the factory, the members of what it yielded by the kind of their value; Type is the kind of the whole.
	Methods map[string]string `json:"methods"`
	Type    string            `json:"type"`
}

func settlementOf(e journal.Entry) settlement {
	var s settlement
	// The recorder is ours; what it did not write reads as empty.
	_ = json.Unmarshal(e.Data, &s)
	return s
}

// result is the value as JSON, empty for undefined.
func (s settlement) result() json.RawMessage {
	v := expect.Decode(s.Value)
	if len(s.Value) == 0 || isUndefined(v) {
		return nil
	}
	return journal.Payload(plain(v))
}

// isError tells whether it was rejected with a true Error, and what that says.
func (s settlement) isError() (string, bool) {
	object, ok := expect.Decode(s.Error).(map[string]any)
	if !ok || object["$type"] != "error" {
		return expect.Clip(string(s.Error)), false
	}
	name, _ := object["name"].(string)
	message, _ := object["message"].(string)
	return name + ": " + expect.Clip(message), true
}

// String says it as a predicate: "was fulfilled", "threw Error: no desk".
func (s settlement) String() string {
	what, _ := s.isError()
	switch {
	case s.Outcome == "fulfilled" && len(s.Value) > 0:
		return "was fulfilled with " + expect.Clip(string(s.Value))
	case s.Outcome == "threw":
		return "threw " + orElse(what, "undefined")
	case s.Outcome != "fulfilled":
		return "was " + s.Outcome + " with " + orElse(what, "undefined")
	}
	return "was fulfilled"
}

// seen is what the integration called itself and which methods it has.
func (p *Player) seen() (name string, methods []string) {
	if e, ok := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Settled && e.Name == "getName" }); ok {
		name, _ = expect.Decode(settlementOf(e).Value).(string)
	}
	if s, ok := p.factorySettlement(); ok {
		for _, method := range optionalMethods {
			if s.Methods[method] == "function" {
				methods = append(methods, method)
			}
		}
	}
	return name, methods
}

func (p *Player) factorySettlement() (settlement, bool) {
	e, ok := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Settled && e.Name == "factory" })
	return settlementOf(e), ok
}

// call has the page do something for the kit, by the path of a function below globalThis.
func (p *Player) call(function string, args ...any) error {
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	return p.blame(function, p.Tab.Call(ctx, function, nil, args...))
}

// blame puts a failed act on the page where the page no longer answers, and on the kit otherwise.
func (p *Player) blame(doing string, err error) error {
	if err == nil {
		return nil
	}
	if p.Context().Err() != nil {
		return p.Lost(context.Cause(p.Context()))
	}
	if lost := (*browser.LostError)(nil); errors.As(err, &lost) {
		return p.Lost(err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		if rest := p.Rest(); rest != nil {
			return rest
		}
	}
	return &steps.HarnessError{Doing: doing, Err: err}
}

// trouble is a hint from what went wrong on the page so far, empty if nothing did.
func (p *Player) trouble() string {
	var hints []string
	if e, ok := p.Journal.Find(0, p.rude); ok {
		return describeRude(e)
	}
	for _, e := range p.Journal.Since(0) {
		switch {
		case e.Kind == journal.PageError && e.From != journal.Host && e.Name != "resource":
			hints = append(hints, "the page reported an error: "+expect.Clip(textOf(e)))
		case e.Kind == journal.Settled && e.From == journal.Integration:
			if s := settlementOf(e); s.Outcome != "fulfilled" {
				hints = append(hints, fmt.Sprintf("%s %s", e.Name, s))
			}
		case e.Kind == journal.Violation && e.From == journal.Integration && e.Note != "":
			hints = append(hints, e.Note)
		}
	}
	if len(hints) > 0 {
		return hints[0] + p.unanswered(hints)
	}
	// Many catch what goes wrong and only log it.
	if e, ok := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.Console && e.Name == "error" && e.From != journal.Host
	}); ok {
		return "the console says: " + expect.Clip(textOf(e))
	}
	if e, ok := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.PageError && e.Name == "resource" && e.From != journal.Host
	}); ok {
		return "the page could not load something: " + expect.Clip(textOf(e))
	}
	return ""
}

// textOf is what an entry says to a person.
func textOf(e journal.Entry) string {
	if data, ok := expect.Decode(e.Data).(map[string]any); ok {
		for _, key := range []string{"message", "text"} {
			if text, ok := data[key].(string); ok {
				return text
			}
		}
	}
	return strings.TrimSpace(e.Name + " " + e.Note)
}

func seconds(n int) time.Duration { return time.Duration(n) * time.Second }
