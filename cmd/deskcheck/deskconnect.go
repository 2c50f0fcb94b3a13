package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"deskcheck"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/talkdeskapi"
	"deskcheck/mockdesk/standalone"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var errNoTalkdesk = errors.New("what runs there plays no Talkdesk")

// atTalkdesk makes a command that speaks to Talkdesk.
func (d *deskCaller) atTalkdesk(use, short string, least, most int, what string, run func(ctx context.Context, t *client.Talkdesk, args []string) error) *cobra.Command {
	return d.verb(use, short, least, most, what, func(ctx context.Context, args []string) error {
		t, err := d.talkdesk(ctx)
		switch {
		case err != nil:
			return failure(err)
		case t == nil:
			return &deskcheck.UserError{Err: errNoTalkdesk, Fix: `start one with "deskcheck desk --contract digital-connect"`}
		}
		return run(ctx, t, args)
	})
}

// talkdeskCommands are those for Talkdesk alone.
func (d *deskCaller) talkdeskCommands() []*cobra.Command {
	var outward talkdeskapi.NewConversation
	var subject, from string
	var limit int
	return []*cobra.Command{
		d.accountCommand(),
		with(d.atTalkdesk("start EMAIL", "An agent starts a conversation with somebody", 1, 1, "an e-mail address", func(ctx context.Context, t *client.Talkdesk, args []string) error {
			outward.Email = args[0]
			if subject != "" {
				outward.Subject = &subject
			}
			return d.inTalkdesk(t.Start(ctx, outward))
		}), func(flags *pflag.FlagSet) {
			flags.StringVar(&outward.Touchpoint, "touchpoint", "", "the `ID` of a touchpoint; the first that is active if it is left out")
			flags.StringVar(&outward.User, "agent", "", "the `NAME` of the agent")
			flags.StringVar(&subject, "subject", "", "the `SUBJECT`; none if it is left out")
		}),
		d.atTalkdesk("end-silently CONVERSATION", "End a conversation without telling the connector", 1, 1, "a conversation", func(ctx context.Context, t *client.Talkdesk, args []string) error {
			return d.inTalkdesk(t.EndSilently(ctx, args[0]))
		}),
		with(d.atTalkdesk("deliveries [CONVERSATION]", "List the events that were to be delivered, and how the connector answered", 0, 1, "a conversation", func(ctx context.Context, t *client.Talkdesk, args []string) error {
			list, err := t.Deliveries(ctx, strings.Join(args, ""), limit)
			return answer(d, list, err, d.deliveriesInWords)
		}), func(flags *pflag.FlagSet) {
			flags.IntVar(&limit, "limit", 100, "how many at most")
			aboveZero(flags, "limit")
		}),
		with(d.atTalkdesk("webhook [BODY]", "Call the connector's webhook with anything, which nothing is checked of", 0, 1, "a body", func(ctx context.Context, t *client.Talkdesk, args []string) error {
			e, err := emission(strings.Join(args, ""), from)
			if err != nil {
				return err
			}
			made, err := t.Emit(ctx, e)
			return answer(d, made, err, func(talkdeskapi.Delivery) {
				d.printf("it is on its way; \"deskcheck desk deliveries\" tells what comes of it\n")
			})
		}), func(flags *pflag.FlagSet) {
			flags.StringVar(&from, "from", "", "the call as a `FILE` of JSON: body or text, headers, method, path, integration, conversation")
		}),
		d.touchpointCommand(),
		d.atTalkdesk("revoke-tokens", "Take back every token that is good now", 0, 0, "", func(ctx context.Context, t *client.Talkdesk, _ []string) error {
			r, err := t.RevokeTokens(ctx)
			return answer(d, r, err, func(r talkdeskapi.Revoked) { d.printf("%s revoked\n", plural(r.Revoked, "token")) })
		}),
		d.atTalkdesk("fail-files REASON", "Have the files of the connector's next message not taken", 1, 1, "a reason", func(ctx context.Context, t *client.Talkdesk, args []string) error {
			return failure(t.FailFiles(ctx, args[0]))
		}),
	}
}

