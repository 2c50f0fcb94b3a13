package agentmanager

import (
	"errors"
	"fmt"
)

// What keeps the kit's own acts from being played. Errors of this package wrap one of these.
var (
	// ErrClosed says that the manager was closed.
	ErrClosed = errors.New("the agent manager is closed")
	// ErrOver says that the conversation is over.
	ErrOver = errors.New("the conversation is over")
	// ErrAway says that the agent is not signed in.
	ErrAway = errors.New("the agent is not signed in")
)

// refusal is why an event of a desk has no effect: what errors says, and the requirement that it breaks, empty if it breaks none.
type refusal struct {
	status      int
	requirement string
	reason      string
}

func refuse(status int, requirement, format string, args ...any) *refusal {
	return &refusal{status: status, requirement: requirement, reason: fmt.Sprintf(format, args...)}
}

// wireErrors is the payload of errors.
type wireErrors struct {
	Task           string `json:"task"`
	Message        string `json:"msg"`
	Status         int    `json:"statusCode"`
	ConversationID string `json:"conversationId,omitempty"`
}

func errNoDomain(id string) error {
	return fmt.Errorf("there is no media routing domain %q; use one that the manager was made with", id)
}
