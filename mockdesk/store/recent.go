package store

import (
	"bytes"
	"cmp"
	"database/sql"
	"encoding/gob"
	"fmt"
	"math"
	"slices"
)

// mostRecent is how many changes of conversations are gathered before they are put where they belong. More of them share a page then; until then they are in memory, too.
const mostRecent = 32_000

// rowsAtOnce is how many rows of the table recent a transaction removes at most: each may have many pages.
const rowsAtOnce = 8

// What belongs to a conversation is together in the file, so that of the changes of a moment, which are those of many conversations, each would write pages of its own. So a
// transaction adds its changes of conversations as one row to the table recent, and they are put where they belong once there are many, a few with each transaction that follows.
// Until the last of them is there the rows stay: whoever opens the file after a kill puts them all there, again or for the first time.

// stretch is a row of recent: what one transaction has changed of the conversations of one tenant, what is forgotten first.
type stretch struct {
	Forgotten     []string
	Conversations []Conversation
	Events        []Event
}

// touched are changes of the conversations of one tenant: those that are to be forgotten before anything else is saved, and what is new of each. Of a conversation that changed
// several times only the last state is there.
type touched struct {
	forgotten     []string
	conversations map[string]*changed
}

// changed is what is new of one conversation; state is nil if it has only events.
type changed struct {
	state  *Conversation
	events []Event
}

func newTouched() *touched { return &touched{conversations: map[string]*changed{}} }

// add adds what came later, and says how much that was.
func (t *touched) add(s stretch) (changes int) {
	for _, id := range s.Forgotten {
		delete(t.conversations, id)
	}
	t.forgotten = append(t.forgotten, s.Forgotten...)
	for _, c := range s.Conversations {
		t.of(c.ID).state = &c
	}
	for _, e := range s.Events {
		one := t.of(e.Conversation)
		one.events = append(one.events, e)
	}
	return len(s.Forgotten) + len(s.Conversations) + len(s.Events)
}

func (t *touched) of(id string) *changed {
	if t.conversations[id] == nil {
		t.conversations[id] = &changed{}
	}
	return t.conversations[id]
}

// stretch is all of it.
func (t *touched) stretch() stretch {
	s := stretch{Forgotten: t.forgotten}
	for _, c := range t.conversations {
		if c.state != nil {
			s.Conversations = append(s.Conversations, *c.state)
		}
		s.Events = append(s.Events, c.events...)
	}
	return s
}

// recent is what is in the table recent; only the goroutine that writes knows it.
type recent struct {
	// last is the number of the latest row, gathered the changes by tenant that no one has begun to put where they belong, and changes how many they are.
	last     int
	gathered map[string]*touched
	changes  int
	// settling are those of which some are there already, up to the row settlingTo; forgotten are the ids that are removed before, by tenant.
	settling   []placed
	forgotten  map[string][]string
	settlingTo int
}

// placed is what is new of a conversation, and whose it is.
type placed struct {
	tenant, id string
	*changed
}

func newRecent() *recent { return &recent{gathered: map[string]*touched{}} }

// isEmpty says that everything is where it belongs.
func (r *recent) isEmpty() bool { return r.changes == 0 && r.settlingTo == 0 }

func (r *recent) gather(tenant string, s stretch) {
	if r.gathered[tenant] == nil {
		r.gathered[tenant] = newTouched()
	}
	r.changes += r.gathered[tenant].add(s)
}

// write adds a row.
func (r *recent) write(tx *sql.Tx, tenant string, s stretch) error {
	var row bytes.Buffer
	if err := gob.NewEncoder(&row).Encode(s); err != nil {
		return err
	}
	r.last++
	r.gather(tenant, s)
	_, err := tx.Exec("INSERT INTO recent (number, tenant, changes) VALUES (?, ?, ?)", r.last, tenant, row.Bytes())
	return err
}

// read gathers what the file has.
func (r *recent) read(db *sql.DB) error {
	rows, err := db.Query("SELECT number, tenant, changes FROM recent ORDER BY number")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err has told by then.
	for rows.Next() {
		var tenant string
		var row []byte
		if err := rows.Scan(&r.last, &tenant, &row); err != nil {
			return err
		}
		var s stretch
		if err := gob.NewDecoder(bytes.NewReader(row)).Decode(&s); err != nil {
			return fmt.Errorf("row %d of its table recent is damaged: %w", r.last, err)
		}
		r.gather(tenant, s)
	}
	return rows.Err()
}

