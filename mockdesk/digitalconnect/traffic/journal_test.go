package traffic_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/traffic"
	"deskcheck/mockdesk/journal"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// run is a mock of Talkdesk that records, with a connector of a few lines.
type run struct {
	t       *testing.T
	mock    *digitalconnect.Talkdesk
	journal *journal.Journal
	client  *http.Client
	token   string
	// hook is the status that the connector answers webhooks with.
	hook int
}

// RoundTrip is the connector's webhook.
func (r *run) RoundTrip(q *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, q.Body)
	return &http.Response{StatusCode: r.hook, Header: http.Header{}, Body: http.NoBody}, err
}

func newRun(t *testing.T) *run {
	t.Helper()
	source, err := os.ReadFile("testdata/account.yaml")
	require.NoError(t, err)
	account, err := digitalconnect.ParseAccount("account.yaml", source)
	require.NoError(t, err)
	r := &run{t: t, journal: journal.New(), hook: http.StatusNoContent}
	r.mock, err = digitalconnect.New(digitalconnect.Options{
		Account: account, Journal: r.journal, Transport: r, Touchpoint: account.Touchpoints[0].ID,
		Addresses: digitalconnect.Addresses{Identity: "http://acme.talkdeskid.com", API: "http://api.talkdeskapp.com", Storage: "http://attachments.storage.test"},
	})
	require.NoError(t, err)
	server := httptest.NewServer(r.mock)
	t.Cleanup(func() {
		r.mock.Close()
		server.Close()
	})
	r.client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}, DisableKeepAlives: true}}
	return r
}

// ask sends a request; headers are names and values in turn.
func (r *run) ask(method, address, body string, headers ...string) (status int, answer object) {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), method, address, bytes.NewReader([]byte(body)))
	require.NoError(r.t, err)
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	got, err := r.client.Do(q)
	require.NoError(r.t, err)
	defer got.Body.Close()
	_ = json.NewDecoder(got.Body).Decode(&answer) // what has no body stays empty
	return got.StatusCode, answer
}

