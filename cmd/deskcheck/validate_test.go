package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"deskcheck"
	"deskcheck/fixtures"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	goodMessage = `{"event_type":"MESSAGE_CREATED","conversation_id":"c-1","timestamp":"t","payload":{"id":"m-1","created_at":"x","author":{"name":"A","type":"AGENT"}}}`
	badMessage  = `{
  "event_type": "MESSAGE_CREATED",
  "Conversation_ID": "c-1",
  "timestamp": "t",
  "payload": {
    "id": "m-1", "id": "m-2",
    "content": null,
    "created_at": "x",
    "author": {"name": "A", "type": "AGENT"},
    "url": "https://files.example.test/x"
  }
}
`
)

func payloadFile(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
}

func TestValidate(t *testing.T) {
	b := newBench(t)
	payloadFile(t, "good.json", goodMessage)
	payloadFile(t, "bad.json", badMessage)
	assert.Zero(t, b.does("validate", "--schema", "message_created", "good.json"))
	assert.Equal(t, "valid    good.json\n", b.stdout.String())
	assert.Equal(t, "1 valid, 0 invalid, held against digital-connect/message_created\n", b.stderr.String())

	b = newBench(t)
	payloadFile(t, "good.json", goodMessage)
	payloadFile(t, "bad.json", badMessage)
	assert.Equal(t, 1, b.does("validate", "--schema", "message_created", "good.json", "bad.json"))
	golden(t, "validate.txt", b.stdout.String())
	assert.Equal(t, "1 valid, 1 invalid, held against digital-connect/message_created\n", b.stderr.String())
}

func TestValidateStandardInput(t *testing.T) {
	b := newBench(t)
	b.in = input{Reader: strings.NewReader(`["hi"]`)}
	assert.Zero(t, b.does("validate", "--schema", "ai-chat/callbacks/sendMessageToUser", "-"))
	assert.Equal(t, "valid    -\n", b.stdout.String())
}

func TestValidateLines(t *testing.T) {
	b := newBench(t)
	payloadFile(t, "sent.ndjson", "{\"content\":\"one\"}\n\n  {\"content\":\"two\",\"content\":\"three\"}\r\n{\"content\":\"four\"}")
	assert.Equal(t, 1, b.does("validate", "--schema", "message", "--lines", "sent.ndjson"))
	assert.Equal(t, "valid    sent.ndjson:1\ninvalid  sent.ndjson:3\n  sent.ndjson:3:20  /content\n      rule      unique keys\n      expected  the key \"content\" once\n      found     the key \"content\" again\n"+
		"      fix       keep one of the two: readers disagree on which counts\nvalid    sent.ndjson:4\n", b.stdout.String())
	assert.Equal(t, "2 valid, 1 invalid, held against digital-connect/message\n", b.stderr.String())
}

func TestValidateAsJSON(t *testing.T) {
	b := newBench(t)
	payloadFile(t, "sent.ndjson", "{\"content\":\"<b>\"}\n{\"content\":5}\n")
	assert.Equal(t, 1, b.does("validate", "--schema", "message", "--lines", "--json", "sent.ndjson"))
	var results []payloadResult
	require.NoError(t, json.Unmarshal(b.stdout.Bytes(), &results))
	require.Len(t, results, 2)
	assert.Equal(t, payloadResult{File: "sent.ndjson", Line: 1, Schema: "digital-connect/message", Valid: true, Findings: results[0].Findings}, results[0])
	assert.NotNil(t, results[0].Findings, "no findings are a list")
	require.Len(t, results[1].Findings, 1)
	f := results[1].Findings[0]
	assert.Equal(t, "DC-MSG-01", f.Requirement)
	assert.Equal(t, "/content", f.Pointer)
	assert.Equal(t, 2, f.Line)
	assert.Equal(t, 12, f.Column)
	assert.Empty(t, b.stderr.String())
}

