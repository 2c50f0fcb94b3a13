package aichat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/expect"
)

var userSteps = []definition{
	define(`the user asks for an agent`, func(p *Player) any { return p.asks }),
	define(`the user requests (?:an|another) agent`, func(p *Player) any { return p.requestsAnAgent }),
	define(`the user double-clicks "request agent"`, func(p *Player) any { return p.doubleClicks }),
	define(`the user cancels the request`, func(p *Player) any { return p.confirmsTheBanner }),
	define(`the user ends the chat`, func(p *Player) any { return p.confirmsTheBanner }),
	define(`the user closes the page`, func(p *Player) any { return p.closesThePage }),
	define(`the user says "(.*)"`, func(p *Player) any { return p.says }),
	define(`the user says`, func(p *Player) any { return p.saysText }),
	define(`the user says a text of (\d+) characters`, func(p *Player) any { return p.saysLong }),
	define(`the user says in quick succession`, func(p *Player) any { return p.saysQuickly }),
	define(`the user can talk to the assistant`, func(p *Player) any { return p.talksToAssistant }),
}

// click presses the mouse on something that the driver of the host page knows by that name.
func (p *Player) click(name string) error {
	p.Act(journal.User, journal.Host, "clicks "+name)
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	if err := p.Tab.Click(ctx, name, p.widget); err != nil {
		return p.unable("click "+name, err)
	}
	return nil
}

// unable blames an act that the user could not do on what the integration did to the chat, unless the page or the kit is at fault.
func (p *Player) unable(doing string, err error) error {
	if p.Context().Err() != nil {
		return p.Lost(context.Cause(p.Context()))
	}
	if rest := p.Rest(); rest != nil {
		return rest
	}
	return &steps.Failure{Expected: "a chat in which the user can " + doing, Recorded: err.Error() + "; the user sees " + p.screen(p.widget).describe(), Hint: p.trouble()}
}

// asks says to the assistant what makes it offer an agent, and waits for the offer or the apology.
func (p *Player) asks() error {
	if err := p.chatIsOpen(); err != nil {
		return err
	}
	offers := func(s Screen) (n int) {
		for _, m := range s.Messages {
			if m.Kind == "card" || m.Kind == "unavailable" {
				n++
			}
		}
		return n
	}
	before, wish := offers(p.screen(p.widget)), "I would like to talk to a human agent"
	if p.drivesPagesChat() {
		if wish = p.stage.Own.Ask; wish == "" {
			return p.seesWithin(p.widget, "the chat of the page to offer an agent", func(s Screen) bool { return offers(s) > 0 && !s.Loading }, p.Deadlines.Settled)
		}
	}
	if err := p.types(wish); err != nil {
		return err
	}
	return p.seesWithin(p.widget, "the assistant to offer an agent", func(s Screen) bool { return offers(s) > before && !s.Loading }, p.Deadlines.Settled)
}

// assistantReturn is how long after a chat with an agent the assistant says that it is back; the emulated host has the same figure.
const assistantReturn = 1500 * time.Millisecond

// letsTheAssistantReturn lets the time pass until the assistant has said that it is back, if that is still to come: said later, it would make an offer stale that the
// user is about to take.
func (p *Player) letsTheAssistantReturn() error {
	returns := 0
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool {
		return e.Widget == p.widget && e.Kind == journal.Event && strings.HasSuffix(e.Name, "agent:endChat")
	}) {
		var end struct {
			RequestCancelled bool `json:"requestCancelled"`
		}
		// The event is the host's own; one that could not be read would cost a second and a half of the scenario's time and nothing else.
		_ = json.Unmarshal(e.Data, &end)
		if !end.RequestCancelled {
			returns++
		}
	}
	for _, m := range p.screen(p.widget).Messages {
		if m.Kind == "returned" {
			returns--
		}
	}
	if returns <= 0 {
		return nil
	}
	return p.Pass(assistantReturn)
}

