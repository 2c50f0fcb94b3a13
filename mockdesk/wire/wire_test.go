package wire_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/wire"
)

const small = `wire: 1
name: small
conversation:
  values: {seq: '${0}', token: '${random(8)}'}
  found-by: [token]
answers:
  "*": {json: {no: "${detail}"}}
routes:
  - on: POST /rooms/{room}/lines
    means: message
    body: json
    conversation: path.room
    let: {words: body.text}
    give: {text: words, key: body.key}
    answers:
      stored: {json: ANSWER}
  - on: GET /rooms/{room}
    means: state
    conversation: path.room
events:
  agent.joined: {json: EVENT}
`

func parse(t *testing.T, text string) *wire.Wire {
	t.Helper()
	w, err := wire.Parse("small.wire.yaml", []byte(text))
	require.NoError(t, err)
	return w
}

// says renders a template as an answer to a request with the body.
func says(t *testing.T, template, body string) (string, error) {
	t.Helper()
	w, err := wire.Parse("small.wire.yaml", []byte(strings.NewReplacer("ANSWER", template, "EVENT", "1").Replace(small)))
	if err != nil {
		return "", err
	}
	r := httptest.NewRequest(http.MethodPost, "/rooms/r%2F1/lines?q=7", nil)
	r.Header.Set("X-Seq", "12")
	match := w.Match(r.Method, r.URL)
	require.Len(t, match.Routes, 1)
	take := &match.Routes[0].Take
	scope := wire.NewScope()
	defer scope.Release()
	scope.From(&wire.Source{Request: r, Path: match.Path, Base: "http://desk"})
	scope.Clock(time.Date(2026, 3, 1, 9, 0, 0, 5e6, time.UTC))
	parsed, err := wire.ReadBody(wire.JSONBody, []byte(body))
	require.NoError(t, err)
	scope.Set("body", parsed)
	if _, err := take.Applies(scope); err != nil {
		return "", err
	}
	reply, _, err := take.Answer(scope, "stored", 0)
	return string(reply.Body), err
}

func TestTemplates(t *testing.T) {
	for template, want := range map[string]string{
		`"plain"`:                     `"plain"`,
		`"${body.n}"`:                 `7`,
		`"${body.text}"`:              `"a \u003cb\u003e \"c\" ü"`,
		`"n=${body.n} ${body.none}."`: `"n=7 ."`,
		`"$${body.n}"`:                `"${body.n}"`,
		`"${ {\"a\": \"}\"}.a }"`:     `"}"`,
		`{a?: "${body.none}", b?: "${[]}", c?: "", d?: 0}`:                            `{"d":0}`,
		`{"...": "${body.deep}", x: 1}`:                                               `{"list":[1,2,{"a":true}],"x":1}`,
		`{"...": "${ {} }", x: 1}`:                                                    `{"x":1}`,
		`{data: {$json: {n: "${body.n}", t: "q\"q"}}}`:                                `{"data":"{\"n\":7,\"t\":\"q\\\"q\"}"}`,
		`["${body.deep.list[2].a}", "${body.deep.list[9]}", "${body.deep.list[-1]}"]`: `[true,null,{"a":true}]`,
		`"${map(body.deep.list, # == 1 ? \"one\" : \"more\")}"`:                       `["one","more","more"]`,
		`"${json(body.deep)}"`:                                                        `"{\"list\":[1,2,{\"a\":true}]}"`,
		`"${parse('[1, 2.5]')[1]}"`:                                                   `2.5`,
		`"${path.room}"`:                                                              `"r/1"`,
		`"${query.q} ${header[\"x-seq\"]} ${request.method} ${base}"`:                 `"7 12 POST http://desk"`,
		`"${at} ${millis}"`:                                                           `"2026-03-01T09:00:00.005Z 1772355600005"`,
		`"${moment(millis, '2006/01')}"`:                                              `"2026/03"`,
		`"${body.big}"`:                                                               `12345678901234567890`,
		`"${blank(body.text)} ${blank(body.none)} ${blank(' ')}"`:                     `"false true true"`,
		`"${replace('aXbX', 'X', '-')}${urlencode('a b&')}"`:                          `"a-b-a+b%26"`,
		`"${len(random(4))}"`:                                                         `8`,
		`"${body.text == 'x' ? 1 : 2}"`:                                               `2`,
	} {
		got, err := says(t, template, `{"n":7,"text":"a <b> \"c\" ü","deep":{"list":[1,2,{"a":true}]},"big":12345678901234567890}`)
		require.NoError(t, err, template)
		assert.Equal(t, want, got, template)
	}
}

