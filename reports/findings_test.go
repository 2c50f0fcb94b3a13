package reports

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/assert"
)

// oneMistake is a run in which one missing field is recorded in n scenarios, each of which carries MSG-01 as its tag and proves it, beside one that nothing breaks.
func oneMistake(n int) *Result {
	r := sample()
	r.KnownFailing, r.Scenarios, r.Profiles, r.Capabilities = nil, nil, nil, nil
	r.Requirements = []Requirement{
		{ID: "JOIN-02", Area: "JOIN", Level: "MUST", Verdict: Failed, Statement: "The profile says user_type.", Reason: "agentJoined: missing property 'user_type'"},
		{ID: "MSG-01", Area: "MSG", Level: "MUST", Verdict: Passed, Statement: "Each message is one call."},
	}
	for i := range n + 1 {
		s := Scenario{
			ID: fmt.Sprintf("agent-to-user/%d", i+1), Feature: "Agent to user", File: "agent-to-user.feature", Line: i + 1, Name: fmt.Sprintf("Line number %d", i+1), Requirements: []string{"MSG-01"},
			Verdict: Passed, DurationMs: 20, Runs: 1, Checks: []Check{{Requirement: "MSG-01", Verdict: Passed}}, Evidence: Evidence{Entries: talk(1)},
		}
		r.Requirements[1].Scenarios = append(r.Requirements[1].Scenarios, s.ID)
		if i < n {
			s.Verdict, s.Reason = Failed, "JOIN-02: "+r.Requirements[0].Reason
			s.Checks = append([]Check{{Requirement: "JOIN-02", Verdict: Failed, Expected: "a profile with user_type", Recorded: r.Requirements[0].Reason, Entry: 7}}, s.Checks...)
			s.Evidence.Image = picture()
			r.Requirements[0].Scenarios = append(r.Requirements[0].Scenarios, s.ID)
		}
		r.Scenarios = append(r.Scenarios, s)
	}
	return r
}

func TestTextTellsAFindingOnce(t *testing.T) {
	r := oneMistake(99)
	out := tell(r, TextOptions{})
	assert.Equal(t, 2, strings.Count(out, "recorded  agentJoined: missing property 'user_type'"), "where it was found first, and in the summary")
	assert.Equal(t, 1, strings.Count(out, "▸ "))
	assert.Equal(t, 98, strings.Count(out, "JOIN-02 again, see agent-to-user/1\n"))
	assert.Less(t, strings.Count(out, "\n"), 240)
	for line := range strings.SplitSeq(out, "\n") {
		if strings.HasPrefix(line, "✗ failed   ") && strings.Contains(line, "Line number") {
			assert.Regexp(t, `  JOIN-02 +20 ms$`, line, "what broke, and not the tag, which held")
		}
	}
	_, summary, _ := strings.Cut(out, "\nfailed\n")
	assert.Contains(t, strings.Join(strings.Fields(summary), " "), "in agent-to-user/1, agent-to-user/2, agent-to-user/3, agent-to-user/4, agent-to-user/5 and 94 others verdict:")

	// A second mistake in a scenario that shows the first again is told in full, and the first in a line.
	s := r.Scenarios[98]
	s.Checks = append(s.Checks, Check{Requirement: "MSG-01", Verdict: Failed, Expected: "1", Recorded: "2"})
	r.Scenarios[98] = s
	out = tell(r, TextOptions{})
	assert.Contains(t, out, "    recorded  2\n")
	assert.Contains(t, out, "\n    JOIN-02 again, see agent-to-user/1\n")
	assert.Contains(t, out, "JOIN-02 MSG-01")
}

// A scenario that breaks down on its way fails its own requirement by what others failed by.
func TestTextTellsACauseOnce(t *testing.T) {
	r := oneMistake(3)
	for i := range 3 {
		r.Scenarios[i].Checks[0].Requirement = fmt.Sprintf("FLOW-0%d", i)
	}
	out := tell(r, TextOptions{Width: 160})
	assert.Equal(t, 1, strings.Count(out, "▸ "))
	assert.Contains(t, out, "FLOW-01: expected a profile with user_type, recorded agentJoined: missing property 'user_type', as in agent-to-user/1\n")
	r.Scenarios[2].Checks[0].Entry = 0
	r.Scenarios[2].Checks[0].Expected, r.Scenarios[2].Checks[0].Recorded = "1", "0"
	r.Scenarios[1].Checks[0].Entry, r.Scenarios[1].Checks[0].Expected, r.Scenarios[1].Checks[0].Recorded = 0, "1", "0"
	assert.NotContains(t, tell(r, TextOptions{}), "as in", "numbers alone do not say that two absences are the same")
}

