package digitalconnect_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/digitalconnect"
)

func sampleText(tb testing.TB) string {
	tb.Helper()
	source, err := os.ReadFile("testdata/account.yaml")
	require.NoError(tb, err)
	return string(source)
}

// parse reads the account in testdata with some texts in the place of others.
func parse(t *testing.T, replace ...string) (*digitalconnect.Account, error) {
	t.Helper()
	source := sampleText(t)
	for i := 0; i+1 < len(replace); i += 2 {
		require.Contains(t, source, replace[i])
		source = strings.Replace(source, replace[i], replace[i+1], 1)
	}
	return digitalconnect.ParseAccount("acme.yaml", []byte(source))
}

func TestParseAccount(t *testing.T) {
	a := sampleAccount(t)
	assert.Equal(t, "acme", a.Name)
	assert.Equal(t, []digitalconnect.Argument{{Name: "Intent", Variable: "intent", Expose: true}, {Name: "Score", Variable: "score"}}, a.Flows[0].Arguments)
	assert.Equal(t, digitalconnect.Attachments{AgentCanSend: true, MaxKB: 2, Extensions: []string{"pdf", "png", "jpg"}}, a.Touchpoints[0].Attachments)
	assert.Equal(t, map[string]string{"conversation_started": "active", "message_created": "active", "conversation_ended": "active"}, a.Integrations[0].Actions)
	assert.Empty(t, a.Remarks())
	b, err := digitalconnect.ParseAccount("acme.json", []byte(`{"account":"acme","region":"US",
		"oauth_clients":[{"id":"kit-client","secret":"kit_secret-canary","scopes":["digital-connect:read","digital-connect:write"],"keys":[]}],
		"integrations":[{"name":"ocp","base_path":"http://127.0.0.1:9080/hook","auth":{"type":"none"},
		"actions":{"conversation_started":"active","message_created":"active","conversation_ended":"active"},"timeout_s":10}],
		"flows":[{"id":"flow-1","arguments":[{"name":"Intent","variable":"intent","expose":true}]}],
		"touchpoints":[{"id":"3f0c1c1e-0000-4000-8000-000000000001","friendly_name":"Web","integration":"ocp","status":"active",
		"routing_type":"studio","flow":"flow-1","attachments":{"agent_can_send":true,"max_kb":2048,"extensions":["pdf","png","jpg"]}}]}`))
	require.NoError(t, err, "JSON is YAML")
	assert.Equal(t, []string{"acme.json:2:77: oauth_clients[0].scopes: a touchpoint allows files, and the client has no attachments:request, attachments:write, attachments:read, attachments:download; its calls for files get 403 (DC-ATT-12)"}, b.Remarks())
}

func TestParseAccountSettings(t *testing.T) {
	a, err := parse(t, "region: US", `region: EU
settings: {unknown_body_fields: reject, invalid_body_fields: warn, idempotency_header: required, event_type_case: lower, token_format: jwt, expires_in: 60, delete_status: 200, ended_after_delete: true,
  echo_contact_messages: true, ended_error: {status: 404, code: "1"}, inactive_touchpoint_status: 403, only_bad_files_status: 400, kb: 1000, action_timeout_s: 5, actions_per_second: 7, conversation_ids: long,
  omit_optional_reply_fields: true}`)
	require.NoError(t, err)
	assert.Equal(t, digitalconnect.Settings{
		UnknownBodyFields: "reject", InvalidBodyFields: "warn", IdempotencyHeader: "required", EventTypeCase: "lower", TokenFormat: "jwt", ExpiresIn: 60, DeleteStatus: 200, EndedAfterDelete: true,
		EchoContactMessages: true, EndedError: digitalconnect.EndedError{Status: 404, Code: "1"}, InactiveTouchpointStatus: 403, OnlyBadFilesStatus: 400, KB: 1000, ActionTimeout: 5, ActionsPerSecond: 7,
		ConversationIDs: "long", OmitOptionalReplyFields: true,
	}, a.Settings)
}

