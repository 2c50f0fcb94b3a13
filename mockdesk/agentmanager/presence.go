package agentmanager

import (
	"encoding/json"
	"fmt"
	"slices"
)

// State is an agent's own state.
type State string

// The states of an agent. A desk can ask for Ready, NotReady and Logout.
const (
	Away     State = ""          // never signed in, or gone; not a state of the protocol
	Login    State = "LOGIN"     // the handshake was taken; left at once
	NotReady State = "NOT_READY" // no offers
	Ready    State = "READY"     // offers, in the domains that are ready
	Logout   State = "LOGOUT"    // the session is over, the socket about to close
)

// moves are the states that an agent can go to from each when a desk asks for it. NOT_READY leads to itself: another reason is a change.
var moves = map[State][]State{
	NotReady: {Ready, NotReady, Logout},
	Ready:    {NotReady, Logout},
}

// can says whether a request can be granted; m.mu is held.
func (a *Agent) can(to State, reason *ReasonCode) bool {
	return slices.Contains(moves[a.state], to) && (to != a.state || !sameReason(a.reason, reason))
}

func sameReason(a, b *ReasonCode) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Name == b.Name && fmt.Sprint(a.ID) == fmt.Sprint(b.ID)
}

// enter takes the agent to a state, and its domains with it; m.mu is held.
func (a *Agent) enter(to State, reason *ReasonCode) {
	a.state, a.reason, a.stateSince = to, reason, a.manager.now()
	for _, d := range a.domains {
		d.wanted = to == Ready && (d.wanted || a.manager.switches.ReadyDomains)
	}
}

// change does something that may change states, tells the desk if one has, and lets waiting requests see who is available now. It says whether anything has changed.
// m.mu is held.
func (a *Agent) change(f func()) bool {
	before, reason := a.state, a.reason
	f()
	changed := []string{}
	for _, d := range a.domains {
		if d.settle(a.state, a.manager.now()) {
			changed = append(changed, d.ID)
		}
	}
	if before == a.state && sameReason(reason, a.reason) && len(changed) == 0 {
		return false
	}
	a.presence(before != a.state || !sameReason(reason, a.reason), changed)
	a.manager.routeAll()
	return true
}

// wirePresence is the payload of agentPresence.
type wirePresence struct {
	Action  string        `json:"action"`
	Changed bool          `json:"agentStateChanged"`
	Domains []string      `json:"mrdStateChanges"`
	Body    presenceState `json:"agentPresence"`
}

type presenceState struct {
	Agent     ccUser        `json:"agent"`
	State     agentState    `json:"state"`
	Since     int64         `json:"stateChangeTime"`
	Domains   []domainPlace `json:"agentMrdStates"`
	LoginTime int64         `json:"agentLoginTime"`
}

type agentState struct {
	Name   State       `json:"name"`
	Reason *ReasonCode `json:"reasonCode"`
}

type domainPlace struct {
	Domain     wireDomain   `json:"mrd"`
	State      DomainState  `json:"state"`
	Previous   *DomainState `json:"previousState"`
	Since      int64        `json:"stateChangeTime"`
	ReadySince int64        `json:"lastReadyStateChangeTime"`
	MaxTasks   int          `json:"maxAgentTasks"`
}

type wireDomain struct {
	ID            string `json:"id"`
	Type          string `json:"type"`
	Name          string `json:"name"`
	Description   string `json:"description"`
	Interruptible bool   `json:"interruptible"`
	MaxRequests   int    `json:"maxRequests"`
}

// presence tells the desk the states as they are: changed, in the domains named, or unchanged if domains is nil; m.mu is held.
func (a *Agent) presence(own bool, domains []string) {
	p := wirePresence{Action: "AGENT_STATE_CHANGED", Changed: own, Domains: domains, Body: presenceState{
		Agent: a.ccUser(), State: agentState{Name: a.state, Reason: a.reason}, Since: a.stateSince, LoginTime: a.loginTime, Domains: []domainPlace{},
	}}
	if domains == nil {
		p.Action, p.Domains = "AGENT_STATE_UNCHANGED", []string{}
	}
	for _, d := range a.domains {
		place := domainPlace{Domain: wireDomain{d.ID, d.Name, d.Name, d.Description, d.Interruptible, d.MaxTasks}, State: d.state, Since: d.since, ReadySince: d.readySince, MaxTasks: d.MaxTasks}
		if d.previous != "" {
			place.Previous = &d.previous
		}
		p.Body.Domains = append(p.Body.Domains, place)
	}
	a.emit("agentPresence", "", p)
}

