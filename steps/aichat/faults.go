package aichat

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/mockdesk/fault"
	"deskcheck/steps"
	"deskcheck/steps/vocabulary"
)

// Each sentence about a fault says what goes wrong, and on what: a selection, which is a phrase of its own with one grammar for all of them.
const (
	// limits may end every sentence: for how long, and in which conversation.
	limits = `(?:, (?P<limits>(?:for|in) .+))?`
	// which matches a selection as far as it takes to tell one from other words; what is wrong with it is told by whoever reads it.
	which = `(?P<which>(?:the next|every|the \d{1,9}[a-z]{2}) .+?)`
	// refusedBy is the title of a refusal that a scenario asks for.
	refusedBy = "refused by the scenario"
)

// requested are the operations that requests ask for.
var requested = []mockdesk.Operation{mockdesk.OpAvailability, mockdesk.OpStart, mockdesk.OpState, mockdesk.OpMessage, mockdesk.OpAttachment, mockdesk.OpScreen, mockdesk.OpEnd, mockdesk.OpEvents}

var faultSteps = []definition{
	faulty(`the desk answers `+which+` with status (?P<status>\d{1,9})`, fault.Status, func(f *fault.Fault, given []string) { f.Status, f.Title = number(given[0]), refusedBy }),
	faulty(`the desk answers `+which+` with status (?P<status>\d{1,9}) and the page "(?P<page>.*)"`, fault.Body, func(f *fault.Fault, given []string) {
		f.Status, f.ContentType, f.Text = number(given[0]), "text/html", unescape(given[1])
	}),
	faulty(`the desk answers `+which+` with status 429 and Retry-After (?P<seconds>\d{1,9})`, fault.TooMany, func(f *fault.Fault, given []string) { f.For = seconds(number(given[0])) }),
	faulty(`the desk redirects `+which+` to "(?P<address>[^"]*)"`, fault.Redirect, func(f *fault.Fault, given []string) { f.Location = given[0] }),
	faulty(`the desk holds `+which, fault.Hold, nil),
	faulty(`the desk holds its reply to `+which, fault.HoldReply, nil),
	faulty(`the desk delays `+which+` by (?P<seconds>\d{1,9}) seconds`, fault.Delay, func(f *fault.Fault, given []string) { f.For = seconds(number(given[0])) }),
	faulty(`the desk never answers `+which, fault.Hang, nil),
	faulty(`the desk cuts off `+which, fault.Reset, nil),
	faulty(`the desk loses its reply to `+which, fault.ResetAfter, nil),
	faulty(`the desk cuts off its reply to `+which+` after (?P<bytes>\d{1,9}) bytes`, fault.Truncate, func(f *fault.Fault, given []string) { f.Bytes = number(given[0]) }),
	faulty(`the desk garbles its reply to `+which, fault.Malformed, nil),
	faulty(`the desk gives its reply to `+which+` the type "(?P<type>[^"]*)"`, fault.ContentType, func(f *fault.Fault, given []string) { f.ContentType = given[0] }),
	faulty(`the desk keeps its reply to `+which+` from the page`, fault.NoCORS, nil),
	faulty(`the desk sends its reply to `+which+` at (?P<bytes>\d{1,9}) bytes? a second`, fault.SlowDownload, func(f *fault.Fault, given []string) { f.Rate = number(given[0]) }),
	faulty(`the desk reads `+which+` at (?P<bytes>\d{1,9}) bytes? a second`, fault.SlowUpload, func(f *fault.Fault, given []string) { f.Rate = number(given[0]) }),
	faulty(`the desk closes the socket with code (?P<code>\d{1,9}) at `+which, fault.Close, func(f *fault.Fault, given []string) { f.Code = number(given[0]) }),
	faulty(`the desk falls silent at `+which, fault.Silence, nil),
	faulty(`the desk loses `+which, fault.Drop, nil),
	faulty(`the desk doubles `+which, fault.Duplicate, nil),
	faulty(`the desk sends `+which+` after the one behind it`, fault.Reorder, nil),
	faulty(`the desk spoils the (text|utf-8|header) of `+which, fault.Corrupt, func(f *fault.Fault, given []string) { f.How = given[0] }),
	faulty(`the desk blows up `+which+` to (?P<bytes>\d{1,9}) bytes`, fault.Oversize, func(f *fault.Fault, given []string) { f.Bytes = number(given[0]) }),
	faulty(`the desk sends `+which+` as binary`, fault.Binary, nil),
	define(`the desk plays no more faults`, func(p *Player) any { return p.playsNoMore }),
}

