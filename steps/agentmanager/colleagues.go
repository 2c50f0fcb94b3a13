package agentmanager

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/uimap"
)

// colleagueSteps are about several people who look after one customer: who is asked for, who listens, who goes.
var colleagueSteps = []definition{
	define(`(?P<person>\w+) gives (?P<person>\w+) advice about "([^"]*)"`, func(p *Player) any { return p.givesAdvice }, "The adviser is made ready and is consulted by the queue of their own."),
	define(`(?P<person>\w+) makes the consulted (?P<person>\w+) a full participant in "([^"]*)"`, func(p *Player) any { return p.promotes }),
	define(`(?P<person>\w+) tries to share "([^"]*)" with the queue "(?P<queue>[^"]*)"`, func(p *Player) any { return p.triesToShare }, "A desk that does not let it happen is as good as one that lets it have no effect."),
	define(`(?P<person>\w+) tries to type "([^"]*)" to "([^"]*)" without sending it`, func(p *Player) any { return p.triesToType }),
	define(`(?P<person>\w+) tries to monitor "([^"]*)"`, func(p *Player) any { return p.triesAbout("monitor") }),
	define(`(?P<person>\w+) looks at the desk`, func(p *Player) any { return p.looksAround }, "What is new is new since then."),
	define(`(?P<person>\w+)'s desk asks for the queue "(?P<queue>[^"]*)" with "([^"]*)"`, func(p *Player) any { return p.asksForQueue }, "A desk of 2023 may name the queue by its id."),
	define(`(?P<person>\w+)'s desk asks to barge in on "([^"]*)"`, func(p *Player) any { return p.asksToBargeIn }, "By any of the names that documents have for it."),
	define(`(?P<person>\w+)'s desk does not ask to barge in`, func(p *Player) any { return p.asksNotToBargeIn }),
	define(`(?P<person>\w+)'s desk names no task but the one that was handed over with "([^"]*)"`, func(p *Player) any { return p.namesNoOtherTask }, "The id of the task and of its CONSULT_TRANSFER media, joined by a colon."),
	define(`(?P<person>\w+)'s desk publishes "([^"]*)" as a whisper`, func(p *Player) any { return p.publishesWhisper }),
	define(`(?P<person>\w+)'s desk publishes "([^"]*)" as no answer to anything`, func(p *Player) any { return p.publishesNoAnswer }),
	define(`(?P<person>\w+) sees the conversation of "([^"]*)"`, func(p *Player) any { return p.seesConversation }),
	define(`(?P<person>\w+) does not see the conversation of "([^"]*)"`, func(p *Player) any { return p.seesNoConversation }),
	define(`(?P<person>\w+) sees something new`, func(p *Player) any { return p.seesNews }),
	define(`(?P<person>\w+) sees nothing new`, func(p *Player) any { return p.seesNoNews }),
	define(`(?P<person>\w+) can say "([^"]*)" to "([^"]*)"`, func(p *Player) any { return p.canSay }, "It fails where the desk does not let the person, or the customer does not receive it."),
	define(`(?P<person>\w+) can whisper "([^"]*)" about "([^"]*)"`, func(p *Player) any { return p.canWhisper }, "It fails where the desk does not let the person, or publishes no whisper."),
}

// givesAdvice has a colleague consulted who is alone in a queue.
func (p *Player) givesAdvice(adviser, name, customer string) error {
	queue := soloQueue(adviser)
	if queue == "" {
		return &steps.HarnessError{Doing: "consult " + adviser, Err: errors.New("no queue of the cast has this one member alone")}
	}
	for _, act := range []func() error{
		func() error { return p.made(adviser) },
		func() error { return p.consults(name, queue, customer) },
		func() error { return p.offered(adviser, customer) },
		func() error { return p.accepts(adviser, customer) },
	} {
		if err := act(); err != nil {
			return err
		}
	}
	return p.isIn(adviser, customer, agentmanager.RoleAssistant)
}

// soloQueue is a queue that a person alone works for, empty if there is none.
func soloQueue(name string) string {
	for _, q := range queuesOf {
		if slices.Equal(q.members, []string{name}) {
			return q.name
		}
	}
	return ""
}

func (p *Player) promotes(name, adviser, customer string) error {
	return p.with(name, "consult conference", customer, map[string]string{"agent": adviser, "agent name": fullName(adviser)})
}

// noWay says whether an error says that the desk did not let a person do something.
func noWay(err error) bool {
	_, none := errors.AsType[*uimap.NoElementError](err)
	return none
}

// triesWith is with, where the desk need not let it happen.
func (p *Player) triesWith(name, verb, customer string, values map[string]string) error {
	all, err := p.valuesOf(customer, values)
	if err != nil {
		return err
	}
	return p.attempts(name, verb, all)
}

func (p *Player) triesToShare(name, customer, queue string) error {
	return p.triesWith(name, "conference", customer, map[string]string{"queue": queue})
}

