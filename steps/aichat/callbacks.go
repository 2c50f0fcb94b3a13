package aichat

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// What the integration told the host.
var callbackSteps = []definition{
	define(`"([^"]*)" is called within (\d+) seconds`, func(p *Player) any { return p.isCalled }),
	define(`"([^"]*)" is called once within (\d+) seconds`, func(p *Player) any { return p.isCalledOnce }),
	define(`"([^"]*)" is called (\d+) times within (\d+) seconds`, func(p *Player) any { return p.isCalledTimes }),
	define(`"([^"]*)" is called within (\d+) seconds with`, func(p *Player) any { return p.isCalledWith }),
	define(`one of "([^"]*)" is called within (\d+) seconds`, func(p *Player) any { return p.oneIsCalled }),
	define(`"([^"]*)" is not called`, func(p *Player) any { return p.isNotCalled }),
	define(`"([^"]*)" has been called (\d+) times?`, func(p *Player) any { return p.hasBeenCalled }),
	define(`"([^"]*)" has been called (\d+) times? since`, func(p *Player) any { return p.hasBeenCalledSince }),
	define(`"([^"]*)" has been called at most 1 time, and not after "([^"]*)"`, func(p *Player) any { return p.atMostOnceBefore }),
	define(`"([^"]*)" has been called only between "([^"]*)" and "([^"]*)"`, func(p *Player) any { return p.onlyBetween }),
	define(`"([^"]*)" has not been called before "([^"]*)"`, func(p *Player) any { return p.notCalledBefore }),
	define(`"([^"]*)" has returned before "([^"]*)" is called`, func(p *Player) any { return p.returnedBefore }),
	define(`no two "([^"]*)" calls overlap`, func(p *Player) any { return p.noOverlap }),
	define(`no callback has been called but "([^"]*)"`, func(p *Player) any { return p.noCallbackBut }),
	define(`no callback is called for (\d+) seconds`, func(p *Player) any { return p.noCallbackFor }),
	define(`no callback but "([^"]*)" is called for (\d+) seconds`, func(p *Player) any { return p.noCallbackButFor }),
	define(`the integration is silent for (\d+) seconds`, func(p *Player) any { return p.silentFor }),
	define(`the waiting time is between (\d+) and (\d+) minutes`, func(p *Player) any { return p.waitingBetween }),
	define(`the waiting information has "([^"]*)" (\d+)`, func(p *Player) any { return p.waitingHas }),
	define(`the waiting information has a number "([^"]*)"`, func(p *Player) any { return p.waitingHasNumber }),
	define(`the waiting information has no "([^"]*)"`, func(p *Player) any { return p.waitingHasNo }),
	define(`the picture of the profile is absent or an absolute address`, func(p *Player) any { return p.pictureIsAbsolute }),
	define(`the nickname holds no markup`, func(p *Player) any { return p.nicknameIsPlain }),
	define(`each line carries the id with which its agent joined`, func(p *Player) any { return p.linesCarryIDs }),
	define(`"([^"]*)" and "([^"]*)" have different ids`, func(p *Player) any { return p.idsDiffer }),
	define(`each message is a string or an object with items in output.generic`, func(p *Player) any { return p.messagesHaveShape }),
	define(`each message is a plain text`, func(p *Player) any { return p.noViolationOf("MSG-03", "messages that are plain texts") }),
	define(`each message is new and can be changed`, func(p *Player) any { return p.noViolationOf("MSG-07", "messages that the host can change") }),
	define(`no two messages have the same id`, func(p *Player) any { return p.messageIDsDiffer }),
	define(`the message holds "([^"]*)" and no markup`, func(p *Player) any { return p.messageHolds }),
	define(`nothing in the message was executed`, func(p *Player) any { return p.nothingExecuted }),
	define(`every callback was called on the callback object`, func(p *Player) any { return p.noViolationOf("CB-01", "callbacks that are called on their object") }),
	define(`every callback that was called is one of this dialect`, func(p *Player) any { return p.onlyKnownCallbacks }),
	define(`every callback since was called on the new instance's callback`, func(p *Player) any { return p.callbacksOfNewInstance }),
}

