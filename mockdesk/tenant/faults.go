package tenant

import (
	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"
)

// AddFault sets a fault. The error is an *api.Refusal.
func (t *Tenant) AddFault(spec api.NewFault) (api.Fault, error) { return t.faults.Add(spec) }

// AddRules sets rules: all of them before those that are set, in the order given, or none. The error is an *api.Refusal that names the rule by its place in the list, from 0.
func (t *Tenant) AddRules(rules []fault.Rule) ([]api.Fault, error) { return t.faults.AddRules(rules) }

// notePlayed counts a fault that is played. The desk and its plan may be locked, so it calls neither, nor waits for whoever does.
func (t *Tenant) notePlayed(p fault.Played) {
	t.registry.options.Played(string(p.Fault.Kind), mockdesk.Operation(p.Arrival.Operation))
}

// Faults are those that are set, and the requests that are held.
func (t *Tenant) Faults() api.FaultList { return t.faults.List() }

// Fault describes one, also one that has played as often as it was to. The error is an *api.Refusal.
func (t *Tenant) Fault(id string) (api.Fault, error) { return t.faults.Get(id) }

// RemoveFault has a fault play no more, and lets the requests go on that it holds. The error is an *api.Refusal.
func (t *Tenant) RemoveFault(id string) error { return t.faults.Remove(id) }

// ReleaseFaults lets the requests of an operation go on that faults hold, of all operations if it is empty, and removes the faults that hold such requests.
func (t *Tenant) ReleaseFaults(operation string) api.Released { return t.faults.Release(operation) }

// ClearFaults removes all faults and lets the requests go on that they hold.
func (t *Tenant) ClearFaults() api.Released { return t.faults.Clear() }
