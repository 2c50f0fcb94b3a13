package agentmanager

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

var loginSteps = []definition{
	define(`(?P<person>\w+) tries to sign in while logins fail with ([\d, and]+) in turn`, func(p *Player) any { return p.triesWhile }),
	define(`(?P<person>\w+) reloads the desk and is let in again`, func(p *Player) any { return p.comesBack }, "By the user that the desk has kept, or by signing in if it asks."),
	define(`(?P<person>\w+)'s desk asks for a user with`, func(p *Player) any { return p.asksForUser }, "The login must say that it is JSON."),
	define(`(?P<person>\w+)'s desk opens no socket for (\d+) seconds`, func(p *Player) any { return p.opensNone }),
	define(`(?P<person>\w+)'s desk hands over the user that its login gave`, func(p *Player) any { return p.handsOverUser }),
	define(`(?P<person>\w+)'s desk has said the password in its logins and nowhere else`, func(p *Player) any { return p.keepsPassword }),
	define(`(?P<person>\w+) sees something else each time`, func(p *Player) any { return p.seesElse }),
}

// lines are the different lines of text that were visible at one moment.
type lines map[string]bool

// read gives the lines that are visible at a person's desk.
func (p *Player) read(name string) (lines, error) {
	if err := p.Rest(); err != nil {
		return nil, err
	}
	found, err := p.looks(name, "text", nil)
	if err != nil {
		return nil, err
	}
	return linesOf(found), nil
}

// linesOf takes texts apart.
func linesOf(texts []string) lines {
	seen := lines{}
	for line := range strings.Lines(strings.Join(texts, "\n")) {
		if line = plain(line); line != "" {
			seen[line] = true
		}
	}
	return seen
}

// without are the lines that are not among others.
func (l lines) without(others lines) lines {
	rest := maps.Clone(l)
	maps.DeleteFunc(rest, func(line string, _ bool) bool { return others[line] })
	return rest
}

// String puts them in one line, the same in whatever order they stood.
func (l lines) String() string { return strings.Join(slices.Sorted(maps.Keys(l)), " / ") }

var number = regexp.MustCompile(`\d+`)

// triesWhile has a person sign in under each of some refusals, and keeps what is read after each.
func (p *Player) triesWhile(name, statuses string) error {
	before, err := p.read(name)
	if err != nil {
		return err
	}
	p.told = nil
	for _, status := range number.FindAllString(statuses, -1) {
		if err := p.loginsFail(status); err != nil {
			return err
		}
		if err := p.signsIn(name); err != nil {
			return err
		}
		after, err := p.read(name)
		if err != nil {
			return err
		}
		p.told = append(p.told, telling{status, after.without(before).String()})
	}
	return nil
}

// telling is what a person was told of a refusal.
type telling struct{ status, words string }

func (p *Player) seesElse(name string) error {
	if len(p.told) == 0 {
		return &steps.HarnessError{Doing: "compare what " + name + " was told", Err: errors.New("no login was refused before")}
	}
	by := map[string]string{"": "no refusal"}
	for _, t := range p.told {
		if other, told := by[t.words]; told {
			return &steps.Failure{
				Requirements: []string{"AM-LOGIN-09"}, Expected: "other words for the refusal " + t.status + " than for " + other, Recorded: "what is new is " + strconv.Quote(t.words), Hint: p.trouble(p.seats[name]),
			}
		}
		by[t.words] = t.status
	}
	return nil
}

