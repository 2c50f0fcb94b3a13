package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
)

// Opposite is what the pages of a scenario talk to, as far as its time is concerned.
type Opposite interface {
	// Paced says whether time may run ahead: the opposite's clock goes along, and it says what is on its way.
	Paced() bool
	// Advance lets time pass on its clock, in whole milliseconds.
	Advance(ms int) error
	// Err says why nothing that was read from it can be relied on, nil as long as it can.
	Err() error
}

// Page is a page of a scenario.
type Page struct {
	Tab *browser.Tab
	// Traffic waits until nothing is left to be sent to the page and says what is on its way. Nil for a page whose traffic nobody knows. moved waits until that has changed in
	// other ways than by a frame, or its context ends; it says whether it has.
	Traffic func(ctx context.Context) (now browser.Traffic, moved func(ctx context.Context) bool, err error)
	// Steady is the address of a socket that succeeds, as browser.Traffic has it; empty if there is none.
	Steady string
	// Party, if it is not empty, takes the place of the page, and of the host in it, in the journal.
	Party journal.Party
	// Means, if it is not nil, gives the meaning of a request that the browser tells of.
	Means func(request []byte) string

	// sequence maps the page's own numbers of entries to those of the journal.
	sequence map[int]int
	gone     context.CancelFunc
}

// Scene is where one scenario plays: its pages, its journal, and the time of them all. Nothing of it is shared with another scenario.
type Scene struct {
	Journal   *journal.Journal
	Deadlines Deadlines
	// guest is what is under test, for words: "integration" or "desk".
	guest    string
	opposite Opposite

	ctx    context.Context
	cancel context.CancelCauseFunc

	mu    sync.Mutex
	pages []*Page
	// spent is what the scenario's waits have cost so far.
	spent Spent
	// hook sees each entry that came from a page, so that a contract can check it where it is recorded.
	hook func(journal.Entry)
}

// NewScene begins a scenario that tries a guest ("integration", "desk" or "connector"), with an empty journal and no page. It ends with ctx; End it. Face it before the first page.
func NewScene(ctx context.Context, guest string, deadlines Deadlines) *Scene {
	s := &Scene{Journal: journal.New(), Deadlines: deadlines, guest: guest}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	return s
}

// Face says what the pages talk to.
func (s *Scene) Face(o Opposite) { s.opposite = o }

// End ends every wait.
func (s *Scene) End() { s.cancel(nil) }

// Stop ends the scenario with a verdict, whatever is still going on: a guest that never comes to rest is not waited for.
func (s *Scene) Stop(f *Failure) { s.cancel(f) }

// Add brings a page in. The scene ends when its tab is lost.
func (s *Scene) Add(p *Page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, gone := context.WithCancel(s.ctx)
	p.sequence, p.gone = map[int]int{}, gone
	s.pages = append(s.pages, p)
	go func() {
		select {
		case <-p.Tab.Lost():
			s.cancel(p.Tab.Reason())
		case <-ctx.Done():
		}
	}()
}

// Remove takes a page out, before its tab is given back: a person has closed it.
func (s *Scene) Remove(p *Page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p.gone()
	s.pages = slices.DeleteFunc(s.pages, func(other *Page) bool { return other == p })
}

// all are the pages now.
func (s *Scene) all() []*Page {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.pages)
}

// Spent is what waiting has cost: the first two in real time, the third on the scenario's own clock.
type Spent struct {
	// Waited is the real time spent on waiting for an entry, Rested that on waiting for the page to come to rest.
	Waited, Rested time.Duration
	// Passed is how far the scenario's clock was advanced.
	Passed time.Duration
}

// Minus is what was spent since an earlier moment.
func (s Spent) Minus(before Spent) Spent {
	return Spent{s.Waited - before.Waited, s.Rested - before.Rested, s.Passed - before.Passed}
}

// Spent says what the scenario's waits have cost so far. It is for the goroutine that plays the steps.
func (s *Scene) Spent() Spent { return s.spent }

// Context ends when the scenario does, or with the reason for which the tab was lost as its cause.
func (s *Scene) Context() context.Context { return s.ctx }

// Hook has f called with every entry that comes from the page. It must be set before the page is opened and must not wait for the journal.
func (s *Scene) Hook(f func(journal.Entry)) { s.hook = f }

