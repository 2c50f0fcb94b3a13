package main

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"deskcheck/mockdesk/control"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// kebab is the id of an operation as a command has it.
func kebab(id string) string {
	var b strings.Builder
	for _, r := range id {
		if unicode.IsUpper(r) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// TestEveryActHasAVerb holds the commands to the document: what can be played over the API can be played from the command line.
func TestEveryActHasAVerb(t *testing.T) {
	text, err := control.Document()
	require.NoError(t, err)
	doc, err := openapi3.NewLoader().LoadFromData(text)
	require.NoError(t, err)
	desk, _, err := newBench(t).root().Find([]string{"desk"})
	require.NoError(t, err)
	var verbs []string
	for _, c := range desk.Commands() {
		verbs = append(verbs, c.Name())
	}
	acts := 0
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if slices.Contains(op.Tags, "acts") {
				acts++
				assert.Contains(t, verbs, kebab(op.OperationID))
			}
		}
	}
	assert.Greater(t, acts, 20)
}

func TestDeskBends(t *testing.T) {
	b := newDeskBench(t)
	const id = "conversation-0001"
	b.user("/v1/conversations/"+id, `{"queue":"billing","user":{"name":"Mia"}}`)
	event := func(n string, args ...string) {
		t.Helper()
		want := id + "  event " + n + "\n"
		if n == "" {
			want = id + "\n"
		}
		assert.Equal(t, want, b.says(0, args...))
	}
	journal := func(want string) {
		t.Helper()
		assert.Contains(t, b.says(0, "journal", "--match", `kind == "act"`, "--json"), want)
	}
	event("1", "queue-update", "@last", "--position", "3", "--wait", "90s", "--notice", "Soon.")
	journal(`"position": 3`)
	journal(`"waitSeconds": 90`)
	event("2", "reroute", "@last", "travel", "--position", "2")
	assert.Contains(t, b.says(0, "show", "@last"), "travel")
	event("3", "close-queue", "@last", "We are closed")
	journal("We are closed")
	b.says(0, "join", "@last", "ada")
	b.user("/v1/conversations/"+id+"/messages/k1", `{"text":"Hello"}`)
	event("6", "bounce", "@last", "Hello", "No such address")
	b.says(2, "bounce", "@last", "Goodbye")
	assert.Contains(t, b.stderr.String(), "the user has said no such thing")
	event("7", "emit", "@last", "agent.moved", `{"room": 7}`)
	journal(`"room": 7`)
	event("8", "emit", "@last", "bare")
	b.says(2, "emit", "@last", "bare", "[1]")
	assert.Contains(t, b.stderr.String(), "the fields of the event bare are no JSON object")
	event("", "garble", "@last", "{]")
	event("", "cut-sockets", "@last")
	event("", "echo-end", "@last", "never")
	b.says(2, "echo-end", "@last", "sometimes")
	assert.Contains(t, b.stderr.String(), "mode: expected one of before, after, never")
	b.says(0, "transfer", "@last", "ben")
	event("10", "fail-transfer", "@last", "Ben is busy")
	b.says(2, "stop-screen", "@last")
	b.says(2, "withdraw-screen", "@last")
	event("11", "change-uploads", "@last", "--types", ".txt", "--single", "--max-files", "2")
	journal(`"types": ".txt"`)
	b.says(2, "finish-check", "@last", "nothing")
	event("", "expire", "@last")
	journal("conversation.expired")
}
