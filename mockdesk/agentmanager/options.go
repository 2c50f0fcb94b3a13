package agentmanager

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
)

// Contract is the name of the contract that the manager keeps.
const Contract = "agent-manager"

// Clock is what the manager tells time by: the current moment, and a function called later. mockdesk.AdvancingClock is one.
type Clock interface {
	// Now is the current moment of this clock.
	Now() time.Time
	// AfterFunc calls f once d has passed on this clock, on a goroutine that may hold no lock of the manager. The returned stop reports whether it kept f from being called.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// realClock is the time of the machine.
type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// Dialect is a variant of the contract.
type Dialect string

// The dialects, as fixtures.DialectsOf has them.
const (
	CX2024     Dialect = "cx-2024"     // as the public desk of 2024 speaks and needs it
	Seed       Dialect = "seed"        // as the developer guide says it
	Legacy2023 Dialect = "legacy-2023" // as the public desk of 2023 speaks it: no roomInfo, queues by id
)

// Encoding is how an event of a conversation travels within onCimEvent.
type Encoding string

// The encodings.
const (
	Text   Encoding = "string" // the JSON text of the event, as real managers send it
	Object Encoding = "object" // the event itself, as the documents show it
)

// MonitorFlow is what follows when a supervisor may monitor.
type MonitorFlow string

// The flows.
const (
	Started MonitorFlow = "started" // a taskRequest that is STARTED, which the desk answers with topicSubscription
	Direct  MonitorFlow = "direct"  // onTopicData at once
)

// Unit is what the duration of wrapupTimerStarted counts.
type Unit string

// The units.
const (
	Seconds      Unit = "seconds"      // a number, as the public desk counts it down
	Milliseconds Unit = "milliseconds" // text, as the documents show it
)

// Switches say what the manager does where the documents and the public desks disagree.
type Switches struct {
	// CIMEncoding is how onCimEvent carries its event.
	CIMEncoding Encoding
	// MonitorFlow is what a supervisor gets who may monitor.
	MonitorFlow MonitorFlow
	// WrapUpUnit is what wrapupTimerStarted counts in.
	WrapUpUnit Unit
	// WrapUp has an agent who leaves, or whose conversation ends, choose a wrap-up before it is over.
	WrapUp bool
	// NotReadyOnRONA takes an agent who let an offer run out to NOT_READY; otherwise the agent stays as it is.
	NotReadyOnRONA bool
	// ReadyDomains takes every domain of an agent to READY when the agent goes READY; otherwise each is asked for.
	ReadyDomains bool
	// BareRevoke leaves out of revokeTask what no document names: the task and the reason.
	BareRevoke bool
	// NoTopicClosed leaves out the topicClosed that follows topicUnsubscription when a conversation is over.
	NoTopicClosed bool
}

// SwitchesOf are the switches of a dialect.
func SwitchesOf(d Dialect) Switches {
	s := Switches{CIMEncoding: Text, MonitorFlow: Started, WrapUpUnit: Seconds, ReadyDomains: true}
	if d == Seed {
		s = Switches{CIMEncoding: Object, MonitorFlow: Direct, WrapUpUnit: Milliseconds, BareRevoke: true}
	}
	return s
}

// Timing is how long things take on the manager's clock. The documents give no figures but examples.
type Timing struct {
	// RONA is how long an offer stands, TTL how long a request looks for an agent; 0 is 5 s and 20 s.
	RONA, TTL time.Duration
	// WrapUp is how long a wrap-up may take; 0 is 30 s.
	WrapUp time.Duration
	// Away is how long an agent without a socket stays signed in; 0 is 30 s.
	Away time.Duration
	// Goodbye is how long a desk has to close its socket after LOGOUT, before the manager does; 0 is 5 s.
	Goodbye time.Duration
}

// Options are what a manager is made with; the zero value will do.
type Options struct {
	// Journal receives every crossing; nil records nothing. Its observer is called while the manager is locked, so it must not call the manager.
	Journal *journal.Journal
	// Clock is the manager's time; nil is that of the machine.
	Clock Clock
	// Dialect is the variant of the contract; empty is CX2024.
	Dialect Dialect
	// Switches replace those of the dialect; nil leaves them.
	Switches *Switches
	// Timing is how long things take.
	Timing Timing
	// Domains are the media routing domains that every agent has; none is one named CHAT with five tasks.
	Domains []Domain
	// Channels are the types of channel that customers may come by; none is WEB, WHATSAPP and FACEBOOK, in the first domain.
	Channels []ChannelType
	// Push, if there is one, is given what goes to the token of an agent whose socket is down. It is called while the manager is locked, so it must not call it.
	Push func(Push)
	// Mistake, if there is one, is called with each event of the manager's own that is not as its schema has it, which is a mistake of this package. Tests have it panic. It is
	// called while the manager is locked.
	Mistake func(error)
}

// filled is the options with what they leave out. The error names the dialect that there is none of.
func (o Options) filled() (Options, error) {
	if o.Dialect == "" {
		o.Dialect = CX2024
	}
	if known := fixtures.DialectsOf(Contract); !slices.Contains(known, string(o.Dialect)) {
		return o, fmt.Errorf("there is no dialect %q of %s; use one of %s", o.Dialect, Contract, strings.Join(known, ", "))
	}
	if o.Switches == nil {
		s := SwitchesOf(o.Dialect)
		o.Switches = &s
	}
	if o.Clock == nil {
		o.Clock = realClock{}
	}
	for _, d := range []struct {
		value   *time.Duration
		without time.Duration
	}{
		{&o.Timing.RONA, 5 * time.Second}, {&o.Timing.TTL, 20 * time.Second}, {&o.Timing.WrapUp, 30 * time.Second},
		{&o.Timing.Away, 30 * time.Second}, {&o.Timing.Goodbye, 5 * time.Second},
	} {
		if *d.value <= 0 {
			*d.value = d.without
		}
	}
	if len(o.Domains) == 0 {
		o.Domains = []Domain{{ID: "mrd-chat", Name: "CHAT", Description: "Text channels", Interruptible: true, MaxTasks: 5}}
	}
	if len(o.Channels) == 0 {
		for _, name := range []string{"WEB", "WHATSAPP", "FACEBOOK"} {
			o.Channels = append(o.Channels, ChannelType{ID: "channel-" + strings.ToLower(name), Name: name, Interactive: true, Domain: o.Domains[0].ID})
		}
	}
	return o, nil
}
