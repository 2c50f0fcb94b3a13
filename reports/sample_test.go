package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync"
	"time"
)

// What an integration or a desk could say to break a report.
const (
	hostileMarkup = `</script><script>document.title="owned"</script><img src=x onerror="document.title='owned'">`
	hostileANSI   = "\x1b[2J\x1b]0;owned\x07\x1b[31mred\x1b[0m"
	hostileBidi   = "user\u202e\u2066txt.exe\u2069"
	hostileText   = "ok 👩‍👩‍👧 שלום עולם \u0000\u0008\ufffe end"
)

// journalOf builds entries the way a run records them: each line is "ms kind from to name payload".
func journalOf(lines ...string) []Entry {
	var entries []Entry
	for i, line := range lines {
		f := strings.SplitN(line, " ", 6)
		e := Entry{Seq: i + 1, Kind: f[1], From: f[2], To: f[3], Chat: 1}
		if _, err := fmt.Sscanf(f[0], "%g", &e.AtMs); err != nil {
			panic(err)
		}
		e.Name = strings.ReplaceAll(f[4], "_", " ")
		if len(f) > 5 {
			e.Data = json.RawMessage(f[5])
		}
		entries = append(entries, e)
	}
	return entries
}

// picture stands for a screenshot.
var picture = sync.OnceValue(func() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 640, 400))
	for y := range 400 {
		for x := range 640 {
			c := color.RGBA{246, 248, 251, 255}
			switch {
			case y < 48:
				c = color.RGBA{38, 84, 188, 255}
			case x > 40 && x < 360 && y > 90 && y < 130, x > 280 && x < 600 && y > 160 && y < 200:
				c = color.RGBA{219, 228, 243, 255}
			case y > 340 && x > 24 && x < 616:
				c = color.RGBA{255, 255, 255, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err)
	}
	return b.Bytes()
})

// sample is a run in which everything that a report must show has happened at least once.
func sample() *Result {
	r := &Result{
		SchemaVersion: SchemaVersion, Tool: Tool{"deskcheck", "0.1.0"}, Contract: "ai-chat", Dialect: "ai-chat", Host: "emulated",
		Integration: Integration{Name: "Acme Desk", Source: "src/acme.ts", Export: "default", Digest: strings.Repeat("9f86d081", 8), Methods: []string{"areAnyAgentsOnline", "userTyping"}},
		Browser:     Browser{Kind: "chromium-headless-shell", Version: "156.0.8078.79", Path: "/usr/bin/chromium-headless-shell", Replaced: 1},
		Seed:        20261121, Repeat: 1, Workers: 4, StartedAt: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC), DurationMs: 7421, Verdict: Failed, ExitCode: ExitNotConformant,
		KnownFailing: []KnownFailing{{"JOIN-03", "our desk has no pictures of its agents yet", ExpectedFailure}, {"MSG-06", "waits for release 7", UnexpectedPass}},
		Capabilities: []Capability{{Name: "avail", Claimed: true, Seen: true, How: "it has areAnyAgentsOnline"}, {Name: "typing", Seen: true, How: "it calls agentTyping"}, {Name: "files", Claimed: true}},
		Profiles: []Profile{
			{Name: "core", Description: "A whole conversation.", Capabilities: []string{"core"}, Requirements: 9, Reason: "FLOW-03, FLOW-15 did not hold", Failed: []string{"FLOW-03", "FLOW-15"}},
			{Name: "avail", Description: "It says whether agents are there.", Capabilities: []string{"core", "avail"}, Requirements: 2, Earned: true, Warned: []string{"AVAIL-05"}},
			{Name: "typing", Description: "Each side sees that the other is typing.", Capabilities: []string{"core", "typing"}, Requirements: 1, Earned: true},
			{Name: "files", Description: "It takes files.", Capabilities: []string{"core", "files"}, Requirements: 12, NotRun: true, Reason: "12 of its 12 requirements were not tried in full"},
		},
	}
	r.Requirements = sampleRequirements()
	r.Scenarios = sampleScenarios()
	for i := range r.Requirements {
		q := &r.Requirements[i]
		q.Area, _, _ = strings.Cut(q.ID, "-")
		q.Binds, q.Capability = []string{"integration"}, "core"
		for _, s := range r.Scenarios {
			for _, id := range s.Requirements {
				if id == q.ID {
					q.Scenarios = append(q.Scenarios, s.ID)
				}
			}
		}
	}
	r.Summary = Count(r)
	return r
}

