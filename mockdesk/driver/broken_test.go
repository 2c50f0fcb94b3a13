package driver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/driver"
)

// impatient is the patience with which broken drivers are asked.
const impatient = 300 * time.Millisecond

// vendor is a driver that says what it is told to, and counts for nothing else.
type vendor struct {
	capabilities, begun, state, done string
	serve                            func(w http.ResponseWriter, r *http.Request) bool
}

// well is one that answers as the contract wants, whatever it is asked.
func well() *vendor {
	return &vendor{
		capabilities: `{"contract":"deskcheck.driver","version":1,"name":"Acme","verbs":{"agentAccept":[],"agentSay":["text"],"deskClose":[],"publish":[]},"reads":["sessions","transcript","agents"]}`,
		begun:        `{"id":"s1","desk":{"url":"http://127.0.0.1:9"}}`,
		state:        `{"revision":1,"sessions":[{"id":"c1","state":"waiting"}]}`,
		done:         `{"revision":1}`,
	}
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if v.serve != nil && v.serve(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/capabilities":
		_, _ = w.Write([]byte(v.capabilities))
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	case r.URL.Path == "/scenarios":
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(v.begun))
	case strings.HasSuffix(r.URL.Path, "/state"):
		if r.URL.Query().Get("after") != "-1" {
			<-r.Context().Done()
			return
		}
		_, _ = w.Write([]byte(v.state))
	default:
		_, _ = w.Write([]byte(v.done))
	}
}

// asked speaks to a driver.
func asked(t *testing.T, v *vendor, patience time.Duration) *driver.Client {
	t.Helper()
	s := httptest.NewServer(v)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return driver.NewClient(s.URL, token, patience)
}

// TestBrokenDriversAreNamed wants every way in which a driver does not keep the contract to be an error that says what, within its time, and never the token.
func TestBrokenDriversAreNamed(t *testing.T) {
	at := func(path string, answer http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, path) {
				answer(w, r)
				return true
			}
			return false
		}
	}
	says := func(status int, kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	hangs := func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // Only then does the server see the client go.
		<-r.Context().Done()
	}
	echo := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]any{"detail": "who is " + r.Header.Get("Authorization") + "?"})
	}
	with := func(change func(*vendor)) *vendor {
		v := well()
		change(v)
		return v
	}
	serving := func(serve func(http.ResponseWriter, *http.Request) bool) *vendor {
		return with(func(v *vendor) { v.serve = serve })
	}
	capable := func(text string) *vendor { return with(func(v *vendor) { v.capabilities = text }) }
	accept := driver.Act{Verb: driver.AgentAccept, Session: "c1", Agent: ann()}
	for name, c := range map[string]struct {
		vendor *vendor
		act    driver.Act
		says   string
	}{
		"it hangs when it is asked what it can": {serving(at("/capabilities", hangs)), accept, "it gave no answer to GET /capabilities within 300ms"},
		"it is a page":                          {serving(at("/capabilities", says(200, "text/html; charset=utf-8", "<!doctype html>\n<title>Sign in</title>"))), accept, "was answered 200 with text/html: <!doctype html> <title>Sign in</title>"},
		"it sends on elsewhere":                 {serving(at("/capabilities", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) })), accept, "was answered 302"},
		"it is another API":                     {capable(`{"hello": "world"}`), accept, `contract: expected "deskcheck.driver", found ""`},
		"it is of the future":                   {capable(`{"contract":"deskcheck.driver","version":2,"name":"Acme"}`), accept, "version: expected 1, found 2"},
		"it has no name":                        {capable(`{"contract":"deskcheck.driver","version":1,"reads":["sessions"]}`), accept, "name: expected what the desk is called"},
		"it tells nothing":                      {capable(`{"contract":"deskcheck.driver","version":1,"name":"Acme","verbs":{}}`), accept, "reads: expected at least sessions"},
		"it claims what there is not":           {capable(`{"contract":"deskcheck.driver","version":1,"name":"Acme","verbs":{"dance":[]},"reads":["sessions"]}`), accept, `there is no verb "dance"`},
		"its JSON breaks off":                   {capable(`{"contract":"deskch`), accept, "is not as the contract says"},
		"its JSON is of another form":           {capable(`{"contract":7}`), accept, "is not as the contract says"},
		"a scenario has no id":                  {with(func(v *vendor) { v.begun = `{"desk":{"url":"http://127.0.0.1:9"}}` }), accept, "id: expected what the scenario is called"},
		"a scenario has no desk":                {with(func(v *vendor) { v.begun = `{"id":"s1"}` }), accept, `desk.url: expected the address of the desk, found ""`},
		"a session has no id":                   {with(func(v *vendor) { v.state = `{"revision":1,"sessions":[{"state":"waiting"}]}` }), accept, "sessions[0].id"},
		"a session is nowhere":                  {with(func(v *vendor) { v.state = `{"revision":1,"sessions":[{"id":"c1","state":"lost"}]}` }), accept, `sessions[0].state: expected waiting, active or ended, found "lost"`},
		"an act hangs":                          {serving(at("/acts/agentAccept", hangs)), accept, "agentAccept: it gave no answer to POST /scenarios/s1/acts/agentAccept within 300ms"},
		"an act is a 500":                       {serving(at("/acts/agentAccept", says(500, "text/plain", "boom"))), accept, "was answered 500 with text/plain: boom"},
		"an act has no content":                 {serving(at("/acts/agentAccept", says(500, "", ""))), accept, "was answered 500"},
		"an act is never shown":                 {well(), accept, "its state does not show it: the session is still waiting"},
		"a line is never shown":                 {with(func(v *vendor) { v.state = `{"revision":1,"sessions":[{"id":"c1","state":"active"}]}` }), driver.Act{Verb: driver.AgentSay, Variant: "text", Session: "c1", Agent: ann(), Text: "Hi"}, "the line is not in the transcript"},
		"an end is never shown":                 {well(), driver.Act{Verb: driver.DeskClose, Session: "c1"}, "the session is still waiting"},
		"a revision never comes":                {with(func(v *vendor) { v.done = `{"revision":9}` }), accept, "it spoke of revision 9, and the state is still at 1"},
		"a file is nowhere":                     {well(), driver.Act{Verb: driver.Publish}, "url: expected where the file is served"},
		"it says the token back":                {serving(at("/acts/agentAccept", echo)), accept, "who is Bearer [token]?"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			err := play(t, asked(t, c.vendor, impatient), c.act)
			of := wrong(t, err, driver.Broken)
			assert.Contains(t, err.Error(), c.says)
			assert.NotContains(t, fmt.Sprintf("%+v %v", err, of), token)
			assert.Less(t, time.Since(began), time.Minute, "its own patience ends it")
		})
	}
}

