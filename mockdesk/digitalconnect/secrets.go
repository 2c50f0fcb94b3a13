package digitalconnect

import "strings"

// Secrets are all texts that nobody but Talkdesk may be told: the secrets of the account, as they are and as HTTP Basic carries them, and every token that was issued so far.
func (t *Talkdesk) Secrets() []string {
	t.hidden.mu.Lock()
	defer t.hidden.mu.Unlock()
	all := make([]string, 0, len(t.hidden.secrets))
	for _, secret := range t.hidden.secrets {
		all = append(all, string(secret))
	}
	return all
}

// Assertions are the identifiers (jti) of the assertions by which tokens were asked for, in no order (DC-AUTH-04).
func (t *Talkdesk) Assertions() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []string
	for key := range t.assertions {
		_, id, _ := strings.Cut(key, " ")
		all = append(all, id)
	}
	return all
}

// FailFilesOfNextMessage has the next message taken with 206, whatever files it has, for a reason that partial_fail_reason tells (DC-MSG-07).
func (t *Talkdesk) FailFilesOfNextMessage(reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failFiles = reason
}
