package agentmanager

// Domain is a media routing domain: a kind of work, of which an agent can do so much at a time.
type Domain struct {
	// ID, Name and Description are how the protocol and people know it.
	ID, Name, Description string
	// Interruptible says that other work may interrupt it.
	Interruptible bool
	// MaxTasks is how many tasks of it an agent can have at once.
	MaxTasks int
}

// DomainState is the state of an agent in one domain.
type DomainState string

// The states of a domain. A desk can ask for DomainReady and DomainNotReady; the others follow, or are the system's.
const (
	DomainLogout      DomainState = "LOGOUT"
	DomainLogin       DomainState = "LOGIN"
	DomainNotReady    DomainState = "NOT_READY"
	DomainPending     DomainState = "PENDING_NOT_READY" // not ready, but with tasks that are still open
	DomainReady       DomainState = "READY"
	DomainInterrupted DomainState = "INTERRUPTED" // other work goes before; set by the system
	DomainActive      DomainState = "ACTIVE"      // with tasks, and room for more
	DomainBusy        DomainState = "BUSY"        // with as many tasks as it can have
	DomainUnknown     DomainState = "UNKNOWN"     // after a failure of the system
	DomainReserved    DomainState = "RESERVED"    // while an offer stands, in one document; never by itself
)

// domainState is the state of one agent in one domain: what was asked for, and what follows from it.
type domainState struct {
	Domain

	// wanted says that READY was asked for and the agent's own state allowed it.
	wanted bool
	// tasks counts those that were taken and are not closed, reserved the offers that stand.
	tasks, reserved int
	// forced is a state that the system has set, empty for none.
	forced DomainState

	state, previous   DomainState
	since, readySince int64
}

// follows is the state that follows from what was asked for, the tasks and the agent's own state. It is the whole machine:
//
//	LOGIN → NOT_READY → READY               asked for, and the agent is READY
//	READY → ACTIVE → BUSY → ACTIVE → READY  as tasks are taken and closed
//	READY → NOT_READY                       asked for, or the agent goes NOT_READY
//	ACTIVE, BUSY → PENDING_NOT_READY        the same, with tasks open; NOT_READY when they close
//	any → INTERRUPTED, UNKNOWN → as before  the system sets it, and takes it back
func (d *domainState) follows(agent State) DomainState {
	switch {
	case agent == Away || agent == Logout:
		return DomainLogout
	case agent == Login:
		return DomainLogin
	case d.forced != "":
		return d.forced
	case !d.wanted && d.tasks > 0:
		return DomainPending
	case !d.wanted:
		return DomainNotReady
	case d.tasks == 0:
		return DomainReady
	case d.tasks >= d.MaxTasks:
		return DomainBusy
	}
	return DomainActive
}

// settle takes the domain to the state that follows, and says whether that is another one than before.
func (d *domainState) settle(agent State, now int64) bool {
	next := d.follows(agent)
	if next == d.state {
		return false
	}
	d.previous, d.state, d.since = d.state, next, now
	if next == DomainReady {
		d.readySince = now
	}
	return true
}

// routable says whether an offer of the domain can be made: it is READY, or ACTIVE, and what was offered leaves room.
func (d *domainState) routable() bool {
	return (d.state == DomainReady || d.state == DomainActive) && d.tasks+d.reserved < d.MaxTasks
}

// domain is the agent's state in a domain, nil if the agent does not have it.
func (a *Agent) domain(id string) *domainState {
	for _, d := range a.domains {
		if d.ID == id {
			return d
		}
	}
	return nil
}

// SetDomain has the system set the state of a domain, such as DomainInterrupted or DomainUnknown, until it is set to "": then the domain is again as it follows. The error
// names a domain that the agent does not have, or wraps ErrAway.
func (a *Agent) SetDomain(id string, state DomainState) error {
	allowed := func() error {
		if a.domain(id) == nil {
			return errNoDomain(id)
		}
		return a.mustBeSignedIn()
	}
	return a.manager.act("set domain", a.name()+": "+id+" is "+string(state)+".", allowed, func() {
		a.change(func() { a.domain(id).forced = state })
	})
}