// Record writes what a page says into the journal. It is what the sink of its tab is to call.
func (s *Scene) Record(p *Page, m browser.Message) {
	as := func(name string) journal.Party {
		// Where there is neither chat nor integration, whatever script speaks is the page's own.
		if own := []journal.Party{journal.Page, journal.Host, journal.Integration}; p.Party != "" && slices.Contains(own, journal.Party(name)) {
			return p.Party
		}
		return journal.Party(name)
	}
	e := journal.Entry{
		Kind: journal.Kind(m.Kind), From: as(m.From), To: as(m.To), Name: m.Name,
		Chat: m.Attempt, Widget: m.Widget, Requirement: m.Requirement, Note: m.Note, Data: m.Data,
	}
	if p.Means != nil && (e.Kind == journal.Request || e.Kind == journal.Response) {
		e.Operation = p.Means(m.Data)
	}
	s.mu.Lock()
	e.Ref = p.sequence[m.Ref]
	s.mu.Unlock()
	e = s.Journal.AppendAt(e, m.At)
	if m.ID > 0 {
		s.mu.Lock()
		p.sequence[m.ID] = e.Seq
		s.mu.Unlock()
	}
	if s.hook != nil {
		s.hook(e)
	}
}

// Act notes in the journal that a person did something.
func (s *Scene) Act(from, to journal.Party, name string) {
	s.Journal.Append(journal.Entry{Kind: journal.Act, From: from, To: to, Name: name})
}

// ErrAbsent says that the awaited entry did not come in its time.
var ErrAbsent = errors.New("did not happen in time")

// Await returns the first entry after mark that matches, or ErrAbsent once `within` of the scenario's own time has passed without it. See Until.
func (s *Scene) Await(mark int, match journal.Match, within time.Duration) (journal.Entry, error) {
	var e journal.Entry
	err := s.Until(func() (found bool) { e, found = s.Journal.Find(mark, match); return found }, within)
	return e, err
}

// Until waits until done says so; it is asked again after every new entry of the journal. It gives ErrAbsent once `within` of the scenario's own time has passed.
//
// A desk that does not let time run ahead is waited for in real time. Where the desk has broken, or was asked for what it does not tell, the wait ends with Desk.Err.
//
// It first simply waits, which is where a healthy integration answers. After Deadlines.Patience it brings the page to rest, and then lets the scenario's time run ahead
// in steps, resting after each, so that whatever a timer would still have done has been done when absence becomes the verdict. So a verdict of absence costs
// milliseconds, and a slow machine cannot cause one: nothing is absent while a request or a frame is still on its way.
func (s *Scene) Until(done func() bool, within time.Duration) error {
	if s.waits(done, s.Deadlines.Patience) {
		return s.opposite.Err()
	}
	return s.Elapse(done, within-s.Deadlines.Patience)
}

// Elapse is Until without the patience, for what comes by a timer if it comes at all, such as the next attempt on a link that is lost: the scenario's time runs at once.
func (s *Scene) Elapse(done func() bool, within time.Duration) error {
	// What the kit's own waits take is not the guest's: it has all of its time, however slow the machine.
	if err := s.run(within, func() time.Duration { return 0 }, done); err != nil {
		return err
	}
	if s.waits(done, s.Deadlines.Grace) {
		return s.opposite.Err()
	}
	if err := s.ended(); err != nil {
		return err
	}
	return ErrAbsent
}

// waits gives done a while of the wall clock; there is nothing to wait for where the desk cannot tell.
func (s *Scene) waits(done func() bool, wall time.Duration) bool {
	ctx, cancel := bound.WithTimeout(s.ctx, wall)
	defer cancel()
	defer func(began time.Time) { s.spent.Waited += time.Since(began) }(time.Now())
	return s.Journal.WaitUntil(ctx, func() bool { return done() || s.opposite.Err() != nil }) == nil
}

// Linger gives what crosses between two processes a while of the wall clock to arrive, and comes back at the next entry of the journal.
func (s *Scene) Linger(wall time.Duration) {
	mark := s.Journal.Len()
	s.waits(func() bool { return s.Journal.Len() > mark }, wall)
}

// Watch looks for what must not come, for a while of the wall clock, and says whether it came: it ends at once then. A guest whose clock is its own can be watched in no other way.
func (s *Scene) Watch(came func() bool, wall time.Duration) bool {
	return s.waits(came, wall) && s.opposite.Err() == nil
}

// Arrive comes back when the pages are at rest and what they have sent before has arrived, for whoever is to say that something has not come: what is on its way from a page
// is seen by nobody.
func (s *Scene) Arrive() error {
	if err := s.Rest(); err != nil {
		return err
	}
	s.waits(func() bool { return false }, s.Deadlines.Grace)
	return s.Rest()
}

