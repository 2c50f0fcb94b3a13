package mockdesk_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// These tests hold whole conversations in protocols that are unlike the native one, and are described by files alone.

func openWire(t *testing.T, name string) *stage {
	t.Helper()
	w, err := wire.Load(filepath.Join("testdata", name+".wire.yaml"))
	require.NoError(t, err)
	return openWith(t, mockdesk.Options{Wire: w})
}

func (s *stage) next() *mockdesk.Conversation {
	s.t.Helper()
	c, err := s.desk.NextConversation(s.ctx)
	require.NoError(s.t, err)
	return c
}

func (s *stage) act(_ int, err error) {
	s.t.Helper()
	require.NoError(s.t, err)
}

func parsed(t *testing.T, raw string) any {
	t.Helper()
	var v any
	require.NoError(t, json.Unmarshal([]byte(raw), &v), raw)
	return v
}

func TestAWireOfPollsWithATokenAndXML(t *testing.T) {
	t.Parallel()
	s := openWire(t, "polling")
	assert.JSONEq(t, `{"open":true,"ahead":0}`, s.do("GET", "/api/presence?team=billing", "").raw)
	assert.Equal(t, "billing", s.desk.Queries()[0].Queue)

	opened := s.do("POST", "/api/cases", `{"team":"billing","handover":{"summary":"A bill","n":12345678901234567890},"visitor":{"displayName":"Mia","id":7}}`)
	assert.Equal(t, 400, opened.status)
	assert.Equal(t, `The field "visitor.id" must be a text.`, opened.json(t)["message"])
	opened = s.do("POST", "/api/cases", `{"team":"billing","handover":{"summary":"A bill","n":12345678901234567890},"visitor":{"displayName":"Mia"}}`)
	require.Equal(t, 201, opened.status, opened.raw)
	c := s.next()
	assert.Regexp(t, `^case-[0-9a-f]{12}$`, c.ID(), "the desk chooses")
	assert.Equal(t, "/api/cases/"+c.ID(), opened.header.Get("Location"))
	assert.Equal(t, c.ID(), opened.json(t)["case"])
	assert.Equal(t, "QUEUED", opened.json(t)["phase"])
	assert.Equal(t, "Mia", c.User().Name)
	assert.JSONEq(t, `{"summary":"A bill","n":12345678901234567890}`, string(c.Context()), "numbers are not rounded")
	token, _ := opened.json(t)["token"].(string)
	bearer := []string{"Authorization", "Bearer " + token}

	ada, ben := s.desk.Agent("a1", "Ada"), s.desk.Agent("b1", "Ben")
	place, wait := 2, 90
	s.act(c.QueueUpdate(mockdesk.QueueInfo{Position: &place, WaitSeconds: &wait}))
	s.act(ada.Join(c))
	s.act(ada.Typing(c, true))
	s.act(ada.Send(c, mockdesk.Item{Kind: "text", Text: "Look"}, mockdesk.Item{Kind: "picture", URL: "http://x/1.png"}))
	assert.Equal(t, parsed(t, `{"next":4,"news":[
		{"n":1,"kind":"queue","place":2,"minutes":2},
		{"n":2,"kind":"hello","from":"Ada"},
		{"n":3,"kind":"typing","on":true},
		{"n":4,"kind":"line","from":"Ada","text":"Look\nhttp://x/1.png","pictures":["http://x/1.png"]}]}`), parsed(t, s.do("GET", "/api/news", "", bearer...).raw))

	said := s.do("POST", "/api/lines", `<line id="k1">I &lt;b&gt; &amp; so on</line>`, bearer...)
	assert.Equal(t, 201, said.status)
	assert.Equal(t, "application/xml", said.header.Get("Content-Type"))
	assert.Equal(t, `<receipt line="k1" number="1"><at>2026-03-01T09:00:00.000Z</at></receipt>`, said.raw)
	assert.Equal(t, "I <b> & so on", c.Transcript()[1].Text)
	assert.Equal(t, 200, s.do("POST", "/api/lines", `<line id="k1">again</line>`, bearer...).status)
	assert.Contains(t, s.do("POST", "/api/lines", `<line id="k2">more</line>`, bearer...).raw, `number="3"`, "a value that is kept, once for each")
	assert.Contains(t, s.do("POST", "/api/lines", `<line id="k3">`, bearer...).json(t)["message"], "it is not XML")

	s.do("POST", "/api/signals", `{"signal":"typing","on":true}`, bearer...)
	assert.True(t, c.UserTypes())
	s.do("POST", "/api/signals", `{"signal":"read","upTo":4}`, bearer...)
	assert.Equal(t, 4, c.UserRead())
	s.act(ada.Read(c))
	s.act(ada.Transfer(c, ben))
	s.act(ada.Leave(c))
	s.act(ben.Join(c))
	assert.Equal(t, parsed(t, `{"next":10,"news":[{"n":7,"kind":"read","upTo":6},{"n":8,"kind":"handover","from":"Ada","to":"Ben"},{"n":9,"kind":"bye","from":"Ada"},{"n":10,"kind":"hello","from":"Ben"}]}`),
		parsed(t, s.do("GET", "/api/news?since=4", "", bearer...).raw), "lines of the user do not come back")
	assert.JSONEq(t, `{"case":"`+c.ID()+`","phase":"TALKING","last":10,"staff":["Ben"]}`, s.do("GET", "/api/case", "", bearer...).raw)

	s.act(c.SetUploads(mockdesk.UploadRules{}))
	s.act(c.Bounce("more", ""))
	assert.Empty(t, s.entry(journal.Act, "uploads.changed").Note[len("The desk changes which files it takes."):], "the file says that it is not told")
	assert.Contains(t, s.entry(journal.Act, "message.failed").Note, "has no words for it")

	assert.Equal(t, 204, s.do("DELETE", "/api/case", "", bearer...).status)
	assert.Equal(t, "user", c.EndedBy())
	assert.JSONEq(t, `{"ok":false,"code":410,"reason":"conversation-ended","message":"It has ended, was withdrawn or has expired; open another one under a new id."}`, s.do("GET", "/api/case", "", bearer...).raw)
	assert.Equal(t, parsed(t, `{"next":13,"news":[{"n":13,"kind":"end","by":"user"}]}`), parsed(t, s.do("GET", "/api/news?since=12", "", bearer...).raw))
	assert.Equal(t, 404, s.do("GET", "/api/case", "", "Authorization", "Bearer guessed").status)

	s.do("POST", "/api/cases", `{}`)
	other := s.next()
	assert.NotEqual(t, c.ID(), other.ID())
	s.clock.Advance(89 * time.Second)
	assert.Equal(t, mockdesk.Waiting, other.State())
	s.clock.Advance(time.Second)
	assert.Equal(t, "abandoned", other.EndedBy(), "after the time that the wire gives")
}