// faultWords explain <which> and <limits> of these sentences to whoever looks them up.
var faultWords = []string{
	`<which> is "the next message", "the next 2 messages", "every message", "every 2nd message" or "the 3rd message"; "from the 3rd on" may follow all but the last.`,
	`In place of "message" there may be ` + quotedList(namesOf(nouns[1:])) + `; "request" goes with "every" alone.`,
	`Frames may be of one type: every "agent.joined" frame to the integration.`,
	`<limits> are "for 30 seconds", "in conversation 2", or both in this order.`,
	`A scenario is not applicable if nothing of that can come on the desk's wire, or nothing did.`,
}

// faulty defines a sentence that has the desk play a fault of a kind. fill takes what is given beside the selection and its limits, in the order of the sentence.
func faulty(expr string, kind fault.Kind, fill func(f *fault.Fault, given []string)) definition {
	sentence := vocabulary.Expression(expr + limits)
	read := func(groups []string) (selection, []fault.Rule, error) {
		f := fault.Fault{Kind: kind}
		at, last := sentence().SubexpIndex("which")-1, sentence().SubexpIndex("limits")-1
		if fill != nil {
			fill(&f, slices.Delete(slices.Clone(groups[:last]), at, at+1))
		}
		s, err := readSelection(groups[at], groups[last])
		if err != nil {
			return s, nil, err
		}
		rules, err := s.rules(f)
		return s, rules, err
	}
	play := func(p *Player, groups ...string) error {
		s, rules, err := read(groups)
		if err != nil {
			return &steps.HarnessError{Doing: "have the desk play a fault", Err: err}
		}
		return p.playsFaults(s, rules)
	}
	return definition{expr: sentence, bind: func(p *Player) any {
		switch sentence().NumSubexp() {
		case 2:
			return func(a, b string) error { return play(p, a, b) }
		case 3:
			return func(a, b, c string) error { return play(p, a, b, c) }
		default:
			return func(a, b, c, d string) error { return play(p, a, b, c, d) }
		}
	}, check: func(groups []string) error {
		_, _, err := read(groups)
		return err
	}, words: faultWords}
}

// number reads what an expression has found to be a few digits.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}

// noun is what faults are played on, as a selection names it.
type noun struct {
	name, plural string
	// operation is what it asks of the desk; empty for anything.
	operation mockdesk.Operation
	// on is the moment, where it is not for the fault to say: a frame, or a new socket.
	on fault.Moment
	// direction is that of a frame.
	direction fault.Direction
}

// nouns are all of them. What a frame of one type is called is written before it, in quotes.
var nouns = []noun{
	{name: "message", plural: "messages", operation: mockdesk.OpMessage},
	{name: "request", plural: "requests"},
	{name: "new conversation", plural: "new conversations", operation: mockdesk.OpStart},
	{name: "ending", plural: "endings", operation: mockdesk.OpEnd},
	{name: "upload", plural: "uploads", operation: mockdesk.OpAttachment},
	{name: "availability query", plural: "availability queries", operation: mockdesk.OpAvailability},
	{name: "answer about the screen", plural: "answers about the screen", operation: mockdesk.OpScreen},
	{name: "question about the conversation", plural: "questions about the conversation", operation: mockdesk.OpState},
	{name: "request for events", plural: "requests for events", operation: mockdesk.OpEvents},
	{name: "new socket", plural: "new sockets", on: fault.Open},
	{name: "frame to the integration", plural: "frames to the integration", on: fault.Frame, direction: fault.Out},
	{name: "frame from the integration", plural: "frames from the integration", on: fault.Frame, direction: fault.In},
}

func namesOf(nouns []noun) []string {
	names := make([]string, 0, len(nouns))
	for _, n := range nouns {
		names = append(names, n.name)
	}
	return names
}

