package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"

	"github.com/klauspost/compress/s2"
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
		var state, note []byte
		if err := rows.Scan(&c.ID, &c.Ordinal, &c.Over, &state, &note); err != nil {
			return err
		}
		c.State, c.Note = state, note
		found = append(found, c)
		return nil
	}, "SELECT id, ordinal, over, state, note FROM conversation WHERE tenant = ? AND NOT (over AND ?) ORDER BY ordinal", tenant, open)
	return found, err
}

// Conversation is one of a tenant by its id; false if none of that id is kept.
func (s *Store) Conversation(ctx context.Context, tenant, id string) (Conversation, bool, error) {
	if err := s.settle(ctx); err != nil {
		return Conversation{}, false, s.failed(err)
	}
	c := Conversation{ID: id}
	var state, note []byte
	err := s.db.QueryRowContext(ctx, "SELECT ordinal, over, state, note FROM conversation WHERE tenant = ? AND id = ?", tenant, id).Scan(&c.Ordinal, &c.Over, &state, &note)
	if errors.Is(err, sql.ErrNoRows) {
		return Conversation{}, false, nil
	}
	c.State, c.Note = state, note
	return c, err == nil, s.failed(err)
}

// Events are all events of a conversation, in their order.
func (s *Store) Events(ctx context.Context, tenant, conversation string) ([]Event, error) {
	if err := s.settle(ctx); err != nil {
		return nil, s.failed(err)
	}
	var found []Event
	err := s.each(ctx, func(rows *sql.Rows) error {
		var written sql.RawBytes
		if err := rows.Scan(&written); err != nil {
			return err
		}
		raw, err := s2.Decode(nil, written)
		if err == nil {
			found, err = readEvents(found, conversation, raw)
		}
		return err
	}, "SELECT events FROM event WHERE tenant = ? AND conversation = ? ORDER BY first", tenant, conversation)
	return found, err
}

// Entries gives the entries of a tenant's journal with numbers above after, in their order. It ends with an error if the file cannot be read.
func (s *Store) Entries(ctx context.Context, tenant string, after int) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for {
			var last int
			var changes []byte
			err := s.db.QueryRowContext(ctx, "SELECT last, changes FROM log WHERE tenant = ?1 AND last > ?2 AND last >= "+oldest+" ORDER BY last LIMIT 1", tenant, after).Scan(&last, &changes)
			if errors.Is(err, sql.ErrNoRows) {
				return
			}
			var raw []byte
			if err == nil {
				raw, err = s2.Decode(nil, changes)
			}
			if err == nil {
				raw, err = rowField(raw, rowEntries)
			}
			if err != nil {
				yield(Entry{}, s.failed(err))
				return
			}
			for e, err := range entries(raw) {
				if (err != nil || e.Seq > after) && !yield(e, s.failed(err)) || err != nil {
					return
				}
			}
			after = last
		}
	}
}

// oldest is the number from which on the journal of a tenant is kept. Rows whose entries come before it may be there for the sake of what else they have.
const oldest = "coalesce((SELECT oldest FROM journal WHERE tenant = ?1), 0)"

// Span gives the numbers of the first and the last entry that are kept of a tenant's journal, both 0 if none is.
func (s *Store) Span(ctx context.Context, tenant string) (first, last int, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT coalesce((SELECT first FROM log WHERE tenant = ?1 AND last > 0 AND last >= "+oldest+" ORDER BY last LIMIT 1), 0), coalesce(max(last), 0) FROM log WHERE tenant = ?1", tenant).Scan(&first, &last)
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