func TestReactionsHoldForEveryWire(t *testing.T) {
	t.Parallel()
	s := openWire(t, "polling")
	s.desk.ReactNext(mockdesk.OpStart, 1, mockdesk.Refuse(503, "Closed"))
	assert.JSONEq(t, `{"ok":false,"code":503,"reason":"refused","message":"The desk declines this request; nothing has changed."}`, s.do("POST", "/api/cases", `{}`).raw)
	s.desk.React(mockdesk.OpStart, mockdesk.Hold())
	got := s.later("POST", "/api/cases", `{}`)
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpStart, 1))
	assert.Empty(t, s.desk.Conversations())
	s.desk.Release(mockdesk.OpStart)
	assert.Equal(t, 201, s.get(got).status)
}

// TestWhatAFrameMeansIsWrittenDown wants the journal and the desk to tell what came over a socket or is held as they tell it of the native wire.
func TestWhatAFrameMeansIsWrittenDown(t *testing.T) {
	t.Parallel()
	s := openWire(t, "sockets")
	chat := s.talk("/chat")
	assert.Equal(t, "welcome", chat.hear()["op"])
	assert.Equal(t, 1, s.desk.Listeners())
	chat.send(`{"op":"connect","id":1,"data":"{}"}`)
	c := s.next()
	assert.Equal(t, "ack", chat.hear()["op"])
	assert.Equal(t, 1, c.Listeners())
	chat.send(`{"op":"say","id":2,"data":"{\"text\":\" \"}"}`)
	assert.Equal(t, "ack", chat.hear()["op"])
	assert.Equal(t, 1, s.desk.BlankLines())
	chat.send(`{"op":"sing"}`)
	assert.Equal(t, "nack", chat.hear()["op"])
	chat.send(`{"op":"bye","id":3}`)
	assert.Equal(t, "ack", chat.hear()["op"])
	means := map[string]string{}
	for _, e := range s.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Frame && e.From == journal.Integration }) {
		means[e.Name] = e.Operation
	}
	assert.Equal(t, map[string]string{"connect": "start", "say": "message", "unknown": "", "bye": "end"}, means)
	// The native wire takes no blank line, and it was brought one all the same.
	native := open(t)
	id := "conversation-0001"
	native.start(id)
	assert.Equal(t, http.StatusBadRequest, native.do("PUT", "/v1/conversations/"+id+"/messages/k1", `{"text":" "}`).status)
	assert.Equal(t, http.StatusCreated, native.do("PUT", "/v1/conversations/"+id+"/messages/k2", `{"text":"x"}`).status)
	assert.Equal(t, 1, native.desk.BlankLines())
}

