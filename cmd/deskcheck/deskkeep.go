package main

import (
	"context"
	"strings"

	"deskcheck"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/script"
	"deskcheck/mockdesk/standalone"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (d *deskCaller) tenantCommand() *cobra.Command {
	c := &cobra.Command{Use: "tenant", Short: "Add, list and drop tenants", RunE: subcommandsOnly}
	manual := false
	c.AddCommand(
		with(d.verb("add [NAME]", "Create a tenant, and say where it is", 0, 1, "a name", func(ctx context.Context, args []string) error {
			spec := api.NewTenant{Name: strings.Join(args, "")}
			if manual {
				spec.Clock.Mode = api.ManualClock
			}
			_, made, err := d.server().CreateTenant(ctx, spec)
			return answer(d, made, err, func(t api.Tenant) { d.printf("%s  %s  %s\n", t.Name, t.Wire.URL, t.Wire.SocketURL) })
		}), func(flags *pflag.FlagSet) {
			flags.BoolVar(&manual, "manual-clock", false, "time passes only by advance")
		}),
		d.verb("list", "List the tenants", 0, 0, "", func(ctx context.Context, _ []string) error {
			page, err := d.server().Tenants(ctx, client.Page{Limit: 1000})
			return answer(d, page, err, func(page api.TenantPage) {
				t := d.table("tenant", "waiting", "active", "ended", "sockets", "faults", "entries", "wire")
				for _, one := range page.Tenants {
					t.AppendRow([]any{one.Name, one.Conversations.Waiting, one.Conversations.Active, one.Conversations.Ended, one.Sockets, one.Faults, one.Journal.Last, one.Wire.URL})
				}
				t.Render()
			})
		}),
		d.verb("drop NAME", "Drop a tenant", 1, 1, "the name of a tenant", func(ctx context.Context, args []string) error {
			return failure(d.server().Tenant(args[0]).Drop(ctx))
		}),
	)
	return c
}

func (d *deskCaller) resetCommand() *cobra.Command {
	file := ""
	c := with(d.verb("reset", "Put the tenant back as it was created", 0, 0, "", func(ctx context.Context, _ []string) error {
		if file != "" {
			return d.removeStore(file)
		}
		if manager, err := d.manager(ctx); manager != nil || err != nil {
			return d.resetManager(ctx, manager, err)
		}
		if t, err := d.talkdesk(ctx); t != nil || err != nil {
			return d.resetTalkdesk(ctx, t, err)
		}
		t, err := d.chosen().Reset(ctx)
		return answer(d, t, err, func(t api.Tenant) { d.printf("%s is as it was created\n", t.Name) })
	}), func(flags *pflag.FlagSet) {
		flags.StringVar(&file, "store", "", "remove `FILE`, in which a desk was saved that does not run, such as "+defaultStore)
	})
	c.Long = "Puts the tenant back as it was created: its conversations and its journal are gone, and what was changed since.\n\nWith --store it needs no desk that runs: all that was saved in the file is gone, of every tenant."
	return c
}

// removeStore removes the file of a desk that does not run.
func (d *deskCaller) removeStore(file string) error {
	if err := standalone.RemoveStore(file); err != nil {
		return deskMistake(err)
	}
	d.printf("%s is removed\n", file)
	return nil
}

func (d *deskCaller) speakCommand() *cobra.Command {
	c := &cobra.Command{Use: "wire", Short: "Show and set the protocol that the desk speaks", RunE: subcommandsOnly}
	c.AddCommand(
		d.verb("show", "Print the wire file that the desk speaks by", 0, 0, "", func(ctx context.Context, _ []string) error {
			w, err := d.chosen().Wire(ctx)
			return answer(d, w, err, func(w api.Wire) { d.printf("%s", w.Source) })
		}),
		d.verb("set FILE", "Have the desk speak by another wire file", 1, 1, "a file", func(ctx context.Context, args []string) error {
			if _, err := deskcheck.LoadWire(args[0]); err != nil {
				return err
			}
			source, err := readNamed("wire", args[0])
			if err != nil {
				return err
			}
			w, err := d.chosen().SetWire(ctx, string(source))
			return answer(d, w, err, func(w api.Wire) { d.printf("the desk speaks the wire %s from now on\n", w.Name) })
		}),
	)
	return c
}

func (d *deskCaller) scriptCommand() *cobra.Command {
	c := &cobra.Command{Use: "script", Short: "Add, list, remove and check scripts of agents that play themselves", RunE: subcommandsOnly}
	read := func(path string) (string, error) {
		text, err := readNamed("script", path)
		if err != nil {
			return "", err
		}
		if _, err := script.Parse(path, text, nil); err != nil {
			return "", &deskcheck.UserError{Err: err, Fix: `"deskcheck desk schema script" describes every key`}
		}
		return string(text), nil
	}
	c.AddCommand(
		d.verb("add NAME FILE", "Have new conversations played by a script", 2, 2, "a name and a file", func(ctx context.Context, args []string) error {
			source, err := read(args[1])
			if err != nil {
				return err
			}
			s, err := d.chosen().PutScript(ctx, args[0], source)
			return answer(d, s, err, func(s api.Script) { d.printf("%s plays from now on, %s\n", s.Name, plural(s.Steps, "step")) })
		}),
		d.verb("list", "List the scripts", 0, 0, "", func(ctx context.Context, _ []string) error {
			list, err := d.chosen().Scripts(ctx)
			return answer(d, list, err, func(list []api.Script) {
				if len(list) == 0 {
					d.sayf("no scripts")
					return
				}
				t := d.table("script", "queue", "agents", "steps", "playing")
				for _, s := range list {
					t.AppendRow([]any{s.Name, s.Queue, strings.Join(s.Agents, ", "), s.Steps, s.Playing})
				}
				t.Render()
			})
		}),
		d.verb("remove NAME", "Have a script play no further conversation", 1, 1, "the name of a script", func(ctx context.Context, args []string) error {
			return failure(d.chosen().RemoveScript(ctx, args[0]))
		}),
		d.verb("check FILE", "Check a script without a desk", 1, 1, "a file", func(_ context.Context, args []string) error {
			if _, err := read(args[0]); err != nil {
				return err
			}
			d.printf("%s is fine\n", args[0])
			return nil
		}),
	)
	return c
}