// quotedList writes names as a list for a person.
func quotedList(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }

// takes is whether a fault of the kind can be played on it.
func (n noun) takes(k fault.Kind) bool {
	return slices.ContainsFunc(n.moments(), func(m fault.Moment) bool { return slices.Contains(k.Moments(), m) })
}

// moments are those at which it can come.
func (n noun) moments() []fault.Moment {
	switch n.on {
	case fault.Frame:
		return []fault.Moment{fault.Frame}
	case fault.Open:
		return []fault.Moment{fault.Open, fault.Upgrade}
	default:
		return []fault.Moment{fault.Preflight, fault.Upload, fault.Request, fault.Upgrade, fault.Ask}
	}
}

// selection is on what a fault is played, and when.
type selection struct {
	text string
	noun noun
	// frame is the type of the frames, conversation the number of the one in which they are, each empty for any.
	frame        string
	conversation int
	schedule     fault.Schedule
}

// The parts of a selection: a count or a place, what it is of, and from where it counts; and of its limits.
var (
	selectionForm = regexp.MustCompile(`^(?:the next(?: ([1-9]\d{0,8}))?|every(?: (\d{1,9}[a-z]{2}))?|the (\d{1,9}[a-z]{2}))(?: "([^"]+)")? (.+?)(?: from the (\d{1,9}[a-z]{2}) on)?$`)
	limitsForm    = regexp.MustCompile(`^(?:for ([1-9]\d{0,8}) seconds)?(?:(?:^|, )in conversation ([1-9]\d{0,8}))?$`)
)

// readSelection reads a phrase such as "every 2nd message from the 3rd on" and its limits, such as "for 30 seconds", if it has any. The error says what is wrong with them.
func readSelection(text, limits string) (selection, error) {
	s := selection{text: text}
	given, limited := selectionForm.FindStringSubmatch(text), limitsForm.FindStringSubmatch(limits)
	switch {
	case given == nil:
		return s, fmt.Errorf("%q selects nothing; say it as in %q or %q", text, "the next 2 messages", "every 2nd message")
	case limited == nil:
		return s, fmt.Errorf("%q is no limit; say it as in %q, %q or both in this order", limits, "for 30 seconds", "in conversation 2")
	}
	next, every, only, name, from := given[1], given[2], given[3], given[5], given[6]
	s.frame = given[4]
	found := slices.IndexFunc(nouns, func(n noun) bool { return name == n.name || name == n.plural })
	if found < 0 {
		return s, fmt.Errorf("faults are not played on a %q, but on %s", name, quotedList(namesOf(nouns)))
	}
	s.noun = nouns[found]
	if plural := next != "" && next != "1"; plural != (name == s.noun.plural) {
		return s, fmt.Errorf("%q is not how it is counted; say %q or %q", text, "the next "+s.noun.name, "the next 2 "+s.noun.plural)
	}
	if s.frame != "" && s.noun.on != fault.Frame {
		return s, fmt.Errorf(`only frames have a type, as in every "message" frame to the integration; %q has none`, s.noun.name)
	}
	s.schedule.For, s.conversation = seconds(number(orElse(limited[1], "0"))), number(orElse(limited[2], "0"))
	if strings.HasPrefix(text, "the next") {
		s.schedule.Next = number(orElse(next, "1"))
	}
	for _, place := range []struct {
		said string
		at   *int
	}{{every, &s.schedule.Every}, {only, &s.schedule.Only}, {from, &s.schedule.From}} {
		var err error
		if *place.at, err = ordinal(place.said); err != nil {
			return s, err
		}
	}
	if s.anything() && (s.schedule.Next > 0 || s.schedule.Only > 0 || s.schedule.Every > 0 || s.schedule.From > 0) {
		return s, fmt.Errorf("%q counts requests of any kind, whose order is not for the desk to say; say which, such as %q", text, "the next message")
	}
	return s, nil
}

