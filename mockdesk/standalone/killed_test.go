//go:build unix

package standalone_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/standalone"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// served is set in the environment of the processes that these tests kill, to the file that they save in; mostBytes, if it is set, is how large a file they can write.
	served    = "DESKCHECK_DESK_SERVED"
	mostBytes = "DESKCHECK_DESK_MOST_BYTES"
	secret    = "a-token-of-the-environment"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(served); file != "" {
		os.Exit(serve(file))
	}
	os.Exit(m.Run())
}

// serve is a desk as a process of its own: it says where it is and serves until its standard input ends or it fails.
func serve(file string) int {
	if most, err := strconv.ParseUint(os.Getenv(mostBytes), 10, 64); err == nil {
		// What a full disk is to a database.
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return 9
		}
	}
	c := standalone.Config{TLS: standalone.TLS{Off: true}, Store: standalone.Store{File: file}, Control: standalone.Control{TokenEnv: "TOKEN"}}
	c.Listen.Wire, c.Listen.Control = "127.0.0.1:0", "127.0.0.1:0"
	desk, err := standalone.Start(c, standalone.Options{Environment: func(string) string { return secret }})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	fmt.Fprintln(os.Stdout, desk.Wire("default").URL, desk.ControlURL())
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(over)
	}()
	code := 0
	select {
	case <-over:
	case err := <-desk.Failed():
		fmt.Fprintln(os.Stderr, err)
		code = 3
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := desk.Stop(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 4
	}
	return code
}

// process is a desk in a process of its own, and clients of it.
type process struct {
	t       *testing.T
	command *exec.Cmd
	stdin   io.Closer
	stderr  *strings.Builder
	wire    string
	control *client.Client
	http    *http.Client
}

func run(t *testing.T, file string, environment ...string) *process {
	t.Helper()
	p := &process{t: t, command: exec.Command(os.Args[0]), stderr: &strings.Builder{}, http: &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}}
	p.command.Env = append(append(os.Environ(), served+"="+file), environment...)
	p.command.Stderr = p.stderr
	stdin, err := p.command.StdinPipe()
	require.NoError(t, err)
	p.stdin = stdin
	out, err := p.command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.command.Start())
	t.Cleanup(func() { _ = p.command.Process.Kill() }) // It may have ended.
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, p.stderr)
	wire, control, _ := strings.Cut(strings.TrimSpace(line), " ")
	p.wire, p.control = wire, client.New(control, secret, nil)
	return p
}

// do sends a request to the wire; the error is that no answer came.
func (p *process) do(method, path, body string) (int, string, error) {
	r, err := http.NewRequest(method, p.wire+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	response, err := p.http.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return response.StatusCode, string(raw), err
}

// event is one of a conversation's stream as a client is told of it.
type event struct {
	Cursor int    `json:"cursor"`
	Type   string `json:"type"`
	ID     string `json:"id"`
	Text   string `json:"text"`
}

// told is what clients were told that they can rely on: per conversation the keys and the texts of lines, by their cursors, and the events.
type told struct {
	mu     sync.Mutex
	keys   map[string]map[int]string
	texts  map[string]map[int]string
	events map[string]map[int]string
	opened []string
	count  atomic.Int64
	// enough is closed when there are so many.
	enough chan struct{}
	most   int64
}

func newTold(most int64) *told {
	return &told{keys: map[string]map[int]string{}, texts: map[string]map[int]string{}, events: map[string]map[int]string{}, enough: make(chan struct{}), most: most}
}

// note notes one thing that a client was told.
func (a *told) note(of map[string]map[int]string, conversation string, cursor int, what string) {
	a.mu.Lock()
	if of[conversation] == nil {
		of[conversation] = map[int]string{}
	}
	of[conversation][cursor] = what
	a.mu.Unlock()
	if a.count.Add(1) == a.most {
		close(a.enough)
	}
}

// write has a user of the native wire open conversations and say things until the desk is gone.
func (a *told) write(p *process, user int) {
	for n := 0; ; n++ {
		id := fmt.Sprintf("conversation-%04d-%04d", user, n)
		status, _, err := p.do("PUT", "/v1/conversations/"+id, `{"user":{"name":"Mia"}}`)
		if err != nil || status != http.StatusCreated {
			return
		}
		a.mu.Lock()
		a.opened = append(a.opened, id)
		a.mu.Unlock()
		for line := range 40 {
			key := fmt.Sprint("k", line)
			status, raw, err := p.do("PUT", "/v1/conversations/"+id+"/messages/"+key, fmt.Sprintf(`{"text":"line %d"}`, line))
			var receipt struct {
				Cursor int `json:"cursor"`
			}
			if err != nil || status != http.StatusCreated || json.Unmarshal([]byte(raw), &receipt) != nil {
				return
			}
			a.note(a.keys, id, receipt.Cursor, key)
		}
	}
}

// listen has a client follow a conversation over a socket until the desk is gone.
func (a *told) listen(p *process, id string) {
	conn, _, err := websocket.DefaultDialer.Dial(strings.Replace(p.wire, "http", "ws", 1)+"/v1/conversations/"+id+"/events", nil)
	if err != nil {
		return
	}
	defer conn.Close()
	for {
		_, raw, err := conn.ReadMessage()
		if err != nil {
			return
		}
		var e event
		if json.Unmarshal(raw, &e) == nil && e.Cursor > 0 && e.Type != "hello" {
			a.note(a.events, id, e.Cursor, string(raw))
		}
	}
}

// play has agents say things to whoever is there until the desk is gone.
func (a *told) play(p *process, tenant, id string) {
	desk := p.control.Tenant(tenant)
	if _, err := desk.Join(context.Background(), id, api.AgentAct{}); err != nil {
		return
	}
	for n := 0; ; n++ {
		text := fmt.Sprint("answer ", n)
		acted, err := desk.Say(context.Background(), id, api.SayAct{Text: text})
		if err != nil {
			return
		}
		a.note(a.texts, id, acted.Cursor, text)
	}
}

// room is a client of the wire of sockets: it opens a conversation, and says things whose acknowledgement it waits for.
type room struct {
	conn         *websocket.Conn
	name, ticket string
}

type roomFrame struct {
	Op   string `json:"op"`
	ID   int    `json:"id"`
	N    int    `json:"n"`
	Data string `json:"data"`
}

func enter(p *process, tenant, connect string) (*room, error) {
	conn, _, err := websocket.DefaultDialer.Dial(strings.Replace(p.wire, "http", "ws", 1)+"/@"+tenant+"/chat", nil)
	if err != nil {
		return nil, err
	}
	r := &room{conn: conn}
	if err := conn.WriteJSON(map[string]any{"op": "connect", "id": 1, "data": connect}); err != nil {
		return nil, err
	}
	f, err := r.next("ack")
	if err != nil {
		return nil, err
	}
	var opened struct{ Room, Ticket string }
	if err := json.Unmarshal([]byte(f.Data), &opened); err != nil {
		return nil, err
	}
	r.name, r.ticket = opened.Room, opened.Ticket
	return r, nil
}

// next reads the next frame of an operation.
func (r *room) next(op string) (roomFrame, error) {
	if err := r.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return roomFrame{}, err
	}
	for {
		var f roomFrame
		if err := r.conn.ReadJSON(&f); err != nil || f.Op == op {
			return f, err
		}
	}
}

