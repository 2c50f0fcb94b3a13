package aichat

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/features"
	"deskcheck/steps"
)

func TestEverySentenceFitsExactlyOneDefinition(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "ai-chat")
	require.NoError(t, err)
	assert.Empty(t, Undefined(scenarios))
	assert.GreaterOrEqual(t, len(scenarios), 90)
}
