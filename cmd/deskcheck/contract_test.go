package main

import (
	"strings"
	"testing"

	"deskcheck"

	"github.com/stretchr/testify/assert"
)

// The second contract can be read before it can be certified; what there is not yet is said in so many words.
func TestListOfTheAgentManager(t *testing.T) {
	for subject, note := range map[string]string{
		"requirements": "133 requirements; this version has no scenarios of agent-manager yet; * marks those that are derived, not written",
		"features":     "this version has no features of agent-manager yet",
		"integrations": "this version has no agent desks of its own for agent-manager yet, neither a reference nor broken ones",
		"capabilities": "11 capabilities; this version has no scenarios of agent-manager yet",
		"profiles":     "9 profiles; this version has no scenarios of agent-manager yet",
	} {
		b := newBench(t)
		b.trace = deskcheck.ReadTraceability
		assert.Zero(t, b.does("list", subject, "--contract", "agent-manager"))
		assert.Contains(t, b.stderr.String(), note)
		assert.NotContains(t, b.stdout.String(), "integration ", "the object under test is an agent desk")
	}
	b := newBench(t)
	b.trace = deskcheck.ReadTraceability
	assert.Zero(t, b.does("list", "--contract", "agent-manager", "--dialect", "seed", "--quiet"))
	assert.Equal(t, 133, strings.Count(b.stdout.String(), "\n"))
}

func TestExplainOfTheAgentManager(t *testing.T) {
	for id, says := range map[string]string{
		"am-task-02":  "no broken agent desk in this version",
		"AM-LEAVE-02": "its tests",
	} {
		b := newBench(t)
		b.trace = deskcheck.ReadTraceability
		assert.Zero(t, b.does("explain", id))
		assert.Contains(t, b.stdout.String(), strings.ToUpper(id)+"  MUST")
		assert.Contains(t, b.stdout.String(), "none in this version")
		assert.Contains(t, b.stdout.String(), says)
	}
	b := newBench(t)
	b.trace = deskcheck.ReadTraceability
	assert.Equal(t, 2, b.does("explain", "AM-TASK-99"))
	assert.Contains(t, b.stderr.String(), "closest: AM-TASK-09")
}
