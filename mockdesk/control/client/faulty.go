package client

import (
	"context"
	"net/http"
	"net/url"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"
)

// Faulty is what tenants have whose faults are the rules of a plan, besides a clock and a journal.
type Faulty struct{ Recorded }

// Faults are those that are set.
func (t *Faulty) Faults(ctx context.Context) (api.FaultList, error) {
	return get[api.FaultList](ctx, t.client, t.path+"/faults", nil)
}

// AddFault sets one.
func (t *Faulty) AddFault(ctx context.Context, f api.NewFault) (api.Fault, error) {
	return post[api.Fault](ctx, t.client, t.path+"/faults", f)
}

// AddRules sets rules, all of them or none, before those that are set.
func (t *Faulty) AddRules(ctx context.Context, rules ...fault.Rule) ([]api.Fault, error) {
	added, err := post[api.AddedFaults](ctx, t.client, t.path+"/faults/rules", api.NewRules{Rules: rules})
	return added.Faults, err
}

// Fault is one that is set, or was.
func (t *Faulty) Fault(ctx context.Context, id string) (api.Fault, error) {
	return get[api.Fault](ctx, t.client, t.path+"/faults/"+url.PathEscape(id), nil)
}

// RemoveFault has a fault play no more.
func (t *Faulty) RemoveFault(ctx context.Context, id string) error {
	return remove(ctx, t.client, t.path+"/faults/"+url.PathEscape(id))
}

// ClearFaults removes all faults and lets the requests go on that they hold.
func (t *Faulty) ClearFaults(ctx context.Context) (api.Released, error) {
	return exchange[api.Released](ctx, t.client, request{method: http.MethodDelete, path: t.path + "/faults"})
}

// ReleaseFaults lets the requests of an operation go on that faults hold; an empty one is all.
func (t *Faulty) ReleaseFaults(ctx context.Context, operation string) (api.Released, error) {
	return post[api.Released](ctx, t.client, t.path+"/faults/release", api.Release{Operation: operation})
}
