package steps

import (
	"time"

	"deskcheck/mockdesk/journal"
)

// Performance is what came of one scenario.
type Performance struct {
	Outcomes []Outcome
	Entries  []journal.Entry
	// Screenshot is a PNG of the pages at the failure, nil if there was none or they could not be pictured.
	Screenshot []byte
	// Name is what the guest was seen to be called, Methods the optional ones that it was seen to have.
	Name    string
	Methods []string
	// Capabilities says by what each capability was seen that the guest showed.
	Capabilities map[string]string
	// Scripted says that the host was tried with the scripted integration, not the one under test.
	Scripted bool
	// Started says that the guest could begin, Unstarted why it could not. A scenario that ended before it tried has neither.
	Started   bool
	Unstarted string
	// AtTheEnd says that every step passed, and that it was the look at the page after the last of them that found something.
	AtTheEnd bool
	// Paused is how long it was held at its end.
	Paused time.Duration
	// BrowserDied says that nothing was learnt because the browser ended; the scenario may be run again.
	BrowserDied bool
}

// Err is the first error of a step, nil if all passed.
func (p Performance) Err() error {
	for _, o := range p.Outcomes {
		if o.Err != nil {
			return o.Err
		}
	}
	return nil
}
