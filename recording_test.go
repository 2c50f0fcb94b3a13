package deskcheck

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/recording"
	"deskcheck/mockdesk/standalone"
	"deskcheck/reports"
	"deskcheck/steps/browser"
)

// recordingStage is a desk with an agent, an integration with a user, and a recorder between them.
type recordingStage struct {
	t        *testing.T
	ctx      context.Context
	desk     *client.Tenant
	traffic  *recording.Traffic
	recorder *recording.Recorder
	tab      *browser.Tab
}

// newRecordingStage starts all of it; what the desk speaks is a wire file, empty for the native one.
func newRecordingStage(t *testing.T, wireText string, i Integration, keep *bytes.Buffer) *recordingStage {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), trialBound)
	t.Cleanup(cancel)
	tenant := standalone.Tenant{NewTenant: api.NewTenant{Name: "default", Wire: wireText, Agents: []api.NewAgent{
		{ID: "ada", AgentProfile: api.AgentProfile{Name: "Ada", AvatarURL: "https://desk.example/ada.png"}}, {ID: "ben", AgentProfile: api.AgentProfile{Name: "Ben"}},
	}}}
	desk, err := standalone.Start(standalone.Config{
		Listen: standalone.Listen{Wire: "127.0.0.1:0", Control: "127.0.0.1:0"}, TLS: standalone.TLS{Off: true}, Tenants: []standalone.Tenant{tenant},
	}, standalone.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, desk.Stop(context.WithoutCancel(ctx))) })
	token, _ := desk.Token()
	r := &recordingStage{t: t, ctx: ctx, desk: client.New(desk.ControlURL(), token, nil).Tenant("default"), traffic: recording.NewTraffic(keep)}
	to, err := url.Parse(desk.Wire("default").URL)
	require.NoError(t, err)
	r.recorder = recording.New(r.traffic, recording.Options{To: to, Report: func(said string) { t.Log(said) }})
	t.Cleanup(func() { assert.NoError(t, r.recorder.Close()) })
	passes := httptest.NewServer(r.recorder)
	t.Cleanup(passes.Close)
	page, err := RecordingChat(i, passes.URL, strings.Replace(passes.URL, "http", "ws", 1))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: page}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	pool, err := browser.Launch(ctx, browser.Options{Tabs: 1})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, pool.Close()) })
	r.tab, err = pool.Lease(ctx)
	require.NoError(t, err)
	t.Cleanup(r.tab.Release)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, r.tab.Open(ctx, "http://localhost:"+port+"/", func(browser.Message) {}))
	return r
}

// sees waits until the page has a text, or has it no more.
func (r *recordingStage) sees(condition string) {
	r.t.Helper()
	require.NoError(r.t, r.tab.Evaluate(r.ctx, fmt.Sprintf(`new Promise((resolve) => {
		const look = () => { try { if (%s) resolve(); } catch {} };
		new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
		look();
	})`, condition), nil), condition)
}

func (r *recordingStage) reads(text string) {
	r.sees(fmt.Sprintf("document.body.innerText.includes(%q)", text))
}

// passes waits until what has crossed since the last mark fits.
func (r *recordingStage) passes(what string, fits func(recording.Crossing) bool) {
	r.t.Helper()
	for {
		all, more := r.traffic.All()
		for n := len(all) - 1; n >= 0 && all[n].Kind != recording.Mark; n-- {
			if fits(all[n]) {
				return
			}
		}
		select {
		case <-more:
		case <-r.ctx.Done():
			require.Fail(r.t, "it did not pass", what)
		}
	}
}

func said(text string) func(recording.Crossing) bool {
	return func(c recording.Crossing) bool {
		return strings.Contains(c.Body, text) || strings.Contains(c.Body, strings.ReplaceAll(text, " ", "+"))
	}
}

