package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"deskcheck"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/control/managerapi"
)

// manager is the agent manager that runs, nil if what runs is the desk of a chat.
func (d *deskCaller) manager(ctx context.Context) (*client.Manager, error) {
	what, err := d.server().Server(ctx)
	if err != nil || what.Contract != contractManager {
		return nil, err
	}
	return d.server().Manager(), nil
}

// talkdesk is Talkdesk that runs, nil if something else does.
func (d *deskCaller) talkdesk(ctx context.Context) (*client.Talkdesk, error) {
	what, err := d.server().Server(ctx)
	if err != nil || what.Contract != contractTalkdesk {
		return nil, err
	}
	return d.server().Talkdesk(), nil
}

// mustManage is manager, where nothing else will do.
func (d *deskCaller) mustManage(ctx context.Context) (*client.Manager, error) {
	m, err := d.manager(ctx)
	if err == nil && m == nil {
		return nil, &deskcheck.UserError{Err: errNoManager, Fix: `start one with "deskcheck desk --contract agent-manager"`}
	}
	return m, failure(err)
}

// people lists those who can sign in.
func (d *deskCaller) people(ctx context.Context, m *client.Manager, err error) error {
	if err != nil {
		return failure(err)
	}
	list, err := m.Agents(ctx)
	return answer(d, list, err, func(list []managerapi.Agent) {
		t := d.table("agent", "name", "team", "is", "domains", "connected", "conversations")
		for _, a := range list {
			team := a.Team
			if len(a.Supervises) > 0 {
				team = "supervises " + strings.Join(a.Supervises, ", ")
			}
			t.AppendRow([]any{a.Username, a.Name, team, stateOf(a), domainsOf(a), yesOrNo(a.Connected), strings.Join(shortened(a.Conversations), ", ")})
		}
		t.Render()
	})
}

// stateOf is an agent's own state, and why.
func stateOf(a managerapi.Agent) string {
	if a.Reason == "" {
		return a.State
	}
	return a.State + " (" + a.Reason + ")"
}

// domainsOf is what an agent is in each domain.
func domainsOf(a managerapi.Agent) string {
	words := make([]string, 0, len(a.Domains))
	for _, d := range a.Domains {
		words = append(words, fmt.Sprintf("%s %s %d/%d", d.Name, d.State, d.Tasks, d.MaxTasks))
	}
	return strings.Join(words, ", ")
}

func yesOrNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

// shortened are ids by their beginnings, which do where an id is asked for.
func shortened(ids []string) []string {
	short := make([]string, 0, len(ids))
	for _, id := range ids {
		short = append(short, id[:min(8, len(id))])
	}
	return short
}

// managed lists the conversations of an agent manager.
func (d *deskCaller) managed(ctx context.Context, m *client.Manager, err error, q client.ConversationQuery) error {
	if err != nil {
		return failure(err)
	}
	if q.Queue != "" {
		return &deskcheck.UserError{Err: errors.New("--queue is for the desk of a chat"), Fix: "leave it out"}
	}
	list, err := m.Conversations(ctx, client.StageQuery{Stage: q.State, Newest: true, Limit: q.Limit})
	return answer(d, list, err, func(list []managerapi.Conversation) {
		if len(list) == 0 {
			d.sayf("no conversations")
			return
		}
		t := d.table("conversation", "stage", "queue", "customer", "agents", "events", "began")
		for _, c := range list {
			t.AppendRow([]any{c.ID, c.Stage, c.Queue, nameOf(c.Customer.Person), agentsIn(c), c.Events, c.BeganAt.Local().Format(time.TimeOnly)})
		}
		t.Render()
	})
}

func nameOf(p managerapi.Person) string { return strings.TrimSpace(p.FirstName + " " + p.LastName) }

