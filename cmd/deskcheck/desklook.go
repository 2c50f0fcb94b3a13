package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/reports"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (d *deskCaller) lookCommands() []*cobra.Command {
	var list client.ConversationQuery
	var entries client.JournalQuery
	var wait api.Wait
	var count api.Count
	var verify api.Verify
	var follow bool
	least, most, timeout := -1, -1, 30*time.Second
	return []*cobra.Command{
		d.verb("agents", "List the agents", 0, 0, "", func(ctx context.Context, _ []string) error { return d.agents(ctx) }),
		with(d.verb("conversations", "List the conversations, the newest first", 0, 0, "", func(ctx context.Context, _ []string) error {
			return d.conversations(ctx, list)
		}), func(flags *pflag.FlagSet) {
			list.Newest = true
			flags.StringVar(&list.State, "state", "", "only those that are waiting, active or ended; with an agent manager open, closed or at a stage such as WRAP_UP, with Talkdesk open or ended")
			flags.StringVar(&list.Queue, "queue", "", "only those of a `QUEUE`")
			flags.IntVar(&list.Limit, "limit", 100, "how many at most")
			aboveZero(flags, "limit")
		}),
		d.verb("show CONVERSATION", "Show a conversation, and what was said in it", 1, 1, "a conversation", func(ctx context.Context, args []string) error { return d.show(ctx, args[0]) }),
		with(d.verb("journal", "Print entries of the journal", 0, 0, "", func(ctx context.Context, _ []string) error {
			if follow {
				return d.follow(ctx, entries)
			}
			return d.journal(ctx, entries)
		}), func(flags *pflag.FlagSet) {
			flags.StringVar(&entries.Match, "match", "", "only entries that match an `EXPRESSION`")
			flags.StringVar(&entries.Conversation, "conversation", "", "only entries of the conversation with this `ID`")
			flags.IntVar(&entries.After, "after", 0, "only entries after this number")
			flags.IntVar(&entries.Limit, "limit", 100, "how many at most, without --follow")
			flags.BoolVarP(&follow, "follow", "f", false, "go on with what happens, until Ctrl-C")
			aboveZero(flags, "limit")
		}),
		with(d.verb("wait EXPRESSION", "Wait for entries that match", 1, 1, "an expression", func(ctx context.Context, args []string) error {
			wait.Match, wait.Timeout = args[0], api.Duration(timeout)
			return d.wait(ctx, wait)
		}), func(flags *pflag.FlagSet) {
			flags.DurationVar(&timeout, "timeout", timeout, "how long to wait")
			flags.IntVar(&wait.Count, "count", 1, "for how many entries")
			aboveZero(flags, "count")
			flags.IntVar(&wait.After, "after", 0, "only entries after this number")
			flags.StringVar(&wait.Conversation, "conversation", "", "only entries of the conversation with this `ID`")
		}),
		with(d.verb("count EXPRESSION", "Count entries that match", 1, 1, "an expression", func(ctx context.Context, args []string) error {
			count.Match = args[0]
			counted, err := d.chosen().Count(ctx, count)
			return answer(d, counted, err, func(c api.Counted) { d.printf("%d\n", c.Count) })
		}), func(flags *pflag.FlagSet) {
			flags.IntVar(&count.After, "after", 0, "only entries after this number")
			flags.StringVar(&count.Conversation, "conversation", "", "only entries of the conversation with this `ID`")
		}),
		with(d.verb("verify EXPRESSION", "Say whether entries match, and what came closest", 1, 1, "an expression", func(ctx context.Context, args []string) error {
			verify.Match = args[0]
			for flag, bound := range map[*int]**int{&least: &verify.Least, &most: &verify.Most} {
				if *flag >= 0 {
					*bound = flag
				}
			}
			return d.verify(ctx, verify)
		}), func(flags *pflag.FlagSet) {
			flags.IntVar(&least, "least", -1, "how many there must be; 1 if neither bound is given")
			flags.IntVar(&most, "most", -1, "how many there may be")
			flags.IntVar(&verify.After, "after", 0, "only entries after this number")
			flags.StringVar(&verify.Conversation, "conversation", "", "only entries of the conversation with this `ID`")
		}),
	}
}

func (d *deskCaller) agents(ctx context.Context) error {
	if manager, err := d.manager(ctx); manager != nil || err != nil {
		return d.people(ctx, manager, err)
	}
	list, err := d.chosen().Agents(ctx)
	return answer(d, list, err, func(list []api.Agent) {
		t := d.table("agent", "name", "is", "queues", "conversations")
		for _, a := range list {
			t.AppendRow([]any{a.ID, a.Name, presence(a.Online), strings.Join(a.Queues, ", "), strings.Join(a.Conversations, ", ")})
		}
		t.Render()
	})
}

func (d *deskCaller) conversations(ctx context.Context, q client.ConversationQuery) error {
	if manager, err := d.manager(ctx); manager != nil || err != nil {
		return d.managed(ctx, manager, err, q)
	}
	if t, err := d.talkdesk(ctx); t != nil || err != nil {
		return d.listAtTalkdesk(ctx, t, err, q)
	}
	page, err := d.chosen().Conversations(ctx, q)
	return answer(d, page, err, func(page api.ConversationPage) {
		if len(page.Conversations) == 0 {
			d.sayf("no conversations")
			return
		}
		t := d.table("conversation", "state", "queue", "user", "agents", "lines", "opened")
		for _, c := range page.Conversations {
			state := c.State
			if c.EndedBy != "" {
				state += " by " + c.EndedBy
			}
			t.AppendRow([]any{c.ID, state, c.Queue, c.User, strings.Join(c.Agents, ", "), c.Lines, c.OpenedAt.Local().Format(time.TimeOnly)})
		}
		t.Render()
		if page.Next != "" {
			d.sayf("there are more; raise --limit")
		}
	})
}

