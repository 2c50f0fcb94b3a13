package driver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"deskcheck/mockdesk"
)

// Outcome is what came of trying something of a driver.
type Outcome string

// The outcomes of a Finding.
const (
	Works   Outcome = "works"
	Fails   Outcome = "broken"
	Untried Outcome = "not tried"
)

// Finding is what came of trying one thing that a driver claims, or owes.
type Finding struct {
	// What is the verb with its variant, the read, or the rule.
	What    string
	Outcome Outcome
	// Detail says why it is broken or was not tried; empty where it works.
	Detail string
}

// Check tries everything that a driver claims, in scenarios of its own, and tells of each as it comes: what it owes in any case, its verbs, its reads. The error is an *Error, or
// the context's, where nothing could be tried at all.
func (c *Client) Check(ctx context.Context, can Capabilities, tell func(Finding)) error {
	desk, err := c.Begin(ctx, can, "check")
	if err != nil {
		return err
	}
	t := &trial{ctx: ctx, desk: desk, can: can, tell: tell, tried: map[string]bool{}}
	t.rules()
	t.verbs()
	t.reads()
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), desk.Close())
	}
	t.found("end", desk.Close())
	t.found("an ended scenario is gone", t.gone())
	return nil
}

// trial is a check that goes on.
type trial struct {
	ctx   context.Context
	desk  *Remote
	can   Capabilities
	tell  func(Finding)
	tried map[string]bool
	// session is the conversation that acts are played in, empty while there is none; begun is why there is none.
	session string
	begun   error
	// line is what its user has said.
	line string
}

func (t *trial) found(what string, err error) {
	f := Finding{What: what, Outcome: Works}
	if err != nil {
		f.Outcome, f.Detail = Fails, err.Error()
		if of := (*Error)(nil); errors.As(err, &of) && of.Detail != "" {
			f.Detail = of.Detail
		}
	}
	t.tell(f)
}

// do tries an act once, if the driver claims it.
func (t *trial) do(act Act) {
	what := act.String()
	if t.tried[what] || !t.can.Has(act.Verb, act.Variant) || t.ctx.Err() != nil {
		return
	}
	t.tried[what] = true
	_, err := t.desk.Do(t.ctx, act)
	t.found(what, err)
}

// untried says that something was not tried.
func (t *trial) untried(what, why string) {
	if t.tried[what] {
		return
	}
	t.tried[what] = true
	t.tell(Finding{What: what, Outcome: Untried, Detail: why})
}

// rules tries what the contract wants of every driver.
func (t *trial) rules() {
	kindOf := func(err error) Kind {
		if of := (*Error)(nil); errors.As(err, &of) {
			return of.Kind
		}
		return ""
	}
	wanted := func(kind Kind, err error) error {
		switch {
		case err == nil:
			return fmt.Errorf("expected a problem of the type %s%s, found success", problemType, kind)
		case kindOf(err) != kind:
			return err
		}
		return nil
	}
	ask := func(act Act) error {
		return t.desk.client.ask(t.ctx, act.String(), http.MethodPost, t.desk.path("/acts/"+string(act.Verb)), act, 0, nil)
	}
	t.found("an unknown verb is answered 501, cannot", wanted(Cannot, ask(Act{Verb: "deskcheckTriesThis"})))
	for _, verb := range []Verb{AgentSay, AgentAccept, DeskClose, AgentLeave} {
		if _, has := t.can.Verbs[verb]; has {
			variant := slices.Concat(t.can.Verbs[verb], []string{""})[0]
			act := Act{Verb: verb, Variant: variant, Session: "no-such-session", Agent: ada(), Text: "Hello?"}
			t.found("an act in an unknown session is answered 409, refused", wanted(Refused, ask(act)))
			break
		}
	}
	const wait = time.Second
	began := time.Now()
	before := t.desk.State().Revision
	_, err := t.desk.ask(t.ctx, before, wait)
	if took := time.Since(began); err == nil && took < wait*8/10 && t.desk.State().Revision == before {
		err = fmt.Errorf("it was to wait %s for news and answered after %s without any", wait, took.Round(time.Millisecond))
	}
	t.found("state waits for news", err)
}

func ada() *Agent { return &Agent{ID: "agent-ada-73", Name: "Ada"} }