func (p *Player) triesToType(name, text, customer string) error {
	return p.triesWith(name, "type", customer, map[string]string{"text": text})
}

// must is with, where a desk that does not let it happen fails.
func (p *Player) must(name, verb, customer, text string) error {
	err := p.with(name, verb, customer, map[string]string{"text": text})
	if noWay(err) {
		return &steps.Failure{Expected: fmt.Sprintf("a desk that lets %s %s in the conversation of %s", name, verb, customer), Recorded: "it does not: " + err.Error()}
	}
	return err
}

func (p *Player) canSay(name, text, customer string) error {
	if err := p.must(name, "send text", customer, text); err != nil {
		return err
	}
	return p.hasReceived(customer, text)
}

func (p *Player) canWhisper(name, text, customer string) error {
	mark := p.Journal.Len()
	if err := p.must(name, "whisper", customer, text); err != nil {
		return err
	}
	s, err := p.working(name)
	if err != nil {
		return err
	}
	_, err = p.Await(mark, func(e journal.Entry) bool {
		return isFrom(s, "publishCimEvent")(e) && at(payload(e), "cimEvent", "name") == "WHISPER_MESSAGE"
	}, p.Deadlines.Event)
	return p.absent(err, "a WHISPER_MESSAGE from the desk of "+name, p.lately(s, mark))
}

// at is what a JSON value has at a path, nil if it has nothing there.
func at(value any, path ...string) any {
	for _, key := range path {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

func (p *Player) asksForQueue(name, queue, event string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	e, err := p.Await(p.mark, isFrom(s, event), p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: event + " from the desk of " + name, Recorded: p.lately(s, p.mark), Hint: p.trouble(s)}
	}
	if err != nil {
		return err
	}
	asked := payload(e)
	byName := at(asked, "queueName") == queue
	byID := p.stage.Dialect == agentmanager.Legacy2023 && at(asked, "queueId") == p.queueID(queue)
	if at(asked, "mode") == "queue" && (byName || byID) {
		return nil
	}
	return &steps.Failure{
		Expected: fmt.Sprintf("%s with the mode queue and the queueName %q", event, queue),
		Recorded: fmt.Sprintf("mode is %v, queueName %v, queueId %v", at(asked, "mode"), at(asked, "queueName"), at(asked, "queueId")), Entry: e.Seq,
	}
}

// queueID is the id of a queue of the cast.
func (p *Player) queueID(name string) string {
	if q := p.queues[name]; q != nil {
		return q.ID()
	}
	return ""
}

// bargeIns are the names that documents have for barging in, of which the manager takes each.
var bargeIns = []string{"JoinAsBargin", "JoinAsBargeIn", "joinAsBargeIn"}

func (p *Player) bargeIn(s *seat) journal.Match {
	return func(e journal.Entry) bool { return isFrom(s, "")(e) && slices.Contains(bargeIns, e.Name) }
}

func (p *Player) asksToBargeIn(name, customer string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	e, err := p.Await(p.mark, p.bargeIn(s), p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: bargeIns[0] + " from the desk of " + name, Recorded: p.lately(s, p.mark), Hint: p.trouble(s)}
	}
	if err != nil {
		return err
	}
	asked := payload(e)
	if at(asked, "participantId") != p.agent(name).ID() || at(asked, "conversationId") != c.conversation.ID() {
		return &steps.Failure{
			Expected: fmt.Sprintf("%s of the participant %s in the conversation %s", e.Name, p.agent(name).ID(), c.conversation.ID()),
			Recorded: fmt.Sprintf("participantId is %v, conversationId %v", at(asked, "participantId"), at(asked, "conversationId")), Entry: e.Seq,
		}
	}
	return nil
}

func (p *Player) asksNotToBargeIn(name string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	if err := p.Pass(p.Deadlines.Silence); err != nil {
		return err
	}
	if e, found := p.Journal.Find(p.mark, p.bargeIn(s)); found {
		return &steps.Failure{Expected: "no barging in before " + name + " does so", Recorded: "the desk has sent " + e.Name, Entry: e.Seq}
	}
	return nil
}

func (p *Player) namesNoOtherTask(name, customer string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	c, err := p.customer(customer)
	if err != nil {
		return err
	}
	task, err := handedOver(p.lastTo(s, "consulTransferRequestSuccess", c.conversation.ID()))
	if err != nil {
		return acts("find the task that was handed over", err)
	}
	if err := p.Pass(p.Deadlines.Silence); err != nil {
		return err
	}
	e, found := p.Journal.Find(p.mark, func(e journal.Entry) bool {
		id := at(payload(e), "taskId")
		return isFrom(s, "")(e) && id != nil && id != task
	})
	if found {
		return &steps.Failure{Expected: "no task but " + task, Recorded: fmt.Sprintf("%s names %v", e.Name, at(payload(e), "taskId")), Entry: e.Seq}
	}
	return nil
}