// say says a line and gives its cursor once it is acknowledged.
func (r *room) say(key, text string) (int, error) {
	inner, err := json.Marshal(map[string]string{"key": key, "text": text})
	if err != nil {
		return 0, err
	}
	if err := r.conn.WriteJSON(map[string]any{"op": "say", "id": 2, "data": string(inner)}); err != nil {
		return 0, err
	}
	f, err := r.next("ack")
	if err != nil {
		return 0, err
	}
	var stored struct{ N int }
	err = json.Unmarshal([]byte(f.Data), &stored)
	return stored.N, err
}

// chat has a client talk in a room until the desk is gone.
func (a *told) chat(r *room) {
	for n := 0; ; n++ {
		key := fmt.Sprint("r", n)
		cursor, err := r.say(key, "over the socket")
		if err != nil {
			return
		}
		a.note(a.keys, r.name, cursor, key)
	}
}

// rooms makes a tenant that speaks the wire of sockets.
func rooms(t *testing.T, p *process) *client.Tenant {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "testdata", "sockets.wire.yaml"))
	require.NoError(t, err)
	desk, _, err := p.control.CreateTenant(t.Context(), api.NewTenant{Name: "rooms", Wire: string(source)})
	require.NoError(t, err)
	return desk
}

// flood has clients write and agents answer, over HTTP and over sockets, until the desk is gone.
func (a *told) flood(t *testing.T, p *process, clients *sync.WaitGroup) {
	t.Helper()
	rooms(t, p)
	var begin []func()
	for n := range 4 {
		talk := fmt.Sprintf("conversation-talk-%04d", n)
		status, _, err := p.do("PUT", "/v1/conversations/"+talk, `{}`)
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status)
		r, err := enter(p, "rooms", `{}`)
		require.NoError(t, err)
		t.Cleanup(func() { _ = r.conn.Close() })
		begin = append(begin, func() { a.write(p, n) }, func() { a.listen(p, talk) }, func() { a.play(p, "default", talk) }, func() { a.chat(r) })
	}
	for _, one := range begin {
		clients.Go(one)
	}
}