func form(values ...string) string {
	f := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		f.Set(values[i], values[i+1])
	}
	return f.Encode()
}

func TestAWireOfLongPollsWithACookieAndForms(t *testing.T) {
	t.Parallel()
	s := openWire(t, "longpoll")
	s.desk.SetAvailability(mockdesk.Offline)
	assert.Equal(t, "offline 0", s.do("POST", "/chat", form("action", "status")).raw)
	opened := s.do("POST", "/chat", form("action", "open", "nick", "Mia", "queue", "sales"), "Origin", "http://page.example")
	assert.Equal(t, "true", opened.header.Get("Access-Control-Allow-Credentials"))
	assert.Equal(t, "x-seq", opened.header.Get("Access-Control-Expose-Headers"))
	c := s.next()
	assert.Equal(t, form("chat", c.ID(), "result", "ok"), opened.raw)
	cookie, _, _ := strings.Cut(opened.header.Get("Set-Cookie"), ";")
	require.Regexp(t, "^sid=[0-9a-f]{32}$", cookie)
	chat := func(values ...string) answer { return s.do("POST", "/chat", form(values...), "Cookie", cookie) }
	poll := func(seq string) <-chan answer {
		got := make(chan answer, 1)
		go func() { got <- s.send(s.ctx, "GET", "/poll", "", "Cookie", cookie, "X-Seq", seq) }()
		return got
	}
	held := func() {
		t.Helper()
		for now := s.desk.Traffic(); len(now.Kept) == 0; now = s.desk.Traffic() {
			require.NoError(t, s.desk.WaitTraffic(s.ctx, now))
		}
	}

	first := poll("0")
	held()
	assert.Equal(t, 1, c.Listeners(), "a poll that is held listens")
	assert.Equal(t, []string{"GET " + s.desk.URL() + "/poll"}, s.desk.Traffic().Kept, "a page that waits for a poll is at rest")
	place := 3
	s.act(c.QueueUpdate(mockdesk.QueueInfo{Position: &place}))
	got := s.get(first)
	assert.Equal(t, "1", got.header.Get("X-Seq"))
	assert.JSONEq(t, `[["queue",3]]`, got.raw)

	second := poll("1")
	held()
	s.clock.Advance(19 * time.Second)
	select {
	case <-second:
		t.Fatal("the poll ended too early")
	default:
	}
	s.clock.Advance(time.Second)
	got = s.get(second)
	assert.Equal(t, http.StatusNoContent, got.status)
	assert.Equal(t, "1", got.header.Get("X-Seq"))

	ada := s.desk.Agent("a1", "Ada")
	s.act(ada.Join(c))
	s.act(ada.Say(c, "Hello"))
	got = s.get(poll("1"))
	assert.JSONEq(t, `[["join","Ada"],["line","Ada","Hello"]]`, got.raw, "what is there already is told at once")
	assert.Equal(t, "3", got.header.Get("X-Polls"), "polls are counted where they are answered")

	third := poll("3")
	held()
	assert.Equal(t, form("id", "k1", "result", "ok"), chat("action", "say", "id", "k1", "text", "Hi & bye").raw)
	assert.Equal(t, "Hi & bye", c.Transcript()[1].Text)
	assert.Len(t, s.desk.Traffic().Kept, 1, "nothing to tell of the user's own line")
	assert.Equal(t, form("id", "k1", "result", "again"), chat("action", "say", "id", "k1", "text", "Hi & bye").raw)
	assert.Contains(t, chat("action", "say", "text", strings.Repeat("x", 501)).raw, "A+line+has+500+characters+at+most.")
	assert.Equal(t, 204, chat("action", "typing", "on", "true").status)
	assert.True(t, c.UserTypes())
	assert.Contains(t, chat("action", "typing", "on", "perhaps").raw, "must+be+true+or+false")
	chat("action", "read", "seq", "3")
	assert.Equal(t, 3, c.UserRead())
	assert.Contains(t, chat("action", "read", "seq", "99").raw, "from+0+to+4")

	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	require.NoError(t, parts.WriteField("id", "f1"))
	part, err := parts.CreateFormFile("attachment", "holiday.png")
	require.NoError(t, err)
	_, err = part.Write(bytes.Repeat([]byte("x"), 200_000))
	require.NoError(t, err)
	require.NoError(t, parts.Close())
	up := s.do("POST", "/upload", body.String(), "Cookie", cookie, "Content-Type", parts.FormDataContentType())
	assert.Contains(t, up.raw, "bytes=200000")
	require.Len(t, c.Attachments(), 1)
	assert.Equal(t, "holiday.png", c.Attachments()[0].Name)
	assert.JSONEq(t, `[["file","holiday.png"]]`, s.get(third).raw)
	assert.Equal(t, "holiday.png", data(t, s.entry(journal.Request, "POST /upload"))["body"].(map[string]any)["name"], "the content is not recorded")
	assert.Contains(t, s.do("POST", "/upload", "no parts", "Cookie", cookie).raw, "multipart")

	fourth := poll("5")
	held()
	c.CutSockets()
	require.Error(t, s.get(fourth).err, "the link breaks")
	assert.Equal(t, form("result", "ok", "seq", "5", "state", "active"), chat("action", "resume").raw)
	ben := s.desk.Agent("b1", "Ben")
	s.act(ada.Transfer(c, ben))
	s.act(ben.Join(c))
	s.act(ada.Leave(c))
	assert.JSONEq(t, `[["transfer","Ben"],["join","Ben"],["left","Ada"]]`, s.get(poll("5")).raw)
	fifth := poll("8")
	held()
	s.act(ben.End(c))
	assert.JSONEq(t, `[["end","agent"]]`, s.get(fifth).raw)
	assert.JSONEq(t, `[]`, s.get(poll("9")).raw, "what is over is not waited for")
	assert.Equal(t, "result=over", chat("action", "say", "text", "late").raw)
	assert.Equal(t, 403, chat("action", "bye").status)
	assert.Empty(t, s.desk.Traffic().Kept)

	why := chat("action", "dance")
	assert.Equal(t, 404, why.status)
	assert.Contains(t, why.raw, "when+is+not+true")
	noted := s.journal.All(0, func(e journal.Entry) bool {
		return strings.Contains(e.Note, `when is not true: body.action == "status"`)
	})
	assert.Len(t, noted, 1)
}

