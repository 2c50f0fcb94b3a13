package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"deskcheck"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (d *deskCaller) faultsCommand() *cobra.Command {
	return d.verb("faults", "List the faults that are set", 0, 0, "", func(ctx context.Context, _ []string) error {
		if manager, err := d.manager(ctx); manager != nil || err != nil {
			return d.refusals(ctx, manager, err)
		}
		list, err := d.chosen().Faults(ctx)
		return answer(d, list, err, func(list api.FaultList) {
			if len(list.Faults) == 0 {
				d.sayf("no faults")
			} else {
				t := d.table("fault", "operation", "played", "left", "says")
				for _, f := range list.Faults {
					left := ""
					if f.Left != nil {
						left = strconv.Itoa(*f.Left)
					}
					t.AppendRow([]any{f.ID, f.Operation, f.Played, left, f.Says})
				}
				t.Render()
			}
			for operation, n := range list.Held {
				d.sayf("held: %d of %s", n, operation)
			}
		})
	})
}

func (d *deskCaller) faultCommand() *cobra.Command {
	c := &cobra.Command{Use: "fault", Short: "Add, release, remove or clear faults", RunE: subcommandsOnly}
	var spec api.NewFault
	var when api.When
	var length time.Duration
	released := func(r api.Released, err error) error {
		return answer(d, r, err, func(r api.Released) {
			d.printf("released %d, removed %s\n", r.Released, plural(len(r.Removed), "fault"))
		})
	}
	c.AddCommand(
		with(d.verb("add KIND OPERATION", "Have requests of an operation fail", 2, 2, "a kind, such as refuse, and an operation, such as message", func(ctx context.Context, args []string) error {
			spec.Kind, spec.Operation, spec.For = args[0], args[1], api.Duration(length)
			if when != (api.When{}) {
				spec.When = &when
			}
			f, err := d.chosen().AddFault(ctx, spec)
			return answer(d, f, err, func(f api.Fault) { d.printf("%s  %s\n", f.ID, f.Says) })
		}), func(flags *pflag.FlagSet) {
			flags.IntVar(&spec.Status, "status", 0, "the HTTP `STATUS`, for refuse and body")
			flags.StringVar(&spec.Title, "title", "", "the `TITLE` of the problem document, for refuse")
			flags.StringVar(&spec.Body, "body", "", "the `TEXT`, for body")
			flags.StringVar(&spec.ContentType, "content-type", "", "the media `TYPE`, for body")
			flags.DurationVar(&length, "for", 0, "how long, for delay")
			flags.IntVar(&when.Next, "next", 0, "only the next `N` requests")
			flags.IntVar(&when.After, "after", 0, "only once `N` requests were let pass")
			flags.StringVar(&when.Conversation, "conversation", "", "only requests of the conversation with this `ID`")
			aboveZero(flags, "status", "next")
		}),
		d.verb("rules FILE", "Add the rules of a file: every fault, when and where", 1, 1, "a file of rules", func(ctx context.Context, args []string) error {
			rules, source, err := readRules(args[0])
			if err != nil {
				return err
			}
			added, err := d.chosen().AddRules(ctx, rules...)
			if err != nil {
				return placed(args[0], source, "rules", err)
			}
			return answer(d, added, nil, func(added []api.Fault) {
				for _, f := range added {
					d.printf("%s  %s\n", f.ID, f.Says)
				}
			})
		}),
		d.verb("release [OPERATION]", "Let the requests go on that faults hold", 0, 1, "an operation", func(ctx context.Context, args []string) error {
			return released(d.chosen().ReleaseFaults(ctx, strings.Join(args, "")))
		}),
		d.verb("remove FAULT", "Have a fault play no more", 1, 1, "the id of a fault", func(ctx context.Context, args []string) error {
			return failure(d.chosen().RemoveFault(ctx, args[0]))
		}),
		d.verb("clear", "Remove all faults", 0, 0, "", func(ctx context.Context, _ []string) error { return released(d.chosen().ClearFaults(ctx)) }),
	)
	return c
}

func (d *deskCaller) advanceCommand() *cobra.Command {
	return d.verb("advance DURATION", "Let time pass at once", 1, 1, "a duration, such as 30s", func(ctx context.Context, args []string) error {
		by, err := time.ParseDuration(args[0])
		if err != nil {
			return &deskcheck.UserError{Err: fmt.Errorf("expected a duration, such as 30s, found %q", args[0])}
		}
		clock, err := d.chosen().Advance(ctx, api.Duration(by))
		return answer(d, clock, err, func(c api.Clock) { d.printf("%s\n", c.Now.Format(time.RFC3339Nano)) })
	})
}

// readRules reads a file of rules, in YAML or JSON.
func readRules(path string) ([]fault.Rule, []byte, error) {
	text, err := readNamed("file of rules", path)
	if err != nil {
		return nil, nil, err
	}
	rules, err := fault.ParseRules(path, text)
	if err != nil {
		return nil, nil, &deskcheck.UserError{Err: err, Fix: `a rule is such as {fault: {kind: status, status: 503}, schedule: next 2, scope: {operation: message}}`}
	}
	return rules, text, nil
}

// fieldPath is how a desk names a field that it finds something wrong with.
var fieldPath = regexp.MustCompile(`^(\[\d+\]|[a-z]+)(\.[a-zA-Z]+|\[\d+\])*$`)

// placed says where in a file stands what the desk has refused of it, which knows its own wire but no file. whole is what the desk calls all that is in the file, empty for nothing.
func placed(path string, source []byte, whole string, err error) error {
	p, refused := errors.AsType[*api.Problem](err)
	if !refused {
		return failure(err)
	}
	field, why, named := strings.Cut(strings.TrimPrefix(p.Detail, whole), ": ")
	if !named || !fieldPath.MatchString(field) {
		return failure(err)
	}
	return &deskcheck.UserError{Err: fault.Locate(path, source, &fault.FieldError{Field: field, Err: errors.New(why)})}
}