func (p *Player) isCalled(callback string, n int) error {
	_, err := p.Await(p.mark, isCallback(callback), seconds(n))
	return p.absent(err, callback, callback+" to be called", p.callbacksSince)
}

// absent turns ErrAbsent into a verdict; for a callback of a capability that was never seen in use, the scenario does not apply.
func (p *Player) absent(err error, callback, expected string, recorded func() string) error {
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if capability := p.optional[callback]; capability != "" && len(p.Journal.All(0, isCallback(callback))) == 0 {
		return p.without(capability, "it never calls "+callback)
	}
	return &steps.Failure{Expected: expected, Recorded: recorded(), Hint: p.trouble()}
}

// callbacksSince names what was called since the latest When.
func (p *Player) callbacksSince() string {
	var names []string
	for _, e := range p.Journal.All(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Callback }) {
		names = append(names, e.Name+expect.Clip(string(argumentsOf(e))))
	}
	if len(names) == 0 {
		return "no callback at all"
	}
	return strings.Join(names, ", ")
}

func (p *Player) isCalledOnce(callback string, n int) error { return p.isCalledTimes(callback, 1, n) }

func (p *Player) isCalledTimes(callback string, times, n int) error {
	count := func() int { return len(p.Journal.All(p.mark, isCallback(callback))) }
	err := p.Until(func() bool { return count() >= times }, seconds(n))
	if err := p.absent(err, callback, fmt.Sprintf("%d calls of %s", times, callback), p.callbacksSince); err != nil {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if all := p.Journal.All(p.mark, isCallback(callback)); len(all) > times {
		return &steps.Failure{Expected: fmt.Sprintf("%d calls of %s", times, callback), Recorded: strconv.Itoa(len(all)), Entry: all[times].Seq}
	}
	return nil
}

func (p *Player) isCalledWith(callback string, n int, doc *godog.DocString) error {
	pattern, err := p.patternOf(doc)
	if err != nil {
		return err
	}
	why := ""
	_, err = p.Await(p.mark, func(e journal.Entry) bool {
		if !isCallback(callback)(e) {
			return false
		}
		var ok bool
		why, ok = expect.Fits(pattern, expect.Decode(argumentsOf(e)), callback)
		return ok
	}, seconds(n))
	return p.absent(err, callback, callback+" to be called with "+expect.Short(pattern), func() string { return orElse(why, p.callbacksSince()) })
}

func (p *Player) oneIsCalled(callbacks string, n int) error {
	names := strings.Split(callbacks, ", ")
	_, err := p.Await(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Callback && slices.Contains(names, e.Name) }, seconds(n))
	return p.absent(err, "", "one of "+callbacks, p.callbacksSince)
}

func (p *Player) isNotCalled(callback string) error {
	return p.never(p.Deadlines.Silence, "no call of "+callback, isCallback(callback))
}

// never lets time pass and fails if a matching entry appeared since the latest When.
func (p *Player) never(window time.Duration, expected string, match journal.Match) error {
	if err := p.Pass(window); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(p.mark, match); ok {
		return &steps.Failure{Expected: expected, Recorded: fmt.Sprintf("%s %s %s", e.Kind, e.Name, expect.Clip(string(argumentsOf(e)))), Entry: e.Seq}
	}
	return nil
}

func (p *Player) hasBeenCalled(callback string, times int) error {
	return p.calledAfter(0, callback, times)
}

// hasBeenCalledSince counts from the latest When on.
func (p *Player) hasBeenCalledSince(callback string, times int) error {
	return p.calledAfter(p.mark, callback, times)
}

func (p *Player) calledAfter(mark int, callback string, times int) error {
	if err := p.Rest(); err != nil {
		return err
	}
	all := p.Journal.All(mark, isCallback(callback))
	if len(all) == times {
		return nil
	}
	f := &steps.Failure{Expected: fmt.Sprintf("%d calls of %s", times, callback), Recorded: strconv.Itoa(len(all)), Hint: p.trouble()}
	if len(all) > times {
		f.Entry = all[times].Seq
	}
	return f
}

