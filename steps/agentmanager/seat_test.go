package agentmanager_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"deskcheck/steps/agentmanager"
)

func TestFilled(t *testing.T) {
	t.Setenv("SHIFT", "late")
	const base = "http://127.0.0.1:1234/am"
	for text, want := range map[string]string{
		"a ${manager} b":                     "a " + base + " b",
		"${manager.origin}|${manager.path}":  "http://127.0.0.1:1234|/am",
		"${env.SHIFT}":                       "late",
		"export{a as $b}; `${c}`; $manager$": "export{a as $b}; `${c}`; $manager$",
		"${managers} ${env.}":                "${managers} ${env.}",
	} {
		assert.Equal(t, want, agentmanager.Filled(text, base))
	}
}
