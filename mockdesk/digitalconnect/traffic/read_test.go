package traffic_test

import (
	"os"
	"strings"
	"testing"

	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/traffic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMistakesInRecordings has each told with its line and its field.
func TestMistakesInRecordings(t *testing.T) {
	const line = `{"at":"2026-01-02T03:04:05Z","ms":1,"request":{"method":"GET","host":"a.test","path":"/"}}`
	entry := func(fields string) string { return "{\"log\":{\n\"entries\":[\n{" + fields + "}\n]}}" }
	const q, a = `"request":{"method":"GET","url":"https://a.test/"}`, `"response":{"status":200}`
	const started = `"startedDateTime":"2026-01-02T03:04:05Z"`
	for _, tt := range []struct{ name, source, err string }{
		{"no JSON", "hello", `x:1:1: expected one exchange a line as JSON: invalid character 'h' at start of value`},
		{"half a line", line + "\n" + line[:30], "x:2:31: expected one exchange a line as JSON: it ends in the middle"},
		{"two on a line", line + line, "x:1:91: expected one exchange a line as JSON: "},
		{"a list", "[" + line + "]", `x:1: expected one exchange a line, found a list; "jq -c '.[]' FILE" writes its items`},
		{"a text", `"x"`, "x:1: : expected an object, found a text"},
		{"no time", `{"ms":1,"request":{"method":"GET","host":"a.test","path":"/"}}`, "x:1: at: expected a time such as 2026-01-02T03:04:05.678Z, found nothing"},
		{"a time that is none", strings.Replace(line, "T03", "T33", 1), `x:1: at: expected a time such as 2026-01-02T03:04:05.678Z, found "2026-01-02T33:04:05Z"`},
		{"no request", `{"at":"2026-01-02T03:04:05Z","ms":1}`, "x:1: request: expected a request, with method, host and path, found nothing"},
		{"no host", strings.Replace(line, `"host":"a.test",`, "", 1), "x:1: request.host: expected the name of a host, found nothing"},
		{"a path that is a URL", strings.Replace(line, `"/"`, `"https://canary.test"`, 1), "x:1: request.path: expected a path that begins with /, without a query, found a text"},
		{"a time below zero", strings.Replace(line, `"ms":1`, `"ms":-1`, 1), "x:1: ms: expected a number of milliseconds, found the number -1"},
		{"a time without end", strings.Replace(line, `"ms":1`, `"ms":1e999`, 1), "x:1: ms: expected a number, found one that is too large, or not whole"},
		{"half a status", strings.Replace(line, `"request"`, `"response":{"status":200.5},"request"`, 1), "x:1: response.status: expected a whole number, found one that is too large, or not whole"},
		{"an unknown key", strings.Replace(line, `"ms"`, `"took":1,"ms"`, 1), "x:1: took: unknown key"},
		{"a key mistyped", strings.Replace(line, `"host"`, `"hots"`, 1), "did you mean request.host?"},
		{"a party of another contract", strings.Replace(line, `"ms"`, `"party":"desk","ms"`, 1), "x:1: party: expected identity, api, storage or webhook, found a text"},
		{"headers as a list", strings.Replace(line, `"path"`, `"headers":[],"path"`, 1), "x:1: request.headers: expected an object, found a list"},
		{"a header that is a number", strings.Replace(line, `"path"`, `"headers":{"A":1},"path"`, 1), "x:1: request.headers.A: expected a text, or a list of texts"},
		{"a status that is a text", strings.Replace(line, `"request"`, `"response":{"status":"200"},"request"`, 1), "x:1: response.status: expected a whole number, found a text"},
		{"an entry without a time", `{"seq":1,"kind":"request","from":"connector","to":"api","data":{}}`, "x:1: atMs: expected the time of the entry"},
		{"an entry without sense", `{"seq":1,"atMs":1,"kind":"request","from":"connector","to":"api","data":{"method":1}}`, "x:1: data.method: expected a text, found a number"},
		{"an answer without sense", `{"seq":1,"atMs":1,"kind":"response","from":"api","to":"connector","data":[]}`, "x:1: data: expected an object, found a list"},
		{"several mistakes", strings.Repeat("{}\n", 2), "x:2: at: expected a time"},

		{"HAR: no list", `{"log":{"entries":{}}}`, "x:1: log.entries: expected a list of entries"},
		{"HAR: no entries", `{"log":{"version":"1.2"}}`, "x:1: log.entries: expected a list of entries, found nothing"},
		{"HAR: a log that is none", `{"log":7}`, "x:1: log: expected an object"},
		{"HAR: half", `{"log":{"entries":[` + "\n", "x:2: this is no HAR document: it ends in the middle"},
		{"HAR: broken", "{\"log\":{\"entries\":[\n{,}]}}", "x:2: this is no HAR document: "},
		{"HAR: two", entry(started+","+q+","+a) + "{}", "something follows the document"},
		{"HAR: no request", entry(started + "," + a), "x:3: log.entries[0].request: expected the request, found nothing"},
		{"HAR: no response", entry(started + "," + q), "x:3: log.entries[0].response: expected the response, found nothing"},
		{"HAR: no method", entry(started + `,"request":{"url":"https://a.test"},` + a), "x:3: log.entries[0].request.method: expected a method"},
		{"HAR: no URL", entry(started + `,"request":{"method":"GET","url":"canary"},` + a), "x:3: log.entries[0].request.url: expected a whole URL"},
		{"HAR: no time", entry(q + "," + a), "x:3: log.entries[0].startedDateTime: expected a time such as"},
		{"HAR: another kind", entry(started + "," + q + `,"response":{"status":"200"}`), "x:3: log.entries[0].response.status: expected a whole number, found a text"},
		{"HAR: twice", entry(started + "," + started + "," + q + "," + a), "x:3: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := traffic.Read("x", []byte(tt.source))
			require.ErrorContains(t, err, tt.err)
			assert.NotContains(t, err.Error(), "canary")
		})
	}
}