func (r *recordingStage) asksForAnAgent() {
	require.NoError(r.t, r.tab.Type(r.ctx, "message input", "I would like an agent", 0))
	require.NoError(r.t, r.tab.Press(r.ctx, "Enter"))
	r.sees(`deskcheck.ui.find("request agent") && !deskcheck.ui.find("request agent").disabled`)
}

func (r *recordingStage) requests() {
	require.NoError(r.t, r.tab.Click(r.ctx, "request agent", 0))
	r.sees(`deskcheck.ui.look().banner`)
	// The request names what the assistant hands over; what comes next on its exchange answers it.
	asked := 0
	r.passes("the request", func(c recording.Crossing) bool {
		if said("looked")(c) {
			asked = c.Exchange
		}
		return asked != 0
	})
	r.passes("the answer to the request", func(c recording.Crossing) bool {
		return c.Exchange == asked && (c.Kind == recording.Response && c.Status != http.StatusSwitchingProtocols || c.Kind == recording.Frame && c.From == recording.Desk)
	})
}

// does plays the steps as a person would who follows them. A complete integration tells that the user types, and outlives a reload.
func (r *recordingStage) does(complete bool) {
	t, ctx := r.t, r.ctx
	const last = "@last"
	acted := func(_ api.Acted, err error) { t.Helper(); require.NoError(t, err) }
	line := func(step string) string {
		for _, s := range recording.Steps() {
			if s.Name == step {
				return s.Line
			}
		}
		return ""
	}
	says := func(step string) {
		require.NoError(t, r.tab.Type(ctx, "message input", line(step), 0))
		require.NoError(t, r.tab.Press(ctx, "Enter"))
		r.passes(step, said(line(step)))
	}
	for _, step := range recording.StepNames() {
		if step == "reload" && !complete {
			continue
		}
		r.traffic.Mark(step)
		switch step {
		case "availability":
			r.asksForAnAgent()
		case "start":
			r.requests()
		case "start-again", "start-once-more":
			r.asksForAnAgent()
			r.requests()
		case "queue":
			position, wait := 4, api.Duration(5*time.Minute)
			acted(r.desk.QueueUpdate(ctx, last, api.QueueUpdateAct{Position: &position, Wait: &wait, Notice: "Many canaries today"}))
			r.passes(step, said("Many canaries today"))
		case "join":
			acted(r.desk.Join(ctx, last, api.AgentAct{Agent: "ada"}))
			r.reads("Ada")
		case "user-says", "user-says-more":
			says(step)
		case "agent-says", "agent-says-more":
			acted(r.desk.Say(ctx, last, api.SayAct{Agent: "ada", Text: line(step)}))
			r.reads(line(step))
		case "notice":
			acted(r.desk.Notice(ctx, last, api.NoticeAct{Text: line(step)}))
			r.reads(line(step))
		case "line-fails":
			acted(r.desk.Bounce(ctx, last, api.BounceAct{Text: line("user-says")}))
			r.passes(step, said("failed"))
		case "cut":
			if r.recorder.Cut() > 0 {
				r.passes(step, func(c recording.Crossing) bool { return c.Kind == recording.Response })
			}
		case "user-types":
			require.NoError(t, r.tab.Type(ctx, "message input", "Hm", 0))
			if complete {
				r.passes(step, said("typing"))
			}
		case "agent-types":
			acted(r.desk.Type(ctx, last, api.TypeAct{Agent: "ada"}))
		case "reload":
			require.NoError(t, r.tab.Reload(ctx))
			r.sees(`deskcheck.ui.look().banner || deskcheck.ui.find("message input")`)
			r.passes(step, func(c recording.Crossing) bool {
				return c.Kind == recording.Response && c.Status == http.StatusSwitchingProtocols
			})
		case "transfer":
			acted(r.desk.Transfer(ctx, last, api.TransferAct{Agent: "ada", To: "ben"}))
		case "agent-leaves":
			acted(r.desk.Leave(ctx, last, api.AgentAct{Agent: "ada"}))
			r.passes(step, said("ada"))
		case "agent-ends":
			acted(r.desk.Join(ctx, last, api.AgentAct{Agent: "ben"}))
			acted(r.desk.End(ctx, last, api.EndAct{}))
			r.sees(`!deskcheck.ui.look().banner`)
		case "queue-closes":
			acted(r.desk.CloseQueue(ctx, last, api.ReasonAct{Reason: "The aviary is closed"}))
			r.sees(`!deskcheck.ui.look().banner`)
		case "user-ends":
			require.NoError(t, r.tab.Click(ctx, "banner button", 0))
			require.NoError(t, r.tab.Click(ctx, "confirm", 0))
			r.sees(`!deskcheck.ui.look().banner`)
		}
	}
}

