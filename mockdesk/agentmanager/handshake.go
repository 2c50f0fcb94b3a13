package agentmanager

import (
	"encoding/json"
	"fmt"
	"mime"
	"reflect"
	"slices"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
)

// Refusal is what a handshake is refused with: a message and data, as CONNECT_ERROR carries them.
type Refusal struct {
	Message string `json:"message"`
	Data    any    `json:"data"`
}

// LoginFailed is the message of a refusal after which a desk has to sign in again.
const LoginFailed = "login-failed"

// loginRefused is the refusal of a handshake whose user cannot be taken.
func loginRefused(why string) *Refusal {
	return &Refusal{Message: LoginFailed, Data: map[string]any{"content": map[string]string{"msg": why}}}
}

// LicenceRefusal is the refusal of a handshake for want of a licence, after which a desk may try again.
func LicenceRefusal(status string) *Refusal {
	return &Refusal{Message: "licence", Data: map[string]any{"content": map[string]string{"key": "LM", "licStatus": status}}}
}

// RefuseHandshakes has every handshake refused; nil ends that.
func (m *Manager) RefuseHandshakes(r *Refusal) error {
	return m.act("refuse handshakes", "What handshakes are answered with changes.", nil, func() { m.refusal = r })
}

// handshake is the auth of a CONNECT packet.
type handshake struct {
	Agent json.RawMessage `json:"agent"`
	FCM   json.RawMessage `json:"fcm"`
}

// Connect takes a handshake, or refuses it. A handshake is taken from users that a login has issued, and from nobody else. The socket's events go to link, the first of them
// before Connect returns; what the desk sends goes to Socket.Receive, and its end to Socket.Gone.
func (m *Manager) Connect(auth json.RawMessage, link Link) (*Socket, *Refusal) {
	return m.connect(PartyDesk, auth, link)
}

// connect is Connect for the desk that the journal knows as a party.
func (m *Manager) connect(as journal.Party, auth json.RawMessage, link Link) (*Socket, *Refusal) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(auth) == 0 {
		auth = json.RawMessage("{}")
	}
	number := m.next()
	m.record(journal.Entry{Kind: journal.Frame, From: as, To: PartyManager, Name: "CONNECT", Note: formOfAgent(auth)}, frame{Socket: number, Payload: auth})
	a, r := m.admit(as, auth)
	if r != nil {
		raw := encode(r)
		m.checkOwn("manager/connect_error", raw)
		m.record(journal.Entry{Kind: journal.Frame, From: PartyManager, To: as, Name: "CONNECT_ERROR"}, frame{Socket: number, Payload: raw})
		return nil, r
	}
	if err := link.Open(); err != nil {
		return nil, loginRefused(err.Error())
	}
	m.record(journal.Entry{Kind: journal.Opened, From: as, To: PartyManager, Name: "socket"}, frame{Socket: number, Agent: a.user.ID})
	s := &Socket{manager: m, party: as, agent: a, link: link, number: number}
	a.welcome(s)
	return s, nil
}

// formOfAgent says in which of its forms auth.agent came, for the journal.
func formOfAgent(auth json.RawMessage) string {
	var h handshake
	if json.Unmarshal(auth, &h) != nil || len(h.Agent) == 0 {
		return "auth has no agent."
	}
	if h.Agent[0] == '"' {
		return "auth.agent is text, as the public desks send it."
	}
	return "auth.agent is an object, as the guide shows it."
}

