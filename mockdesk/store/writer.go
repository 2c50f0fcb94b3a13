package store

import (
	"context"
	"database/sql"
	"errors"
)

// writer is the connection that writes. There are hundreds of transactions a second, so each statement is prepared once.
type writer struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func newWriter(db *sql.DB) (*writer, error) {
	conn, err := db.Conn(context.Background())
	return &writer{conn: conn, prepared: map[string]*sql.Stmt{}}, err
}

func (w *writer) statement(text string) (*sql.Stmt, error) {
	if s := w.prepared[text]; s != nil {
		return s, nil
	}
	s, err := w.conn.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	w.prepared[text] = s
	return s, nil
}

func (w *writer) exec(text string, args ...any) error {
	_, err := w.count(text, args...)
	return err
}

// count is exec, and says how many rows there were to change.
func (w *writer) count(text string, args ...any) (int64, error) {
	s, err := w.statement(text) //nolint:sqlclosecheck // close closes them all.
	if err != nil {
		return 0, err
	}
	done, err := s.ExecContext(context.Background(), args...)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// each calls scan for every row that the query gives.
func (w *writer) each(scan func(*sql.Rows) error, text string, args ...any) error {
	s, err := w.statement(text) //nolint:sqlclosecheck // close closes them all.
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err has told by then.
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// transact does something in a transaction.
func (w *writer) transact(do func() error) error {
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := do(); err != nil {
		return errors.Join(err, w.exec("ROLLBACK"))
	}
	return w.exec("COMMIT")
}

func (w *writer) close() error {
	var err error
	for _, s := range w.prepared {
		err = errors.Join(err, s.Close())
	}
	return errors.Join(err, w.conn.Close())
}
