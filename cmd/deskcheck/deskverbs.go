package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"deskcheck"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/script"
	"deskcheck/mockdesk/standalone"
	"deskcheck/reports"

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
		if _, away := errors.AsType[*client.Unreachable](err); away {
			return &deskcheck.EnvironmentError{Err: err, Fix: `start it with "deskcheck desk", or say where it is with --desk or ` + deskVariable}
		}
		return err
	case p.Status == http.StatusUnauthorized:
		return &deskcheck.UserError{Err: errors.New("the desk wants another token"), Fix: "give the one that was printed when it was started, with --token or in " + tokenVariable}
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
	desk.AddGroup(&cobra.Group{ID: "act", Title: "Play agents:"}, &cobra.Group{ID: "look", Title: "Watch:"}, &cobra.Group{ID: "break", Title: "Break and bend:"}, &cobra.Group{ID: "keep", Title: "Keep house:"})
	for group, commands := range map[string][]*cobra.Command{
		"act": d.actCommands(), "look": d.lookCommands(), "break": {d.faultsCommand(), d.faultCommand(), d.advanceCommand()},
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

func (d *deskCaller) actCommands() []*cobra.Command {
	var agent, reason, format, name, words, mediaType string
	var stop, byDesk bool
	as := func(flags *pflag.FlagSet) {
		flags.StringVar(&agent, "agent", "", "the `ID` of the agent who acts; needed only where several are in the conversation")
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
		return &deskcheck.UserError{Err: fmt.Errorf("the file cannot be read: %w", err)}
	}
	defer func() { _ = content.Close() }() // Nothing was written to it.
	if f.Name == "" {
		f.Name = filepath.Base(path)
	}
	if f.Type == "" {
		f.Type = mime.TypeByExtension(filepath.Ext(f.Name))
	}
	f.Content = content
	return d.acted(d.chosen().SendFile(ctx, conversation, f))
}

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
			flags.StringVar(&list.State, "state", "", "only those that are waiting, active or ended")
			flags.StringVar(&list.Queue, "queue", "", "only those of a `QUEUE`")
			flags.IntVar(&list.Limit, "limit", 100, "how many at most")
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
		}),
		with(d.verb("wait EXPRESSION", "Wait for entries that match", 1, 1, "an expression", func(ctx context.Context, args []string) error {
			wait.Match, wait.Timeout = args[0], api.Duration(timeout)
			return d.wait(ctx, wait)
		}), func(flags *pflag.FlagSet) {
			flags.DurationVar(&timeout, "timeout", timeout, "how long to wait")
			flags.IntVar(&wait.Count, "count", 1, "for how many entries")
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
	line := fmt.Sprintf("%6d  %s  %-9s %-11s > %-11s %-36s %s", e.Seq, e.At.Local().Format("15:04:05.000"), e.Kind, e.From, e.To, e.Name, words)
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

func (d *deskCaller) faultsCommand() *cobra.Command {
	return d.verb("faults", "List the faults that are set", 0, 0, "", func(ctx context.Context, _ []string) error {
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
		}),
		d.verb("rules FILE", "Add the rules of a file: every fault, when and where", 1, 1, "a file of rules", func(ctx context.Context, args []string) error {
			rules, err := readRules(args[0])
			if err != nil {
				return err
			}
			added, err := d.chosen().AddRules(ctx, rules...)
			return answer(d, added, err, func(added []api.Fault) {
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

// readRules reads a file of rules, in YAML or JSON.
func readRules(path string) ([]fault.Rule, error) {
	text, err := os.ReadFile(path) //nolint:gosec // The user names their own file.
	if err != nil {
		return nil, &deskcheck.UserError{Err: fmt.Errorf("the rules cannot be read: %w", err)}
	}
	rules, err := fault.ParseRules(path, text)
	if err != nil {
		return nil, &deskcheck.UserError{Err: err, Fix: `a rule is such as {fault: {kind: status, status: 503}, schedule: next 2, scope: {operation: message}}`}
	}
	return rules, nil
}

func (d *deskCaller) resetCommand() *cobra.Command {
	return d.verb("reset", "Put the tenant back as it was created", 0, 0, "", func(ctx context.Context, _ []string) error {
		t, err := d.chosen().Reset(ctx)
		return answer(d, t, err, func(t api.Tenant) { d.printf("%s is as it was created\n", t.Name) })
	})
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
			source, err := os.ReadFile(args[0])
			if err != nil {
				return &deskcheck.UserError{Err: fmt.Errorf("the wire file cannot be read: %w", err)}
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
		text, err := os.ReadFile(path) //nolint:gosec // The user names their own file.
		if err != nil {
			return "", &deskcheck.UserError{Err: fmt.Errorf("the script cannot be read: %w", err)}
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
