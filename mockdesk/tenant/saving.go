package tenant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"sync"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/store"
	"deskcheck/mockdesk/wire"
)

// ErrNotSaved is wrapped by the errors that say why something could not be saved.
var ErrNotSaved = errors.New("the desk could not save it")

// oldestStep is how many entries of a journal may be saved beyond the bound before they are removed.
const oldestStep = 1000

// keeper saves a tenant, if its registry has a store: one goroutine that gathers what has changed, hands it to the store and waits until it is saved, again and again. What
// changes meanwhile is gathered next, so that a busy tenant is saved in few and large strokes.
type keeper struct {
	store *store.Store
	// wake has room for one token: there may be something to save. stop ends the keeper once it has saved everything, stopped is closed when it has.
	wake, stop, stopped chan struct{}

	mu sync.Mutex
	// round is closed when what the next gathering finds is saved, or cannot be; lost is why. After the last one ended is set.
	round chan struct{}
	lost  error
	ended bool

	// The rest is the keeper's own: the states as they were saved last, how far the journal was, and from where on it was kept.
	itself, desk  json.RawMessage
	entry, oldest int
	// chaos is what was left to chance while the tenant was open.
	chaos *fault.ChaosOptions
}

func newKeeper(s *store.Store) *keeper {
	return &keeper{store: s, wake: make(chan struct{}, 1), stop: make(chan struct{}), stopped: make(chan struct{}), round: make(chan struct{})}
}

// nudge has the keeper look for something to save; it never blocks. A tenant that is not saved has none.
func (k *keeper) nudge() {
	if k == nil {
		return
	}
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Saved returns when everything that has happened at the tenant so far is saved. Its error is the context's, or wraps ErrNotSaved. A tenant without a store has nothing to wait for.
func (t *Tenant) Saved(ctx context.Context) error {
	k := t.keeper
	if k == nil {
		return nil
	}
	k.mu.Lock()
	round, ended := k.round, k.ended
	k.mu.Unlock()
	k.nudge()
	select {
	case <-round:
	case <-ctx.Done():
		return ctx.Err()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lost == nil && (ended || round == k.round) {
		return refuse(Closed, "%s before this was saved", context.Cause(t.ctx))
	}
	return k.lost
}

// keep is the keeper's goroutine.
func (t *Tenant) keep() {
	k := t.keeper
	defer close(k.stopped)
	defer func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.ended = true
		close(k.round)
	}()
	for ending := false; !ending; {
		select {
		case <-k.wake:
		case <-k.stop:
			ending = true
		}
		if t.saveRound() != nil {
			return
		}
	}
}

// stopKeeping saves what there is and ends the keeper; the desk must be closed.
func (t *Tenant) stopKeeping() {
	if t.keeper != nil {
		close(t.keeper.stop)
		<-t.keeper.stopped
	}
}

// saveRound saves what has changed, and lets go on who waits for it.
func (t *Tenant) saveRound() error {
	k := t.keeper
	k.mu.Lock()
	round := k.round
	k.round = make(chan struct{})
	k.mu.Unlock()
	change, mark, err := t.gather()
	if err == nil && !change.IsEmpty() {
		err = k.store.Write(t.spec.Name, change).Wait(context.Background())
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrNotSaved, err)
		k.mu.Lock()
		k.lost = err
		k.mu.Unlock()
	} else {
		t.journal.Saved(k.entry)
	}
	t.desk.Saved(mark, err)
	close(round)
	if err != nil {
		t.registry.options.Failed(err)
	}
	return err
}

// gather gives what has changed since it was called last, and the mark of the desk's changes among it. The journal comes last, so that it tells at least of everything else.
func (t *Tenant) gather() (store.Change, int, error) {
	t.stepping.Lock()
	itself, err := t.state()
	changes := t.desk.Changes()
	t.stepping.Unlock()
	if err == nil {
		err = changes.Encode()
	}
	var change store.Change
	if err == nil {
		change, err = t.change(itself, changes)
	}
	return change, changes.Mark, err
}

