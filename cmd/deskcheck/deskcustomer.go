package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"deskcheck"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/managerapi"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// managerCommands are those for an agent manager alone.
func (d *deskCaller) managerCommands() []*cobra.Command {
	return []*cobra.Command{
		d.customerCommand(), d.agentCommand(), d.addCommand(), d.refuseCommand(), d.announceCommand(), d.dataCommand(),
		d.managing("close CONVERSATION [REASON]", "The system closes a conversation", 1, 2, "a conversation and perhaps a reason", func(ctx context.Context, m *client.Manager, args []string) error {
			return d.inConversation(m.CloseConversation(ctx, args[0], second(args)))
		}),
		d.managing("withhold EVENT", "Keep back every event of a name, such as onCimEvent", 1, 1, "the name of an event", func(ctx context.Context, m *client.Manager, args []string) error {
			return d.faulty(m.Withhold(ctx, args[0]))
		}),
		d.managing("release EVENT", "Send what was kept back of an event, and keep it back no more", 1, 1, "the name of an event", func(ctx context.Context, m *client.Manager, args []string) error {
			return d.faulty(m.Release(ctx, args[0]))
		}),
		d.managing("heal", "End everything that is out of order", 0, 0, "", func(ctx context.Context, m *client.Manager, _ []string) error {
			return d.faulty(m.Heal(ctx))
		}),
	}
}

// managing makes a command that speaks to an agent manager.
func (d *deskCaller) managing(use, short string, least, most int, what string, run func(ctx context.Context, m *client.Manager, args []string) error) *cobra.Command {
	return d.verb(use, short, least, most, what, func(ctx context.Context, args []string) error {
		m, err := d.mustManage(ctx)
		if err != nil {
			return err
		}
		return run(ctx, m, args)
	})
}

// did prints what came of an act of a customer.
func (d *deskCaller) did(done managerapi.Acted, err error) error {
	return answer(d, done, err, func(a managerapi.Acted) {
		d.printf("%s", a.Conversation)
		if a.Message != "" {
			d.printf("  message %s", a.Message)
		}
		d.printf("\n")
	})
}

// inConversation prints how a conversation is.
func (d *deskCaller) inConversation(c managerapi.Conversation, err error) error {
	return answer(d, c, err, func(c managerapi.Conversation) { d.printf("%s  %s\n", c.ID, c.Stage) })
}

// wordFlags are what a message can be said by.
type wordFlags struct{ sample, body string }

func (w *wordFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&w.sample, "sample", "", "in place of a text: the sample of a `TYPE`, such as IMAGE")
	flags.StringVar(&w.body, "body", "", "in place of a text: a body as `JSON`")
}

// words are what is to be said.
func (w *wordFlags) words(text string) (managerapi.Words, error) {
	made := managerapi.Words{Text: text, Sample: w.sample}
	if w.body != "" {
		if !json.Valid([]byte(w.body)) {
			return made, &deskcheck.UserError{Err: errors.New("--body is not JSON"), Fix: `give an object, such as '{"type":"PLAIN","markdownText":"Hello"}'`}
		}
		made.Body = json.RawMessage(w.body)
	}
	return made, nil
}

// comingFlags say how a customer comes.
type comingFlags struct {
	person   managerapi.Person
	request  managerapi.Request
	says     string
	words    wordFlags
	external bool
}

func (f *comingFlags) define(flags *pflag.FlagSet) {
	flags.StringVar(&f.request.Queue, "queue", "", "the `QUEUE` to wait in; every agent can have it if it is left out")
	flags.StringVar(&f.request.Channel, "channel", "", "the `CHANNEL` to come by, such as WHATSAPP; the first if it is left out")
	flags.StringVar(&f.request.List, "list", "", "wait in a `LIST` until an agent takes it out")
	flags.BoolVar(&f.external, "external", false, "leave it to nobody to offer it")
	flags.StringVar(&f.says, "says", "", "the first `TEXT`")
	flags.StringVar(&f.person.LastName, "last-name", "", "the last `NAME`")
	flags.BoolVar(&f.person.Anonymous, "anonymous", false, "nobody knows who it really is")
	f.words.define(flags)
}

// asked is what is asked for.
func (f *comingFlags) asked() (managerapi.Request, error) {
	r := f.request
	switch {
	case f.external && r.List != "":
		return r, &deskcheck.UserError{Err: errors.New("--external and --list do not go together"), Fix: "leave one of them out"}
	case f.external:
		r.Routing = "EXTERNAL"
	case r.List != "":
		r.Routing = "PULL"
	}
	if f.says == "" && f.words == (wordFlags{}) {
		return r, nil
	}
	words, err := f.words.words(f.says)
	r.Says = &words
	return r, err
}

