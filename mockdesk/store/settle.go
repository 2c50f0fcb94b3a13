package store

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// settling are changes of conversations on their way from the log to where they belong.
type settling struct {
	// to is the number of the last row whose changes they are, transactions how many are left for the way.
	to, transactions int
	// changed are the conversations; waiting are those that are not there yet, in the order of the tables.
	changed changed
	waiting []owner
}

// changed are conversations, each with all that is new of it.
type changed map[owner]*part

// owner says whose conversation it is.
type owner struct{ tenant, id string }

// settle takes a step of the way if there is enough to go it for.
func (l *log) settle(w *writer) error {
	if l.settling != nil || l.unsettled >= mostUnsettled {
		if err := l.settleSome(w, 1); err != nil {
			return err
		}
	}
	return l.remove(w)
}

// settleAll goes all of it.
func (l *log) settleAll(w *writer) error {
	for l.settled < l.last {
		if err := l.settleSome(w, math.MaxInt32); err != nil {
			return err
		}
	}
	for len(l.removing) > 0 {
		if err := l.remove(w); err != nil {
			return err
		}
	}
	return nil
}

// settleSome takes a step of the way, or as many as are asked for.
func (l *log) settleSome(w *writer, steps int) error {
	if l.settling == nil {
		l.settling = l.gathered.settle(l.last, l.last-l.settled)
		l.gathered, l.unsettled = make(changed, len(l.settling.changed)), 0
	}
	s := l.settling
	n := min(len(s.waiting), (len(s.changed)/s.transactions+1)*steps)
	for _, of := range s.waiting[:n] {
		if err := s.place(w, l, of); err != nil {
			return err
		}
	}
	if s.waiting = s.waiting[n:]; len(s.waiting) > 0 {
		return nil
	}
	for of := range s.changed {
		l.removing[of.tenant] = true
	}
	l.settling, l.settled = nil, s.to
	return w.exec("UPDATE settled SET number = ?", l.settled)
}

// settle has the changes of so many rows, up to that of a number, go their way. Half of what it begins with has come again before it ends.
func (c changed) settle(to, rows int) *settling {
	s := &settling{to: to, transactions: max(rows/2, 1), changed: c, waiting: make([]owner, 0, len(c))}
	for of := range c {
		s.waiting = append(s.waiting, of)
	}
	// Neighbours share pages.
	slices.SortFunc(s.waiting, func(a, b owner) int { return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.id, b.id)) })
	return s
}

// add adds what came later. What is read is only valid for now.
func (c changed) add(of owner, p part) {
	if p.forgotten {
		c[of] = &part{forgotten: true}
		return
	}
	now := c[of]
	if now == nil {
		now = &part{}
		c[of] = now
	}
	if p.state != nil || p.note != nil {
		now.ordinal, now.over = p.ordinal, p.over
	}
	if p.state != nil {
		now.state = append(now.state[:0], p.state...)
	}
	if p.note != nil {
		now.note = append(now.note[:0], p.note...)
	}
	if now.first == 0 {
		now.first = p.first
	}
	now.events = append(now.events, p.events...)
}

// drop leaves out whatever there is of a tenant.
func (c changed) drop(tenant string) {
	maps.DeleteFunc(c, func(of owner, _ *part) bool { return of.tenant == tenant })
}

// drop leaves out whatever there is of a tenant.
func (s *settling) drop(tenant string) {
	s.changed.drop(tenant)
	s.waiting = slices.DeleteFunc(s.waiting, func(of owner) bool { return of.tenant == tenant })
}

// place writes what is new of a conversation. Of the events that were there already, since they were put there before a kill, all come again.
func (s *settling) place(w *writer, l *log, of owner) error {
	p := s.changed[of]
	if p.forgotten {
		for _, statement := range []string{"DELETE FROM event WHERE tenant = ? AND conversation = ?", "DELETE FROM conversation WHERE tenant = ? AND id = ?"} {
			if err := w.exec(statement, of.tenant, of.id); err != nil {
				return err
			}
		}
	}
	if p.state != nil || p.note != nil {
		if err := w.exec("INSERT INTO conversation (tenant, id, ordinal, over, state, note) VALUES (?, ?, ?, ?, ?, ?)"+
			" ON CONFLICT DO UPDATE SET over = excluded.over, state = coalesce(excluded.state, state), note = coalesce(excluded.note, note)",
			of.tenant, of.id, p.ordinal, p.over, nothing(p.state), nothing(p.note)); err != nil {
			return err
		}
	}
	if p.first == 0 {
		return nil
	}
	return w.exec("INSERT INTO event (tenant, conversation, first, events) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET events = excluded.events", of.tenant, of.id, p.first, l.compress(p.events))
}

// nothing is NULL for bytes that there are not.
func nothing(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}
