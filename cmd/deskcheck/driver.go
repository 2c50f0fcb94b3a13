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

const driverLong = `Works on the contract by which deskcheck plays a desk that is not its own: a sandbox, in front of which its vendor puts a small HTTP interface.

A run uses it when deskcheck.yaml says so:
  desk:
    driver: https://sandbox.vendor.example/deskcheck
    token-env: DESK_TOKEN

deskcheck's mock desk has one to be looked at: deskcheck desk --driver.`

func (p *program) driverCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "driver",
		Short:   "Check what drives a desk of your own, and describe how",
		Long:    driverLong,
		Example: "  deskcheck driver guide\n  deskcheck driver print\n  deskcheck driver check http://127.0.0.1:8471/driver --token-env DESK_TOKEN",
		RunE:    subcommandsOnly,
	}
	tokenEnv := ""
	check := &cobra.Command{
		Use:               "check URL",
		Short:             "Try everything that a driver claims, and say what works",
		Args:              arguments(1, 1, "the address of a driver"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(c *cobra.Command, args []string) error { return p.driverCheck(c.Context(), args[0], tokenEnv) },
	}
	check.Flags().StringVar(&tokenEnv, "token-env", "", "take the driver's token from the environment variable `NAME`")
	c.AddCommand(
		check,
		&cobra.Command{
			Use:               "print",
			Short:             "Print the contract as an OpenAPI document",
			Args:              arguments(0, 0, ""),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE:              func(*cobra.Command, []string) error { return p.print(driver.Document()) },
		},
		&cobra.Command{
			Use:               "guide",
			Short:             "Print the guide to drivers",
			Args:              arguments(0, 0, ""),
			ValidArgsFunction: cobra.NoFileCompletions,
			RunE:              func(*cobra.Command, []string) error { return p.print(driver.Guide()) },
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
	counts := map[driver.Outcome]int{}
	var rows []table.Row
	err = client.Check(ctx, can, func(f driver.Finding) {
		counts[f.Outcome]++
		rows = append(rows, table.Row{f.What, string(f.Outcome), f.Detail})
	})
	if len(rows) > 0 {
		p.grid([]string{"what", "result", "why"}, rows)
		p.printf("\n")
	}
	if err != nil {
		return unreachableDriver(err)
	}
	p.printf("%d work, %d are broken, %d were not tried\n", counts[driver.Works], counts[driver.Fails], counts[driver.Untried])
	if counts[driver.Fails] > 0 {
		return exitError(1)
	}
	return nil
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
