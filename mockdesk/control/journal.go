package control

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/match"
	"deskcheck/mockdesk/tenant"
)

const (
	// defaultWait and mostWait are how long a request waits for entries.
	defaultWait = 30 * time.Second
	mostWait    = 10 * time.Minute
	// heartbeat is how often a stream in which nothing happens shows that it lives, and how long one write to it may take.
	heartbeat = 15 * time.Second
	patience  = 30 * time.Second
)

// filterOf makes a filter of what a request asks for.
func filterOf(expression, conversation string) (tenant.Filter, error) {
	f := tenant.Filter{Conversation: conversation}
	if expression == "" {
		return f, nil
	}
	x, err := match.Compile(expression)
	if err != nil {
		p := invalid("match: " + err.Error() + ".")
		if at, ok := errors.AsType[*match.SyntaxError](err); ok {
			p.Errors = []api.Mistake{{Field: "match", Line: at.Line, Column: at.Column, Detail: at.Message}}
		}
		return f, p
	}
	f.Expression = x
	return f, nil
}

func queryJournal(c *call) (*answer, error) {
	limit, err := limitOf(c)
	if err != nil {
		return nil, err
	}
	after, err := whole(c, "after", 0, mostSeq, 0)
	if err != nil {
		return nil, err
	}
	query := c.URL.Query()
	filter, err := filterOf(query.Get("match"), query.Get("conversation"))
	if err != nil {
		return nil, err
	}
	page := api.EntryPage{Entries: []api.Entry{}}
	if page.First, err = c.tenant.FirstEntry(c.Context()); err != nil {
		return nil, err
	}
	for e, err := range c.tenant.Entries(c.Context(), after) {
		if err != nil {
			return nil, err
		}
		page.Last = e.Seq
		if !filter.Matches(e) {
			continue
		}
		if len(page.Entries) == limit {
			page.Next = page.Entries[limit-1].Seq
			break
		}
		page.Entries = append(page.Entries, c.tenant.Entry(e))
	}
	page.Last = max(page.Last, c.tenant.Journal().Len())
	return ok(page)
}

func getEntry(c *call) (*answer, error) {
	seq, err := strconv.Atoi(c.PathValue("seq"))
	if err != nil || seq < 1 {
		return nil, invalid(fmt.Sprintf("seq: expected the sequence number of an entry, found %q.", c.PathValue("seq")))
	}
	for e, err := range c.tenant.Entries(c.Context(), seq-1) {
		if err != nil {
			return nil, err
		}
		if e.Seq == seq {
			return ok(c.tenant.Entry(e))
		}
		break
	}
	first, err := c.tenant.FirstEntry(c.Context())
	if err != nil {
		return nil, err
	}
	return nil, problem(http.StatusNotFound, "unknown", "What is named is not there", fmt.Sprintf("The journal has no entry %d by now; it keeps those from %d to %d.", seq, first, c.tenant.Journal().Len()))
}

func countEntries(c *call, q api.Count) (*answer, error) {
	filter, err := filterOf(q.Match, q.Conversation)
	if err != nil {
		return nil, err
	}
	count, last, err := tally(c, q.After, filter)
	if err != nil {
		return nil, err
	}
	return ok(api.Counted{Count: count, Last: last})
}

// tally counts entries, and says up to which.
func tally(c *call, after int, filter tenant.Filter) (count, last int, err error) {
	last = after
	for e, err := range c.tenant.Entries(c.Context(), after) {
		if err != nil {
			return count, last, err
		}
		if filter.Matches(e) {
			count++
		}
		last = e.Seq
	}
	return count, last, nil
}