// Pass lets d of the scenario's time pass, on the page's and on the desk's clock, and comes back when all that fell due has been done.
func (s *Scene) Pass(d time.Duration) error {
	s.Journal.Append(journal.Entry{Kind: journal.Clock, From: journal.Kit, To: journal.Page, Name: d.String() + " pass"})
	// What comes to rest meanwhile takes real time, which all clocks count as well: on a busy machine four seconds would be five.
	began := time.Now()
	return s.run(d, func() time.Duration { return time.Since(began) }, func() bool { return false })
}

// Rest waits until nothing is on its way any more: every frame that the opposite sent was dispatched, no request is open but those that it holds, no timer is due.
func (s *Scene) Rest() error {
	if !s.opposite.Paced() {
		return s.lull()
	}
	ctx, cancel := bound.WithTimeout(s.ctx, s.Deadlines.Quiet)
	defer cancel()
	defer func(began time.Time) { s.spent.Rested += time.Since(began) }(time.Now())
	for ctx.Err() == nil {
		pages, mark := s.all(), s.Journal.Len()
		for _, p := range pages {
			if err := s.settle(ctx, p); err != nil {
				return err
			}
		}
		// While one page came to rest another may have been sent something.
		if len(pages) < 2 || s.Journal.Len() == mark {
			return nil
		}
	}
	return s.ended()
}

// settle waits until a page has come to rest, or ctx ends.
func (s *Scene) settle(ctx context.Context, p *Page) error {
	for looks := 0; ctx.Err() == nil; {
		stale, err := s.look(ctx, p)
		if err == nil {
			return nil
		}
		if broken := s.opposite.Err(); broken != nil {
			return broken
		}
		if lost := s.ended(); lost != nil {
			return lost
		}
		if stale {
			continue
		}
		// A page that is busy may yet come to rest; one that does not answer never will.
		if looks++; looks > 1 {
			if err := s.check(p); err != nil {
				return err
			}
		}
	}
	// A page that answers is busy with something that never ends (a poll without a pause, say); that is its right, and what did not come so far will be seen by its absence.
	return s.ended()
}

// look waits a while for a page to come to rest, as the opposite sees the traffic now. What it sees may change meanwhile (a socket of which the page is to see the end was
// only opening, a request that is on its way comes to be held, the page goes on to another document): the look is stale then, and is to be taken anew.
func (s *Scene) look(ctx context.Context, p *Page) (stale bool, err error) {
	traffic, moved, err := p.Traffic(ctx)
	if err != nil {
		return false, untestable(err)
	}
	ctx, stop := bound.WithTimeout(ctx, s.Deadlines.Look)
	defer stop()
	changed := make(chan bool, 1)
	go func() {
		has := moved(ctx)
		stop()
		changed <- has
	}()
	traffic.Steady = p.Steady
	err = p.Tab.Settle(ctx, traffic)
	stop()
	return <-changed || errors.Is(err, browser.ErrMovedOn), err
}

// lull waits until nothing was recorded for a while: all that there is to tell rest by where the opposite does not say what is on its way. A page that is never quiet has
// rested when Deadlines.Quiet is over.
func (s *Scene) lull() error {
	ctx, cancel := bound.WithTimeout(s.ctx, s.Deadlines.Quiet)
	defer cancel()
	defer func(began time.Time) { s.spent.Rested += time.Since(began) }(time.Now())
	for _, p := range s.all() {
		looking, stop := bound.WithTimeout(ctx, s.Deadlines.Look)
		// What stays in flight may be a poll that is held.
		_ = p.Tab.Settle(looking, browser.Traffic{Steady: p.Steady})
		stop()
	}
	for ctx.Err() == nil {
		mark := s.Journal.Len()
		quiet, end := bound.WithTimeout(ctx, s.Deadlines.Lull)
		_, err := s.Journal.Wait(quiet, mark, func(journal.Entry) bool { return true })
		end()
		if err != nil {
			break
		}
	}
	if err := s.ended(); err != nil {
		return err
	}
	return s.opposite.Err()
}

// longestStep bounds how far the clocks run ahead at once.
const longestStep = 2 * time.Second

