package agentmanager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
	"deskcheck/steps/uimap"
)

// Outcome is what came of trying a verb or a look of a UI map.
type Outcome string

// The outcomes of trials.
const (
	Works   Outcome = "works"
	Fails   Outcome = "fails"
	Untried Outcome = "not tried"
	// Lacking says that the map has none of it, on purpose.
	Lacking Outcome = "none"
)

// Tried says what came of trying a verb or a look.
type Tried struct {
	// Name is the verb or the look.
	Name string
	// Line is where the map tells of it, 0 where it does not.
	Line    int
	Outcome Outcome
	// Detail is what was found where it fails, and why it was not tried; empty otherwise.
	Detail string
}

// rehearsalBound is how long a whole rehearsal may take; beyond it something hangs that the other bounds did not catch.
const rehearsalBound = 10 * time.Minute

// trial is the turn that a verb or a look has in a rehearsal.
type trial struct {
	name string
	// needs are the verbs and looks without which its turn cannot come.
	needs []string
	// prepare sets up what it needs besides; nil for nothing. What goes wrong there does not tell of the verb.
	prepare func(*rehearsal) error
	// act uses it, and sees what has come of that: at the manager for a verb, beside what the manager knows for a look.
	act func(*rehearsal) error
}

// rehearsal goes through a story in which everything that a map tells has its turn.
type rehearsal struct {
	*Player

	found map[string]Tried
	// who is the customer whom the latest trial is about; count is how many there were.
	who   string
	count int
}

// Rehearse tries everything that the stage's map tells, beginning in the tab, and gives what came of it in the order of uimap.Verbs and uimap.Looks. tell, if set, hears of
// each as it comes. The error says that it could not be tried: the browser was lost, or ctx ended.
func (st *Stage) Rehearse(ctx context.Context, tab *browser.Tab, deadlines steps.Deadlines, tell func(Tried)) ([]Tried, error) {
	ctx, cancel := bound.WithTimeoutCause(ctx, rehearsalBound, fmt.Errorf("the rehearsal did not end within %s", rehearsalBound))
	defer cancel()
	r := &rehearsal{Player: newPlayer(ctx, st, tab, deadlines), found: map[string]Tried{}}
	defer r.close()
	r.options.Switches.ReadyDomains = true // What else there is to try does not hang on the verb for domains.
	r.options.Switches.WrapUp = st.Map.Has("wrap up") == uimap.Yes || st.Map.Has("skip wrap-up") == uimap.Yes
	for _, t := range trials {
		one, err := r.try(t)
		if err != nil {
			return nil, err
		}
		r.found[t.name] = one
		if tell != nil {
			tell(one)
		}
	}
	return r.all(), nil
}

// all is what was found, in the order of a manual.
func (r *rehearsal) all() []Tried {
	var all []Tried
	for _, name := range slices.Concat(uimap.Verbs(), uimap.Looks()) {
		one, tried := r.found[name]
		if !tried {
			one = r.unless(name, "the rehearsal has no turn for it")
		}
		all = append(all, one)
	}
	return all
}

// unless is a verb that has no turn: because of what the map says, or for another reason.
func (r *rehearsal) unless(name, reason string) Tried {
	one := Tried{Name: name, Line: r.stage.Map.Line(name), Outcome: Untried, Detail: reason}
	switch r.stage.Map.Has(name) {
	case uimap.None:
		one.Outcome, one.Detail = Lacking, ""
	case uimap.Missing:
		one.Detail = "the map does not tell how"
	case uimap.Yes:
	}
	return one
}

// try gives a verb or a look its turn.
func (r *rehearsal) try(t trial) (Tried, error) {
	if r.stage.Map.Has(t.name) != uimap.Yes {
		return r.unless(t.name, ""), nil
	}
	for _, needed := range t.needs {
		if r.found[needed].Outcome != Works {
			return r.unless(t.name, fmt.Sprintf("it takes %q, which %s", needed, r.found[needed].why())), nil
		}
	}
	outcome := Untried
	err := r.prepared(t)
	if err == nil {
		r.mark, outcome = r.Journal.Len(), Fails
		err = t.act(r)
	}
	one := Tried{Name: t.name, Line: r.stage.Map.Line(t.name), Outcome: Works}
	if err == nil {
		return one, nil
	}
	if r.Context().Err() != nil {
		return one, fmt.Errorf("try %q: %w", t.name, context.Cause(r.Context()))
	}
	if lost, is := errors.AsType[*browser.LostError](err); is && lost.Kind == browser.BrowserGone {
		return one, fmt.Errorf("try %q: %w", t.name, err)
	}
	one.Outcome, one.Detail = outcome, inWords(err)
	r.reopen()
	return one, nil
}