func (p *Player) atMostOnceBefore(callback, last string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	all := p.Journal.All(0, isCallback(callback))
	end, _ := p.Journal.Find(0, isCallback(last))
	switch {
	case len(all) > 1:
		return &steps.Failure{Expected: "at most one " + callback, Recorded: strconv.Itoa(len(all)), Entry: all[1].Seq}
	case len(all) == 1 && all[0].Seq > end.Seq:
		return &steps.Failure{Expected: callback + " not after " + last, Recorded: "it came after", Entry: all[0].Seq}
	}
	return nil
}

func (p *Player) onlyBetween(callback, from, to string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	start, _ := p.Journal.Find(0, isCall(from))
	end, err := p.Await(0, isCallback(to), p.Deadlines.Event)
	if err := p.absent(err, to, to+" to be called", p.callbacksSince); err != nil {
		return err
	}
	all := p.Journal.All(0, isCallback(callback))
	if len(all) == 0 && p.optional[callback] != "" {
		return p.without(p.optional[callback], "it never calls "+callback)
	}
	for _, e := range all {
		if e.Seq < start.Seq || e.Seq > end.Seq {
			return &steps.Failure{Expected: fmt.Sprintf("%s only between %s and %s", callback, from, to), Recorded: "a call outside", Entry: e.Seq}
		}
	}
	return nil
}

func (p *Player) notCalledBefore(callback, first string) error {
	one, ok := p.Journal.Find(0, isCallback(callback))
	if limit, joined := p.Journal.Find(0, isCallback(first)); ok && (!joined || one.Seq < limit.Seq) {
		return &steps.Failure{Expected: "no " + callback + " before " + first, Recorded: expect.Clip(string(argumentsOf(one))), Entry: one.Seq}
	}
	return nil
}

func (p *Player) returnedBefore(first, second string) error {
	call, ok := p.Journal.Find(p.mark, isCallback(second))
	if !ok {
		return &steps.Failure{Expected: second + " to be called", Recorded: p.callbacksSince()}
	}
	returned, ok := p.Journal.Find(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Returned && e.Name == first })
	if !ok || returned.Seq > call.Seq {
		return &steps.Failure{Expected: first + " to have returned before " + second + " is called", Recorded: second + " was called while " + first + " was still at work", Hint: "await the value that " + first + " returns", Entry: call.Seq}
	}
	return nil
}

func (p *Player) noOverlap(callback string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	calls := p.Journal.All(0, isCallback(callback))
	for i := 1; i < len(calls); i++ {
		done, ok := p.Journal.Find(calls[i-1].Seq, func(e journal.Entry) bool { return e.Kind == journal.Returned && e.Ref == calls[i-1].Seq })
		if !ok || done.Seq > calls[i].Seq {
			return &steps.Failure{Expected: "each " + callback + " to wait for the one before", Recorded: "a call while the one before was still at work", Hint: "await the value that " + callback + " returns", Entry: calls[i].Seq}
		}
	}
	return nil
}

func (p *Player) noCallbackBut(names string) error {
	if err := p.Rest(); err != nil {
		return err
	}
	legal := strings.Split(names, ", ")
	if e, ok := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Callback && !slices.Contains(legal, e.Name) }); ok {
		return &steps.Failure{Expected: "no callback of a chat", Recorded: e.Name, Entry: e.Seq}
	}
	return nil
}

func (p *Player) noCallbackFor(n int) error {
	if err := p.Pass(seconds(n)); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Callback }); ok {
		return &steps.Failure{Expected: "no callback", Recorded: e.Name + " " + expect.Clip(string(argumentsOf(e))), Entry: e.Seq}
	}
	return nil
}

func (p *Player) noCallbackButFor(names string, n int) error {
	legal := strings.Split(names, ", ")
	return p.never(seconds(n), "no callback but "+names, func(e journal.Entry) bool { return e.Kind == journal.Callback && !slices.Contains(legal, e.Name) })
}

