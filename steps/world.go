package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"deskcheck/mockdesk/edge"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps/browser"
)

// World is what one scenario has in its hands: a tab, a desk, a journal and the time. Nothing of it is shared with another scenario.
type World struct {
	Tab       *browser.Tab
	Desk      *Desk
	Journal   *journal.Journal
	Deadlines Deadlines
	// Steady is the address of a socket that succeeds, as browser.Traffic has it; empty if there is none.
	Steady string

	// edge leads the names of the desk to it, nil if it has none but its address.
	edge *edge.Edge

	ctx    context.Context
	cancel context.CancelCauseFunc

	mu sync.Mutex
	// sequence maps the page's own numbers of entries to those of the journal, by document and number.
	sequence map[int]int
	// spent is what the scenario's waits have cost so far.
	spent Spent
	// hook sees each entry that came from the page, so that a contract can check it where it is recorded.
	hook func(journal.Entry)
}

// NewWorld gives the scenario of a name its tab, a desk of its own, and an empty journal. It ends with ctx, or with the tab. Close it.
func NewWorld(ctx context.Context, tab *browser.Tab, name string, desks Desks, deadlines Deadlines) (*World, error) {
	record := journal.New()
	w := &World{Tab: tab, Journal: record, Deadlines: deadlines, sequence: map[int]int{}}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	var err error
	if w.Desk, err = desks.open(w.ctx, name, record); err != nil {
		w.cancel(nil)
		return nil, err
	}
	if err := w.watch(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	go func() {
		select {
		case <-tab.Lost():
			w.cancel(tab.Reason())
		case <-w.ctx.Done():
		}
	}()
	return w, nil
}

// watch has what crosses between the page and its desk be seen where the desk cannot see it, and the desk's names lead to it.
func (w *World) watch() error {
	if w.Desk.Drives() {
		if err := w.Tab.WatchTraffic(w.ctx, w.DeskOrigins("http", "https", "ws", "wss")); err != nil {
			return &HarnessError{Doing: "watch the traffic between the page and the desk", Err: err}
		}
		return nil
	}
	if through, ok := w.Tab.Proxy().(*edge.Edge); ok {
		w.edge = through
		through.Lead(w.Desk.mock, w.refused)
	}
	return nil
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
func (w *World) Spent() Spent { return w.spent }

// Close ends the desk and every wait.
func (w *World) Close() error {
	w.cancel(nil)
	if w.edge != nil {
		w.edge.Leave()
	}
	return w.Desk.Close()
}

// refused records that the page asked for what it cannot have.
func (w *World) refused(r edge.Refusal) {
	w.Journal.Append(journal.Entry{Kind: journal.Refusal, From: journal.Page, To: journal.Kit, Name: r.Address, Note: "not among desk.hosts: refused"})
}

// DeskOrigins are how the addresses begin under which the page finds the desk with one of the schemes (http, https, ws, wss), such as "ws://127.0.0.1:40123/".
func (w *World) DeskOrigins(schemes ...string) []string {
	var all []string
	for _, base := range w.Desk.Place().Bases() {
		if scheme, _, _ := strings.Cut(base, "://"); slices.Contains(schemes, scheme) {
			all = append(all, base+"/")
		}
	}
	if w.edge != nil {
		for _, name := range w.edge.Names() {
			all = append(all, name.Origins(schemes...)...)
		}
	}
	return all
}

// Context ends when the scenario does, or with the reason for which the tab was lost as its cause.
func (w *World) Context() context.Context { return w.ctx }

// Hook has f called with every entry that comes from the page. It must be set before the page is opened and must not wait for the journal.
func (w *World) Hook(f func(journal.Entry)) { w.hook = f }

// Record writes what the page says into the journal. It is the sink of the tab.
func (w *World) Record(m browser.Message) {
	e := journal.Entry{
		Kind: journal.Kind(m.Kind), From: journal.Party(m.From), To: journal.Party(m.To), Name: m.Name,
		Chat: m.Attempt, Widget: m.Widget, Requirement: m.Requirement, Note: m.Note, Data: m.Data,
	}
	if e.Kind == journal.Request || e.Kind == journal.Response {
		e.Operation = w.meaning(m.Data)
	}
	w.mu.Lock()
	e.Ref = w.sequence[m.Ref]
	w.mu.Unlock()
	e = w.Journal.AppendAt(e, m.At)
	if m.ID > 0 {
		w.mu.Lock()
		w.sequence[m.ID] = e.Seq
		w.mu.Unlock()
	}
	if w.hook != nil {
		w.hook(e)
	}
}

// meaning is what a request that the browser tells of asks of the desk, empty if it is not known, and for a preflight.
func (w *World) meaning(request []byte) string {
	var data struct{ Host, Method, Path string }
	// What is not there reads as empty.
	_ = json.Unmarshal(request, &data)
	return w.Desk.means(data.Method, data.Host+data.Path)
}

// Act notes in the journal that a person did something.
func (w *World) Act(from, to journal.Party, name string) {
	w.Journal.Append(journal.Entry{Kind: journal.Act, From: from, To: to, Name: name})
}

// ErrAbsent says that the awaited entry did not come in its time.
var ErrAbsent = errors.New("did not happen in time")

// Await returns the first entry after mark that matches, or ErrAbsent once `within` of the scenario's own time has passed without it. See Until.
func (w *World) Await(mark int, match journal.Match, within time.Duration) (journal.Entry, error) {
	var e journal.Entry
	err := w.Until(func() (found bool) { e, found = w.Journal.Find(mark, match); return found }, within)
	return e, err
}

// Until waits until done says so; it is asked again after every new entry of the journal. It gives ErrAbsent once `within` of the scenario's own time has passed.
//
// A desk that does not let time run ahead is waited for in real time. Where the desk has broken, or was asked for what it does not tell, the wait ends with Desk.Err.
//
// It first simply waits, which is where a healthy integration answers. After Deadlines.Patience it brings the page to rest, and then lets the scenario's time run ahead
// in steps, resting after each, so that whatever a timer would still have done has been done when absence becomes the verdict. So a verdict of absence costs
// milliseconds, and a slow machine cannot cause one: nothing is absent while a request or a frame is still on its way.
func (w *World) Until(done func() bool, within time.Duration) error {
	if w.waits(done, w.Deadlines.Patience) {
		return w.Desk.Err()
	}
	return w.Elapse(done, within-w.Deadlines.Patience)
}

// Elapse is Until without the patience, for what comes by a timer if it comes at all, such as the next attempt on a link that is lost: the scenario's time runs at once.
func (w *World) Elapse(done func() bool, within time.Duration) error {
	if err := w.run(within, done); err != nil {
		return err
	}
	if w.waits(done, w.Deadlines.Grace) {
		return w.Desk.Err()
	}
	if err := w.ended(); err != nil {
		return err
	}
	return ErrAbsent
}

// waits gives done a while of the wall clock; there is nothing to wait for where the desk cannot tell.
func (w *World) waits(done func() bool, wall time.Duration) bool {
	ctx, cancel := context.WithTimeout(w.ctx, wall)
	defer cancel()
	defer func(began time.Time) { w.spent.Waited += time.Since(began) }(time.Now())
	return w.Journal.WaitUntil(ctx, func() bool { return done() || w.Desk.Err() != nil }) == nil
}

// Pass lets d of the scenario's time pass, on the page's and on the desk's clock, and comes back when all that fell due has been done.
func (w *World) Pass(d time.Duration) error {
	w.Journal.Append(journal.Entry{Kind: journal.Clock, From: journal.Kit, To: journal.Page, Name: d.String() + " pass"})
	return w.run(d, func() bool { return false })
}

// Rest waits until nothing is on its way any more: every frame that the desk sent was dispatched, no request is open but those that the desk holds, no timer is due.
func (w *World) Rest() error {
	if !w.Desk.Paced() {
		return w.lull()
	}
	ctx, cancel := context.WithTimeout(w.ctx, w.Deadlines.Quiet)
	defer cancel()
	defer func(began time.Time) { w.spent.Rested += time.Since(began) }(time.Now())
	for looks := 0; ctx.Err() == nil; {
		stale, err := w.look(ctx)
		if err == nil {
			return nil
		}
		if broken := w.Desk.Err(); broken != nil {
			return broken
		}
		if lost := w.ended(); lost != nil {
			return lost
		}
		if stale {
			continue
		}
		// A page that is busy may yet come to rest; one that does not answer never will.
		if looks++; looks > 1 {
			if err := w.check(); err != nil {
				return err
			}
		}
	}
	// A page that answers is busy with something that never ends (a poll without a pause, say); that is its right, and what did not come so far will be seen by its absence.
	return nil
}

// look waits a while for the page to come to rest, as the desk sees the traffic now. What the desk sees may change meanwhile (a socket of which the page is to see the end
// was only opening, a request that is on its way comes to be held): the look is stale then, and is to be taken anew.
func (w *World) look(ctx context.Context) (stale bool, err error) {
	traffic, err := w.Desk.Traffic(ctx)
	if err != nil {
		return false, untestable(err)
	}
	ctx, stop := context.WithTimeout(ctx, w.Deadlines.Look)
	defer stop()
	changed := make(chan bool, 1)
	go func() {
		moved := w.Desk.Moved(ctx, traffic) == nil
		stop()
		changed <- moved
	}()
	err = w.Tab.Settle(ctx, browser.Traffic{Frames: traffic.Frames, Held: traffic.Kept, Servers: w.DeskOrigins("ws", "wss"), Sockets: traffic.Sockets, Steady: w.Steady})
	stop()
	return <-changed, err
}

// lull waits until nothing was recorded for a while: all that there is to tell rest by where the desk does not say what is on its way. A page that is never quiet has rested when
// Deadlines.Quiet is over.
func (w *World) lull() error {
	ctx, cancel := context.WithTimeout(w.ctx, w.Deadlines.Quiet)
	defer cancel()
	defer func(began time.Time) { w.spent.Rested += time.Since(began) }(time.Now())
	looking, stop := context.WithTimeout(ctx, w.Deadlines.Look)
	// What stays in flight may be a poll that the desk holds.
	_ = w.Tab.Settle(looking, browser.Traffic{Steady: w.Steady})
	stop()
	for ctx.Err() == nil {
		mark := w.Journal.Len()
		quiet, end := context.WithTimeout(ctx, w.Deadlines.Lull)
		_, err := w.Journal.Wait(quiet, mark, func(journal.Entry) bool { return true })
		end()
		if err != nil {
			break
		}
	}
	if err := w.ended(); err != nil {
		return err
	}
	return w.Desk.Err()
}

// longestStep bounds how far the clocks run ahead at once.
const longestStep = 2 * time.Second

// run advances both clocks by d in steps, resting after each, until done.
func (w *World) run(d time.Duration, done func() bool) error {
	if !w.Desk.Paced() {
		w.waits(done, d)
		if err := w.ended(); err != nil {
			return err
		}
		return w.Desk.Err()
	}
	if err := w.Rest(); err != nil {
		return err
	}
	// Within a step the network stands still, so no step may be as long as an integration may give a request.
	step := min(max(d/8, 250*time.Millisecond), longestStep)
	for passed := time.Duration(0); passed < d && !done(); passed += step {
		if err := w.jump(min(step, d-passed)); err != nil {
			return err
		}
		if err := w.Rest(); err != nil {
			return err
		}
	}
	return nil
}

func (w *World) jump(d time.Duration) error {
	ctx, cancel := context.WithTimeout(w.ctx, w.Deadlines.Quiet)
	defer cancel()
	w.spent.Passed += d
	err := w.Tab.Jump(ctx, d)
	if broken := w.Desk.Advance(int(d.Milliseconds())); broken != nil {
		return broken
	}
	if err == nil {
		return nil
	}
	if lost := w.ended(); lost != nil {
		return lost
	}
	if checkErr := w.check(); checkErr != nil {
		return checkErr
	}
	return &HarnessError{Doing: "advance the page's clock", Err: err}
}

// check tells a page that hangs from one that is only busy.
func (w *World) check() error {
	ctx, cancel := context.WithTimeout(w.ctx, w.Deadlines.Answer)
	defer cancel()
	if err := w.Tab.Check(ctx); err != nil {
		if lost := w.ended(); lost != nil {
			return lost
		}
		// The tab says itself when the page hangs. Anything else is the browser's, which may just have died.
		return w.Lost(err)
	}
	return nil
}

// ended says why nothing more can come: the tab was lost, or the run ends. It is nil while the scenario goes on.
func (w *World) ended() error {
	if w.ctx.Err() == nil {
		return nil
	}
	return w.Lost(context.Cause(w.ctx))
}

// Lost turns the loss of a tab into a verdict where the integration caused it, and into a HarnessError where the browser failed.
func (w *World) Lost(err error) error {
	var lost *browser.LostError
	if !errors.As(err, &lost) || lost.Kind == "browser" {
		return &HarnessError{Doing: "drive the page", Err: err}
	}
	recorded := "the page was lost: " + lost.Error()
	if calls := w.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Call || e.Kind == journal.Callback }); len(calls) > 0 {
		last := calls[len(calls)-1]
		recorded += fmt.Sprintf("; the last crossing was %s → %s %s", last.From, last.To, last.Name)
	}
	hint := map[browser.LostKind]string{
		"unresponsive": "look for a loop that never gives the page its turn",
		"navigated":    "an integration must not leave or reload the page that the chat is on",
		"closed":       "an integration must not close the page that the chat is on",
		"crashed":      "look for unbounded memory or recursion",
	}[lost.Kind]
	return &Failure{Expected: "a page that stays and answers while the integration works", Recorded: recorded, Hint: hint}
}
