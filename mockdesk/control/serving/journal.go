package serving

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/match"

	"github.com/prometheus/client_golang/prometheus"
)

// Source is whose journal is read. All its methods are safe for use by many goroutines.
type Source interface {
	// Name is what it is called.
	Name() string
	// Context ends when it does; its cause is api.ErrDropped, api.ErrReset or api.ErrStopped.
	Context() context.Context
	// Journal is what is in memory of the journal.
	Journal() *journal.Journal
	// Entries are those with a Seq above after, in order; an error ends them. FirstEntry is the Seq of the oldest that is kept.
	Entries(ctx context.Context, after int) iter.Seq2[journal.Entry, error]
	FirstEntry(ctx context.Context) (int, error)
	// Saved returns when everything in the journal so far is as safe as it is to be.
	Saved(ctx context.Context) error
}

// Journals are the operations on the journals of an API. Make them with NewJournals.
type Journals struct {
	keeper

	// find gives the source that a request names.
	find func(*Call) (Source, error)
}

// NewJournals makes the operations on the journals that find finds; its error is answered as any other.
func NewJournals(find func(*Call) (Source, error)) *Journals { return &Journals{find: find} }

// Operations are those below a path, as shared.yaml describes them.
func (j *Journals) Operations(base string) []Operation {
	return []Operation{
		Get("queryJournal", base, j.of(queryJournal)),
		Get("getEntry", base+"/{seq}", j.of(getEntry)),
		{ID: "followJournal", Method: http.MethodGet, Path: base + "/follow", Stream: func(c *Call) error {
			source, err := j.find(c)
			if err != nil {
				return err
			}
			return j.followJournal(c, source)
		}},
		Post("waitForEntries", base+"/wait", "Wait", false, asking(j, j.waitForEntries)),
		Post("countEntries", base+"/count", "Count", false, asking(j, countEntries)),
		Post("verifyEntries", base+"/verify", "Verify", false, asking(j, verifyEntries)),
	}
}

// Register adds the figures of waits and followers to those of a server.
func (j *Journals) Register(registry *prometheus.Registry) {
	Gauge(registry, "waits", "Requests that wait for entries of a journal.", func() float64 { return float64(j.waits.Load()) })
	Gauge(registry, "followers", "Clients that follow a journal.", func() float64 { return float64(j.follows.Load()) })
}

// of finds the source for a handler.
func (j *Journals) of(handle func(*Call, Source) (*Answer, error)) func(*Call) (*Answer, error) {
	return func(c *Call) (*Answer, error) {
		source, err := j.find(c)
		if err != nil {
			return nil, err
		}
		done, err := handle(c, source)
		if err != nil {
			return nil, err
		}
		// Nothing that the API has said is missing after the process was killed.
		return done, source.Saved(c.Context())
	}
}

// asking is of, for a handler that wants the body.
func asking[T any](j *Journals, handle func(*Call, Source, T) (*Answer, error)) func(*Call) (*Answer, error) {
	return j.of(func(c *Call, source Source) (*Answer, error) {
		asked, err := Into[T](c)
		if err != nil {
			return nil, err
		}
		return handle(c, source, asked)
	})
}

// keeper counts who waits and who follows.
type keeper struct {
	waits, follows atomic.Int64
}

const (
	// mostWaits and mostFollowers are how many requests may wait, and how many may follow a journal, at once.
	mostWaits     = 2000
	mostFollowers = 200
	// defaultWait and mostWait are how long a request waits for entries.
	defaultWait = 30 * time.Second
	mostWait    = 10 * time.Minute
	// heartbeat is how often a stream in which nothing happens shows that it lives, and how long one write to it may take.
	heartbeat = 15 * time.Second
	patience  = 30 * time.Second
)

// filterOf makes a filter of what a request asks for.
func filterOf(expression, conversation string) (filter, error) {
	f := filter{conversation: conversation}
	if expression == "" {
		return f, nil
	}
	x, err := match.Compile(expression)
	if err != nil {
		p := Invalid("match: " + err.Error() + ".")
		if at, ok := errors.AsType[*match.SyntaxError](err); ok {
			p.Errors = []api.Mistake{{Field: "match", Line: at.Line, Column: at.Column, Detail: at.Message}}
		}
		return f, p
	}
	f.expression = x
	return f, nil
}

