package main

import (
	"encoding/json"
	"runtime"

	"deskcheck"
	"deskcheck/reports"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:               "version",
		Short:             "Print the version",
		Args:              arguments(0, 0, ""),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(*cobra.Command, []string) error {
			if !asJSON {
				p.printf("deskcheck %s (%s, %s/%s)\n", deskcheck.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
				return nil
			}
			encoder := json.NewEncoder(p.out)
			encoder.SetIndent("", "  ")
			return encoder.Encode(map[string]string{
				"name": "deskcheck", "version": deskcheck.Version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH, "resultsSchema": reports.SchemaVersion,
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON, with the version of the format of results.json")
	return c
}
