package agentmanager

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/journal"
)

// LoginPath is where a desk asks for its user, below the manager's base address.
const LoginPath = "/agent/login"

// maxLogin is how many bytes a login may have.
const maxLogin = 64 << 10

// LoginFailure is a refusal that every login gets while it is set.
type LoginFailure int

// The refusals of a login, by the statusCode in their body.
const (
	InvalidAttribute LoginFailure = http.StatusBadRequest
	UnknownUser      LoginFailure = http.StatusUnauthorized
	TimedOut         LoginFailure = http.StatusRequestTimeout
	NoLicence        LoginFailure = http.StatusPreconditionFailed
	Failed           LoginFailure = http.StatusInternalServerError
)

// loginFailure is the body of a refusal; Message is a text, or an object for InvalidAttribute.
type loginFailure struct {
	Status  LoginFailure `json:"statusCode"`
	Message any          `json:"msg"`
}

// body is what a refusal says.
func (f LoginFailure) body(attribute, validation string) loginFailure {
	messages := map[LoginFailure]string{UnknownUser: "The user is unknown or the password is wrong.", TimedOut: "The user directory did not answer in time.", NoLicence: "The licence status is not available.", Failed: "The login has failed."}
	if f == InvalidAttribute {
		return loginFailure{f, map[string]any{"error": map[string]string{"attribute": attribute, "validation": validation}}}
	}
	return loginFailure{f, messages[f]}
}

// FailLogins has every login refused, whoever asks; 0 ends that.
func (m *Manager) FailLogins(f LoginFailure) error {
	return m.act("fail logins", "Logins are refused with "+strconv.Itoa(int(f))+".", nil, func() {
		m.loginFailure = nil
		if f != 0 {
			m.loginFailure = &f
		}
	})
}

// ServeLogin serves LoginPath: POST, and the preflight request of a page of another origin.
func (m *Manager) ServeLogin(w http.ResponseWriter, r *http.Request) { m.serveLogin(PartyDesk, w, r) }

// serveLogin is ServeLogin for the desk that the journal knows as a party.
func (m *Manager) serveLogin(as journal.Party, w http.ResponseWriter, r *http.Request) {
	allowOrigin(w, r)
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", "POST, OPTIONS")
		w.Header().Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
		w.WriteHeader(http.StatusNoContent)
		m.recordAnswer(as, r, m.recordLogin(as, r, nil), http.StatusNoContent, nil)
	case http.MethodPost:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxLogin))
		seq := m.recordLogin(as, r, body)
		status, answer := m.answerLogin(as, r, body, err)
		raw := encode(answer)
		m.recordAnswer(as, r, seq, status, raw)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(raw) //nolint:gosec // It is JSON, and says so. A desk that has gone needs no answer.
	default:
		w.Header().Set("Allow", "POST, OPTIONS")
		w.WriteHeader(http.StatusMethodNotAllowed)
		m.recordAnswer(as, r, m.recordLogin(as, r, nil), http.StatusMethodNotAllowed, nil)
	}
}

// allowOrigin lets a page of another origin read the answer to its request.
func allowOrigin(w http.ResponseWriter, r *http.Request) {
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Access-Control-Allow-Credentials", "true")
		w.Header().Add("Vary", "Origin")
	}
}

// answerLogin decides on a login whose body was read, or not.
func (m *Manager) answerLogin(as journal.Party, r *http.Request, body []byte, unread error) (status int, answer any) {
	if unread != nil {
		return m.refuseLogin(InvalidAttribute, "body", "cannot be read, or is longer than a login can be")
	}
	return m.login(as, r, body)
}

// recordLogin writes a request down, and gives its place in the journal.
func (m *Manager) recordLogin(as journal.Party, r *http.Request, body []byte) int {
	return m.record(journal.Entry{Kind: journal.Request, From: as, To: PartyManager, Name: r.Method + " " + LoginPath}, map[string]any{
		"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery, "body": string(body),
		"headers": map[string]string{"Content-Type": r.Header.Get("Content-Type"), "Origin": r.Header.Get("Origin")},
	})
}

// recordAnswer writes the answer to a request down.
func (m *Manager) recordAnswer(as journal.Party, r *http.Request, request, status int, answer json.RawMessage) {
	m.record(journal.Entry{Kind: journal.Response, From: PartyManager, To: as, Name: r.Method + " " + LoginPath, Ref: request}, map[string]any{"status": status, "body": answer})
}

// loginRequest is the body of a login.
type loginRequest struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Token    string `json:"authToken"`
	SSO      bool   `json:"authWithSSO"`
}

// login decides on a login, and gives the status and the body of the answer.
func (m *Manager) login(as journal.Party, r *http.Request, body []byte) (status int, answer any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	broken := func(note string, data any) {
		m.record(journal.Entry{Kind: journal.Violation, From: as, To: journal.Kit, Name: "POST " + LoginPath, Requirement: "AM-LOGIN-02", Note: note}, data)
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		broken(fmt.Sprintf("Content-Type is %q, not application/json.", r.Header.Get("Content-Type")), nil)
		return m.refuseLogin(InvalidAttribute, "Content-Type", "must be application/json")
	}
	if breaches := fixtures.CheckAgentManager(string(m.options.Dialect), "login/request", body); len(breaches) > 0 {
		for _, b := range breaches {
			broken(fmt.Sprintf("at %q: %s", b.Pointer, b.Message), b)
		}
		return m.refuseLogin(InvalidAttribute, breaches[0].Pointer, breaches[0].Message)
	}
	var in loginRequest
	if err := json.Unmarshal(body, &in); err != nil {
		return m.refuseLogin(InvalidAttribute, "body", err.Error())
	}
	if m.loginFailure != nil {
		return m.refuseLogin(*m.loginFailure, "username", "is refused, as everyone is at the moment")
	}
	a := m.byLogin[in.Username]
	if a == nil || !a.knows(in) {
		return m.refuseLogin(UnknownUser, "", "")
	}
	granted := map[string]any{"status": http.StatusOK, "data": map[string]any{"keycloak_User": a.issue()}}
	m.checkOwn("login/response", encode(granted))
	return http.StatusOK, granted
}

// knows says whether a login has the person's password, or the token of another service.
func (a *Agent) knows(in loginRequest) bool {
	same := func(given, kept string) bool {
		return kept != "" && subtle.ConstantTimeCompare([]byte(given), []byte(kept)) == 1
	}
	return same(in.Password, a.password) || in.SSO && same(in.Token, a.token)
}

// issue gives out the person's user with a mark that no other login gets; m.mu is held.
func (a *Agent) issue() json.RawMessage {
	u := a.user
	u.Attributes = map[string][]string{"login": {newID()}}
	maps.Copy(u.Attributes, a.user.Attributes)
	raw := encode(u)
	a.issued = append(a.issued, raw)
	return raw
}

func (m *Manager) refuseLogin(f LoginFailure, attribute, validation string) (status int, answer any) {
	body := f.body(attribute, validation)
	m.checkOwn("login/failure", encode(body))
	return int(f), body
}
