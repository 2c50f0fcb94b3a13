package deskcheck

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/reports"
)

// crossed makes a scenario that passed of entries given as kind, name, reference and data.
func crossed(entries ...reports.Entry) reports.Scenario {
	for i := range entries {
		entries[i].Seq = i + 1
	}
	return reports.Scenario{ID: "a/1", Name: "One", Verdict: reports.Passed, Evidence: reports.Evidence{Entries: entries}}
}

func entry(kind, name string, ref int, data string) reports.Entry {
	return reports.Entry{Kind: kind, Name: name, Ref: ref, Data: json.RawMessage(data)}
}

func TestCompareScenario(t *testing.T) {
	one := crossed(
		entry("call", "startChat", 0, `{"args":[{"id":"11111111-2222-4333-8444-555555555555","history":{"timestamp":1795257929126},"ui_state":1}]}`),
		entry("settled", "startChat", 1, `{"outcome":"fulfilled"}`),
		entry("event", "human_agent:endChat", 0, `{"requestCancelled":true}`),
		entry("event", "ignored", 0, `{}`))
	same := crossed(
		entry("event", "human_agent:endChat", 0, `{"requestCancelled":true}`),
		entry("call", "startChat", 0, `{"args":[{"id":"99999999-2222-4333-8444-555555555555","history":{"timestamp":1795257921111}},{"$type":"undefined"}]}`),
		entry("settled", "startChat", 2, `{"outcome":"fulfilled"}`))
	known := fixtures.HostQuirks{Internals: []string{"ui_state"}}
	assert.Empty(t, compareScenario(one, same, known).Lists, "ids, times, the chat's own fields and the order between the lists are no difference")

	other := crossed(
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

func TestWhatDependsOnSpeedIsNotCompared(t *testing.T) {
	file := `{"args":["11111111-2222-4333-8444-555555555555"]}`
	other := `{"args":["21111111-2222-4333-8444-555555555555"]}`
	said := `{"data":{"id":"31111111-2222-4333-8444-555555555555"}}`
	heard := `{"data":{"id":"41111111-2222-4333-8444-555555555555"}}`
	second := entry("call", "getName", 0, `{}`)
	second.Widget = 1
	stored := func(cursor string) reports.Entry {
		return entry("callback", "updatePersistedState", 0, `{"args":[{"cursor":`+cursor+`}]}`)
	}
	kept := func(ref int) reports.Entry {
		return entry("returned", "updatePersistedState", ref, `{"outcome":"fulfilled"}`)
	}
	one := crossed(
		entry("call", "getName", 0, `{}`), second,
		entry("callback", "setFileUploadStatus", 0, file), entry("callback", "setFileUploadStatus", 0, other),
		entry("event", "human_agent:send", 0, said), entry("event", "human_agent:receive", 0, heard),
		stored("1"), kept(7), stored("2"), kept(9))
	another := crossed(
		second, entry("call", "getName", 0, `{}`),
		entry("callback", "setFileUploadStatus", 0, other), entry("callback", "setFileUploadStatus", 0, file),
		entry("event", "human_agent:receive", 0, heard), entry("event", "human_agent:send", 0, said),
		stored("2"), kept(7))
	assert.Empty(t, compareScenario(one, another, fixtures.HostQuirks{}).Lists)

	with := func(at int, e reports.Entry) reports.Scenario {
		entries := slices.Clone(one.Evidence.Entries)
		entries[at] = e
		return crossed(entries...)
	}
	lists := compareScenario(one, with(7, entry("returned", "updatePersistedState", 7, `{"outcome":"threw"}`)), fixtures.HostQuirks{}).Lists
	require.Len(t, lists, 1, "what the chat refuses counts each time")
	assert.Equal(t, listCallbacks, lists[0].What)
	lists = compareScenario(one, with(8, stored("3")), fixtures.HostQuirks{}).Lists
	require.Len(t, lists, 1, "and so does what is stored in the end")
	assert.Equal(t, listStored, lists[0].What)
	one.Scripted = true
	assert.NotEmpty(t, compareScenario(one, another, fixtures.HostQuirks{}).Lists, "a scripted integration stores what it is told to, each time")
}
