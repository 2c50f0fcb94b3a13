package floor

import (
	"slices"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/managerapi"
)

// Agents are all people.
func (s *Shift) Agents() []managerapi.Agent {
	all := []managerapi.Agent{}
	for _, a := range s.manager.Agents() {
		all = append(all, agentOf(a.Snapshot()))
	}
	return all
}

// Agent is the person of a user name.
func (s *Shift) Agent(username string) (managerapi.Agent, error) {
	a, err := s.agent(username)
	if err != nil {
		return managerapi.Agent{}, err
	}
	return agentOf(a.Snapshot()), nil
}

func (s *Shift) agent(username string) (*agentmanager.Agent, error) {
	if a := s.manager.Agent(username); a != nil {
		return a, nil
	}
	return nil, api.Refuse(api.Unknown, "there is no agent %q; add them first, or take one of those that there are", username)
}

func agentOf(s agentmanager.AgentSnapshot) managerapi.Agent {
	a := managerapi.Agent{
		Username: s.User.Username, ID: s.User.ID, Name: s.User.FirstName + " " + s.User.LastName, Supervises: []string{}, State: string(s.State), Connected: s.Connected,
		Domains: []managerapi.AgentDomain{}, Offers: orNone(s.Offers), Conversations: orNone(s.Conversations),
	}
	if s.State == agentmanager.Away {
		a.State = "AWAY"
	}
	if s.Reason != nil {
		a.Reason = s.Reason.Name
	}
	if s.User.Team != nil {
		a.Team = s.User.Team.ID
	}
	for _, team := range s.User.SupervisedTeams {
		a.Supervises = append(a.Supervises, team.ID)
	}
	for _, d := range s.Domains {
		a.Domains = append(a.Domains, managerapi.AgentDomain{ID: d.ID, Name: d.Name, State: string(d.State), Tasks: d.Tasks, MaxTasks: d.MaxTasks})
	}
	return a
}

