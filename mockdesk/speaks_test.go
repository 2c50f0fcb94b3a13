package mockdesk_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

const tiny = `wire: 1
name: tiny
routes:
  - on: POST /start
    means: start
    body: json
    answers: {opened: {json: {id: "${conversation.id}", hello: first}}}
  - on: POST /{id}/say
    means: message
    body: json
    conversation: path.id
    give: {text: body.text}
    answers: {stored: {json: "${int(body.text)}"}}
  - on: GET /{id}/news
    means: events
    conversation: path.id
    answers: {events: {json: "${events}"}}
events:
  agent.joined: {text: "hello ${event.agent.name}"}
  agent.typing: {text: "${int(event.agent.name)}"}
  message: {when: event.author.role == "agent", text: "${event.text}"}
`

func tinyWire(t *testing.T, text string) *wire.Wire {
	t.Helper()
	w, err := wire.Parse("tiny.wire.yaml", []byte(text))
	require.NoError(t, err)
	return w
}

func TestADeskLearnsAnotherWireWhileItRuns(t *testing.T) {
	t.Parallel()
	s := openWith(t, mockdesk.Options{Wire: tinyWire(t, tiny)})
	id := s.do("POST", "/start", "{}").json(t)["id"].(string)
	c := s.next()
	ada, ben := s.desk.Agent("a", "Ada"), s.desk.Agent("b", "Ben")
	s.act(ada.Join(c))
	require.NoError(t, s.desk.SetWire(tinyWire(t, strings.NewReplacer("hello ${", "welcome ${", "hello: first", "hello: second", "name: tiny", "name: newer").Replace(tiny))))
	s.act(ben.Join(c))
	assert.JSONEq(t, `["hello Ada","welcome Ben"]`, s.do("GET", "/"+id+"/news", "").raw, "what was said stays said")
	assert.Equal(t, "second", s.do("POST", "/start", "{}").json(t)["hello"])
	assert.Contains(t, s.entry(journal.Act, "wire").Note, "newer")
	assert.Equal(t, "newer", s.desk.Wire().Name)

	found := tinyWire(t, strings.Replace(tiny, "routes:", "conversation: {values: {token: '${random(9)}'}, found-by: [token]}\nroutes:", 1))
	require.ErrorContains(t, s.desk.SetWire(found), "open the desk anew")
}

func TestAWireThatIsAtFaultSaysWhere(t *testing.T) {
	t.Parallel()
	s := openWith(t, mockdesk.Options{Wire: tinyWire(t, tiny)})
	id := s.do("POST", "/start", "{}").json(t)["id"].(string)
	c := s.next()
	said := s.do("POST", "/"+id+"/say", `{"text":"seven"}`)
	assert.Equal(t, 500, said.status)
	assert.Equal(t, "broken", said.json(t)["error"])
	assert.Contains(t, said.json(t)["detail"], "tiny.wire.yaml:13")
	assert.Contains(t, s.entry(journal.Response, "POST /{id}/say").Note, "tiny.wire.yaml:13")

	ada := s.desk.Agent("a", "Ada")
	s.act(ada.Join(c))
	s.act(ada.Typing(c, true))
	assert.Contains(t, s.entry(journal.Act, "agent.typing").Note, "tiny.wire.yaml:20")
	assert.JSONEq(t, `["hello Ada"]`, s.do("GET", "/"+id+"/news", "").raw)

	unknown := s.do("POST", "/nobody/say", `{"text":"7"}`)
	assert.Equal(t, 404, unknown.status)
	assert.Equal(t, map[string]any{"error": "unknown-conversation", "title": "There is no such conversation", "detail": "Open it first, with POST /start."}, unknown.json(t), "where the wire has no words")
}

func TestIdsThatAreNotNewAreAFault(t *testing.T) {
	t.Parallel()
	s := openWith(t, mockdesk.Options{Wire: tinyWire(t, strings.Replace(tiny, "routes:", "conversation: {id: always}\nroutes:", 1))})
	assert.Equal(t, 200, s.do("POST", "/start", "{}").status)
	again := s.do("POST", "/start", "{}")
	assert.Equal(t, 500, again.status)
	assert.Contains(t, again.json(t)["detail"], "${random(16)}")
	assert.Len(t, s.desk.Conversations(), 1)
}

func TestFilesOfAgentsAreServedWithoutARoute(t *testing.T) {
	t.Parallel()
	s := openWith(t, mockdesk.Options{Wire: tinyWire(t, tiny)})
	address := s.desk.Publish("a b.png", "image/png", []byte("png"))
	path := strings.TrimPrefix(address, s.desk.URL())
	got := s.do("GET", path, "", "Origin", "http://page.example")
	assert.Equal(t, "png", got.raw)
	assert.Equal(t, "image/png", got.header.Get("Content-Type"))
	assert.Equal(t, "http://page.example", got.header.Get("Access-Control-Allow-Origin"))
	assert.Equal(t, 404, s.do("GET", path+"x", "").status)
}

func TestFloodsOfFramesWaitForTheClientToRead(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.start(idOne)
	st := s.listen(idOne, "0")
	const frames = 3000
	sent := make(chan error, 1)
	go func() {
		var err error
		for range frames {
			if err = st.conn.WriteMessage(1, []byte(`{"type":"nonsense"}`)); err != nil {
				break
			}
		}
		sent <- err
	}()
	for range frames {
		require.Equal(t, "error", st.next()["type"])
	}
	require.NoError(t, <-sent)
}
