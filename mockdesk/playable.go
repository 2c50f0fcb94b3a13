package mockdesk

import (
	"fmt"
	"net/http"
	"slices"

	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/wire"
)

// CheckRule looks whether a rule that makes sense (fault.Rule.Validate) can ever be played while the desk speaks its wire: whether the wire has the route, the operation, or
// sockets at all. The error is a *fault.FieldError that names the field of the rule. A desk takes other rules as well, for the wire that it may speak later.
func (d *Desk) CheckRule(r fault.Rule) error {
	w := d.Wire()
	if r.Scope.Tenant != "" {
		return cannot("scope.tenant", "a desk is told of no tenants: its rules are for its own")
	}
	moments := r.Fault.Kind.Moments()
	if r.Scope.On != "" {
		moments = []fault.Moment{r.Scope.On}
	}
	onSockets := []fault.Moment{fault.Upgrade, fault.Open, fault.Ask, fault.Ping, fault.Frame}
	hasSockets := slices.ContainsFunc(w.Routes, func(route *wire.Route) bool { return route.Socket != nil })
	needsSockets := r.Scope.Connection > 0 || !slices.ContainsFunc(moments, func(m fault.Moment) bool { return !slices.Contains(onSockets, m) })
	switch {
	case needsSockets && !hasSockets:
		return cannot("fault.kind", "%q is played on sockets there, and the wire %s has none", string(r.Fault.Kind), w.Name)
	case r.Scope.Route != "" && !slices.ContainsFunc(w.Routes, func(route *wire.Route) bool { return fits(route, r.Scope.Route) }):
		return cannot("scope.route", "the wire %s has no route %q; its routes are %q", w.Name, r.Scope.Route, routesOf(w))
	case r.Scope.Operation != "" && !slices.ContainsFunc(moments, func(m fault.Moment) bool { return means(w, m, wire.Meaning(r.Scope.Operation)) }):
		return cannot("scope.operation", "the wire %s has no %q on which %q could be played", w.Name, r.Scope.Operation, string(r.Fault.Kind))
	}
	return nil
}

func cannot(field, format string, args ...any) error {
	return &fault.FieldError{Field: field, Err: fmt.Errorf(format, args...)}
}

// fits is whether requests of the route are those that the scope names.
func fits(route *wire.Route, scope string) bool {
	names := []string{named(route), http.MethodOptions + " " + route.Pattern}
	return slices.Contains(names, scope)
}

// named is the route as rules and the journal name it, in which a request for a socket is a GET.
func named(route *wire.Route) string {
	if route.Socket != nil {
		return http.MethodGet + " " + route.Pattern
	}
	return route.On()
}

func routesOf(w *wire.Wire) []string {
	var names []string
	for _, route := range w.Routes {
		if name := named(route); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// means is whether there is something at that moment which means that.
func means(w *wire.Wire, m fault.Moment, meaning wire.Meaning) bool {
	return slices.ContainsFunc(w.Routes, func(route *wire.Route) bool {
		switch {
		case m == fault.Ask:
			return route.Socket != nil && slices.ContainsFunc(route.Socket.Takes(), func(t *wire.Take) bool { return t.Means == meaning })
		case (m == fault.Upgrade) != (route.Socket != nil):
			return false
		}
		return route.Means == meaning
	})
}
