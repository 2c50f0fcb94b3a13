package main

import (
	"deskcheck/reports"

	"github.com/spf13/cobra"
)

// connectorVerb is what connectorCommand is called.
const connectorVerb = "connector"

// connectorCommand runs the reference connector. The kit starts it as a process, as it starts anybody's: it is no verb for people, who find it in the examples.
func (p *program) connectorCommand() *cobra.Command {
	return &cobra.Command{
		Use:               connectorVerb,
		Short:             "Run the reference connector of digital-connect",
		Long:              "Runs the reference connector of digital-connect, which its environment sets up: fixtures/connectors/reference/README.md says how.",
		Example:           "  deskcheck connector                        on 127.0.0.1:9080, as CONNECTOR_… in the environment say",
		Hidden:            true,
		Args:              arguments(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			if code := p.connector(c.Context(), p.environment, p.out, p.err); code != reports.ExitConformant {
				return exitError(code)
			}
			return nil
		},
	}
}
