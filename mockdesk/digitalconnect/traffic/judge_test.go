package traffic_test

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/traffic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type object = map[string]any

// about is what the account file of the tests tells.
func about(t *testing.T) rules.About {
	t.Helper()
	source, err := os.ReadFile("testdata/account.yaml")
	require.NoError(t, err)
	account, err := digitalconnect.ParseAccount("account.yaml", source)
	require.NoError(t, err)
	return account.About()
}

// lines is a recording that can be changed before it is judged.
type lines struct {
	t   *testing.T
	all []object
}

// good is testdata/good.ndjson, in which everything holds.
func good(t *testing.T) *lines {
	t.Helper()
	source, err := os.ReadFile("testdata/good.ndjson")
	require.NoError(t, err)
	l := &lines{t: t}
	for line := range strings.Lines(string(source)) {
		var one object
		require.NoError(t, json.Unmarshal([]byte(line), &one))
		l.all = append(l.all, one)
	}
	return l
}

// find is the n-th exchange, from 1, with that method and a path that ends so.
func (l *lines) find(method, ending string, n int) object {
	l.t.Helper()
	for _, one := range l.all {
		q := one["request"].(object)
		if q["method"] == method && strings.HasSuffix(q["path"].(string), ending) {
			if n--; n == 0 {
				return one
			}
		}
	}
	require.Fail(l.t, "there is no such exchange", "%s %s", method, ending)
	return nil
}

func request(x object) object  { return x["request"].(object) }
func response(x object) object { return x["response"].(object) }
func headers(x object) object  { return request(x)["headers"].(object) }
func body(x object) object     { return request(x)["body"].(object) }

// copyOf is a deep copy.
func copyOf(t *testing.T, x object) object {
	t.Helper()
	text, err := json.Marshal(x)
	require.NoError(t, err)
	var c object
	require.NoError(t, json.Unmarshal(text, &c))
	return c
}

// again adds a copy of an exchange behind it, at that time of the day.
func (l *lines) again(x object, at string) object {
	l.t.Helper()
	c := copyOf(l.t, x)
	c["at"] = "2026-01-02T" + at + "Z"
	l.all = append(l.all, c)
	return c
}

// source is the recording as a file.
func (l *lines) source() []byte {
	l.t.Helper()
	var b strings.Builder
	for _, one := range l.all {
		text, err := json.Marshal(one)
		require.NoError(l.t, err)
		b.Write(text)
		b.WriteByte('\n')
	}
	return []byte(b.String())
}

func judge(t *testing.T, source []byte, about rules.About) *traffic.Judgement {
	t.Helper()
	file, err := traffic.Read("x.ndjson", source)
	require.NoError(t, err)
	return traffic.Judge([]*traffic.File{file}, about)
}

