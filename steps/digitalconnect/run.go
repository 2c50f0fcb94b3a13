package digitalconnect

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/webhook"
	"deskcheck/mockdesk/edge"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
	"deskcheck/steps/connector"
	"deskcheck/steps/enduser"
	"deskcheck/steps/intercept"
)

// Connector is how the connector under test is run, and what is declared of it.
type Connector struct {
	// Program starts it, in each scenario anew. URL is the address of one that runs already, for which Ready of Program counts alone; empty for one that the kit starts.
	Program connector.Program
	URL     string
	// Webhook is the address that takes events: below the connector's base if it begins with a slash. WebhookAuth is none, basic or api-key.
	Webhook     string
	WebhookAuth string
	// Intercept is how it is brought to the mock; Listen is where the kit listens for it, empty for any port.
	Intercept intercept.Mode
	Listen    string
	// EventTypes is the spelling of events that it takes, upper or lower; empty for upper.
	EventTypes string
	// IdleEnd is after what time it ends the conversation of a user who is gone; 0 for one that does not say.
	IdleEnd time.Duration
	// Driver is the address of its user driver, empty if there is none, and Page the page of its users, nil if there is none. Where it has both, they come at the page in scenarios with PageTag,
	// and through the driver in all others.
	Driver string
	Page   *Page
	// Authority signs for Talkdesk in all scenarios of a run.
	Authority *edge.Authority
}

// Page is the web page of a connector for its users.
type Page struct {
	// URL is its address, below the connector's base if it begins with a slash. ${user.name} and ${user.email} stand for what is the user's.
	URL string
	// Selectors and Ask are as enduser.Page has them.
	Selectors map[string]browser.Target
	Ask       []string
}

// Live says that the kit starts it, so that it can be set up as a scenario wants.
func (c *Connector) Live() bool { return c.URL == "" }

// Override says that it is given the addresses of Talkdesk, and makes none of its own.
func (c *Connector) Override() bool { return c.Intercept == intercept.ByURL }

// patient is how long a user who is gone keeps an agent where a scenario does not say: longer than any page is starved on a busy machine.
const patient = 2 * time.Minute

// takesIdleEnd says that the connector is told how long users who are gone keep an agent.
func (c *Connector) takesIdleEnd() bool {
	if !c.Live() {
		return false
	}
	texts := slices.Concat(c.Program.Command, slices.Collect(maps.Values(c.Program.Env)))
	for _, f := range c.Program.Files {
		texts = append(texts, f.Text)
	}
	return slices.ContainsFunc(texts, func(text string) bool { return slices.Contains(connector.Used(text), "idle-end") })
}

// The credentials by which events are delivered to connectors that want some.
const (
	webhookUser   = "talkdesk"
	webhookSecret = "kit_webhook-canary" //nolint:gosec // The key to nothing.
)

// run is the connector of one scenario, and the way from it to Talkdesk.
type run struct {
	running *connector.Running
	way     *intercept.Intercept
}

// storageHost is where files are stored. No document says what it is called in life.
const storageHost = "attachments.storage.test"

// gate takes connections in before there is a Talkdesk to take them.
type gate struct {
	open   chan struct{}
	closed <-chan struct{}
	to     *digitalconnect.Talkdesk
}

// Adopt has a connection wait until there is somebody to take it.
func (g *gate) Adopt(conn net.Conn) {
	go func() {
		select {
		case <-g.open:
			g.to.Adopt(conn)
		case <-g.closed:
			_ = conn.Close()
		}
	}()
}

// begin opens the way to Talkdesk, starts the connector, and has Talkdesk know where its events go.
func (p *Player) begin() error {
	c := &p.stage.Connector
	identity, api, known := rules.Hosts(p.account.Name, p.account.Region)
	if !known {
		return acts("find the hosts of Talkdesk", fmt.Errorf("the region %s has none", p.account.Region))
	}
	way, err := intercept.Open(intercept.Options{Mode: c.Intercept, Identity: identity, API: api, Storage: storageHost, Listen: c.Listen, Authority: c.Authority, Untrusted: p.distrusted})
	if err != nil {
		return acts("listen for the connector", err)
	}
	p.run = &run{way: way}
	entrance := &gate{open: make(chan struct{}), closed: p.Context().Done()}
	way.Lead(entrance, intercept.Heard{Refused: p.refused, Unsafe: p.unsafe})
	if err := p.startConnector(); err != nil {
		return err
	}
	if err := p.startTalkdesk(); err != nil {
		return err
	}
	entrance.to = p.talkdesk
	close(entrance.open)
	return p.openUsers()
}

// refused notes what the connector wanted of a host that leads nowhere.
func (p *Player) refused(address string) {
	e := p.Journal.Append(journal.Entry{Kind: journal.Refusal, From: journal.Connector, To: journal.Kit, Name: address, Note: "the name leads nowhere in this run"})
	if p.stage.Connector.Override() {
		return
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(address, "https://"), ":")
	if b, wrong := rules.WrongHost(p.account.Name, p.account.Region, strings.ToLower(host)); wrong {
		p.Journal.Append(journal.Entry{Kind: journal.Violation, From: journal.Connector, To: journal.Kit, Name: address, Ref: e.Seq, Requirement: b.Requirement, Note: "Expected " + b.Expected + "; recorded " + b.Recorded + "."})
	}
}