// What a scenario does not tell in full because it has too many findings is not held for told.
func TestWhatWasNotToldIsToldLater(t *testing.T) {
	m := newMemory()
	s := Scenario{ID: "a/1"}
	for i := range findingsInFull + 1 {
		s.Checks = append(s.Checks, Check{Requirement: fmt.Sprintf("A-%d", i), Verdict: Failed, Recorded: "broken"})
	}
	fresh, again := m.divide(s)
	assert.Len(t, fresh, findingsInFull+1)
	assert.Empty(t, again)
	s.ID = "a/2"
	fresh, again = m.divide(s)
	assert.Equal(t, s.Checks[findingsInFull:], fresh)
	assert.Contains(t, again, "A-0 again, see a/1; A-1 again")
}

func TestSummarySaysWhatWasExpected(t *testing.T) {
	out := tell(oneMistake(1), TextOptions{Width: 100})
	_, summary, _ := strings.Cut(out, "\nfailed\n")
	assert.Contains(t, summary, "              expected  a profile with user_type\n              recorded  agentJoined: missing property 'user_type'\n              in        agent-to-user/1\n")
	page := pageOf(t, oneMistake(1))
	todo := page[strings.Index(page, `id="attention"`):strings.Index(page, `id="requirements"`)]
	assert.Contains(t, todo, "<i>expected</i> <bdi>a profile with user_type</bdi>")
	assert.Contains(t, todo, "<i>recorded</i> <bdi>agentJoined: missing property &#39;user_type&#39;</bdi>")
}

// A to-do list is complete, however long it is.
func TestNothingToFixIsLeftOut(t *testing.T) {
	r := oneMistake(1)
	for i := range 60 {
		r.Requirements = append(r.Requirements, Requirement{ID: fmt.Sprintf("MANY-%02d", i), Area: "MANY", Level: "MUST", Verdict: Failed, Statement: "It holds.", Reason: "it does not"})
	}
	out, page := tell(r, TextOptions{}), pageOf(t, r)
	todo := page[strings.Index(page, `id="attention"`):strings.Index(page, `id="requirements"`)]
	for i := range 60 {
		assert.Contains(t, out, fmt.Sprintf("  MANY-%02d ", i))
		assert.Contains(t, todo, fmt.Sprintf(`href="#r-MANY-%02d"`, i))
	}
	assert.NotContains(t, out, "see the report")
}

// A requirement is told by its own checks: that a scenario fails through another one says nothing of it.
func TestRequirementsAreMarkedByTheirOwnChecks(t *testing.T) {
	r := oneMistake(3)
	// JOIN-02 holds in the fourth scenario, which is the only one that MSG-01 fails in.
	last := &r.Scenarios[3]
	last.Verdict, last.Checks = Failed, []Check{{Requirement: "JOIN-02", Verdict: Passed}, {Requirement: "MSG-01", Verdict: Failed, Expected: "one call", Recorded: "2"}}
	r.Requirements[0].Scenarios = append(r.Requirements[0].Scenarios, last.ID)
	r.Requirements[1].Verdict, r.Requirements[1].Reason = Failed, "2"
	_, summary, _ := strings.Cut(tell(r, TextOptions{}), "\nfailed\n")
	assert.Contains(t, summary, "in        agent-to-user/1, agent-to-user/2, agent-to-user/3\n")
	assert.Contains(t, summary, "in        agent-to-user/4\n")

	page := pageOf(t, r)
	todo := page[strings.Index(page, `id="attention"`):strings.Index(page, `id="requirements"`)]
	assert.Equal(t, 4, strings.Count(todo, `href="#s-agent-to-user-`), "three for JOIN-02, one for MSG-01")
	row := regexp.MustCompile(`(?s)<tr id="r-MSG-01".*?</tr>`).FindString(page)
	marks := regexp.MustCompile(`<a href="#(s-[^"]*)"><span class="(v-[^"]*)">`).FindAllStringSubmatch(row, -1)
	got := map[string]string{}
	for _, m := range marks {
		got[m[1]] = m[2]
	}
	assert.Equal(t, map[string]string{"s-agent-to-user-1": "v-passed", "s-agent-to-user-2": "v-passed", "s-agent-to-user-3": "v-passed", "s-agent-to-user-4": "v-failed"}, got)
	assert.Contains(t, regexp.MustCompile(`(?s)id="s-agent-to-user-1".*?</summary>`).FindString(page), `<span class="tags"><span class="id">JOIN-02</span> </span>`)

	_, c := junit(t, r)
	assert.Equal(t, []string{"JOIN-02"}, c.Suites[0].Cases[0].Properties["failed"])
	assert.Equal(t, []string{"MSG-01"}, c.Suites[0].Cases[0].Properties["requirement"])
}

