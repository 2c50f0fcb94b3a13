package aichat

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"deskcheck/mockdesk/edge"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// refusals are the requests of the page for names that lead nowhere.
func (p *Player) refusals() []journal.Entry {
	return p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Refusal })
}

// tellRefusals adds to a failure what the page had asked for and could not have: it may well be the reason.
func (p *Player) tellRefusals(err error) {
	var failure *steps.Failure
	refused := p.refusals()
	if len(refused) == 0 || !errors.As(err, &failure) {
		return
	}
	var names []string
	for _, e := range refused {
		if !slices.Contains(names, e.Name) {
			names = append(names, e.Name)
		}
	}
	hint := fmt.Sprintf("the page asked for %s, which is not among desk.hosts: refused", expect.Clip(names[0]))
	if more := len(names) - 1; more > 0 {
		hint += fmt.Sprintf(" (and %d more)", more)
	}
	if failure.Hint != "" {
		hint = failure.Hint + "; " + hint
	}
	failure.Hint = hint
}

// unanswered names the address behind a "Failed to fetch", which does not, if it is not the desk's: so it is with a desk that is written into the integration.
func (p *Player) unanswered(hints []string) string {
	if p.site == nil || !slices.ContainsFunc(hints, func(hint string) bool { return strings.Contains(hint, "Failed to fetch") }) {
		return ""
	}
	request := p.Tab.Unanswered()
	_, address, _ := strings.Cut(request, " ")
	if address == "" || p.isOfDesk(address) || slices.ContainsFunc(p.refusals(), func(e journal.Entry) bool { return strings.HasPrefix(address, e.Name) }) {
		return ""
	}
	where := "env.desk.url, the factory's second argument"
	if p.stage.Own != nil {
		where = p.stage.Own.Env + ".desk.url"
	}
	return fmt.Sprintf("; %s had no answer: this scenario's desk is at %s, as %s says%s", expect.Clip(request), p.site.desk.Place().URL, where, couldBeLed(address))
}

func (p *Player) isOfDesk(address string) bool {
	return slices.ContainsFunc(p.DeskOrigins("http", "https"), func(origin string) bool { return strings.HasPrefix(address, origin) })
}

// couldBeLed says how an address can lead to the desk as it is, empty if it cannot.
func couldBeLed(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	name, err := edge.ParseName(u.Host)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("; to certify the integration as it ships, list %s under desk.hosts", name)
}
