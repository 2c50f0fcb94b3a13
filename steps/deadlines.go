package steps

import "time"

// Deadlines are all the waits of the kit by name. Those of the contract are measured in the scenario's own time (page and desk clocks, which the kit can advance);
// those of the kit are real time, less what was taken of it (see package bound), and only bound how long a verdict may take.
type Deadlines struct {
	// Factory is how long a factory may take to yield (FACT-05).
	Factory time.Duration
	// Event is how long a desk event may take to become a callback (FLOW-09, MSG-01).
	Event time.Duration
	// Start is how long startChat may take after the desk accepted or refused (FLOW-03, FLOW-04).
	Start time.Duration
	// Ending is how long endChat may take (LIFE-07); the host waits no longer.
	Ending time.Duration
	// Upload is how long a file may take to be reported when the desk leaves the integration without an answer (FILE-10). The contract names no time: this is the kit's own,
	// long enough for a large file on a slow line.
	Upload time.Duration
	// Settled is what the kit allows for a call of the host for which a scenario gives no time (the longest of the contract: SEND-05).
	Settled time.Duration
	// Sight is how long the host may take to show what it knows. The emulated host does so at once; this is the kit's own bound.
	Sight time.Duration
	// Silence is how long the kit watches for what must not come, when a scenario gives no time.
	Silence time.Duration

	// Patience is how long the kit waits in real time before it lets the scenario's time run ahead. Long enough that a healthy integration answers within it
	// even on a busy machine (measured: 5 to 60 ms), so that time is only bent where something is amiss.
	Patience time.Duration
	// Quiet is how long the kit waits for the page to come to rest (no request, frame or timer due).
	Quiet time.Duration
	// Answer is how long a page may leave a question of the kit's unanswered before it counts as hanging: a page that loops never answers, one on a busy machine does.
	Answer time.Duration
	// Look is how long the kit waits for the page to come to rest before it asks the desk again what there is to wait for.
	Look time.Duration
	// Lull is how long nothing may be recorded before a page rests whose desk does not say what is on its way.
	Lull time.Duration
	// Hush is how long the kit watches, in real time, for what a guest with a clock of its own must not do.
	Hush time.Duration
	// Grace is the last real wait before an absence is a verdict: whatever crossed a process boundary at the end of the scenario's time arrives within it.
	Grace time.Duration
	// Connector is how long a connector may take until it can be talked to.
	Connector time.Duration
	// Boot is how long the browser may take to load the host page.
	Boot time.Duration
	// Input is how long an element may take to be ready for a click.
	Input time.Duration
	// Scenario bounds a whole scenario; beyond it something hangs that the other bounds did not catch.
	Scenario time.Duration
}

// Default are the deadlines of a run.
var Default = Deadlines{
	Factory: 5 * time.Second,
	Event:   2 * time.Second,
	Start:   15 * time.Second,
	Ending:  5 * time.Second,
	Upload:  5 * time.Minute,
	Settled: 20 * time.Second,
	Sight:   2 * time.Second,
	Silence: 2 * time.Second,

	Patience:  200 * time.Millisecond,
	Quiet:     5 * time.Second,
	Answer:    5 * time.Second,
	Look:      250 * time.Millisecond,
	Lull:      400 * time.Millisecond,
	Hush:      250 * time.Millisecond,
	Grace:     60 * time.Millisecond,
	Connector: 40 * time.Second,
	Boot:      15 * time.Second,
	Input:     5 * time.Second,
	Scenario:  60 * time.Second,
}

// Slower gives the same deadlines with more real time, for a host that is n times as much work for the machine. What the contract measures stays as it is.
func (d Deadlines) Slower(n int) Deadlines {
	for _, wall := range []*time.Duration{&d.Patience, &d.Quiet, &d.Answer, &d.Lull, &d.Grace, &d.Boot, &d.Input, &d.Scenario} {
		*wall *= time.Duration(n)
	}
	return d
}

// realTime is how long a scenario may take in which all that it waits for takes its real time.
const realTime = 15 * time.Minute

// InRealTime gives the same deadlines for a desk whose time cannot run ahead.
func (d Deadlines) InRealTime() Deadlines {
	d.Scenario = max(d.Scenario, realTime)
	return d
}
