package store

import (
	"cmp"
	"math"
	"slices"
)

// settling are changes of conversations on their way from the log to where they belong.
type settling struct {
	// read is the number of the row that was read last, to that of the last that is to be, transactions how many are left for the way.
	read, to, transactions int
	// changed are the conversations, each with all that is new of it; waiting are those that are not there yet, once all rows are read, in the order of the tables.
	changed map[owner]*part
	waiting []owner
}

// owner says whose conversation it is.
type owner struct{ tenant, id string }

// settle takes a step of the way if there is enough to go it for.
func (l *log) settle(w *writer) error {
	if l.settling != nil || l.unsettled >= mostUnsettled {
		if err := l.settleSome(w, rowsAtOnce); err != nil {
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

// settleSome takes a step of the way, and reads at most so many rows.
func (l *log) settleSome(w *writer, most int) error {
	s := l.settling
	if s == nil {
		// Half of what the way began with has come again before it ends.
		s = &settling{read: l.settled, to: l.last, transactions: max((l.last-l.settled)/2, 1), changed: map[owner]*part{}}
		l.settling, l.unsettled = s, 0
	}
	if s.read < s.to {
		return s.collect(w, l, most)
	}
	n := min(len(s.waiting), (len(s.changed)/s.transactions+1)*most)
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

// collect reads some of the rows.
func (s *settling) collect(w *writer, l *log, most int) error {
	last, rows, err := l.read(w, s.read, s.to, most, func(tenant string, p part) { s.add(owner{tenant, p.id}, p) })
	if err != nil {
		return err
	}
	if s.read = last; rows == most && last < s.to {
		return nil
	}
	s.read = s.to
	for of := range s.changed {
		s.waiting = append(s.waiting, of)
	}
	// Neighbours share pages.
	slices.SortFunc(s.waiting, func(a, b owner) int { return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.id, b.id)) })
	return nil
}

// add adds what came later. What is read is only valid for now.
func (s *settling) add(of owner, p part) {
	if p.forgotten {
		s.changed[of] = &part{forgotten: true}
		return
	}
	now := s.changed[of]
	if now == nil {
		now = &part{}
		s.changed[of] = now
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
func (s *settling) drop(tenant string) {
	for of := range s.changed {
		if of.tenant == tenant {
			delete(s.changed, of)
		}
	}
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