// change makes of what has changed what is stored.
func (t *Tenant) change(itself json.RawMessage, changes *mockdesk.Changes) (store.Change, error) {
	k := t.keeper
	change := store.Change{Forgotten: changes.Forgotten}
	if changes.Desk != nil || !bytes.Equal(itself, k.itself) {
		k.itself = itself
		if changes.Desk != nil {
			k.desk = changes.Desk
		}
		var err error
		if change.State, err = json.Marshal(savedState{Tenant: k.itself, Desk: k.desk}); err != nil {
			return change, err
		}
	}
	for _, r := range changes.Records {
		if r.State != nil {
			change.Conversations = append(change.Conversations, store.Conversation{ID: r.ID, Ordinal: r.Ordinal, Over: r.Over, State: r.State})
		}
		for _, e := range r.Events {
			change.Events = append(change.Events, store.Event{Conversation: r.ID, Cursor: e.Cursor, Name: e.Name, Body: e.Body})
		}
	}
	for _, m := range changes.Media {
		change.Media = append(change.Media, store.Medium(m))
	}
	return change, t.addEntries(&change)
}

// addEntries adds what was recorded since the last time.
func (t *Tenant) addEntries(change *store.Change) error {
	k := t.keeper
	for _, e := range t.journal.Since(k.entry) {
		body, err := savedEntry{Entry: e, Conversation: e.Conversation, Operation: e.Operation, Untold: e.Untold}.encode()
		if err != nil {
			return fmt.Errorf("encode entry %d of the journal: %w", e.Seq, err)
		}
		change.Entries = append(change.Entries, store.Entry{Seq: e.Seq, Body: body})
		k.entry = e.Seq
	}
	if oldest := k.entry - t.keeps + 1; oldest >= k.oldest+oldestStep {
		k.oldest, change.Oldest = oldest, oldest
	}
	return nil
}

// savedEntry is an entry as it is saved: with what its readers know from its data.
type savedEntry struct {
	journal.Entry

	Conversation string `json:"conversation,omitempty"`
	Operation    string `json:"operation,omitempty"`
	Untold       string `json:"untold,omitempty"`
}

// encode is the same to whoever reads it as what json.Marshal makes of it. There are several for every line that is said, and what they hold of frames is JSON already: that is looked through only if it may not be
// on one line.
func (s savedEntry) encode() (json.RawMessage, error) {
	if s.Chat+s.Widget > 0 || s.Requirement != "" || bytes.ContainsAny(s.Data, "\n\r") {
		return json.Marshal(s) // No desk has these of its own, and few clients lay out their frames.
	}
	raw := make([]byte, 0, 160+len(s.Note)+len(s.Data)+len(s.Conversation))
	raw = strconv.AppendInt(append(raw, `{"seq":`...), int64(s.Seq), 10)
	raw = strconv.AppendInt(append(raw, `,"at":`...), int64(s.At), 10)
	if s.Ref != 0 {
		raw = strconv.AppendInt(append(raw, `,"ref":`...), int64(s.Ref), 10)
	}
	for _, field := range []struct{ name, value string }{
		{`,"kind":`, string(s.Kind)}, {`,"from":`, string(s.From)}, {`,"to":`, string(s.To)}, {`,"name":`, s.Name}, {`,"note":`, s.Note},
		{`,"conversation":`, s.Conversation}, {`,"operation":`, s.Operation}, {`,"untold":`, s.Untold},
	} {
		if field.value != "" {
			raw = wire.AppendString(append(raw, field.name...), field.value)
		}
	}
	if len(s.Data) > 0 {
		raw = append(append(raw, `,"data":`...), s.Data...)
	}
	return append(raw, '}'), nil
}

func (s savedEntry) entry() journal.Entry {
	e := s.Entry
	e.Conversation, e.Operation, e.Untold = s.Conversation, s.Operation, s.Untold
	return e
}

// Entries gives the entries of the journal with a Seq above after, in their order: those that memory no longer holds from the store, if there is one. The error says why they
// cannot be read.
func (t *Tenant) Entries(ctx context.Context, after int) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		recent := t.journal.Since(after)
		first := t.journal.Len() + 1
		if len(recent) > 0 {
			first = recent[0].Seq
		}
		if t.keeper != nil && first > after+1 {
			for saved, err := range t.keeper.store.Entries(ctx, t.spec.Name, after) {
				if err == nil && saved.Seq >= first {
					break
				}
				var e savedEntry
				if err == nil {
					err = json.Unmarshal(saved.Body, &e)
				}
				if !yield(e.entry(), err) || err != nil {
					return
				}
			}
		}
		for _, e := range recent {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// FirstEntry is the Seq of the oldest entry that is kept, or that the next one will get while there is none. The error says why it cannot be read.
func (t *Tenant) FirstEntry(ctx context.Context) (int, error) {
	first := t.journal.First()
	if t.keeper == nil {
		return first, nil
	}
	saved, _, err := t.keeper.store.Span(ctx, t.spec.Name)
	if saved > 0 {
		first = min(first, saved)
	}
	return first, err
}
