package fault

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Clock is what desk time is told by: the current moment, and a function called later.
type Clock interface {
	// Now is the current moment of this clock.
	Now() time.Time
	// AfterFunc calls f once d has passed on this clock. The returned stop reports whether it kept f from being called.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// ID is the number that a plan gave to a rule, from 1 in the order in which they were added. 0 is no rule.
type ID int

// Played is one play of a fault.
type Played struct {
	// Rule is whose fault it is, 0 if chaos chose it.
	Rule ID
	// Fault is what, Arrival where.
	Fault   Fault
	Arrival Arrival
	// Times is how often the rule has played, this time included; for chaos, how often chaos has.
	Times int
	// At is when it was decided, in desk time.
	At time.Time
}

// String says it for a person: "rule 3, 1st time: answer 503 (request message in conversation c1)".
func (p Played) String() string {
	by := "chaos"
	if p.Rule != 0 {
		by = fmt.Sprintf("rule %d", p.Rule)
	}
	return fmt.Sprintf("%s, play %d: %s (%s)", by, p.Times, p.Fault, p.Arrival)
}

// Standing is a rule of a plan and what has become of it.
type Standing struct {
	ID   ID   `json:"id"`
	Rule Rule `json:"rule"`
	// Seen is how many arrivals there were for it, Played on how many of them it played its fault.
	Seen   int `json:"seen"`
	Played int `json:"played"`
	// Parked are those that it parks now, in the order in which they came.
	Parked []Arrival `json:"parked,omitempty"`
	// Over is whether it will not play again.
	Over bool `json:"over"`
}

// Plan is what goes wrong at one desk: rules in an order. All its methods are safe for use by many goroutines. Make one with NewPlan.
//
// On each arrival at most one rule plays: of the rules that fit it and whose schedule is due, the first in the order of the plan. What was added later comes before what was
// added earlier, so that an exception can be made for a while and what held before holds again after it; rules that are added together, by AddScript, keep the order in
// which they are given, so that a script reads from top to bottom. Chaos is asked where no rule plays. The same arrivals in the same order meet the same faults.
type Plan struct {
	clock  Clock
	played func(Played)
	// busy is whether there are rules or chaos: those who would have to find out what they ask about need not ask if there are none.
	busy atomic.Bool

	mu      sync.Mutex
	rules   []*rule
	last    ID
	serial  int
	chaos   *Chaos
	changed chan struct{}
	// changes counts what a Memory would tell of.
	changes int
}

// rule is a Rule at work. Its fields are guarded by Plan.mu.
type rule struct {
	Rule

	id           ID
	seen, played int
	// until is when For has passed, zero as long as it does not run.
	until time.Time
	// over is set by a release, by removal and by time; what is merely spent is told by the schedule.
	over      bool
	parked    []*ticket
	stopTimer func() bool
}

// ticket is an arrival that is parked; serial is that of its Decision. Whoever lets it go on runs settle, so that effects happen in the order of arrival and have happened when Release returns.
type ticket struct {
	serial  int
	arrival Arrival
	settle  func()
}

// NewPlan makes a plan without rules whose time is the clock's. If played is not nil it is called with each play of a fault, in order, before the fault has any effect; the
// plan is locked meanwhile, so it must not call the plan, nor wait for anything that does.
func NewPlan(clock Clock, played func(Played)) *Plan {
	if played == nil {
		played = func(Played) {}
	}
	return &Plan{clock: clock, played: played, changed: make(chan struct{})}
}

// Add puts a rule before all that are in the plan and returns its id. The error is a *FieldError.
func (p *Plan) Add(r Rule) (ID, error) {
	if err := r.Validate(); err != nil {
		return 0, fmt.Errorf("adding a rule: %w", err)
	}
	return p.add([]Rule{r})[0], nil
}

// AddScript puts rules before all that are in the plan, in the order given, and returns their ids: all of them, or none if there is an error. The error wraps a *FieldError
// whose path begins with the place in the list, from 0.
func (p *Plan) AddScript(rules ...Rule) ([]ID, error) {
	for i, r := range rules {
		if err := r.Validate(); err != nil {
			return nil, fmt.Errorf("adding %d rules: %w", len(rules), below(fmt.Sprintf("[%d]", i), err))
		}
	}
	return p.add(rules), nil
}

func (p *Plan) add(rules []Rule) []ID {
	p.mu.Lock()
	defer p.mu.Unlock()
	var fresh []*rule
	var ids []ID
	for _, given := range rules {
		p.last++
		r := &rule{Rule: given, id: p.last}
		if given.Schedule.first() == 1 {
			p.begin(r)
		}
		fresh, ids = append(fresh, r), append(ids, r.id)
	}
	p.rules = append(fresh, p.rules...)
	p.changes++
	p.look()
	return ids
}

// begin starts the time that the rule is for; p.mu is held.
func (p *Plan) begin(r *rule) {
	d := r.Schedule.For
	if d == 0 {
		return
	}
	r.until = p.clock.Now().Add(d)
	if r.Fault.Kind.holds() {
		r.stopTimer = p.clock.AfterFunc(d, func() { p.end([]*rule{r}) })
	}
}

// end has the rules not play again and lets go on what they parked. Rules that are no longer in the plan are let be.
func (p *Plan) end(rules []*rule) {
	p.mu.Lock()
	p.changes++
	var waiting []*ticket
	for _, r := range rules {
		r.over = true
		waiting = append(waiting, p.free(r)...)
	}
	p.broadcast()
	p.mu.Unlock()
	settle(waiting)
}

// free takes from the rule what it parked; p.mu is held.
func (p *Plan) free(r *rule) []*ticket {
	waiting := r.parked
	r.parked = nil
	return waiting
}

func earlier(a, b *ticket) int { return cmp.Compare(a.serial, b.serial) }

// settle lets tickets go on, in the order of arrival. No lock of the plan is held: the effects are someone else's.
func settle(waiting []*ticket) {
	slices.SortFunc(waiting, earlier)
	for _, t := range waiting {
		t.settle()
	}
}

// Remove takes rules out of the plan, and lets what they parked go on as Release does. If there is no rule with one of the ids, it does nothing and the error names it.
func (p *Plan) Remove(ids ...ID) error {
	p.mu.Lock()
	rules, err := p.find(ids)
	if err != nil {
		p.mu.Unlock()
		return err
	}
	p.rules = slices.DeleteFunc(p.rules, func(r *rule) bool { return slices.Contains(rules, r) })
	p.look()
	for _, r := range rules {
		if r.stopTimer != nil {
			r.stopTimer()
		}
	}
	p.mu.Unlock()
	p.end(rules)
	return nil
}

// Clear removes all rules and chaos, and lets what was parked go on.
func (p *Plan) Clear() {
	p.mu.Lock()
	rules := p.rules
	p.rules, p.chaos = nil, nil
	p.look()
	for _, r := range rules {
		if r.stopTimer != nil {
			r.stopTimer()
		}
	}
	p.mu.Unlock()
	p.end(rules)
}

// Release lets what the rules have parked go on, in the order in which it came, and ends those whose schedule says "until released". When it returns, the effects of what
// was parked have happened. If there is no rule with one of the ids, it does nothing and the error names it.
func (p *Plan) Release(ids ...ID) error {
	p.mu.Lock()
	rules, err := p.find(ids)
	p.changes++
	var waiting []*ticket
	for _, r := range rules {
		r.over = r.over || r.Schedule.UntilReleased
		waiting = append(waiting, p.free(r)...)
	}
	p.broadcast()
	p.mu.Unlock()
	settle(waiting)
	return err
}

// find gives the rules with the ids; p.mu is held.
func (p *Plan) find(ids []ID) ([]*rule, error) {
	found := make([]*rule, 0, len(ids))
	for _, id := range ids {
		at := slices.IndexFunc(p.rules, func(r *rule) bool { return r.id == id })
		if at < 0 {
			return nil, fmt.Errorf("there is no rule %d in the plan; List tells which there are", id)
		}
		found = append(found, p.rules[at])
	}
	return found, nil
}

// List gives the rules in the order of the plan, each with what has become of it.
func (p *Plan) List() []Standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	all := make([]Standing, len(p.rules))
	for i, r := range p.rules {
		all[i] = Standing{ID: r.id, Rule: r.Rule, Seen: r.seen, Played: r.played, Over: r.ended(now) || r.Schedule.spent(r.seen, r.played)}
		for _, t := range r.parked {
			all[i].Parked = append(all[i].Parked, t.arrival)
		}
	}
	return all
}

