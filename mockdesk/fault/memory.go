package fault

import (
	"fmt"
	"time"
)

// Memory is what a plan has to remember so that it goes on elsewhere as it would have here: its rules with their counts. What is parked and chaos are no part of it.
type Memory struct {
	// Last is the id that was given last.
	Last ID `json:"last"`
	// Rules are in the order of the plan.
	Rules []Remembered `json:"rules,omitempty"`
}

// Remembered is a rule and how far it has come.
type Remembered struct {
	ID   ID   `json:"id"`
	Rule Rule `json:"rule"`
	// Seen and Played are as in Standing.
	Seen   int `json:"seen,omitempty"`
	Played int `json:"played,omitempty"`
	// Until is when the time of the rule is over, by the clock of the plan; zero as long as it does not run.
	Until time.Time `json:"until,omitzero"`
	// Ended is whether it was released or has had its time.
	Ended bool `json:"ended,omitempty"`
}

// Changes counts what a Memory would tell of: two that are equal say that nothing has changed between them.
func (p *Plan) Changes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.changes
}

// Remember gives what is to be remembered now.
func (p *Plan) Remember() Memory {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := Memory{Last: p.last}
	for _, r := range p.rules {
		m.Rules = append(m.Rules, Remembered{ID: r.id, Rule: r.Rule, Seen: r.seen, Played: r.played, Until: r.until, Ended: r.over})
	}
	return m
}

// Recall has a plan that is still empty go on where another was. The error wraps a *FieldError that names the rule by its place in the list, from 0; then nothing has changed.
func (p *Plan) Recall(m Memory) error {
	for i, r := range m.Rules {
		if err := r.Rule.Validate(); err != nil {
			return fmt.Errorf("recalling %d rules: %w", len(m.Rules), below(fmt.Sprintf("rules[%d]", i), err))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last = m.Last
	for _, given := range m.Rules {
		r := &rule{Rule: given.Rule, id: given.ID, seen: given.Seen, played: given.Played, until: given.Until, over: given.Ended}
		if !r.until.IsZero() && !r.over && r.Fault.Kind.holds() {
			r.stopTimer = p.clock.AfterFunc(r.until.Sub(p.clock.Now()), func() { p.end([]*rule{r}) })
		}
		p.rules = append(p.rules, r)
	}
	return nil
}
