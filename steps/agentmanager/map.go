package agentmanager

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/uimap"
)

// optional are the capabilities that show by verbs, with those verbs.
var optional = []struct {
	capability string
	verbs      []string
}{
	{"reroute", []string{"transfer", "conference"}},
	{"supervise", []string{"monitor", "barge in"}},
	{"consult", []string{"consult"}},
	{"wrapup", []string{"wrap up"}},
	{"hold", []string{"pause", "resume"}},
	{"pull", []string{"join list", "take request"}},
	{"typing", []string{"type"}},
}

// capabilityOf is the capability that a verb belongs to, empty for the core.
func capabilityOf(verb string) string {
	for _, o := range optional {
		if slices.Contains(o.verbs, verb) {
			return o.capability
		}
	}
	return ""
}

// can says why a verb cannot be carried out, nil if it can.
func (p *Player) can(verb string) error {
	if p.stage.Map == nil {
		return &steps.HarnessError{Doing: "not drivable", Err: fmt.Errorf("there is no UI map, so nobody can %s: give one with ui-map", verb)}
	}
	capability := capabilityOf(verb)
	switch none := p.stage.Map.Has(verb) == uimap.None; {
	case p.stage.Map.Has(verb) == uimap.Yes:
		return nil
	case none && slices.Contains(p.stage.Claims, capability):
		return &steps.Failure{Expected: fmt.Sprintf("the capability %q, which the desk claims to have", capability), Recorded: "the UI map says that it has no way to " + verb}
	case none:
		return &steps.NotApplicable{Capability: capability, Why: "the UI map says that the desk has no way to " + verb}
	}
	return &steps.HarnessError{Doing: "not drivable", Err: fmt.Errorf("the UI map has no %q: add it, or say with %q: none that the desk has no such thing", verb, verb)}
}

// does has a person do something at the desk.
func (p *Player) does(name, verb string, values map[string]string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	if err := p.can(verb); err != nil {
		return err
	}
	words := []string{verb}
	keys := []string{"customer", "text", "state", "agent"}
	if slices.Contains([]string{"transfer", "conference", "consult"}, verb) {
		keys = append(keys, "queue") // For other verbs it is only where the customer waited.
	}
	for _, key := range keys {
		if v := values[key]; v != "" {
			words = append(words, strconv.Quote(v))
		}
	}
	p.Act(s.party, s.party, strings.Join(words, " "))
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	if err := p.stage.Map.Do(ctx, s.page.Tab, verb, values); err != nil {
		return p.unusable(s, p.blame(name+" wants to "+verb, err))
	}
	return p.Rest()
}

// looks gives what a look at a person's desk finds.
func (p *Player) looks(name, look string, values map[string]string) ([]string, error) {
	s, err := p.working(name)
	if err != nil {
		return nil, err
	}
	if err := p.can(look); err != nil {
		return nil, err
	}
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	found, err := p.stage.Map.Look(ctx, s.page.Tab, look, values)
	return found, p.blame("look at the desk of "+name, err)
}

// Shows says how a desk is seen to have a capability, a phrase for each way. It is empty for one that nothing shows but that its requirements hold.
func Shows(capability string) []string {
	switch capability {
	case "read":
		return []string{"it tells that a message was read"}
	case "push":
		return []string{"its handshake has a token"}
	}
	for _, o := range optional {
		if o.capability == capability {
			return []string{"its UI map has a way to " + o.verbs[0]}
		}
	}
	return nil
}