func (d *deskCaller) accountCommand() *cobra.Command {
	example := false
	shown := d.atTalkdesk("account", "Show what a connector is configured with", 0, 0, "", func(ctx context.Context, t *client.Talkdesk, _ []string) error {
		a, err := t.Account(ctx)
		return answer(d, a, err, d.accountInWords)
	})
	ask := shown.RunE
	shown.RunE = func(c *cobra.Command, args []string) error {
		if !example {
			return ask(c, args)
		}
		_, err := d.out.Write(standalone.AccountHere())
		return err
	}
	return with(shown, func(flags *pflag.FlagSet) {
		flags.BoolVar(&example, "example", false, "print an account file to begin with; it needs no desk that runs")
	})
}

// emission is a call as it stands on the command line, or in a file.
func emission(body, file string) (e talkdeskapi.Emission, err error) {
	switch {
	case (body == "") == (file == ""):
		return e, &deskcheck.UserError{Err: errors.New("expected either a body or --from"), Fix: `give one, such as '{"event_type": "MESSAGE_CREATED"}'`}
	case file != "":
		text, err := readNamed("call", file)
		if err != nil {
			return e, err
		}
		if err := json.Unmarshal(text, &e); err != nil {
			return e, &deskcheck.UserError{Err: fmt.Errorf("%s is no call: %w", file, err), Fix: `write it such as {"body": {"event_type": "MESSAGE_CREATED"}, "headers": {"Authorization": null}}`}
		}
	case json.Valid([]byte(body)):
		e.Body = json.RawMessage(body)
	default:
		e.Text = &body
	}
	return e, nil
}

func (d *deskCaller) touchpointCommand() *cobra.Command {
	c := &cobra.Command{Use: "touchpoint", Short: "Turn a touchpoint on or off", RunE: subcommandsOnly}
	for _, to := range []struct {
		verb, short string
		active      bool
	}{{"on", "Conversations begin there again", true}, {"off", "No conversation begins there", false}} {
		c.AddCommand(d.atTalkdesk(to.verb+" NAME", to.short, 1, 1, "the id or the name of a touchpoint", func(ctx context.Context, t *client.Talkdesk, args []string) error {
			now, err := t.SetStatus(ctx, args[0], to.active)
			return answer(d, now, err, func(now talkdeskapi.Touchpoint) { d.printf("%s is %s\n", now.ID, activity(now.Active)) })
		}))
	}
	return c
}

func activity(active bool) string {
	if active {
		return "active"
	}
	return "inactive"
}

func (d *deskCaller) accountInWords(a talkdeskapi.Account) {
	lines := [][3]string{{"account", a.Account}, {"region", a.Region}, {"identity", a.IdentityURL}, {"api", a.APIURL}, {"storage", a.StorageURL}}
	for _, c := range a.Clients {
		lines = append(lines, [3]string{"client", c.ID, strings.Join(c.Scopes, " ")})
	}
	for _, t := range a.Touchpoints {
		lines = append(lines, [3]string{"touch", t.ID, strings.TrimSpace(t.Name + " " + activity(t.Active))})
	}
	for _, i := range a.Integrations {
		lines = append(lines, [3]string{"webhook", i.BasePath, "authentication " + i.Auth})
	}
	for _, remark := range a.Remarks {
		lines = append(lines, [3]string{"remark", remark})
	}
	for _, line := range lines {
		d.deskLine(line[0], fmt.Sprintf("%-42s", line[1]), line[2])
	}
}

func (d *deskCaller) deliveriesInWords(list []talkdeskapi.Delivery) {
	if len(list) == 0 {
		d.sayf("no deliveries")
		return
	}
	t := d.table("action", "conversation", "state", "status", "ms", "why")
	for _, one := range list {
		t.AppendRow([]any{one.Action, one.Conversation, one.State, one.Status, one.Ms, one.Why})
	}
	t.Render()
}

// inTalkdesk prints how a conversation is.
func (d *deskCaller) inTalkdesk(c talkdeskapi.Conversation, err error) error {
	return answer(d, c, err, func(c talkdeskapi.Conversation) { d.printf("%s  %s\n", c.ID, c.State) })
}