func TestManyMistakesAreNotAllTold(t *testing.T) {
	_, err := traffic.Read("x", []byte(strings.Repeat("{\n", 1000)))
	require.Error(t, err)
	assert.Equal(t, 20, strings.Count(err.Error(), "\n")+1)
}

func TestWhatOtherToolsWrite(t *testing.T) {
	source, err := os.ReadFile("testdata/good.har")
	require.NoError(t, err)
	lower := strings.NewReplacer(`"name": "Authorization"`, `"name": "authorization"`, `"name": "Content-Type"`, `"name": "content-type"`).Replace(string(source))
	for name, text := range map[string]string{
		"a byte order mark":      "\ufeff" + string(source),
		"headers of HTTP/2":      strings.ReplaceAll(lower, `"headers": [`, `"headers": [{"name":":authority","value":"x"},{"name":":path","value":"/"},`),
		"ports that go unsaid":   strings.NewReplacer("https://api.talkdeskapp.com/", "https://API.talkdeskapp.com:443/").Replace(string(source)),
		"fields of their own":    strings.Replace(string(source), `"startedDateTime"`, `"_securityState":"secure","startedDateTime"`, 1),
		"the entries come first": strings.Replace(string(source), `"version": "1.2",`, "", 1),
	} {
		t.Run(name, func(t *testing.T) {
			text = strings.NewReplacer(`,]`, `]`, ",\n     ]", "]").Replace(text)
			j := judge(t, []byte(text), about(t))
			assert.Empty(t, broken(j))
			assert.Equal(t, map[string]int{"identity": 2, "api": 28, "storage": 1, "webhook": 24}, j.Exchanges)
		})
	}
}

// TestTwoFilesAreOneRecording has what was sent and what was heard in files of their own, as two proxies save them, in whichever order they are named.
func TestTwoFilesAreOneRecording(t *testing.T) {
	l := good(t)
	var sent, heard lines
	sent.t, heard.t = t, t
	for _, x := range l.all {
		if request(x)["host"] == "connector.test" {
			heard.all = append(heard.all, x)
		} else {
			sent.all = append(sent.all, x)
		}
	}
	out, err := traffic.Read("out", sent.source())
	require.NoError(t, err)
	in, err := traffic.Read("in", heard.source())
	require.NoError(t, err)
	for _, files := range [][]*traffic.File{{out, in}, {in, out}} {
		j := traffic.Judge(files, about(t))
		assert.Empty(t, broken(j))
		assert.Contains(t, tried(j), "DC-END-06", "the end that came in is known to what went out")
	}
}