// open has the driver open a conversation of its own, in which acts can be tried.
func (t *trial) open() bool {
	t.session, t.line = "", ""
	if !t.can.Has(OpenSession, "") {
		t.begun = errors.New("it takes a conversation, and the driver has no " + string(OpenSession))
		return false
	}
	before := len(t.desk.State().Sessions)
	line := "Hello, is anyone there?"
	_, err := t.desk.Do(t.ctx, Act{Verb: OpenSession, Text: line})
	now := t.desk.State().Sessions
	if err == nil && len(now) <= before {
		err = errors.New("it says that it has done so, and its state does not show another session")
	}
	if !t.tried[string(OpenSession)] {
		t.tried[string(OpenSession)] = true
		t.found(string(OpenSession), err)
	}
	if err != nil {
		t.begun = errors.New("it takes a conversation, and " + string(OpenSession) + " is broken")
		return false
	}
	t.session, t.line = now[len(now)-1].ID, line
	return true
}

// in tries acts in the conversation that is open.
func (t *trial) in(acts ...Act) {
	for _, act := range acts {
		act.Session = t.session
		if act.Agent == nil {
			act.Agent = ada()
		}
		t.do(act)
	}
}

// verbs tries all that are claimed, in an order in which each can be played: while a user waits, while an agent is there, and at the end.
func (t *trial) verbs() {
	if t.open() {
		t.in(
			Act{Verb: Queue, Variant: "position", Position: 3}, Act{Verb: Queue, Variant: "wait", Seconds: 60}, Act{Verb: Queue, Variant: "move", Queue: "billing", Position: 2},
			Act{Verb: AgentAccept}, Act{Verb: AgentTyping, Variant: "on"}, Act{Verb: AgentTyping, Variant: "off"},
			Act{Verb: AgentSay, Variant: "text", Text: "Hello!"}, Act{Verb: AgentSay, Variant: "html", Text: "<b>Hello</b>"},
			Act{Verb: AgentSay, Variant: "items", Items: []mockdesk.Item{{Kind: mockdesk.ItemText, Text: "Hello"}}}, Act{Verb: AgentRead},
			Act{Verb: DeskSay, Variant: "text", Text: "We are open until six."}, Act{Verb: DeskSay, Variant: "items", Items: []mockdesk.Item{{Kind: mockdesk.ItemText, Text: "Hello"}}},
			Act{Verb: BounceMessage, Text: t.line}, Act{Verb: Transfer, Variant: "begin"}, Act{Verb: Transfer, Variant: "fail"},
			Act{Verb: AskScreenShare, Variant: "ask"}, Act{Verb: AskScreenShare, Variant: "withdraw"},
			Act{Verb: EchoClosure, Variant: "before"}, Act{Verb: EchoClosure, Variant: "after"},
			Act{Verb: Emit, Event: "agent.typing", Fields: map[string]any{"agent": map[string]any{"id": ada().ID, "name": ada().Name}, "typing": false}}, Act{Verb: Garble, Raw: "?"},
			Act{Verb: LinkDrop, Variant: "break"},
		)
		t.seen()
		t.in(Act{Verb: AgentLeave}, Act{Verb: DeskClose})
	}
	if t.can.Has(AgentClose, "") && t.session != "" && t.open() {
		if t.can.Has(AgentAccept, "") {
			// It was tried before: what it says now shows in what follows.
			_, _ = t.desk.Do(t.ctx, Act{Verb: AgentAccept, Session: t.session, Agent: ada()})
		}
		t.in(Act{Verb: AgentClose})
	}
	if t.can.Has(Queue, "close") && t.session != "" && t.open() {
		t.in(Act{Verb: Queue, Variant: "close", Reason: "nobody is left to answer"})
	}
	if t.can.Has(ExpireSession, "") && t.session != "" && t.open() {
		t.in(Act{Verb: ExpireSession})
	}
	t.answers()
	for _, act := range []Act{
		{Verb: SetAgentsOnline, Variant: "no"}, {Verb: SetAgentsOnline, Variant: "unknown"}, {Verb: SetAgentsOnline, Variant: "yes"},
		{Verb: FileRules, Variant: "set", Rules: &Rules{Allowed: true, Multiple: true, MaxBytes: 1 << 20}}, {Verb: FileRules, Variant: "lenient"}, {Verb: FileRules, Variant: "enforce"}, {Verb: FileRules, Variant: "check"},
		{Verb: Publish, Name: "a.txt", Type: "text/plain", Content: []byte("a")}, {Verb: PassTime, Ms: 1},
		{Verb: LinkDrop, Variant: "shut"}, {Verb: Blackhole, Variant: "all"}, {Verb: Blackhole, Variant: "hold"}, {Verb: LinkRestore},
	} {
		t.do(act)
	}
	t.rest()
}