// agentsIn are those who are in a conversation with their roles, or to whom it is offered, or that it waits.
func agentsIn(c managerapi.Conversation) string {
	var words []string
	for _, p := range c.Agents {
		words = append(words, p.Agent+" ("+p.Role+")")
	}
	for _, username := range c.Offered {
		words = append(words, "offered to "+username)
	}
	if len(words) == 0 && c.Waits {
		return "waits"
	}
	return strings.Join(words, ", ")
}

// shownManaged is a conversation with what has happened in it.
type shownManaged struct {
	managerapi.Conversation

	Happened []managerapi.Event `json:"happened"`
}

// showManaged shows a conversation of an agent manager.
func (d *deskCaller) showManaged(ctx context.Context, m *client.Manager, err error, name string) error {
	if err != nil {
		return failure(err)
	}
	c, err := m.Conversation(ctx, name)
	if err != nil {
		return failure(err)
	}
	all := shownManaged{Conversation: c, Happened: []managerapi.Event{}}
	for after := 0; ; {
		page, err := m.Events(ctx, c.ID, after, 1000)
		if err != nil {
			return failure(err)
		}
		all.Happened = append(all.Happened, page.Events...)
		if after = page.Next; after == 0 {
			break
		}
	}
	return answer(d, all, nil, d.showManagedInWords)
}

func (d *deskCaller) showManagedInWords(c shownManaged) {
	channels := make([]string, 0, len(c.Sessions))
	for _, s := range c.Sessions {
		channels = append(channels, s.Channel)
	}
	for _, line := range [][2]string{
		{"conversation", c.ID}, {"stage", c.Stage}, {"queue", c.Queue}, {"routing", c.Routing}, {"customer", nameOf(c.Customer.Person) + " (" + c.Customer.ID + ")"},
		{"channels", strings.Join(channels, ", ")}, {"agents", agentsIn(c.Conversation)}, {"began", c.BeganAt.Local().Format(time.DateTime)}, {"data", string(c.Data)}, {"sla", string(c.SLA)},
	} {
		if line[1] != "" {
			d.printf("%-13s%s\n", line[0], line[1])
		}
	}
	d.printf("\n")
	t := d.table("event", "who", "what", "says")
	for _, e := range c.Happened {
		who := e.Sender
		if e.From == "SYSTEM" {
			who = "the system"
		}
		t.AppendRow([]any{e.Number, who, e.Name, e.Text})
	}
	d.render(t, 4, 52)
}

// resetManager has an agent manager begin anew.
func (d *deskCaller) resetManager(ctx context.Context, m *client.Manager, err error) error {
	if err != nil {
		return failure(err)
	}
	t, err := m.Reset(ctx)
	return answer(d, t, err, func(t managerapi.Tenant) { d.printf("%s begins anew\n", t.Name) })
}

// refusals lists what an agent manager does out of order.
func (d *deskCaller) refusals(ctx context.Context, m *client.Manager, err error) error {
	if err != nil {
		return failure(err)
	}
	now, err := m.Faults(ctx)
	return d.faulty(now, err)
}

// faulty prints what an agent manager does out of order.
func (d *deskCaller) faulty(now managerapi.Faults, err error) error {
	return answer(d, now, err, func(f managerapi.Faults) {
		lines := faultLines(f)
		if len(lines) == 0 {
			d.printf("no faults\n")
		}
		for _, line := range lines {
			d.printf("%s\n", line)
		}
	})
}

// faultLines says in words what is out of order.
func faultLines(f managerapi.Faults) []string {
	var lines []string
	if f.Logins != 0 {
		lines = append(lines, fmt.Sprintf("logins are refused with %d", f.Logins))
	}
	switch h := f.Handshakes; {
	case h == nil:
	case h.Licence != "":
		lines = append(lines, "handshakes are refused: the licence is "+h.Licence)
	default:
		lines = append(lines, "handshakes are refused: "+h.Message)
	}
	if f.States {
		lines = append(lines, "changes of state are refused")
	}
	for _, w := range f.Withheld {
		lines = append(lines, fmt.Sprintf("%s is withheld, %d kept", w.Event, w.Kept))
	}
	return lines
}