// refusing holds a refusal back until whoever has asked for an agent sees what is shown of that, so that it is not taken for the word that there is none; a connector may show nothing.
func (p *Player) refusing(operation string) {
	if operation != digitalconnect.OpToken && operation != digitalconnect.OpStart {
		return
	}
	for _, one := range p.askers() {
		ctx, cancel := bound.WithTimeout(p.Context(), p.hush())
		_ = p.Journal.WaitUntil(ctx, func() bool { // Who shows nothing has nothing to be mistaken.
			return slices.ContainsFunc(one.user.Seen(), func(s enduser.Sight) bool { return s.Entry > one.asked && s.From != enduser.OfUser })
		})
		cancel()
	}
}

// unsafe notes that an encryption did not come about.
func (p *Player) unsafe(name string, began time.Time, why error) {
	p.noting.Lock() // Nobody asks of the entry before it is known what it was noted after.
	defer p.noting.Unlock()
	e := p.Journal.Append(journal.Entry{Kind: journal.Refusal, From: journal.Connector, To: journal.Kit, Name: "https://" + name, Note: "no encryption came about: " + why.Error()})
	// Whoever has called knew before this was noted, and may have told the user.
	known := e.At - time.Since(began)
	earlier := p.Journal.All(0, func(other journal.Entry) bool { return other.Seq < e.Seq && other.At <= known })
	p.knownAfter[e.Seq] = len(earlier)
}

func (p *Player) startConnector() error {
	c := &p.stage.Connector
	values := connector.Values{
		"type": "talkdesk", "account": p.account.Name, "client.id": p.account.Clients[0].ID, "region": p.account.Region, "webhook.user": webhookUser, "webhook.secret": webhookSecret,
		"idle-end": p.idle.String(), "key": "", "key.id": "",
	}
	maps.Copy(values, p.values)
	maps.Copy(values, p.run.way.Values())
	program := c.Program
	program.Env = maps.Clone(program.Env)
	if program.Env == nil {
		program.Env = map[string]string{}
	}
	for name, value := range p.run.way.Environment() {
		if _, given := program.Env[name]; !given {
			program.Env[name] = value
		}
	}
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Connector)
	defer cancel()
	var err error
	if c.Live() {
		p.run.running, err = connector.Start(ctx, program, values)
	} else {
		p.run.running, err = connector.Attach(ctx, c.URL, program, values)
	}
	if err != nil {
		return fmt.Errorf("the connector cannot be run: %w", err)
	}
	return nil
}

func (p *Player) startTalkdesk() error {
	hook, err := p.run.running.At(p.stage.Connector.Webhook)
	if err != nil {
		return acts("find where events go", err)
	}
	integration := &p.account.Integrations[0]
	integration.BasePath = hook
	integration.Auth = digitalconnect.Auth{}
	if c := p.stage.Connector; p.authenticated || c.WebhookAuth != "" && c.WebhookAuth != "none" {
		integration.Auth = digitalconnect.Auth{Type: webhook.AuthType(c.WebhookAuth), User: webhookUser, Secret: webhookSecret}
	}
	way := p.run.way
	p.talkdesk, err = digitalconnect.New(digitalconnect.Options{
		Account: p.account, Journal: p.Journal, Clock: p.clock, Touchpoint: p.values["touchpoint"],
		Addresses: digitalconnect.Addresses{Identity: way.Identity(), API: way.API(), Storage: way.Storage()}, Refusing: p.refusing,
	})
	return acts("set Talkdesk up", err)
}

func (p *Player) openUsers() error {
	c := &p.stage.Connector
	if !p.paged {
		base, err := p.run.running.At(c.Driver)
		if err != nil {
			return acts("find the user driver", err)
		}
		p.users = &enduser.Driver{Base: base, Journal: p.Journal, Life: p.Context(), Links: p.run.way.Transport()}
		return nil
	}
	pages := map[*browser.Tab]*steps.Page{}
	p.users = &enduser.Page{
		Address: func(name, email string) (string, error) {
			return p.run.running.At(strings.NewReplacer("${user.name}", url.QueryEscape(name), "${user.email}", url.QueryEscape(email)).Replace(c.Page.URL))
		},
		Selectors: c.Page.Selectors, Ask: c.Page.Ask, Journal: p.Journal, Life: p.Context(), Lease: p.lease, Links: p.run.way.Transport(),
		Boot: p.Deadlines.Boot, Input: p.Deadlines.Input,
		Opened: func(name string, tab *browser.Tab) func(browser.Message) {
			page := &steps.Page{Tab: tab, Party: journal.Party(name)}
			pages[tab] = page
			p.Add(page)
			return func(m browser.Message) { p.Record(page, m) }
		},
		Closed: func(tab *browser.Tab) {
			if page := pages[tab]; page != nil {
				p.Remove(page)
			}
		},
	}
	return nil
}

// lease gives a tab that nobody uses.
func (p *Player) lease(ctx context.Context) (*browser.Tab, error) {
	if tab := p.first; tab != nil {
		p.first = nil
		return tab, nil
	}
	tab, err := p.stage.Lease(ctx)
	if err != nil {
		return nil, &steps.HarnessError{Doing: "take another tab", Err: err}
	}
	p.leased = append(p.leased, tab)
	return tab, nil
}

// ended says how the connector has ended, empty while it runs.
func (r *run) ended() string {
	if r.running == nil {
		return ""
	}
	if err := r.running.Ended(); err != nil {
		return err.Error()
	}
	return ""
}

// stop ends the connector and the way to it.
func (r *run) stop() error {
	var err error
	if r.running != nil {
		err = r.running.Stop()
	}
	return errors.Join(err, r.way.Close())
}