// run advances both clocks by d in steps, resting after each, until done. What has flowed by itself, which flown tells, is not advanced by.
func (s *Scene) run(d time.Duration, flown func() time.Duration, done func() bool) error {
	if !s.opposite.Paced() {
		s.waits(done, d)
		if err := s.ended(); err != nil {
			return err
		}
		return s.opposite.Err()
	}
	if err := s.Rest(); err != nil {
		return err
	}
	// Within a step the network stands still, so no step may be as long as an integration may give a request.
	step := min(max(d/8, 250*time.Millisecond), longestStep)
	for passed := time.Duration(0); !done(); {
		left := d - passed - flown()
		if left <= 0 {
			break
		}
		stride := min(step, left)
		if err := s.jump(stride); err != nil {
			return err
		}
		passed += stride
		if err := s.Rest(); err != nil {
			return err
		}
	}
	return nil
}

// jump advances all clocks by d, those of the pages first.
func (s *Scene) jump(d time.Duration) error {
	ctx, cancel := bound.WithTimeout(s.ctx, s.Deadlines.Quiet)
	defer cancel()
	s.spent.Passed += d
	var failed error
	var at *Page
	for _, p := range s.all() {
		if err := p.Tab.Jump(ctx, d); err != nil && failed == nil {
			failed, at = err, p
		}
	}
	if broken := s.opposite.Advance(int(d.Milliseconds())); broken != nil {
		return broken
	}
	if failed == nil {
		return nil
	}
	if lost := s.ended(); lost != nil {
		return lost
	}
	if checkErr := s.check(at); checkErr != nil {
		return checkErr
	}
	return &HarnessError{Doing: "advance the page's clock", Err: failed}
}

// check tells a page that hangs from one that is only busy.
func (s *Scene) check(p *Page) error {
	ctx, cancel := bound.WithTimeout(s.ctx, s.Deadlines.Answer)
	defer cancel()
	if err := p.Tab.Check(ctx); err != nil {
		if lost := s.ended(); lost != nil {
			return lost
		}
		// The tab says itself when the page hangs. Anything else is the browser's, which may just have died.
		return s.Lost(err)
	}
	return nil
}

// ended says why nothing more can come: the tab was lost, or the run ends. It is nil while the scenario goes on.
func (s *Scene) ended() error {
	if s.ctx.Err() == nil {
		return nil
	}
	return s.Lost(context.Cause(s.ctx))
}

// Lost turns the loss of a tab into a verdict where the guest caused it, and into a HarnessError where the browser failed. What stopped the scenario is given as it is.
func (s *Scene) Lost(err error) error {
	if stopped, is := errors.AsType[*Failure](err); is {
		return stopped
	}
	var lost *browser.LostError
	if !errors.As(err, &lost) || lost.Kind == "browser" {
		return &HarnessError{Doing: "drive the page", Err: err}
	}
	recorded := "the page was lost: " + lost.Error()
	if calls := s.Journal.All(0, func(e journal.Entry) bool { return crossings[s.guest][e.Kind] }); len(calls) > 0 {
		last := calls[len(calls)-1]
		recorded += fmt.Sprintf("; the last crossing was %s → %s %s", last.From, last.To, last.Name)
	}
	return &Failure{Expected: "a page that stays and answers while the " + s.guest + " works", Recorded: recorded, Hint: hints[s.guest][lost.Kind]}
}

// crossings are the kinds of entry by which a guest and what is around it speak.
var crossings = map[string]map[journal.Kind]bool{
	"integration": {journal.Call: true, journal.Callback: true},
	"desk":        {journal.Request: true, journal.Frame: true},
	"connector":   {journal.Request: true, journal.Response: true, journal.Screen: true},
}

// hints are what to look for when a page is lost, by the guest.
var hints = map[string]map[browser.LostKind]string{
	"integration": {
		"unresponsive": "look for a loop that never gives the page its turn",
		"navigated":    "an integration must not leave or reload the page that the chat is on",
		"closed":       "an integration must not close the page that the chat is on",
		"crashed":      "look for unbounded memory or recursion",
	},
	"desk": {
		"unresponsive": "look for a loop that never gives the page its turn",
		"navigated":    "a desk may go from page to page of its own origin, and nowhere else",
		"closed":       "a desk must not close its own page",
		"crashed":      "look for unbounded memory or recursion",
	},
	"connector": {
		"unresponsive": "look for a loop that never gives the page its turn, and for text of an agent that is taken for a script",
		"navigated":    "nothing that an agent writes may lead the user's page elsewhere",
		"closed":       "nothing that an agent writes may close the user's page",
		"crashed":      "look for unbounded memory or recursion",
	},
}