func (r *rehearsal) prepared(t trial) error {
	if t.prepare == nil {
		return nil
	}
	return t.prepare(r)
}

// why says of a verb that does not work what is the matter, as the end of a sentence.
func (one Tried) why() string {
	switch one.Outcome {
	case Fails:
		return "fails"
	case Lacking:
		return "the desk does not have"
	case Untried, Works:
	}
	if one.Line == 0 {
		return "the map does not tell"
	}
	return "was not tried"
}

// inWords says what went wrong, for a line of a table.
func inWords(err error) string {
	if failure, is := errors.AsType[*steps.Failure](err); is {
		words := fmt.Sprintf("expected %s; %s", failure.Expected, failure.Recorded)
		if failure.Hint != "" {
			words += "; " + failure.Hint
		}
		return words
	}
	// The map's own file is named above the table.
	for _, wrong := range []*uimap.Failure{failureOf[*uimap.NoElementError](err), failureOf[*uimap.SeveralError](err), failureOf[*uimap.Failure](err)} {
		if wrong != nil {
			return fmt.Sprintf("line %d: %v", wrong.Line, wrong.Err)
		}
	}
	if harness, is := errors.AsType[*steps.HarnessError](err); is {
		return fmt.Sprintf("%s: %v", harness.Doing, harness.Err)
	}
	return err.Error()
}

// failureOf finds an error of one of the kinds that hold a uimap.Failure, nil if there is none.
func failureOf[E error](err error) *uimap.Failure {
	found, is := errors.AsType[E](err)
	if !is {
		return nil
	}
	switch wrong := any(found).(type) {
	case *uimap.NoElementError:
		return &wrong.Failure
	case *uimap.SeveralError:
		return &wrong.Failure
	case *uimap.Failure:
		return wrong
	}
	return nil
}

// reopen takes everyone's desk back to where nothing is half done: a dialog that a failed verb has left open would fail the next one. If it cannot, the next trial tells.
func (r *rehearsal) reopen() {
	for _, s := range slices.Clone(r.order) {
		if s.page == nil || r.found["sign in"].Outcome != Works {
			continue
		}
		if r.leaves(s) == nil && r.signedIn(s.name) == nil && r.found["set state"].Outcome == Works && s.name == "amy" {
			_ = r.ready(s.name) // The next trial tells.
		}
	}
}

// asks has a new customer ask for help, with words that nobody else says, and waits until amy is offered the conversation.
func (r *rehearsal) asks() error {
	if err := r.next(); err != nil {
		return err
	}
	if err := r.asksWith(r.who, r.words()); err != nil {
		return err
	}
	return r.offered("amy", r.who)
}

// wrapUpOver is more than the time that the manager gives for a wrap-up.
const wrapUpOver = time.Minute

// next makes the trial about another customer, and frees everyone from those before. What they ask is for amy alone.
func (r *rehearsal) next() error {
	if ben := r.agent("ben"); ben.State() == agentmanager.Ready {
		if err := r.setsState("ben", "NOT_READY"); err != nil {
			return err
		}
	}
	for name, c := range r.customers {
		_ = c.conversation.Close("the rehearsal goes on") // It may be over already.
		delete(r.customers, name)
	}
	r.count++
	r.who = fmt.Sprintf("Carla%d", r.count)
	if r.options.Switches.WrapUp {
		return r.Pass(wrapUpOver)
	}
	return r.Rest()
}

// words are what the customer of the latest trial says first.
func (r *rehearsal) words() string { return "The lamp of " + r.who + " is broken." }

// talks is asks, and amy accepts.
func (r *rehearsal) talks() error {
	if err := r.asks(); err != nil {
		return err
	}
	return r.accepted("amy", r.who)
}

// accepted has someone accept what is offered, and waits until the manager has let them in.
func (r *rehearsal) accepted(name, customer string) error {
	if err := r.accepts(name, customer); err != nil {
		return err
	}
	s, err := r.working(name)
	if err != nil {
		return err
	}
	c, err := r.customer(customer)
	if err != nil {
		return err
	}
	return r.becomes(s, "topicSubscription for the offer from "+c.visible(), func() bool { return c.conversation.RoleOf(r.agent(name)) != "" })
}
