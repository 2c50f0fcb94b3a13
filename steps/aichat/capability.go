package aichat

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"deskcheck/steps"
)

// offer is how an optional part of the contract shows: by a method that the integration has, or only in use, by a callback that it makes.
type offer struct {
	// phrase ends the sentence "the integration …".
	phrase string
	// capability is the word of the catalogue, which the integration may also claim.
	capability string
	// method is the one that an integration with the capability has; empty if none tells.
	method string
	// callback is the one that it makes when there is reason to, where no method tells.
	callback string
}

// offers are the sentences that say to which integrations a scenario applies; without what they name, the scenario is not applicable.
var offers = []offer{
	{phrase: "can check availability", capability: "avail", method: "areAnyAgentsOnline"},
	{phrase: "reports waiting times", capability: "banner", callback: "updateAgentAvailability"},
	{phrase: "shows when agents type", capability: "typing", callback: "agentTyping"},
	{phrase: "relays the user's typing", capability: "typing", method: "userTyping"},
	{phrase: "notes what the user reads", capability: "read", method: "userReadMessages"},
	{phrase: "tells what agents read", capability: "read", callback: "agentReadMessages"},
	{phrase: "announces transfers", capability: "transfer", callback: "beginTransferToAnotherAgent"},
	{phrase: "takes files", capability: "files", callback: "updateCapabilities"},
	{phrase: "looks at chosen files", capability: "files", method: "filesSelectedForUpload"},
	{phrase: "can share the screen", capability: "screen", method: "screenShareStop"},
	{phrase: "can reconnect", capability: "reconnect", method: "reconnect"},
	{phrase: "stores state", capability: "state", callback: "updatePersistedState"},
	{phrase: "follows state updates", capability: "sync", method: "updateState"},
}

var capabilitySteps = []definition{
	define(`the integration (`+phrases()+`)`, func(p *Player) any { return p.offers }),
}

func phrases() string {
	all := make([]string, 0, len(offers))
	for _, o := range offers {
		all = append(all, regexp.QuoteMeta(o.phrase))
	}
	return strings.Join(all, "|")
}

func (p *Player) offers(phrase string) error {
	o := offers[slices.IndexFunc(offers, func(o offer) bool { return o.phrase == phrase })]
	if o.method == "" {
		p.optional[o.callback] = o.capability
		if slices.Contains(p.stage.Claims, o.capability) {
			return p.carried(o.capability)
		}
		return nil
	}
	if err := p.chatIsOpen(); err != nil {
		return err
	}
	if s, ok := p.factorySettlement(); !ok || s.Methods[o.method] != "function" {
		return p.without(o.capability, "it has no method "+o.method)
	}
	return p.carried(o.capability)
}

// carried ends the scenario if the desk's wire cannot say what a capability is about: then nothing that the integration does can be told.
func (p *Player) carried(capability string) error {
	spoken, lacks := p.Desk.Lacks(capability)
	if len(lacks) == 0 {
		return nil
	}
	err := fmt.Errorf("the wire %s has no %s; give it the routes and events, and deskcheck wire check says what is missing", spoken, strings.Join(lacks, ", "))
	return &steps.HarnessError{Doing: "test the capability " + capability, Err: err}
}

// shown gives what a scenario came to that applies only to integrations which make a callback: one that does make it has a capability, and then the wire has to carry that. It is asked in the
// end, since nothing tells before.
func (p *Player) shown(came error) error {
	if failure := (*steps.Failure)(nil); came != nil && !errors.As(came, &failure) {
		return came
	}
	for _, callback := range slices.Sorted(maps.Keys(p.optional)) {
		if len(p.Journal.All(0, isCallback(callback))) == 0 {
			continue
		}
		if err := p.carried(p.optional[callback]); err != nil {
			return err
		}
	}
	return came
}

// without ends the scenario for want of a capability, unless the integration claims to have it.
func (p *Player) without(capability, why string) error {
	if slices.Contains(p.stage.Claims, capability) {
		return &steps.Failure{Expected: fmt.Sprintf("the capability %q, which the integration claims to have", capability), Recorded: why}
	}
	return &steps.NotApplicable{Capability: capability, Why: why}
}