// silentFor wants no callback, request, frame or socket of the integration from here on.
func (p *Player) silentFor(n int) error {
	if err := p.Rest(); err != nil {
		return err
	}
	mark := p.Journal.Len()
	if err := p.Pass(seconds(n)); err != nil {
		return err
	}
	noise := func(e journal.Entry) bool {
		return e.From == journal.Integration && slices.Contains([]journal.Kind{journal.Callback, journal.Request, journal.Frame, journal.Opened}, e.Kind)
	}
	if e, ok := p.Journal.Find(mark, noise); ok {
		return &steps.Failure{Expected: fmt.Sprintf("silence for %d seconds", n), Recorded: fmt.Sprintf("%s %s", e.Kind, e.Name), Entry: e.Seq}
	}
	sockets, requests := p.Desk.Open()
	if sockets > 0 {
		return &steps.Failure{Expected: "no socket left open", Recorded: fmt.Sprintf("%d open", sockets)}
	}
	// A request that the page has given up may stay open at a desk that does not answer it: where it was to outlive the page, the browser keeps its connection.
	var pending int
	if err := p.Tab.Call(p.Context(), "deskcheck.kit.inFlight", &pending); err != nil {
		return p.blame("count the requests of the page", err)
	}
	if requests > 0 && pending > 0 {
		return &steps.Failure{Expected: "no request left open", Recorded: fmt.Sprintf("%d open", requests)}
	}
	return nil
}

// lastArgument gives the first argument of the latest call of a callback, as an object.
func (p *Player) lastArgument(callback string) (map[string]any, journal.Entry) {
	all := p.Journal.All(0, isCallback(callback))
	if len(all) == 0 {
		return nil, journal.Entry{}
	}
	e := all[len(all)-1]
	args, _ := expect.Decode(argumentsOf(e)).([]any)
	if len(args) == 0 {
		return nil, e
	}
	object, _ := args[0].(map[string]any)
	return object, e
}

// waitingNumber gives a number of the latest waiting information: the minutes or the position. An integration may choose to say it all in words, which nobody can count.
func (p *Player) waitingNumber(word, expected, hint string, fits func(float64) bool) error {
	words := p.dialect().Words
	key := words[word]
	info, e := p.lastArgument("updateAgentAvailability")
	_, position := info[words["position"]]
	_, minutes := info[words["minutes"]]
	if text, ok := info["message"].(string); ok && text != "" && !position && !minutes {
		return &steps.NotApplicable{Capability: "banner", Why: "it reports the waiting in words, without numbers"}
	}
	if n, ok := info[key].(float64); !ok || !fits(n) {
		return &steps.Failure{Expected: expected, Recorded: expect.Short(info), Entry: e.Seq, Hint: hint}
	}
	return nil
}

func (p *Player) waitingHasNumber(word string) error {
	return p.waitingNumber(word, "a number "+p.dialect().Words[word], "", func(float64) bool { return true })
}

// waitingHas waits for the latest word: one that polls may hear of several changes at once, and tells them one after the other.
func (p *Player) waitingHas(word string, n int) error {
	told := func() bool {
		info, _ := p.lastArgument("updateAgentAvailability")
		return info[p.dialect().Words[word]] == float64(n)
	}
	if err := p.Until(told, p.Deadlines.Event); err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	return p.waitingNumber(word, fmt.Sprintf("%s %d", p.dialect().Words[word], n), "", func(got float64) bool { return got == float64(n) })
}

func (p *Player) waitingBetween(low, high int) error {
	return p.waitingNumber("minutes", fmt.Sprintf("%s between %d and %d minutes", p.dialect().Words["minutes"], low, high), "the desk reports seconds, the chat shows minutes",
		func(n float64) bool { return n >= float64(low) && n <= float64(high) })
}

func (p *Player) waitingHasNo(word string) error {
	key := p.dialect().Words[word]
	info, e := p.lastArgument("updateAgentAvailability")
	if v, present := info[key]; present && v != nil {
		return &steps.Failure{Expected: "no " + key, Recorded: expect.Short(info), Entry: e.Seq}
	}
	return nil
}

