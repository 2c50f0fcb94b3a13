package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/store"
)

// flooded is set in the environment of the process that TestKilled kills.
const flooded = "DESKCHECK_STORE_FLOODED"

func TestMain(m *testing.M) {
	if path := os.Getenv(flooded); path != "" {
		flood(path)
	}
	os.Exit(m.Run())
}

func opened(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func kept(t *testing.T, c *store.Commit) {
	t.Helper()
	require.NoError(t, c.Wait(t.Context()))
}

func entry(seq int) store.Entry {
	return store.Entry{Seq: seq, Body: json.RawMessage(fmt.Sprintf(`{"seq":%d,"name":"entry %d"}`, seq, seq))}
}

func numbers(t *testing.T, s *store.Store, tenant string, after int) []int {
	t.Helper()
	var found []int
	for e, err := range s.Entries(t.Context(), tenant, after) {
		require.NoError(t, err)
		found = append(found, e.Seq)
	}
	return found
}

func TestWhatIsKeptIsThereAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a desk? 100% & more.db")
	s, err := store.Open(path)
	require.NoError(t, err)
	s.Write("checkout", store.Change{State: json.RawMessage(`{"availability":"online"}`)})
	s.Write("checkout", store.Change{
		Conversations: []store.Conversation{{ID: "b", Ordinal: 1, State: json.RawMessage(`{"state":"waiting"}`)}},
		Entries:       []store.Entry{entry(1), entry(2)},
	})
	kept(t, s.Write("checkout", store.Change{
		Conversations: []store.Conversation{
			{ID: "b", Ordinal: 1, Over: true, State: json.RawMessage(`{"state":"ended"}`)},
			{ID: "a", Ordinal: 2, State: json.RawMessage(`{"state":"active"}`)},
		},
		Events:  []store.Event{{Conversation: "a", Cursor: 1, Name: "agent.joined", Body: json.RawMessage(`{"cursor":1}`)}, {Conversation: "a", Cursor: 2, Name: "message", Body: json.RawMessage(`{"cursor":2}`)}},
		Entries: []store.Entry{entry(3)},
	}))
	kept(t, s.Write("other", store.Change{Conversations: []store.Conversation{{ID: "a", Ordinal: 1, State: json.RawMessage(`{}`)}}}))
	require.NoError(t, s.Close())

	s = opened(t, path)
	tenants, err := s.Tenants(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[string]json.RawMessage{"checkout": json.RawMessage(`{"availability":"online"}`)}, tenants)
	all, err := s.Conversations(t.Context(), "checkout", false)
	require.NoError(t, err)
	assert.Equal(t, []store.Conversation{
		{ID: "b", Ordinal: 1, Over: true, State: json.RawMessage(`{"state":"ended"}`)},
		{ID: "a", Ordinal: 2, State: json.RawMessage(`{"state":"active"}`)},
	}, all, "in their order, each as it was last")
	open, err := s.Conversations(t.Context(), "checkout", true)
	require.NoError(t, err)
	assert.Equal(t, all[1:], open)
	one, there, err := s.Conversation(t.Context(), "checkout", "b")
	require.NoError(t, err)
	assert.True(t, there)
	assert.Equal(t, all[0], one)
	_, there, err = s.Conversation(t.Context(), "checkout", "c")
	require.NoError(t, err)
	assert.False(t, there)
	events, err := s.Events(t.Context(), "checkout", "a")
	require.NoError(t, err)
	assert.Equal(t, []store.Event{{Conversation: "a", Cursor: 1, Name: "agent.joined", Body: json.RawMessage(`{"cursor":1}`)}, {Conversation: "a", Cursor: 2, Name: "message", Body: json.RawMessage(`{"cursor":2}`)}}, events)
	assert.Equal(t, []int{1, 2, 3}, numbers(t, s, "checkout", 0))
	assert.Equal(t, []int{3}, numbers(t, s, "checkout", 2))
	assert.Empty(t, numbers(t, s, "other", 0))
}