// ended is whether the rule was released, removed or has had its time.
func (r *rule) ended(now time.Time) bool {
	return r.over || !r.until.IsZero() && !now.Before(r.until)
}

// SetChaos has chaos play where no rule does; nil ends it.
func (p *Plan) SetChaos(c *Chaos) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.chaos = c
	p.look()
}

// Chaos is the chaos that plays where no rule does, nil if there is none, and how often it has played.
func (p *Plan) Chaos() (c *Chaos, played int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.chaos == nil {
		return nil, 0
	}
	return p.chaos, p.chaos.played
}

// look notes whether there is anything to decide by; p.mu is held.
func (p *Plan) look() { p.busy.Store(len(p.rules) > 0 || p.chaos != nil) }

// isEmpty is whether every arrival would be accepted.
func (p *Plan) isEmpty() bool { return !p.busy.Load() }

// Decision is what a plan decided about one arrival.
type Decision struct {
	// Rule is whose fault it is, 0 if none or if chaos chose it.
	Rule ID
	// Fault is what goes wrong; its kind is Accept if nothing does.
	Fault Fault
	// Arrival is what was decided about.
	Arrival Arrival

	// at is when it was decided: what is timed is timed from there. serial numbers the decisions: what is parked goes on in the order in which it was decided on.
	at     time.Time
	serial int
	plan   *Plan
	rule   *rule
}