// TestAnAnswerWithoutAnEnd is read no further than an answer can be long.
func TestAnAnswerWithoutAnEnd(t *testing.T) {
	v := well()
	v.serve = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/capabilities") {
			return false
		}
		endless(w, r)
		return true
	}
	_, err := asked(t, v, time.Minute).Capabilities(t.Context())
	assert.Contains(t, wrong(t, err, driver.Broken).Error(), "is over 16777216 bytes")
}

func endless(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	part := []byte(strings.Repeat(" ", 1<<20))
	for r.Context().Err() == nil {
		if _, err := w.Write(part); err != nil {
			return
		}
	}
}

// play asks what a driver can, begins a scenario and plays an act.
func play(t *testing.T, c *driver.Client, act driver.Act) error {
	t.Helper()
	can, err := c.Capabilities(t.Context())
	if err != nil {
		return err
	}
	r, err := c.Begin(t.Context(), can, "broken")
	if err != nil {
		return err
	}
	defer func() { assert.NoError(t, r.Close()) }()
	_, err = r.Do(t.Context(), act)
	return err
}

// TestAClaimThatIsTakenBack is missing, by name; and what is not claimed is not even asked for.
func TestAClaimThatIsTakenBack(t *testing.T) {
	v := well()
	var acts atomic.Int32
	v.serve = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/acts/") {
			return false
		}
		acts.Add(1)
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotImplemented)
		_, _ = w.Write([]byte(`{"type":"urn:deskcheck:driver:cannot","title":"no","status":501,"detail":"no"}`))
		return true
	}
	c := asked(t, v, impatient)
	err := play(t, c, driver.Act{Verb: driver.AgentSay, Variant: "text", Session: "c1", Agent: ann(), Text: "Hi"})
	wrong(t, err, driver.Cannot)
	assert.Equal(t, "driver verb missing: agentSay(text) (it claims to have it, and says that it has not)", err.Error())
	err = play(t, c, driver.Act{Verb: driver.AgentSay, Variant: "html", Session: "c1", Agent: ann(), Text: "Hi"})
	assert.Equal(t, "driver verb missing: agentSay(html)", wrong(t, err, driver.Cannot).Error())
	assert.EqualValues(t, 1, acts.Load())
}