// What the contract wants may be recorded before the catalogue has it.
func TestRequirementOutsideTheCatalogue(t *testing.T) {
	r := oneMistake(1)
	r.Requirements[0].Verdict, r.Requirements[0].Reason, r.Requirements[0].Scenarios = Passed, "", nil
	r.Scenarios[0].Checks[0] = Check{Requirement: "ERR-01", Verdict: Failed, Expected: "setErrorStatus is given an error", Recorded: "setErrorStatus: found null", Entry: 7}
	out := tell(r, TextOptions{Width: 160})
	assert.Contains(t, out, "Line number 1 ")
	assert.Regexp(t, `✗ failed .* ERR-01 +20 ms\n`, out)
	_, summary, _ := strings.Cut(out, "\nfailed\n")
	assert.Contains(t, summary, "  ERR-01      "+outsideCatalogue+" (not in the catalogue)\n              expected  setErrorStatus is given an error\n              recorded  setErrorStatus: found null\n              in        agent-to-user/1\n")
	assert.Contains(t, out, "verdict: failed · Acme Desk, src/acme.ts (failed outside the catalogue: ERR-01)\n")

	page := pageOf(t, r)
	assert.Contains(t, page, "Acme Desk does not keep the ai-chat contract")
	todo := page[strings.Index(page, `id="attention"`):strings.Index(page, `id="requirements"`)]
	assert.Contains(t, todo, `href="#r-ERR-01"`)
	assert.Contains(t, todo, "setErrorStatus: found null")
	row := regexp.MustCompile(`(?s)<tr id="r-ERR-01".*?</tr>`).FindString(page)
	assert.Contains(t, row, "not in the catalogue")
	assert.NotContains(t, row, `<span class="level"></span>`)
	for _, link := range regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(page, -1) {
		assert.Contains(t, page, `id="`+link[1]+`"`)
	}
	_, c := junit(t, r)
	assert.Equal(t, []string{"ERR-01"}, c.Suites[0].Cases[0].Properties["failed"])
	assert.Contains(t, c.Suites[0].Cases[0].Text, "ERR-01")
	assert.Len(t, settle(r).Requirements, 2, "results.json keeps to the catalogue")

	// Nor does a check without a requirement break anything.
	r.Scenarios[0].Checks[0].Requirement = ""
	assert.NotContains(t, pageOf(t, r), `"#r-"`)
	assert.Contains(t, tell(r, TextOptions{}), "found null")
}

