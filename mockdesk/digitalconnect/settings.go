package digitalconnect

import (
	"net/http"

	"deskcheck/mockdesk/digitalconnect/webhook"
)

// Settings are what the mock does where no public document says what Talkdesk does (section 2.4 of the contract), and what it does on purpose so that a connector meets what the documents allow. The
// zero value of each field stands for its default.
type Settings struct {
	// UnknownBodyFields is warn (default) or reject: what becomes of a request with fields that are not documented (DC-CONV-20).
	UnknownBodyFields string `yaml:"unknown_body_fields"`
	// InvalidBodyFields is reject (default) or warn: what becomes of a request with a field of the wrong type that means something all the same. With warn one mistake does not hide others.
	InvalidBodyFields string `yaml:"invalid_body_fields"`
	// IdempotencyHeader is optional (default) or required, of start and message.
	IdempotencyHeader string `yaml:"idempotency_header"`
	// EventTypeCase is upper (default) or lower: how event_type is spelled.
	EventTypeCase string `yaml:"event_type_case"`
	// TokenFormat is opaque (default), jwt, or alternate for one of each in turn (DC-AUTH-17).
	TokenFormat string `yaml:"token_format"`
	// ExpiresIn is the life of a token in seconds, by default 600.
	ExpiresIn int `yaml:"expires_in"`
	// DeleteStatus is the status of a successful end, 204 (default) or 200, both without a body (DC-END-02).
	DeleteStatus int `yaml:"delete_status"`
	// EndedAfterDelete has conversation_ended sent after the connector has ended a conversation (DC-END-08).
	EndedAfterDelete bool `yaml:"ended_after_delete"`
	// EchoContactMessages has message_created sent for messages of the contact, too (DC-MSG-14).
	EchoContactMessages bool `yaml:"echo_contact_messages"`
	// EndedError is how a message to a conversation that has ended is refused (DC-MSG-08), by default 409 and 3016011.
	EndedError EndedError `yaml:"ended_error"`
	// InactiveTouchpointStatus is the status of a start at an inactive touchpoint, by default 409 (DC-TOUCH-01).
	InactiveTouchpointStatus int `yaml:"inactive_touchpoint_status"`
	// OnlyBadFilesStatus is the status of a message that is nothing but files which all fail: 206 (default) or 400.
	OnlyBadFilesStatus int `yaml:"only_bad_files_status"`
	// KB is how many bytes a kilobyte of a touchpoint's limit has: 1024 (default) or 1000 (DC-TOUCH-04).
	KB int `yaml:"kb"`
	// ActionTimeout is the execution timeout of integrations that have none of their own, in seconds, by default 10 (DC-ACTION-09).
	ActionTimeout int `yaml:"action_timeout_s"`
	// ActionsPerSecond is the ceiling of executions, by default 50 (DC-ACTION-21).
	ActionsPerSecond int `yaml:"actions_per_second"`
	// ConversationIDs is plain (default), awkward for ids with ~ : % and /, or long for such ids of 255 characters (DC-CONV-10).
	ConversationIDs string `yaml:"conversation_ids"`
	// OmitOptionalReplyFields leaves created_at and message_id out of replies to messages (DC-MSG-17).
	OmitOptionalReplyFields bool `yaml:"omit_optional_reply_fields"`
}

// EndedError is how a message to a conversation that has ended is refused.
type EndedError struct {
	Status int    `yaml:"status"`
	Code   string `yaml:"code"`
}

// The words of settings that the mock asks for.
const (
	wordWarn      = "warn"
	wordReject    = "reject"
	wordRequired  = "required"
	wordLower     = "lower"
	formatJWT     = "jwt"
	formatInTurn  = "alternate"
	idsAwkward    = "awkward"
	idsLong       = "long"
	codeEnded     = "3016011" // the one code that was seen at the real service; it is a text
	defaultExpiry = 600
	bytesOfKB     = 1024
)

// filled is the settings with their defaults.
func (s Settings) filled() Settings {
	set(&s.UnknownBodyFields, wordWarn)
	set(&s.InvalidBodyFields, wordReject)
	set(&s.ExpiresIn, defaultExpiry)
	set(&s.DeleteStatus, http.StatusNoContent)
	set(&s.EndedError.Status, http.StatusConflict)
	set(&s.EndedError.Code, codeEnded)
	set(&s.InactiveTouchpointStatus, http.StatusConflict)
	set(&s.OnlyBadFilesStatus, http.StatusPartialContent)
	set(&s.KB, bytesOfKB)
	set(&s.ActionTimeout, defaultActionTimeout)
	set(&s.ActionsPerSecond, webhook.Ceiling)
	return s
}

// set gives a field its default if it has no value.
func set[T comparable](field *T, value T) {
	var none T
	if *field == none {
		*field = value
	}
}
