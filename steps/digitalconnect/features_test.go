package digitalconnect_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/features"
	"deskcheck/fixtures"
	"deskcheck/fixtures/connectors/reference"
	mock "deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/edge"
	"deskcheck/steps"
	"deskcheck/steps/connector"
	"deskcheck/steps/digitalconnect"
	"deskcheck/steps/intercept"
)

// playsReference is the variable that has the test binary be the reference connector.
const playsReference = "DESKCHECK_TEST_REFERENCE"

func TestMain(m *testing.M) {
	if os.Getenv(playsReference) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		play := reference.Main
		if os.Getenv(tellsSlowly) != "" {
			play = slow
		}
		code := play(ctx, os.Getenv, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// stage is one on which the reference connector plays, through its user driver.
func stage(t *testing.T) *digitalconnect.Stage {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	source, err := fixtures.ReadFile("connectors/account.yaml")
	require.NoError(t, err)
	account, err := mock.ParseAccount("account.yaml", source)
	require.NoError(t, err)
	authority, err := edge.NewAuthority()
	require.NoError(t, err)
	return &digitalconnect.Stage{
		Account: account,
		Connector: digitalconnect.Connector{
			Program: connector.Program{
				Command: []string{self}, Dir: t.TempDir(), Ready: "/health",
				Env: map[string]string{
					playsReference: "1", "CONNECTOR_TYPE": "${type}", "CONNECTOR_ACCOUNT": "${account}", "CONNECTOR_CLIENT_ID": "${client.id}", "CONNECTOR_CLIENT_SECRET": "${client.secret}",
					"CONNECTOR_REGION": "${region}", "CONNECTOR_TOUCHPOINT_ID": "${touchpoint}", "CONNECTOR_LISTEN": "127.0.0.1:${port}", "CONNECTOR_IDLE_END": "${idle-end}",
					"CONNECTOR_PRIVATE_KEY_FILE": "${key}", "CONNECTOR_KEY_ID": "${key.id}", "CONNECTOR_WEBHOOK_AUTH": "basic", "CONNECTOR_WEBHOOK_USER": "${webhook.user}", "CONNECTOR_WEBHOOK_SECRET": "${webhook.secret}",
				},
			},
			Webhook: "/hook", WebhookAuth: "basic", Driver: "/driver", Intercept: intercept.ByProxy, Authority: authority,
		},
	}
}

// needsPage says of a scenario that could not be carried out that it takes a page: what is typed and not sent, and what runs in one.
func needsPage(err error) bool {
	absent, is := errors.AsType[*steps.NotApplicable](err)
	return is && strings.Contains(absent.Why, "page")
}

// TestReference plays all through the user driver; the runs of the root package have users at the page.
func TestReference(t *testing.T) {
	scenarios, err := steps.Parse(features.FS, "digital-connect")
	require.NoError(t, err)
	on := stage(t)
	for _, s := range scenarios {
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			came := on.Perform(t.Context(), nil, s, steps.Default.InRealTime())
			if err := came.Err(); err != nil && !needsPage(err) {
				var b strings.Builder
				for _, e := range came.Entries {
					fmt.Fprintf(&b, "%4d %8s %-10s %-10s > %-10s %s %s %.300s\n", e.Seq, e.At.Round(time.Millisecond), e.Kind, e.From, e.To, e.Name, e.Note, e.Data)
				}
				assert.NoError(t, err, b.String())
			}
			for _, e := range came.Entries {
				assert.NotEqual(t, "violation", string(e.Kind), "%s %s %s", e.Requirement, e.Name, e.Note)
			}
		})
	}
}