// TestARecordedWireEarnsTheCore has the reference integration and its desk speak through the recorder, and certifies the integration with the wire that was made of it. Not a line of
// it is edited.
func TestARecordedWireEarnsTheCore(t *testing.T) {
	t.Parallel()
	var kept bytes.Buffer
	r := newRecordingStage(t, "", Integration{}, &kept)
	r.does(true)
	all, _ := r.traffic.All()
	draft, err := recording.Infer("recorded", all)
	require.NoError(t, err)
	assert.Empty(t, draft.Open)
	again, err := recording.ReadTraffic("kept", &kept)
	require.NoError(t, err)
	later, err := recording.Infer("recorded", again)
	require.NoError(t, err)
	assert.Equal(t, string(draft.Text), string(later.Text), "what was kept says the same later")

	c := DefaultConfig()
	c.Report, c.Profile, c.Desk.Wire, c.Workers = t.TempDir(), "core", filepath.Join(t.TempDir(), "recorded.wire.yaml"), workersBesideOthers
	require.NoError(t, os.WriteFile(c.Desk.Wire, draft.Text, 0o600))
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	require.Equal(t, reports.ExitConformant, result.ExitCode, wrong(result))
	core := result.Profiles[slices.IndexFunc(result.Profiles, func(p reports.Profile) bool { return p.Name == "core" })]
	assert.True(t, core.Earned, core.Reason)
}

// TestSamplesAreRecorded does the same with integrations whose desks speak otherwise, for the scenarios of a few requirements. The lines that a person has to edit are here.
func TestSamplesAreRecorded(t *testing.T) {
	t.Parallel()
	for sample, edits := range map[string][]string{
		"polling":  nil,
		"longpoll": nil,
		// How the desk says no was not seen.
		"socket": {
			`        "*": {json: {id?: "${body.id}", error: "${outcome}", detail: "${detail}"}}`,
			`        "*": {json: {t: "no", id?: "${body.id}", p: {$json: {reason: "${outcome}"}}}}`,
		},
	} {
		t.Run(sample, func(t *testing.T) {
			t.Parallel()
			c := wiredConfig(t, sample)
			spoken, err := os.ReadFile(c.Desk.Wire)
			require.NoError(t, err)
			r := newRecordingStage(t, string(spoken), c.Integration, &bytes.Buffer{})
			r.does(false)
			all, _ := r.traffic.All()
			draft, err := recording.Infer(sample, all)
			require.NoError(t, err)
			text := string(draft.Text)
			for n := 0; n < len(edits); n += 2 {
				require.Contains(t, text, edits[n])
				text = strings.Replace(text, edits[n], edits[n+1], 1)
			}
			c.Desk.Wire = filepath.Join(t.TempDir(), "recorded.wire.yaml")
			require.NoError(t, os.WriteFile(c.Desk.Wire, []byte(text), 0o600))
			c.Select = []string{"FLOW-03", "FLOW-05", "SEND-06", "LIFE-03", "MSG-05", "ERR-06"}
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err)
			assert.Equal(t, reports.ExitConformant, result.ExitCode, "%s\n%s", wrong(result), text)
		})
	}
}
