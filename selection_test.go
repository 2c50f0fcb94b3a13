package deskcheck_test

import (
	"strings"
	"testing"

	"deskcheck"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// scenarios is a contract in small: three features, one requirement (FLOW-16) left without a scenario.
var scenarios = []deskcheck.Selectable{
	{ID: "ai-chat/availability/5", Name: "Agents are online", Feature: "Asking for agents", File: "ai-chat/availability.feature", Tags: []string{"@AVAIL-03"}, Capabilities: []string{"avail"}},
	{ID: "ai-chat/availability/9", Name: "The flow of a late answer", Feature: "Asking for agents", File: "ai-chat/availability.feature", Tags: []string{"@AVAIL-04", "@slow"}, Capabilities: []string{"avail"}},
	{ID: "ai-chat/requesting/7", Name: "The desk takes the session", Feature: "Requesting", File: "ai-chat/requesting.feature", Tags: []string{"@FLOW-03"}, Capabilities: []string{"core"}},
	{ID: "ai-chat/requesting/12", Name: "Nobody is free after all", Feature: "Requesting", File: "ai-chat/requesting.feature", Tags: []string{"@FLOW-04", "@AVAIL-11", "@slow"}, Capabilities: []string{"core", "avail"}},
	{ID: "ai-chat/joining/4", Name: "An agent joins", Feature: "Joining", File: "ai-chat/joining.feature", Tags: []string{"@JOIN-01"}, Capabilities: []string{"core"}},
}

func ids(selected []deskcheck.Selectable) string {
	var lines []string
	for _, s := range selected {
		lines = append(lines, strings.TrimPrefix(s.ID, "ai-chat/"))
	}
	return strings.Join(lines, " ")
}

func TestSelect(t *testing.T) {
	const all = "availability/5 availability/9 requesting/7 requesting/12 joining/4"
	for _, test := range []struct {
		name string
		c    deskcheck.Config
		want string
	}{
		{"everything", deskcheck.Config{}, all},
		{"a requirement", deskcheck.Config{Select: []string{"FLOW-03"}}, "requesting/7"},
		{"a requirement in small letters", deskcheck.Config{Select: []string{"flow-03"}}, "requesting/7"},
		{"a requirement written as a tag", deskcheck.Config{Select: []string{"@FLOW-03"}}, "requesting/7"},
		{"a tag that is no requirement", deskcheck.Config{Select: []string{"slow"}}, "availability/9 requesting/12"},
		{"an area, not the names that contain it", deskcheck.Config{Select: []string{"flow"}}, "requesting/7 requesting/12"},
		{"an area that reaches into another feature", deskcheck.Config{Select: []string{"AVAIL"}}, "availability/5 availability/9 requesting/12"},
		{"a feature by its file", deskcheck.Config{Select: []string{"availability"}}, "availability/5 availability/9"},
		{"a feature by its path", deskcheck.Config{Select: []string{"ai-chat/joining.feature"}}, "joining/4"},
		{"a feature by its title", deskcheck.Config{Select: []string{"asking for agents"}}, "availability/5 availability/9"},
		{"a scenario by its ID", deskcheck.Config{Select: []string{"ai-chat/requesting/12"}}, "requesting/12"},
		{"a part of a name", deskcheck.Config{Select: []string{"late ANSWER"}}, "availability/9"},
		{"words are joined by or, in the order of the features", deskcheck.Config{Select: []string{"JOIN-01", "AVAIL-03"}}, "availability/5 joining/4"},
		{"tags", deskcheck.Config{Tags: "@slow and not @AVAIL-11"}, "availability/9"},
		{"capabilities are joined by or", deskcheck.Config{Capabilities: []string{"avail", "core"}}, all},
		{"a capability", deskcheck.Config{Capabilities: []string{"core"}}, "requesting/7 requesting/12 joining/4"},
		{"all three narrow", deskcheck.Config{Select: []string{"AVAIL"}, Tags: "@slow", Capabilities: []string{"core"}}, "requesting/12"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.c.Contract, test.c.Dialect = "ai-chat", "ai-chat"
			selected, err := deskcheck.Select(scenarios, test.c)
			require.NoError(t, err)
			assert.Equal(t, test.want, ids(selected))
		})
	}
}

