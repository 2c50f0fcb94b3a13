package agentmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/browser"
	"deskcheck/steps/vocabulary"
)

// Player plays one scenario: it holds what the sentences before have set up.
type Player struct {
	*steps.Scene
	stage   *Stage
	manager *agentmanager.Manager
	clock   *mockdesk.AdvancingClock

	// first is the tab that the scenario began with, nil once it is taken; leased are those that it has taken since.
	first  *browser.Tab
	given  *browser.Tab
	leased []*browser.Tab
	// seats are where people work, by name; order is the order in which they came.
	seats map[string]*seat
	order []*seat
	// options are what the manager is made with when the first desk opens.
	options agentmanager.Options
	// password is the password of everyone, which nothing but a login may hold.
	password string
	// base is the path of the manager's base address for desks that open from now on, ping how often they are pinged, 0 for the usual.
	base string
	ping time.Duration
	// customers are by first name, queues by theirs.
	customers map[string]*customer
	queues    map[string]*agentmanager.Queue
	// mark is the length of the journal when the latest When began.
	mark int
	// title is what the desk calls itself.
	title string
	// unstarted says why somebody who was to work at the desk could not sign in, empty if everybody could.
	unstarted string
	// rivals are connections of the kit's own in an agent's name.
	rivals []*rival
	// pushing is how pushes are for desks that open from now on, nil if nobody has said; pushes are those that no page has been given.
	pushing *browser.PushOptions
	pushes  pushQueue
	// told is what each refused login was answered with.
	told []telling
	// errors is how many errors the manager has told of, shown how often each was visible.
	errors int
	shown  []int
}

// definition is one sentence and what it does.
type definition struct {
	// expr compiles its expression.
	expr func() *regexp.Regexp
	// bind gives the function for a player; its parameters are the groups of expr, then the doc string or table.
	bind func(*Player) any
	// words explain what the sentence does not say of its parameters, each a line.
	words []string
}

func define(expr string, bind func(*Player) any, words ...string) definition {
	return definition{expr: vocabulary.Expression(expr), bind: bind, words: words}
}

func newPlayer(ctx context.Context, st *Stage, tab *browser.Tab, deadlines steps.Deadlines) *Player {
	p := &Player{
		Scene: steps.NewScene(ctx, "desk", deadlines), stage: st, clock: mockdesk.NewAdvancingClock(), first: tab, given: tab,
		seats: map[string]*seat{}, customers: map[string]*customer{}, queues: map[string]*agentmanager.Queue{}, password: newPassword(),
	}
	p.Face(p)
	p.stopFloods()
	switches := agentmanager.SwitchesOf(st.Dialect)
	p.options = agentmanager.Options{Journal: p.Journal, Clock: p.clock, Dialect: st.Dialect, Switches: &switches, Domains: domains(), Push: p.pushes.put}
	return p
}

// Err says why nothing can be relied on any more; the kit's own manager does not break.
func (p *Player) Err() error { return nil }

// Advance lets time pass on the manager's clock.
func (p *Player) Advance(ms int) error {
	p.clock.Advance(time.Duration(ms) * time.Millisecond)
	return nil
}

// Paced says that it may.
func (p *Player) Paced() bool { return true }

// lease gives a tab that nobody uses.
func (p *Player) lease() (*browser.Tab, error) {
	if tab := p.first; tab != nil {
		p.first = nil
		return tab, nil
	}
	tab, err := p.stage.Lease(p.Context())
	if err != nil {
		return nil, &steps.HarnessError{Doing: "take another tab", Err: err}
	}
	p.leased = append(p.leased, tab)
	return tab, nil
}

// free forgets a tab that was given back.
func (p *Player) free(tab *browser.Tab) {
	p.leased = slices.DeleteFunc(p.leased, func(other *browser.Tab) bool { return other == tab })
}

// close ends all that the scenario began.
func (p *Player) close() {
	p.End()
	for _, s := range p.order {
		s.close()
	}
	if p.manager != nil {
		p.manager.Close()
	}
	for _, tab := range p.leased {
		tab.Release()
	}
}

// seat finds where a person of the cast works.
func (p *Player) seat(name string) (*seat, error) {
	if s := p.seats[name]; s != nil {
		return s, nil
	}
	if err := p.cast(); err != nil {
		return nil, err
	}
	if p.manager.Agent(name) == nil {
		return nil, &steps.HarnessError{Doing: "find " + name, Err: fmt.Errorf("the cast has no %q; it has %s", name, strings.Join(people(), ", "))}
	}
	s := &seat{name: name, party: journal.Party(name + "'s desk"), base: p.base, options: heartbeats(p.ping)}
	p.seats[name] = s
	p.order = append(p.order, s)
	return s, nil
}

// working is seat for a person whose desk is open.
func (p *Player) working(name string) (*seat, error) {
	s, err := p.seat(name)
	if err == nil && s.page == nil {
		err = &steps.HarnessError{Doing: "use the desk of " + name, Err: errors.New("it is not open")}
	}
	return s, err
}

// agent is the person's agent at the manager.
func (p *Player) agent(name string) *agentmanager.Agent { return p.manager.Agent(name) }

// blame turns what went wrong while the page was used into a verdict where the desk caused it.
func (p *Player) blame(doing string, err error) error {
	if err == nil {
		return nil
	}
	if p.Context().Err() != nil {
		return p.Lost(context.Cause(p.Context()))
	}
	if _, lost := errors.AsType[*browser.LostError](err); lost {
		return p.Lost(err)
	}
	if _, failed := errors.AsType[*steps.Failure](err); failed {
		return err
	}
	if _, absent := errors.AsType[*steps.NotApplicable](err); absent {
		return err
	}
	return &steps.HarnessError{Doing: doing, Err: err}
}

// acts turns what the kit's own part could not do into an error of the kit.
func acts(doing string, err error) error {
	if err == nil {
		return nil
	}
	return &steps.HarnessError{Doing: doing, Err: err}
}

// began says whether the desk has been let in once.
func (p *Player) began() bool {
	_, ok := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Opened && e.Name == "socket" })
	return ok
}

// secrets fails a desk that has said a password anywhere but in a login.
func (p *Player) secrets() error {
	e, found := p.Journal.Find(0, func(e journal.Entry) bool {
		return strings.HasSuffix(string(e.From), "'s desk") && (strings.Contains(outsideLogin(e), p.password) || strings.Contains(e.Name, p.password))
	})
	if found {
		return &steps.Failure{Requirements: []string{"AM-LOGIN-05"}, Expected: "the password in the login, and nowhere else", Recorded: fmt.Sprintf("it stands in %s %s", e.Kind, e.Name), Entry: e.Seq}
	}
	return nil
}

// outsideLogin is what an entry holds; of a login it is the address.
func outsideLogin(e journal.Entry) string {
	if e.Kind != journal.Request || e.Name != "POST "+agentmanager.LoginPath {
		return string(e.Data)
	}
	var login struct {
		Query string `json:"query"`
	}
	_ = json.Unmarshal(e.Data, &login) // The manager wrote it.
	return login.Query
}
