package agentmanager

import (
	"fmt"
	"slices"
)

// List holds requests that agents take out of it themselves. Its fields are guarded by the manager's lock.
type List struct {
	id, name, description string
	requests              []*pullable
}

// pullable is a request in a list.
type pullable struct {
	id           string
	list         *List
	conversation *Conversation
	status       string
	since        int64
}

// The states of a request in a list. One that is closing disappears from the desks.
const (
	pullCreated = "CREATED"
	pullClosing = "closing"
)

// AddList makes a list. The error names one that there is already.
func (m *Manager) AddList(name, description string) (*List, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if name == "" || m.listNamed(name) != nil {
		return nil, fmt.Errorf("there is a list %q already, or the name is empty; give each a name of its own", name)
	}
	l := &List{id: newID(), name: name, description: description}
	m.lists = append(m.lists, l)
	return l, nil
}

// List is the list of a name, nil if there is none.
func (m *Manager) List(name string) *List {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.listNamed(name)
}

// ID is the id of the list.
func (l *List) ID() string { return l.id }

// listNamed finds a list by its name or its id, nil if there is none; m.mu is held.
func (m *Manager) listNamed(name string) *List {
	for _, l := range m.lists {
		if l.name == name || l.id == name {
			return l
		}
	}
	return nil
}

type wireList struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description"`
}

type wirePullable struct {
	ID      string      `json:"id"`
	Session wireSession `json:"channelSession"`
	Status  string      `json:"status"`
	ListID  string      `json:"listId"`
	Time    int64       `json:"time"`
}

func (l *List) wire() wireList { return wireList{ID: l.id, Name: l.name, Description: l.description} }

func (p *pullable) wire() wirePullable {
	return wirePullable{ID: p.id, Session: p.conversation.session().wire(), Status: p.status, ListID: p.list.id, Time: p.since}
}

func (l *List) wireRequests() []wirePullable {
	all := make([]wirePullable, 0, len(l.requests))
	for _, p := range l.requests {
		all = append(all, p.wire())
	}
	return all
}

// subscribed are the lists that the agent has subscribed to, pullable the requests in them; m.mu is held.
func (a *Agent) subscribed() []wireList {
	all := make([]wireList, 0, len(a.lists))
	for _, l := range a.lists {
		all = append(all, l.wire())
	}
	return all
}

func (a *Agent) pullable() []wirePullable {
	all := []wirePullable{}
	for _, l := range a.lists {
		all = append(all, l.wireRequests()...)
	}
	return all
}

// add puts a conversation into the list; m.mu is held.
func (l *List) add(c *Conversation) {
	p := &pullable{id: newID(), list: l, conversation: c, status: pullCreated, since: c.manager.now()}
	l.requests = append(l.requests, p)
	p.tell("PULL_MODE_LIST_REQUEST_RECEIVED")
}

// tell tells all who have subscribed to the list what has become of the request; m.mu is held.
func (p *pullable) tell(what string) {
	for _, a := range p.conversation.manager.agents {
		if slices.Contains(a.lists, p.list) {
			a.emit("onPullModeSubscribedListRequest", p.conversation.id, map[string]any{"pullModeEvent": string(encode(p.wire())), "type": what, "conversationId": p.conversation.id})
		}
	}
}

// remove takes the request out of its list; m.mu is held.
func (p *pullable) remove() {
	p.list.requests = slices.DeleteFunc(p.list.requests, func(other *pullable) bool { return other == p })
	p.status = pullClosing
	p.tell("PULL_MODE_LIST_REQUEST_STATE_CHANGED")
}

// unlist takes the requests of a conversation out of all lists; m.mu is held.
func (m *Manager) unlist(c *Conversation) {
	for _, l := range m.lists {
		for _, p := range slices.Clone(l.requests) {
			if p.conversation == c {
				p.remove()
			}
		}
	}
}

// pullableOf finds a request by its id, nil if it is in no list; m.mu is held.
func (m *Manager) pullableOf(id string) *pullable {
	for _, l := range m.lists {
		for _, p := range l.requests {
			if p.id == id {
				return p
			}
		}
	}
	return nil
}

// listing is the payload of subscribePullModeList and unsubscribePullModeList.
type listing struct {
	Participant ownParticipant `json:"topicParticipant"`
	ListID      string         `json:"listId"`
}

// subscribeList is subscribePullModeList: the agent gets the requests of a list, and hears of new ones.
func (s *Socket) subscribeList(in listing) *refusal {
	l, r := s.list(in)
	if r != nil {
		return r
	}
	if !slices.Contains(s.agent.lists, l) {
		s.agent.lists = append(s.agent.lists, l)
	}
	s.agent.emit("onPullModeSubscribedList", "", s.agent.subscribed())
	s.agent.emit("addPullModeSubscribedListRequests", "", l.wireRequests())
	return nil
}

// unsubscribeList is unsubscribePullModeList.
func (s *Socket) unsubscribeList(in listing) *refusal {
	l, r := s.list(in)
	if r != nil {
		return r
	}
	if !slices.Contains(s.agent.lists, l) {
		return refuse(409, "AM-TASK-21", "the agent has not subscribed to list %q", l.name)
	}
	s.agent.lists = slices.DeleteFunc(s.agent.lists, func(other *List) bool { return other == l })
	s.agent.emit("removePullModeSubscribedListRequests", "", l.id)
	return nil
}

func (s *Socket) list(in listing) (*List, *refusal) {
	l := s.manager.listNamed(in.ListID)
	if l == nil {
		return nil, refuse(404, "AM-TASK-21", "there is no list %q", in.ListID)
	}
	return l, s.checkParticipant(in.Participant, l.id, "AM-TASK-21")
}

// joiningRequest is the payload of joinPullModeRequest.
type joiningRequest struct {
	Participant ownParticipant `json:"topicParticipant"`
	RequestID   string         `json:"requestId"`
}

// joinRequest is joinPullModeRequest: the agent takes a request out of its list. One that was there and is gone may have crossed with the event.
func (s *Socket) joinRequest(in joiningRequest) *refusal {
	p := s.manager.pullableOf(in.RequestID)
	if p == nil {
		return refuse(404, "", "there is no request %q in any list, or there is no more", in.RequestID)
	}
	if !slices.Contains(s.agent.lists, p.list) {
		return refuse(403, "AM-TASK-21", "the agent has not subscribed to list %q", p.list.name)
	}
	c := p.conversation
	if r := s.checkParticipant(in.Participant, c.id, "AM-TASK-21"); r != nil {
		return r
	}
	p.remove()
	c.admit(s.agent, in.Participant.ID, RolePrimary, c.newTask(Inbound, "QUEUE", nil))
	return nil
}

// deleteRequest is deletePullModeRequest, whose payload is the bare id of the request: its conversation is over.
func (s *Socket) deleteRequest(id string) *refusal {
	p := s.manager.pullableOf(id)
	if p == nil {
		return refuse(404, "", "there is no request %q in any list, or there is no more", id)
	}
	if !slices.Contains(s.agent.lists, p.list) {
		return refuse(403, "AM-TASK-21", "the agent has not subscribed to list %q", p.list.name)
	}
	p.conversation.end("REQUEST_DELETED")
	return nil
}