// talker is a client of a wire of sockets.
type talker struct {
	s    *stage
	conn *websocket.Conn
}

func (s *stage) talk(path string) *talker {
	s.t.Helper()
	conn, _, err := s.dial(path)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = conn.Close() })
	return &talker{s, conn}
}

func (k *talker) send(frame string) {
	k.s.t.Helper()
	require.NoError(k.s.t, k.conn.WriteMessage(websocket.TextMessage, []byte(frame)))
}

// hear reads a frame whose data, if it has any, is JSON within a string.
func (k *talker) hear() map[string]any {
	k.s.t.Helper()
	require.NoError(k.s.t, k.conn.SetReadDeadline(time.Now().Add(patience)))
	_, raw, err := k.conn.ReadMessage()
	require.NoError(k.s.t, err)
	frame, _ := parsed(k.s.t, string(raw)).(map[string]any)
	if inner, ok := frame["data"].(string); ok {
		frame["data"] = parsed(k.s.t, inner)
	}
	return frame
}

func (k *talker) hears(want string) {
	k.s.t.Helper()
	assert.Equal(k.s.t, parsed(k.s.t, want), any(k.hear()))
}

func TestAWireOfTwoSocketsWithAHandshakeAndAcknowledgements(t *testing.T) {
	t.Parallel()
	s := openWire(t, "sockets")
	assert.JSONEq(t, `{"agents":true}`, s.do("GET", "/hello", "").raw)
	chat := s.talk("/chat")
	chat.hears(`{"op":"welcome","protocol":3,"socket":1}`)
	chat.send(`{"op":"say","id":1,"data":"{\"text\":\"too early\"}"}`)
	nack := chat.hear()
	assert.Equal(t, "nack", nack["op"])
	assert.Equal(t, "unknown-conversation", nack["data"].(map[string]any)["reason"])
	assert.Contains(t, nack["data"].(map[string]any)["text"], "the frame connect on the socket /chat")

	chat.send(`{"op":"connect","id":2,"data":"{\"name\":\"Mia\",\"queue\":\"vip\",\"context\":{\"summary\":\"A bill\"}}"}`)
	c := s.next()
	assert.Equal(t, "vip", c.Queue())
	ack := chat.hear()
	assert.EqualValues(t, 2, ack["id"])
	ticket := ack["data"].(map[string]any)["ticket"].(string)
	assert.Equal(t, c.ID(), ack["data"].(map[string]any)["room"])
	presence := s.talk("/presence/" + ticket)
	require.NoError(t, s.desk.WaitSockets(s.ctx, 2))
	assert.Equal(t, 2, c.Sockets())

	ada, ben := s.desk.Agent("a1", "Ada"), s.desk.Agent("b1", "Ben")
	place := 1
	s.act(c.QueueUpdate(mockdesk.QueueInfo{Position: &place}))
	s.act(ada.Join(c))
	s.act(ada.Typing(c, true))
	s.act(ada.Say(c, `He said "hi"`))
	chat.hears(`{"op":"event","n":1,"data":{"type":"queue","place":1}}`)
	chat.hears(`{"op":"event","n":2,"data":{"type":"joined","who":{"id":"a1","name":"Ada"}}}`)
	chat.hears(`{"op":"event","n":4,"data":{"type":"line","from":"Ada","text":"He said \"hi\""}}`)
	presence.hears(`{"who":"Ada","is":"here"}`)
	presence.hears(`{"who":"Ada","typing":true}`)
	require.NoError(t, s.desk.WaitSent(s.ctx))

	chat.send(`{"op":"say","id":3,"data":"{\"key\":\"k1\",\"text\":\"Hello\"}"}`)
	chat.hears(`{"op":"ack","id":3,"data":{"n":5}}`)
	chat.send(`{"op":"say","id":4,"data":"{\"key\":\"k1\",\"text\":\"Hello\"}"}`)
	chat.hears(`{"op":"ack","id":4,"data":{"n":5,"again":true}}`)
	chat.send(`{"op":"say","id":5,"data":"{no json"}`)
	assert.Equal(t, "invalid", chat.hear()["data"].(map[string]any)["reason"])
	chat.send(`{"op":"sing","id":6}`)
	assert.Equal(t, "unknown-frame", chat.hear()["data"].(map[string]any)["reason"])
	chat.send(`{"op":"typing","id":7,"data":"{\"on\":true}"}`)
	chat.hears(`{"op":"ack","id":7}`)
	assert.True(t, c.UserTypes())
	chat.send(`{"op":"read","id":8,"data":"{\"n\":4}"}`)
	chat.hears(`{"op":"ack","id":8}`)
	assert.Equal(t, 4, c.UserRead())
	s.act(ada.Read(c))
	chat.hears(`{"op":"event","n":6,"data":{"type":"read","upTo":5}}`)

	s.desk.React(mockdesk.OpMessage, mockdesk.Hold())
	chat.send(`{"op":"say","id":9,"data":"{\"text\":\"held\"}"}`)
	require.NoError(t, s.desk.WaitHeld(s.ctx, mockdesk.OpMessage, 1))
	chat.send(`{"op":"typing","id":10,"data":"{\"on\":false}"}`)
	chat.hears(`{"op":"ack","id":10}`)
	assert.Len(t, c.Transcript(), 2, "what is held has not happened, and what follows is not held up")
	s.desk.Release(mockdesk.OpMessage)
	chat.hears(`{"op":"ack","id":9,"data":{"n":7}}`)
	s.desk.ReactNext(mockdesk.OpMessage, 1, mockdesk.Refuse(503, "Busy"))
	chat.send(`{"op":"say","id":11,"data":"{\"text\":\"no\"}"}`)
	assert.Equal(t, "refused", chat.hear()["data"].(map[string]any)["reason"])
	s.desk.ReactNext(mockdesk.OpMessage, 1, mockdesk.Delay(time.Minute))
	s.desk.ReactNext(mockdesk.OpTyping, 1, mockdesk.Blackhole())
	chat.send(`{"op":"typing","id":12,"data":"{\"on\":true}"}`)
	chat.send(`{"op":"ack","n":6}`)
	chat.send(`{"op":"pong"}`)
	s.entry(journal.Frame, "pong")

	s.clock.Advance(10 * time.Second)
	beat := chat.hear()
	assert.Equal(t, "ping", beat["op"])
	assert.EqualValues(t, s.clock.Now().UnixMilli(), beat["t"])
	c.CutSockets()
	require.NoError(t, s.desk.WaitSockets(s.ctx, 0))
	s.act(ada.Transfer(c, ben))
	s.act(ada.Leave(c))
	s.act(ben.Join(c))

	again := s.talk("/chat")
	again.hears(`{"op":"welcome","protocol":3,"socket":3}`)
	again.send(`{"op":"connect","id":1,"data":"{\"ticket\":\"` + ticket + `\"}"}`)
	again.hears(`{"op":"ack","id":1,"data":{"room":"` + c.ID() + `","state":"active"}}`)
	again.hears(`{"op":"event","n":8,"data":{"type":"transfer","to":"Ben"}}`)
	again.hears(`{"op":"event","n":9,"data":{"type":"left","who":{"id":"a1","name":"Ada"}}}`)
	again.hears(`{"op":"event","n":10,"data":{"type":"joined","who":{"id":"b1","name":"Ben"}}}`)
	again.send(`{"op":"bye","id":2}`)
	again.hears(`{"op":"ack","id":2}`)
	again.hears(`{"op":"event","n":11,"data":{"type":"end","by":"user"}}`)
	assert.Equal(t, "user", c.EndedBy())

	s.clock.Advance(30 * time.Second)
	require.NoError(t, again.conn.SetReadDeadline(time.Now().Add(patience)))
	for {
		if _, _, err := again.conn.ReadMessage(); err != nil {
			assert.True(t, websocket.IsCloseError(err, 4000), "%v", err)
			break
		}
	}
	require.NoError(t, s.desk.WaitSockets(s.ctx, 0))
}

