package tenant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/packed"
	"deskcheck/mockdesk/store"
)

// ErrNotSaved is wrapped by the errors that say why something could not be saved.
var ErrNotSaved = errors.New("the desk could not save it")

// oldestStep is how many entries of a journal may be saved beyond the bound before they are removed.
const oldestStep = 1000

// roundGap is how long after a round has begun the next one begins at the earliest. Each costs as much whether it saves one line or a hundred, and has many goroutines woken.
const roundGap = 2 * time.Millisecond

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
	// fresh, written and entries are room for the entries of a round, conversations and events for the rest.
	fresh         []journal.Entry
	written       []byte
	entries       []store.Entry
	conversations []store.Conversation
	events        []store.Event
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
		return api.Refuse(api.Closed, "%s before this was saved", context.Cause(t.ctx))
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
	gap := time.NewTimer(0)
	defer gap.Stop()
	for ending := false; !ending; {
		select {
		case <-k.wake:
		case <-k.stop:
			ending = true
		}
		select {
		case <-gap.C:
		case <-k.stop:
			ending = true
		}
		gap.Reset(roundGap)
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
	state := t.state()
	changes := t.desk.Changes()
	t.stepping.Unlock()
	itself, err := json.Marshal(state)
	if err != nil {
		err = fmt.Errorf("encode the tenant %s: %w", t.spec.Name, err)
	}
	if err == nil {
		err = changes.Encode()
	}
	var change store.Change
	if err == nil {
		change, err = t.change(itself, changes)
	}
	return change, changes.Mark, err
}

// change makes of what has changed what is stored; but for what the store takes as it is, it is valid until the next.
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
	clear(k.conversations)
	clear(k.events)
	k.conversations, k.events = k.conversations[:0], k.events[:0]
	for _, r := range changes.Records {
		if r.State != nil || r.Note != nil {
			k.conversations = append(k.conversations, store.Conversation{ID: r.ID, Ordinal: r.Ordinal, Over: r.Over, State: r.State, Note: r.Note})
			k.addEvents(r)
		}
	}
	for _, r := range changes.Records {
		if r.State == nil && r.Note == nil {
			k.addEvents(r)
		}
	}
	change.Conversations, change.Events = k.conversations, k.events
	for _, m := range changes.Media {
		change.Media = append(change.Media, store.Medium(m))
	}
	t.addEntries(&change)
	return change, nil
}

// addEvents adds the events of a record.
func (k *keeper) addEvents(r mockdesk.Record) {
	for _, e := range r.Events {
		k.events = append(k.events, store.Event{Conversation: r.ID, Cursor: e.Cursor, Name: e.Name, Body: e.Body})
	}
}

// addEntries adds what was recorded since the last time; it is valid until the next.
func (t *Tenant) addEntries(change *store.Change) {
	k := t.keeper
	clear(k.fresh)
	k.fresh, k.written, k.entries = t.journal.AppendSince(k.fresh[:0], k.entry), k.written[:0], k.entries[:0]
	for _, e := range k.fresh {
		began := len(k.written)
		k.written = appendEntry(k.written, e)
		k.entries = append(k.entries, store.Entry{Seq: e.Seq, Body: k.written[began:]})
		k.entry = e.Seq
	}
	change.Entries = k.entries
	if oldest := k.entry - t.keeps + 1; oldest >= k.oldest+oldestStep {
		k.oldest, change.Oldest = oldest, oldest
	}
}

// The fields of an entry that is saved, beside its Seq.
const (
	entryAt = iota + 1
	entryKind
	entryFrom
	entryTo
	entryName
	entryRef
	entryChat
	entryWidget
	entryConversation
	entryOperation
	entryUntold
	entryRequirement
	entryNote
	entryData
)

// appendEntry writes an entry of the journal down. There are several for every line that is said.
func appendEntry(dst []byte, e journal.Entry) []byte {
	dst = packed.Int(dst, entryAt, e.At)
	dst = packed.Text(dst, entryKind, e.Kind)
	dst = packed.Text(dst, entryFrom, e.From)
	dst = packed.Text(dst, entryTo, e.To)
	dst = packed.Text(dst, entryName, e.Name)
	dst = packed.Int(dst, entryRef, e.Ref)
	dst = packed.Int(dst, entryChat, e.Chat)
	dst = packed.Int(dst, entryWidget, e.Widget)
	dst = packed.Text(dst, entryConversation, e.Conversation)
	dst = packed.Text(dst, entryOperation, e.Operation)
	dst = packed.Text(dst, entryUntold, e.Untold)
	dst = packed.Text(dst, entryRequirement, e.Requirement)
	dst = packed.Text(dst, entryNote, e.Note)
	return packed.Bytes(dst, entryData, e.Data)
}

// readEntry reads what appendEntry has written. The error says that it is damaged.
func readEntry(saved store.Entry) (journal.Entry, error) {
	e := journal.Entry{Seq: saved.Seq}
	texts := map[int]*string{
		entryKind: (*string)(&e.Kind), entryFrom: (*string)(&e.From), entryTo: (*string)(&e.To), entryName: &e.Name, entryConversation: &e.Conversation, entryOperation: &e.Operation,
		entryUntold: &e.Untold, entryRequirement: &e.Requirement, entryNote: &e.Note,
	}
	numbers := map[int]*int{entryRef: &e.Ref, entryChat: &e.Chat, entryWidget: &e.Widget}
	for f, err := range packed.Fields(saved.Body) {
		if err != nil {
			return e, fmt.Errorf("entry %d of the journal: %w", saved.Seq, err)
		}
		switch text, number := texts[f.Number], numbers[f.Number]; {
		case text != nil:
			*text = f.Text()
		case number != nil:
			*number = f.Int
		case f.Number == entryAt:
			e.At = time.Duration(f.Int)
		case f.Number == entryData:
			e.Data = f.Bytes
		}
	}
	return e, nil
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
				var e journal.Entry
				if err == nil {
					e, err = readEntry(saved)
				}
				if !yield(e, err) || err != nil {
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