// offered says whether there is an offer that the user can take.
func (p *Player) offered() bool {
	card := p.screen(p.widget).Card
	return card != nil && card.Enabled
}

// requestsAnAgent takes the standing offer, or asks for one first.
func (p *Player) requestsAnAgent() error {
	if err := p.letsTheAssistantReturn(); err != nil {
		return err
	}
	if !p.offered() {
		if err := p.asks(); err != nil {
			return err
		}
	}
	if !p.offered() {
		recorded := "the user sees " + p.screen(p.widget).describe()
		if s, _, answered := p.lastSettlement("areAnyAgentsOnline"); answered {
			recorded = "areAnyAgentsOnline " + s.String() + ", so " + recorded
		}
		return &steps.Failure{Expected: "an offer that the user can take", Recorded: recorded, Hint: p.trouble()}
	}
	if s, built := p.factorySettlement(); built && s.Outcome == "fulfilled" && s.Type != "object" {
		return &steps.Failure{Requirements: []string{"FACT-03"}, Expected: "an integration that the chat can call", Recorded: "the factory gave " + orElse(s.Type, "nothing")}
	}
	mark := p.Journal.Len()
	failures := func(s Screen) (n int) {
		for _, m := range s.Messages {
			if m.Kind == "error" {
				n++
			}
		}
		return n
	}
	before := failures(p.screen(p.widget))
	p.requested = len(p.Desk.Conversations())
	if err := p.click("request agent"); err != nil {
		return err
	}
	// The click has done its work when the host has called the integration or has not and says so, to the page or to the user alone; a dialog for a suspended chat may
	// stand between.
	begun := func(e journal.Entry) bool {
		return e.Widget == p.widget && (e.Kind == journal.Call && e.Name == "startChat" || e.Kind == journal.Event && strings.HasSuffix(e.Name, ":endChat") ||
			e.Kind == journal.Screen && failures(screenOf(e)) > before)
	}
	first, err := p.Await(mark, func(e journal.Entry) bool {
		return begun(e) || e.Widget == p.widget && e.Kind == journal.Screen && screenOf(e).Dialog != nil
	}, p.Deadlines.Sight)
	if err == nil && first.Kind == journal.Screen && screenOf(first).Dialog != nil {
		if err := p.click("confirm"); err != nil {
			return err
		}
		_, err = p.Await(mark, func(e journal.Entry) bool {
			return e.Kind == journal.Call && e.Name == "startChat" && e.Widget == p.widget
		}, p.Deadlines.Ending+time.Second)
	}
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.HarnessError{Doing: "request an agent", Err: fmt.Errorf("the host did nothing after the click; the user sees %s", p.screen(p.widget).describe())}
	}
	return err
}

// doubleClicks presses the button twice within one turn of the page, as fast as any user could.
func (p *Player) doubleClicks() error {
	p.Act(journal.User, journal.Host, "double-clicks request agent")
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	js := fmt.Sprintf(`(() => { const button = deskcheck.ui.find("request agent", %d); button.click(); button.click(); })()`, p.widget)
	return p.blame("double-click", p.Tab.Evaluate(ctx, js, nil))
}

