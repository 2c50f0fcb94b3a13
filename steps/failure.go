package steps

import "fmt"

// Failure is a verdict about the integration: it did not do what a requirement wants. It is not an error of the kit.
type Failure struct {
	// Requirements are the IDs that fail. Empty means those that the scenario is tagged with.
	Requirements []string
	// Expected is what the contract wants, Recorded what the journal shows instead, each a phrase for a person.
	Expected string
	Recorded string
	// Hint is the likely mistake or a next step; may be empty.
	Hint string
	// Entry is the Seq of the journal entry that shows it, 0 if it is an absence.
	Entry int
	// Harm says that what was recorded is itself what safety properties are about: a leak, cross-talk, injection, something without end. Those of the requirements that are safety
	// properties then fail, whatever their level.
	Harm bool
}

// Error makes a Failure travel through a step as its error.
func (f *Failure) Error() string {
	return fmt.Sprintf("expected %s; recorded: %s", f.Expected, f.Recorded)
}

// NotApplicable ends a scenario without a verdict: the integration does not have the capability that it is about, or the host cannot carry it.
type NotApplicable struct {
	// Capability is the optional part of the contract that is missing, Why how that was seen. Without a capability it is the run that lacks something, and Why says what.
	Capability string
	Why        string
}

// Error makes NotApplicable travel through a step as its error.
func (n *NotApplicable) Error() string {
	if n.Capability == "" {
		return n.Why
	}
	return fmt.Sprintf("the integration does not have the capability %q: %s", n.Capability, n.Why)
}

// HarnessError is a fault of the kit or of its surroundings: it says nothing about the integration. A scenario that meets one is untestable.
type HarnessError struct {
	// Doing is what the kit was about.
	Doing string
	Err   error
}

// Error names what was being done and why it could not be.
func (h *HarnessError) Error() string { return h.Doing + ": " + h.Err.Error() }

// Unwrap gives the cause.
func (h *HarnessError) Unwrap() error { return h.Err }