// handedOver is the id of the new task in a consulTransferRequestSuccess.
func handedOver(success any) (string, error) {
	media, _ := at(success, "newTask", "activeMedia").([]any)
	for _, m := range media {
		if at(m, "type", "direction") == string(agentmanager.ConsultTransfer) {
			return fmt.Sprintf("%v:%v", at(success, "newTask", "id"), at(m, "id")), nil
		}
	}
	return "", errors.New("the manager has told of none")
}

// published waits until a desk publishes a text.
func (p *Player) published(name, text string) (journal.Entry, error) {
	s, err := p.working(name)
	if err != nil {
		return journal.Entry{}, err
	}
	e, err := p.Await(p.mark, func(e journal.Entry) bool {
		return isFrom(s, "publishCimEvent")(e) && at(payload(e), "cimEvent", "data", "body", "markdownText") == text
	}, p.Deadlines.Event)
	return e, p.absent(err, fmt.Sprintf("publishCimEvent with %q from the desk of %s", text, name), p.lately(s, p.mark))
}

func (p *Player) publishesWhisper(name, text string) error {
	e, err := p.published(name, text)
	if err != nil {
		return err
	}
	event := at(payload(e), "cimEvent")
	if at(event, "name") == "WHISPER_MESSAGE" && at(event, "type") == "MESSAGE" {
		return nil
	}
	return &steps.Failure{
		// The manager has refused it for the role of its sender, which is another matter.
		Requirements: []string{"AM-MON-07"},
		Expected:     "the name WHISPER_MESSAGE and the type MESSAGE", Recorded: fmt.Sprintf("name is %v, type %v", at(event, "name"), at(event, "type")), Entry: e.Seq,
	}
}

func (p *Player) publishesNoAnswer(name, text string) error {
	e, err := p.published(name, text)
	if err != nil {
		return err
	}
	header := at(payload(e), "cimEvent", "data", "header")
	if original := at(header, "originalMessageId"); at(header, "intent") == "REPLY_TO" || original != nil && original != "" {
		return &steps.Failure{Expected: "a message that answers nothing", Recorded: fmt.Sprintf("intent is %v, originalMessageId %v", at(header, "intent"), original), Entry: e.Seq}
	}
	return nil
}

func (p *Player) seesConversation(name, customer string) error {
	return p.seesAmong(name, customer, "the conversation of ", func(n int) bool { return n > 0 })
}

func (p *Player) seesNoConversation(name, customer string) error {
	return p.seesAmong(name, customer, "no conversation of ", func(n int) bool { return n == 0 })
}

// seesAmong looks how often a customer is among the conversations that a person has.
func (p *Player) seesAmong(name, customer, expected string, fits func(n int) bool) error {
	who, err := p.offerOf(customer)
	if err != nil {
		return err
	}
	return p.sees(name, "conversations", nil, expected+who, func(found []string) bool { return fits(holding(found, who)) })
}

// wordsOf counts the words of texts. What has no letter is left out: times go on by themselves.
func wordsOf(texts []string) map[string]int {
	count := map[string]int{}
	for word := range strings.FieldsFuncSeq(strings.Join(texts, " "), func(r rune) bool { return !unicode.IsLetter(r) }) {
		count[word]++
	}
	return count
}

func (p *Player) looksAround(name string) error {
	found, err := p.looks(name, "text", nil)
	if err != nil {
		return err
	}
	p.seats[name].seen = wordsOf(found)
	return nil
}

// news are the words that a person sees oftener than before, in alphabetical order.
func (s *seat) news(found []string) []string {
	now := wordsOf(found)
	maps.DeleteFunc(now, func(word string, n int) bool { return n <= s.seen[word] })
	return slices.Sorted(maps.Keys(now))
}

// watched is the seat of a person who has looked at the desk before.
func (p *Player) watched(name string) (*seat, error) {
	s, err := p.working(name)
	if err == nil && s.seen == nil {
		err = &steps.HarnessError{Doing: "tell what is new", Err: fmt.Errorf("%s has not looked at the desk before: say so first", name)}
	}
	return s, err
}

func (p *Player) seesNews(name string) error {
	s, err := p.watched(name)
	if err != nil {
		return err
	}
	return p.sees(name, "text", nil, "words that were not there before", func(found []string) bool { return len(s.news(found)) > 0 })
}

func (p *Player) seesNoNews(name string) error {
	s, err := p.watched(name)
	if err != nil {
		return err
	}
	if err := p.Pass(p.Deadlines.Sight); err != nil {
		return err
	}
	found, err := p.looks(name, "text", nil)
	if err != nil {
		return err
	}
	if news := s.news(found); len(news) > 0 {
		return &steps.Failure{Expected: name + " to see nothing new", Recorded: "new are the words " + strings.Join(news, ", "), Hint: p.trouble(s)}
	}
	return nil
}
