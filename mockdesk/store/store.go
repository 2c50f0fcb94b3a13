// Package store keeps on disk what desks must not lose: conversations with their events, and journals. A desk hands over changes as they happen and lets an answer go out
// once the change behind it is kept, so that nothing that a client was told is missing after the process was killed.
//
// One goroutine writes. Whatever was handed over while it wrote is its next transaction, so that thousands of small changes cost few transactions and each waits for one
// or two. What is kept survives the end of the process at any moment; after a loss of power the last transactions may be missing, but never the middle of the file.
//
// What changes of conversations is written twice: at once and in a row with all that came with it, the entries of the journal among that, and later, together with much else of the
// same conversation, to its place.
package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver of that name
)

const (
	// applicationID marks a file as one of ours: "dskc".
	applicationID = 0x64736b63
	// version is that of the tables below.
	version = 3
)

const tables = `
CREATE TABLE tenant (name TEXT PRIMARY KEY, state BLOB) WITHOUT ROWID;
CREATE TABLE conversation (tenant TEXT, id TEXT, ordinal INTEGER, over INTEGER, state BLOB, note BLOB, PRIMARY KEY (tenant, id)) WITHOUT ROWID;
CREATE INDEX conversation_order ON conversation (tenant, ordinal);
CREATE TABLE event (tenant TEXT, conversation TEXT, first INTEGER, events BLOB, PRIMARY KEY (tenant, conversation, first)) WITHOUT ROWID;
CREATE TABLE log (number INTEGER PRIMARY KEY, tenant TEXT, first INTEGER, last INTEGER, changes BLOB);
CREATE INDEX log_entries ON log (tenant, last);
CREATE TABLE journal (tenant TEXT PRIMARY KEY, oldest INTEGER) WITHOUT ROWID;
CREATE TABLE settled (number INTEGER);
INSERT INTO settled VALUES (0);
CREATE TABLE medium (tenant TEXT, id TEXT, type TEXT, content BLOB, PRIMARY KEY (tenant, id)) WITHOUT ROWID;
`

// ErrClosed says that the store was closed.
var ErrClosed = errors.New("the store is closed")

// Store is an open file. Its methods are safe for use by many goroutines. Make one with Open, and Close it.
type Store struct {
	path string
	db   *sql.DB
	lock *flock.Flock
	// writer, log and copying belong to the goroutine that writes.
	writer  *writer
	log     *log
	copying copying
	// wake has room for one token: there may be something to write. written is closed when the writer has ended.
	wake    chan struct{}
	written chan struct{}

	mu      sync.Mutex
	pending *Commit
	room    writing
	closed  bool
	// broken is why nothing can be kept any more, nil while all is well.
	broken error
}

// Open opens the file at path, and makes it if there is none. Its errors name the file: it is in use by another process, is no file of a desk, or was written by a newer version.
func Open(path string) (*Store, error) {
	_, unlocked := os.Stat(path + ".lock")
	lock := flock.New(path + ".lock")
	switch taken, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("the desk's file %s cannot be locked, choose a folder that can be written to: %w", path, err)
	case !taken:
		return nil, fmt.Errorf("the desk's file %s is in use by another process; stop that one, or choose another file", path)
	}
	db, err := open(path)
	if err != nil {
		err = errors.Join(fmt.Errorf("the desk's file %s: %w", path, err), lock.Unlock())
		if errors.Is(unlocked, fs.ErrNotExist) {
			// Nothing is left beside a file that is somebody else's.
			err = errors.Join(err, os.Remove(path+".lock"))
		}
		return nil, err
	}
	s := &Store{path: path, db: db, lock: lock, log: newLog(), wake: make(chan struct{}, 1), written: make(chan struct{})}
	s.pending = newCommit()
	if err := s.recover(); err != nil {
		return nil, errors.Join(fmt.Errorf("the desk's file %s cannot be put in order after its desk was killed: %w", path, err), db.Close(), lock.Unlock())
	}
	go s.write()
	return s, nil
}