// broken are the requirements that do not hold, tried those that were put to the test.
func broken(j *traffic.Judgement) (ids []string) {
	for _, f := range j.Findings {
		if len(f.Breaches) > 0 {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

func tried(j *traffic.Judgement) (ids []string) {
	for _, f := range j.Findings {
		if f.Tried > 0 {
			ids = append(ids, f.ID)
		}
	}
	return ids
}

func finding(t *testing.T, j *traffic.Judgement, id string) traffic.Finding {
	t.Helper()
	i := slices.IndexFunc(j.Findings, func(f traffic.Finding) bool { return f.ID == id })
	require.GreaterOrEqual(t, i, 0, id)
	return j.Findings[i]
}

func TestAGoodRecordingHoldsEverywhere(t *testing.T) {
	for _, file := range []string{"good.ndjson", "good.har"} {
		t.Run(file, func(t *testing.T) {
			source, err := os.ReadFile("testdata/" + file)
			require.NoError(t, err)
			j := judge(t, source, about(t))
			assert.Empty(t, broken(j))
			assert.Equal(t, map[string]int{"identity": 2, "api": 28, "storage": 1, "webhook": 24}, j.Exchanges)
			assert.Equal(t, map[string]int{"cdn.example": 1}, j.Elsewhere)
			assert.Equal(t, map[string]int{"author.type AGENT": 21, "event_type MESSAGE_CREATED": 21, "event_type CONVERSATION_ENDED": 1}, j.Events)
			assert.Empty(t, j.Left)
			assert.Zero(t, j.Hidden)
			untried := slices.DeleteFunc(traffic.Judged(), func(id string) bool { return slices.Contains(tried(j), id) })
			assert.Equal(t, []string{"DC-AUTH-04", "DC-AUTH-14", "DC-AUTH-19", "DC-ACTION-17", "DC-ACTION-23", "DC-CONV-15"}, untried)
		})
	}
}

// TestWhatRealWebhooksSay is told, for nobody knows it: spellings, kinds of authors, and where an event is not as the published schema has it.
func TestWhatRealWebhooksSay(t *testing.T) {
	l := good(t)
	first := body(l.find("POST", "/hook", 1))
	first["event_type"], first["payload"].(object)["author"] = "message_created", object{"name": "x", "type": "BOT"}
	third := body(l.find("POST", "/hook", 3))
	third["account_id"], third["payload"].(object)["content"] = "a-1", nil
	j := judge(t, l.source(), about(t))
	assert.Equal(t, map[string]int{
		"event_type message_created": 1, "event_type MESSAGE_CREATED": 20, "event_type CONVERSATION_ENDED": 1, "author.type AGENT": 20, "author.type BOT": 1,
		`message_created not as its schema at ""`: 1, `message_created not as its schema at "/payload/content"`: 1,
	}, j.Events)
}

// TestFairToWhomOneHearsHalfOf has the same contact come again and again, and each time the end is in webhooks that were not recorded, or shows by a line that was refused.
func TestFairToWhomOneHearsHalfOf(t *testing.T) {
	for name, keep := range map[string]func(string) bool{
		"no webhooks": func(host string) bool { return host != "connector.test" },
		"all":         func(string) bool { return true },
	} {
		t.Run(name, func(t *testing.T) {
			l := good(t)
			third, late := l.find("POST", "/conversations", 3), l.find("POST", "c-3/messages", 1)
			for i, minute := range []string{"10", "11", "12", "13"} {
				id := "d-" + itoa(i)
				start := l.again(third, "03:"+minute+":00")
				response(start)["body"], headers(start)["x-idempotency-key"] = object{"id": id}, id
				if name == "all" {
					line := l.again(late, "03:"+minute+":30")
					request(line)["path"], headers(line)["x-idempotency-key"] = "/digital-connect/conversations/"+id+"/messages", "m-"+id
				}
			}
			l.all = slices.DeleteFunc(l.all, func(x object) bool { return !keep(request(x)["host"].(string)) })
			j := judge(t, l.source(), about(t))
			assert.Empty(t, broken(j))
			assert.Equal(t, name != "all", finding(t, j, "DC-CONV-12").Missing != "")
		})
	}
}

// mistakes are recordings in which exactly the named requirements do not hold: each that a recording can be judged by is among them.
var mistakes = []struct {
	name   string
	change func(*lines)
	about  func(*rules.About)
	broken []string
}{
	{name: "the region where the account belongs", change: func(l *lines) { request(l.find("POST", "/token", 1))["host"] = "us.talkdeskid.com" }, broken: []string{"DC-AUTH-01"}},
	{name: "the token is asked for elsewhere", change: func(l *lines) { request(l.find("POST", "/token", 1))["path"] = "/token" }, broken: []string{"DC-AUTH-01"}},
	{name: "the grant in the query", change: func(l *lines) {
		q := request(l.find("POST", "/token", 1))
		q["query"], q["body"] = "grant_type=client_credentials", ""
	}, broken: []string{"DC-AUTH-02"}},
	{name: "the secret in the body", change: func(l *lines) {
		x := l.find("POST", "/token", 1)
		delete(headers(x), "Authorization")
		request(x)["body"] = "grant_type=client_credentials&client_id=kit-client&client_secret=kit_secret-canary"
	}, broken: []string{"DC-AUTH-03"}},
	{name: "an assertion without claims", change: func(l *lines) {
		x := l.find("POST", "/token", 1)
		delete(headers(x), "Authorization")
		request(x)["body"] = "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion=eyJhbGciOiJub25lIn0.e30.x"
	}, broken: []string{"DC-AUTH-04"}},
	{name: "scopes with commas", change: func(l *lines) {
		request(l.find("POST", "/token", 1))["body"] = "grant_type=client_credentials&scope=digital-connect%3Awrite%2Cdigital-connect%3Aread"
	}, broken: []string{"DC-AUTH-05"}},
	{name: "a scope that was not granted", change: func(l *lines) {
		request(l.find("POST", "/token", 1))["body"] = "grant_type=client_credentials&scope=digital-connect%3Awrite+admin"
	}, broken: []string{"DC-AUTH-05"}},
	{name: "the token by Basic", change: func(l *lines) { headers(l.find("POST", "/messages", 1))["Authorization"] = "Basic tok-canary-1" }, broken: []string{"DC-AUTH-08"}},
	{name: "no token, and refused for it", change: func(l *lines) {
		x := l.find("POST", "/messages", 1)
		delete(headers(x), "Authorization")
		x["response"] = object{"status": 401}
	}, broken: []string{"DC-AUTH-08"}},
	{name: "a token that is over", change: func(l *lines) { headers(l.find("POST", "/conversations", 2))["Authorization"] = "Bearer tok-canary-1" }, broken: []string{"DC-AUTH-09"}},
	{name: "a token for each message", change: func(l *lines) {
		second := l.find("POST", "/token", 2)
		for _, at := range []string{"03:05:30", "03:05:31", "03:05:32"} {
			l.again(second, at)
		}
		l.all = slices.DeleteFunc(l.all, func(x object) bool { return x["at"].(string) < "2026-01-02T03:04:50" }) // the first conversation
	}, broken: []string{"DC-AUTH-10"}},
	{name: "refused, and asked again and again", change: func(l *lines) {
		second := l.find("POST", "/token", 2)
		for _, at := range []string{"03:06:30", "03:06:31", "03:06:32", "03:06:33"} {
			l.again(second, at)["response"] = object{"status": 401, "body": object{"error": "invalid_client"}}
		}
	}, about: func(a *rules.About) { a.Users = 1 }, broken: []string{"DC-AUTH-14"}},
	{name: "the token in an answer to a webhook", change: func(l *lines) {
		l.find("POST", "/hook", 1)["response"] = object{"status": 200, "headers": object{"Content-Type": "application/json"}, "body": object{"sent": "Bearer tok-canary-1"}}
	}, broken: []string{"DC-AUTH-16"}},
	{name: "the secret at another host", change: func(l *lines) {
		request(l.find("GET", "/logo.png", 1))["headers"] = object{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("kit-client:kit_secret-canary"))}
	}, broken: []string{"DC-AUTH-16"}},
	{name: "the secret in an address", change: func(l *lines) { request(l.find("POST", "/messages", 1))["query"] = "k=kit_secret-canary" }, broken: []string{"DC-AUTH-16"}},
	{name: "the host of another region", change: func(l *lines) { request(l.find("POST", "/messages", 1))["host"] = "api.talkdeskapp.eu" }, broken: []string{"DC-AUTH-18"}},
	{name: "the host of another region than EU", change: func(*lines) {}, about: func(a *rules.About) { a.Region = "EU" }, broken: []string{"DC-AUTH-19"}},
	{name: "a webhook is answered 500", change: func(l *lines) { l.find("POST", "/hook", 1)["response"] = object{"status": 500} }, broken: []string{"DC-ACTION-08"}},
	{name: "a webhook is to be sent again", change: func(l *lines) { l.find("POST", "/hook", 1)["response"] = object{"status": 503} }, broken: []string{"DC-ACTION-08", "DC-ACTION-19"}},
	{name: "a webhook is answered with a page", change: func(l *lines) {
		l.find("POST", "/hook", 1)["response"] = object{"status": 200, "headers": object{"Content-Type": "text/html"}, "body": "<html>"}
	}, broken: []string{"DC-ACTION-08"}},
	{name: "a webhook is answered late", change: func(l *lines) { l.find("POST", "/hook", 1)["ms"] = 10500 }, broken: []string{"DC-ACTION-09"}},
	{name: "webhooks are answered slowly", change: func(l *lines) {
		for n := range 3 {
			l.find("POST", "/hook", 3+n)["ms"] = 1500
		}
	}, broken: []string{"DC-ACTION-10"}},
	{name: "nonsense is taken", change: func(l *lines) {
		for _, x := range l.all {
			if b, is := request(x)["body"].(object); is && b["event_type"] == "SOMETHING" {
				x["response"] = object{"status": 200}
			}
		}
	}, broken: []string{"DC-ACTION-13"}},
	{name: "a webhook without credentials is taken", change: func(l *lines) {
		for _, x := range l.all {
			if request(x)["path"] == "/hook" {
				x["request"].(object)["headers"] = object{"X-API-Key": "hook-canary", "Content-Type": "application/json"}
			}
		}
		delete(headers(l.find("POST", "/hook", 1)), "X-API-Key")
	}, about: func(a *rules.About) { a.Hook.Auth, a.Hook.Secret = "api-key", "hook-canary" }, broken: []string{"DC-ACTION-17"}},
	{name: "a slash at the end is too much", change: func(l *lines) {
		x := l.find("POST", "/hook", 1)
		request(x)["path"], x["response"] = "/hook/", object{"status": 301}
	}, broken: []string{"DC-ACTION-23"}},
	{name: "GET is taken", change: func(l *lines) { l.find("GET", "/hook", 1)["response"] = object{"status": 200} }, broken: []string{"DC-ACTION-24"}},
	{name: "another path for starts", change: func(l *lines) { request(l.find("POST", "/conversations", 3))["path"] = "/v1/conversations" }, broken: []string{"DC-CONV-01"}},
	{name: "the name of the touchpoint", change: func(l *lines) { body(l.find("POST", "/conversations", 1))["touchpoint_id"] = "Web" }, broken: []string{"DC-CONV-02", "DC-TOUCH-03"}},
	{name: "a telephone number for a touchpoint", change: func(l *lines) { body(l.find("POST", "/conversations", 1))["touchpoint_id"] = "+15550100" }, broken: []string{"DC-CONV-02"}},
	{name: "no e-mail address", change: func(l *lines) { body(l.find("POST", "/conversations", 1))["contact_person"] = object{} }, broken: []string{"DC-CONV-03"}},
	{name: "an e-mail address that is none", change: func(l *lines) { body(l.find("POST", "/conversations", 1))["contact_person"] = object{"email": "ann"} }, broken: []string{"DC-CONV-04"}},
	{name: "a subject that is null", change: func(l *lines) { body(l.find("POST", "/conversations", 1))["subject"] = nil }, broken: []string{"DC-CONV-05"}},
	{name: "arguments as a list", change: func(l *lines) {
		body(l.find("POST", "/conversations", 1))["context_parameters"] = []any{object{"Intent": "x"}}
	}, broken: []string{"DC-CONV-06"}},
	{name: "roles in place of types", change: func(l *lines) {
		body(l.find("POST", "/conversations", 1))["previous_messages"] = []any{object{"type": "assistant", "content": "x", "created_at": "x"}}
	}, broken: []string{"DC-CONV-07"}},
	{name: "one key for two transfers", change: func(l *lines) { headers(l.find("POST", "/conversations", 2))["x-idempotency-key"] = "k-1" }, broken: []string{"DC-CONV-09"}},
	{name: "an id that is not escaped", change: func(l *lines) {
		request(l.find("POST", "/messages", 1))["path"] = "/digital-connect/conversations/c~1:a%b/messages"
	}, broken: []string{"DC-CONV-10"}},
	{name: "a start for each line", change: func(l *lines) {
		first := l.find("POST", "/conversations", 1)
		other := l.find("POST", "/conversations", 2)
		other["at"] = "2026-01-02T03:04:10Z"
		l.all = []object{l.find("POST", "/token", 1), first, other, l.find("POST", "/hook", 1)}
		for i, at := range []string{"03:04:20", "03:04:21", "03:04:22"} {
			x := l.again(first, at)
			headers(x)["x-idempotency-key"], response(x)["body"] = "new-"+at, object{"id": "n-" + string(rune('a'+i))}
		}
	}, broken: []string{"DC-CONV-12"}},
	{name: "a message before there is an id", change: func(l *lines) {
		request(l.find("POST", "/messages", 2))["path"] = "/digital-connect/conversations/undefined/messages"
	}, broken: []string{"DC-CONV-15"}},
	{name: "a field that is not documented", change: func(l *lines) { body(l.find("POST", "/conversations", 1))["channel"] = "web" }, broken: []string{"DC-CONV-20"}},
	{name: "text in place of content", change: func(l *lines) { request(l.find("POST", "/messages", 1))["body"] = object{"text": "Hello"} }, broken: []string{"DC-MSG-01", "DC-CONV-20"}},
	{name: "one key for two messages", change: func(l *lines) { headers(l.find("POST", "/messages", 2))["x-idempotency-key"] = "k-2" }, broken: []string{"DC-MSG-05"}},
	{name: "a message with nothing in it", change: func(l *lines) { request(l.find("POST", "/messages", 1))["body"] = object{"content": " "} }, broken: []string{"DC-MSG-06"}},
	{name: "a message after it was refused", change: func(l *lines) {
		late := l.find("POST", "c-3/messages", 1)
		headers(l.again(late, "03:06:30"))["x-idempotency-key"] = "k-8"
	}, broken: []string{"DC-MSG-08"}},
	{name: "another version of the attachments", change: func(l *lines) { request(l.find("POST", "/2023-03", 1))["path"] = "/attachments/2022-01" }, broken: []string{"DC-ATT-01"}},
	{name: "an attachment before its upload", change: func(l *lines) {
		l.find("PUT", "/r-1", 1)["at"] = "2026-01-02T03:06:40Z"
	}, broken: []string{"DC-ATT-01"}},
	{name: "a file with other fields", change: func(l *lines) {
		body(l.find("POST", "/messages", 3))["attachments"] = []any{object{"id": "a-1", "filename": "a.pdf", "type": "application/pdf", "size": 11}}
	}, broken: []string{"DC-ATT-02", "DC-CONV-20"}},
	{name: "a size as a text", change: func(l *lines) {
		body(l.find("POST", "/messages", 3))["attachments"] = []any{object{"id": "a-1", "name": "a.pdf", "type": "application/pdf", "size": "11"}}
	}, broken: []string{"DC-ATT-03"}},
	{name: "a size in KB", change: func(l *lines) {
		body(l.find("POST", "/messages", 3))["attachments"] = []any{object{"id": "a-1", "name": "a.pdf", "type": "application/pdf", "size": 1}}
	}, broken: []string{"DC-ATT-04"}},
	{name: "the token to the storage", change: func(l *lines) { headers(l.find("PUT", "/r-1", 1))["Authorization"] = "Bearer tok-canary-1" }, broken: []string{"DC-ATT-09"}},
	{name: "a DELETE with a body", change: func(l *lines) { request(l.find("DELETE", "/c-2", 1))["body"] = object{"reason": "user"} }, broken: []string{"DC-END-01"}},
	{name: "a message after the end", change: func(l *lines) {
		headers(l.again(l.find("POST", "c-2/messages", 1), "03:06:30"))["x-idempotency-key"] = "k-9"
	}, broken: []string{"DC-END-05"}},
	{name: "a DELETE after the agent's end", change: func(l *lines) {
		x := l.again(l.find("DELETE", "/c-2", 1), "03:04:40")
		request(x)["path"], x["response"] = "/digital-connect/conversations/c~1:a%25b", object{"status": 404}
		headers(x)["Authorization"] = "Bearer tok-canary-1"
	}, broken: []string{"DC-END-06"}},
	{name: "an argument beside the others", change: func(l *lines) { body(l.find("POST", "/conversations", 1))["Intent"] = "billing" }, broken: []string{"DC-CONV-20", "DC-ARG-01"}},
	{name: "an argument in another case", change: func(l *lines) {
		body(l.find("POST", "/conversations", 1))["context_parameters"] = object{"intent": "x"}
	}, broken: []string{"DC-ARG-02"}},
	{name: "an argument that is an object", change: func(l *lines) {
		body(l.find("POST", "/conversations", 1))["context_parameters"] = object{"Intent": object{"name": "billing"}}
	}, broken: []string{"DC-ARG-03"}},
	{name: "a token among the arguments", change: func(l *lines) {
		body(l.find("POST", "/conversations", 1))["context_parameters"] = object{"Intent": "tok-canary-1"}
	}, broken: []string{"DC-ARG-06"}},
	{name: "an argument that comes later", change: func(l *lines) {
		x := l.again(l.find("POST", "/conversations", 2), "03:05:30")
		request(x)["method"], request(x)["path"], request(x)["body"] = "PATCH", "/digital-connect/conversations/c-2", object{"context_parameters": object{"Intent": "x"}}
		x["response"] = object{"status": 405}
	}, broken: []string{"DC-ARG-07"}},
	{name: "no arguments as a text", change: func(l *lines) { body(l.find("POST", "/conversations", 2))["context_parameters"] = "" }, broken: []string{"DC-CONV-06", "DC-ARG-08"}},
}

func TestEachRuleCanBeSeenBroken(t *testing.T) {
	shown := map[string]bool{}
	for _, tt := range mistakes {
		t.Run(tt.name, func(t *testing.T) {
			l, known := good(t), about(t)
			tt.change(l)
			if tt.about != nil {
				tt.about(&known)
			}
			j := judge(t, l.source(), known)
			assert.ElementsMatch(t, tt.broken, broken(j))
			for _, id := range broken(j) {
				shown[id] = true
				f := finding(t, j, id)
				assert.Positive(t, f.Tried)
				assert.Empty(t, f.Missing)
				for _, b := range f.Breaches {
					assert.NotEmpty(t, b.Expected)
					assert.NotEmpty(t, b.Recorded)
				}
			}
			text, err := json.Marshal(j)
			require.NoError(t, err)
			assert.NotContains(t, string(text), "canary", "no secret is told")
		})
	}
	assert.Equal(t, slices.Sorted(slices.Values(traffic.Judged())), slices.Sorted(maps.Keys(shown)), "each requirement that a recording can be judged by is broken above")
}