func (p *Player) pictureIsAbsolute() error {
	profile, e := p.lastArgument("agentJoined")
	url, present := profile["profile_picture_url"]
	text, _ := url.(string)
	if present && url != nil && !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "data:") {
		return &steps.Failure{Expected: "an absolute address or no picture at all", Recorded: expect.Short(url), Entry: e.Seq}
	}
	return nil
}

func (p *Player) nicknameIsPlain() error {
	profile, e := p.lastArgument("agentJoined")
	if nickname, _ := profile["nickname"].(string); strings.ContainsAny(nickname, "<>") {
		return &steps.Failure{Expected: "a nickname without markup", Recorded: quote(nickname), Entry: e.Seq}
	}
	return nil
}

// saying is one sendMessageToUser.
type saying struct {
	entry   journal.Entry
	text    string
	object  map[string]any
	agentID any
	named   bool
}

func (p *Player) sayings() []saying {
	var all []saying
	for _, e := range p.Journal.All(0, isCallback("sendMessageToUser")) {
		args, _ := expect.Decode(argumentsOf(e)).([]any)
		one := saying{entry: e}
		if len(args) > 0 {
			switch message := args[0].(type) {
			case string:
				one.text = message
			case map[string]any:
				one.object = message
				one.text = textOfMessage(message)
			}
		}
		if len(args) > 1 {
			one.agentID, one.named = args[1], true
		}
		all = append(all, one)
	}
	return all
}

// textOfMessage joins the texts of an object message's items.
func textOfMessage(message map[string]any) string {
	output, _ := message["output"].(map[string]any)
	items, _ := output["generic"].([]any)
	var texts []string
	for _, item := range items {
		if one, ok := item.(map[string]any); ok {
			if text, ok := one["text"].(string); ok {
				texts = append(texts, text)
			}
		}
	}
	return strings.Join(texts, "\n")
}

// words are all that the user may read or follow: the text, and what the items of an object message have besides, such as the address of a button.
func (s saying) words() string {
	output, _ := s.object["output"].(map[string]any)
	items, _ := output["generic"].([]any)
	all := []string{s.text}
	for _, item := range items {
		one, _ := item.(map[string]any)
		for _, key := range []string{"title", "description", "label", "url", "source", "alt_text"} {
			if text, ok := one[key].(string); ok {
				all = append(all, text)
			}
		}
	}
	return strings.Join(all, "\n")
}

func (p *Player) linesCarryIDs() error {
	ids := p.idsOf()
	for _, s := range p.sayings() {
		if !s.named {
			continue
		}
		id, _ := s.agentID.(string)
		announced := false
		for _, known := range ids {
			announced = announced || known == id
		}
		if !announced {
			return &steps.Failure{Expected: "the id of an agent that was announced", Recorded: expect.Short(s.agentID) + " of " + expect.Short(ids), Entry: s.entry.Seq}
		}
	}
	// With the desk's word on who said what, a wrong but known id shows too.
	for _, c := range p.Desk.Conversations() {
		for _, line := range c.Transcript() {
			if line.Role != "agent" {
				continue
			}
			for _, s := range p.sayings() {
				if s.named && s.text == line.Text && ids[line.Name] != "" && s.agentID != ids[line.Name] {
					return &steps.Failure{Expected: fmt.Sprintf("%s with the id %s of %s", quote(line.Text), ids[line.Name], line.Name), Recorded: expect.Short(s.agentID), Entry: s.entry.Seq}
				}
			}
		}
	}
	return nil
}

func (p *Player) idsDiffer(a, b string) error {
	ids := p.idsOf()
	if ids[a] == "" || ids[b] == "" || ids[a] == ids[b] {
		return &steps.Failure{Expected: fmt.Sprintf("an id for %s and another for %s", a, b), Recorded: expect.Short(ids)}
	}
	return nil
}