// sse reads one server-sent event: its fields by name, a comment under the empty one.
func sse(t *testing.T, r *bufio.Reader) map[string]string {
	t.Helper()
	fields := map[string]string{}
	for {
		line, err := r.ReadString('\n')
		require.NoError(t, err)
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			return fields
		}
		name, value, _ := strings.Cut(line, ": ")
		if before, has := fields[name]; has {
			value = before + "\n" + value
		}
		fields[name] = value
	}
}

func TestAWireOfServerSentEvents(t *testing.T) {
	t.Parallel()
	s := openWire(t, "sse")
	assert.Equal(t, 401, s.do("GET", "/sessions/none", "").status)
	session := s.do("POST", "/sessions", `{"name":"Mia"}`).json(t)["session"].(string)
	c := s.next()
	path := "/sessions/" + session
	follow := func(header ...string) (*bufio.Reader, io.Closer) {
		r, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.desk.URL()+path+"/stream", nil)
		require.NoError(t, err)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		response, err := s.http.Do(r)
		require.NoError(t, err)
		require.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
		t.Cleanup(func() { _ = response.Body.Close() })
		return bufio.NewReader(response.Body), response.Body
	}
	events, body := follow()
	assert.Len(t, s.desk.Traffic().Kept, 1, "a page that follows a stream is at rest")
	place := 2
	s.act(c.QueueUpdate(mockdesk.QueueInfo{Position: &place}))
	assert.Equal(t, map[string]string{"id": "1", "event": "queue", "data": "2"}, sse(t, events))
	s.clock.Advance(2 * time.Minute)
	assert.Equal(t, map[string]string{"": "still here"}, sse(t, events))
	assert.Equal(t, mockdesk.Waiting, c.State(), "who follows the stream has not gone away")
	ada, ben := s.desk.Agent("a1", "Ada"), s.desk.Agent("b1", "Ben")
	s.act(ada.Join(c))
	s.act(ada.Typing(c, true))
	s.act(ada.Say(c, "Two\nlines"))
	got := sse(t, events)
	for got["event"] == "" {
		got = sse(t, events) // another heartbeat
	}
	assert.Equal(t, map[string]string{"id": "2", "event": "joined", "data": `{"name":"Ada"}`}, got)
	assert.Equal(t, map[string]string{"id": "3", "event": "typing", "data": "true"}, sse(t, events))
	assert.Equal(t, map[string]string{"id": "4", "event": "line", "data": "Ada:\nTwo\nlines"}, sse(t, events))

	assert.Equal(t, 202, s.do("POST", path+"/messages", "Hello", "Idempotency-Key", "k1").status)
	assert.Equal(t, 208, s.do("POST", path+"/messages", "Hello", "Idempotency-Key", "k1").status)
	assert.Equal(t, "Hello", c.Transcript()[1].Text)
	s.do("PUT", path+"/typing/true", "")
	assert.True(t, c.UserTypes())
	s.do("PUT", path+"/read/4", "")
	assert.Equal(t, 4, c.UserRead())
	s.act(ada.Read(c))
	assert.Equal(t, "5", sse(t, events)["data"])
	require.NoError(t, s.desk.WaitSent(s.ctx))

	c.CutSockets()
	_, err := events.ReadString('\n')
	require.Error(t, err)
	_ = body.Close()
	s.act(ada.Transfer(c, ben))
	s.act(ada.Leave(c))
	s.act(ben.Join(c))
	assert.JSONEq(t, `{"state":"active","seen":9}`, s.do("GET", path, "").raw)
	events, _ = follow("Last-Event-ID", "6")
	assert.Equal(t, map[string]string{"id": "7", "event": "transfer", "data": `{"to":"Ben"}`}, sse(t, events))
	assert.Equal(t, "8", sse(t, events)["id"])
	assert.Equal(t, "9", sse(t, events)["id"])
	c.Garble("{nothing")
	assert.Equal(t, map[string]string{"data": "{nothing"}, sse(t, events))
	c.EchoEnd(mockdesk.Before)
	assert.Equal(t, 204, s.do("DELETE", path, "").status)
	assert.Equal(t, map[string]string{"id": "10", "event": "end", "data": "user"}, sse(t, events))
	assert.Less(t, s.entry(journal.Frame, "conversation.ended").Seq, s.entry(journal.Response, "DELETE /sessions/{id}").Seq)
	assert.Len(t, s.entries(journal.Opened, "stream"), 2)
	s.entry(journal.Closed, "stream")
}