// holds looks for everything that clients were told at a desk that was started again, and for gaps.
func (a *told) holds(t *testing.T, p *process) {
	t.Helper()
	missing := 0
	check := func(ok bool, format string, args ...any) {
		if !ok {
			missing++
			assert.Fail(t, fmt.Sprintf(format, args...))
		}
	}
	lines := map[string]map[int]api.Line{}
	for _, tenant := range []string{"default", "rooms"} {
		desk := p.control.Tenant(tenant)
		for cursor := ""; ; {
			page, err := desk.Conversations(t.Context(), client.ConversationQuery{Page: client.Page{Limit: 1000, Cursor: cursor}})
			require.NoError(t, err)
			for _, c := range page.Conversations {
				lines[c.ID] = map[int]api.Line{}
				for after := 0; ; {
					said, err := desk.Lines(t.Context(), c.ID, after, 1000)
					require.NoError(t, err)
					for _, l := range said.Lines {
						lines[c.ID][l.Cursor] = l
					}
					if after = said.Next; after == 0 {
						break
					}
				}
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		a.journalIsWhole(t, desk)
	}
	for _, id := range a.opened {
		check(lines[id] != nil, "conversation %s is missing", id)
	}
	for id, keys := range a.keys {
		for cursor, key := range keys {
			check(lines[id][cursor].Key == key, "line %s of %s was acknowledged as event %d, which is %+v", key, id, cursor, lines[id][cursor])
		}
	}
	for id, texts := range a.texts {
		for cursor, text := range texts {
			check(lines[id][cursor].Text == text, "%q of %s was acknowledged as event %d, which is %+v", text, id, cursor, lines[id][cursor])
		}
	}
	for id, events := range a.events {
		_, raw, err := p.do("GET", "/v1/conversations/"+id+"/events", "")
		require.NoError(t, err)
		var page struct{ Events []json.RawMessage }
		require.NoError(t, json.Unmarshal([]byte(raw), &page))
		for i, one := range page.Events {
			var e event
			require.NoError(t, json.Unmarshal(one, &e))
			check(e.Cursor == i+1, "event %d of %s stands at %d", e.Cursor, id, i+1)
		}
		for cursor, one := range events {
			check(cursor <= len(page.Events) && string(page.Events[cursor-1]) == one, "event %d of %s was pushed as %s", cursor, id, one)
		}
	}
	assert.Positive(t, a.count.Load())
	t.Logf("%d things were acknowledged or pushed in %d conversations, %d of them are missing", a.count.Load(), len(lines), missing)
}

// journalIsWhole wants every entry from the first to the last, with the numbers in order.
func (a *told) journalIsWhole(t *testing.T, desk *client.Tenant) {
	t.Helper()
	for after := 0; ; {
		page, err := desk.Journal(t.Context(), client.JournalQuery{After: after, Limit: 1000})
		require.NoError(t, err)
		for _, e := range page.Entries {
			require.Equal(t, after+1, e.Seq)
			after = e.Seq
		}
		if page.Next == 0 {
			assert.Equal(t, page.Last, after)
			return
		}
	}
}

// TestNothingAcknowledgedIsMissingAfterAKill kills a desk while clients write on sockets and over HTTP, both ways, and looks for everything that any of them was told.
func TestNothingAcknowledgedIsMissingAfterAKill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "desk.db")
	p := run(t, file)
	a := newTold(2000)
	var clients sync.WaitGroup
	a.flood(t, p, &clients)
	select {
	case <-a.enough:
	case <-time.After(20 * time.Second): // What a busy machine has come to by then is enough as well.
	}
	require.NoError(t, p.command.Process.Kill())
	require.Error(t, p.command.Wait())
	clients.Wait()

	p = run(t, file)
	a.holds(t, p)
	a.goOn(t, p)
	require.NoError(t, p.stdin.Close())
	require.NoError(t, p.command.Wait(), p.stderr)
}

// goOn has every client that was told something go on where it was: nothing comes twice, and nothing is left out.
func (a *told) goOn(t *testing.T, p *process) {
	t.Helper()
	for id, events := range a.events {
		last := 0
		for cursor := range events {
			last = max(last, cursor)
		}
		conn, _, err := websocket.DefaultDialer.Dial(strings.Replace(p.wire, "http", "ws", 1)+"/v1/conversations/"+id+"/events?cursor="+strconv.Itoa(last), nil)
		require.NoError(t, err)
		acted, err := p.control.Tenant("default").Say(t.Context(), id, api.SayAct{Text: "after the restart"})
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
		for next := last + 1; next <= acted.Cursor; {
			var e event
			require.NoError(t, conn.ReadJSON(&e))
			if e.Type == "hello" {
				continue
			}
			require.Equal(t, next, e.Cursor, "no gap, and nothing twice")
			next++
		}
		require.NoError(t, conn.Close())
	}
}

// TestAFullDiskIsAnErrorAndNoSilence has a desk write until the file may not grow any more: it says so and ends, and nothing is missing that it had acknowledged.
func TestAFullDiskIsAnErrorAndNoSilence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "desk.db")
	p := run(t, file, mostBytes+"=1000000")
	a := newTold(1 << 40)
	var clients sync.WaitGroup
	a.flood(t, p, &clients)
	err := p.command.Wait()
	clients.Wait()
	var ended *exec.ExitError
	require.ErrorAs(t, err, &ended, p.stderr)
	assert.Equal(t, 3, ended.ExitCode(), p.stderr)
	assert.Contains(t, p.stderr.String(), "the desk could not save it: the desk's file "+file+" takes no more, make room or choose another")
	a.holds(t, run(t, file))
}