func TestForgetting(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "desk.db"))
	for _, tenant := range []string{"one", "two"} {
		for i := range 5 {
			kept(t, s.Write(tenant, store.Change{
				State:         json.RawMessage(`{}`),
				Conversations: []store.Conversation{{ID: fmt.Sprint("c", i), Ordinal: i, State: json.RawMessage(`{}`)}},
				Events:        []store.Event{{Conversation: fmt.Sprint("c", i), Cursor: 1, Name: "message", Body: json.RawMessage(`{}`)}},
				Entries:       []store.Entry{entry(2*i + 1), entry(2*i + 2)},
			}))
		}
	}
	kept(t, s.Write("one", store.Change{Forgotten: []string{"c1", "c3"}, Oldest: 6}))
	left, err := s.Conversations(t.Context(), "one", false)
	require.NoError(t, err)
	assert.Len(t, left, 3)
	gone, err := s.Events(t.Context(), "one", "c1")
	require.NoError(t, err)
	assert.Empty(t, gone)
	assert.Equal(t, []int{5, 6, 7, 8, 9, 10}, numbers(t, s, "one", 0), "those that were written together with one that is to be kept may stay")

	s.Write("two", store.Change{State: json.RawMessage(`{"late":true}`)})
	kept(t, s.Write("two", store.Change{Dropped: true, Entries: []store.Entry{entry(1)}}))
	tenants, err := s.Tenants(t.Context())
	require.NoError(t, err)
	assert.Equal(t, map[string]json.RawMessage{"one": json.RawMessage(`{}`)}, tenants)
	left, err = s.Conversations(t.Context(), "two", false)
	require.NoError(t, err)
	assert.Empty(t, left)
	assert.Equal(t, []int{1}, numbers(t, s, "two", 0), "what came after the drop is new")
}

// TestAnIDMayComeAgain forgets a conversation and opens another under its id, in one transaction and in two.
func TestAnIDMayComeAgain(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "desk.db"))
	said := func(state string) store.Change {
		return store.Change{
			Conversations: []store.Conversation{{ID: "a", Ordinal: 1, State: json.RawMessage(state)}},
			Events:        []store.Event{{Conversation: "a", Cursor: 1, Name: "message", Body: json.RawMessage(state)}},
		}
	}
	kept(t, s.Write("one", said(`1`)))
	s.Write("one", store.Change{Forgotten: []string{"a"}})
	kept(t, s.Write("one", said(`2`)))
	s.Write("two", said(`3`))
	s.Write("two", store.Change{Forgotten: []string{"a"}})
	kept(t, s.Write("two", said(`4`)))
	for tenant, state := range map[string]string{"one": `2`, "two": `4`} {
		c, there, err := s.Conversation(t.Context(), tenant, "a")
		require.NoError(t, err)
		assert.True(t, there)
		assert.JSONEq(t, state, string(c.State))
		events, err := s.Events(t.Context(), tenant, "a")
		require.NoError(t, err)
		require.Len(t, events, 1)
		assert.JSONEq(t, state, string(events[0].Body))
	}
}

func TestFilesAndSpans(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "desk.db"))
	first, last, err := s.Span(t.Context(), "one")
	require.NoError(t, err)
	assert.Zero(t, first+last)
	medium := store.Medium{ID: "1-photo.png", Type: "image/png", Content: []byte("png")}
	kept(t, s.Write("one", store.Change{Media: []store.Medium{medium}, Entries: []store.Entry{entry(1), entry(2)}}))
	kept(t, s.Write("one", store.Change{Entries: []store.Entry{entry(3)}}))
	media, err := s.Media(t.Context(), "one")
	require.NoError(t, err)
	assert.Equal(t, []store.Medium{medium}, media)
	first, last, err = s.Span(t.Context(), "one")
	require.NoError(t, err)
	assert.Equal(t, []int{1, 3}, []int{first, last})
	kept(t, s.Write("one", store.Change{Oldest: 3}))
	first, _, err = s.Span(t.Context(), "one")
	require.NoError(t, err)
	assert.Equal(t, 3, first)
	kept(t, s.Write("one", store.Change{Dropped: true}))
	media, err = s.Media(t.Context(), "one")
	require.NoError(t, err)
	assert.Empty(t, media)
}

func TestRemove(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "desk.db")
	require.ErrorContains(t, store.Remove(path), "cannot be removed")
	s, err := store.Open(path)
	require.NoError(t, err)
	require.ErrorContains(t, store.Remove(path), "is in use by another process")
	require.NoError(t, s.Close())
	require.NoError(t, store.Remove(path))
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestManyWriteAtOnce(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "desk.db"))
	const writers, each = 20, 50
	var work sync.WaitGroup
	for w := range writers {
		work.Go(func() {
			for i := range each {
				id := strconv.Itoa(w)
				c := s.Write("default", store.Change{Events: []store.Event{{Conversation: id, Cursor: i + 1, Name: "message", Body: json.RawMessage(strconv.Itoa(i))}}})
				assert.NoError(t, c.Wait(context.Background()))
			}
		})
	}
	work.Wait()
	for w := range writers {
		events, err := s.Events(t.Context(), "default", strconv.Itoa(w))
		require.NoError(t, err)
		require.Len(t, events, each)
		for i, e := range events {
			assert.Equal(t, strconv.Itoa(i), string(e.Body))
		}
	}
}