func (p *Player) messagesHaveShape() error {
	for _, s := range p.sayings() {
		if s.object == nil && s.text == "" {
			return &steps.Failure{Expected: "a non-empty string or an object", Recorded: expect.Clip(string(argumentsOf(s.entry))), Entry: s.entry.Seq}
		}
		if s.object == nil {
			continue
		}
		output, _ := s.object["output"].(map[string]any)
		if items, _ := output["generic"].([]any); len(items) == 0 {
			return &steps.Failure{Expected: "items in output.generic", Recorded: expect.Short(s.object), Entry: s.entry.Seq}
		}
	}
	return nil
}

// noViolationOf fails if a breach of that requirement was seen where it happened.
func (p *Player) noViolationOf(id, expected string) any {
	return func() error {
		if err := p.Rest(); err != nil {
			return err
		}
		if e, ok := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Violation && e.Requirement == id }); ok {
			return &steps.Failure{Requirements: []string{id}, Expected: expected, Recorded: orElse(e.Note, e.Name), Entry: e.Seq}
		}
		return nil
	}
}

// onlyKnownCallbacks fails what the scenario is about, beside CB-04, which is broken where the breach was recorded: in a chat without a part of the contract, to use that part is
// to break the requirement that says so.
func (p *Player) onlyKnownCallbacks() error {
	err := p.Rest()
	if e, ok := p.Journal.Find(0, func(e journal.Entry) bool { return e.Kind == journal.Violation && e.Requirement == "CB-04" }); ok && err == nil {
		return &steps.Failure{Expected: "only callbacks that the dialect knows", Recorded: orElse(e.Note, e.Name), Entry: e.Seq}
	}
	return err
}

func (p *Player) messageIDsDiffer() error {
	seen := map[string]bool{}
	for _, s := range p.sayings() {
		id, ok := s.object["id"].(string)
		if !ok || id == "" {
			continue
		}
		if seen[id] {
			return &steps.Failure{Expected: "an id for one message only", Recorded: "twice " + quote(id), Entry: s.entry.Seq}
		}
		seen[id] = true
	}
	return nil
}

func (p *Player) messageHolds(text string) error {
	all := p.sayings()
	last := all[len(all)-1]
	if !strings.Contains(last.words(), text) {
		return &steps.Failure{Expected: "a message with " + quote(text), Recorded: quote(expect.Clip(last.words())), Entry: last.entry.Seq}
	}
	if strings.Contains(last.text, "</") || strings.Contains(last.text, "<p>") || strings.Contains(last.text, "<img") || strings.Contains(last.text, "<script") || strings.Contains(last.text, "&amp;") {
		return &steps.Failure{Expected: "a message without markup", Recorded: quote(expect.Clip(last.text)), Entry: last.entry.Seq, Hint: "convert the desk's HTML to text or markdown"}
	}
	return nil
}

func (p *Player) nothingExecuted() error {
	if err := p.Rest(); err != nil {
		return err
	}
	if e, ok := p.Journal.Find(p.mark, func(e journal.Entry) bool { return e.Kind == journal.Dialog || e.Kind == journal.Popup }); ok {
		return &steps.Failure{Expected: "words, not a program", Recorded: fmt.Sprintf("%s %s", e.Kind, e.Name), Entry: e.Seq}
	}
	return nil
}

func (p *Player) callbacksOfNewInstance() error {
	if err := p.Rest(); err != nil {
		return err
	}
	settled, ok := p.Journal.Find(p.replaced, func(e journal.Entry) bool { return e.Kind == journal.Settled && e.Name == "factory" })
	if !ok {
		return &steps.Failure{Expected: "a second instance", Recorded: "none was built"}
	}
	want := instanceOf(settled)
	for _, e := range p.Journal.All(settled.Seq, func(e journal.Entry) bool { return e.Kind == journal.Callback }) {
		if instanceOf(e) != want {
			return &steps.Failure{Expected: "callbacks on the callback of the new instance", Recorded: e.Name + " on that of an older one", Entry: e.Seq}
		}
	}
	return nil
}

// instanceOf tells which call of the factory an entry belongs to, from 1.
func instanceOf(e journal.Entry) float64 {
	data, _ := expect.Decode(e.Data).(map[string]any)
	n, _ := data["instance"].(float64)
	return n
}