func TestSelectOfNothingIsAnError(t *testing.T) {
	const hint = `; "deskcheck list requirements" and "deskcheck list features" print what there is`
	for _, test := range []struct {
		name string
		all  []deskcheck.Selectable
		c    deskcheck.Config
		want string
	}{
		{"a slip in an ID", scenarios, deskcheck.Config{Select: []string{"FLO-03"}}, `nothing matches "FLO-03"; closest: FLOW-03, FLOW-04, FLOW` + hint},
		{"IDs joined by commas", scenarios, deskcheck.Config{Select: []string{"FLOW-03,JOIN-01"}}, `nothing matches "FLOW-03,JOIN-01"; with blanks between them it is a selection: FLOW-03 JOIN-01` + hint},
		{"a slip in a feature", scenarios, deskcheck.Config{Select: []string{"joinning"}}, `nothing matches "joinning"; closest: joining, JOIN, JOIN-01` + hint},
		{"a line without a scenario", scenarios, deskcheck.Config{Select: []string{"Requesting/8"}},
			`no scenario stands at "Requesting/8" (the number is the line in the feature file); nearest: ai-chat/requesting/7, ai-chat/requesting/12` + hint},
		{"a line of no feature", scenarios, deskcheck.Config{Select: []string{"nowhere/8"}}, `nothing matches "nowhere/8"; closest: ` + strings.Join(deskcheck.Closest("nowhere/8", deskcheck.Words(scenarios), 3), ", ") + hint},
		{"each word has to fit", scenarios, deskcheck.Config{Select: []string{"FLOW-03", "xx", "yy"}}, "nothing matches \"xx\"; closest: FLOW, JOIN, AVAIL\nnothing matches \"yy\"; closest: FLOW, JOIN, AVAIL" + hint},
		{"a requirement without a scenario", scenarios, deskcheck.Config{Select: []string{"flow-16"}}, `FLOW-16 is a requirement, but no scenario of dialect ai-chat proves it` + hint},
		{"an unknown tag", scenarios, deskcheck.Config{Tags: "@slow or @FLOW-30"}, `tag expression "@slow or @FLOW-30", column 10: no scenario has the tag @FLOW-30; closest: @FLOW-03, @FLOW-04, @slow`},
		{"a capability of no scenario", scenarios, deskcheck.Config{Capabilities: []string{"banner"}}, `no scenario speaks of the capability "banner"; closest: avail, core; "deskcheck list capabilities" prints what there is`},
		{"conditions that exclude each other", scenarios, deskcheck.Config{Select: []string{"JOIN"}, Tags: "@slow", Capabilities: []string{"core"}},
			`the selection leaves no scenario: JOIN fits 1, --tags "@slow" fits 2, --capability core fits 3, none fits all; drop one of the conditions`},
		{"no scenarios at all", nil, deskcheck.Config{}, `there are no scenarios`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.c.Contract, test.c.Dialect = "ai-chat", "ai-chat"
			_, err := deskcheck.Select(test.all, test.c)
			require.EqualError(t, err, test.want)
			assert.Equal(t, 2, deskcheck.ExitCode(err))
		})
	}
}

// What is to be looked up is looked up in the contract that the run is about.
func TestSelectNamesTheContractInItsFix(t *testing.T) {
	for _, test := range []struct {
		c    deskcheck.Config
		want string
	}{
		{deskcheck.Config{Select: []string{"DC-NOPE-1"}}, `"deskcheck list requirements --contract digital-connect" and "deskcheck list features --contract digital-connect" print what there is`},
		{deskcheck.Config{Capabilities: []string{"banner"}}, `"deskcheck list capabilities --contract digital-connect" prints what there is`},
		{deskcheck.Config{Profile: "nope"}, `"deskcheck list profiles --contract digital-connect" prints them all`},
	} {
		test.c.Contract, test.c.Dialect = "digital-connect", "dc-2026.1"
		_, err := deskcheck.Select(scenarios, test.c)
		require.ErrorContains(t, err, "; "+test.want)
	}
}

func TestWords(t *testing.T) {
	assert.Equal(t, []string{"AVAIL-03", "AVAIL-04", "AVAIL-11", "FLOW-03", "FLOW-04", "JOIN-01", "AVAIL", "FLOW", "JOIN", "availability", "joining", "requesting"}, deskcheck.Words(scenarios))
}

func TestCompileTags(t *testing.T) {
	for _, test := range []struct {
		expression, tags string
		want             bool
	}{
		{"@a", "@a", true}, {"@a", "a", true}, {"@a", "@b", false}, {"@a", "", false}, {"@a", "@A", false},
		{"not @a", "@b", true}, {"not not @a", "@a", true}, {"not not not @a", "@a", false},
		{"@a and @b", "@a", false}, {"@a and @b", "@a @b", true}, {"@a or @b", "@b", true},
		// "not" before "and" before "or".
		{"@a or @b and @c", "@a", true}, {"(@a or @b) and @c", "@a", false}, {"@a and @b or @c", "@c", true}, {"@a and (@b or @c)", "@c", false},
		{"not @a and @b", "@b", true}, {"not @a and @b", "", false}, {"not (@a and @b)", "@b", true}, {"not @a or @b", "@a @b", true}, {"not (@a or @b)", "@a @b", false},
		{"@a and not (@b or not (@c and @d))", "@a @c @d", true}, {"@a and not (@b or not (@c and @d))", "@a @c", false},
		{"((((@a))))", "@a", true}, {"(@a)and(@b)", "@a @b", true}, {"\t@a\n  or @b ", "@a", true},
		{"@FLOW-03 and not @LIFE-12", "@FLOW-03", true}, {"@ä:ü.1", "@ä:ü.1", true}, {`@quote"d`, `@quote"d`, true},
	} {
		fits, err := deskcheck.CompileTags(test.expression, nil)
		require.NoError(t, err, test.expression)
		assert.Equal(t, test.want, fits(strings.Fields(test.tags)), "%s on %s", test.expression, test.tags)
	}
}