// admit finds the agent of a handshake, or the refusal; m.mu is held.
func (m *Manager) admit(as journal.Party, auth json.RawMessage) (*Agent, *Refusal) {
	broken := func(requirement, note string, data any) {
		m.record(journal.Entry{Kind: journal.Violation, From: as, To: journal.Kit, Name: "CONNECT", Requirement: requirement, Note: note}, data)
	}
	var first *Refusal
	for _, b := range fixtures.CheckAgentManager(string(m.options.Dialect), "login/auth", auth) {
		note := fmt.Sprintf("at %q: %s", b.Pointer, b.Message)
		broken(b.Requirement, note, b)
		if first == nil && !tolerated[b.Requirement] {
			first = loginRefused(note)
		}
	}
	if m.closed {
		return nil, loginRefused("the agent manager is closed")
	}
	if first != nil || m.refusal != nil {
		if first == nil {
			first = m.refusal
		}
		return nil, first
	}
	given, tokens, err := read(auth)
	if err != nil {
		broken("AM-CONN-04", err.Error(), nil)
		return nil, loginRefused(err.Error())
	}
	id, _ := given["id"].(string)
	a := m.byID[id]
	if a == nil || len(a.issued) == 0 {
		broken("AM-LOGIN-04", fmt.Sprintf("The user %q was issued by no login.", id), nil)
		return nil, loginRefused("the user was issued by no login; sign in first")
	}
	if field := a.incomplete(given); field != "" {
		broken("AM-LOGIN-04", field+" of the user is not as the login gave it.", nil)
	}
	a.tokens = tokens
	return a, nil
}

// read gives the user of a handshake, from either form, and the tokens for pushes.
func read(auth json.RawMessage) (user map[string]any, tokens []string, err error) {
	var h handshake
	if err := json.Unmarshal(auth, &h); err != nil {
		return nil, nil, fmt.Errorf("auth is not an object: %w", err)
	}
	agent := h.Agent
	var text string
	if json.Unmarshal(agent, &text) == nil {
		agent = json.RawMessage(text)
	}
	if err := json.Unmarshal(agent, &user); err != nil {
		return nil, nil, fmt.Errorf("auth.agent is not a user: %w", err)
	}
	var fcm any
	_ = json.Unmarshal(h.FCM, &fcm) // It may be left out, and was checked.
	switch fcm := fcm.(type) {
	case string:
		tokens = []string{fcm}
	case map[string]any:
		for _, key := range []string{"desktopFcmKey", "mobileFcmKey"} {
			token, _ := fcm[key].(string)
			tokens = append(tokens, token)
		}
	}
	return user, slices.DeleteFunc(tokens, func(t string) bool { return t == "" }), nil
}

// incomplete names the first field of a user that is not as any login of this person gave it, empty if the user is complete; m.mu is held.
func (a *Agent) incomplete(given map[string]any) string {
	field := ""
	for _, raw := range slices.Backward(a.issued) {
		var issued map[string]any
		_ = json.Unmarshal(raw, &issued) // It was encoded here.
		wrong := ""
		for _, key := range []string{"id", "username", "roles", "permittedResources", "attributes"} {
			if !reflect.DeepEqual(given[key], issued[key]) {
				wrong = key
				break
			}
		}
		if wrong == "" {
			return ""
		}
		if field == "" {
			field = wrong
		}
	}
	return field
}

// welcome makes a socket the agent's: an older one is removed, a new session begins or the old one goes on. m.mu is held.
func (a *Agent) welcome(s *Socket) {
	if old := a.socket; old != nil {
		a.emit("socketSessionRemoved", "", map[string]string{"agentId": a.user.ID})
		old.close()
	}
	if a.stopAway != nil {
		a.stopAway()
		a.stopAway = nil
	}
	if a.stopGoodbye != nil {
		a.stopGoodbye()
		a.stopGoodbye = nil
	}
	a.socket, a.party = s, s.party
	a.emit("onChannelTypes", "", a.manager.options.Channels)
	if a.state == Away || a.state == Logout {
		a.beginSession()
		return
	}
	a.presence(false, nil)
	a.restore()
	a.manager.routeAll()
}

// beginSession passes through LOGIN to NOT_READY, and tells the desk where it has arrived; m.mu is held.
func (a *Agent) beginSession() {
	a.loginTime = a.manager.now()
	a.enter(Login, nil)
	for _, d := range a.domains {
		d.settle(Login, a.manager.now())
	}
	a.change(func() { a.enter(NotReady, nil) })
}

// isJSON says whether a Content-Type is that of JSON.
func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "application/json"
}