func sampleRequirements() []Requirement {
	return []Requirement{
		{ID: "FACT-03", Level: "MUST", Verdict: Passed, Statement: "The factory yields an object whose startChat, endChat and sendMessageToAgent are functions.", Sources: []string{"ServiceDesk interface", "host's own check"}},
		{ID: "FACT-06", Level: "MUST", Verdict: Passed, Statement: "Construction opens no session at the desk and makes no callback that belongs to a chat.", Sources: []string{"interaction flow, step 1"}},
		{ID: "AVAIL-03", Level: "MUST", Verdict: Passed, Statement: "areAnyAgentsOnline resolves to exactly true, false or null.", Sources: []string{"ServiceDesk interface"}},
		{ID: "AVAIL-05", Level: "SHOULD", Verdict: Warned, Statement: "A status that cannot be determined is null, not a rejection.", Reason: "areAnyAgentsOnline rejected with \"Failed to fetch\" where null was wanted", Sources: []string{"ServiceDesk interface"}},
		{ID: "FLOW-03", Level: "MUST", Verdict: Failed, Statement: "startChat returns a promise that fulfils once the desk has accepted the session; it waits for no agent.", Reason: "startChat was still pending 15,000 ms after the desk had accepted the session", Sources: []string{"ServiceDesk.startChat"}},
		{ID: "FLOW-09", Level: "MUST", Verdict: Passed, Statement: "When an agent accepts, agentJoined is called; when none will come, the wait is ended.", Sources: []string{"interaction flow, step 7"}},
		{ID: "FLOW-15", Level: "MUST", Label: "derived", Verdict: Failed, Statement: "Events of an older conversation cause no callback.", Reason: "agentJoined came for a conversation that had ended", Sources: []string{"derived"}},
		{ID: "BANNER-04", Level: "MUST", Verdict: Untestable, Statement: "Waiting times are whole minutes, positions count from 1.", Reason: "the desk in this profile has no queue", Sources: []string{"AgentAvailability"}},
		{ID: "JOIN-03", Level: "SHOULD", Verdict: ExpectedFailure, Statement: "A picture, if there is one, has an absolute address that loads.", Reason: "the address /avatar/7 is relative", Sources: []string{"AgentProfile"}},
		{ID: "JOIN-06", Level: "MUST", Verdict: Passed, Statement: "agentJoined precedes the first message of that agent.", Sources: []string{"interaction flow, steps 7 and 8"}},
		{ID: "MSG-05", Level: "MUST", Label: "derived", Verdict: Failed, Statement: "Messages appear once, in the desk's order, none lost.", Reason: "in one run of 20 the second message was missing", Sources: []string{"derived"}},
		{ID: "MSG-06", Level: "SHOULD", Verdict: UnexpectedPass, Statement: "Callbacks are made one after another, each awaited.", Reason: "declared as known-failing, but it holds now", Sources: []string{"callback types"}},
		{ID: "MSG-09", Level: "MUST", Verdict: Passed, Statement: "Markup from the desk is shown as text or as markdown and never run.", Sources: []string{"supported types"}},
		{ID: "TYPING-01", Level: "MAY", Verdict: NotApplicable, Statement: "The agent's typing is shown.", Reason: "the integration has no userTyping", Sources: []string{"ServiceDesk.userTyping"}},
		{ID: "LIFE-12", Level: "MUST", Verdict: NotRun, Statement: "After the end there is silence.", Reason: "the run ended before its turn (--fail-fast)", Sources: []string{"interaction flow, step 12"}},
	}
}

func step(keyword, text, status string, ms float64, first, last int) Step {
	return Step{Keyword: keyword + " ", Text: text, Status: status, DurationMs: ms, FirstEntry: first, LastEntry: last}
}