// TestAStateThatDoesNotWait is told: it would be asked as fast as it answers.
func TestAStateThatDoesNotWait(t *testing.T) {
	for name, answer := range map[string]struct{ state, says string }{
		"the same at once": {`{"revision":1,"sessions":[]}`, "answered at once with that one"},
		"going back":       {`{"revision":0,"sessions":[]}`, "it was 1 and is 0 now"},
	} {
		t.Run(name, func(t *testing.T) {
			v := well()
			v.serve = func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, "/state") || r.URL.Query().Get("after") == "-1" {
					return false
				}
				w.Header().Set("Content-Type", "application/json")
				_, _ = w.Write([]byte(answer.state))
				return true
			}
			c := asked(t, v, impatient)
			can, err := c.Capabilities(t.Context())
			require.NoError(t, err)
			r, err := c.Begin(t.Context(), can, "state")
			require.NoError(t, err)
			t.Cleanup(func() { _ = r.Close() })
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			told := make(chan struct{}, 10)
			r.Listen(func(driver.State) { told <- struct{}{} })
			for r.Err() == nil {
				select {
				case <-told:
				case <-ctx.Done():
					t.Fatal("it was never told")
				}
			}
			assert.Contains(t, r.Err().Error(), answer.says)
		})
	}
}

// TestACheckFindsWhatIsBroken wants a driver that claims more than it does to be told so, verb by verb.
func TestACheckFindsWhatIsBroken(t *testing.T) {
	v := well()
	v.capabilities = `{"contract":"deskcheck.driver","version":1,"name":"Acme","verbs":{"agentSay":["text"],"linkRestore":[],"openSession":[],"setAgentsOnline":["yes","maybe"]},"reads":["sessions","traffic","rules","moods"]}`
	c := asked(t, v, impatient)
	can, err := c.Capabilities(t.Context())
	require.NoError(t, err)
	found := map[string]driver.Finding{}
	require.NoError(t, c.Check(t.Context(), can, func(f driver.Finding) { found[f.What] = f }))
	for what, says := range map[string]string{
		"an unknown verb is answered 501, cannot":               "expected a problem of the type urn:deskcheck:driver:cannot, found success",
		"an act in an unknown session is answered 409, refused": "expected a problem of the type urn:deskcheck:driver:refused, found success",
		"openSession":               "its state does not show another session",
		"setAgentsOnline(maybe)":    "the contract has no such variant",
		"read rules":                "the state has no rules",
		"read moods":                "the contract has no such read",
		"an ended scenario is gone": "its state is still told",
	} {
		assert.Equal(t, driver.Fails, found[what].Outcome, what)
		assert.Contains(t, found[what].Detail, says, what)
	}
	assert.Equal(t, driver.Finding{What: "agentSay(text)", Outcome: driver.Untried, Detail: "it takes a conversation, and openSession is broken"}, found["agentSay(text)"])
	assert.Equal(t, driver.Works, found["linkRestore"].Outcome)
	assert.Equal(t, driver.Works, found["setAgentsOnline(yes)"].Outcome)
}

// TestAddressesHoldNoSecrets wants what would stand in reports to be refused.
func TestAddressesHoldNoSecrets(t *testing.T) {
	require.NoError(t, driver.CheckAddress("https://sandbox.vendor.example/deskcheck"))
	for address, says := range map[string]string{
		"":                               "http:// or https://",
		"sandbox.vendor.example":         "http:// or https://",
		"ftp://sandbox.vendor.example":   "http:// or https://",
		"https://a:b@vendor.example":     "a name or a password",
		"https://vendor.example/?token=": "must end with its path",
		"https://vendor.example/#x":      "must end with its path",
		"http://%zz":                     "http:// or https://",
	} {
		assert.ErrorContains(t, driver.CheckAddress(address), says, address)
	}
}
