package recording_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/recording"
)

// patience bounds every wait of a test.
const patience = 20 * time.Second

// kept is a traffic file in memory.
type kept struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all.Write(p)
}

func (k *kept) String() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all.String()
}

// stage is a desk with a recorder before it.
type stage struct {
	t        *testing.T
	ctx      context.Context
	file     *kept
	traffic  *recording.Traffic
	recorder *recording.Recorder
	url      string
}

func newStage(t *testing.T, desk http.HandlerFunc) *stage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	behind := httptest.NewServer(desk)
	t.Cleanup(behind.Close)
	to, err := url.Parse(behind.URL + "/base")
	require.NoError(t, err)
	s := &stage{t: t, ctx: ctx, file: &kept{}}
	s.traffic = recording.NewTraffic(s.file)
	s.recorder = recording.New(s.traffic, recording.Options{To: to})
	t.Cleanup(func() { assert.NoError(t, s.recorder.Close()) })
	front := httptest.NewServer(s.recorder)
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// crossed waits for a crossing that fits.
func (s *stage) crossed(fits func(recording.Crossing) bool) recording.Crossing {
	s.t.Helper()
	for {
		all, more := s.traffic.All()
		for _, c := range all {
			if fits(c) {
				return c
			}
		}
		select {
		case <-more:
		case <-s.ctx.Done():
			require.Fail(s.t, "it did not cross", s.file.String())
		}
	}
}

func (s *stage) do(method, path, body string, headers ...string) *http.Response {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.ctx, method, s.url+path, strings.NewReader(body))
	require.NoError(s.t, err)
	for n := 0; n < len(headers); n += 2 {
		request.Header.Set(headers[n], headers[n+1])
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestRequestsPassAsTheyAre(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Set-Cookie", "sid=0123456789abcdef0123; Domain=chat.example; Secure; HttpOnly")
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.RequestURI(), body)
	})
	answer := s.do("PATCH", "/rooms/a%2Fb?x=1&y=%20", "hello")
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	assert.Equal(t, "PATCH /base/rooms/a%2Fb?x=1&y=%20 hello", string(body))
	assert.Equal(t, http.StatusTeapot, answer.StatusCode)
	assert.Equal(t, "sid=0123456789abcdef0123; HttpOnly", answer.Header.Get("Set-Cookie"), "a cookie of the desk is one of the recorder for the client")
	s.crossed(func(c recording.Crossing) bool { return c.Kind == recording.Response && c.Status == http.StatusTeapot })
	request := s.crossed(func(c recording.Crossing) bool { return c.Kind == recording.Request })
	assert.Equal(t, "/rooms/a%2Fb", request.Path)
	assert.Equal(t, "hello", request.Body)
}

// TestStreamsPassAsTheyCome reads each event before the desk sends the next.
func TestStreamsPassAsTheyCome(t *testing.T) {
	next := make(chan string)
	gone := make(chan struct{})
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for {
			select {
			case data := <-next:
				_, _ = fmt.Fprintf(w, "id: 7\nevent: line\ndata: %s\n\n", data)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				close(gone)
				return
			}
		}
	})
	asked := make(chan *http.Response)
	go func() { asked <- s.do("GET", "/stream", "") }()
	next <- "one"
	answer := <-asked
	buffer := make([]byte, 256)
	n, err := io.ReadAtLeast(answer.Body, buffer, len("id: 7\nevent: line\ndata: one\n\n"))
	require.NoError(t, err)
	assert.Contains(t, string(buffer[:n]), "data: one")
	first := s.crossed(func(c recording.Crossing) bool { return c.Kind == recording.Event })
	assert.Equal(t, []string{"7", "line", "one"}, []string{first.ID, first.Name, first.Body})
	assert.Equal(t, 1, s.recorder.Cut())
	_, err = io.ReadAll(answer.Body)
	require.Error(t, err, "the client notices the cut")
	<-gone
	s.crossed(func(c recording.Crossing) bool { return c.Kind == recording.Closed && c.Note == "cut by the recorder" })
}