func TestExpressionsAreBounded(t *testing.T) {
	for template, why := range map[string]string{
		`"${map(body.l, map(body.l, map(body.l, map(body.l, 1))))}"`:                                 "budget",
		`"${count(body.l, count(body.l, count(body.l, count(body.l, true) == 100) == 100) == 100)}"`: "steps",
		`"${map(body.l, join(map(body.l, body.t)))}"`:                                                "steps",
		`"${replace(body.t, 'x', body.t + body.t + body.t + body.t)}"`:                               "16 MiB",
		`"${parse(body.t)}"`: "not JSON",
		`"${int(body.t)}"`:   "",
		`"${random(65)}"`:    "1 to 64",
	} {
		_, err := says(t, template, `{"l":[`+strings.Repeat("1,", 99)+`1],"t":"`+strings.Repeat("x", 20_000)+`"}`)
		require.Error(t, err, template)
		assert.Contains(t, err.Error(), why, template)
		assert.Contains(t, err.Error(), "small.wire.yaml:", "the place is told")
	}
}

func TestExpressionsCannotReachTheMachine(t *testing.T) {
	for _, source := range []string{
		"now()", "date('2026-01-01')", "timezone('Europe/Berlin')", "repeat('x', 9)", "reduce(body.l, #acc + #)", "1..9", "let x = 1; x + x",
		"body.text.foo()", "_budget", "_clock", "_field(1, 2)", "os", "env", "$env", "readFile('x')",
	} {
		_, err := says(t, `"${`+source+`}"`, `{}`)
		assert.Error(t, err, source)
	}
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for name, c := range map[string]struct{ from, to, says string }{
		"key":         {"means: message", "mean: message", "small.wire.yaml:10:5: routes[0].mean: unknown key; did you mean routes[0].means?"},
		"meaning":     {"means: message", "means: mesage", `10:12: routes[0].means: expected one of`},
		"meaning?":    {"means: message", "means: mesage", `did you mean message?`},
		"given":       {"give: {text: words", "give: {txt: words", `14:17: routes[0].give.txt: "txt" is no value that message takes; did you mean text?`},
		"missing":     {"give: {text: words, key: body.key}", "give: {key: body.key}", "message needs text"},
		"value":       {"let: {words: body.text}", "let: {words: bdy.text}", `there is no value "bdy" here; did you mean body?`},
		"syntax":      {"let: {words: body.text}", "let: {words: body.text +}", "at character"},
		"taken":       {"let: {words: body.text}", "let: {words: body.text, detail: 1}", "the name is taken"},
		"outcome":     {"stored: {json", "stord: {json", `"stord" is no outcome; did you mean stored?`},
		"event":       {"agent.joined:", "agent.joind:", `events.agent.joind: "agent.joind" is no event; did you mean agent.joined?`},
		"silent rule": {"{json: EVENT}", "{status: 200}", "to leave it out write none"},
		"method":      {"on: GET /rooms", "on: FETCH /rooms", "expected a method and a path"},
		"parameter":   {"on: GET /rooms/{room}", "on: GET /rooms/x{room}", "a whole segment"},
		"nobody":      {"    conversation: path.room\nevents", "events", "which conversation it is about"},
		"finder":      {"conversation: path.room\n    let", "conversation: {tken: path.room}\n    let", "did you mean token?"},
		"found-by":    {"found-by: [token]", "found-by: [tokn]", "did you mean token?"},
		"template":    {"json: ANSWER", `json: "${body.text"`, "has no } to end it"},
		"xml":         {"{json: ANSWER}", `{xml: "<a>${body.text}</b>"}`, "it is not XML"},
		"two bodies":  {"{json: ANSWER}", `{json: 1, text: x}`, "choose one"},
		"shape":       {"{json: ANSWER}", `{shape: none}`, "is no shape"},
		"version":     {"wire: 1", "wire: 2", "small.wire.yaml:1:7: wire: expected the version of the format, which is 1"},
		"sockets":     {"means: state", "means: state\n    socket: {}", "only a route SOCKET"},
		"hold":        {"means: state", "means: events\n    as: long-poll", "hold: 25s"},
		"file":        {"means: message", "means: attachment", "body: file"},
		"found value": {"give: {text: words", "set: {token: '1'}\n    give: {text: words", "does not change"},
		"yaml":        {"name: small", "name: [", "small.wire.yaml:"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, small, c.from)
			text := strings.NewReplacer("ANSWER", "1", "EVENT", "1").Replace(strings.Replace(small, c.from, c.to, 1))
			_, err := wire.Parse("small.wire.yaml", []byte(text))
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.says)
			mistakes, ok := errors.AsType[*document.Error](err)
			require.True(t, ok)
			assert.Positive(t, mistakes.Problems[0].Line)
		})
	}
}

