package digitalconnect

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/browser"
	"deskcheck/steps/enduser"
	"deskcheck/steps/expect"
	"deskcheck/steps/intercept"
)

// Player plays one scenario: it holds what the sentences before have set up.
type Player struct {
	*steps.Scene
	stage *Stage
	clock *mockdesk.AdvancingClock
	// about are the requirements that the scenario is about.
	about []string
	// paged says that users come at the connector's page, not through its user driver.
	paged bool

	// account is what Talkdesk is set up with when the first user comes; values are what the connector is given.
	account *digitalconnect.Account
	values  map[string]string
	// distrusted has an authority that the connector does not trust sign for Talkdesk; authenticated has deliveries carry the credentials that the connector wants.
	distrusted, authenticated bool
	// idle is how long a user who is gone keeps an agent, 0 if nobody knows.
	idle time.Duration
	// key is the private key of the client, in PEM, if the scenario has given it one.
	key string

	talkdesk *digitalconnect.Talkdesk
	run      *run
	users    enduser.Opener
	// lease gives a tab for a user's page; leased are those that were taken.
	first  *browser.Tab
	leased []*browser.Tab

	guests map[string]*guest
	order  []*guest
	// mark is the length of the journal when the latest When began, begun when the first did.
	mark, begun int
	// held are the faults that were set, the last of which may hold a reply back.
	held []fault.ID
	// rounds numbers what is said in rows, serial what is delivered as it is.
	rounds, serial int
	// outward is the conversation that an agent has started.
	outward   *digitalconnect.Conversation
	before    before
	beforeAt  int
	sentFiles map[string]int
	// cleanUp is what is left to do at the end.
	cleanUp []func()

	mu sync.Mutex
	// asking are those who have asked for an agent, until one is refused.
	asking     []asker
	deliveries []delivery
	leaks      []leak

	noting sync.Mutex
	// knownAfter are how many entries there were when the connector may first have known of a refusal that was noted later, by the Seq of its entry.
	knownAfter map[int]int
	// unstarted says why the connector could not begin, shut why its users could not be let in; empty if they could.
	unstarted, shut string
}

func newPlayer(ctx context.Context, st *Stage, tab *browser.Tab, deadlines steps.Deadlines) *Player {
	p := &Player{
		Scene: steps.NewScene(ctx, "connector", deadlines), stage: st, clock: mockdesk.NewAdvancingClock(), first: tab,
		account: st.Account.Clone(), values: map[string]string{}, guests: map[string]*guest{}, sentFiles: map[string]int{}, knownAfter: map[int]int{},
	}
	p.idle = st.Connector.IdleEnd
	if st.Connector.takesIdleEnd() {
		p.idle = patient
	}
	p.Journal.Filter(p.redact)
	p.Face(p)
	// Each scenario has a secret of its own, so that one that leaks is known.
	if st.Connector.Live() {
		p.account.Clients[0].Secret = "kit_secret-" + newSecret()
	}
	p.values["client.secret"] = p.account.Clients[0].Secret
	p.values["touchpoint"] = p.account.Touchpoints[0].ID
	return p
}

// newSecret is a word that nobody can know.
func newSecret() string {
	raw := make([]byte, 12)
	_, _ = rand.Read(raw) // It never fails.
	return hex.EncodeToString(raw)
}

// Paced says that time may not run ahead: the connector has a clock of its own.
func (p *Player) Paced() bool { return false }

// Advance lets time pass at Talkdesk.
func (p *Player) Advance(ms int) error {
	p.clock.Advance(time.Duration(ms) * time.Millisecond)
	return nil
}

// Err says why nothing that is seen can be relied on: the mock has made an event that its own schema does not allow, or the user driver of a connector that is there has broken its contract.
func (p *Player) Err() error {
	if p.talkdesk == nil {
		return nil
	}
	if err := p.talkdesk.Err(); err != nil {
		return acts("play Talkdesk", err)
	}
	for _, g := range p.order {
		breach, is := errors.AsType[*enduser.Breach](g.user.Err())
		if is && p.run.ended() == "" {
			return acts("see what "+g.name+" sees", fmt.Errorf("%w; try it with \"deskcheck driver check URL --contract digital-connect\"", breach))
		}
	}
	return nil
}

// ready has Talkdesk and the connector run.
func (p *Player) ready() error {
	if p.talkdesk != nil {
		return nil
	}
	if p.unstarted != "" {
		return acts("run the connector", errors.New(p.unstarted))
	}
	if err := p.begin(); err != nil {
		p.unstarted = err.Error()
		return p.blame("run the connector", err)
	}
	return nil
}

// hush is how long the kit watches for what must not come.
func (p *Player) hush() time.Duration { return p.Deadlines.Hush }

// pass lets some of the real time pass, in which the connector may do what it must not.
func (p *Player) pass(d time.Duration) { p.Watch(func() bool { return false }, d) }

