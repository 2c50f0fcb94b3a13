package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"deskcheck"
	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/standalone"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// The environment variables by which verbs find a desk.
const (
	deskVariable  = "DESKCHECK_DESK"
	tokenVariable = "DESKCHECK_DESK_TOKEN" //nolint:gosec // The name of the variable, not a token.
)

// deskCaller is what the verbs share: the desk that they speak to, and how they print.
type deskCaller struct {
	*program

	address, token, tenant string
	json                   bool
}

// server is the desk's control API, at its tenant that is chosen.
func (d *deskCaller) server() *client.Client {
	first := func(words ...string) string {
		for _, word := range words {
			if word != "" {
				return word
			}
		}
		return ""
	}
	return client.New(first(d.address, d.environment(deskVariable), "http://"+standalone.DefaultControl), first(d.token, d.environment(tokenVariable)), nil)
}

func (d *deskCaller) chosen() *client.Tenant { return d.server().Tenant(d.tenant) }

// failure makes what the desk says an error of the command line.
func failure(err error) error {
	if err == nil {
		return nil
	}
	p, ok := errors.AsType[*api.Problem](err)
	switch {
	case !ok:
		if _, none := errors.AsType[*client.Misaddressed](err); none {
			return &deskcheck.UserError{Err: err, Fix: "give the one that the desk has printed, with --desk or in " + deskVariable}
		}
		if _, away := errors.AsType[*client.Unreachable](err); away {
			return &deskcheck.EnvironmentError{Err: err, Fix: `start it with "deskcheck desk", or say where it is with --desk or ` + deskVariable}
		}
		if _, nameless := errors.AsType[*client.Nameless](err); nameless {
			return &deskcheck.UserError{Err: err, Fix: "look whether the variable is set that was to hold it"}
		}
		return err
	case p.Type == "urn:deskcheck:problem:unknown-path":
		return &deskcheck.UserError{Err: errors.New("what runs there has no such verb"), Fix: `it plays another contract; "deskcheck desk --help" lists the verbs of each`}
	case p.Status == http.StatusUnauthorized:
		return &deskcheck.UserError{Err: errors.New("the desk was given no token, or another than its own"), Fix: "give the one that was printed when it was started, or that it was told by token-env, with --token or in " + tokenVariable}
	case p.Status >= http.StatusInternalServerError:
		return &deskcheck.EnvironmentError{Err: err}
	}
	return &deskcheck.UserError{Err: err}
}

// verb makes a command that speaks to a desk.
func (d *deskCaller) verb(use, short string, least, most int, what string, run func(ctx context.Context, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: arguments(least, most, what), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, args []string) error { return run(c.Context(), args) },
	}
}

// mostRead is how much is read of a file of settings that a verb sends on: the desk takes no more.
const mostRead = 1 << 20

// readNamed reads the file of such a name that was named to a verb, as what it is to be.
func readNamed(what, path string) ([]byte, error) {
	text, err := document.Sort{Name: what, Most: mostRead}.Read(path)
	if err != nil {
		return nil, cannotRead(err)
	}
	return text, nil
}

// cannotRead is the error of a file that was named to a verb and cannot be read; err names the file.
func cannotRead(err error) error {
	return &deskcheck.UserError{Err: err, Fix: "name a file that is there and can be read; its path begins at the folder that you are in"}
}

// with gives a command flags of its own.
func with(c *cobra.Command, define func(*pflag.FlagSet)) *cobra.Command {
	flags := pflag.NewFlagSet(c.Name(), pflag.ContinueOnError)
	define(flags)
	addGroups(c, flagGroup{"Flags", flags})
	return c
}

// addDeskVerbs adds the verbs that speak to a desk which runs.
func (p *program) addDeskVerbs(desk *cobra.Command) {
	d := &deskCaller{program: p}
	shared := pflag.NewFlagSet("verbs", pflag.ContinueOnError)
	shared.StringVar(&d.address, "desk", "", "the `URL` of the control API")
	shared.StringVar(&d.token, "token", "", "the `TOKEN` that was printed when the desk was started")
	shared.StringVar(&d.tenant, "tenant", "default", "the `NAME` of the tenant")
	shared.BoolVar(&d.json, "json", false, "what the API answers, as JSON")
	shared.VisitAll(func(f *pflag.Flag) { f.Annotations = map[string][]string{groupKey: {"For the verbs"}} })
	desk.PersistentFlags().AddFlagSet(shared)
	desk.AddGroup(&cobra.Group{ID: "act", Title: "Play agents:"}, &cobra.Group{ID: "look", Title: "Watch:"}, &cobra.Group{ID: "break", Title: "Break and bend:"}, &cobra.Group{ID: "manager", Title: "With an agent manager:"}, &cobra.Group{ID: "talkdesk", Title: "With Talkdesk:"}, &cobra.Group{ID: "keep", Title: "Keep house:"})
	for group, commands := range map[string][]*cobra.Command{
		"act": append(d.actCommands(), d.queueCommands()...), "look": d.lookCommands(), "break": append(d.bendCommands(), d.faultsCommand(), d.faultCommand(), d.chaosCommand(), d.advanceCommand()),
		"manager": d.managerCommands(), "talkdesk": d.talkdeskCommands(),
		"keep": {d.tenantCommand(), d.resetCommand(), d.scriptCommand(), d.speakCommand(), p.deskSchemaCommand()},
	} {
		for _, c := range commands {
			c.GroupID = group
		}
		desk.AddCommand(commands...)
	}
}

// answer prints what the API answered, as JSON or in words.
func answer[T any](d *deskCaller, value T, err error, words func(T)) error {
	if err != nil {
		return failure(err)
	}
	if d.json {
		encoder := json.NewEncoder(d.out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
	words(value)
	return nil
}

// acted prints what came of an act.
func (d *deskCaller) acted(done api.Acted, err error) error {
	return answer(d, done, err, func(a api.Acted) {
		d.printf("%s", a.Conversation)
		if a.Agent != "" {
			d.printf("  %s", a.Agent)
		}
		if a.Cursor > 0 {
			d.printf("  event %d", a.Cursor)
		}
		if a.File != "" {
			d.printf("  %s", a.File)
		}
		d.printf("\n")
	})
}