func queryJournal(c *Call, of Source) (*Answer, error) {
	limit, err := Limit(c)
	if err != nil {
		return nil, err
	}
	after, err := Whole(c, "after", 0, MostSeq, 0)
	if err != nil {
		return nil, err
	}
	query := c.URL.Query()
	wanted, err := filterOf(query.Get("match"), query.Get("conversation"))
	if err != nil {
		return nil, err
	}
	page := api.EntryPage{Entries: []api.Entry{}}
	if page.First, err = of.FirstEntry(c.Context()); err != nil {
		return nil, err
	}
	for e, err := range of.Entries(c.Context(), after) {
		if err != nil {
			return nil, err
		}
		page.Last = e.Seq
		if !wanted.matches(e) {
			continue
		}
		if len(page.Entries) == limit {
			page.Next = page.Entries[limit-1].Seq
			break
		}
		page.Entries = append(page.Entries, entryOf(of.Journal().Start(), e))
	}
	page.Last = max(page.Last, of.Journal().Len())
	return OK(page)
}

func getEntry(c *Call, of Source) (*Answer, error) {
	seq, err := strconv.Atoi(c.PathValue("seq"))
	if err != nil || seq < 1 {
		return nil, Invalid(fmt.Sprintf("seq: expected the sequence number of an entry, found %q.", c.PathValue("seq")))
	}
	for e, err := range of.Entries(c.Context(), seq-1) {
		if err != nil {
			return nil, err
		}
		if e.Seq == seq {
			return OK(entryOf(of.Journal().Start(), e))
		}
		break
	}
	first, err := of.FirstEntry(c.Context())
	if err != nil {
		return nil, err
	}
	return nil, Problem(http.StatusNotFound, "unknown", "What is named is not there", fmt.Sprintf("The journal has no entry %d by now; it keeps those from %d to %d.", seq, first, of.Journal().Len()))
}

func countEntries(c *Call, of Source, q api.Count) (*Answer, error) {
	wanted, err := filterOf(q.Match, q.Conversation)
	if err != nil {
		return nil, err
	}
	count, last, err := tally(c.Context(), of, q.After, wanted)
	if err != nil {
		return nil, err
	}
	return OK(api.Counted{Count: count, Last: last})
}

// tally counts entries, and says up to which.
func tally(ctx context.Context, of Source, after int, wanted filter) (count, last int, err error) {
	last = after
	for e, err := range of.Entries(ctx, after) {
		if err != nil {
			return count, last, err
		}
		if wanted.matches(e) {
			count++
		}
		last = e.Seq
	}
	return count, last, nil
}

func verifyEntries(c *Call, of Source, q api.Verify) (*Answer, error) {
	wanted, err := filterOf(q.Match, q.Conversation)
	if err != nil {
		return nil, err
	}
	least, most := 1, -1
	if q.Most != nil {
		least, most = 0, *q.Most
	}
	if q.Least != nil {
		least = *q.Least
	}
	if most >= 0 && most < least {
		return nil, Invalid(fmt.Sprintf("most: expected at least %d, as least says, found %d.", least, most))
	}
	count, _, err := tally(c.Context(), of, q.After, wanted)
	if err != nil {
		return nil, err
	}
	outcome := api.Verified{OK: count >= least && (most < 0 || count <= most), Count: count, NearMisses: []api.NearMiss{}}
	outcome.Says = fmt.Sprintf("expected %s matching %s, found %d", bounds(least, most), q.Match, count)
	if count < least {
		near := wanted.closest(of.Journal(), q.After)
		outcome.NearMisses = nearMisses(of.Journal().Start(), near)
		outcome.Says += closest(near)
	}
	return OK(outcome)
}

