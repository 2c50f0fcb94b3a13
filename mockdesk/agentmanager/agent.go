package agentmanager

import (
	"deskcheck/mockdesk/journal"
	"encoding/json"
	"fmt"
	"slices"
)

// Account is a person who can sign in.
type Account struct {
	// Username and Password are what the login asks for; Token, if it is not empty, signs in through another service in place of the password.
	Username, Password, Token string
	// FirstName and LastName are the person's.
	FirstName, LastName string
	// Team is the id and name of the person's team, empty for none; Supervises are the ids of the teams that the person supervises, none for an agent.
	Team       string
	Supervises []string
}

// Agent is a person who works at a desk. Its fields are guarded by the manager's lock.
type Agent struct {
	manager  *Manager
	user     User
	password string
	token    string
	// issued are the users that logins gave out for this person, each with a mark of its own.
	issued []json.RawMessage

	state      State
	reason     *ReasonCode
	stateSince int64
	loginTime  int64
	domains    []*domainState
	// socket is the connection now, nil while there is none; tokens are where pushes go.
	socket *Socket
	tokens []string
	// party is what the journal knows the desk of the last connection as.
	party journal.Party
	// stopAway keeps an agent whose socket is down signed in for a while; stopGoodbye gives the desk time to leave.
	stopAway, stopGoodbye func() bool
	// offered is when the agent was last offered something, by the manager's serial.
	offered int
	// lists are those with requests to pull that the agent has subscribed to.
	lists []*List
}

// AddAgent adds a person who can sign in: an agent, or a supervisor if the account supervises teams. The error names an account that is there already or cannot be used.
func (m *Manager) AddAgent(account Account) (*Agent, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if account.Username == "" || account.Password == "" {
		return nil, fmt.Errorf("account %q: the user name and the password must not be empty", account.Username)
	}
	if m.byLogin[account.Username] != nil {
		return nil, fmt.Errorf("there is an account %q already; give each a user name of its own", account.Username)
	}
	roles := []string{"agent"}
	if len(account.Supervises) > 0 {
		roles = append(roles, "supervisor")
	}
	a := &Agent{manager: m, password: account.Password, token: account.Token, state: Away, user: User{
		ID: newID(), FirstName: account.FirstName, LastName: account.LastName, Username: account.Username, Realm: "deskcheck", Roles: roles,
		Permitted:  Permitted{Resources: []Resource{{ID: "resource-conversation", Name: "conversation", Scopes: []string{"view", "manage"}}}},
		Attributes: map[string][]string{"agentExtension": {}}, SupervisedTeams: []Team{},
	}}
	if account.Team != "" {
		a.user.Team = &Team{ID: account.Team, Name: account.Team}
	}
	for _, team := range account.Supervises {
		a.user.SupervisedTeams = append(a.user.SupervisedTeams, Team{ID: team, Name: team})
	}
	for _, d := range m.options.Domains {
		a.domains = append(a.domains, &domainState{Domain: d, state: DomainLogout})
	}
	m.agents = append(m.agents, a)
	m.byLogin[account.Username], m.byID[a.user.ID] = a, a
	return a, nil
}

// Agent is the person of a user name, nil if there is none.
func (m *Manager) Agent(username string) *Agent {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.byLogin[username]
}

// ID is the id of the user.
func (a *Agent) ID() string { return a.user.ID }

// Username is what the person signs in with.
func (a *Agent) Username() string { return a.user.Username }

// State is the agent's own state now.
func (a *Agent) State() State {
	a.manager.mu.Lock()
	defer a.manager.mu.Unlock()
	return a.state
}

// name is what people call the agent.
func (a *Agent) name() string { return a.user.FirstName + " " + a.user.LastName }

// supervises says whether one person supervises the team of another; m.mu is held.
func (a *Agent) supervises(other *Agent) bool {
	return other.user.Team != nil && slices.ContainsFunc(a.user.SupervisedTeams, func(t Team) bool { return t.ID == other.user.Team.ID })
}

// ccUser is the person as a participant.
func (a *Agent) ccUser() ccUser {
	return ccUser{ParticipantType: "CCUser", ID: a.user.ID, KeycloakUser: a.user, Attributes: []any{}, Domains: []any{}}
}

// sender is the person as the sender of a message.
func (a *Agent) sender() sender {
	return sender{ID: a.user.ID, Type: "AGENT", Name: a.user.Username, Detail: map[string]any{}}
}

// wentAway starts the time that an agent without a socket has to come back; m.mu is held.
func (a *Agent) wentAway() {
	a.socket = nil
	if a.stopGoodbye != nil {
		a.stopGoodbye()
		a.stopGoodbye = nil
	}
	if a.state == Logout {
		a.state = Away
		return
	}
	a.stopAway = a.manager.after(a.manager.options.Timing.Away, func() { a.logout(nil) })
}