// shown is a conversation with what was said in it.
type shown struct {
	api.Conversation

	Said []api.Line `json:"said"`
}

func (d *deskCaller) show(ctx context.Context, id string) error {
	if manager, err := d.manager(ctx); manager != nil || err != nil {
		return d.showManaged(ctx, manager, err, id)
	}
	if t, err := d.talkdesk(ctx); t != nil || err != nil {
		return d.showAtTalkdesk(ctx, t, err, id)
	}
	one := d.chosen()
	view, err := one.Conversation(ctx, id)
	if err != nil {
		return failure(err)
	}
	all := shown{Conversation: view, Said: []api.Line{}}
	for after := 0; ; {
		page, err := one.Lines(ctx, view.ID, after, 1000)
		if err != nil {
			return failure(err)
		}
		all.Said = append(all.Said, page.Lines...)
		if after = page.Next; after == 0 {
			break
		}
	}
	return answer(d, all, nil, d.showInWords)
}

func (d *deskCaller) showInWords(c shown) {
	field := func(name, value string) {
		if value != "" {
			d.printf("%-13s%s\n", name, value)
		}
	}
	var agents []string
	for _, a := range c.Agents {
		agents = append(agents, a.Name+" ("+a.ID+")")
	}
	field("conversation", c.ID)
	field("state", c.State)
	field("ended by", c.EndedBy)
	field("queue", c.Queue)
	field("user", c.User.Name)
	field("agents", strings.Join(agents, ", "))
	field("handed over", c.TransferringFrom)
	field("opened", c.OpenedAt.Local().Format(time.DateTime))
	field("sockets", strconv.Itoa(c.Sockets))
	field("context", string(c.Context))
	if c.UserTypes {
		field("user", "types")
	}
	for _, a := range c.Attachments {
		field("file", fmt.Sprintf("%s, %d bytes, %s (key %s)", a.Name, a.Size, a.Outcome, a.Key))
	}
	for _, s := range c.Screens {
		field("screen", s.State)
	}
	if len(c.Said) == 0 {
		return
	}
	d.printf("\n")
	t := d.table("event", "who", "says")
	for _, l := range c.Said {
		who := l.Name
		if who == "" {
			who = l.Role
		}
		t.AppendRow([]any{l.Cursor, who, l.Text})
	}
	d.render(t, 3, 24)
}

// entry prints one entry of the journal on a line.
func (d *deskCaller) entry(e api.Entry) {
	words := e.Note
	if words == "" {
		words = string(e.Data)
	}
	line := fmt.Sprintf("%6d  %s  %-9s %-13s > %-13s %-36s %s", e.Seq, e.At.Local().Format("15:04:05.000"), e.Kind, e.From, e.To, e.Name, words)
	if runes := []rune(line); d.out.terminal && len(runes) > d.width {
		line = string(runes[:d.width-1]) + "…"
	}
	d.printf("%s\n", line)
}

// entryJSON prints one entry as a line of JSON.
func (d *deskCaller) entryJSON(e api.Entry) error {
	encoder := json.NewEncoder(d.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(e)
}

func (d *deskCaller) journal(ctx context.Context, q client.JournalQuery) error {
	page, err := d.chosen().Journal(ctx, q)
	return answer(d, page, err, func(page api.EntryPage) {
		for _, e := range page.Entries {
			d.entry(e)
		}
		if page.Next > 0 {
			d.sayf("there are more; go on with --after %d", page.Next)
		}
	})
}

func (d *deskCaller) follow(ctx context.Context, q client.JournalQuery) error {
	q.Limit = 0
	missed := func(m api.Missed) { d.sayf("the journal no longer keeps %d to %d", m.From, m.To) }
	return failure(d.chosen().Follow(ctx, client.Follow{JournalQuery: q, FromStart: q.After == 0, Missed: missed}, func(e api.Entry) error {
		if d.json {
			return d.entryJSON(e)
		}
		d.entry(e)
		return nil
	}))
}

func (d *deskCaller) wait(ctx context.Context, q api.Wait) error {
	waited, err := d.chosen().Wait(ctx, q)
	if p, late := errors.AsType[*api.Problem](err); late && p.Status == http.StatusGatewayTimeout {
		return d.not(p, p.Detail)
	}
	return answer(d, waited, err, func(w api.Waited) {
		for _, e := range w.Entries {
			d.entry(e)
		}
	})
}

func (d *deskCaller) verify(ctx context.Context, q api.Verify) error {
	outcome, err := d.chosen().Verify(ctx, q)
	if err == nil && !outcome.OK {
		return d.not(outcome, outcome.Says)
	}
	return answer(d, outcome, err, func(v api.Verified) { d.printf("%s\n", v.Says) })
}

// not ends with the exit code for what is not so.
func (d *deskCaller) not(value any, says string) error {
	if err := answer(d, value, nil, func(any) { d.printf("%s\n", says) }); err != nil {
		return err
	}
	return exitError(reports.ExitNotConformant)
}
