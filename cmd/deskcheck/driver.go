package main

import (
	"context"
	"errors"
	"fmt"

	"deskcheck"
	"deskcheck/mockdesk/driver"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
)

// contractConnector is the contract of connectors, whose end users can be driven.
const contractConnector = "digital-connect"

const driverLong = `Works on the contracts by which deskcheck plays what is not its own, through a small HTTP interface that its vendor puts in front of it: a desk, in a sandbox, or with
--contract digital-connect the end users of a connector.

A run uses it when deskcheck.yaml says so:
  desk:
    driver: https://sandbox.vendor.example/deskcheck
    token-env: DESK_TOKEN

deskcheck's mock desk has one to be looked at: deskcheck desk --driver. The end users of a connector are driven when deskcheck.yaml says so:
  user:
    driver: /driver`

func (p *program) driverCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "driver",
		Short:   "Check what drives a desk of your own, or a connector's end users, and describe how",
		Long:    driverLong,
		Example: "  deskcheck driver guide\n  deskcheck driver print\n  deskcheck driver check http://127.0.0.1:8471/driver --token-env DESK_TOKEN\n  deskcheck driver guide --contract digital-connect",
		RunE:    subcommandsOnly,
	}
	tokenEnv, contract := "", ""
	c.PersistentFlags().StringVar(&contract, "contract", contractChat, "the `NAME` of the contract: ai-chat drives a desk, digital-connect the end users of a connector")
	// either is the document of a contract.
	either := func(desks, users []byte) error {
		switch contract {
		case contractChat:
			return p.print(desks)
		case contractConnector:
			return p.print(users)
		}
		return noDriver(contract)
	}
	check := &cobra.Command{
		Use:               "check URL",
		Short:             "Try everything that a driver claims, and say what works",
		Args:              arguments(1, 1, "the address of a driver"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case contract == contractConnector && tokenEnv != "":
				return &deskcheck.UserError{Err: errors.New("--token-env: a user driver is asked without a token"), Fix: "leave it out"}
			case contract == contractConnector:
				return p.userDriverCheck(c.Context(), args[0])
			case contract != contractChat:
				return noDriver(contract)
			}
			return p.driverCheck(c.Context(), args[0], tokenEnv)
		},
	}
	check.Flags().StringVar(&tokenEnv, "token-env", "", "take the driver's token from the environment variable `NAME`")
	c.AddCommand(
		check,
		&cobra.Command{
			Use:               "print",
			Short:             "Print the contract as an OpenAPI document",
			Args:              arguments(0, 0, ""),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE:              func(*cobra.Command, []string) error { return either(driver.Document(), deskcheck.UserDriverDocument()) },
		},
		&cobra.Command{
			Use:               "guide",
			Short:             "Print the guide to drivers",
			Args:              arguments(0, 0, ""),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE:              func(*cobra.Command, []string) error { return either(driver.Guide(), deskcheck.UserDriverGuide()) },
		},
	)
	return c
}

func (p *program) driverCheck(ctx context.Context, address, tokenEnv string) error {
	if err := driver.CheckAddress(address); err != nil {
		return &deskcheck.UserError{Err: fmt.Errorf("%s: %w", address, err)}
	}
	token := ""
	if tokenEnv != "" {
		if token = p.environment(tokenEnv); token == "" {
			return &deskcheck.UserError{Err: fmt.Errorf("--token-env: the environment variable %s is not set, or empty", tokenEnv), Fix: "set it to the token of the driver"}
		}
	}
	client := driver.NewClient(address, token, 0)
	can, err := client.Capabilities(ctx)
	if err != nil {
		return unreachableDriver(err)
	}
	p.printf("%s\n\n", driverNamed(can))
	return p.findings(func(found func(what, outcome, why string)) error {
		if err := client.Check(ctx, can, func(f driver.Finding) { found(f.What, string(f.Outcome), f.Detail) }); err != nil {
			return unreachableDriver(err)
		}
		return nil
	})
}

// userDriverCheck tries what drives the end users of a connector.
func (p *program) userDriverCheck(ctx context.Context, address string) error {
	return p.findings(func(found func(what, outcome, why string)) error {
		return deskcheck.CheckUserDriver(ctx, address, func(f deskcheck.UserDriverFinding) { found(f.What, f.Outcome, f.Detail) })
	})
}

// findings prints what came of trying a driver. What is broken is exit code 1.
func (p *program) findings(try func(found func(what, outcome, why string)) error) error {
	counts := map[string]int{}
	var rows []table.Row
	err := try(func(what, outcome, why string) {
		counts[outcome]++
		rows = append(rows, table.Row{what, outcome, why})
	})
	if len(rows) > 0 {
		p.grid([]string{"what", "result", "why"}, rows)
		p.printf("\n")
	}
	if err != nil {
		return err
	}
	p.printf("%d work, %d are broken, %d were not tried\n", counts[string(driver.Works)], counts[string(driver.Fails)], counts[string(driver.Untried)])
	if counts[string(driver.Fails)] > 0 {
		return exitError(1)
	}
	return nil
}

// noDriver says that nothing is driven in a contract.
func noDriver(contract string) error {
	return &deskcheck.UserError{Err: fmt.Errorf("--contract: nothing is driven in %s", contract), Fix: "use one of ai-chat, digital-connect"}
}

func driverNamed(can driver.Capabilities) string {
	if can.Software == "" {
		return can.Name
	}
	return can.Name + " " + can.Software
}

func unreachableDriver(err error) error {
	fix := `"deskcheck driver guide" says what a driver answers`
	if errors.Is(err, context.Canceled) {
		fix = ""
	}
	return &deskcheck.EnvironmentError{Err: err, Fix: fix}
}