// stateChange is the payload of changeAgentState. State is an object or, for a domain, a string.
type stateChange struct {
	AgentID  string          `json:"agentId"`
	Action   string          `json:"action"`
	State    json.RawMessage `json:"state"`
	DomainID string          `json:"mrdId"`
}

// changeState is changeAgentState: each is answered with a presence.
func (s *Socket) changeState(in stateChange) *refusal {
	a := s.agent
	if in.AgentID != a.user.ID {
		of := a.manager.byID[in.AgentID]
		if of == nil || !a.supervises(of) {
			return refuse(403, "AM-STATE-02", "agentId is %q: neither the agent who has signed in nor one of a team that is supervised", in.AgentID)
		}
		a = of
	}
	if in.Action == "agentMRDState" {
		var to DomainState
		if err := json.Unmarshal(in.State, &to); err != nil {
			return refuse(400, "AM-STATE-05", "state is not a string: %v", err)
		}
		return s.changeDomain(a, in.DomainID, to)
	}
	var to struct {
		Name   State       `json:"name"`
		Reason *ReasonCode `json:"reasonCode"`
	}
	if err := json.Unmarshal(in.State, &to); err != nil {
		return refuse(400, "AM-STATE-01", "state is not an object with a name: %v", err)
	}
	switch {
	case a.manager.refusesStates || !a.can(to.Name, to.Reason):
		a.presence(false, nil)
	case to.Name == Logout:
		reason := to.Reason
		if a != s.agent {
			reason = forcedLogout
		}
		a.logout(reason)
	default:
		a.change(func() { a.enter(to.Name, to.Reason) })
	}
	return nil
}

// changeDomain asks for another state in a domain; m.mu is held.
func (s *Socket) changeDomain(a *Agent, id string, to DomainState) *refusal {
	d := a.domain(id)
	if d == nil {
		return refuse(404, "AM-STATE-05", "mrdId is %q, which is none of the domains of the last agentPresence", id)
	}
	wanted := to == DomainReady
	if wanted && a.state != Ready {
		s.violation("changeAgentState", "", "AM-STATE-06", "READY is asked for in domain "+id+" while the agent is "+string(a.state)+".", nil)
	}
	allowed := !a.manager.refusesStates && (!wanted || a.state == Ready)
	if !allowed || !a.change(func() { d.wanted = wanted }) {
		a.presence(false, nil)
	}
	return nil
}

// forcedLogout is the reason of a log-out that a supervisor has forced.
var forcedLogout = &ReasonCode{ID: "forced-logout", Name: "FORCED_LOGOUT_BY_SUPERVISOR", Type: "LOGOUT"}

// ForceLogout ends the agent's session as a supervisor would: the desk is told so by a presence. The error wraps ErrAway.
func (a *Agent) ForceLogout() error {
	return a.manager.act("force log-out", a.name()+" is logged out by a supervisor.", a.mustBeSignedIn, func() { a.logout(forcedLogout) })
}

// mustBeSignedIn is ErrAway for an agent who is not; m.mu is held.
func (a *Agent) mustBeSignedIn() error {
	if a.state == Away || a.state == Logout {
		return ErrAway
	}
	return nil
}

// logout ends the session: the desk is told, what the agent had goes to others, and the desk has a while to close its socket. m.mu is held.
func (a *Agent) logout(reason *ReasonCode) {
	m := a.manager
	a.enter(Logout, reason)
	for _, d := range a.domains {
		d.forced = ""
		d.settle(Logout, m.now())
	}
	a.presence(true, a.domainIDs())
	a.giveUpTasks()
	a.lists = nil
	if s := a.socket; s != nil {
		a.stopGoodbye = m.after(m.options.Timing.Goodbye, s.close)
	} else {
		a.state = Away
	}
	m.routeAll()
}

func (a *Agent) domainIDs() []string {
	ids := make([]string, 0, len(a.domains))
	for _, d := range a.domains {
		ids = append(ids, d.ID)
	}
	return ids
}