func TestNearMisses(t *testing.T) {
	w := parse(t, strings.NewReplacer("ANSWER", "1", "EVENT", "1").Replace(small))
	for address, want := range map[string]string{
		"/room/1/lines":    `POST /rooms/{room}/lines (the path has "room" where the route has "rooms")`,
		"/rooms/1/lines/2": `POST /rooms/{room}/lines (the path goes on with "2")`,
		"/rooms//lines":    `POST /rooms/{room}/lines (the path has "" where the route has "{room}")`,
	} {
		u, err := url.Parse(address)
		require.NoError(t, err)
		match := w.Match("POST", u)
		assert.Empty(t, match.Routes, address)
		assert.Equal(t, want, w.Explain("POST", match, u)[0].String(), address)
	}
	u := &url.URL{Path: "/rooms/1/lines"}
	match := w.Match("DELETE", u)
	assert.Equal(t, "POST, OPTIONS", match.Allow)
	assert.Equal(t, "POST /rooms/{room}/lines (the method is DELETE)", w.Explain("DELETE", match, u)[0].String())
	assert.Equal(t, "GET, POST, OPTIONS", w.Methods())
}

func TestXMLBodies(t *testing.T) {
	got, err := wire.ReadBody(wire.XMLBody, []byte(`<?xml version="1.0"?><x:a xmlns:x="u" id="7"> <b>1</b><b k="v">2</b><c/> tail </x:a>`))
	require.NoError(t, err)
	assert.Equal(t, map[string]any{"a": map[string]any{"@id": "7", "@x": "u", "b": []any{"1", map[string]any{"@k": "v", "text": "2"}}, "c": "", "text": "tail"}}, got)
	for _, bad := range []string{"", "x", "<a>", "<a></b>", "<a/><b/>", strings.Repeat("<a>", 101) + strings.Repeat("</a>", 101), `<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>`} {
		_, err := wire.ReadBody(wire.XMLBody, []byte(bad))
		assert.Error(t, err, bad)
	}
}

func TestASavedFileIsReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small.wire.yaml")
	good := strings.NewReplacer("ANSWER", "1", "EVENT", "1").Replace(small)
	require.NoError(t, os.WriteFile(path, []byte(good), 0o600))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	type change struct {
		w   *wire.Wire
		err error
	}
	changes, ended := make(chan change, 100), make(chan error, 1)
	go func() { ended <- wire.Watch(ctx, path, func(w *wire.Wire, err error) { changes <- change{w, err} }) }()
	save := func(text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path+".new", []byte(text), 0o600))
		require.NoError(t, os.Rename(path+".new", path))
	}
	until := func(seen func(change) bool) {
		t.Helper()
		for {
			select {
			case c := <-changes:
				if seen(c) {
					return
				}
			case err := <-ended:
				require.FailNow(t, "the watch has ended", "%v", err)
			case <-ctx.Done():
				require.FailNow(t, "no change was seen")
			}
		}
	}
	until(func(c change) bool { return c.w != nil && c.w.Name == "small" })
	save(strings.Replace(good, "name: small", "name: smaller", 1))
	until(func(c change) bool { return c.w != nil && c.w.Name == "smaller" })
	save(strings.Replace(good, "means: state", "means: stat", 1))
	until(func(c change) bool {
		return c.err != nil && strings.Contains(c.err.Error(), "routes[1].means: expected one of")
	})
	cancel()
	require.NoError(t, <-ended)
	require.Error(t, wire.Watch(t.Context(), filepath.Join(path, "nowhere", "x.yaml"), nil))
}

func TestFilesThatAreNone(t *testing.T) {
	_, err := wire.Load(t.TempDir())
	require.ErrorContains(t, err, "is no file")
	_, err = wire.Load(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestWhatAWireOffers(t *testing.T) {
	o := wire.Native().Offer()
	assert.Empty(t, o.NoEvents)
	assert.Equal(t, []wire.Meaning{wire.Acknowledge, wire.Nothing}, o.NoMeanings)
	for _, capability := range []string{"core", "avail", "files", "screen", "state"} {
		assert.Empty(t, o.Lacks(capability), "the native wire is for everything")
	}
	for _, one := range o.Takes {
		if !strings.Contains(one.On, "›") {
			assert.Empty(t, one.Unanswered, one.On)
		}
	}
	o = parse(t, strings.NewReplacer("ANSWER", "1", "EVENT", "1").Replace(small)).Offer()
	assert.Equal(t, []string{"agent.joined"}, o.Told)
	assert.ElementsMatch(t, []string{"start", "end", "events", "agent.left", "conversation.ended", "message"}, o.Lacks("core"), "the event, that is: a message can be sent")
	assert.Equal(t, []string{"stored-already"}, o.Takes[0].Unanswered)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(small))
	f.Add(wire.NativeFile())
	f.Fuzz(func(_ *testing.T, text []byte) {
		if w, err := wire.Parse("fuzz.wire.yaml", text); err == nil {
			w.Offer()
			w.RouteList()
		}
	})
}

func FuzzRequestsAndFrames(f *testing.F) {
	w := wire.Native()
	var socket *wire.Socket
	for _, r := range w.Routes {
		if r.Socket != nil {
			socket = r.Socket
		}
	}
	f.Add("PUT", "/v1/conversations/conversation-0001/messages/k", `{"text":"x"}`)
	f.Add("GET", "/v1//availability?queue=%ff", `<a/>`)
	f.Add("SOCKET", "/v1/conversations/%2f/events", `{"type":"typing","typing":true}`)
	f.Fuzz(func(_ *testing.T, method, path, body string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		match := w.Match(method, u)
		w.Explain(method, match, u)
		for _, kind := range []wire.BodyKind{wire.JSONBody, wire.XMLBody, wire.FormBody, wire.TextBody} {
			parsed, err := wire.ReadBody(kind, []byte(body))
			if err != nil {
				continue
			}
			for _, r := range match.Routes {
				scope := wire.NewScope()
				request := httptest.NewRequest(http.MethodGet, "/", nil)
				request.URL = u
				scope.From(&wire.Source{Request: request, Path: match.Path})
				scope.Set("body", parsed)
				_, _ = r.Applies(scope)
				_, _, _ = r.About(scope)
				_ = r.Check(scope)
				_, _ = r.Given(scope)
				scope.Release()
			}
		}
		_, _, _ = socket.Hear(wire.NewScope(), true, []byte(body))
	})
}