// TestABodyIsWhatWasSent has the exact bytes judged: keys that come twice, and texts that are no JSON.
func TestABodyIsWhatWasSent(t *testing.T) {
	line := func(body string) string {
		return `{"at":"2026-01-02T03:04:05Z","ms":1,"request":{"method":"POST","host":"api.talkdeskapp.com","path":"/digital-connect/conversations/c/messages","headers":{"content-type":["application/json"],"Authorization":"Bearer x"},"body":` + body + `},"response":{"status":201}}`
	}
	for body, want := range map[string][]string{
		`{"content":"a"}`:                nil,
		`"{\"content\":\"a\"}"`:          nil,
		`"base64: eyJjb250ZW50IjoiYSJ9"`: nil,
		`{"content":"a","content":"b"}`:  {"DC-MSG-01"},
		`"no JSON"`:                      {"DC-MSG-01"},
		`{"Content":"a"}`:                {"DC-MSG-01", "DC-CONV-20"},
		`7`:                              {"DC-MSG-01"},
	} {
		j := judge(t, []byte(line(body)), rules.About{})
		assert.ElementsMatch(t, want, broken(j), body)
	}
}

// TestWhatIsNotWholeIsNotJudged leaves exchanges out whose request is not all there, and says which.
func TestWhatIsNotWholeIsNotJudged(t *testing.T) {
	l := good(t)
	request(l.find("POST", "/messages", 1))["body"], request(l.find("POST", "/messages", 1))["size"] = `{"content":"Hel… (70000 bytes in all)`, 70000
	put := request(l.find("PUT", "/r-1", 1))
	put["body"], put["size"] = "base64, the first 2 of 12 bytes: JVA=", 11
	x := l.find("POST", "/hook", 1)
	x["response"] = object{"status": 200, "body": `{"long": … (70000 bytes in all)`, "size": 70000}
	j := judge(t, l.source(), about(t))
	assert.Empty(t, broken(j))
	assert.Equal(t, []traffic.LeftOut{{Place: "x.ndjson:3", Why: "the body of its request was not recorded whole"}}, j.Left)
	assert.Contains(t, tried(j), "DC-ATT-04", "of an upload its size is enough")

	source, err := os.ReadFile("testdata/good.har")
	require.NoError(t, err)
	text := strings.Replace(string(source), `"text": "{\"content\": \"Hello\"}"`, `"text": ""`, 1)
	require.NotEqual(t, string(source), text)
	j = judge(t, []byte(text), about(t))
	assert.Empty(t, broken(j))
	require.Len(t, j.Left, 1)
	assert.Equal(t, "the body of its request was not recorded", j.Left[0].Why)
	assert.Regexp(t, `^x\.ndjson:\d+$`, j.Left[0].Place)
}

// TestPlacesAreLines leads a reader to the exchange.
func TestPlacesAreLines(t *testing.T) {
	l := good(t)
	body(l.find("POST", "/conversations", 2))["touchpoint_id"] = "Web"
	b := finding(t, judge(t, l.source(), about(t)), "DC-CONV-02").Breaches
	require.Len(t, b, 1)
	assert.Equal(t, traffic.Breach{
		Place: "x.ndjson:12", Request: "POST api.talkdeskapp.com/digital-connect/conversations", Pointer: "/touchpoint_id",
		Expected: "the configured Touchpoint ID, 3f0c1c1e-0000-4000-8000-000000000001", Recorded: `"Web"`,
	}, b[0])

	source, err := os.ReadFile("testdata/good.har")
	require.NoError(t, err)
	text := strings.Replace(string(source), `\"ben@example.test\"`, `7`, 1)
	b = finding(t, judge(t, []byte(text), about(t)), "DC-CONV-03").Breaches
	require.Len(t, b, 1)
	before, _, found := strings.Cut(text, `\"email\": 7`)
	require.True(t, found)
	entry := strings.LastIndex(before, "startedDateTime")
	require.Positive(t, entry)
	assert.Equal(t, "x.ndjson:"+itoa(strings.Count(text[:entry], "\n")), b[0].Place, "the entry begins on the line before its first field")
}
