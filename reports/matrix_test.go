package reports

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func sight(id, scenario string, blamed bool, tags ...string) MatrixSight {
	return MatrixSight{Requirement: id, Scenario: scenario, Name: "Name " + scenario, Blamed: blamed, Tags: tags, Step: "Then " + hostileMarkup, Expected: "e", Recorded: "r " + scenario}
}

// matrixSample holds every outcome and every cause.
func matrixSample(complete bool) *Matrix {
	m := &Matrix{
		Tool: Tool{"deskcheck", "0.1.0"}, Contract: "ai-chat", Browser: Browser{Kind: "chromium"}, Workers: 4, StartedAt: time.Date(2026, 11, 21, 9, 30, 0, 0, time.UTC),
		Dialects: []MatrixDialect{{Dialect: "ai-chat", Scenarios: 9, Scripted: 2, Requirements: []MatrixRequirement{
			{ID: "FLOW-01", Area: "FLOW", Level: "MUST", Binds: []string{"host"}},
			{ID: "FLOW-03", Area: "FLOW", Level: "MUST", Binds: []string{"integration"}, Wanted: true},
			{ID: "FLOW-04", Area: "FLOW", Level: "MUST", Binds: []string{"integration"}, Wanted: true},
			{ID: "JOIN-01", Area: "JOIN", Level: "MUST", Binds: []string{"integration"}, Wanted: true},
			{ID: "JOIN-02", Area: "JOIN", Level: "SHOULD", Binds: []string{"integration"}},
		}}},
	}
	good := MatrixRow{File: "FLOW-03-waits.js", How: "It waits.", Breaks: "FLOW-03", Names: []string{"FLOW-03"}, Scenarios: 7, Played: 7, Complete: true}
	good.Enter([]MatrixSight{sight("FLOW-03", "a/1", true, "FLOW-03")})
	bad := MatrixRow{File: "JOIN-01-names.js", How: "It names.", Breaks: "JOIN-01", Names: []string{"JOIN-01"}, Scenarios: 7, Played: 5, Shared: 2, Complete: complete}
	untestable := sight("FLOW-04", "a/4", false, "FLOW-04")
	untestable.Untestable = true
	following, partly := sight("FLOW-05", "a/5", false, "FLOW-05"), sight("FLOW-06", "a/5", false, "FLOW-06")
	following.Premises, partly.Premises = []string{"FLOW-03", "JOIN-01"}, []string{"JOIN-01"}
	bad.Enter([]MatrixSight{following, partly, sight("FLOW-06", "a/6", false, "FLOW-06"), sight("FLOW-03", "a/2", false, "FLOW-03", "JOIN-01"), sight("JOIN-02", "a/2", false, "FLOW-03", "JOIN-01"), sight("JOIN-02", "a/3", true, "JOIN-02"), untestable})
	m.Dialects[0].Integrations = []MatrixRow{good, bad}
	if !complete {
		m.Problem = "the matrix was interrupted"
	}
	m.Judge()
	return m
}

func TestMatrixCells(t *testing.T) {
	m := matrixSample(true)
	good, bad := m.Dialects[0].Integrations[0], m.Dialects[0].Integrations[1]
	assert.True(t, good.OK)
	assert.Equal(t, []string{"FLOW-03"}, good.Of(MatrixKilled))
	assert.False(t, bad.OK)
	assert.Equal(t, []string{"JOIN-01"}, bad.Of(MatrixMissed))
	assert.Equal(t, []string{"FLOW-03", "FLOW-06", "JOIN-02"}, bad.Of(MatrixSurplus), "FLOW-06 follows in one of its scenarios only")
	assert.Equal(t, []string{"FLOW-05"}, bad.Of(MatrixFollows))
	assert.Equal(t, []string{"FLOW-04"}, bad.Of(MatrixUntestable))
	for _, cell := range bad.Cells {
		switch cell.Requirement {
		case "FLOW-03":
			assert.Equal(t, SharedScenario, cell.Cause)
		case "FLOW-05":
			assert.Equal(t, []string{"JOIN-01"}, cell.From, "FLOW-03 is not named")
		case "FLOW-06":
			assert.Equal(t, "a/6", cell.Evidence.Scenario, "what does not follow says what has to be done")
		case "JOIN-02":
			assert.Equal(t, OwnCheck, cell.Cause, "a check of its own leaves no excuse, in whatever scenario it comes")
			assert.Equal(t, "a/3", cell.Evidence.Scenario)
			assert.Equal(t, []string{"a/2", "a/3"}, cell.Scenarios)
		}
		assert.Equal(t, cell.Cause != "", cell.Cause.Advice() != "")
	}
	troubles := bad.Troubles()
	require.Len(t, troubles, 5)
	other := MatrixRow{Names: []string{"JOIN-01"}, Complete: true}
	other.Enter([]MatrixSight{sight("FLOW-03", "a/5", false, "FLOW-03")})
	assert.Equal(t, OtherScenario, other.Cells[0].Cause)
}