func TestWhatTheDeskBreaksBreaksForTheClient(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	answer := s.do("GET", "/", "")
	_, err := io.ReadAll(answer.Body)
	require.Error(t, err)
	broken := s.crossed(func(c recording.Crossing) bool { return c.Kind == recording.Response })
	assert.Equal(t, "half", broken.Body)
	assert.Contains(t, broken.Note, "broke off")
}

// echo is a desk whose socket says what it hears, and ends with a code of its own when it is told to.
func echo(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{Subprotocols: []string{"acme.v1"}, CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	for {
		kind, text, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if string(text) == "end" {
			_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4321, "over"), time.Now().Add(patience))
			continue
		}
		_ = conn.WriteMessage(kind, text)
	}
}

func (s *stage) dial(path string) *websocket.Conn {
	s.t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"acme.v2", "acme.v1"}}
	conn, answer, err := dialer.DialContext(s.ctx, strings.Replace(s.url, "http", "ws", 1)+path, nil)
	require.NoError(s.t, err)
	require.NoError(s.t, answer.Body.Close())
	s.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestSocketsPassBothWays(t *testing.T) {
	s := newStage(t, echo)
	conn := s.dial("/talk")
	assert.Equal(t, "acme.v1", conn.Subprotocol())
	for kind, text := range map[int]string{websocket.TextMessage: "hello", websocket.BinaryMessage: "\x00\x01"} {
		require.NoError(t, conn.WriteMessage(kind, []byte(text)))
		got, back, err := conn.ReadMessage()
		require.NoError(t, err)
		assert.Equal(t, kind, got)
		assert.Equal(t, text, string(back))
	}
	pong := make(chan string, 1)
	conn.SetPongHandler(func(data string) error { pong <- data; return nil })
	require.NoError(t, conn.WriteControl(websocket.PingMessage, []byte("there?"), time.Now().Add(patience)))
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte("end")))
	_, _, err := conn.ReadMessage()
	var closed *websocket.CloseError
	require.ErrorAs(t, err, &closed)
	assert.Equal(t, 4321, closed.Code)
	assert.Equal(t, "over", closed.Text)
	assert.Equal(t, "there?", <-pong)
	end := s.crossed(func(c recording.Crossing) bool { return c.Kind == recording.Closed })
	assert.Equal(t, recording.Desk, end.From)
	assert.Equal(t, 4321, end.Code)
	binary := s.crossed(func(c recording.Crossing) bool { return c.Bytes == 2 && c.From == recording.Client })
	assert.Empty(t, binary.Body)
}

func TestACutIsNoticedOnBothSides(t *testing.T) {
	left := make(chan struct{})
	s := newStage(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(left)
		echo(w, r)
	})
	conn := s.dial("/talk")
	require.NoError(t, conn.WriteMessage(websocket.TextMessage, []byte("hello")))
	_, _, err := conn.ReadMessage()
	require.NoError(t, err)
	assert.Equal(t, 1, s.recorder.Cut())
	_, _, err = conn.ReadMessage()
	require.Error(t, err)
	<-left
	s.crossed(func(c recording.Crossing) bool { return c.Kind == recording.Closed && c.From == "" })
	assert.Zero(t, s.recorder.Cut())
}