// comesBack reloads a desk; one that has kept no user has its person sign in.
func (p *Player) comesBack(name string) error {
	mark := p.Journal.Len()
	if err := p.reloads(name); err != nil {
		return err
	}
	s, err := p.working(name)
	if err != nil {
		return err
	}
	switch _, err := p.Await(mark, isFrom(s, "CONNECT"), p.Deadlines.Event); {
	case errors.Is(err, steps.ErrAbsent):
		if err := p.signsIn(name); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	return p.isLetIn(s, mark)
}

// isLogin matches a login of a seat.
func isLogin(s *seat) journal.Match {
	return func(e journal.Entry) bool {
		return e.Kind == journal.Request && e.From == s.party && e.Name == "POST "+agentmanager.LoginPath
	}
}

func (p *Player) asksForUser(name string, doc *godog.DocString) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	pattern, err := p.filledJSON(s, doc.Content)
	if err != nil {
		return err
	}
	expected := "a login as JSON with " + expect.Short(pattern)
	e, err := p.Await(p.mark, isLogin(s), p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: expected, Recorded: p.lately(s, p.mark), Hint: p.trouble(s)}
	}
	if err != nil {
		return err
	}
	var login struct {
		Body    string            `json:"body"`
		Headers map[string]string `json:"headers"`
	}
	_ = json.Unmarshal(e.Data, &login) // The manager wrote it.
	why, fits := expect.Fits(pattern, expect.Decode(json.RawMessage(login.Body)), "the body")
	if kind := login.Headers["Content-Type"]; !strings.HasPrefix(kind, "application/json") {
		why, fits = fmt.Sprintf("its Content-Type is %q", kind), false
	}
	if !fits {
		return &steps.Failure{Requirements: []string{"AM-LOGIN-02"}, Expected: expected, Recorded: why, Entry: e.Seq}
	}
	return nil
}

// userFields are what of a user a handshake must hand back as it is; attributes has the mark of the login.
var userFields = []string{"id", "username", "roles", "permittedResources", "attributes"}

func (p *Player) handsOverUser(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	shake, err := p.handshake(s)
	if err != nil {
		return err
	}
	given, found := p.issued(s)
	if !found {
		return &steps.Failure{Expected: "a login that gives a user", Recorded: p.lately(s, 0), Hint: p.trouble(s)}
	}
	user := userOf(shake)
	for _, field := range userFields {
		if why, fits := expect.Fits(given[field], user[field], field); !fits {
			return &steps.Failure{Requirements: []string{"AM-LOGIN-04"}, Expected: "the user that the login gave, as it is", Recorded: why, Entry: shake.Seq}
		}
	}
	return nil
}

// issued is the user that the last login of a seat gave.
func (p *Player) issued(s *seat) (user map[string]any, found bool) {
	for _, e := range slices.Backward(p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Response && e.To == s.party })) {
		var answer struct {
			Body struct {
				Data struct {
					User map[string]any `json:"keycloak_User"`
				} `json:"data"`
			} `json:"body"`
		}
		if json.Unmarshal(e.Data, &answer) == nil && answer.Body.Data.User != nil {
			return answer.Body.Data.User, true
		}
	}
	return nil, false
}

func (p *Player) opensNone(name string, seconds int) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Pass(time.Duration(seconds) * time.Second); err != nil {
		return err
	}
	if e, found := p.Journal.Find(p.mark, isSession(s)); found {
		return &steps.Failure{Requirements: []string{"AM-LOGIN-03"}, Expected: "no socket after a login that was refused", Recorded: p.lately(s, p.mark), Entry: e.Seq}
	}
	return nil
}

func (p *Player) keepsPassword(name string) error {
	if _, err := p.working(name); err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	return p.secrets()
}

// unusable is the verdict on a desk whose page came to nothing: it has complained, and said nothing to the manager, and what a person wants to do is not there. It is err
// for any other.
func (p *Player) unusable(s *seat, err error) error {
	if _, is := errors.AsType[*steps.HarnessError](err); !is {
		return err
	}
	_, spoke := p.Journal.Find(0, func(e journal.Entry) bool {
		return e.From == s.party && (e.Kind == journal.Request || e.Kind == journal.Frame)
	})
	trouble := p.trouble(s)
	if spoke || trouble == "" {
		return err
	}
	return &steps.Failure{Expected: "a page on which a person can work", Recorded: err.Error(), Hint: trouble}
}