// recover puts where it belongs what was not when the file was used last.
func (s *Store) recover() error {
	var err error
	if s.writer, err = newWriter(s.db); err != nil {
		return err
	}
	if err := s.log.open(s.writer); err != nil {
		return err
	}
	if s.log.isInOrder() {
		return nil
	}
	return s.transact(&Commit{settle: true})
}

func open(path string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// Made here and not by the library, so that nobody else can read what users have said.
	file, err := os.OpenFile(absolute, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // The user names their own file.
	if err != nil {
		return nil, err
	}
	if err := file.Close(); err != nil {
		return nil, err
	}
	address := url.URL{Scheme: "file", Path: absolute, RawQuery: url.Values{
		"_pragma": {"busy_timeout(5000)", "synchronous(NORMAL)", "journal_size_limit(" + strconv.Itoa(longestLog) + ")", "wal_autocheckpoint(0)"}, "_txlock": {"immediate"},
	}.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, err
	}
	if err := prepare(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Remove removes the file at path with all that belongs to it. The errors are those of Open, and that there is none.
func Remove(path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("the desk's file %s cannot be removed: %w", path, err)
	}
	// Only a file of a desk that does not run opens.
	s, err := Open(path)
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	for _, name := range []string{path, path + "-wal", path + "-shm", path + ".lock"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the desk's file %s cannot be removed: %w", path, err)
		}
	}
	return nil
}

// prepare makes the tables in an empty file, and refuses one that holds something else, which it leaves as it is.
func prepare(db *sql.DB) error {
	var id, found, objects int
	err := db.QueryRow("SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version").Scan(&id, &found, &objects)
	switch {
	case err != nil:
		return fmt.Errorf("it is no SQLite file, or a damaged one; choose another, or move it away: %w", err)
	case id == 0 && objects == 0:
		_, err := db.Exec(fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;", tables, applicationID, version))
		if err != nil {
			return fmt.Errorf("its tables cannot be made: %w", err)
		}
	case id != applicationID:
		return errors.New("it is a SQLite file of something else; choose another")
	case found != version:
		return fmt.Errorf("it was written by another version of deskcheck (its format is %d, this one knows %d); choose another file, or move it away", found, version)
	}
	// The file keeps this, for all who open it: it is not for somebody else's.
	if _, err := db.Exec("PRAGMA journal_mode = WAL"); err != nil {
		return fmt.Errorf("it cannot be written to: %w", err)
	}
	return nil
}

// Close writes what was handed over and closes the file. Its error is that of the last write, or of closing. Closing again does nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.nudge()
	s.mu.Unlock()
	<-s.written
	return errors.Join(s.broken, s.writer.close(), s.db.Close(), s.lock.Unlock())
}

// Path is the file.
func (s *Store) Path() string { return s.path }

// Err is why nothing can be kept any more, such as a full disk; nil while all is well.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

func (s *Store) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Commit is the transaction that a change belongs to.
type Commit struct {
	changes map[string]*gathered
	// settle says that it puts everything where it belongs.
	settle bool
	// done is closed when the transaction is kept or has failed; err says why it has.
	done chan struct{}
	err  error
}

func newCommit() *Commit { return &Commit{changes: map[string]*gathered{}, done: make(chan struct{})} }

// Wait returns when the change is kept. Its error is the context's, or says why it could not be kept.
func (c *Commit) Wait(ctx context.Context) error {
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Done is closed when the change is kept, or could not be: Wait then returns at once.
func (c *Commit) Done() <-chan struct{} { return c.done }

// Write hands over a change of a tenant and returns at once; of conversations, events and entries it keeps nothing but copies. Changes are kept in the order in which they were handed over, all or none of each.
func (s *Store) Write(tenant string, c Change) *Commit {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.broken != nil {
		refused := newCommit()
		refused.err = cmp.Or(s.broken, ErrClosed)
		close(refused.done)
		return refused
	}
	g := s.pending.changes[tenant]
	if g == nil {
		g = s.room.gathered()
		s.pending.changes[tenant] = g
	}
	g.add(c, &s.room)
	s.nudge()
	return s.pending
}

// write is the goroutine that writes.
func (s *Store) write() {
	defer close(s.written)
	defer s.endCopying()
	for range s.wake {
		s.mu.Lock()
		commit, closed := s.pending, s.closed
		s.pending = newCommit()
		s.mu.Unlock()
		commit.settle = commit.settle || closed
		if len(commit.changes) > 0 || commit.settle && !s.log.isInOrder() {
			commit.err = s.transact(commit)
		}
		if commit.err != nil {
			commit.err = fmt.Errorf("the desk's file %s takes no more, make room or choose another: %w", s.path, commit.err)
			s.mu.Lock()
			s.broken = commit.err
			// What was handed over meanwhile rests on what could not be kept.
			s.pending.err = s.broken
			close(s.pending.done)
			s.mu.Unlock()
		}
		close(commit.done)
		if closed || commit.err != nil {
			return
		}
		s.reuse(commit)
		s.copyLog()
	}
}

// reuse takes the room back of what is kept.
func (s *Store) reuse(commit *Commit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range commit.changes {
		s.room.done(g)
	}
	commit.changes = nil
}

func (s *Store) transact(commit *Commit) error {
	return s.writer.transact(func() error {
		for tenant, g := range commit.changes {
			if err := g.save(s.writer, tenant, s.log); err != nil {
				return err
			}
		}
		if commit.settle {
			return s.log.settleAll(s.writer)
		}
		return s.log.settle(s.writer)
	})
}

// settle returns when everything that was handed over is where it belongs.
func (s *Store) settle(ctx context.Context) error {
	s.mu.Lock()
	if s.closed || s.broken != nil {
		defer s.mu.Unlock()
		return cmp.Or(s.broken, ErrClosed)
	}
	s.pending.settle = true
	s.nudge()
	c := s.pending
	s.mu.Unlock()
	return c.Wait(ctx)
}

// Change is what happened in a tenant at one moment. Everything may be left out.
type Change struct {
	// Dropped says that whatever was kept of the tenant before is forgotten.
	Dropped bool
	// State is the tenant's own state, as JSON.
	State json.RawMessage
	// Conversations are those that have changed, as they are now.
	Conversations []Conversation
	// Events are what was added to the conversations' streams, those of each together. It saves room if those of Conversations come first, in the order of these.
	Events []Event
	// Entries are what was added to the journal, in its order.
	Entries []Entry
	// Media are files that were added; they never change.
	Media []Medium
	// Forgotten are the ids of conversations that are not to be kept any longer, with their events. A conversation of the same id among Conversations is a new one.
	Forgotten []string
	// Oldest is the number of the oldest entry of the journal that is to be kept; 0 changes nothing. A few that are older may stay.
	Oldest int
}

// IsEmpty says that nothing happened.
func (c Change) IsEmpty() bool {
	return !c.Dropped && c.State == nil && len(c.Conversations)+len(c.Events)+len(c.Entries)+len(c.Media)+len(c.Forgotten)+c.Oldest == 0
}

// Conversation is one conversation of a tenant as it is kept.
type Conversation struct {
	// ID is what the wire calls it, Ordinal its place among the conversations of the tenant.
	ID      string
	Ordinal int
	// Over says that it has ended.
	Over bool
	// State is everything but its events and its note, as JSON; nil if it has not changed.
	State json.RawMessage
	// Note is what is noted with it; nil if it has not changed.
	Note []byte
}

// Event is one event of a conversation's stream.
type Event struct {
	// Conversation is the id of the conversation, Cursor the event's place in its stream, from 1.
	Conversation string
	Cursor       int
	// Name is the event's type, Body the whole of it.
	Name string
	Body []byte
}

// Medium is a file of a tenant.
type Medium struct {
	// ID is what it is called, Type its media type.
	ID, Type string
	Content  []byte
}

// Entry is one entry of a journal.
type Entry struct {
	// Seq is its number, from 1.
	Seq int
	// Body is the entry.
	Body []byte
}
