package store

import (
	"cmp"
	"math"
	"slices"
)

// settling are changes of conversations on their way from the log to where they belong.
type settling struct {
	// to is the number of the last row whose changes they are, transactions how many there are for the way, conversations how many are to go it.
	to, transactions, conversations int
	// changed are the conversations; waiting are those that are not there yet, in the order of the tables.
	changed *changed
	waiting []owner
}

// owner says whose conversation it is, and what is new of it.
type owner struct {
	tenant, id string
	news       *news
}

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
		l.gathered, l.spare, l.unsettled = cmp.Or(l.spare, newChanged()), nil, 0
	}
	s := l.settling
	n := min(len(s.waiting), (s.conversations/s.transactions+1)*steps)
	for _, of := range s.waiting[:n] {
		if err := s.place(w, l, of); err != nil {
			return err
		}
	}
	if s.waiting = s.waiting[n:]; len(s.waiting) > 0 {
		return nil
	}
	for tenant := range s.changed.of {
		l.removing[tenant] = true
	}
	s.changed.clear()
	l.settling, l.settled, l.spare = nil, s.to, s.changed
	return w.exec("UPDATE settled SET number = ?", l.settled)
}

// drop leaves out whatever there is of a tenant.
func (s *settling) drop(tenant string) {
	s.changed.drop(tenant)
	s.waiting = slices.DeleteFunc(s.waiting, func(of owner) bool { return of.tenant == tenant })
}

// place writes what is new of a conversation. Of the events that were there already, since they were put there before a kill, all come again.
func (s *settling) place(w *writer, l *log, of owner) error {
	p := of.news
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
	return w.exec("INSERT INTO event (tenant, conversation, first, events) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET events = excluded.events", of.tenant, of.id, p.first, l.compress(s.changed.pile.read(p.events)))
}

// nothing is NULL for bytes that there are not.
func nothing(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}
