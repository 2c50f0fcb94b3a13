package digitalconnect_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/features"
	"deskcheck/steps"
	"deskcheck/steps/digitalconnect"
	"deskcheck/steps/vocabulary"
)

func TestEverySentenceFitsExactlyOneDefinition(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "digital-connect")
	require.NoError(t, err)
	assert.Empty(t, vocabulary.Unfit(scenarios, digitalconnect.Sentences(nil)))
	assert.GreaterOrEqual(t, len(scenarios), 200)
}

// Whoever writes a feature of their own finds each sentence with a form to fill in and an example that works: it stands in one of ours.
func TestEveryDefinitionHasAFormAndAnExample(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "digital-connect")
	require.NoError(t, err)
	forms := map[string]bool{}
	for _, s := range digitalconnect.Sentences(scenarios) {
		assert.NotEmpty(t, s.File, "no feature says %q: use it or remove it", s.Form)
		assert.NotRegexp(t, `[\\^$*+…]|\(\?`, s.Form, "it is to be read by people")
		assert.False(t, forms[s.Form+s.Argument], "%q stands there twice", s.Form)
		forms[s.Form+s.Argument] = true
		first, _, _ := strings.Cut(s.Example, "\n")
		_, said, _ := strings.Cut(first, " ")
		assert.True(t, s.Fits(said), said)
	}
}