// drop takes back whatever there is of a tenant.
func (r *recent) drop(tx *sql.Tx, tenant string) error {
	delete(r.gathered, tenant)
	delete(r.forgotten, tenant)
	r.settling = slices.DeleteFunc(r.settling, func(p placed) bool { return p.tenant == tenant })
	_, err := tx.Exec("DELETE FROM recent WHERE tenant = ?", tenant)
	return err
}

// settleAll puts everything where it belongs.
func (r *recent) settleAll(tx *sql.Tx) error {
	for !r.isEmpty() {
		if err := r.settle(tx, math.MaxInt); err != nil {
			return err
		}
		r.begin()
	}
	return nil
}

// begin has what was gathered put where it belongs from now on, unless there is nothing or what was gathered before is not there yet.
func (r *recent) begin() {
	if r.settlingTo > 0 || r.changes == 0 {
		return
	}
	r.settlingTo, r.forgotten = r.last, map[string][]string{}
	for tenant, t := range r.gathered {
		r.forgotten[tenant] = t.forgotten
		for id, c := range t.conversations {
			r.settling = append(r.settling, placed{tenant, id, c})
		}
	}
	// In the order of the tables: neighbours share pages.
	slices.SortFunc(r.settling, func(a, b placed) int { return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.id, b.id)) })
	r.gathered, r.changes = map[string]*touched{}, 0
}

// settle puts about that many changes where they belong.
func (r *recent) settle(tx *sql.Tx, changes int) error {
	if r.settlingTo == 0 {
		return nil
	}
	for tenant, ids := range r.forgotten {
		if err := removeForgotten(tx, tenant, ids); err != nil {
			return err
		}
	}
	r.forgotten = nil
	n := 0
	for ; n < len(r.settling) && changes > 0; n++ {
		changes -= 1 + len(r.settling[n].events)
	}
	if err := place(tx, r.settling[:n]); err != nil {
		return err
	}
	clear(r.settling[:n])
	if r.settling = r.settling[n:]; len(r.settling) > 0 {
		return nil
	}
	r.settling = nil
	return r.removeSettled(tx)
}

// removeSettled removes some of the rows that are of no more use. Whoever finds the others after a kill finds all that came after the first of them, too.
func (r *recent) removeSettled(tx *sql.Tx) error {
	removed, err := tx.Exec("DELETE FROM recent WHERE number IN (SELECT number FROM recent WHERE number <= ? ORDER BY number LIMIT ?)", r.settlingTo, rowsAtOnce)
	if err != nil {
		return err
	}
	n, err := removed.RowsAffected()
	if n < rowsAtOnce {
		r.settlingTo = 0
	}
	return err
}

// place writes what is new of conversations.
func place(tx *sql.Tx, all []placed) error {
	state, err := tx.Prepare("INSERT INTO conversation (tenant, id, ordinal, over, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET over = excluded.over, state = excluded.state")
	if err != nil {
		return err
	}
	defer func() { _ = state.Close() }() // The transaction knows whether its statements went well.
	// One that is there already was put there before a kill.
	event, err := tx.Prepare("INSERT INTO event (tenant, conversation, cursor, name, body) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING")
	if err != nil {
		return err
	}
	defer func() { _ = event.Close() }() // As above.
	for _, p := range all {
		if c := p.state; c != nil {
			if _, err := state.Exec(p.tenant, c.ID, c.Ordinal, c.Over, []byte(c.State)); err != nil {
				return err
			}
		}
		for _, e := range p.events {
			if _, err := event.Exec(p.tenant, e.Conversation, e.Cursor, e.Name, []byte(e.Body)); err != nil {
				return err
			}
		}
	}
	return nil
}

func removeForgotten(tx *sql.Tx, tenant string, ids []string) error {
	for _, id := range ids {
		for _, statement := range []string{"DELETE FROM event WHERE tenant = ? AND conversation = ?", "DELETE FROM conversation WHERE tenant = ? AND id = ?"} {
			if _, err := tx.Exec(statement, tenant, id); err != nil {
				return err
			}
		}
	}
	return nil
}
