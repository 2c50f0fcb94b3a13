package tenant

import (
	"maps"
	"slices"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/journal"
)

// mostAgents is how many agents a tenant may have.
const mostAgents = 200

// agent is a person at the desk; everything is guarded by Tenant.mu.
type agent struct {
	id, name, avatarURL string
	online              bool
	queues              []string
}

// person is the agent as the desk has them.
func (a *agent) person() *mockdesk.Agent {
	return &mockdesk.Agent{ID: a.id, Name: a.name, AvatarURL: a.avatarURL}
}

// serves says whether the agent takes conversations of a queue.
func (a *agent) serves(queue string) bool {
	return queue == "" || len(a.queues) == 0 || slices.Contains(a.queues, queue)
}

// find is called with t.mu held.
func (t *Tenant) find(id string) (*agent, error) {
	if at := slices.IndexFunc(t.agents, func(a *agent) bool { return a.id == id }); at >= 0 {
		return t.agents[at], nil
	}
	return nil, api.Refuse(api.Unknown, "there is no agent %q; add them first, or take one of those that there are", id)
}

// PutAgent adds an agent, or changes one. The error is an *api.Refusal.
func (t *Tenant) PutAgent(id string, p api.AgentProfile) (api.Agent, error) {
	if err := checkName("id", id); err != nil {
		return api.Agent{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a, err := t.find(id)
	if err != nil {
		if len(t.agents) >= mostAgents {
			return api.Agent{}, api.Refuse(api.TooMuch, "there are %d agents already; remove one first", len(t.agents))
		}
		a = &agent{id: id}
		t.agents = append(t.agents, a)
	}
	a.name, a.avatarURL, a.queues, a.online = p.Name, p.AvatarURL, slices.Clone(p.Queues), p.Online == nil || *p.Online
	if a.name == "" {
		a.name = id
	}
	t.applyAvailability()
	return t.describeAgent(a), nil
}

// SetOnline has an agent come online, or go. The error is an *api.Refusal.
func (t *Tenant) SetOnline(id string, online bool) (api.Agent, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, err := t.find(id)
	if err != nil {
		return api.Agent{}, err
	}
	if a.online != online {
		a.online = online
		act, note := "agent.online", a.name+" comes online."
		if !online {
			act, note = "agent.offline", a.name+" goes."
		}
		t.journal.Append(journal.Entry{Kind: journal.Act, From: journal.Agent, To: journal.Desk, Name: act, Note: note})
		t.applyAvailability()
	}
	return t.describeAgent(a), nil
}

// RemoveAgent removes an agent who is in no conversation. The error is an *api.Refusal.
func (t *Tenant) RemoveAgent(id string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, err := t.find(id)
	if err != nil {
		return err
	}
	if in := t.conversationsOf(id); len(in) > 0 {
		return api.Refuse(api.Conflict, "the agent %q is in conversation %s; have them leave first", id, in[0])
	}
	t.agents = slices.DeleteFunc(t.agents, func(b *agent) bool { return a == b })
	t.applyAvailability()
	return nil
}

// Agent describes an agent. The error is an *api.Refusal.
func (t *Tenant) Agent(id string) (api.Agent, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a, err := t.find(id)
	if err != nil {
		return api.Agent{}, err
	}
	return t.describeAgent(a), nil
}

// Agents describes all agents in the order in which they were added.
func (t *Tenant) Agents() []api.Agent {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := []api.Agent{}
	for _, a := range t.agents {
		all = append(all, t.describeAgent(a))
	}
	return all
}

func (t *Tenant) describeAgent(a *agent) api.Agent {
	return api.Agent{ID: a.id, Name: a.name, AvatarURL: a.avatarURL, Online: a.online, Queues: orEmpty(slices.Clone(a.queues)), Conversations: t.conversationsOf(a.id)}
}

// conversationsOf are the ids of the conversations that an agent is in.
func (t *Tenant) conversationsOf(id string) []string {
	in := []string{}
	for _, c := range t.desk.Conversations() {
		s := c.Snapshot()
		if s.State != mockdesk.Ended && slices.ContainsFunc(s.Agents, func(p mockdesk.Profile) bool { return p.ID == id }) {
			in = append(in, s.ID)
		}
	}
	return in
}

// SetAvailability sets what the desk says of its agents.
func (t *Tenant) SetAvailability(rule api.AvailabilityRule) api.AvailabilityState {
	t.mu.Lock()
	t.mode, t.modes = rule.Mode, maps.Clone(rule.Queues)
	t.applyAvailability()
	t.mu.Unlock()
	return t.Availability()
}

// applyAvailability tells the desk; t.mu is held.
func (t *Tenant) applyAvailability() {
	add := func(queue string) {
		if !slices.Contains(t.queues, queue) {
			t.queues = append(t.queues, queue)
		}
	}
	for queue := range t.modes {
		add(queue)
	}
	for _, a := range t.agents {
		for _, queue := range a.queues {
			add(queue)
		}
	}
	t.desk.SetAvailability(t.says(""))
	for _, queue := range t.queues {
		t.desk.SetQueueAvailability(queue, t.says(queue))
	}
}

// modeOf and says are called with t.mu held.
func (t *Tenant) modeOf(queue string) api.AvailabilityMode {
	if mode, set := t.modes[queue]; set {
		return mode
	}
	return t.mode
}

func (t *Tenant) says(queue string) mockdesk.Availability {
	mode := t.modeOf(queue)
	if mode != api.ByAgents {
		return mockdesk.Availability(mode)
	}
	if slices.ContainsFunc(t.agents, func(a *agent) bool { return a.online && a.serves(queue) }) {
		return mockdesk.Online
	}
	return mockdesk.Offline
}

// Availability is what the desk says of its agents, and of each queue that it knows or that somebody waits in.
func (t *Tenant) Availability() api.AvailabilityState {
	waiting := map[string]int{}
	for _, c := range t.desk.Conversations() {
		if c.State() == mockdesk.Waiting {
			waiting[c.Queue()]++
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	state := api.AvailabilityState{Mode: t.mode, Says: string(t.says("")), Queues: []api.QueueState{}}
	queues := slices.Clone(t.queues)
	for queue := range waiting {
		if queue != "" && !slices.Contains(queues, queue) {
			queues = append(queues, queue)
		}
	}
	slices.Sort(queues)
	for _, queue := range queues {
		says := t.says(queue)
		if !slices.Contains(t.queues, queue) {
			// The desk was never told of it: it says what it says of all.
			says = t.says("")
		}
		state.Queues = append(state.Queues, api.QueueState{Name: queue, Mode: t.modeOf(queue), Says: string(says), Waiting: waiting[queue]})
	}
	return state
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