// TestWhatIsOnItsWayIsForgottenToo forgets a conversation and drops a tenant while changes of both are being put where they belong.
func TestWhatIsOnItsWayIsForgottenToo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk.db")
	s := opened(t, path)
	const conversations, each = 100, 200
	body := []byte(strings.Repeat("so much that some of it is put where it belongs ", 30))
	for cursor := range each {
		for c := range conversations {
			for _, tenant := range []string{"one", "two"} {
				s.Write(tenant, store.Change{Events: []store.Event{{Conversation: strconv.Itoa(c), Cursor: cursor + 1, Name: "message", Body: body}}})
			}
		}
		// Each is a transaction, or those that put them where they belong would be one.
		kept(t, s.Write("one", store.Change{State: json.RawMessage(`{}`)}))
	}
	kept(t, s.Write("one", store.Change{Forgotten: []string{"0", "99"}}))
	again := store.Event{Conversation: "99", Cursor: 1, Name: "message", Body: json.RawMessage(`2`)}
	kept(t, s.Write("one", store.Change{Events: []store.Event{again}}))
	kept(t, s.Write("two", store.Change{Dropped: true, Events: []store.Event{again}}))
	for _, tenant := range []string{"one", "two"} {
		for c := range conversations {
			events, err := s.Events(t.Context(), tenant, strconv.Itoa(c))
			require.NoError(t, err)
			switch {
			case c == 99:
				assert.Equal(t, []store.Event{again}, events)
			case c == 0 || tenant == "two":
				assert.Empty(t, events)
			default:
				assert.Len(t, events, each)
			}
		}
	}
	require.NoError(t, s.Close())
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	left := -1
	require.NoError(t, db.QueryRow("SELECT count(*) FROM log").Scan(&left))
	assert.Zero(t, left, "what is where it belongs is nowhere else")
	require.NoError(t, db.Close())
}

// flood writes without end, and says on standard output of each event that it is kept. Nothing but a kill ends it.
func flood(path string) {
	s, err := store.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for w := range 50 {
		go func() {
			for i := 1; ; i++ {
				c := s.Write("default", store.Change{
					Conversations: []store.Conversation{{ID: strconv.Itoa(w), Ordinal: w, State: json.RawMessage(strconv.Itoa(i))}},
					Events:        []store.Event{{Conversation: strconv.Itoa(w), Cursor: i, Name: "message", Body: json.RawMessage(strconv.Itoa(i))}},
				})
				if c.Wait(context.Background()) == nil {
					_, _ = fmt.Fprintln(os.Stdout, w, i)
				}
			}
		}()
	}
	select {}
}

// TestKilled kills a process that writes as fast as it can, and looks for everything that it had been told is kept.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk.db")
	last := map[string]int{}
	// The second is killed while changes of many transactions are on their way to where they belong.
	for round, enough := range []int{1000, 20_000} {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), flooded+"="+path+strconv.Itoa(round))
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		clear(last)
		told := 0
		// To the end: what it had said before it died counts as well.
		for lines := bufio.NewScanner(out); lines.Scan(); told++ {
			conversation, cursor, whole := strings.Cut(lines.Text(), " ")
			if n, err := strconv.Atoi(cursor); whole && err == nil {
				last[conversation] = n
			}
			if told == enough {
				require.NoError(t, child.Process.Kill())
			}
		}
		require.Greater(t, told, enough)
		require.Error(t, child.Wait())

		s := opened(t, path+strconv.Itoa(round))
		for conversation, cursor := range last {
			events, err := s.Events(t.Context(), "default", conversation)
			require.NoError(t, err)
			assert.GreaterOrEqual(t, len(events), cursor, "conversation %s", conversation)
			for i, e := range events {
				assert.Equal(t, i+1, e.Cursor)
			}
			c, there, err := s.Conversation(t.Context(), "default", conversation)
			require.NoError(t, err)
			assert.True(t, there)
			assert.Equal(t, strconv.Itoa(len(events)), string(c.State), "all or nothing of a change")
		}
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	foreign := filepath.Join(dir, "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	require.NoError(t, err)
	_, err = db.Exec("CREATE TABLE theirs (x)")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	newer := filepath.Join(dir, "newer.db")
	opened(t, newer+"x")
	s, err := store.Open(newer)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	db, err = sql.Open("sqlite", newer)
	require.NoError(t, err)
	_, err = db.Exec("PRAGMA user_version = 99")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	text := filepath.Join(dir, "text.db")
	require.NoError(t, os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600))
	used := filepath.Join(dir, "used.db")
	opened(t, used)
	theirs, err := os.ReadFile(foreign)
	require.NoError(t, err)

	for path, want := range map[string]string{
		foreign:                             "is a SQLite file of something else",
		newer:                               "was written by another version of deskcheck (its format is 99, this one knows 3)",
		text:                                "is no SQLite file, or a damaged one",
		used:                                "is in use by another process",
		filepath.Join(dir, "no", "desk.db"): "cannot be locked, choose a folder that can be written to",
	} {
		_, err := store.Open(path)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, path)
	}
	raw, err := os.ReadFile(text)
	require.NoError(t, err)
	assert.Equal(t, strings.Repeat("no database\n", 100), string(raw), "left as it was")
	raw, err = os.ReadFile(foreign)
	require.NoError(t, err)
	assert.Equal(t, theirs, raw, "left as it was")
	for _, path := range []string{foreign, text} {
		assert.NoFileExists(t, path+".lock", "nothing is left beside what is somebody else's")
	}
	assert.FileExists(t, used+".lock")
}

func TestNobodyElseReadsTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk.db")
	s := opened(t, path)
	kept(t, s.Write("default", store.Change{State: json.RawMessage(`{}`)}))
	for _, name := range []string{path, path + "-wal"} {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, name)
	}
}

func TestAfterTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk.db")
	s, err := store.Open(path)
	require.NoError(t, err)
	last := s.Write("default", store.Change{State: json.RawMessage(`{}`)})
	require.NoError(t, s.Close())
	require.NoError(t, last.Wait(t.Context()), "Close writes what was handed over")
	require.NoError(t, s.Close())
	require.ErrorIs(t, s.Write("default", store.Change{}).Wait(t.Context()), store.ErrClosed)
}

func TestAFileThatBreaks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "desk.db")
	s, err := store.Open(path)
	require.NoError(t, err)
	same := store.Change{Media: []store.Medium{{ID: "1-photo.png", Type: "image/png", Content: []byte("png")}}}
	kept(t, s.Write("default", same))
	// The same file twice is refused by the table, as a full disk would refuse anything.
	err = s.Write("default", same).Wait(t.Context())
	require.ErrorContains(t, err, "takes no more")
	require.ErrorContains(t, err, path)
	later := s.Write("default", store.Change{State: json.RawMessage(`{}`)}).Wait(t.Context())
	require.Equal(t, err, later, "nothing is kept after what could not be")
	require.Equal(t, err, s.Err())
	require.ErrorContains(t, s.Close(), "takes no more")

	again := opened(t, path)
	tenants, err := again.Tenants(t.Context())
	require.NoError(t, err)
	assert.Empty(t, tenants)
}

func TestWaitingEndsWithItsContext(t *testing.T) {
	s := opened(t, filepath.Join(t.TempDir(), "desk.db"))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	c := s.Write("default", store.Change{State: json.RawMessage(`{}`)})
	<-c.Done()
	require.NoError(t, c.Wait(t.Context()))
	if err := c.Wait(ctx); err != nil {
		require.ErrorIs(t, err, context.Canceled)
	}
}

func BenchmarkWrite(b *testing.B) {
	s, err := store.Open(filepath.Join(b.TempDir(), "desk.db"))
	require.NoError(b, err)
	body := json.RawMessage(`{"cursor":1,"type":"message","at":"2026-03-01T09:04:10.250Z","id":"m.1","author":{"role":"agent","id":"a1","name":"Ada"},"text":"Hello, how can I help?"}`)
	for i := 0; b.Loop(); i++ {
		s.Write("default", store.Change{
			Conversations: []store.Conversation{{ID: strconv.Itoa(i % 5000), Ordinal: i % 5000, State: body}},
			Events:        []store.Event{{Conversation: strconv.Itoa(i % 5000), Cursor: i/5000 + 1, Name: "message", Body: body}},
			Entries:       []store.Entry{{Seq: 2*i + 1, Body: body}, {Seq: 2*i + 2, Body: body}},
		})
	}
	require.NoError(b, s.Close())
}
