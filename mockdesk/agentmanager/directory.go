package agentmanager

import (
	"net/http"
	"slices"

	"deskcheck/mockdesk/journal"
)

// The paths below the manager's base address at which a desk finds what no document tells it of. They are the kit's own convention.
const (
	DirectoryPath     = "/agent/directory"     // the agents, queues and lists that there are
	ConversationsPath = "/agent/conversations" // the conversations that a supervisor can monitor
)

// listedAgent is an agent who can be asked for by name; Role is set where the agent is in a conversation.
type listedAgent struct {
	ID        string `json:"id"`
	Username  string `json:"username"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Name      string `json:"name"`
	Role      Role   `json:"role,omitempty"`
}

// directory is the answer at DirectoryPath.
type directory struct {
	Agents []listedAgent `json:"agents"`
	Queues []wireQueue   `json:"queues"`
	Lists  []wireList    `json:"lists"`
}

// monitorable is a conversation in the answer at ConversationsPath, with what JoinAsSilentMonitor needs.
type monitorable struct {
	ConversationID string        `json:"conversationId"`
	Session        wireSession   `json:"channelSession"`
	Customer       wireCustomer  `json:"customer"`
	Agents         []listedAgent `json:"agents"`
}

// serveDirectory serves DirectoryPath and ConversationsPath to the desk that the journal knows as a party: GET, with the id of a user who is signed in as userId in the query. A page of another origin may read the answer.
// 401 says that the user is not signed in, 403 that the user supervises no team.
func (m *Manager) serveDirectory(as journal.Party, w http.ResponseWriter, r *http.Request, path string) {
	allowOrigin(w, r)
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "ask with GET", http.StatusMethodNotAllowed)
		return
	}
	request := m.record(journal.Entry{Kind: journal.Request, From: as, To: PartyManager, Name: r.Method + " " + path},
		map[string]string{"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery})
	status, answer := m.lookUp(r.URL.Query().Get("userId"), path)
	raw := encode(answer)
	m.record(journal.Entry{Kind: journal.Response, From: PartyManager, To: as, Name: r.Method + " " + path, Ref: request}, map[string]any{"status": status, "body": raw})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) //nolint:gosec // It is JSON, and says so. A desk that has gone needs no answer.
}

// lookUp answers a user's question.
func (m *Manager) lookUp(userID, path string) (status int, answer any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a := m.byID[userID]
	switch {
	case a == nil || a.mustBeSignedIn() != nil:
		return http.StatusUnauthorized, wireErrors{Task: path, Message: "userId is not the id of a user who is signed in", Status: http.StatusUnauthorized}
	case path == DirectoryPath:
		return http.StatusOK, m.directory()
	case len(a.user.SupervisedTeams) == 0:
		return http.StatusForbidden, wireErrors{Task: path, Message: "the user supervises no team", Status: http.StatusForbidden}
	}
	return http.StatusOK, map[string]any{"conversations": m.monitorableBy(a)}
}

// directory is everyone and everything that can be asked for; m.mu is held.
func (m *Manager) directory() directory {
	d := directory{Agents: []listedAgent{}, Queues: []wireQueue{}, Lists: []wireList{}}
	for _, a := range m.agents {
		d.Agents = append(d.Agents, a.listed(""))
	}
	for _, q := range m.queues {
		d.Queues = append(d.Queues, wireQueue{ID: q.id, Name: q.name})
	}
	for _, l := range m.lists {
		d.Lists = append(d.Lists, l.wire())
	}
	return d
}

// monitorableBy are the conversations that a supervisor can monitor now; m.mu is held.
func (m *Manager) monitorableBy(by *Agent) []monitorable {
	found := []monitorable{}
	for _, c := range slices.DeleteFunc(m.open(), func(c *Conversation) bool { return c.mayBeMonitored(by) != nil }) {
		one := monitorable{ConversationID: c.id, Session: c.session().wire(), Customer: c.customer.wire(), Agents: []listedAgent{}}
		for _, p := range c.participants {
			one.Agents = append(one.Agents, p.agent.listed(p.role))
		}
		found = append(found, one)
	}
	return found
}

// listed is the agent as others may find them.
func (a *Agent) listed(role Role) listedAgent {
	return listedAgent{ID: a.user.ID, Username: a.user.Username, FirstName: a.user.FirstName, LastName: a.user.LastName, Name: a.name(), Role: role}
}
