package store

import (
	"bytes"
	"database/sql"
	"encoding/json"
)

// gathered are the changes of one tenant that one transaction keeps.
type gathered struct {
	dropped     bool
	state       json.RawMessage
	touched     *touched
	changes     int
	entries     bytes.Buffer
	first, last int
	media       []Medium
	oldest      int
}

func newGathered() *gathered { return &gathered{touched: newTouched()} }

func (g *gathered) add(c Change) {
	if c.Dropped {
		*g = *newGathered()
		g.dropped = true
	}
	if c.State != nil {
		g.state = c.State
	}
	g.changes += g.touched.add(stretch{Forgotten: c.Forgotten, Conversations: c.Conversations, Events: c.Events})
	g.media = append(g.media, c.Media...)
	for _, e := range c.Entries {
		if g.first == 0 {
			g.first = e.Seq
		}
		g.entries.Write(e.Body)
		g.entries.WriteByte('\n')
		g.last = e.Seq
	}
	g.oldest = max(g.oldest, c.Oldest)
}

func (g *gathered) save(tx *sql.Tx, tenant string, r *recent) error {
	if g.dropped {
		if err := r.drop(tx, tenant); err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE FROM event WHERE tenant = ?", "DELETE FROM conversation WHERE tenant = ?", "DELETE FROM journal WHERE tenant = ?", "DELETE FROM medium WHERE tenant = ?",
			"DELETE FROM tenant WHERE name = ?",
		} {
			if _, err := tx.Exec(statement, tenant); err != nil {
				return err
			}
		}
	}
	if g.state != nil {
		if _, err := tx.Exec("INSERT INTO tenant (name, state) VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state", tenant, []byte(g.state)); err != nil {
			return err
		}
	}
	if g.changes > 0 {
		if err := r.write(tx, tenant, g.touched.stretch()); err != nil {
			return err
		}
	}
	for _, m := range g.media {
		if _, err := tx.Exec("INSERT INTO medium (tenant, id, type, content) VALUES (?, ?, ?, ?)", tenant, m.ID, m.Type, m.Content); err != nil {
			return err
		}
	}
	return g.saveJournal(tx, tenant)
}

func (g *gathered) saveJournal(tx *sql.Tx, tenant string) error {
	if g.entries.Len() > 0 {
		// One row for all: a journal is read in long stretches, and written as fast as the desk works.
		if _, err := tx.Exec("INSERT INTO journal (tenant, last, first, entries) VALUES (?, ?, ?, ?)", tenant, g.last, g.first, g.entries.Bytes()); err != nil {
			return err
		}
	}
	if g.oldest == 0 {
		return nil
	}
	_, err := tx.Exec("DELETE FROM journal WHERE tenant = ? AND last < ?", tenant, g.oldest)
	return err
}
