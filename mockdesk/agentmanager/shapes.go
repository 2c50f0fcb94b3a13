package agentmanager

import "encoding/json"

// What follows is what crosses, as the schemas in fixtures/schemas/agent-manager/shapes describe it.

// User is what a login gives and the handshake hands back.
type User struct {
	ID              string              `json:"id"`
	FirstName       string              `json:"firstName"`
	LastName        string              `json:"lastName"`
	Username        string              `json:"username"`
	Realm           string              `json:"realm"`
	Roles           []string            `json:"roles"`
	Permitted       Permitted           `json:"permittedResources"`
	Attributes      map[string][]string `json:"attributes"`
	Team            *Team               `json:"userTeam"`
	SupervisedTeams []Team              `json:"supervisedTeams"`
}

// Permitted is what a user may use.
type Permitted struct {
	Resources []Resource `json:"Resources"` //nolint:tagliatelle // The protocol writes it so.
}

// Resource is one thing that a user may use.
type Resource struct {
	ID     string   `json:"rsid"`
	Name   string   `json:"rsname"`
	Scopes []string `json:"scopes"`
}

// Team is a group of agents, which supervisors supervise.
type Team struct {
	ID   string `json:"teamId"`
	Name string `json:"teamName"`
}

// ccUser is an agent as a participant.
type ccUser struct {
	ParticipantType string `json:"participantType"`
	ID              string `json:"id"`
	KeycloakUser    User   `json:"keycloakUser"`
	Attributes      []any  `json:"associatedRoutingAttributes"`
	Domains         []any  `json:"associatedMrds"`
}

// wireParticipant is one who is in a conversation; who is a ccUser or a wireSession.
type wireParticipant struct {
	ID             string  `json:"id"`
	Type           string  `json:"type"`
	Role           Role    `json:"role"`
	Who            any     `json:"participant"`
	Token          *string `json:"token"`
	ConversationID string  `json:"conversationId"`
	Credentials    *string `json:"userCredentials"`
	State          string  `json:"state"`
	JoiningTime    int64   `json:"joiningTime"`
	Active         bool    `json:"isActive"`
}

// roomInfo is where a conversation takes place.
type roomInfo struct {
	ID   string `json:"id"`
	Mode string `json:"mode"`
}

// ChannelType is a kind of channel.
type ChannelType struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Logo is the name of a picture.
	Logo        string `json:"channelLogo"`
	Interactive bool   `json:"isInteractive"`
	// Domain is the id of the media routing domain that its tasks count in.
	Domain string `json:"mediaRoutingDomain"`
}

type routingPolicy struct {
	Selection   string  `json:"agentSelectionPolicy"`
	ToLastAgent bool    `json:"routeToLastAgent"`
	Mode        Routing `json:"routingMode"`
	ObjectID    string  `json:"routingObjectId"`
	TTL         int     `json:"agentRequestTtl"`
}

type channelConfig struct {
	ID     string        `json:"id"`
	Mode   string        `json:"channelMode"`
	Policy routingPolicy `json:"routingPolicy"`
}

type channel struct {
	ID                string        `json:"id"`
	Name              string        `json:"name"`
	ServiceIdentifier string        `json:"serviceIdentifier"`
	DefaultOutbound   bool          `json:"defaultOutbound"`
	Config            channelConfig `json:"channelConfig"`
	Type              ChannelType   `json:"channelType"`
}

type attribute struct {
	Key   string `json:"key"`
	Type  string `json:"type"`
	Value any    `json:"value"`
}

type channelData struct {
	CustomerIdentifier string      `json:"channelCustomerIdentifier"`
	ServiceIdentifier  string      `json:"serviceIdentifier"`
	Priority           int         `json:"requestPriority"`
	FirstName          string      `json:"customerFirstName"`
	LastName           *string     `json:"customerLastName"`
	Attributes         []attribute `json:"additionalAttributes"`
}

type wireCustomer struct {
	ID        string   `json:"_id"` //nolint:tagliatelle // The protocol writes it so.
	FirstName string   `json:"firstName"`
	LastName  *string  `json:"lastName"`
	Phone     []string `json:"phoneNumber"`
	Anonymous bool     `json:"isAnonymous"`
	Version   int      `json:"__v"` //nolint:tagliatelle // The protocol writes it so.
}

type sessionState struct {
	Name   string  `json:"name"`
	Reason *string `json:"reasonCode"`
}