// The marked entry is there to be read: its payload is never cut, and the others take the width there is.
func TestMarkedEntryIsWhole(t *testing.T) {
	r := oneMistake(1)
	long := `{"args":[{"type":"CONNECTED","words":"` + strings.Repeat("and so on ", 20) + `"},"the end"]}`
	entries := r.Scenarios[0].Evidence.Entries
	for i := range entries {
		entries[i].Data = json.RawMessage(long)
	}
	for _, width := range []int{60, 80, 100, 200} {
		out := tell(r, TextOptions{Width: width})
		flat := strings.Join(strings.Fields(out), "")
		assert.Equal(t, 1, strings.Count(flat, `"theend"]}`), "in full once, at the mark, with %d columns", width)
		for line := range strings.SplitSeq(out, "\n") {
			if !strings.HasPrefix(line, "verdict:") && !strings.Contains(line, "deskcheck-report/") {
				assert.LessOrEqual(t, text.StringWidth(line), width, line)
			}
		}
	}
	assert.Contains(t, tell(r, TextOptions{Width: 200}), strings.Repeat("and so on ", 8), "the others are given the width there is")
	// A violation carries little: the callback that it was found in is what has to be mended.
	entries[7] = Entry{Seq: 8, AtMs: 23, Kind: "violation", From: "integration", To: "host", Name: "agentJoined", Ref: 7, Note: "missing"}
	r.Scenarios[0].Checks[0].Entry = 8
	assert.Equal(t, 1, strings.Count(strings.Join(strings.Fields(tell(r, TextOptions{Width: 100})), ""), `"theend"]}`))
	entries[6].Data = json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	assert.Less(t, len(tell(r, TextOptions{})), 20_000, "a flood stays in the journal")
}

func TestTextSaysWhatIsCertified(t *testing.T) {
	out := tell(oneMistake(1), TextOptions{Subject: "src/desk.ts (export default)"})
	assert.True(t, strings.HasPrefix(out, "certifying src/desk.ts (export default)\nrunning 2 scenarios\n"), out[:80])
	assert.NotContains(t, tell(oneMistake(1), TextOptions{Subject: "src/desk.ts", Quiet: true}), "certifying")
	assert.Equal(t, "Acme Desk, src/acme.ts", sample().Integration.title())
	assert.Equal(t, "embedded reference", Integration{Source: "embedded reference"}.title())
	assert.Equal(t, "/opt/bin/python3 bot.py", Integration{Name: "python3", Source: "/opt/bin/python3 bot.py"}.title())
	assert.Empty(t, Integration{}.title())
}

func TestPageOfManyFailures(t *testing.T) {
	open := func(n int) int {
		return len(regexp.MustCompile(`<details class="scenario[^>]* open>`).FindAllString(pageOf(t, oneMistake(n)), -1))
	}
	assert.Equal(t, openAtFirst, open(openAtFirst))
	assert.Zero(t, open(openAtFirst+1), "a link to one of many would land far below")
	page := pageOf(t, oneMistake(99))
	assert.Equal(t, 1, strings.Count(page, "data:image/png"), "the same failure looks the same: the other pictures are linked")
	assert.Equal(t, 98, strings.Count(page, `<a href="screenshots/`))
	assert.Equal(t, 1, strings.Count(page, `author\":{\"role`), "a payload that every scenario has is in the page once")
}

// What may follow from something else stands behind it, with what to mend first in place of what was seen.
func TestWhatFollowsIsToldLast(t *testing.T) {
	r := oneMistake(3)
	r.Requirements[1].Verdict, r.Requirements[1].Reason = Failed, "no message came"
	r.Requirements[0].FollowsFrom = []string{"MSG-01"} // the first of the catalogue
	_, summary, _ := strings.Cut(tell(r, TextOptions{}), "\nfailed\n")
	assert.Regexp(t, `(?s)^  MSG-01  .*\n  JOIN-02     The profile says user_type\. \(MUST\)\n +may follow from MSG-01: mend that first\n`, summary)
	assert.NotContains(t, summary, "recorded  agentJoined")

	_, page, _ := strings.Cut(pageOf(t, r), `id="attention"`)
	assert.Less(t, strings.Index(page, `href="#r-MSG-01">MSG-01`), strings.Index(page, `href="#r-JOIN-02">JOIN-02`))
	assert.Contains(t, page, `<p class="follows">May follow from <a class="id" href="#r-MSG-01">MSG-01</a>: mend that first.</p>`)
}

// Who ran a part, and did not ask about a profile, need not read of each that it was not tried in full.
func TestAPartEarnsNothing(t *testing.T) {
	r := sample()
	r.Selection = []string{"FLOW-03"}
	r.Profiles = []Profile{{Name: "core", Reason: "61 of its 66 requirements were not tried in full"}}
	assert.NotContains(t, tell(r, TextOptions{}), "not tried in full")
	r.Profile = "core"
	assert.Contains(t, strings.Join(strings.Fields(tell(r, TextOptions{})), " "), "not tried in full")
}
