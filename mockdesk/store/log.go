package store

import (
	"database/sql"
	"fmt"
	"strconv"
)

// mostUnsettled is how much of conversations, in bytes, the log has before it is put where it belongs: the more at once, the more of it belongs to the same conversation and shares
// pages, and the more is in memory meanwhile.
const mostUnsettled = 24 << 20

// rowsAtOnce is how many rows of the log a transaction removes at most: each may have many pages.
const rowsAtOnce = 8

// What belongs to a conversation is together in the file, so that of the changes of a moment, which are those of many conversations, each would write pages of its own. So a
// transaction adds all its changes of a tenant as one row to the table log, small and as they came. They are gathered in memory as well, each to the others of its conversation, and put
// where they belong once there are many, a few with each transaction that follows. The journal stays in the log. Whoever opens the file after a kill puts there, again or for the first
// time, what the rows hold that are not settled.
// Rows are removed once they are settled and the journal is to begin after them.

// log is what is in the table log; only the goroutine that writes knows it.
type log struct {
	roomy

	// last is the number of the latest row, settled that of the latest of which everything is where it belongs.
	last, settled int
	// settling are the changes that are on their way there, nil if none are; gathered are those that came after them, unsettled is how much that is, in bytes.
	settling  *settling
	gathered  *changed
	unsettled int
	// spare is one that is settled, for its room.
	spare *changed
	// oldest are the numbers of the oldest entries that are to be kept, by tenant; removing are the tenants of whose rows some may be of no more use.
	oldest   map[string]int
	removing map[string]bool
}

func newLog() *log {
	return &log{gathered: newChanged(), oldest: map[string]int{}, removing: map[string]bool{}}
}

// isInOrder says that everything is where it belongs, and nothing else is there.
func (l *log) isInOrder() bool { return l.settled == l.last && len(l.removing) == 0 }

// open finds out how far the log is, and gathers what is not where it belongs.
func (l *log) open(w *writer) error {
	err := w.each(func(rows *sql.Rows) error { return rows.Scan(&l.settled, &l.last) }, "SELECT number, max(number, (SELECT coalesce(max(number), 0) FROM log)) FROM settled")
	if err != nil {
		return err
	}
	return w.each(l.gatherRow, "SELECT number, tenant, changes FROM log WHERE number > ? ORDER BY number", l.settled)
}

// gatherRow gathers the changes of a row that is read.
func (l *log) gatherRow(rows *sql.Rows) error {
	var number int
	var tenant string
	var changes sql.RawBytes
	if err := rows.Scan(&number, &tenant, &changes); err != nil {
		return err
	}
	raw, err := l.unpack(changes)
	var written []byte
	if err == nil {
		written, err = rowField(raw, rowParts)
	}
	if err == nil {
		err = l.gather(tenant, written)
	}
	if err != nil {
		return fmt.Errorf("row %d of its table log is damaged: %w", number, err)
	}
	return nil
}

// gather adds parts of a tenant that came later.
func (l *log) gather(tenant string, written []byte) error {
	l.unsettled += len(written)
	for p, err := range parts(written) {
		if err != nil {
			return err
		}
		l.gathered.add(tenant, p)
	}
	return nil
}

// write adds a row, if there is something for it.
func (l *log) write(w *writer, tenant string, g *gathered) error {
	if g.oldest > 0 {
		l.oldest[tenant], l.removing[tenant] = g.oldest, true
		if err := w.exec("INSERT INTO journal (tenant, oldest) VALUES (?, ?) ON CONFLICT DO UPDATE SET oldest = excluded.oldest", tenant, g.oldest); err != nil {
			return err
		}
	}
	if len(g.parts)+len(g.entries) == 0 {
		return nil
	}
	if err := l.gather(tenant, g.parts); err != nil {
		return err
	}
	l.last++
	return w.exec("INSERT INTO log (number, tenant, first, last, changes) VALUES (?, ?, ?, ?, ?)", l.last, tenant, g.first, g.last, l.pack(g.parts, g.entries))
}

// drop takes back whatever there is of a tenant.
func (l *log) drop(w *writer, tenant string) error {
	delete(l.oldest, tenant)
	delete(l.removing, tenant)
	l.gathered.drop(tenant)
	if l.settling != nil {
		l.settling.drop(tenant)
	}
	for _, statement := range []string{
		"DELETE FROM log WHERE tenant = ?", "DELETE FROM event WHERE tenant = ?", "DELETE FROM conversation WHERE tenant = ?", "DELETE FROM medium WHERE tenant = ?",
		"DELETE FROM journal WHERE tenant = ?", "DELETE FROM tenant WHERE name = ?",
	} {
		if err := w.exec(statement, tenant); err != nil {
			return err
		}
	}
	return nil
}

// removeRows has its bound as part of the text: SQLite makes a plan anew for each bound that it is given besides.
var removeRows = "DELETE FROM log WHERE number IN (SELECT number FROM log WHERE tenant = ? AND last < ? AND number <= ? ORDER BY last LIMIT " + strconv.Itoa(rowsAtOnce) + ")"

// remove removes some of the rows that are of no more use.
func (l *log) remove(w *writer) error {
	for tenant := range l.removing {
		removed, err := w.count(removeRows, tenant, max(l.oldest[tenant], 1), l.settled)
		if err != nil {
			return err
		}
		if removed < rowsAtOnce {
			delete(l.removing, tenant)
		}
	}
	return nil
}
