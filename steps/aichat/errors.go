package aichat

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// What the integration made of it.
var errorChecks = []definition{
	define(`the integration reports that the link is (lost|back)`, func(p *Player) any { return p.reportsLink }),
	define(`losses and recoveries have been reported in turn`, func(p *Player) any { return p.reportedInTurn }),
	define(`every error that was reported has a type and the fields of that type`, func(p *Player) any { return p.noViolationOf("ERR-01", "errors in a form that the chat knows") }),
	define(`no connecting error has been reported since "([^"]*)" joined`, func(p *Player) any { return p.noConnectingError }),
	define(`a request that was reported as failed is not resumed`, func(p *Player) any { return p.notResumed }),
	define(`a reason that the integration gave is the only one that the user reads`, func(p *Player) any { return p.oneReason }),
	define(`a reason that the integration gave was on its way before "startChat" was rejected`, func(p *Player) any { return p.reasonFirst }),
	define(`the wait ends within 10 minutes`, func(p *Player) any { return p.waitEnds }),
	define(`the integration ends the chat, or stops trying, within 10 minutes`, func(p *Player) any { return p.endsOrStops }),
	define(`the integration flags "([^"]*)" as failed, if it tells of late failures`, func(p *Player) any { return p.flagsLate }),
	define(`what was reported for the log holds no secret`, func(p *Player) any { return p.logsNoSecret }),
	define(`no error of the integration went uncaught`, func(p *Player) any { return p.nothingUncaught }),
}

// errorReport is one setErrorStatus with an object that has a number for its type.
type errorReport struct {
	entry journal.Entry
	kind  float64
	info  map[string]any
}

// The types of errors in the contract.
const (
	errorConnecting   = 1
	errorDisconnected = 2
	errorUserMessage  = 3
)

func (p *Player) errorReports(mark int) []errorReport {
	var all []errorReport
	for _, e := range p.Journal.All(mark, isCallback("setErrorStatus")) {
		args, _ := expect.Decode(argumentsOf(e)).([]any)
		if len(args) == 0 {
			continue
		}
		info, _ := args[0].(map[string]any)
		if kind, ok := info["type"].(float64); ok {
			all = append(all, errorReport{e, kind, info})
		}
	}
	return all
}

// isLink says whether a report tells that the link is lost, or that it is back.
func (r errorReport) isLink(lost bool) bool {
	return r.kind == errorDisconnected && r.info["isDisconnected"] == lost
}

func (p *Player) reportsLink(state string) error {
	within := lossNoticed
	if state == "back" {
		within = recoveryNoticed
	}
	reported := func() bool {
		return slices.ContainsFunc(p.errorReports(p.mark), func(r errorReport) bool { return r.isLink(state == "lost") })
	}
	err := p.Elapse(reported, within)
	if errors.Is(err, steps.ErrAbsent) {
		hint := `setErrorStatus({type: 2, isDisconnected: true}) says that the link is lost, false that it is back`
		// Whatever the scenario is about: what is missing is the report, and that has a requirement of its own.
		missing := map[string]string{"lost": "ERR-05", "back": "ERR-06"}[state]
		return &steps.Failure{Requirements: []string{missing}, Expected: fmt.Sprintf("the chat to be told within %s that the link is %s", within, state), Recorded: p.callbacksSince(), Hint: orElse(p.trouble(), hint)}
	}
	return err
}

func (p *Player) reportedInTurn() error {
	if err := p.Rest(); err != nil {
		return err
	}
	lost := false
	for _, r := range p.errorReports(0) {
		if r.kind != errorDisconnected {
			continue
		}
		if r.isLink(lost) {
			what := map[bool]string{true: "that the link is lost", false: "that the link is back"}[lost]
			return &steps.Failure{Expected: "one report for each loss and one for each recovery", Recorded: "told twice in a row " + what, Entry: r.entry.Seq, Hint: "report a change, not every failed attempt"}
		}
		lost = !lost
	}
	return nil
}

func (p *Player) noConnectingError(name string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	for _, r := range p.errorReports(p.joined[name]) {
		if r.kind == errorConnecting {
			return &steps.Failure{Expected: "no connecting error once an agent has joined", Recorded: expect.Short(r.info), Entry: r.entry.Seq, Hint: "a link that is lost after that is type 2; a conversation that is over is agentEndedChat"}
		}
	}
	return nil
}