func verifyEntries(c *call, q api.Verify) (*answer, error) {
	filter, err := filterOf(q.Match, q.Conversation)
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
		return nil, invalid(fmt.Sprintf("most: expected at least %d, as least says, found %d.", least, most))
	}
	count, _, err := tally(c, q.After, filter)
	if err != nil {
		return nil, err
	}
	outcome := api.Verified{OK: count >= least && (most < 0 || count <= most), Count: count, NearMisses: []api.NearMiss{}}
	outcome.Says = fmt.Sprintf("expected %s matching %s, found %d", bounds(least, most), q.Match, count)
	if count < least {
		near := filter.Closest(c.tenant.Journal(), q.After)
		outcome.NearMisses = c.tenant.NearMisses(near)
		outcome.Says += closest(near)
	}
	return ok(outcome)
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
func boundTo(ctx context.Context, t *tenant.Tenant) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(t.Context(), func() { cancel(context.Cause(t.Context())) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

func (s *Server) waitForEntries(c *call, q api.Wait) (*answer, error) {
	filter, err := filterOf(q.Match, q.Conversation)
	if err != nil {
		return nil, err
	}
	timeout := time.Duration(q.Timeout)
	if timeout == 0 {
		timeout = defaultWait
	}
	if timeout > mostWait {
		return nil, invalid(fmt.Sprintf("timeout: expected at most %s, found %s; wait again instead.", mostWait, timeout))
	}
	if s.waits.Add(1) > mostWaits {
		s.waits.Add(-1)
		return nil, problem(http.StatusTooManyRequests, "too-much", "A bound is reached", fmt.Sprintf("%d requests wait already; let some of them end first.", mostWaits))
	}
	defer s.waits.Add(-1)
	ctx, free := boundTo(c.Context(), c.tenant)
	defer free()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := gather(ctx, c.tenant, q.After, max(q.Count, 1), filter)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return nil, c.late(q, timeout, len(found), filter)
	case err != nil && ctx.Err() != nil:
		return nil, gone(err)
	case err != nil:
		return nil, err
	}
	waited := api.Waited{Entries: []api.Entry{}, Last: found[len(found)-1].Seq}
	for _, e := range found {
		waited.Entries = append(waited.Entries, c.tenant.Entry(e))
	}
	return ok(waited)
}

// gather waits for so many entries that match. The error is the cause of the context's end, or says why the journal cannot be read; what was found comes with it.
func gather(ctx context.Context, t *tenant.Tenant, after, count int, filter tenant.Filter) ([]journal.Entry, error) {
	var found []journal.Entry
	for {
		changed := t.Journal().Changed()
		for e, err := range t.Entries(ctx, after) {
			if err != nil {
				return found, cmp.Or(context.Cause(ctx), err)
			}
			after = e.Seq
			if !filter.Matches(e) {
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
func (c *call) late(q api.Wait, timeout time.Duration, found int, filter tenant.Filter) *api.Problem {
	near := filter.Closest(c.tenant.Journal(), q.After)
	p := problem(http.StatusGatewayTimeout, "deadline", "The time is over",
		fmt.Sprintf("waited %s for %s matching %s, found %d%s", timeout, bounds(max(q.Count, 1), -1), q.Match, found, closest(near)))
	p.NearMisses = c.tenant.NearMisses(near)
	return p
}

// follower is one stream of a journal.
type follower struct {
	w      http.ResponseWriter
	tenant *tenant.Tenant
	filter tenant.Filter
	// mark is the Seq of the last entry that was looked at.
	mark int
}

func (s *Server) followJournal(w http.ResponseWriter, c *call) error {
	query := c.URL.Query()
	filter, err := filterOf(query.Get("match"), query.Get("conversation"))
	if err != nil {
		return err
	}
	after, err := whole(c, "after", 0, mostSeq, c.tenant.Journal().Len())
	if err != nil {
		return err
	}
	if last := c.Header.Get("Last-Event-ID"); last != "" {
		if after, err = strconv.Atoi(last); err != nil || after < 0 {
			return invalid(fmt.Sprintf("Last-Event-ID: expected the id of an event of this stream, found %q.", last))
		}
	}
	if s.follows.Add(1) > mostFollowers {
		s.follows.Add(-1)
		return problem(http.StatusTooManyRequests, "too-much", "A bound is reached", fmt.Sprintf("%d clients follow already; let some of them end first.", mostFollowers))
	}
	defer s.follows.Add(-1)
	ctx, free := boundTo(c.Context(), c.tenant)
	defer free()
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	f := &follower{w: w, tenant: c.tenant, filter: filter, mark: after}
	if f.send(": the journal of "+c.tenant.Name()+"\n\n") == nil {
		f.follow(ctx)
	}
	return nil
}

// follow sends entries until the reader goes, is too slow, or the tenant ends.
func (f *follower) follow(ctx context.Context) {
	j := f.tenant.Journal()
	// Where the store cannot be read, catchUp notices.
	if first, err := f.tenant.FirstEntry(ctx); err == nil && f.mark+1 < first {
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
		last := f.tenant.Journal().Len()
		// What a reader was told of has its number for ever.
		if last > f.mark && f.tenant.Saved(ctx) != nil {
			// Where it ends in order the reader is told why.
			return ctx.Err() != nil || f.tenant.Context().Err() != nil
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
	for e, err := range f.tenant.Entries(ctx, f.mark) {
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
		if !f.filter.Matches(e) {
			continue
		}
		raw, err := json.Marshal(f.tenant.Entry(e))
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