// accountMistakes are files that are refused: what stands where, and what is said.
var accountMistakes = []struct{ name, old, instead, message string }{
	{"unknown key", "region: US", "region: US\nregoin: US", "acme.yaml:3:1: regoin: unknown key; did you mean region?"},
	{"same key twice", "region: US", "region: US\nregion: EU", `acme.yaml:3:1: mapping key "region" already defined at [2:1]`},
	{"no account", "account: acme\n", "", "acme.yaml:1:1: account: expected the account name, one DNS label in lower case such as acme"},
	{"account as URL", "account: acme", "account: https://acme.talkdeskid.com", `acme.yaml:1:10: account: expected the account name, one DNS label in lower case such as acme, without a scheme or a domain (DC-AUTH-01), found the text "https://acme.talkdeskid.com"`},
	{"account in upper case", "account: acme", "account: Acme", "(DC-AUTH-01)"},
	{"account with a domain", "account: acme", "account: acme.mytalkdesk.com", "(DC-AUTH-01)"},
	{"unknown region", "region: US", "region: UK", `acme.yaml:2:9: region: expected US, EU, CA or AU (DC-AUTH-18, DC-AUTH-19), found the text "UK"; did you mean US?`},
	{"no client", "oauth_clients:", "oauth_clients: []\nx:", "oauth_clients: expected a list with at least one OAuth client (DC-AUTH-22)"},
	{"scope is missing", `"digital-connect:write", `, "", "acme.yaml:6:13: oauth_clients[0].scopes: the scope digital-connect:write is missing; the client needs both of Digital Connect (DC-AUTH-22)"},
	{"scopes with a comma", `["digital-connect:read", "digital-connect:write"`, `["digital-connect:read,digital-connect:write"`, "expected one scope, without blanks and commas, such as digital-connect:write (DC-AUTH-05)"},
	{"authorization-code client", "secret: kit_secret-canary", "secret: kit_secret-canary\n    grants: [authorization_code]", "acme.yaml:6:13: oauth_clients[0].grants: a connector asks for tokens by client_credentials, which is not among authorization_code; enable it (DC-AUTH-22)"},
	{"no credentials", "    secret: kit_secret-canary\n", "", "acme.yaml:4:5: oauth_clients[0]: there is neither a secret nor a key"},
	{"no key", "secret: kit_secret-canary", "secret: kit_secret-canary\n    keys: [{kid: a, public_key: abc}]", "acme.yaml:6:33: oauth_clients[0].keys[0].public_key: the public key is not in PEM; it begins with -----BEGIN PUBLIC KEY----- (DC-AUTH-04)"},
	{"client twice", "integrations:", "  - {id: kit-client, secret: x, scopes: [\"digital-connect:read\", \"digital-connect:write\"]}\nintegrations:", "acme.yaml:7:10: oauth_clients[1].id: there is an OAuth client kit-client already"},
	{"action with a hyphen", "message_created: active", "message-created: active", "acme.yaml:10:62: integrations[0].actions.message-created: there is no such action; they are conversation_started, message_created, conversation_ended (DC-ACTION-01); did you mean message_created?"},
	{"action is missing", "message_created: active, ", "", "acme.yaml:10:14: integrations[0].actions: the action message_created is missing; all three are needed (DC-ACTION-01)"},
	{"a fourth action", "message_created: active", "message_created: active, typing: active", "there is no such action"},
	{"state of an action", "message_created: active", "message_created: actve", `integrations[0].actions.message_created: expected active or draft (DC-ACTION-02), found the text "actve"; did you mean active?`},
	{"base path with a query", "http://connector.test/hook", "http://connector.test/hook?token=1", "acme.yaml:9:16: integrations[0].base_path: a base path has no query; take away what follows the question mark (DC-ACTION-25)"},
	{"base path without a scheme", "http://connector.test/hook", "connector.test/hook", `integrations[0].base_path: "connector.test/hook" has no scheme; a base path is a whole URL, such as https://connector.example/hook (DC-ACTION-25)`},
	{"base path of another scheme", "http://connector.test/hook", "ftp://connector.test/hook", "has no scheme"},
	{"base path without a host", "http://connector.test/hook", "http:///hook", "names no host"},
	{"base path with a user", "http://connector.test/hook", "http://a:b@connector.test/hook", "a base path holds no user and no password"},
	{"base path with a fragment", "http://connector.test/hook", "'http://connector.test/hook#a'", "a base path has no fragment"},
	{"base path that is none", "http://connector.test/hook", `"http://conn\tector.test"`, "is no URL"},
	{"timeout", "name: ocp", "name: ocp\n    timeout_s: 60", "acme.yaml:9:16: integrations[0].timeout_s: expected 5 to 30 seconds (DC-ACTION-09), found the number 60"},
	{"basic without a user", "name: ocp", "name: ocp\n    auth: {type: basic, secret: x}", "integrations[0].auth: authentication basic needs user: (DC-ACTION-17)"},
	{"key without a secret", "name: ocp", "name: ocp\n    auth: {type: api-key}", "authentication api-key needs secret:"},
	{"oauth2 without an address", "name: ocp", "name: ocp\n    auth: {type: oauth2, user: a, secret: b}", "authentication oauth2 needs token_url:"},
	{"authentication", "name: ocp", "name: ocp\n    auth: {type: apikey}", "expected none, basic, api-key or oauth2 (DC-ACTION-17), found the text \"apikey\"; did you mean api-key?"},
	{"input schema of no action", "name: ocp", "name: ocp\n    input_schemas: {typing: {type: object}}", "integrations[0].input_schemas.typing: there is no such action"},
	{"input schema without a title", "name: ocp", "name: ocp\n    input_schemas: {message_created: {type: object, properties: {a: {type: string}}}}", "(DC-ACTION-26)"},
	{"argument twice", "{name: Score, variable: score}", "{name: Intent, variable: score}", "flows[0].arguments[1].name: there is an argument Intent already"},
	{"variable twice", "{name: Score, variable: score}", "{name: Score, variable: intent}", "flows[0].arguments[1].variable: there is an argument for the variable intent already"},
	{"unknown flow", "flow: flow-1", "flow: flow-2", `acme.yaml:22:11: touchpoints[0].flow: there is no flow "flow-2" in this file (DC-TOUCH-07); did you mean flow-1?`},
	{"unknown integration", "integration: ocp", "integration: ocb", `touchpoints[0].integration: there is no integration "ocb" in this file (DC-TOUCH-07); did you mean ocp?`},
	{"active without a flow", "    flow: flow-1\n", "", "acme.yaml:17:5: touchpoints[0]: an active touchpoint needs flow:; give it, or set status: inactive (DC-TOUCH-08)"},
	{"active without a routing type", "    routing_type: studio\n", "", "an active touchpoint needs routing_type:"},
	{"active without a webhook", "    integration: ocp\n", "", "an active touchpoint needs integration:; give it, or set status: inactive (DC-TOUCH-07)"},
	{"status", "status: active", "status: on", "touchpoints[0].status: expected active or inactive (DC-TOUCH-01)"},
	{"extension with a dot", "[pdf, png, jpg]", "[.pdf]", `touchpoints[0].attachments.extensions[0]: expected an extension without the dot, such as pdf (DC-TOUCH-05), found the text ".pdf"`},
	{"size as a text", "max_kb: 2", "max_kb: 2MB", "touchpoints[0].attachments.max_kb: expected a number of KB"},
	{"ended code as a number", "region: US", "region: US\nsettings: {ended_error: {code: 3016011}}", `settings.ended_error.code: expected a text; put it in quotes, such as "3016011", found the number 3016011`},
	{"setting", "region: US", "region: US\nsettings: {event_type_cases: upper}", "settings.event_type_cases: unknown key; did you mean settings.event_type_case?"},
	{"lower", "region: US", "region: US\nsettings: {event_type_case: Lower}", "settings.event_type_case: expected upper or lower"},
	{"a list", "account: acme", "- account: acme", "acme.yaml:"},
	{"two documents", "region: US", "region: US\n---\na: b", "a second document begins here"},
}

