package main

import (
	"strings"
	"testing"

	"deskcheck"

	"github.com/stretchr/testify/assert"
)

// What is listed of the second contract is its own.
func TestListOfTheAgentManager(t *testing.T) {
	for subject, note := range map[string]string{
		"requirements": "133 requirements, ",
		"features":     `"deskcheck run FEATURE" runs one`,
		"integrations": "1 reference, ",
		"capabilities": "11 capabilities; ",
		"profiles":     "9 profiles; ",
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
		"am-task-02":  "AM-TASK-02-takes-the-task-id-apart",
		"AM-LEAVE-02": "its tests",
	} {
		b := newBench(t)
		b.trace = deskcheck.ReadTraceability
		assert.Zero(t, b.does("explain", id))
		assert.Contains(t, b.stdout.String(), strings.ToUpper(id)+"  MUST")
		assert.Contains(t, b.stdout.String(), says)
	}
	b := newBench(t)
	b.trace = deskcheck.ReadTraceability
	assert.Equal(t, 2, b.does("explain", "AM-TASK-99"))
	assert.Contains(t, b.stderr.String(), "closest: AM-TASK-09")
}
