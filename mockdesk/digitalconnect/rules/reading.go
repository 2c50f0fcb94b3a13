package rules

import "net/http"

// Action is the action whose event a webhook body is, empty if it is none that is allowed.
func Action(body []byte) string { return actionOf(body) }

// IsEnded says whether the body of an answer refuses because the conversation has ended (DC-MSG-08).
func IsEnded(body []byte) bool { return isEnded(body) }

// Admits says whether a call has the credentials of the webhook. Where these are not known, or cannot be told by looking (oauth2), every call has.
func (h Hook) Admits(header http.Header) bool { return (&Judge{about: About{Hook: h}}).mayCome(header) }
