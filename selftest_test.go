package deskcheck

import (
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/reports"
)

func TestUncoveredCountsWhatBindsThePage(t *testing.T) {
	catalogue, err := fixtures.Requirements("ai-chat")
	require.NoError(t, err)
	none := uncovered(catalogue, nil, nil, "ai-chat")
	assert.Contains(t, none, "FACT-01", "it binds the page")
	assert.NotContains(t, none, "FLOW-01", "it binds the host alone")
	broken, err := fixtures.Broken()
	require.NoError(t, err)
	assert.Empty(t, uncovered(catalogue, broken, nil, "ai-chat"))
	assert.Contains(t, uncovered(catalogue, slices.DeleteFunc(broken, func(b fixtures.BrokenIntegration) bool { return b.Dialect != "ai-chat" }), nil, "web-chat"), "BANNER-03",
		"a mistake of another dialect covers nothing")
	assert.Equal(t, []string{"FACT-01"}, uncovered(catalogue, nil, []string{"fact-01"}, "ai-chat"))
}

func TestOnceIsEachMistakeInItsFirstDialect(t *testing.T) {
	catalogue, err := fixtures.ReadCatalogue("ai-chat")
	require.NoError(t, err)
	broken, err := fixtures.Broken()
	require.NoError(t, err)
	all, err := trialsOf(t.Context(), DefaultConfig(), Dialects(), false, broken, catalogue)
	require.NoError(t, err)
	once, err := trialsOf(t.Context(), DefaultConfig(), Dialects(), true, broken, catalogue)
	require.NoError(t, err)
	require.Len(t, once, len(broken), "none is left out")
	first := map[string]string{}
	for _, one := range slices.Backward(all) {
		first[one.broken.File] = one.config.Dialect
	}
	for i, one := range once {
		assert.Equal(t, i, one.place)
		assert.Equal(t, first[one.broken.File], one.config.Dialect, one.broken.File)
		delete(first, one.broken.File)
	}
	assert.Empty(t, first)
}

func TestAHeaderThatCannotBeReadIsTheWritersMistake(t *testing.T) {
	err := brokenHeader("integrations", errors.New("FLOW-03-waits.js:2: it breaks nothing"))
	assert.Equal(t, reports.ExitUserError, ExitCode(err))
	assert.EqualError(t, err, `fixtures/integrations/broken/FLOW-03-waits.js:2: it breaks nothing; mend the file, then "make build": it is part of the program`)
}