// Of several files each is told of, whatever is wrong with the others; what is no payload decides the exit code.
func TestValidateMistakes(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"validate good.json", "error: --schema: expected the name of a schema, found nothing\nfix:   \"deskcheck list schemas\" prints them all\n"},
		{"validate --schema mesage_created good.json", "error: --schema: there is no schema \"mesage_created\"; closest: message_created, message-reply, agentJoined\nfix:   \"deskcheck list schemas\" prints them all\n"},
		{"validate --schema topicUnsubscription good.json", "error: --schema: \"topicUnsubscription\" can mean desk/topicUnsubscription or manager/topicUnsubscription\nfix:   use one of these\n"},
		{"validate --schema message", "error: deskcheck validate needs a file with a payload, or - for the standard input\nfix:   see \"deskcheck validate --help\"\n"},
		{"validate --schema message none.json", "error: none.json does not exist\nfix:   name the file of a payload, or - for the standard input\n"},
		{"validate --schema message .", "error: . is a folder\nfix:   name the files in it\n"},
		{"validate --schema message cut.json good.json", "error: cut.json:2:5: not JSON: it ends in the middle\nfix:   a payload is one JSON document: mend it there, or give --lines if each line is one\n"},
		{"validate --schema message two.json", "error: two.json:2:1: not JSON: a second document begins here, where one was expected\nfix:   give each document a file of its own, or a line of its own with --lines\n"},
		{"validate --schema message --lines lines.ndjson", "error: lines.ndjson:2:1: not JSON: invalid character 'o' at start of value\nfix:   with --lines each line is one JSON document\nerror: lines.ndjson:4:12: not JSON: it ends in the middle\nfix:   with --lines each line is one JSON document\n"},
		{"validate --schema message --lines empty.json", "error: empty.json: there is no payload in it\nfix:   with --lines each line is one JSON document\n"},
		{"validate --schema message empty.json", "error: empty.json:1:1: not JSON: there is nothing in it\nfix:   a payload is one JSON document: mend it there, or give --lines if each line is one\n"},
		{"list schemas --dialect seed --contract agent-manager", "error: --dialect is not for schemas: their names say where one belongs to a dialect\n"},
		{"list schemas --uncovered", "error: --uncovered is for requirements, not for schemas\n"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			b := newBench(t)
			payloadFile(t, "good.json", goodMessage)
			payloadFile(t, "cut.json", "{\n\"a\":")
			payloadFile(t, "two.json", "{}\n{}\n")
			payloadFile(t, "lines.ndjson", "{\"content\":\"a\"}\noops\n\n{\"content\":")
			payloadFile(t, "empty.json", "\n")
			assert.Equal(t, 2, b.does(strings.Fields(tt.args)...))
			assert.Equal(t, tt.want, b.stderr.String())
		})
	}
}

// TestEverySchemaCanBePrinted prints each by its name, but the rules of actions, which are none.
func TestEverySchemaCanBePrinted(t *testing.T) {
	all, err := fixtures.Schemas()
	require.NoError(t, err)
	for _, one := range all {
		b := newBench(t)
		if one.Name == "digital-connect/action-schema" {
			assert.Equal(t, 2, b.does("validate", "--schema", one.Short, "--print"))
			assert.Contains(t, b.stderr.String(), "error: --print: digital-connect/action-schema is no JSON Schema, but rules: ")
			continue
		}
		assert.Zero(t, b.does("validate", "--schema", one.Short, "--print"), b.stderr.String())
		assert.True(t, json.Valid(b.stdout.Bytes()), one.Name)
	}
	b := newBench(t)
	assert.Equal(t, 2, b.does("validate", "--schema", "message", "--print", "good.json"))
	assert.Equal(t, "error: --print goes with --schema alone\nfix:   see \"deskcheck validate --help\"\n", b.stderr.String())
}

func TestListSchemasOfOneContract(t *testing.T) {
	b := newBench(t)
	assert.Zero(t, b.does("list", "schemas", "--contract", "digital-connect", "--quiet"))
	assert.Equal(t, 18, strings.Count(b.stdout.String(), "\n"))
	for line := range strings.SplitSeq(strings.TrimSpace(b.stdout.String()), "\n") {
		assert.True(t, strings.HasPrefix(line, "digital-connect/"), line)
	}
	b = newBench(t)
	assert.Zero(t, b.does("__complete", "validate", "--schema", "message_c"))
	assert.Contains(t, b.stdout.String(), "message_created\tmessage_created\n")
}

func TestListOfDigitalConnect(t *testing.T) {
	for subject, note := range map[string]string{"requirements": "128 requirements, ", "capabilities": "10 capabilities; ", "profiles": "12 profiles; ", "integrations": "1 reference, "} {
		b := newBench(t)
		b.trace = deskcheck.ReadTraceability
		assert.Zero(t, b.does("list", subject, "--contract", "digital-connect"))
		assert.Contains(t, b.stderr.String(), note)
		assert.NotContains(t, b.stdout.String(), "an connector")
	}
}

func TestExplainOfDigitalConnect(t *testing.T) {
	for id, says := range map[string][]string{
		"dc-msg-07":    {"DC-MSG-07  MUST\n", "talkdesk docs: send-a-message"},
		"DC-ACTION-05": {"DC-ACTION-05  MUST (assumed)\n", "(nothing public demands it: it can only warn)"},
		"DC-CONV-18":   {"DC-CONV-18  MUST (safety)\n"},
		"DC-TOUCH-04":  {"nothing: it binds Talkdesk, and deskcheck's own is held to it by its tests"},
		"DC-ACTION-25": {"nothing: it binds whoever sets the account up"},
	} {
		b := newBench(t)
		b.trace = deskcheck.ReadTraceability
		assert.Zero(t, b.does("explain", id))
		said := strings.Join(strings.Fields(b.stdout.String()), " ")
		for _, words := range says {
			assert.Contains(t, said, strings.Join(strings.Fields(words), " "))
		}
	}
}
