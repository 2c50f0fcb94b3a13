package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
)

// Tenants are the states of all tenants that are kept, by name.
func (s *Store) Tenants(ctx context.Context) (map[string]json.RawMessage, error) {
	found := map[string]json.RawMessage{}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var name string
		var state []byte
		if err := rows.Scan(&name, &state); err != nil {
			return err
		}
		found[name] = state
		return nil
	}, "SELECT name, state FROM tenant")
	return found, err
}

// Conversations are those of a tenant that are kept, in their order; with open, only those that are not over.
func (s *Store) Conversations(ctx context.Context, tenant string, open bool) ([]Conversation, error) {
	if err := s.settle(ctx); err != nil {
		return nil, s.failed(err)
	}
	var found []Conversation
	err := s.each(ctx, func(rows *sql.Rows) error {
		var c Conversation
		var state []byte
		if err := rows.Scan(&c.ID, &c.Ordinal, &c.Over, &state); err != nil {
			return err
		}
		c.State = state
		found = append(found, c)
		return nil
	}, "SELECT id, ordinal, over, state FROM conversation WHERE tenant = ? AND NOT (over AND ?) ORDER BY ordinal", tenant, open)
	return found, err
}

// Conversation is one of a tenant by its id; false if none of that id is kept.
func (s *Store) Conversation(ctx context.Context, tenant, id string) (Conversation, bool, error) {
	if err := s.settle(ctx); err != nil {
		return Conversation{}, false, s.failed(err)
	}
	c := Conversation{ID: id}
	var state []byte
	err := s.db.QueryRowContext(ctx, "SELECT ordinal, over, state FROM conversation WHERE tenant = ? AND id = ?", tenant, id).Scan(&c.Ordinal, &c.Over, &state)
	if errors.Is(err, sql.ErrNoRows) {
		return Conversation{}, false, nil
	}
	c.State = state
	return c, err == nil, s.failed(err)
}

// Events are all events of a conversation, in their order.
func (s *Store) Events(ctx context.Context, tenant, conversation string) ([]Event, error) {
	if err := s.settle(ctx); err != nil {
		return nil, s.failed(err)
	}
	var found []Event
	err := s.each(ctx, func(rows *sql.Rows) error {
		e := Event{Conversation: conversation}
		var body []byte
		if err := rows.Scan(&e.Cursor, &e.Name, &body); err != nil {
			return err
		}
		e.Body = body
		found = append(found, e)
		return nil
	}, "SELECT cursor, name, body FROM event WHERE tenant = ? AND conversation = ? ORDER BY cursor", tenant, conversation)
	return found, err
}

// Entries gives the entries of a tenant's journal with numbers above after, in their order, each as its JSON. It ends with an error if the file cannot be read.
func (s *Store) Entries(ctx context.Context, tenant string, after int) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			var last int
			var chunk []byte
			err := s.db.QueryRowContext(ctx, "SELECT last, entries FROM journal WHERE tenant = ? AND last > ? ORDER BY last LIMIT 1", tenant, after).Scan(&last, &chunk)
			if errors.Is(err, sql.ErrNoRows) {
				return
			}
			if err != nil {
				yield(Entry{}, s.failed(err))
				return
			}
			for line := range bytes.Lines(chunk) {
				var numbered struct {
					Seq int `json:"seq"`
				}
				if err := json.Unmarshal(line, &numbered); err != nil {
					yield(Entry{}, s.failed(fmt.Errorf("an entry of the journal: %w", err)))
					return
				}
				if numbered.Seq > after && !yield(Entry{Seq: numbered.Seq, Body: bytes.TrimSuffix(line, []byte("\n"))}, nil) {
					return
				}
			}
			after = last
		}
	}
}

// Span gives the numbers of the first and the last entry that are kept of a tenant's journal, both 0 if none is.
func (s *Store) Span(ctx context.Context, tenant string) (first, last int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT coalesce((SELECT first FROM journal WHERE tenant = ?1 ORDER BY last LIMIT 1), 0), coalesce(max(last), 0) FROM journal WHERE tenant = ?1", tenant).Scan(&first, &last)
	return first, last, s.failed(err)
}

// Media are the files that are kept of a tenant.
func (s *Store) Media(ctx context.Context, tenant string) ([]Medium, error) {
	var found []Medium
	err := s.each(ctx, func(rows *sql.Rows) error {
		var m Medium
		if err := rows.Scan(&m.ID, &m.Type, &m.Content); err != nil {
			return err
		}
		found = append(found, m)
		return nil
	}, "SELECT id, type, content FROM medium WHERE tenant = ?", tenant)
	return found, err
}

// each calls scan for every row that the query gives.
func (s *Store) each(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return s.failed(err)
	}
	defer func() { _ = rows.Close() }() // Err has told by then.
	for rows.Next() {
		if err := scan(rows); err != nil {
			return s.failed(err)
		}
	}
	return s.failed(rows.Err())
}

func (s *Store) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("read the desk's file %s: %w", s.path, err)
}