func sampleScenarios() []Scenario {
	flow, joining, messages := "Requesting and connecting", "Joining", "Agent to user"
	failing := Scenario{
		ID: "ai-chat/requesting/27", Feature: flow, File: "ai-chat/requesting.feature", Line: 27, Name: "The request is settled before an agent comes", Requirements: []string{"FLOW-03", "FLOW-09"},
		Verdict: Failed, DurationMs: 5021.4, Runs: 1, Reason: "startChat was still pending 15,000 ms after the desk had accepted the session",
		Steps: []Step{
			step("Given", "the user has opened the chat", "passed", 41.2, 1, 3), step("And", "the desk accepts sessions, and no agent comes", "passed", .3, 0, 0),
			step("When", "the user asks for a person", "passed", 58.8, 4, 13), step("Then", "startChat is fulfilled within 15 s", "failed", 4920.1, 14, 16), step("And", "the user sees that they are waiting", "skipped", 0, 0, 0),
		},
		Checks: []Check{
			{Requirement: "FLOW-03", Verdict: Failed, Expected: "startChat is fulfilled within 15,000 ms after the desk accepted the session, whether or not an agent has come",
				Recorded: "still pending 15,000 ms after PUT /v1/conversations/{id} was answered 201", Hint: "resolve as soon as the desk has answered; read the events in the background instead of awaiting them", Entry: 10},
			{Requirement: "FLOW-09", Verdict: Passed},
		},
		Evidence: Evidence{Image: picture(), Entries: journalOf(
			`2.1 call host integration factory {"arguments":[{"callback":"[callback]","instance":{}}]}`,
			`9.8 settled integration host factory {"outcome":"fulfilled","methods":{"startChat":"function","endChat":"function"}}`,
			`20.5 screen host user screen {"open":true}`,
			`52.0 act user host request_agent`,
			`53.1 call host integration areAnyAgentsOnline {"arguments":[{"output":{"generic":[{"response_type":"connect_to_agent"}]}}]}`,
			`58.7 request integration desk GET_/v1/availability {"method":"GET","path":"/v1/availability"}`,
			`59.2 response desk integration GET_/v1/availability {"status":200,"body":{"status":"online","waiting":0}}`,
			`61.0 settled integration host areAnyAgentsOnline {"outcome":"fulfilled","value":true}`,
			`70.9 console page kit warn {"level":"warn","args":["session resumes",{"attempt":1}]}`,
			`84.4 call host integration startChat {"arguments":[{"output":{"generic":[{"response_type":"connect_to_agent","transfer_info":{"summary_message_to_agent":"Invoice 12345678901234567890 was charged twice"}}]}},{"preStartChatPayload":null}]}`,
			`90.3 request integration desk PUT_/v1/conversations/{id} {"method":"PUT","path":"/v1/conversations/0b94c1d2-9c1e-4d2c-8a3e-6a1b90f5ce11","body":{"context":{"summary":"Invoice was charged twice"}}}`,
			`91.1 response desk integration PUT_/v1/conversations/{id} {"status":201,"body":{"id":"0b94c1d2-9c1e-4d2c-8a3e-6a1b90f5ce11","state":"waiting","cursor":0}}`,
			`97.6 opened integration desk events {"cursor":0}`,
			`99.0 frame desk integration queue.updated {"cursor":1,"type":"queue.updated","position":1}`,
			`101.5 callback integration host updateAgentAvailability {"arguments":[{"positionInQueue":1}]}`,
			`102.0 returned host integration updateAgentAvailability {"outcome":"returned"}`,
			`102.2 clock kit page 15_s`,
			`4980.2 error integration page Uncaught_TypeError {"message":"Cannot read properties of undefined (reading 'leave')","stack":"integration.js:41:19"}`,
		)},
	}
	late := Scenario{
		ID: "ai-chat/requesting/61", Feature: flow, File: "ai-chat/requesting.feature", Line: 61, Name: "A late agent of the first chat does not enter the second: " + hostileText, Requirements: []string{"FLOW-15", "JOIN-09", "MSG-13", "LIFE-12"},
		Verdict: Failed, DurationMs: 212.4, Runs: 1,
		Steps: []Step{
			step("Given", "a chat that has ended", "passed", 80, 1, 5), step("When", "its agent joins and speaks", "failed", 12.5, 6, 9),
			{Keyword: "Then ", Text: "nothing reaches the second chat", Status: "skipped", Argument: "| callback | count |\n| agentJoined | 0 |"},
		},
		Checks: []Check{
			{Requirement: "FLOW-15", Verdict: Failed, Expected: "no callback for conversation 1 after its end", Recorded: "agentJoined " + hostileMarkup + "\n" + hostileANSI, Entry: 8},
			{Requirement: "JOIN-09", Verdict: Failed, Expected: "no agentJoined after the end", Recorded: "agentJoined 31 ms after the end", Hint: "compare the conversation's id before you call back", Entry: 8},
			{Requirement: "MSG-13", Verdict: Warned, Expected: "no message after the end", Recorded: hostileBidi},
		},
		Evidence: Evidence{Entries: append(journalOf(
			`10 act user host close`, `12 call host integration endChat {"arguments":[{"endedByAgent":false}]}`, `14.5 request integration desk DELETE_/v1/conversations/{id} {"method":"DELETE"}`,
			`15.9 response desk integration DELETE_/v1/conversations/{id} {"status":410,"body":{"type":"about:blank","title":"Gone","status":410}}`, `18.1 settled integration host endChat {"outcome":"rejected","error":"Gone"}`,
			`40.2 act agent desk join`, `41.0 frame desk integration agent.joined {"cursor":2,"type":"agent.joined","agent":{"id":"ann","name":"Ann"}}`, `43.3 callback integration host agentJoined {"arguments":[{"id":"ann","nickname":"<b>Ann</b>"}]}`,
			`43.9 violation integration host agentJoined`), Entry{Seq: 10, AtMs: 44.4, Kind: "callback", From: "integration", To: "host", Name: "sendMessageToUser" + hostileMarkup, Note: hostileANSI + hostileBidi,
			Data: json.RawMessage(`{"arguments":["</script><!--` + `\u001b[31m 👋 שלום"]}`)},
			Entry{Seq: 11, AtMs: 45, Kind: "console", From: "integration", To: "page", Name: "log", Data: json.RawMessage("not json " + hostileMarkup)})},
	}
	late.Evidence.Entries[8].Requirement, late.Evidence.Entries[8].Note = "FLOW-15", "this conversation ended 25 ms before"
	plain := func(line int, feature, file, name string, verdict Verdict, ms float64, ids ...string) Scenario {
		s := Scenario{
			ID: fmt.Sprintf("%s/%d", strings.TrimSuffix(file, ".feature"), line), Feature: feature, File: file, Line: line, Name: name, Requirements: ids, Verdict: verdict, DurationMs: ms, Runs: 1,
			Steps:    []Step{step("Given", "a chat with an agent", "passed", 30, 1, 4), step("When", `the agent says "Good morning"`, "passed", 8, 5, 8), step("Then", "the user reads it once", "passed", 2.5, 9, 9)},
			Evidence: Evidence{Entries: talk(1)},
		}
		for _, id := range ids {
			s.Checks = append(s.Checks, Check{Requirement: id, Verdict: verdict})
		}
		return s
	}
	warned := plain(30, "Availability", "ai-chat/availability.feature", "A status that nobody knows", Warned, 61.3, "AVAIL-05")
	warned.Checks[0].Expected, warned.Checks[0].Recorded, warned.Reason = "null", `a rejection: "Failed to fetch"`, `areAnyAgentsOnline rejected with "Failed to fetch" where null was wanted`
	expected := plain(12, joining, "ai-chat/joining.feature", "The agent's picture loads", ExpectedFailure, 55, "JOIN-03")
	expected.Reason = "the address /avatar/7 is relative"
	unexpected := plain(51, messages, "ai-chat/agent-to-user.feature", "A burst of three is shown whole", UnexpectedPass, 71, "MSG-06")
	unexpected.Reason = "declared as known-failing, but it holds now: remove the entry"
	absent := plain(9, "Typing", "ai-chat/typing.feature", "The agent sees that the user types", NotApplicable, 0, "TYPING-01")
	absent.Reason, absent.Steps, absent.Evidence = "the integration has no userTyping", nil, Evidence{}
	untestable := plain(18, "Waiting", "ai-chat/waiting.feature", "Minutes are shown, not seconds", Untestable, 3, "BANNER-04")
	untestable.Reason = "the desk in this profile has no queue"
	notRun := plain(77, "Leaving and ending", "ai-chat/ending.feature", "After the end there is silence", NotRun, 0, "LIFE-12")
	notRun.Reason, notRun.Steps, notRun.Evidence = "the run ended before its turn (--fail-fast)", nil, Evidence{}
	rerun := plain(40, messages, "ai-chat/agent-to-user.feature", "Markup from the desk is not run", Passed, 47.8, "MSG-09")
	rerun.Rerun = true
	differed := plain(33, messages, "ai-chat/agent-to-user.feature", "Fifty messages keep their order", Failed, 1843, "MSG-05")
	differed.Runs, differed.Differed, differed.Reason = 20, true, "in one run of 20 the second message was missing"
	differed.Checks[0].Expected, differed.Checks[0].Recorded = "1, 2, 3 … 50", "1, 3 … 50"
	return []Scenario{
		plain(8, "Factory and name", "ai-chat/factory.feature", "The factory yields an integration", Passed, 38.2, "FACT-03"),
		plain(15, "Factory and name", "ai-chat/factory.feature", "Construction is silent", Passed, 35.9, "FACT-06"),
		plain(11, "Availability", "ai-chat/availability.feature", "Somebody, nobody, unknown: online", Passed, 44.1, "AVAIL-03"),
		plain(12, "Availability", "ai-chat/availability.feature", "Somebody, nobody, unknown: online", Passed, 43.3, "AVAIL-03"),
		warned, failing, late, untestable, expected,
		plain(24, joining, "ai-chat/joining.feature", "日本語の担当者が参加すると最初の発言の前に名前が表示される、長い見出しでも列は揃う", Passed, 49.4, "JOIN-06"),
		differed, rerun, unexpected, absent, notRun,
	}
}