func TestCompileTagsNamesTheColumn(t *testing.T) {
	const operand, operator = `expected a tag such as @FLOW-03, "not" or "(", found `, `expected "and", "or" or ")", found `
	for _, test := range []struct {
		expression, want string
		known            []string
	}{
		{"", `the tag expression is empty; write a tag such as @FLOW-03, "not" or "("`, nil},
		{"  ", `the tag expression is empty; write a tag such as @FLOW-03, "not" or "("`, nil},
		{"FLOW-03", `tag expression "FLOW-03", column 1: ` + operand + `"FLOW-03"; a tag begins with @`, nil},
		{"@a and", `tag expression "@a and", column 7: ` + operand + `the end`, nil},
		{"@a @b", `tag expression "@a @b", column 4: ` + operator + `"@b"`, nil},
		{"@a AND @b", `tag expression "@a AND @b", column 4: ` + operator + `"AND"; operators are written small`, nil},
		{"@a && @b", `tag expression "@a && @b", column 4: ` + operator + `"&&"; write "and"`, nil},
		{"@a, @b", `tag expression "@a, @b", column 5: ` + operator + `"@b"`, nil},
		{"@a || @b", `tag expression "@a || @b", column 4: ` + operator + `"||"; write "or"`, nil},
		{"!@a", `tag expression "!@a", column 1: ` + operand + `"!@a"; write "not"`, nil},
		{"~@a", `tag expression "~@a", column 1: ` + operand + `"~@a"; write "not"`, nil},
		{"@", `tag expression "@", column 1: ` + operand + `"@"; a tag has a name behind the @`, nil},
		{"and @a", `tag expression "and @a", column 1: ` + operand + `"and"`, nil},
		{"@a not @b", `tag expression "@a not @b", column 4: ` + operator + `"not"`, nil},
		{"(@a", `tag expression "(@a", column 1: "(" is never closed`, nil},
		{"@a and ((@b)", `tag expression "@a and ((@b)", column 8: "(" is never closed`, nil},
		{"@a)", `tag expression "@a)", column 3: ")" closes nothing`, nil},
		{"()", `tag expression "()", column 2: ` + operand + `")"`, nil},
		{"@ä or @", `tag expression "@ä or @", column 7: ` + operand + `"@"; a tag has a name behind the @`, nil},
		{"@b", `tag expression "@b", column 1: no scenario has the tag @b`, []string{}},
		{"@b or @FLO-03", `tag expression "@b or @FLO-03", column 7: no scenario has the tag @FLO-03; closest: @FLOW-03, @b`, []string{"@FLOW-03", "b"}},
	} {
		_, err := deskcheck.CompileTags(test.expression, test.known)
		require.EqualError(t, err, test.want)
		assert.Equal(t, 2, deskcheck.ExitCode(err))
	}
}

func TestCompileTagsSurvivesSize(t *testing.T) {
	deep, err := deskcheck.CompileTags(strings.Repeat("(", 500)+"@a"+strings.Repeat(")", 500), nil)
	require.NoError(t, err)
	assert.True(t, deep([]string{"@a"}))
	_, err = deskcheck.CompileTags(strings.Repeat("@a or ", 20_000)+"@a", nil)
	assert.Equal(t, 2, deskcheck.ExitCode(err))
	require.ErrorContains(t, err, "the tag expression is too large")
}

func TestCompileTagsMayBeUsedSideBySide(t *testing.T) {
	fits, err := deskcheck.CompileTags("@a and not @b", nil)
	require.NoError(t, err)
	for range 8 {
		t.Run("one of several", func(t *testing.T) {
			t.Parallel()
			assert.True(t, fits([]string{"@a"}))
			assert.False(t, fits([]string{"@a", "@b"}))
		})
	}
}

func TestAQuickRunHasAScenarioForEachRequirement(t *testing.T) {
	all := []deskcheck.Selectable{
		{ID: "a/1", Tags: []string{"@FLOW-03", "@slow"}},
		{ID: "a/2", Tags: []string{"@FLOW-03"}},
		{ID: "a/3", Tags: []string{"@FLOW-03", "@AVAIL-03"}},
		{ID: "b/1", Tags: []string{"@AVAIL-03"}},
		{ID: "b/2", Tags: []string{"@AVAIL-03", "@JOIN-01", "@slow"}},
		{ID: "own/1", Tags: []string{"@slow"}},
		{ID: "own/2"},
	}
	for _, test := range []struct {
		name string
		c    deskcheck.Config
		want string
	}{
		{"of all", deskcheck.Config{}, "a/1 a/3 b/2 own/1 own/2"},
		{"of what is selected", deskcheck.Config{Select: []string{"AVAIL-03"}}, "a/3 b/2"},
		{"by what a tag leaves", deskcheck.Config{Tags: "not @slow"}, "a/2 a/3 own/2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.c.Contract, test.c.Dialect, test.c.Quick = "ai-chat", "ai-chat", true
			selected, err := deskcheck.Select(all, test.c)
			require.NoError(t, err)
			assert.Equal(t, test.want, ids(selected))
		})
	}
}
