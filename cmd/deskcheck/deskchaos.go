package main

import (
	"context"

	"deskcheck"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (d *deskCaller) chaosCommand() *cobra.Command {
	c := &cobra.Command{Use: "chaos", Short: "Play faults by chance, the same again for the same seed", RunE: subcommandsOnly}
	var seed uint64
	var share float64
	tell := func(one api.Chaos, err error) error {
		return answer(d, one, err, func(one api.Chaos) {
			d.printf("%s\n", one.Says)
			if one.Played > 0 {
				d.printf("played %s\n", plural(one.Played, "time"))
			}
		})
	}
	c.AddCommand(
		with(d.verb("start FILE", "Play the faults of a file by chance, and say the seed", 1, 1, "a file of chaos", func(ctx context.Context, args []string) error {
			o, source, err := readChaos(args[0])
			if err != nil {
				return err
			}
			if seed != 0 {
				o.Seed = seed
			}
			if share != 0 {
				o.Share = share
			}
			started, err := d.chosen().StartChaos(ctx, o)
			if err != nil {
				return placed(args[0], source, "", err)
			}
			return tell(started, nil)
		}), func(flags *pflag.FlagSet) {
			flags.Uint64Var(&seed, "seed", 0, "the `SEED` that was said, to meet the same faults again; in place of the file's")
			flags.Float64Var(&share, "share", 0, "how much of what arrives is played a fault on, from 0 to 1; in place of the file's `SHARE`")
			aboveZero(flags, "seed", "share")
		}),
		d.verb("show", "Show what is left to chance", 0, 0, "", func(ctx context.Context, _ []string) error { return tell(d.chosen().Chaos(ctx)) }),
		d.verb("stop", "Leave nothing to chance any more", 0, 0, "", func(ctx context.Context, _ []string) error {
			return failure(d.chosen().StopChaos(ctx))
		}),
	)
	return c
}

// readChaos reads a file of chaos, in YAML or JSON.
func readChaos(path string) (fault.ChaosOptions, []byte, error) {
	text, err := readNamed("chaos", path)
	if err != nil {
		return fault.ChaosOptions{}, nil, err
	}
	o, err := fault.ParseChaos(path, text)
	if err != nil {
		return o, nil, &deskcheck.UserError{Err: err, Fix: "chaos is such as {share: 0.1, faults: [{fault: {kind: reset}, weight: 1}]}"}
	}
	return o, text, nil
}