func TestParseAccountSaysWhatIsWrong(t *testing.T) {
	for _, one := range accountMistakes {
		t.Run(one.name, func(t *testing.T) {
			a, err := parse(t, one.old, one.instead)
			require.Error(t, err)
			assert.Nil(t, a)
			assert.Contains(t, err.Error(), one.message)
		})
	}
}

func TestParseAccountTellsEveryMistake(t *testing.T) {
	_, err := parse(t, "conversation_ended: active", "conversation_ended: draft", "message_created: active", "message: active", "flow: flow-1", "flow: nothing", "http://connector.test/hook", "hook")
	var problems *document.Error
	require.ErrorAs(t, err, &problems)
	assert.Len(t, problems.Problems, 4)
}

func TestAccountSchemaDescribesEveryKey(t *testing.T) {
	raw, err := digitalconnect.AccountSchema()
	require.NoError(t, err)
	var top map[string]any
	require.NoError(t, json.Unmarshal(raw, &top))
	var walk func(path string, node map[string]any)
	walk = func(path string, node map[string]any) {
		properties, _ := node["properties"].(map[string]any)
		for name, value := range properties {
			child := value.(map[string]any)
			assert.NotEmpty(t, child["description"], "%s.%s", path, name)
			if path != "" || name != "x" {
				assert.NotEmpty(t, child["errorMessage"], "%s.%s", path, name)
			}
			walk(path+"."+name, child)
		}
		if items, is := node["items"].(map[string]any); is {
			assert.NotEmpty(t, items["errorMessage"], path)
			walk(path+"[]", items)
		}
	}
	walk("", top)
}

func FuzzParseAccount(f *testing.F) {
	f.Add(sampleText(f))
	for _, one := range accountMistakes {
		f.Add(strings.Replace(sampleText(f), one.old, one.instead, 1))
	}
	f.Fuzz(func(t *testing.T, source string) {
		a, err := digitalconnect.ParseAccount("fuzz.yaml", []byte(source))
		if err != nil {
			assert.Contains(t, err.Error(), "fuzz.yaml")
			return
		}
		mock, err := digitalconnect.New(digitalconnect.Options{Account: a})
		require.NoError(t, err, "an account that was taken can be played")
		mock.Close()
	})
}