// answers tries each way to answer, and takes it back.
func (t *trial) answers() {
	for _, verb := range []Verb{AnswerQuery, AcceptSession, AckMessage, AckFile, AckEnd, AckScreen} {
		for _, way := range answers {
			t.do(Act{Verb: verb, Variant: way, Status: http.StatusServiceUnavailable, Ms: 1})
		}
		if t.can.Has(verb, AnswerOK) {
			// As in verbs.
			_, _ = t.desk.Do(t.ctx, Act{Verb: verb, Variant: AnswerOK})
		}
	}
}

// rest says why the verbs were not tried that are left.
func (t *trial) rest() {
	for _, verb := range Verbs() {
		claimed, has := t.can.Verbs[verb]
		if !has {
			continue
		}
		if len(variants[verb]) == 0 {
			claimed = []string{""}
		}
		why := "it takes what only a user can do: a file, or a screen that is shared"
		if t.session == "" && t.begun != nil {
			why = t.begun.Error()
		}
		for _, variant := range claimed {
			if variant != "" && !slices.Contains(variants[verb], variant) {
				t.tried[named(verb, variant)] = true
				t.found(named(verb, variant), fmt.Errorf("the contract has no such variant; it has %v", variants[verb]))
				continue
			}
			t.untried(named(verb, variant), why)
		}
	}
}

// seen tries the reads that show what was played.
func (t *trial) seen() {
	now := t.desk.State()
	at := slices.IndexFunc(now.Sessions, func(s Session) bool { return s.ID == t.session })
	if at < 0 {
		t.note(Sessions, errors.New("the session is not there any more"))
		return
	}
	s := now.Sessions[at]
	t.note(Sessions, nil)
	wanted := func(r Read, verb Verb, ok bool, missing string) {
		switch {
		case !t.can.Has(verb, ""):
		case ok:
			t.note(r, nil)
		default:
			t.note(r, errors.New(missing))
		}
	}
	has := func(role string) bool {
		return slices.ContainsFunc(s.Transcript, func(l Line) bool { return l.Role == role && l.Text != "" && l.Cursor > 0 })
	}
	wanted(Transcript, AgentSay, has(mockdesk.RoleAgent) && has(mockdesk.RoleUser), "it has no line of the agent and one of the user, each with a cursor above 0")
	wanted(AgentsIn, AgentAccept, slices.ContainsFunc(s.Agents, func(a Agent) bool { return a.ID == ada().ID }), "the agent who has joined is not told by the id "+ada().ID)
}

// note tells of a read once, if it is claimed.
func (t *trial) note(r Read, err error) {
	if what := "read " + string(r); t.can.Tells(r) && !t.tried[what] {
		t.tried[what] = true
		t.found(what, err)
	}
}

// reads tells of those that are left.
func (t *trial) reads() {
	if t.can.Tells(TrafficNow) {
		_, err := t.desk.Traffic(t.ctx)
		t.note(TrafficNow, err)
	}
	if t.can.Tells(FileRulesNow) {
		var err error
		if t.desk.State().Rules == nil {
			err = errors.New("the state has no rules")
		}
		t.note(FileRulesNow, err)
	}
	if t.can.Tells(AllowedOrigins) {
		var err error
		if t.desk.Place().Allowed == nil {
			err = errors.New("the desk of a scenario has no allowed")
		}
		t.note(AllowedOrigins, err)
	}
	for _, r := range t.can.Reads {
		if !slices.Contains(reads, r) {
			t.tried["read "+string(r)] = true
			t.found("read "+string(r), errors.New("the contract has no such read"))
			continue
		}
		t.untried("read "+string(r), "it shows only what an integration does")
	}
}

// gone wants a scenario that has ended not to be told of any more.
func (t *trial) gone() error {
	path := t.desk.path("/state?after=" + strconv.Itoa(-1) + "&wait=0")
	var now State
	if err := t.desk.client.ask(t.ctx, "state", http.MethodGet, path, nil, 0, &now); err == nil {
		return errors.New("its state is still told")
	}
	return nil
}