func (d *deskCaller) customerCommand() *cobra.Command {
	c := &cobra.Command{Use: "customer", Short: "Play customers: have them come, say, type, read and leave", RunE: subcommandsOnly}
	c.Long = "Plays customers. A CUSTOMER is an id, an unambiguous beginning of it, the first name, or @last for the newest."
	c.AddCommand(d.comingCommands()...)
	c.AddCommand(d.sayingCommands()...)
	for _, receipt := range []struct{ verb, status, short string }{
		{"deliver", "DELIVERED", "An agent's message has arrived"}, {"read", "READ", "The customer has read an agent's message"}, {"fail", "FAILED", "An agent's message did not arrive"},
	} {
		c.AddCommand(d.managing(receipt.verb+" CUSTOMER [MESSAGE]", receipt.short+"; the last if none is named", 1, 2, "a customer and perhaps a message", func(ctx context.Context, m *client.Manager, args []string) error {
			return d.did(m.Deliver(ctx, args[0], managerapi.Delivery{Message: second(args), Status: receipt.status}))
		}))
	}
	return c
}

// comingCommands are about who comes and goes.
func (d *deskCaller) comingCommands() []*cobra.Command {
	var coming, again comingFlags
	var known managerapi.Person
	return []*cobra.Command{
		with(d.managing("start NAME", "A customer comes and begins a conversation", 1, 1, "a first name", func(ctx context.Context, m *client.Manager, args []string) error {
			request, err := coming.asked()
			if err != nil {
				return err
			}
			coming.person.FirstName = args[0]
			made, err := m.AddCustomer(ctx, managerapi.NewCustomer{Person: coming.person, Request: request})
			return answer(d, made, err, func(c managerapi.Customer) {
				d.printf("%s  customer %s\n", c.Conversation, c.ID)
			})
		}), coming.define),
		with(d.managing("again CUSTOMER", "A customer whose conversation is over begins another", 1, 1, "a customer", func(ctx context.Context, m *client.Manager, args []string) error {
			request, err := again.asked()
			if err != nil {
				return err
			}
			return d.did(m.Start(ctx, args[0], request))
		}), again.define),
		d.managing("list", "List the customers", 0, 0, "", func(ctx context.Context, m *client.Manager, _ []string) error {
			list, err := m.Customers(ctx)
			return answer(d, list, err, func(list []managerapi.Customer) {
				t := d.table("customer", "name", "conversation", "has got")
				for _, c := range list {
					t.AppendRow([]any{c.ID, nameOf(c.Person), c.Conversation, len(c.Received)})
				}
				t.Render()
			})
		}),
		with(d.managing("identify CUSTOMER NAME", "The customer turns out to be somebody", 2, 2, "a customer and a first name", func(ctx context.Context, m *client.Manager, args []string) error {
			known.FirstName = args[1]
			return d.did(m.Identify(ctx, args[0], known))
		}), func(flags *pflag.FlagSet) { flags.StringVar(&known.LastName, "last-name", "", "the last `NAME`") }),
		d.managing("open CUSTOMER CHANNEL", "The customer writes through another channel as well", 2, 2, "a customer and a channel", func(ctx context.Context, m *client.Manager, args []string) error {
			return d.did(m.Open(ctx, args[0], args[1]))
		}),
		d.managing("leave CUSTOMER", "The customer leaves, which ends the conversation", 1, 1, "a customer", func(ctx context.Context, m *client.Manager, args []string) error {
			return d.did(m.Leave(ctx, args[0]))
		}),
	}
}

// sayingCommands are about what is said.
func (d *deskCaller) sayingCommands() []*cobra.Command {
	var saying, replying wordFlags
	to := ""
	return []*cobra.Command{
		with(d.managing("say CUSTOMER [TEXT]", "The customer says something", 1, 2, "a customer and a text", func(ctx context.Context, m *client.Manager, args []string) error {
			words, err := saying.words(second(args))
			if err != nil {
				return err
			}
			return d.did(m.Say(ctx, args[0], words))
		}), saying.define),
		with(d.managing("reply CUSTOMER [TEXT]", "The customer answers a message of an agent", 1, 2, "a customer and a text", func(ctx context.Context, m *client.Manager, args []string) error {
			words, err := replying.words(second(args))
			if err != nil {
				return err
			}
			return d.did(m.Reply(ctx, args[0], managerapi.Reply{To: to, Words: words}))
		}), func(flags *pflag.FlagSet) {
			flags.StringVar(&to, "to", "@last", "the id of the `MESSAGE`")
			replying.define(flags)
		}),
		d.managing("type CUSTOMER", "The customer types", 1, 1, "a customer", func(ctx context.Context, m *client.Manager, args []string) error {
			return d.did(m.Type(ctx, args[0]))
		}),
		d.managing("samples", "List the types of messages, with a sample of each", 0, 0, "", func(ctx context.Context, m *client.Manager, _ []string) error {
			list, err := m.Samples(ctx)
			return answer(d, list, err, func(list []managerapi.Sample) {
				t := d.table("type", "body")
				for _, one := range list {
					t.AppendRow([]any{one.Type, string(one.Body)})
				}
				d.render(t, 2, 24)
			})
		}),
	}
}

