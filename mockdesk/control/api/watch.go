package api

import (
	"encoding/json"
	"time"

	"deskcheck/mockdesk/fault"
)

// NewFault is a failure that the desk is to play on the requests of an operation: the short form of a rule.
type NewFault struct {
	Kind        string   `json:"kind"`
	Operation   string   `json:"operation,omitempty"`
	Status      int      `json:"status,omitempty"`
	Title       string   `json:"title,omitempty"`
	ContentType string   `json:"contentType,omitempty"`
	Body        string   `json:"body,omitempty"`
	For         Duration `json:"for,omitzero"`
	When        *When    `json:"when,omitempty"`
}

// When says to which requests a fault is played; what is 0 or empty is no condition.
type When struct {
	Next         int    `json:"next,omitempty"`
	After        int    `json:"after,omitempty"`
	Conversation string `json:"conversation,omitempty"`
}

// NewRules are failures that the desk is to play, in full: each says what, when and where.
type NewRules struct {
	Rules fault.Rules `json:"rules"`
}

// Fault is one that is set, or was; a nil Left is not counted. Of one that was given as a rule, NewFault has the kind and the operation alone, the latter empty for all.
type Fault struct {
	ID string `json:"id"`
	NewFault

	// Rule is what it stands for, Held how many requests it holds now.
	Rule   fault.Rule `json:"rule"`
	Played int        `json:"played"`
	Held   int        `json:"held"`
	Left   *int       `json:"left,omitempty"`
	Says   string     `json:"says"`
}

// AddedFaults are those that rules have become.
type AddedFaults struct {
	Faults []Fault `json:"faults"`
}

// FaultList is all faults of a tenant, and how many requests are held by operation.
type FaultList struct {
	Faults []Fault        `json:"faults"`
	Held   map[string]int `json:"held"`
}

// Release says what is let go; an empty Operation is everything.
type Release struct {
	Operation string `json:"operation,omitempty"`
}

// Released is what was let go.
type Released struct {
	Released int      `json:"released"`
	Removed  []string `json:"removed"`
}

// Clock is the time of a tenant.
type Clock struct {
	Now      time.Time `json:"now"`
	Mode     ClockMode `json:"mode"`
	Advanced Duration  `json:"advanced"`
}

// Advance lets time pass.
type Advance struct {
	By Duration `json:"by"`
}

// Entry is one crossing of the wire, or one act.
type Entry struct {
	Seq          int             `json:"seq"`
	At           time.Time       `json:"at"`
	Kind         string          `json:"kind"`
	From         string          `json:"from"`
	To           string          `json:"to"`
	Name         string          `json:"name"`
	Ref          int             `json:"ref,omitempty"`
	Conversation string          `json:"conversation,omitempty"`
	Requirement  string          `json:"requirement,omitempty"`
	Note         string          `json:"note,omitempty"`
	Data         json.RawMessage `json:"data,omitempty"`
}

// EntryPage is a page of the journal; a Next of 0 is the last page.
type EntryPage struct {
	Entries []Entry `json:"entries"`
	First   int     `json:"first"`
	Last    int     `json:"last"`
	Next    int     `json:"next,omitempty"`
}

// Wait asks for entries that match, and for how long to wait for them. A Count of 0 is 1, a Timeout of 0 is 30s.
type Wait struct {
	Match        string   `json:"match"`
	Conversation string   `json:"conversation,omitempty"`
	After        int      `json:"after,omitempty"`
	Count        int      `json:"count,omitempty"`
	Timeout      Duration `json:"timeout,omitzero"`
}

// Waited is what was waited for.
type Waited struct {
	Entries []Entry `json:"entries"`
	Last    int     `json:"last"`
}

// Count asks how many entries match.
type Count struct {
	Match        string `json:"match"`
	Conversation string `json:"conversation,omitempty"`
	After        int    `json:"after,omitempty"`
}

// Counted is how many there are, up to the entry with the number Last.
type Counted struct {
	Count int `json:"count"`
	Last  int `json:"last"`
}

// Verify asks whether as many entries match as were expected. Without bounds that is at least one.
type Verify struct {
	Match        string `json:"match"`
	Conversation string `json:"conversation,omitempty"`
	After        int    `json:"after,omitempty"`
	Least        *int   `json:"least,omitempty"`
	Most         *int   `json:"most,omitempty"`
}

// Verified is the outcome.
type Verified struct {
	OK         bool       `json:"ok"`
	Count      int        `json:"count"`
	Says       string     `json:"says"`
	NearMisses []NearMiss `json:"nearMisses"`
}

// NearMiss is an entry that came close, and how it differed.
type NearMiss struct {
	Entry  Entry             `json:"entry"`
	Held   int               `json:"held"`
	Of     int               `json:"of"`
	Failed []FailedCondition `json:"failed"`
}

// FailedCondition is a part of the expression that does not hold for an entry.
type FailedCondition struct {
	Condition string      `json:"condition"`
	Found     []FoundTerm `json:"found"`
	Error     string      `json:"error,omitempty"`
}

// FoundTerm is what a condition speaks of, and its value; none if it is missing.
type FoundTerm struct {
	Term  string          `json:"term"`
	Value json.RawMessage `json:"value,omitempty"`
}

// Script is agents that play themselves.
type Script struct {
	Name    string   `json:"name"`
	Source  string   `json:"source"`
	Queue   string   `json:"queue,omitempty"`
	Agents  []string `json:"agents"`
	Steps   int      `json:"steps"`
	Playing int      `json:"playing"`
}

// Wire is the protocol that a tenant speaks with integrations.
type Wire struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
	// Source is the text of the wire file.
	Source string `json:"source"`
}

// ScriptList is all scripts of a tenant.
type ScriptList struct {
	Scripts []Script `json:"scripts"`
}

// Missed is the data of the event `missed` of a followed journal: entries that it no longer keeps.
type Missed struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// Problem is an RFC 9457 problem document. It is an error, so that a client can return it.
type Problem struct {
	Type       string     `json:"type"`
	Title      string     `json:"title"`
	Status     int        `json:"status"`
	Detail     string     `json:"detail"`
	Instance   string     `json:"instance,omitempty"`
	Errors     []Mistake  `json:"errors,omitempty"`
	NearMisses []NearMiss `json:"nearMisses,omitempty"`
}

// Mistake is one of several things that are wrong with a request.
type Mistake struct {
	Field  string `json:"field,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Detail string `json:"detail"`
}

// Error returns what is wrong and what to do.
func (p *Problem) Error() string { return p.Detail }
