package api

// Acted is what came of an act.
type Acted struct {
	Conversation string `json:"conversation"`
	Agent        string `json:"agent,omitempty"`
	Cursor       int    `json:"cursor"`
	File         string `json:"file,omitempty"`
}

// AgentAct is an act that needs no more than to know who acts: join, leave, read, ask-screen, withdraw-screen, stop-screen. An empty Agent is the only one in the conversation.
type AgentAct struct {
	Agent string `json:"agent,omitempty"`
}

// SayAct is a line of an agent: Text, or Items in its place. An empty Format is text.
type SayAct struct {
	Agent  string `json:"agent,omitempty"`
	Text   string `json:"text,omitempty"`
	Format string `json:"format,omitempty"`
	Items  []Item `json:"items,omitempty"`
}

// Item is one part of a line.
type Item struct {
	Kind        string         `json:"kind"`
	Text        string         `json:"text,omitempty"`
	URL         string         `json:"url,omitempty"`
	Title       string         `json:"title,omitempty"`
	Description string         `json:"description,omitempty"`
	Alt         string         `json:"alt,omitempty"`
	Name        string         `json:"name,omitempty"`
	Choices     []string       `json:"choices,omitempty"`
	Data        map[string]any `json:"data,omitempty"`
}

// TypeAct shows that an agent types; a Typing of false that they have stopped, nil is true.
type TypeAct struct {
	Agent  string `json:"agent,omitempty"`
	Typing *bool  `json:"typing,omitempty"`
}

// TransferAct hands the user over, to whoever will come if To is empty.
type TransferAct struct {
	Agent string `json:"agent,omitempty"`
	To    string `json:"to,omitempty"`
}

// ReasonAct is an act of the desk with a reason to show: fail-transfer, close-queue.
type ReasonAct struct {
	Reason string `json:"reason,omitempty"`
}

// EndAct ends a conversation, in an agent's name or, with By "desk", in the desk's with a reason.
type EndAct struct {
	Agent  string `json:"agent,omitempty"`
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// QueueUpdateAct tells where the user stands; what is nil or empty is not told.
type QueueUpdateAct struct {
	Position *int      `json:"position,omitempty"`
	Wait     *Duration `json:"wait,omitempty"`
	Notice   string    `json:"notice,omitempty"`
}

// RerouteAct moves a waiting user; a Position of 0 is 1.
type RerouteAct struct {
	Queue    string `json:"queue"`
	Position int    `json:"position,omitempty"`
}

// NoticeAct is a line in the desk's own name.
type NoticeAct struct {
	Text string `json:"text"`
}

// NoAct is the body of acts that need none: expire, cut-sockets.
type NoAct struct{}

// EmitAct is an event of any kind.
type EmitAct struct {
	Type string         `json:"type"`
	Data map[string]any `json:"data,omitempty"`
}

// BounceAct says of a line of the user that it was not delivered.
type BounceAct struct {
	Text   string `json:"text"`
	Reason string `json:"reason,omitempty"`
}

// GarbleAct sends something that is no event.
type GarbleAct struct {
	Raw string `json:"raw"`
}

// EchoEndAct says when the user's own end comes back: before, after, never.
type EchoEndAct struct {
	Mode string `json:"mode"`
}

// FinishCheckAct ends the check of a file.
type FinishCheckAct struct {
	Key    string `json:"key"`
	Reason string `json:"reason,omitempty"`
}
