package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"deskcheck"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// act makes a command of an act in a conversation.
func (d *deskCaller) act(use, short string, least, most int, what string, play func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error)) *cobra.Command {
	return d.verb(use, short, least, most, what, func(ctx context.Context, args []string) error {
		return d.acted(play(d.chosen(), ctx, args))
	})
}

// queueCommands are what the desk does with a user who waits.
func (d *deskCaller) queueCommands() []*cobra.Command {
	var position, place int
	var wait time.Duration
	var notice string
	return []*cobra.Command{
		with(d.act("queue-update CONVERSATION", "The desk tells where the user stands in the queue", 1, 1, "a conversation", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			if position == 0 && wait == 0 && notice == "" {
				return api.Acted{}, &deskcheck.UserError{Err: errors.New("deskcheck desk queue-update needs something to tell"), Fix: "add --position, --wait or --notice"}
			}
			act := api.QueueUpdateAct{Notice: notice}
			if position > 0 {
				act.Position = &position
			}
			if wait > 0 {
				act.Wait = new(api.Duration(wait))
			}
			return t.QueueUpdate(ctx, args[0], act)
		}), func(flags *pflag.FlagSet) {
			flags.IntVar(&position, "position", 0, "the `PLACE` in the queue; 1 is next")
			flags.DurationVar(&wait, "wait", 0, "how long it will take, by estimate")
			flags.StringVar(&notice, "notice", "", "a `SENTENCE` to show")
			aboveZero(flags, "position")
		}),
		with(d.act("reroute CONVERSATION QUEUE", "The desk has a waiting user wait in another queue", 2, 2, "a conversation and a queue", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			return t.Reroute(ctx, args[0], api.RerouteAct{Queue: args[1], Position: place})
		}), func(flags *pflag.FlagSet) {
			flags.IntVar(&place, "position", 1, "the `PLACE` in that queue")
			aboveZero(flags, "position")
		}),
		d.act("close-queue CONVERSATION [REASON]", "The desk tells a waiting user that nobody will come", 1, 2, "a conversation and perhaps a reason", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			return t.CloseQueue(ctx, args[0], api.ReasonAct{Reason: second(args)})
		}),
	}
}

// bendCommands are what a desk does that goes wrong, and what no healthy one does.
func (d *deskCaller) bendCommands() []*cobra.Command {
	return []*cobra.Command{
		d.act("fail-transfer CONVERSATION [REASON]", "A transfer comes to nothing", 1, 2, "a conversation and perhaps a reason", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			return t.FailTransfer(ctx, args[0], api.ReasonAct{Reason: second(args)})
		}),
		d.act("finish-check CONVERSATION FILE [REASON]", "A file that is being looked at is kept, or refused for a reason", 2, 3, "a conversation, the key of a file and perhaps a reason", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			return t.FinishCheck(ctx, args[0], api.FinishCheckAct{Key: args[1], Reason: second(args[1:])})
		}),
		d.act("bounce CONVERSATION TEXT [REASON]", "A line of the user was not delivered after all", 2, 3, "a conversation, what the user said and perhaps a reason", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			return t.Bounce(ctx, args[0], api.BounceAct{Text: args[1], Reason: second(args[1:])})
		}),
		d.act("emit CONVERSATION TYPE [FIELDS]", "Send an event of any type, with fields as JSON, whatever the state", 2, 3, "a conversation, a type of event and perhaps its fields as JSON", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			act := api.EmitAct{Type: args[1]}
			if fields := second(args[1:]); fields != "" {
				if err := json.Unmarshal([]byte(fields), &act.Data); err != nil {
					return api.Acted{}, &deskcheck.UserError{Err: fmt.Errorf("the fields of the event %s are no JSON object: %w", args[1], err), Fix: `give them such as '{"text": "hello"}'`}
				}
			}
			return t.Emit(ctx, args[0], act)
		}),
		d.act("garble CONVERSATION TEXT", "Send something that is no event", 2, 2, "a conversation and a text", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			return t.Garble(ctx, args[0], api.GarbleAct{Raw: args[1]})
		}),
		d.act("cut-sockets CONVERSATION", "Break the connections that bring events", 1, 1, "a conversation", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			return t.CutSockets(ctx, args[0], api.NoAct{})
		}),
		d.act("expire CONVERSATION", "Forget the conversation without a word", 1, 1, "a conversation", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			return t.Expire(ctx, args[0], api.NoAct{})
		}),
		d.act("echo-end CONVERSATION MODE", "Say when the user's own end comes back: before, after or never", 2, 2, "a conversation and before, after or never", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
			return t.EchoEnd(ctx, args[0], api.EchoEndAct{Mode: args[1]})
		}),
		d.changeUploadsCommand(),
	}
}

func (d *deskCaller) changeUploadsCommand() *cobra.Command {
	var rules api.UploadRules
	var none, single bool
	return with(d.act("change-uploads CONVERSATION", "Tell the client other rules for files", 1, 1, "a conversation", func(t *client.Tenant, ctx context.Context, args []string) (api.Acted, error) {
		rules.Allowed, rules.Multiple = !none, new(!single)
		return t.ChangeUploads(ctx, args[0], rules)
	}), func(flags *pflag.FlagSet) {
		flags.BoolVar(&none, "none", false, "no files")
		flags.BoolVar(&single, "single", false, "one file with a line at most")
		flags.StringVar(&rules.Types, "types", "", "the `TYPES` that are taken, as the attribute accept of an input has them")
		flags.Int64Var(&rules.MaxBytes, "max-bytes", 0, "the `SIZE` of the largest file")
		flags.IntVar(&rules.MaxFiles, "max-files", 0, "how `MANY` files may go with a line, 0 for any number")
		aboveZero(flags, "max-bytes")
	})
}
