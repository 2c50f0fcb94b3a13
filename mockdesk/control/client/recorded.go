package client

import (
	"context"
	"net/url"
	"strconv"

	"deskcheck/mockdesk/control/api"
)

// Recorded is what tenants have whatever their contract: a clock, and a journal.
type Recorded struct {
	client     *Client
	name, path string
}

// recorded is that of a tenant.
func (c *Client) recorded(name string) Recorded {
	return Recorded{client: c, name: name, path: "/v1/tenants/" + url.PathEscape(name)}
}

// Name is what the tenant is called.
func (t *Recorded) Name() string { return t.name }

// Clock is what time it is.
func (t *Recorded) Clock(ctx context.Context) (api.Clock, error) {
	return get[api.Clock](ctx, t.client, t.path+"/clock", nil)
}

// Advance lets time pass at once.
func (t *Recorded) Advance(ctx context.Context, by api.Duration) (api.Clock, error) {
	return post[api.Clock](ctx, t.client, t.path+"/clock/advance", api.Advance{By: by})
}

// JournalQuery says which entries are wanted.
type JournalQuery struct {
	// Match is an expression, empty for all entries; Conversation the whole id of one, empty for any.
	Match, Conversation string
	// After is a sequence number: only later entries are wanted. Limit is how many at most, 0 for the server's choice.
	After, Limit int
}

func (q JournalQuery) query() url.Values {
	query := url.Values{}
	setText(query, "match", q.Match)
	setText(query, "conversation", q.Conversation)
	setNumber(query, "after", q.After)
	setNumber(query, "limit", q.Limit)
	return query
}

// Journal is a page of entries.
func (t *Recorded) Journal(ctx context.Context, q JournalQuery) (api.EntryPage, error) {
	return get[api.EntryPage](ctx, t.client, t.path+"/journal", q.query())
}

// Entry is one entry.
func (t *Recorded) Entry(ctx context.Context, seq int) (api.Entry, error) {
	return get[api.Entry](ctx, t.client, t.path+"/journal/"+strconv.Itoa(seq), nil)
}

// Wait waits for entries that match. When the time is over the error is an *api.Problem with status 504 and what came closest.
func (t *Recorded) Wait(ctx context.Context, w api.Wait) (api.Waited, error) {
	return post[api.Waited](ctx, t.client, t.path+"/journal/wait", w)
}

// Count counts entries that match.
func (t *Recorded) Count(ctx context.Context, q api.Count) (api.Counted, error) {
	return post[api.Counted](ctx, t.client, t.path+"/journal/count", q)
}

// Verify says whether as many entries match as were expected; where they do not, the outcome explains what came closest.
func (t *Recorded) Verify(ctx context.Context, q api.Verify) (api.Verified, error) {
	return post[api.Verified](ctx, t.client, t.path+"/journal/verify", q)
}