// talk is the journal of a short conversation, said n times over.
func talk(n int) []Entry {
	lines := []string{`3 call host integration factory {"arguments":[{"callback":"[callback]"}]}`, `6 settled integration host factory {"outcome":"fulfilled"}`, `12 act user host request_agent`, `14 call host integration startChat {"arguments":[{}]}`}
	for i := range n {
		at := 20 + 10*i
		lines = append(lines, fmt.Sprintf(`%d act agent desk say "Good morning %d"`, at, i), fmt.Sprintf(`%d frame desk integration message {"cursor":%d,"type":"message","text":"Good morning","author":{"role":"agent","id":"ann"}}`, at+1, i),
			fmt.Sprintf(`%d callback integration host sendMessageToUser {"arguments":["Good morning","ann"]}`, at+2), fmt.Sprintf(`%d returned host integration sendMessageToUser {"outcome":"fulfilled"}`, at+3),
			fmt.Sprintf(`%d screen host user screen {"messages":[{"from":"agent","author":"Ann","text":"Good morning"}]}`, at+4))
	}
	return journalOf(lines...)
}

// large is a run of the given size, all passed.
func large(scenarios, turns int) *Result {
	r := sample()
	r.Verdict, r.ExitCode, r.KnownFailing = Passed, ExitConformant, nil
	r.Scenarios = nil
	for i := range scenarios {
		s := sampleScenarios()[0]
		s.ID, s.Line, s.Evidence.Entries = fmt.Sprintf("ai-chat/large/%d", i+1), i+1, talk(turns)
		s.Name = fmt.Sprintf("%s, number %d", s.Name, i+1)
		r.Scenarios = append(r.Scenarios, s)
	}
	for i := range r.Requirements {
		r.Requirements[i].Verdict, r.Requirements[i].Reason, r.Requirements[i].Scenarios = Passed, "", nil
	}
	return r
}