// wentOut prints what came of what an agent said.
func (d *deskCaller) wentOut(done talkdeskapi.Acted, err error) error {
	return answer(d, done, err, func(a talkdeskapi.Acted) {
		d.printf("%s  message %s", a.Conversation, a.Message)
		for _, f := range a.Files {
			d.printf("  file %s", f.ID)
		}
		d.printf("\n")
	})
}

// sayAtTalkdesk, and those after it, are what verbs do where Talkdesk is played; an error is that of finding out.
func (d *deskCaller) sayAtTalkdesk(ctx context.Context, t *client.Talkdesk, err error, conversation, text, author string) error {
	if err != nil {
		return failure(err)
	}
	return d.wentOut(t.Say(ctx, conversation, talkdeskapi.Words{Text: &text, Author: author}))
}

func (d *deskCaller) sendAtTalkdesk(ctx context.Context, t *client.Talkdesk, err error, conversation string, f client.File) error {
	if err != nil {
		return failure(err)
	}
	return d.wentOut(t.SendFile(ctx, conversation, f))
}

func (d *deskCaller) endAtTalkdesk(ctx context.Context, t *client.Talkdesk, err error, conversation string) error {
	if err != nil {
		return failure(err)
	}
	return d.inTalkdesk(t.End(ctx, conversation))
}

func (d *deskCaller) resetTalkdesk(ctx context.Context, t *client.Talkdesk, err error) error {
	if err != nil {
		return failure(err)
	}
	now, err := t.Reset(ctx)
	return answer(d, now, err, func(now talkdeskapi.Tenant) { d.printf("%s begins anew\n", now.Name) })
}

func (d *deskCaller) listAtTalkdesk(ctx context.Context, t *client.Talkdesk, err error, q client.ConversationQuery) error {
	if err != nil {
		return failure(err)
	}
	list, err := t.Conversations(ctx, client.StateQuery{State: q.State, Newest: q.Newest, Limit: q.Limit})
	return answer(d, list, err, func(list []talkdeskapi.Summary) {
		if len(list) == 0 {
			d.sayf("no conversations")
			return
		}
		table := d.table("conversation", "state", "contact", "subject", "messages")
		for _, c := range list {
			table.AppendRow([]any{c.ID, stateInWords(c), c.Email, orNothing(c.Subject), c.Messages})
		}
		table.Render()
	})
}

func stateInWords(c talkdeskapi.Summary) string {
	if c.EndedBy == "" {
		return c.State
	}
	return c.State + " by " + c.EndedBy
}

func orNothing(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

func (d *deskCaller) showAtTalkdesk(ctx context.Context, t *client.Talkdesk, err error, id string) error {
	if err != nil {
		return failure(err)
	}
	c, err := t.Conversation(ctx, id)
	return answer(d, c, err, func(c talkdeskapi.Conversation) {
		exposed, _ := json.Marshal(c.Exposed) // It came as JSON.
		for _, field := range [][2]string{
			{"conversation", c.ID}, {"state", stateInWords(c.Summary)}, {"contact", c.Email}, {"subject", orNothing(c.Subject)}, {"touchpoint", c.Touchpoint}, {"arguments", string(exposed)}, {"unmapped", strings.Join(c.Unmapped, ", ")},
		} {
			if field[1] != "" {
				d.printf("%-13s%s\n", field[0], field[1])
			}
		}
		d.printf("\n")
		table := d.table("at", "who", "says")
		for _, p := range c.Previous {
			table.AppendRow([]any{p.CreatedAt, "before: " + p.Type, p.Content})
		}
		for _, l := range c.Said {
			who, words := c.Email, orNothing(l.Text)
			if l.From == "agent" {
				who = l.Author
			}
			for _, f := range l.Files {
				words = strings.TrimSpace(words + " [" + f.Name + "]")
			}
			table.AppendRow([]any{l.At, who, words})
		}
		d.render(table, 3, 24)
	})
}