// What fell while it was being set up is one trouble, however many requirements it took with it; a scenario that asked weighs more.
func TestMatrixGathersWhatFellInTheSettingUp(t *testing.T) {
	up := func(id, scenario, step string) MatrixSight {
		s := sight(id, scenario, false, id)
		s.SettingUp, s.Step = true, step
		return s
	}
	row := MatrixRow{Names: []string{"JOIN-01"}, Complete: true}
	row.Enter([]MatrixSight{sight("JOIN-01", "a/1", true), up("FLOW-03", "a/2", "Given one"), up("FLOW-04", "a/3", "Given another"), up("FLOW-05", "a/3", "Given another"), sight("FLOW-05", "a/4", false, "FLOW-05")})
	troubles := row.Troubles()
	require.Len(t, troubles, 2)
	assert.Equal(t, []string{"FLOW-03", "FLOW-04"}, troubles[0].Requirements)
	assert.Equal(t, SetUp, troubles[0].Cause)
	assert.Equal(t, []string{"a/2", "a/3"}, troubles[0].Scenarios)
	assert.Equal(t, []string{"FLOW-05"}, troubles[1].Requirements)
	assert.Equal(t, OtherScenario, troubles[1].Cause)
}

func TestMatrixJudges(t *testing.T) {
	m := matrixSample(true)
	assert.Equal(t, ExitNotConformant, m.ExitCode)
	assert.Equal(t, []string{"FLOW-04", "JOIN-01"}, m.Dialects[0].KilledByNone, "what could not be told is not killed")
	assert.Equal(t, []string{"FLOW-03-waits.js", "JOIN-01-names.js"}, m.Dialects[0].Requirements[1].KilledBy)

	m = matrixSample(false)
	assert.Equal(t, ExitEnvironment, m.ExitCode)
	assert.False(t, m.Complete)
	assert.Empty(t, m.Dialects[0].KilledByNone, "nobody knows yet")
	assert.Equal(t, []string{"JOIN-01"}, m.Dialects[0].Integrations[1].Of(MatrixOpen))

	d := &m.Dialects[0]
	d.Integrations, m.Problem = d.Integrations[:1], ""
	d.Requirements[2].Wanted, d.Requirements[3].Wanted = false, false
	m.Judge()
	assert.Equal(t, ExitConformant, m.ExitCode)
	d.Requirements[2].Wanted = true
	m.Judge()
	assert.Equal(t, ExitNotConformant, m.ExitCode, "a MUST that none kills")
	m.Dialects = nil
	m.Judge()
	assert.False(t, m.OK, "nothing run is never green")
}

func TestMatrixFileFollowsItsSchema(t *testing.T) {
	raw, err := os.ReadFile("../fixtures/schemas/matrix.schema.json")
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("matrix.json", doc))
	s, err := c.Compile("matrix.json")
	require.NoError(t, err)
	for _, m := range []*Matrix{matrixSample(true), matrixSample(false)} {
		dir := t.TempDir()
		require.NoError(t, WriteMatrix(dir, m))
		validate(t, s, written(t, dir, MatrixFile))
		assert.ElementsMatch(t, []string{MatrixPage, MatrixFile}, tree(t, dir))
		require.NoError(t, WriteMatrix(dir, m), "over its own")
	}
	var schema map[string]any
	require.NoError(t, json.Unmarshal(raw, &schema))
	describes(t, schema, schema, reflect.TypeFor[Matrix]())
}

func TestMatrixLeavesForeignFilesAlone(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, PreflightMatrix(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, MatrixFile), []byte("mine"), 0o600))
	assert.ErrorContains(t, PreflightMatrix(dir), "matrix.json was not written by deskcheck")
	require.ErrorContains(t, WriteMatrix(dir, matrixSample(true)), "matrix.json was not written by deskcheck")
	assert.Equal(t, []string{MatrixFile}, tree(t, dir), "nothing is written")
	assert.NoError(t, Preflight(dir), "it is in nobody else's way")
}

func TestMatrixPage(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, writeMatrixPage(&b, matrixSample(true).settled()))
	html := b.String()
	assert.NotContains(t, html, "<script", "what a scenario recorded is text")
	for _, part := range []string{
		"Not every broken integration breaks exactly what it names", `<th class="first" colspan="2" scope="colgroup" title="FLOW">`, // FLOW-01 binds the host alone
		`class="first o-killed"`, `class="first o-missed"`, ">●<", ">○<", ">▲<", ">?<", "MUSTs that none kills: <code>FLOW-04 JOIN-01</code>",
		"Name a/3", string(SharedScenario) + ": ", string(OwnCheck) + ": ",
	} {
		assert.Contains(t, html, part)
	}
	assert.NotContains(t, html, "FLOW-01 (MUST)")
	b.Reset()
	require.NoError(t, writeMatrixPage(&b, matrixSample(false).settled()))
	assert.Contains(t, b.String(), "<title>incomplete: kill matrix of ai-chat</title>")
}
