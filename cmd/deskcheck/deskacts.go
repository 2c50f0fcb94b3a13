package main

import (
	"context"
	"errors"
	"fmt"
	"mime"
	"os"
	"path/filepath"

	"deskcheck"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (d *deskCaller) actCommands() []*cobra.Command {
	var agent, reason, format, name, words, mediaType string
	var stop, byDesk bool
	as := func(flags *pflag.FlagSet) {
		flags.StringVar(&agent, "agent", "", "the `ID` of the agent who acts; needed only where several are in the conversation. With Talkdesk the agent's name")
	}
	plain := func(use, short string, act func(*client.Tenant, context.Context, string, api.AgentAct) (api.Acted, error)) *cobra.Command {
		return d.verb(use+" CONVERSATION [AGENT]", short, 1, 2, "a conversation and perhaps an agent", func(ctx context.Context, args []string) error {
			return d.acted(act(d.chosen(), ctx, args[0], api.AgentAct{Agent: second(args)}))
		})
	}
	return []*cobra.Command{
		d.verb("online AGENT", "An agent comes online", 1, 1, "the id of an agent", func(ctx context.Context, args []string) error {
			return d.agent(d.chosen().Online(ctx, args[0]))
		}),
		d.verb("offline AGENT", "An agent goes", 1, 1, "the id of an agent", func(ctx context.Context, args []string) error {
			return d.agent(d.chosen().Offline(ctx, args[0]))
		}),
		plain("join", "An agent joins", (*client.Tenant).Join),
		plain("leave", "An agent leaves", (*client.Tenant).Leave),
		with(d.verb("say CONVERSATION TEXT", "An agent says something", 2, 2, "a conversation and a text", func(ctx context.Context, args []string) error {
			if t, err := d.talkdesk(ctx); t != nil || err != nil {
				return d.sayAtTalkdesk(ctx, t, err, args[0], args[1], agent)
			}
			// An empty text is none in what is sent: the desk would ask for text or items.
			if args[1] == "" {
				return errNothingSaid
			}
			return d.acted(d.chosen().Say(ctx, args[0], api.SayAct{Agent: agent, Text: args[1], Format: format}))
		}), func(flags *pflag.FlagSet) {
			as(flags)
			flags.StringVar(&format, "format", "text", "how the text is written: text or html")
		}),
		with(d.verb("type CONVERSATION", "An agent types, or stops", 1, 1, "a conversation", func(ctx context.Context, args []string) error {
			return d.acted(d.chosen().Type(ctx, args[0], api.TypeAct{Agent: agent, Typing: new(!stop)}))
		}), func(flags *pflag.FlagSet) {
			as(flags)
			flags.BoolVar(&stop, "stop", false, "stop typing")
		}),
		plain("read", "An agent reads what the user wrote", (*client.Tenant).Read),
		with(d.verb("transfer CONVERSATION [TO]", "An agent hands the user over", 1, 2, "a conversation and perhaps an agent", func(ctx context.Context, args []string) error {
			return d.acted(d.chosen().Transfer(ctx, args[0], api.TransferAct{Agent: agent, To: second(args)}))
		}), as),
		with(d.verb("end CONVERSATION", "An agent ends the conversation, or the desk does", 1, 1, "a conversation", func(ctx context.Context, args []string) error {
			if t, err := d.talkdesk(ctx); t != nil || err != nil {
				return d.endAtTalkdesk(ctx, t, err, args[0])
			}
			act := api.EndAct{Agent: agent, Reason: reason}
			if byDesk {
				act.By = "desk"
			}
			return d.acted(d.chosen().End(ctx, args[0], act))
		}), func(flags *pflag.FlagSet) {
			as(flags)
			flags.BoolVar(&byDesk, "by-desk", false, "in the desk's name")
			flags.StringVar(&reason, "reason", "", "a `SENTENCE` to show, with --by-desk")
		}),
		plain("ask-screen", "An agent asks to see the user's screen", (*client.Tenant).AskScreen),
		plain("withdraw-screen", "An agent withdraws what they asked", (*client.Tenant).WithdrawScreen),
		plain("stop-screen", "An agent stops looking at the screen", (*client.Tenant).StopScreen),
		with(d.verb("send-file CONVERSATION FILE", "An agent sends a file", 2, 2, "a conversation and a file", func(ctx context.Context, args []string) error {
			return d.sendFile(ctx, args[0], args[1], client.File{Name: name, Agent: agent, Text: words, Type: mediaType})
		}), func(flags *pflag.FlagSet) {
			as(flags)
			flags.StringVar(&name, "name", "", "what the user sees as its `NAME`")
			flags.StringVar(&mediaType, "type", "", "its media `TYPE`; by its ending if it is left out")
			flags.StringVar(&words, "text", "", "a `TEXT` to go with it")
		}),
		d.verb("notice CONVERSATION TEXT", "The desk says something in its own name", 2, 2, "a conversation and a text", func(ctx context.Context, args []string) error {
			return d.acted(d.chosen().Notice(ctx, args[0], api.NoticeAct{Text: args[1]}))
		}),
	}
}

// errNothingSaid is the error of a line without words.
var errNothingSaid = &deskcheck.UserError{Err: errors.New("the text is empty: expected what the agent says"), Fix: `give it in quotes, such as "How can I help?"`}

func second(args []string) string {
	if len(args) > 1 {
		return args[1]
	}
	return ""
}

func (d *deskCaller) agent(a api.Agent, err error) error {
	return answer(d, a, err, func(a api.Agent) { d.printf("%s is %s\n", a.ID, presence(a.Online)) })
}

func presence(online bool) string {
	if online {
		return "online"
	}
	return "offline"
}

func (d *deskCaller) sendFile(ctx context.Context, conversation, path string, f client.File) error {
	content, err := os.Open(path) //nolint:gosec // The user names their own file.
	if err != nil {
		return cannotRead(fmt.Errorf("the file cannot be read: %w", err))
	}
	defer func() { _ = content.Close() }() // Nothing was written to it.
	if f.Name == "" {
		f.Name = filepath.Base(path)
	}
	if f.Type == "" {
		f.Type = mime.TypeByExtension(filepath.Ext(f.Name))
	}
	f.Content = content
	if t, err := d.talkdesk(ctx); t != nil || err != nil {
		return d.sendAtTalkdesk(ctx, t, err, conversation, f)
	}
	return d.acted(d.chosen().SendFile(ctx, conversation, f))
}