func TestARefusedSocketIsRefused(t *testing.T) {
	s := newStage(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not today", http.StatusGone) })
	_, answer, err := websocket.DefaultDialer.DialContext(s.ctx, strings.Replace(s.url, "http", "ws", 1)+"/talk", nil)
	require.Error(t, err)
	require.NoError(t, answer.Body.Close())
	assert.Equal(t, http.StatusGone, answer.StatusCode)
}

func TestADeskThatIsNotThere(t *testing.T) {
	told := make(chan string, 2)
	traffic := recording.NewTraffic(io.Discard)
	recorder := recording.New(traffic, recording.Options{To: &url.URL{Scheme: "http", Host: "127.0.0.1:1"}, Report: func(said string) { told <- said }})
	t.Cleanup(func() { assert.NoError(t, recorder.Close()) })
	front := httptest.NewServer(recorder)
	t.Cleanup(front.Close)
	_, err := http.Get(front.URL)
	require.Error(t, err, "the client sees what it would see without the recorder")
	assert.Contains(t, <-told, "the desk did not answer")
}

// TestNoSecretIsKept has secrets wherever they may stand, and looks for them in the file and in the wire.
func TestNoSecretIsKept(t *testing.T) {
	secrets := []string{
		"s3cr3t-bearer-0123456789", "eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl", "hunter2", "cook1e-a1b2c3d4e5f6", "k3y-in-query", "8f14e45f-ceea-467f-a8c5-0123456789ab", "xml-pa55", "t1ck3t-in-json-in-json",
		"form-s3ss10n", "in-an-answer-99887766", "4012888888881881",
	}
	s := newStage(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Auth-Token", "in-an-answer-99887766")
		w.Header().Set("Set-Cookie", "cid=cook1e-a1b2c3d4e5f6; Path=/")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"token":"s3cr3t-bearer-0123456789","next":"/rooms/8f14e45f-ceea-467f-a8c5-0123456789ab","p":"{\"ticket\":\"t1ck3t-in-json-in-json\"}","card":4012888888881881,"text":"Seven canaries crossed the river"}`)
	})
	s.traffic.Mark("start")
	for _, one := range [][]string{
		{"POST", "/rooms?api_key=k3y-in-query", `{"password":"hunter2","jwt":"eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl"}`, "Authorization", "Bearer s3cr3t-bearer-0123456789", "Content-Type", "application/json"},
		{"POST", "/rooms/8f14e45f-ceea-467f-a8c5-0123456789ab", `session=form-s3ss10n&a=b`, "Cookie", "cid=cook1e-a1b2c3d4e5f6", "Content-Type", "application/x-www-form-urlencoded"},
		{"POST", "/xml", `<in><password>xml-pa55</password><a token="xml-pa55"/></in>`, "Content-Type", "text/xml"},
		{"GET", "/log?line=said+s3cr3t-bearer-0123456789+aloud", ""},
	} {
		_, _ = io.Copy(io.Discard, s.do(one[0], one[1], one[2], one[3:]...).Body)
	}
	s.crossed(func(c recording.Crossing) bool { return c.Exchange == 4 && c.Kind == recording.Response })
	all, _ := s.traffic.All()
	draft, err := recording.Infer("secrets", all)
	require.NoError(t, err)
	for _, secret := range secrets {
		assert.NotContains(t, s.file.String(), secret)
		assert.NotContains(t, string(draft.Text), secret)
		assert.NotContains(t, strings.Join(draft.Open, "\n"), secret)
	}
	assert.Contains(t, s.file.String(), "Seven canaries crossed the river", "what is no secret is kept")
	assert.Contains(t, s.file.String(), `"Authorization":"Bearer redacted-`, "and how a secret is sent")
	first, second := all[1], s.crossed(func(c recording.Crossing) bool { return c.Exchange == 4 && c.Kind == recording.Request })
	token := strings.TrimPrefix(first.Headers["Authorization"], "Bearer ")
	assert.Contains(t, second.Query, token, "a secret has one word, wherever it stands")
}

func TestMarksDoNotPass(t *testing.T) {
	s := newStage(t, func(http.ResponseWriter, *http.Request) { t.Error("it passed") })
	assert.Equal(t, http.StatusNoContent, s.do("POST", recording.MarkPath+"join", "").StatusCode)
	assert.Equal(t, "join", s.crossed(func(c recording.Crossing) bool { return c.Kind == recording.Mark }).Step)
	assert.Equal(t, http.StatusNotFound, s.do("POST", recording.MarkPath+"joyn", "").StatusCode)
}