// AtOnce is whether the effect of a request happens as soon as it has come, whatever becomes of the answer; otherwise it happens later or not at all. A desk whose requests
// take effect in the order in which they are decided on runs such effects itself, before it gives up its lock, and has Exchange.Effect return what came of it.
func (d Decision) AtOnce() bool {
	switch d.Fault.Kind {
	case Accept, HoldReply, ResetAfter, Truncate, Malformed, ContentType, NoCORS, SlowDownload:
		return true
	default:
		return false
	}
}

// Alters is whether the fault lies in the answer that is sent: such a fault can be played when the answer comes, however long after the decision.
func (d Decision) Alters() bool {
	switch d.Fault.Kind {
	case Truncate, Malformed, ContentType, NoCORS, SlowDownload:
		return true
	default:
		return false
	}
}

// Next decides what becomes of an arrival, and counts it.
func (p *Plan) Next(a Arrival) Decision {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	var playing *rule
	for _, r := range p.rules {
		if !r.fits(a) || r.ended(now) {
			continue
		}
		r.seen++
		p.changes++
		if r.seen > 1 && r.seen == r.Schedule.first() {
			p.begin(r)
		}
		if playing == nil && r.Schedule.plays(r.seen, r.played) {
			playing = r
		}
	}
	p.serial++
	d := Decision{Fault: Fault{Kind: Accept}, Arrival: a, at: now, serial: p.serial, plan: p}
	times := 0
	switch {
	case playing != nil:
		playing.played++
		times = playing.played
		d.Rule, d.rule, d.Fault = playing.id, playing, playing.Fault
	case p.chaos != nil:
		d.Fault, times = p.chaos.next(a)
	}
	if d.Fault.Kind != Accept {
		p.played(Played{Rule: d.Rule, Fault: d.Fault, Arrival: a, Times: times, At: now})
	}
	return d
}

// fits is whether the rule counts the arrival: its fault can be played on it, and it is within its scope. An exception counts what comes before the whole request only if
// its scope says so: one request would be several arrivals for it.
func (r *rule) fits(a Arrival) bool {
	if r.Fault.Kind == Accept && r.Scope.On == "" && (a.Moment == Preflight || a.Moment == Upload) {
		return false
	}
	spec, err := specOf(r.Fault.Kind)
	return err == nil && slices.Contains(spec.moments, a.Moment) && r.Scope.fits(a)
}

// park puts an arrival aside until its rule is released or ends; then settle is called once, unless unpark came first. If the rule has ended already, settle is called at
// once.
func (d Decision) park(settle func()) (unpark func()) {
	p, t := d.plan, &ticket{serial: d.serial, arrival: d.Arrival, settle: settle}
	p.mu.Lock()
	if d.rule.ended(p.clock.Now()) {
		p.mu.Unlock()
		settle()
		return func() {}
	}
	d.rule.parked = append(d.rule.parked, t)
	slices.SortFunc(d.rule.parked, earlier)
	p.broadcast()
	p.mu.Unlock()
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if at := slices.Index(d.rule.parked, t); at >= 0 {
			d.rule.parked = slices.Delete(d.rule.parked, at, at+1)
			p.broadcast()
		}
	}
}

// WaitParked waits until at least n arrivals within the scope are parked. Its error wraps the context's and says how many there are.
func (p *Plan) WaitParked(ctx context.Context, within Scope, n int) error {
	for {
		p.mu.Lock()
		parked := 0
		for _, r := range p.rules {
			for _, t := range r.parked {
				if within.fits(t.arrival) {
					parked++
				}
			}
		}
		changed := p.changed
		p.mu.Unlock()
		if parked >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for %d parked arrivals %s, there are %d: %w", n, within, parked, ctx.Err())
		}
	}
}

// broadcast wakes every waiter; p.mu is held.
func (p *Plan) broadcast() {
	close(p.changed)
	p.changed = make(chan struct{})
}