// wireSession is a customer's connection through one channel.
type wireSession struct {
	ParticipantType string         `json:"participantType"`
	ID              string         `json:"id"`
	Channel         channel        `json:"channel"`
	Customer        wireCustomer   `json:"customer"`
	Suggestions     []wireCustomer `json:"customerSuggestions"`
	Data            channelData    `json:"channelData"`
	LatestIntent    *string        `json:"latestIntent"`
	Presence        map[string]any `json:"customerPresence"`
	IsActive        bool           `json:"isActive"`
	Active          bool           `json:"active"`
	ConversationID  string         `json:"conversationId"`
	Room            roomInfo       `json:"roomInfo"`
	State           sessionState   `json:"state"`
	Direction       string         `json:"channelSessionDirection"`
}

type taskType struct {
	Direction Direction      `json:"direction"`
	Mode      string         `json:"mode"`
	Metadata  map[string]any `json:"metadata"`
}

type wireMedia struct {
	ID       string        `json:"id"`
	Domain   string        `json:"mrdId"`
	TaskID   string        `json:"taskId"`
	Queue    *wireQueue    `json:"queue"`
	Type     taskType      `json:"type"`
	Priority int           `json:"priority"`
	State    TaskState     `json:"state"`
	Request  wireSession   `json:"requestSession"`
	Sessions []wireSession `json:"channelSessions"`
}

type wireQueue struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type wireTaskState struct {
	Name   string  `json:"name"`
	Reason *Reason `json:"reasonCode"`
}

type assignee struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type wireTask struct {
	ID             string        `json:"id"`
	ConversationID string        `json:"conversationId"`
	State          wireTaskState `json:"state"`
	AssignedTo     *assignee     `json:"assignedTo"`
	TimerID        *string       `json:"agentRequestTtlTimerId"`
	Media          []wireMedia   `json:"activeMedia"`
}

// sender is who a message or an event is from.
type sender struct {
	ID     string         `json:"id"`
	Type   string         `json:"type"`
	Name   string         `json:"senderName"`
	Detail map[string]any `json:"additionalDetail"`
}

// cimEvent is something that was said or happened in a conversation.
type cimEvent struct {
	ID             string       `json:"id"`
	Name           string       `json:"name"`
	Type           string       `json:"type"`
	Timestamp      int64        `json:"timestamp"`
	ConversationID string       `json:"conversationId"`
	Room           roomInfo     `json:"roomInfo"`
	Emitter        *sender      `json:"eventEmitter,omitempty"`
	Session        *wireSession `json:"channelSession,omitempty"`
	Data           any          `json:"data"`
}

type header struct {
	Sender         sender         `json:"sender"`
	ChannelData    channelData    `json:"channelData"`
	Language       map[string]any `json:"language"`
	Timestamp      int64          `json:"timestamp"`
	Security       map[string]any `json:"securityInfo"`
	Stamps         []any          `json:"stamps"`
	Intent         *string        `json:"intent"`
	Entities       map[string]any `json:"entities"`
	SessionID      string         `json:"channelSessionId"`
	ConversationID string         `json:"conversationId"`
	Customer       wireCustomer   `json:"customer"`
	OriginalID     *string        `json:"originalMessageId"`
	ProviderID     *string        `json:"providerMessageId"`
	Scheduling     map[string]any `json:"schedulingMetaData"`
	RoomID         string         `json:"roomId"`
}

type message struct {
	ID     string `json:"id"`
	Header header `json:"header"`
	Body   Body   `json:"body"`
}

// ReasonCode is what an agent gives as the reason for a state.
type ReasonCode struct {
	ID   any    `json:"id"`
	Name string `json:"name"`
	Type string `json:"type,omitempty"`
}

// ownParticipant is an agent's participant as its desk sends it.
type ownParticipant struct {
	ID             string `json:"id"`
	Role           Role   `json:"role"`
	ConversationID string `json:"conversationId"`
	TopicID        string `json:"topicId"`
	Who            struct {
		ID           string `json:"id"`
		KeycloakUser struct {
			ID string `json:"id"`
		} `json:"keycloakUser"`
	} `json:"participant"`
}

// conversation is the id of the conversation that the participant is in, under its name of today or of 2022.
func (p ownParticipant) conversation() string {
	if p.ConversationID != "" {
		return p.ConversationID
	}
	return p.TopicID
}

// named is anything of which only the id counts.
type named struct {
	ID             string `json:"id"`
	ConversationID string `json:"conversationId"`
}

// encode is the JSON of something that this package has made, which cannot fail.
func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}
