package store

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"slices"
)

// gathered are the changes of one tenant that one transaction keeps. Of a conversation that changed several times only the last state is written.
type gathered struct {
	dropped       bool
	state         json.RawMessage
	conversations map[string]Conversation
	events        []Event
	entries       bytes.Buffer
	first, last   int
	media         []Medium
	forgotten     []string
	oldest        int
}

func newGathered() *gathered { return &gathered{conversations: map[string]Conversation{}} }

func (g *gathered) add(c Change) {
	if c.Dropped {
		*g = *newGathered()
		g.dropped = true
	}
	if c.State != nil {
		g.state = c.State
	}
	g.forget(c.Forgotten)
	for _, one := range c.Conversations {
		g.conversations[one.ID] = one
	}
	g.events = append(g.events, c.Events...)
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

// forget takes back what was to be saved of conversations, and has what is saved of them removed before anything else is saved.
func (g *gathered) forget(ids []string) {
	for _, id := range ids {
		delete(g.conversations, id)
		g.events = slices.DeleteFunc(g.events, func(e Event) bool { return e.Conversation == id })
	}
	g.forgotten = append(g.forgotten, ids...)
}

func (g *gathered) save(tx *sql.Tx, tenant string) error {
	if g.dropped {
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
	if err := g.removeForgotten(tx, tenant); err != nil {
		return err
	}
	if err := g.saveConversations(tx, tenant); err != nil {
		return err
	}
	if err := g.saveEvents(tx, tenant); err != nil {
		return err
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

func (g *gathered) saveConversations(tx *sql.Tx, tenant string) error {
	if len(g.conversations) == 0 {
		return nil
	}
	insert, err := tx.Prepare("INSERT INTO conversation (tenant, id, ordinal, over, state) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET over = excluded.over, state = excluded.state")
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }() // The transaction knows whether its statements went well.
	for _, c := range g.conversations {
		if _, err := insert.Exec(tenant, c.ID, c.Ordinal, c.Over, []byte(c.State)); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathered) saveEvents(tx *sql.Tx, tenant string) error {
	if len(g.events) == 0 {
		return nil
	}
	insert, err := tx.Prepare("INSERT INTO event (tenant, conversation, cursor, name, body) VALUES (?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }() // As above.
	for _, e := range g.events {
		if _, err := insert.Exec(tenant, e.Conversation, e.Cursor, e.Name, []byte(e.Body)); err != nil {
			return err
		}
	}
	return nil
}

func (g *gathered) removeForgotten(tx *sql.Tx, tenant string) error {
	for _, id := range g.forgotten {
		for _, statement := range []string{"DELETE FROM event WHERE tenant = ? AND conversation = ?", "DELETE FROM conversation WHERE tenant = ? AND id = ?"} {
			if _, err := tx.Exec(statement, tenant, id); err != nil {
				return err
			}
		}
	}
	return nil
}
