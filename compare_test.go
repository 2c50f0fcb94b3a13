package deskcheck

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"

	"deskcheck/fixtures"
	"deskcheck/reports"
)

// crossed makes a scenario of entries given as kind, name, reference and data.
func crossed(verdict reports.Verdict, entries ...reports.Entry) reports.Scenario {
	for i := range entries {
		entries[i].Seq = i + 1
	}
	return reports.Scenario{ID: "a/1", Name: "One", Verdict: verdict, Evidence: reports.Evidence{Entries: entries}}
}

func entry(kind, name string, ref int, data string) reports.Entry {
	return reports.Entry{Kind: kind, Name: name, Ref: ref, Data: json.RawMessage(data)}
}

func TestCompareScenario(t *testing.T) {
	one := crossed(reports.Passed,
		entry("call", "startChat", 0, `{"args":[{"id":"11111111-2222-4333-8444-555555555555","history":{"timestamp":1795257929126},"ui_state":1}]}`),
		entry("settled", "startChat", 1, `{"outcome":"fulfilled"}`),
		entry("event", "human_agent:endChat", 0, `{"requestCancelled":true}`),
		entry("event", "ignored", 0, `{}`))
	same := crossed(reports.Passed,
		entry("event", "human_agent:endChat", 0, `{"requestCancelled":true}`),
		entry("call", "startChat", 0, `{"args":[{"id":"99999999-2222-4333-8444-555555555555","history":{"timestamp":1795257921111}},{"$type":"undefined"}]}`),
		entry("settled", "startChat", 2, `{"outcome":"fulfilled"}`))
	known := fixtures.HostQuirks{Internals: []string{"ui_state"}}
	assert.Empty(t, compareScenario(one, same, known).Lists, "ids, times, the chat's own fields and the order between the lists are no difference")

	other := crossed(reports.Passed,
		entry("call", "startChat", 0, `{"args":[{"id":"99999999-2222-4333-8444-555555555555","history":{"timestamp":1}}]}`),
		entry("settled", "startChat", 1, `{"outcome":"rejected","error":{"message":"no"}}`),
		entry("event", "human_agent:endChat", 0, `{"requestCancelled":true}`))
	s := compareScenario(one, other, known)
	assert.False(t, s.Explained)
	assert.Equal(t, []ComparedList{{What: listCalls, Lines: []ComparedLine{
		{Mark: "-", Text: "startChat → fulfilled"},
		{Mark: "+", Text: `startChat → rejected "no"`},
		{Mark: " ", Text: `  startChat · 1.history.timestamp: "<time>"`},
		{Mark: " ", Text: `  startChat · 1.id: "<id 1>"`},
	}}}, s.Lists)

	known.Differences = []fixtures.Difference{{ID: "D-01", Lines: []string{`^[-+] startChat → `}}}
	s = compareScenario(one, other, known)
	assert.True(t, s.Explained)
	assert.Equal(t, "D-01", s.Lists[0].Lines[0].Quirk)

	other.Verdict = reports.Failed
	assert.False(t, compareScenario(one, other, known).Explained, "another verdict is never explained")
	other.Verdict, other.Reason = reports.NotApplicable, "cannot be shown"
	assert.Equal(t, "cannot be shown", compareScenario(one, other, known).NotCompared)
}