// ofRequests are the callbacks that only make sense while a request or a chat goes on.
var ofRequests = []string{"agentJoined", "updateAgentAvailability", "sendMessageToUser", "agentTyping", "beginTransferToAnotherAgent"}

// notResumed wants a request that the chat was told to have failed to be over: no callback follows, and nobody listens to its conversation.
func (p *Player) notResumed() error {
	reports := p.errorReports(p.mark)
	i := slices.IndexFunc(reports, func(r errorReport) bool { return r.kind == errorConnecting || r.isLink(true) })
	if i < 0 {
		return nil
	}
	if err := p.Pass(15 * time.Second); err != nil {
		return err
	}
	failed := reports[i].entry
	if e, ok := p.Journal.Find(failed.Seq, func(e journal.Entry) bool { return e.Kind == journal.Callback && slices.Contains(ofRequests, e.Name) }); ok {
		return &steps.Failure{Expected: "nothing more of a request that was reported as failed", Recorded: e.Name + " " + expect.Clip(string(argumentsOf(e))), Entry: e.Seq}
	}
	if !p.Desk.Knows(mockdesk.OpEvents) {
		return p.Desk.Err()
	}
	mark := p.Journal.Len()
	if err := p.Pass(15 * time.Second); err != nil {
		return err
	}
	if n := p.Desk.Listeners(); n > 0 {
		return &steps.Failure{Expected: "a request that was reported as failed to be given up", Recorded: fmt.Sprintf("%d connections still listen to its conversation", n), Entry: failed.Seq}
	}
	if e, ok := p.Journal.Find(mark, asksFor(mockdesk.OpEvents)); ok {
		return &steps.Failure{Expected: "a request that was reported as failed to be given up", Recorded: e.Name, Entry: e.Seq}
	}
	return nil
}

// reasonsGiven are the connecting errors that came with a reason for the user.
func (p *Player) reasonsGiven() []errorReport {
	return slices.DeleteFunc(p.errorReports(p.mark), func(r errorReport) bool {
		text, _ := r.info["messageToUser"].(string)
		return r.kind != errorConnecting || text == ""
	})
}

func (p *Player) oneReason() error {
	if err := p.Rest(); err != nil {
		return err
	}
	var shown []string
	for _, m := range p.screen(p.widget).Messages {
		if m.Kind == "error" {
			shown = append(shown, m.Text)
		}
	}
	if len(shown) != 1 {
		return &steps.Failure{Expected: "one line that says why there is no agent", Recorded: fmt.Sprintf("%d: %s", len(shown), expect.Short(shown))}
	}
	for _, r := range p.reasonsGiven() {
		// The chat draws markdown, so the words are compared without its signs.
		if text, _ := r.info["messageToUser"].(string); !strings.Contains(bare(text), bare(shown[0])) {
			return &steps.Failure{Expected: "the reason " + quote(text), Recorded: "the user reads " + quote(shown[0]), Entry: r.entry.Seq, Hint: "report the error, await that, and reject startChat only then: the chat shows the first of the two"}
		}
	}
	return nil
}

func bare(s string) string {
	return strings.NewReplacer("*", "", "_", "", "`", "", "\\", "").Replace(s)
}

func (p *Player) reasonFirst() error {
	given := p.reasonsGiven()
	s, at, settled := p.lastSettlement("startChat")
	if len(given) == 0 || !settled || s.Outcome == "fulfilled" {
		return nil
	}
	for _, r := range given {
		returned, ok := p.Journal.Find(r.entry.Seq, func(e journal.Entry) bool { return e.Kind == journal.Returned && e.Ref == r.entry.Seq })
		if r.entry.Seq > at.Seq || !ok || returned.Seq > at.Seq {
			return &steps.Failure{Expected: "the reason to have reached the chat before startChat is rejected", Recorded: "startChat was rejected first", Entry: r.entry.Seq, Hint: "await setErrorStatus before the rejection"}
		}
	}
	return nil
}

// waits lets time pass until done, in small steps: in one great leap an attempt would be given up in the moment in which it is made, and never reach the desk, and an
// integration that counts its attempts would make few of them.
func (p *Player) waits(done func() bool, atMost time.Duration) error {
	const stretch = 20 * time.Second
	for passed := time.Duration(0); passed < atMost && !done(); passed += stretch {
		if err := p.Pass(stretch); err != nil {
			return err
		}
	}
	return nil
}