// bounds words how many entries there may be.
func bounds(least, most int) string {
	entries := func(n int) string {
		if n == 1 {
			return "1 entry"
		}
		return strconv.Itoa(n) + " entries"
	}
	switch {
	case most < 0:
		return "at least " + entries(least)
	case least == most && most == 0:
		return "no entry"
	case least == most:
		return "exactly " + entries(most)
	case least == 0:
		return "at most " + entries(most)
	}
	return fmt.Sprintf("%d to %s", least, entries(most))
}

// closest words what came closest.
func closest(near []match.NearMiss) string {
	if len(near) == 0 {
		return "; none comes close"
	}
	return "; closest is " + near[0].String()
}

// boundTo returns a context that also ends with the tenant.
func boundTo(ctx context.Context, of Source) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(of.Context(), func() { cancel(context.Cause(of.Context())) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

func (k *keeper) waitForEntries(c *Call, of Source, q api.Wait) (*Answer, error) {
	wanted, err := filterOf(q.Match, q.Conversation)
	if err != nil {
		return nil, err
	}
	timeout := time.Duration(q.Timeout)
	if timeout == 0 {
		timeout = defaultWait
	}
	if timeout > mostWait {
		return nil, Invalid(fmt.Sprintf("timeout: expected at most %s, found %s; wait again instead.", mostWait, timeout))
	}
	if k.waits.Add(1) > mostWaits {
		k.waits.Add(-1)
		return nil, Problem(http.StatusTooManyRequests, "too-much", "A bound is reached", fmt.Sprintf("%d requests wait already; let some of them end first.", mostWaits))
	}
	defer k.waits.Add(-1)
	ctx, free := boundTo(c.Context(), of)
	defer free()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := gather(ctx, of, q.After, max(q.Count, 1), wanted)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, late(of, q, timeout, len(found), wanted)
	case err != nil && ctx.Err() != nil:
		return nil, gone(err)
	case err != nil:
		return nil, err
	}
	waited := api.Waited{Entries: []api.Entry{}, Last: found[len(found)-1].Seq}
	for _, e := range found {
		waited.Entries = append(waited.Entries, entryOf(of.Journal().Start(), e))
	}
	return OK(waited)
}

// gather waits for so many entries that match. The error is the cause of the context's end, or says why the journal cannot be read; what was found comes with it.
func gather(ctx context.Context, of Source, after, count int, wanted filter) ([]journal.Entry, error) {
	var found []journal.Entry
	for {
		changed := of.Journal().Changed()
		for e, err := range of.Entries(ctx, after) {
			if err != nil {
				return found, cmp.Or(context.Cause(ctx), err)
			}
			after = e.Seq
			if !wanted.matches(e) {
				continue
			}
			if found = append(found, e); len(found) == count {
				return found, nil
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return found, context.Cause(ctx)
		}
	}
}

// late is the problem of a wait whose time is over.
func late(of Source, q api.Wait, timeout time.Duration, found int, wanted filter) *api.Problem {
	near := wanted.closest(of.Journal(), q.After)
	p := Problem(http.StatusGatewayTimeout, "deadline", "The time is over",
		fmt.Sprintf("waited %s for %s matching %s, found %d%s", timeout, bounds(max(q.Count, 1), -1), q.Match, found, closest(near)))
	p.NearMisses = nearMisses(of.Journal().Start(), near)
	return p
}

// follower is one stream of a journal.
type follower struct {
	w      http.ResponseWriter
	of     Source
	wanted filter
	// mark is the Seq of the last entry that was looked at.
	mark int
}

func (k *keeper) followJournal(c *Call, of Source) error {
	query := c.URL.Query()
	wanted, err := filterOf(query.Get("match"), query.Get("conversation"))
	if err != nil {
		return err
	}
	after, err := Whole(c, "after", 0, MostSeq, of.Journal().Len())
	if err != nil {
		return err
	}
	if last := c.Header.Get("Last-Event-ID"); last != "" {
		if after, err = strconv.Atoi(last); err != nil || after < 0 {
			return Invalid(fmt.Sprintf("Last-Event-ID: expected the id of an event of this stream, found %q.", last))
		}
	}
	if k.follows.Add(1) > mostFollowers {
		k.follows.Add(-1)
		return Problem(http.StatusTooManyRequests, "too-much", "A bound is reached", fmt.Sprintf("%d clients follow already; let some of them end first.", mostFollowers))
	}
	defer k.follows.Add(-1)
	ctx, free := boundTo(c.Context(), of)
	defer free()
	header := c.Writer.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	c.Writer.WriteHeader(http.StatusOK)
	f := &follower{w: c.Writer, of: of, wanted: wanted, mark: after}
	if f.send(": the journal of "+of.Name()+"\n\n") == nil {
		f.follow(ctx)
	}
	return nil
}

// follow sends entries until the reader goes, is too slow, or the tenant ends.
func (f *follower) follow(ctx context.Context) {
	j := f.of.Journal()
	// Where the store cannot be read, catchUp notices.
	if first, err := f.of.FirstEntry(ctx); err == nil && f.mark+1 < first {
		if f.event("missed", api.Missed{From: f.mark + 1, To: first - 1}) != nil {
			return
		}
		f.mark = first - 1
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		changed := j.Changed()
		if !f.catchUp(ctx) {
			return
		}
		select {
		case <-changed:
		case <-beat.C:
			if f.send(": still here\n\n") != nil {
				return
			}
		case <-ctx.Done():
			// Where the client has gone nobody reads it.
			_ = f.event("end", map[string]string{"reason": context.Cause(ctx).Error()})
			return
		}
	}
}

// catchUp sends what there is, and says whether the stream goes on.
func (f *follower) catchUp(ctx context.Context) bool {
	for more := true; more; {
		last := f.of.Journal().Len()
		// What a reader was told of has its number for ever.
		if last > f.mark && f.of.Saved(ctx) != nil {
			// Where it ends in order the reader is told why.
			return ctx.Err() != nil || f.of.Context().Err() != nil
		}
		var goesOn bool
		if more, goesOn = f.some(ctx, last); !goesOn {
			return false
		}
	}
	return true
}

// some sends a few of the entries up to the last, so that what the journal drops meanwhile is noticed, and says whether there are more, and whether the stream goes on.
func (f *follower) some(ctx context.Context, last int) (more, goesOn bool) {
	const few = 100
	n := 0
	for e, err := range f.of.Entries(ctx, f.mark) {
		switch {
		case err != nil:
			return false, ctx.Err() != nil
		case e.Seq > f.mark+1:
			_ = f.event("dropped", api.Missed{From: f.mark + 1, To: e.Seq - 1}) // It is the last, whether or not it arrives.
			return false, false
		case n == few || e.Seq > last:
			return true, true
		}
		n++
		f.mark = e.Seq
		if !f.wanted.matches(e) {
			continue
		}
		raw, err := json.Marshal(entryOf(f.of.Journal().Start(), e))
		if err != nil || f.send("id: "+strconv.Itoa(e.Seq)+"\nevent: entry\ndata: "+string(raw)+"\n\n") != nil {
			return false, false
		}
	}
	return false, true
}

func (f *follower) event(name string, data any) error {
	return f.send("event: " + name + "\ndata: " + strings.TrimSpace(string(journal.Payload(data))) + "\n\n")
}

// send writes and flushes, with a deadline: a reader that takes nothing any more is let go.
func (f *follower) send(text string) error {
	control := http.NewResponseController(f.w)
	if err := control.SetWriteDeadline(time.Now().Add(patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := f.w.Write([]byte(text)); err != nil {
		return err
	}
	return control.Flush()
}

// gone is the problem of a request whose tenant has ended meanwhile.
func gone(cause error) *api.Problem {
	status, kind := http.StatusGone, "gone"
	if errors.Is(cause, api.ErrStopped) {
		status, kind = http.StatusServiceUnavailable, "stopping"
	}
	return Problem(status, kind, "The tenant has ended", cause.Error()+"; what was asked of it has come to nothing.")
}