// person prints how a person is.
func (d *deskCaller) person(a managerapi.Agent, err error) error {
	return answer(d, a, err, func(a managerapi.Agent) { d.printf("%s is %s, %s\n", a.Username, stateOf(a), domainsOf(a)) })
}

func (d *deskCaller) agentCommand() *cobra.Command {
	c := &cobra.Command{Use: "agent", Short: "Do things to agents from outside: log out, disconnect, cut, send anything", RunE: subcommandsOnly}
	for _, one := range []struct {
		verb, short string
		act         func(*client.Manager, context.Context, string) (managerapi.Agent, error)
	}{
		{"force-out", "Log an agent out, as a supervisor would", (*client.Manager).ForceOut}, {"disconnect", "End the socket of an agent's desk in order", (*client.Manager).Disconnect},
		{"cut", "Break the connection of an agent's desk without a word", (*client.Manager).Cut},
	} {
		c.AddCommand(d.managing(one.verb+" AGENT", one.short, 1, 1, "a user name", func(ctx context.Context, m *client.Manager, args []string) error {
			return d.person(one.act(m, ctx, args[0]))
		}))
	}
	c.AddCommand(
		d.managing("emit AGENT EVENT [PAYLOAD]", "Send an agent's desk any event, with a payload in JSON", 2, 3, "a user name, the name of an event, and perhaps JSON", func(ctx context.Context, m *client.Manager, args []string) error {
			e := managerapi.Emission{Event: args[1]}
			if len(args) > 2 {
				if !json.Valid([]byte(args[2])) {
					return &deskcheck.UserError{Err: errors.New("the payload is not JSON"), Fix: `give it as in '{"a": 1}'`}
				}
				e.Payload = json.RawMessage(args[2])
			}
			return d.person(m.Emit(ctx, args[0], e))
		}),
		d.managing("domain AGENT DOMAIN [STATE]", "Have the system set an agent's state in a domain, such as INTERRUPTED; without one take it back", 2, 3, "a user name, a domain and perhaps a state", func(ctx context.Context, m *client.Manager, args []string) error {
			to := managerapi.DomainState{Domain: args[1]}
			if len(args) > 2 {
				to.State = args[2]
			}
			return d.person(m.SetDomain(ctx, args[0], to))
		}),
	)
	return c
}

func (d *deskCaller) addCommand() *cobra.Command {
	c := &cobra.Command{Use: "add", Short: "Add agents, queues and lists", RunE: subcommandsOnly}
	var account managerapi.NewAgent
	var members []string
	c.AddCommand(
		with(d.managing("agent USERNAME PASSWORD", "Add somebody who can sign in", 2, 2, "a user name and a password", func(ctx context.Context, m *client.Manager, args []string) error {
			account.Username, account.Password = args[0], args[1]
			return d.person(m.AddAgent(ctx, account))
		}), func(flags *pflag.FlagSet) {
			flags.StringVar(&account.FirstName, "first-name", "", "the first `NAME`")
			flags.StringVar(&account.LastName, "last-name", "", "the last `NAME`")
			flags.StringVar(&account.Team, "team", "", "the `TEAM` that the agent is of")
			flags.StringSliceVar(&account.Supervises, "supervises", nil, "a `TEAM` that is supervised; several by commas")
		}),
		with(d.managing("queue NAME", "Add a queue", 1, 1, "a name", func(ctx context.Context, m *client.Manager, args []string) error {
			q, err := m.AddQueue(ctx, managerapi.NewQueue{Name: args[0], Agents: members})
			return answer(d, q, err, func(q managerapi.Queue) { d.printf("%s  %s\n", q.Name, q.ID) })
		}), func(flags *pflag.FlagSet) {
			flags.StringSliceVar(&members, "agents", nil, "the user `NAMES` of those who work for it, by commas; everyone if it is left out")
		}),
		d.managing("list NAME", "Add a list of requests that agents take out of it", 1, 1, "a name", func(ctx context.Context, m *client.Manager, args []string) error {
			l, err := m.AddList(ctx, managerapi.NewList{Name: args[0]})
			return answer(d, l, err, func(l managerapi.List) { d.printf("%s  %s\n", l.Name, l.ID) })
		}),
	)
	return c
}