// ordinal reads a place such as 3rd; nothing is 0.
func ordinal(said string) (int, error) {
	if said == "" {
		return 0, nil
	}
	n := number(said[:len(said)-2])
	ending := "th"
	if tens := n / 10 % 10; tens != 1 && n%10 >= 1 && n%10 <= 3 {
		ending = [...]string{"st", "nd", "rd"}[n%10-1]
	}
	if right := fmt.Sprintf("%d%s", n, ending); n < 1 || said != right {
		return 0, fmt.Errorf("%q is no place; places are 1st, 2nd, 3rd, 4th and so on", said)
	}
	return n, nil
}

// anything is whether the selection is of requests, whatever they ask for.
func (s selection) anything() bool { return s.noun.operation == "" && s.noun.on == "" }

// rules are what has the desk play the fault on the selection, without the conversation: requests of any kind take one for each operation.
func (s selection) rules(f fault.Fault) ([]fault.Rule, error) {
	operations := []mockdesk.Operation{s.noun.operation}
	if s.anything() {
		operations = requested
	}
	on := s.noun.on
	if on == fault.Open && !slices.Contains(f.Kind.Moments(), fault.Open) {
		on = fault.Upgrade
	}
	if !s.noun.takes(f.Kind) {
		taking := slices.DeleteFunc(slices.Clone(nouns), func(n noun) bool { return !n.takes(f.Kind) })
		return nil, fmt.Errorf("that is not played on %q, but on %s", s.noun.name, quotedList(namesOf(taking)))
	}
	var rules []fault.Rule
	for _, op := range operations {
		r := fault.Rule{Fault: f, Schedule: s.schedule, Scope: fault.Scope{On: on, Operation: string(op), Frame: s.frame, Direction: s.noun.direction}}
		if err := r.Validate(); err != nil {
			return nil, fmt.Errorf("a fault that cannot be played on %s: %w", s.text, err)
		}
		rules = append(rules, r)
	}
	return rules, nil
}

// playsFaults has the desk play rules from now on, if what they are about can come on its wire.
func (p *Player) playsFaults(s selection, rules []fault.Rule) error {
	if s.conversation > 0 {
		c, err := p.numbered(s.conversation)
		if err != nil {
			return err
		}
		for i := range rules {
			rules[i].Scope.Conversation = c.ID()
		}
	}
	ids, err := p.Desk.PlayFaults(rules...)
	if refusal := (*driver.Error)(nil); errors.As(err, &refusal) && refusal.Kind == driver.Refused {
		return &steps.NotApplicable{Why: fmt.Sprintf("no such fault can be played on %s: %s", quote(s.text), refusal.Reason())}
	}
	if err != nil {
		return err
	}
	p.faults = append(p.faults, playing{s, ids})
	return nil
}

// playing is what a sentence has the desk play: the selection, and its rules.
type playing struct {
	on    selection
	rules []fault.ID
}

// playsNoMore makes a healthy desk of it: what it holds goes on.
func (p *Player) playsNoMore() error {
	p.ended = append(p.ended, p.unplayed()...)
	p.faults = nil
	if err := p.Desk.PlayNoFaults(); err != nil {
		return err
	}
	return p.Rest()
}

// unplayed are the selections of which nothing came, so that nothing has gone wrong.
func (p *Player) unplayed() []selection {
	all := slices.Clone(p.ended)
	if len(p.faults) == 0 {
		return all
	}
	standing := p.Desk.Faults()
	for _, f := range p.faults {
		if !slices.ContainsFunc(standing, func(s driver.Fault) bool { return slices.Contains(f.rules, s.ID) && s.Played > 0 }) {
			all = append(all, f.on)
		}
	}
	return all
}

// tried gives what a scenario came to, if its faults were played. Where one was not, that all went well tells nothing. That something did not tells as little where it is for
// the integration whether it opens sockets at all; what it does not ask for although it should is its failure all the same.
func (p *Player) tried(came error) error {
	unplayed := p.unplayed()
	if came != nil {
		if failure := (*steps.Failure)(nil); !errors.As(came, &failure) {
			return came
		}
		unplayed = slices.DeleteFunc(unplayed, func(s selection) bool { return s.noun.on == "" })
	}
	if len(unplayed) == 0 {
		return came
	}
	return &steps.NotApplicable{Why: fmt.Sprintf("nothing came on which the fault on %s could be played", quote(unplayed[0].text))}
}
