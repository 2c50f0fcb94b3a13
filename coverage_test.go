package deskcheck

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTraceability wants the three ways to be walkable: from each requirement to a scenario, from each scenario to a requirement, and from each MUST that binds the
// integration or its page to a broken integration that shows that its scenarios can fail.
func TestTraceability(t *testing.T) {
	trace, err := ReadTraceability(DefaultConfig())
	require.NoError(t, err)
	ids := trace.IDs()
	for _, s := range trace.Scenarios {
		proves := slices.ContainsFunc(s.Tags, func(tag string) bool { return slices.Contains(ids, tag[1:]) })
		assert.True(t, proves, "%s:%d: the scenario %q proves no requirement of the dialect", s.File, s.Line, s.Name)
		for _, tag := range s.Tags {
			assert.Contains(t, ids, tag[1:], "%s:%d: the tag %s is no requirement of the dialect", s.File, s.Line, tag)
		}
	}
	for _, r := range trace.Requirements {
		assert.NotEqual(t, r.ByReading, len(trace.Proving(r.ID)) > 0, "%s has no scenario, or has one although no run can see it", r.ID)
		if r.WantsBroken(DefaultConfig().Dialect) {
			explained, err := trace.Explain(r.ID)
			require.NoError(t, err)
			assert.NotEmpty(t, explained.Broken, "no integration breaks %s", r.ID)
		}
	}
}