// confirmsTheBanner presses the banner's button, which cancels or ends, and says yes.
func (p *Player) confirmsTheBanner() error {
	if err := p.sees(p.widget, "a banner with a way out", func(s Screen) bool { return s.Banner != nil && s.Banner.Button != "" }); err != nil {
		return err
	}
	mark := p.Journal.Len()
	if err := p.click("banner button"); err != nil {
		return err
	}
	// Not every chat asks.
	if !p.drivesPagesChat() || p.has("confirm") {
		if err := p.sees(p.widget, "a question whether to end", func(s Screen) bool { return s.Dialog != nil }); err != nil {
			return err
		}
		if err := p.click("confirm"); err != nil {
			return err
		}
	}
	// What follows a yes: the host calls endChat, or a page vetoed it, or it was over already.
	_, err := p.Await(mark, func(e journal.Entry) bool {
		return e.Kind == journal.Call && e.Name == "endChat" || e.Kind == journal.Event && strings.Contains(e.Name, "endChat")
	}, p.Deadlines.Sight)
	if err != nil {
		return err
	}
	if p.vetoesLeft(mark) > 0 {
		return p.Rest()
	}
	// The chat is over for the user when the banner has gone; an endChat that hangs keeps it for as long as the host waits.
	err = p.Until(func() bool { return p.screen(p.widget).Banner == nil }, p.Deadlines.Ending+time.Second)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "the chat to be over for the user", Recorded: "the user sees " + p.screen(p.widget).describe(), Hint: p.trouble()}
	}
	return err
}

// vetoesLeft says how many ends of the chat the page would still prevent when the journal was as long as mark.
func (p *Player) vetoesLeft(mark int) int {
	used := p.Journal.All(p.vetoMark, func(e journal.Entry) bool {
		return e.Seq <= mark && e.Kind == journal.Event && strings.HasSuffix(e.Name, ":pre:endChat")
	})
	return p.vetoes - len(used)
}

// closesThePage has the user go elsewhere for good: to an empty page, where nothing of the chat is left.
func (p *Player) closesThePage() error {
	p.Act(journal.User, journal.Host, "closes the page")
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Boot)
	defer cancel()
	p.left = true
	return p.blame("leave the page", p.Tab.Open(ctx, p.site.url+"elsewhere", p.Record))
}

// types puts text into the input and sends it.
func (p *Player) types(text string) error {
	if err := p.seesWithin(p.widget, "the user to be able to type", func(s Screen) bool { return s.Input.Enabled && s.Dialog == nil }, p.Deadlines.Sight); err != nil {
		return err
	}
	p.Act(journal.User, journal.Host, "says "+quote(expect.Clip(text)))
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	if err := p.Tab.Type(ctx, "message input", text, p.widget); err != nil {
		return p.unable("type a message", err)
	}
	if p.drivesPagesChat() && p.has("send") {
		return p.click("send")
	}
	if err := p.Tab.Press(ctx, "Enter"); err != nil {
		return p.unable("send a message", err)
	}
	return nil
}

func (p *Player) says(text string) error { return p.saysOne(unescape(text)) }

func (p *Player) saysText(doc *godog.DocString) error { return p.saysOne(doc.Content) }

func (p *Player) saysOne(text string) error {
	if err := p.types(text); err != nil {
		return err
	}
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return nil
	}
	// The host shows the line at once, before the integration has anything to do with it; a page that rewrites may change its words.
	return p.sees(p.widget, "the input to be empty again", func(s Screen) bool { return strings.TrimSpace(s.Input.Text) == "" })
}

// longText is a text without a repeat in it, so that a loss in its middle shows.
func longText(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d ", i)
	}
	return b.String()[:n-1] + "."
}

func (p *Player) saysLong(n int) error { return p.saysOne(longText(n)) }

func (p *Player) saysQuickly(table *godog.Table) error {
	for _, line := range column(table) {
		if err := p.types(line); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) talksToAssistant() error {
	if err := p.ready(); err != nil {
		return err
	}
	before := len(p.screen(p.widget).lines("assistant"))
	if err := p.types("What are your opening hours?"); err != nil {
		return err
	}
	return p.sees(p.widget, "the assistant to answer", func(s Screen) bool { return len(s.lines("assistant")) > before })
}

// column gives the first cell of each row.
func column(table *godog.Table) []string {
	cells := make([]string, 0, len(table.Rows))
	for _, row := range table.Rows {
		cells = append(cells, row.Cells[0].Value)
	}
	return cells
}

// unescape lets a sentence hold a line break or a tab.
func unescape(s string) string { return strings.NewReplacer(`\n`, "\n", `\t`, "\t").Replace(s) }