func (p *Player) waitEnds() error {
	ended := func() bool {
		_, told := p.Journal.Find(p.mark, func(e journal.Entry) bool { return isCallback("setErrorStatus")(e) || isCallback("agentEndedChat")(e) })
		return told
	}
	if err := p.waits(ended, givesUp); err != nil {
		return err
	}
	if !ended() {
		return &steps.Failure{Expected: fmt.Sprintf("the chat to be told within %s that nobody will come", givesUp), Recorded: p.callbacksSince(), Hint: p.trouble()}
	}
	return p.waitsNoMore()
}

// endsOrStops: an end is an end, and so is an integration that tries no longer and leaves the end to the user.
func (p *Player) endsOrStops() error {
	ended := func() bool {
		_, told := p.Journal.Find(p.mark, isCallback("agentEndedChat"))
		return told
	}
	if err := p.waits(ended, givesUp); err != nil {
		return err
	}
	mark := p.Journal.Len()
	try := func() (journal.Entry, bool) {
		return p.Journal.Find(mark, func(e journal.Entry) bool { return e.Kind == journal.Request && e.From == journal.Integration })
	}
	if err := p.waits(func() bool { _, tried := try(); return tried || ended() }, 5*time.Minute); err != nil {
		return err
	}
	if e, tried := try(); tried && !ended() {
		return &steps.Failure{Expected: "an integration that has ended the chat or stopped trying after 10 minutes without a link", Recorded: "it still asks for " + e.Name, Entry: e.Seq}
	}
	return nil
}

func (p *Player) flagsLate(text string) error {
	flagged := func() bool {
		return slices.ContainsFunc(p.errorReports(p.mark), func(r errorReport) bool { return r.kind == errorUserMessage })
	}
	err := p.Until(flagged, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.NotApplicable{Capability: "late failures", Why: "it reports no error of type 3 when the desk says that a line failed"}
	}
	if err != nil {
		return err
	}
	return p.seesNotSent(text)
}

// nothingUncaught fails on an error of the integration's own that nobody caught. That a start which is rejected surfaces in the page is the chat's own doing.
func (p *Player) nothingUncaught() error {
	if err := p.Rest(); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(0, p.uncaught); ok {
		return &steps.Failure{Expected: "no error that nobody caught", Recorded: expect.Clip(textOf(e)), Entry: e.Seq, Hint: "guard what a socket or a timer calls, and catch what you do not await"}
	}
	return nil
}

// uncaught matches an error that originates in the integration and that nobody caught, but for the rejection of a start, which real chats leave to the page.
func (p *Player) uncaught(e journal.Entry) bool {
	if e.Kind != journal.PageError || e.From == journal.Host || p.isOfOthers(e) || e.Name != "uncaught" && e.Name != "unhandledrejection" {
		return false
	}
	if e.Name != "unhandledrejection" {
		return true
	}
	rejected := func(s journal.Entry) bool {
		what, isError := settlementOf(s).isError()
		return s.Kind == journal.Settled && s.Name == "startChat" && settlementOf(s).Outcome != "fulfilled" && isError && what == expect.Clip(textOf(e))
	}
	_, own := p.Journal.Find(0, rejected)
	return !own
}

// secrets are what gives access, wherever it stands: a bearer token, a signed token, a field of that name with a value.
var secrets = regexp.MustCompile(`(?i)bearer\s+\S{8,}|\beyJ[\w-]{8,}\.[\w-]{8,}|"(?:authorization|cookie|password|passwd|secret|api[-_]?key|[a-z_-]*token)"\s*:\s*"[^"]+"`)

// logsNoSecret looks through what came with the reports for the page's console. On the native wire whoever knows the id of a conversation has it, so that is a secret too;
// and so is what the user said.
func (p *Player) logsNoSecret() error {
	if err := p.Rest(); err != nil {
		return err
	}
	for _, r := range p.errorReports(0) {
		if r.info["logInfo"] == nil {
			continue
		}
		written := string(journal.Payload(r.info["logInfo"]))
		found := secrets.FindString(written)
		for _, c := range p.Desk.Conversations() {
			if c.Key() != "" && strings.Contains(written, c.Key()) {
				found = "the id of the conversation, which gives access to it"
			}
		}
		for _, line := range p.received() {
			if strings.Contains(written, line) {
				found = "what the user said"
			}
		}
		if found != "" {
			return &steps.Failure{Expected: "nothing in logInfo that the page's console must not show", Recorded: expect.Clip(found), Entry: r.entry.Seq}
		}
	}
	return nil
}