// orNone has a list that is none be empty, as JSON has it.
func orNone(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// AddAgent adds a person who can sign in.
func (s *Shift) AddAgent(given managerapi.NewAgent) (managerapi.Agent, error) {
	switch {
	case s.manager.Agent(given.Username) != nil:
		return managerapi.Agent{}, api.Refuse(api.Conflict, "there is an agent %q already; give each a user name of their own", given.Username)
	case len(s.manager.Agents()) >= mostAgents:
		return managerapi.Agent{}, api.Refuse(api.TooMuch, "there are %d agents already; reset the agent manager", mostAgents)
	}
	a, err := s.manager.AddAgent(agentmanager.Account{
		Username: given.Username, Password: given.Password, Token: given.Token, FirstName: given.FirstName, LastName: given.LastName, Team: given.Team, Supervises: given.Supervises,
	})
	if err != nil {
		return managerapi.Agent{}, refused(err)
	}
	return agentOf(a.Snapshot()), nil
}

// acting does something to a person, and gives how the person is then.
func (s *Shift) acting(username string, act func(*agentmanager.Agent) error) (managerapi.Agent, error) {
	a, err := s.agent(username)
	if err != nil {
		return managerapi.Agent{}, err
	}
	if err := act(a); err != nil {
		return managerapi.Agent{}, refused(err)
	}
	return agentOf(a.Snapshot()), nil
}

// ForceOut logs a person out as a supervisor would.
func (s *Shift) ForceOut(username string) (managerapi.Agent, error) {
	return s.acting(username, (*agentmanager.Agent).ForceLogout)
}

// Disconnect ends the socket of a person's desk in order, Cut breaks it without a word.
func (s *Shift) Disconnect(username string) (managerapi.Agent, error) {
	return s.acting(username, (*agentmanager.Agent).Disconnect)
}

// Cut breaks the connection of a person's desk without a word.
func (s *Shift) Cut(username string) (managerapi.Agent, error) {
	return s.acting(username, (*agentmanager.Agent).Cut)
}

// Emit sends a person's desk an event that is held against no schema.
func (s *Shift) Emit(username string, e managerapi.Emission) (managerapi.Agent, error) {
	payload := e.Payload
	if len(payload) == 0 {
		payload = []byte("{}")
	}
	return s.acting(username, func(a *agentmanager.Agent) error { return a.Emit(e.Event, payload) })
}

// SetDomain has the system set a person's state in a domain, or take it back.
func (s *Shift) SetDomain(username string, to managerapi.DomainState) (managerapi.Agent, error) {
	return s.acting(username, func(a *agentmanager.Agent) error { return a.SetDomain(to.Domain, agentmanager.DomainState(to.State)) })
}

// Queues are all queues.
func (s *Shift) Queues() []managerapi.Queue {
	all := []managerapi.Queue{}
	for _, q := range s.manager.Queues() {
		all = append(all, managerapi.Queue{ID: q.ID, Name: q.Name, Agents: orNone(q.Members), Waiting: q.Waiting})
	}
	return all
}

// AddQueue adds a queue.
func (s *Shift) AddQueue(given managerapi.NewQueue) (managerapi.Queue, error) {
	for _, username := range given.Agents {
		if s.manager.Agent(username) == nil {
			return managerapi.Queue{}, api.Refuse(api.Invalid, "agents: there is no agent %q; add them first", username)
		}
	}
	there := s.Queues()
	switch {
	case slices.ContainsFunc(there, func(q managerapi.Queue) bool { return q.Name == given.Name }):
		return managerapi.Queue{}, api.Refuse(api.Conflict, "there is a queue %q already; give each a name of its own", given.Name)
	case len(there) >= mostPlaces:
		return managerapi.Queue{}, api.Refuse(api.TooMuch, "there are %d queues already; reset the agent manager", mostPlaces)
	}
	q, err := s.manager.AddQueue(given.Name, given.Agents...)
	if err != nil {
		return managerapi.Queue{}, refused(err)
	}
	return managerapi.Queue{ID: q.ID(), Name: q.Name(), Agents: orNone(given.Agents)}, nil
}

// Lists are all lists.
func (s *Shift) Lists() []managerapi.List {
	all := []managerapi.List{}
	for _, l := range s.manager.Lists() {
		all = append(all, managerapi.List(l))
	}
	return all
}

// AddList adds a list.
func (s *Shift) AddList(given managerapi.NewList) (managerapi.List, error) {
	there := s.Lists()
	switch {
	case slices.ContainsFunc(there, func(l managerapi.List) bool { return l.Name == given.Name }):
		return managerapi.List{}, api.Refuse(api.Conflict, "there is a list %q already; give each a name of its own", given.Name)
	case len(there) >= mostPlaces:
		return managerapi.List{}, api.Refuse(api.TooMuch, "there are %d lists already; reset the agent manager", mostPlaces)
	}
	l, err := s.manager.AddList(given.Name, given.Description)
	if err != nil {
		return managerapi.List{}, refused(err)
	}
	return managerapi.List{ID: l.ID(), Name: given.Name, Description: given.Description}, nil
}

// Domains are the kinds of work that everyone does.
func (s *Shift) Domains() []managerapi.Domain {
	all := []managerapi.Domain{}
	for _, d := range s.manager.Options().Domains {
		all = append(all, managerapi.Domain(d))
	}
	return all
}

// Channels are what customers come by.
func (s *Shift) Channels() []managerapi.Channel {
	all := []managerapi.Channel{}
	for _, c := range s.manager.Options().Channels {
		all = append(all, managerapi.Channel{Name: c.Name, Domain: c.Domain})
	}
	return all
}

// Announcements are those that were not taken back.
func (s *Shift) Announcements() []managerapi.Announcement {
	all := []managerapi.Announcement{}
	for _, a := range s.manager.Announcements() {
		all = append(all, s.announcementOf(a))
	}
	return all
}

func (s *Shift) announcementOf(a agentmanager.Announcement) managerapi.Announcement {
	made := managerapi.Announcement{ID: a.ID, Text: a.Text}
	for _, agent := range s.manager.Agents() {
		if agent.ID() == a.Supervisor {
			made.Supervisor = agent.Username()
		}
	}
	return made
}

// Announce tells everyone who is signed in something in a supervisor's name.
func (s *Shift) Announce(given managerapi.NewAnnouncement) (managerapi.Announcement, error) {
	supervisor, err := s.agent(given.Supervisor)
	if err != nil {
		return managerapi.Announcement{}, err
	}
	if len(supervisor.Snapshot().User.SupervisedTeams) == 0 {
		return managerapi.Announcement{}, api.Refuse(api.Conflict, "%s supervises no team; name a supervisor", given.Supervisor)
	}
	made, err := s.manager.Announce(supervisor, given.Text)
	if err != nil {
		return managerapi.Announcement{}, refused(err)
	}
	return s.announcementOf(made), nil
}

// Withdraw takes an announcement back.
func (s *Shift) Withdraw(id string) error {
	if !slices.ContainsFunc(s.manager.Announcements(), func(a agentmanager.Announcement) bool { return a.ID == id }) {
		return api.Refuse(api.Unknown, "there is no announcement %q; list those that there are", id)
	}
	return refused(s.manager.Withdraw(id))
}