// blame turns what went wrong while the user's side or the connector was used into a verdict where the connector caused it.
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

// lately says what the connector has called since a mark.
func (p *Player) lately(mark int) string {
	var all []string
	for _, c := range p.calls(mark, "") {
		all = append(all, c.entry.Name)
	}
	if len(all) == 0 {
		return "the connector has called nothing"
	}
	const most = 6
	if more := len(all) - most; more > 0 {
		all = append([]string{fmt.Sprintf("%d calls", more)}, all[more:]...)
	}
	return "the connector has called " + expect.Clip(strings.Join(all, ", "))
}

// trouble says what may be the reason for what did not come: a refusal, or the end of the connector.
func (p *Player) trouble(mark int) string {
	if p.run != nil {
		if how := p.run.ended(); how != "" {
			return how
		}
	}
	if e, waits := p.awaitsAnswer(); waits {
		return fmt.Sprintf("entry %d: %s has no answer yet", e.Seq, e.Operation)
	}
	if status := p.nowhere(); status > 0 {
		return fmt.Sprintf("every event so far was answered with %d; is %s where the connector takes them (connector.webhook)?", status, p.stage.Connector.Webhook)
	}
	if p.run != nil && len(p.calls(0, "")) == 0 && !p.refusedAnything() {
		return p.unreached()
	}
	refusals := p.answers(mark, "", func(status int) bool { return status >= 400 })
	if len(refusals) == 0 {
		return ""
	}
	last := refusals[len(refusals)-1]
	return fmt.Sprintf("entry %d: %s was refused with %d", last.Seq, last.Operation, statusOf(last))
}

// nowhere is the status with which the connector has answered every event as a server does that has nothing there, 0 if it has not.
func (p *Player) nowhere() int {
	last := 0
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Response && e.From == journal.Connector }) {
		if last = statusOf(e); last != http.StatusNotFound && last != http.StatusMethodNotAllowed {
			return 0
		}
	}
	return last
}

// refusedAnything says that the connector was kept from a host, or has not trusted one: it did look for Talkdesk.
func (p *Player) refusedAnything() bool {
	_, found := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Refusal && e.From == journal.Connector })
	return found
}

// began says that the connector can be judged, or why it cannot: it was not to be run, none of its users was let in, or one has asked for an agent and nothing has come of it at all. A scenario in
// which it had no reason to call anybody says neither. err is what came of the scenario.
func (p *Player) began(err error) (began bool, why string) {
	_, failed := errors.AsType[*steps.Failure](err)
	switch {
	case p.unstarted != "":
		return false, p.conceal(p.unstarted)
	case p.talkdesk == nil:
		return false, ""
	case len(p.calls(0, "")) > 0 || p.refusedAnything():
		return true, ""
	case p.shut != "" && len(p.order) == 0:
		return false, p.conceal(p.shut)
	case failed && len(p.asking) > 0 && p.run.ended() == "":
		return false, p.conceal(p.unreached())
	}
	return false, ""
}

// unreached says of a connector that has not even asked for a token how it was to find the kit, and what it has printed last.
func (p *Player) unreached() string {
	var how string
	switch p.stage.Connector.Intercept {
	case intercept.ByProxy:
		how = "it is led there by HTTPS_PROXY, which some HTTP clients do not heed, such as fetch of Node 20 (connector.intercept: proxy)"
	case intercept.ByURL:
		how = "it is led there by ${identity} and ${api}, which its settings have to take (connector.intercept: override)"
	case intercept.ByName:
		how = "it is led there by the names of Talkdesk's hosts, which have to lead to the kit where it runs (connector.intercept: dns)"
	}
	said := ""
	if p.run.running != nil {
		if lines := p.run.running.Output(); len(lines) > 0 {
			said = "; it has printed last: " + expect.Clip(lines[len(lines)-1])
		}
	}
	return "nothing has come from the connector to Talkdesk: " + how + said
}

// awaitsAnswer is the first event that the connector was sent and has not answered.
func (p *Player) awaitsAnswer() (journal.Entry, bool) {
	answered := map[int]bool{}
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Response && e.From == journal.Connector }) {
		answered[e.Ref] = true
	}
	return p.Journal.Find(0, func(e journal.Entry) bool {
		return e.Kind == journal.Request && e.To == journal.Connector && !answered[e.Seq]
	})
}

// close ends all that the scenario began.
func (p *Player) close() {
	p.End()
	for _, g := range p.order {
		g.user.Close()
	}
	if p.run != nil {
		_ = p.run.stop() // What it is judged by is in the journal.
	}
	if p.talkdesk != nil {
		p.talkdesk.Close()
	}
	for _, tab := range p.leased {
		tab.Release()
	}
	for _, do := range p.cleanUp {
		do()
	}
}
