package main

import (
	"context"
	"testing"

	"deskcheck/fixtures/connectors/reference"

	"github.com/stretchr/testify/assert"
)

func TestTheReferenceConnectorRuns(t *testing.T) {
	env := map[string]string{
		"CONNECTOR_ACCOUNT": "acme", "CONNECTOR_CLIENT_ID": "id", "CONNECTOR_CLIENT_SECRET": "secret", "CONNECTOR_TOUCHPOINT_ID": "tp", "CONNECTOR_LISTEN": "127.0.0.1:0",
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // It is told to stop as soon as it has begun.
	b := newBench(t)
	b.connector, b.environment = reference.Main, func(name string) string { return env[name] }
	assert.Zero(t, b.execute(ctx, []string{"connector"}), b.stderr.String())
	assert.Contains(t, b.stdout.String(), "the connector listens on http://127.0.0.1:")

	delete(env, "CONNECTOR_TOUCHPOINT_ID")
	b = newBench(t)
	b.connector, b.environment = reference.Main, func(name string) string { return env[name] }
	assert.Equal(t, 2, b.does("connector"))
	assert.Contains(t, b.stderr.String(), "error: CONNECTOR_TOUCHPOINT_ID is missing: ")
	assert.Equal(t, 2, b.does("connector", "now"))
}
