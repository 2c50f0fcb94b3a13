package digitalconnect_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/features"
	"deskcheck/steps"
	"deskcheck/steps/digitalconnect"
)

// TestAConnectorThatCannotBeJudged wants to be told of a connector that is not to be run, lets nobody in or calls nobody, and of no other, so that a run need not try it in every scenario.
func TestAConnectorThatCannotBeJudged(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "digital-connect")
	require.NoError(t, err)
	const asks = "An argument travels with the start, and the agent sees what the flow exposes"
	for name, tc := range map[string]struct {
		change  func(c *digitalconnect.Connector)
		started bool
		why     string
	}{
		"does well":            {change: func(*digitalconnect.Connector) {}, started: true},
		"ends at once":         {change: func(c *digitalconnect.Connector) { c.Program.Command = []string{"false"} }, why: "the connector cannot be run: start the connector false"},
		"has no user driver":   {change: func(c *digitalconnect.Connector) { c.Driver = "/nothing" }, why: "the connector's user driver: POST /users was answered 404"},
		"looks for other APIs": {change: elsewhere, why: "nothing has come from the connector to Talkdesk: it is led there by HTTPS_PROXY"},
		"forgets the events":   {change: func(c *digitalconnect.Connector) { c.Webhook = "/nothing" }, started: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := stage(t)
			tc.change(&on.Connector)
			deadlines := steps.Default.InRealTime()
			deadlines.Start = 500 * time.Millisecond
			came := on.Perform(t.Context(), nil, scenarioNamed(t, scenarios, asks), deadlines)
			assert.Equal(t, tc.started, came.Started)
			assert.Contains(t, came.Unstarted, tc.why)
			if tc.why == "" {
				assert.Empty(t, came.Unstarted)
			}
		})
	}
}

// elsewhere has the reference connector look for Talkdesk where nobody is.
func elsewhere(c *digitalconnect.Connector) {
	c.Program.Env = maps.Clone(c.Program.Env)
	c.Program.Env["CONNECTOR_IDENTITY_URL"], c.Program.Env["CONNECTOR_API_URL"] = "http://127.0.0.1:9", "http://127.0.0.1:9"
}

func scenarioNamed(t *testing.T, all []steps.Scenario, name string) steps.Scenario {
	t.Helper()
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no scenario %q", name)
	return steps.Scenario{}
}