func (d *deskCaller) refuseCommand() *cobra.Command {
	c := &cobra.Command{Use: "refuse", Short: `Refuse logins, handshakes or changes of state, until "heal"`, RunE: subcommandsOnly}
	var handshakes managerapi.Handshakes
	c.AddCommand(
		d.managing("logins STATUS", "Refuse every login, with 400, 401, 408, 412 or 500", 1, 1, "a status", func(ctx context.Context, m *client.Manager, args []string) error {
			status, err := strconv.Atoi(args[0])
			if err != nil || status == 0 {
				return &deskcheck.UserError{Err: errors.New("the status is no number"), Fix: "give 400, 401, 408, 412 or 500"}
			}
			return d.faulty(m.FailLogins(ctx, status))
		}),
		with(d.managing("handshakes", "Refuse every handshake", 0, 0, "", func(ctx context.Context, m *client.Manager, _ []string) error {
			return d.faulty(m.RefuseHandshakes(ctx, &handshakes))
		}), func(flags *pflag.FlagSet) {
			flags.StringVar(&handshakes.Licence, "licence", "", "for want of a licence, whose `STATUS` this is, such as EXPIRED")
			flags.StringVar(&handshakes.Message, "message", "", "with a `MESSAGE`; login-failed if nothing is said")
		}),
		d.managing("states", "Refuse every change of state", 0, 0, "", func(ctx context.Context, m *client.Manager, _ []string) error {
			return d.faulty(m.RefuseStates(ctx, true))
		}),
	)
	return c
}

func (d *deskCaller) announceCommand() *cobra.Command {
	c := &cobra.Command{Use: "announcement", Short: "Make, list and withdraw announcements of supervisors", RunE: subcommandsOnly}
	c.AddCommand(
		d.managing("make SUPERVISOR TEXT", "Tell everyone who is signed in", 2, 2, "a user name and a text", func(ctx context.Context, m *client.Manager, args []string) error {
			made, err := m.Announce(ctx, managerapi.NewAnnouncement{Supervisor: args[0], Text: args[1]})
			return answer(d, made, err, func(a managerapi.Announcement) { d.printf("%s\n", a.ID) })
		}),
		d.managing("list", "List those that were not withdrawn", 0, 0, "", func(ctx context.Context, m *client.Manager, _ []string) error {
			list, err := m.Announcements(ctx)
			return answer(d, list, err, func(list []managerapi.Announcement) {
				t := d.table("announcement", "by", "says")
				for _, a := range list {
					t.AppendRow([]any{a.ID, a.Supervisor, a.Text})
				}
				t.Render()
			})
		}),
		d.managing("withdraw ID", "Take one back", 1, 1, "the id of an announcement", func(ctx context.Context, m *client.Manager, args []string) error {
			return failure(m.Withdraw(ctx, args[0]))
		}),
	)
	return c
}

func (d *deskCaller) dataCommand() *cobra.Command {
	c := &cobra.Command{Use: "conversation", Short: "Change what is known of a conversation, its SLA, and what a bot suggests", RunE: subcommandsOnly}
	sla := managerapi.SLA{}
	c.AddCommand(
		d.managing("data CONVERSATION JSON", "Change what is known of it", 2, 2, "a conversation and a JSON object", func(ctx context.Context, m *client.Manager, args []string) error {
			var data map[string]any
			if err := json.Unmarshal([]byte(args[1]), &data); err != nil || data == nil {
				return &deskcheck.UserError{Err: errors.New("what is known is no JSON object"), Fix: `give it as in '{"order": 7}'`}
			}
			return d.inConversation(m.SetData(ctx, args[0], data))
		}),
		with(d.managing("sla CONVERSATION SECONDS", "Start the time within which an agent should answer; 0 ends it", 2, 2, "a conversation and seconds", func(ctx context.Context, m *client.Manager, args []string) error {
			seconds, err := strconv.Atoi(args[1])
			if err != nil {
				return &deskcheck.UserError{Err: errors.New("the seconds are no number"), Fix: "give them as in 60"}
			}
			if seconds == 0 {
				return d.inConversation(m.StopSLA(ctx, args[0]))
			}
			sla.Seconds = seconds
			return d.inConversation(m.StartSLA(ctx, args[0], sla))
		}), func(flags *pflag.FlagSet) {
			flags.StringVar(&sla.Action, "action", "", "what desks do with it: start_timer, or another `ACTION`")
		}),
		d.managing("suggest CONVERSATION TEXT", "A bot suggests an answer to the agents", 2, 2, "a conversation and a text", func(ctx context.Context, m *client.Manager, args []string) error {
			return d.inConversation(m.Suggest(ctx, args[0], managerapi.Words{Text: args[1]}))
		}),
	)
	return c
}