func (r *run) authenticate(body string, headers ...string) {
	r.t.Helper()
	status, answer := r.ask(http.MethodPost, "http://acme.talkdeskid.com/oauth/token", body, append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
	require.Equal(r.t, http.StatusOK, status, "%v", answer)
	r.token = answer["access_token"].(string)
}

func (r *run) call(method, path, body string, headers ...string) (int, object) {
	r.t.Helper()
	return r.ask(method, "http://api.talkdeskapp.com"+path, body, append(headers, "Authorization", "Bearer "+r.token, "Content-Type", "application/json")...)
}

const basic = "Basic a2l0LWNsaWVudDpraXRfc2VjcmV0LWNhbmFyeQ=="

// saved is the journal as a report saves it.
func (r *run) saved() []byte {
	r.t.Helper()
	var b bytes.Buffer
	for _, e := range r.journal.Since(0) {
		require.NoError(r.t, json.NewEncoder(&b).Encode(reports.Entry{
			Seq: e.Seq, AtMs: float64(e.At.Nanoseconds()) / 1e6, Kind: string(e.Kind), From: string(e.From), To: string(e.To), Name: e.Name, Ref: e.Ref, Requirement: e.Requirement, Note: e.Note, Data: e.Data,
		}))
	}
	return b.Bytes()
}

// violations are the requirements that the mock saw broken.
func (r *run) violations() []string {
	var ids []string
	for _, e := range r.journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Violation }) {
		ids = append(ids, e.Requirement)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// settle waits until the mock has heard the answers to all its events.
func (r *run) settle(conversation string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	for _, d := range r.mock.Conversation(conversation).Deliveries() {
		_, err := d.Wait(ctx)
		require.NoError(r.t, err)
	}
}

func (r *run) say(conversation, text string) {
	r.t.Helper()
	_, err := r.mock.Conversation(conversation).Say(digitalconnect.Message{Text: &text, Author: digitalconnect.Author{Name: "Dana", Type: "AGENT"}})
	require.NoError(r.t, err)
	r.settle(conversation)
}

// TestASavedJournalIsJudgedAsTheRunWas has a run in which all is well, and one with mistakes of every sort of exchange.
func TestASavedJournalIsJudgedAsTheRunWas(t *testing.T) {
	const start = `{"touchpoint_id":"3f0c1c1e-0000-4000-8000-000000000001","contact_person":{"email":"ann@example.test"},"context_parameters":{"Intent":"billing"}}`
	for name, play := range map[string]func(r *run) (broken []string){
		"all is well": func(r *run) []string {
			r.authenticate("grant_type=client_credentials", "Authorization", basic)
			status, answer := r.call(http.MethodPost, rules.ConversationsPath, start, "X-Idempotency-Key", "k-1")
			require.Equal(t, http.StatusCreated, status, "%v", answer)
			id := answer["id"].(string)
			r.say(id, "Hello, this is Dana <b>&</b> \u202e")
			status, _ = r.call(http.MethodPost, rules.ConversationsPath+"/"+id+"/messages", `{"content":"Hello"}`, "X-Idempotency-Key", "k-2")
			assert.Equal(t, http.StatusCreated, status)
			status, _ = r.call(http.MethodDelete, rules.ConversationsPath+"/"+id, "")
			assert.Equal(t, http.StatusNoContent, status)
			return nil
		},
		"much is wrong": func(r *run) []string {
			r.authenticate("grant_type=client_credentials&client_id=kit-client&client_secret=kit_secret-canary")
			r.ask(http.MethodPost, "http://acme.talkdeskid.com/token", "x")
			status, answer := r.call(http.MethodPost, rules.ConversationsPath, strings.Replace(start, `"billing"`, `{"a":1}`, 1), "X-Idempotency-Key", "k-1")
			require.Equal(t, http.StatusCreated, status, "%v", answer)
			id := answer["id"].(string)
			r.call(http.MethodPost, rules.ConversationsPath, strings.Replace(start, "3f0c1c1e", "00000000", 1), "X-Idempotency-Key", "k-2")
			r.call(http.MethodPost, rules.ConversationsPath+"/"+id+"/messages", `{"content":"a","channel":"web"}`, "X-Idempotency-Key", "k-3")
			r.call(http.MethodPost, rules.ConversationsPath+"/"+id+"/messages", `{"content":"b","content":"c"}`, "X-Idempotency-Key", "k-3")
			r.call(http.MethodPost, rules.ConversationsPath+"/undefined/messages", `{"content":" "}`)
			r.hook = http.StatusInternalServerError
			r.say(id, "Hello")
			_, link := r.call(http.MethodPost, "/attachments/2023-03/upload-link", `{}`)
			status, _ = r.ask(http.MethodPut, link["url"].(string), "bytes\xff", "Authorization", "Bearer "+r.token)
			assert.Equal(t, http.StatusOK, status)
			r.ask(http.MethodGet, "http://elsewhere.test/", "", "Authorization", "Bearer "+r.token)
			return []string{"DC-ACTION-08", "DC-ARG-03", "DC-ATT-09", "DC-AUTH-01", "DC-AUTH-03", "DC-AUTH-16", "DC-CONV-02", "DC-CONV-15", "DC-CONV-20", "DC-MSG-01", "DC-MSG-05", "DC-MSG-06"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRun(t)
			want := play(r)
			require.Equal(t, want, r.violations(), "the run saw them")
			source := r.saved()
			assert.NotContains(t, string(source), "canary")
			assert.NotContains(t, string(source), r.token)
			j := judge(t, source, about(t))
			got := broken(j)
			slices.Sort(got)
			// What a secret is taken out of, nobody can see it in afterwards.
			assert.Equal(t, slices.DeleteFunc(want, func(id string) bool { return id == "DC-AUTH-16" }), got)
			assert.Empty(t, j.Left)
		})
	}
}

// TestJournalsOneAfterTheOther are taken as what they are, as "cat" puts them together: conversations and tokens of one are not those of another.
func TestJournalsOneAfterTheOther(t *testing.T) {
	entry := func(seq int, at, kind, from, to, ref, data string) string {
		return `{"seq":` + itoa(seq) + `,"atMs":` + at + `,"kind":"` + kind + `","from":"` + from + `","to":"` + to + `","name":"x"` + ref + `,"data":` + data + "}\n"
	}
	asked := func(host, method, path, body string) string {
		return `{"method":"` + method + `","host":"` + host + `","path":"` + path + `","headers":{"Authorization":"Bearer [redacted]","Content-Type":"application/json"}` + body + `}`
	}
	one := entry(1, "0", "act", "agent", "api", "", "{}") +
		entry(2, "1", "request", "connector", "api", "", asked("api.talkdeskapp.com", "DELETE", "/digital-connect/conversations/c-1", "")) + entry(3, "2", "response", "api", "connector", `,"ref":2`, `{"status":204}`)
	// The same id is in use again, which after its end it must not be within one recording.
	two := entry(1, "5000", "request", "connector", "api", "", asked("api.talkdeskapp.com", "POST", "/digital-connect/conversations", `,"body":{"touchpoint_id":"t","contact_person":{"email":"a@b.test"}}`)) +
		entry(2, "5001", "response", "api", "connector", `,"ref":1`, `{"status":201,"body":{"id":"c-1"}}`) +
		entry(3, "5002", "request", "connector", "api", "", asked("api.talkdeskapp.com", "POST", "/digital-connect/conversations/c-1/messages", `,"body":{"content":"a"}`)) +
		entry(4, "5003", "response", "api", "connector", `,"ref":3`, `{"status":201}`) +
		entry(5, "5004", "request", "connector", "api", "", asked("api.talkdeskapp.com", "GET", "/x", "")) +
		entry(6, "5005", "request", "webhook", "connector", "", asked("connector.test", "POST", "/hook", `,"body":{"event_type":"CONVERSATION_ENDED","conversation_id":"c-1","timestamp":"x"}`)) +
		`{"seq":7,"atMs":5006,"kind":"response","from":"connector","to":"webhook","name":"x","ref":6,"note":"the webhook sender is closed","data":{"status":0,"ms":2}}` + "\n"
	j := judge(t, []byte(one+two+one), rules.About{})
	assert.Empty(t, broken(j))
	assert.Equal(t, map[string]int{"api": 4}, j.Exchanges)
	assert.Equal(t, []traffic.LeftOut{
		{Place: "x.ndjson:8", Why: "it was under way when the recording ended"}, {Place: "x.ndjson:9", Why: "it was under way when the recording ended"},
	}, j.Left)
	assert.Equal(t, 1, finding(t, j, "DC-CONV-10").Tried)
}

// TestJournalsOfOtherContracts have nothing to judge.
func TestJournalsOfOtherContracts(t *testing.T) {
	j := judge(t, []byte(`{"seq":1,"atMs":1,"kind":"request","from":"integration","to":"desk","name":"POST /x","data":{"method":"POST","path":"/x"}}`), rules.About{})
	assert.Empty(t, j.Exchanges)
}
