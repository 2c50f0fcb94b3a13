package mockdesk

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// publishedUnder is where files of agents are in a wire that has no place for them.
const publishedUnder = "/desk-media/"

// outcome is what came of a request or a frame. The wire has the words for it.
type outcome struct {
	// name is one of the outcomes that the wire knows for the meaning, or a problem; status, title and detail go with a problem, a status of 0 being its usual one.
	name          string
	status        int
	title, detail string
	// result is what the desk has to say, by the names of the guide.
	result map[string]any
	// events are those that a poll brings.
	events []any
	// plain is an answer that is no business of the wire's: the bytes of a file.
	plain *wire.Reply
	// serve, ready and after are those of the reply.
	serve func(*exchange)
	ready func() bool
	after func()
}

func failed(p wire.Problem, title, detail string) outcome {
	return outcome{name: string(p), title: title, detail: detail}
}

func invalid(detail string) outcome {
	return failed(wire.Invalid, "The request is not as the wire describes it", detail)
}

func (x *exchange) unknown() outcome {
	detail := "Open it first."
	if how := x.wire.StartRoute(); how != "" {
		detail = "Open it first, with " + how + "."
	}
	return failed(wire.UnknownConversation, "There is no such conversation", detail)
}

func gone() outcome {
	return failed(wire.ConversationEnded, "The conversation is over", "It has ended, was withdrawn or has expired; open another one under a new id.")
}

// do is what the desk does with what it is asked; d.mu is held.
func (d *Desk) do(x *exchange) outcome {
	switch x.take.Means {
	case OpAvailability:
		return d.tellAvailability(x)
	case OpStart:
		return d.start(x)
	case OpMessage:
		return d.takeMessage(x)
	case OpAttachment:
		return d.takeAttachment(x)
	case OpScreen:
		return d.takeScreen(x)
	case OpEnd:
		return d.endByUser(x)
	case OpState:
		return d.tellState(x)
	case OpMedium:
		return d.serveMedium(x)
	case OpEvents:
		return d.events(x)
	case OpTyping:
		return d.takeTyping(x)
	case OpRead:
		return d.takeRead(x)
	case OpUser:
		return d.takeUser(x)
	case OpAcknowledge:
		return d.takeAcknowledgement(x)
	case OpNothing:
	}
	return outcome{name: "noted"}
}

// arrived notes a request whatever becomes of it; d.mu is held.
func (d *Desk) arrived(x *exchange) {
	switch x.take.Means {
	case OpAvailability:
		queue := ""
		if given, err := x.take.Given(x.scope); err == nil {
			queue = given.Text("queue")
		}
		d.queries = append(d.queries, Query{Queue: queue, At: d.clock.Now()})
		d.broadcast()
	case OpEnd:
		if d.find(x) == nil && x.c != nil {
			x.c.closures++
			d.broadcast()
		}
	default:
	}
}

// find looks up the conversation that a request or a frame is about; d.mu is held. The error is a sentence for the client.
func (d *Desk) find(x *exchange) error {
	if x.c != nil {
		return nil
	}
	if !x.take.NamesConversation() {
		if x.s != nil {
			x.c = x.s.c
		}
		x.know()
		return nil
	}
	var err error
	if x.by, x.called, err = x.take.About(x.scope); err != nil {
		return err
	}
	if x.by == "" {
		x.c = d.byID[x.called]
	} else {
		x.c = d.found[x.by][x.called]
	}
	x.know()
	return nil
}

// about is the id of the conversation that a request or a frame is about, as far as find could tell, empty for none.
func (x *exchange) about() string {
	switch {
	case x.c != nil:
		return x.c.id
	case x.by == "":
		return x.called
	}
	return ""
}

// operation is what the request or the frame means, empty as long as no route has taken it.
func (x *exchange) operation() string {
	if x.take == nil {
		return ""
	}
	return string(x.take.Means)
}

// know has expressions know the conversation.
func (x *exchange) know() {
	if x.c == nil {
		return
	}
	x.scope.Set("conversation", view{x.c})
	x.scope.Set("values", x.c.values)
}

// spent says whether the conversation that was named is not to be had any more; d.mu is held.
func (d *Desk) spent(x *exchange) bool {
	return x.by == "" && d.withdrawn[x.called] || x.c != nil && d.withdrawn[x.c.id]
}

// effect has the desk do what was asked, and words what came of it; d.mu is held.
func (d *Desk) effect(x *exchange) reply {
	o := d.mean(x)
	return d.word(x, o)
}

func (d *Desk) mean(x *exchange) outcome {
	if x.unread != nil {
		return invalid(sentence(x.unread))
	}
	if err := d.find(x); err != nil {
		return invalid(sentence(err))
	}
	var wrong error
	x.given, wrong = x.take.Given(x.scope)
	if wrong == nil && x.take.Means == OpMessage && strings.TrimSpace(x.given.Text("text")) == "" {
		d.blankLines++
	}
	if err := x.take.Check(x.scope); err != nil {
		return invalid(sentence(err))
	}
	if wrong != nil {
		return invalid(sentence(wrong))
	}
	return d.do(x)
}

// sentence makes one of an error for the client. One that begins with a place in a file stays as it is.
func sentence(err error) string {
	text := err.Error()
	word, _, _ := strings.Cut(text, " ")
	if first, size := utf8.DecodeRuneInString(text); !strings.ContainsAny(word, ".:/") {
		text = strings.ToUpper(string(first)) + text[size:]
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

// word has the wire word an outcome; d.mu is held.
func (d *Desk) word(x *exchange, o outcome) reply {
	rep := reply{serve: o.serve, ready: o.ready, after: o.after, problem: o.title != ""}
	if o.serve != nil {
		return rep
	}
	if o.plain != nil {
		rep.Reply = *o.plain
		return rep
	}
	x.know()
	x.scope.Set("title", o.title)
	x.scope.Set("detail", o.detail)
	x.scope.Set("result", o.result)
	if o.events != nil {
		x.scope.Set("events", o.events)
	}
	if x.c != nil {
		x.scope.Set("cursor", len(x.c.log))
	}
	if !rep.problem && x.c != nil {
		kept, err := x.take.Sets(x.scope)
		if err != nil {
			return x.broken(rep, err)
		}
		x.c.keepValues(kept)
	}
	said, words, err := x.take.Answer(x.scope, o.name, o.status)
	switch {
	case err != nil:
		return x.broken(rep, err)
	case words:
		rep.Reply = said
	case rep.problem:
		rep.Reply, rep.silent = wire.Plain(wire.Problem(o.name), o.status, o.title, o.detail), true
	default:
		rep.Reply, rep.silent = wire.Reply{Status: http.StatusOK}, true
	}
	return rep
}

// broken is the answer where the wire itself is at fault.
func (x *exchange) broken(rep reply, err error) reply {
	rep.note = "The wire " + x.wire.Name + " is at fault: " + err.Error()
	rep.Reply, rep.problem = wire.Plain(wire.Broken, 0, "The wire is at fault", sentence(err)), true
	return rep
}

// problem words a problem of a request that reached no meaning; d.mu is not held.
func (d *Desk) problem(x *exchange, p wire.Problem, title, detail string) reply {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.word(x, failed(p, title, detail))
}

func (d *Desk) tellAvailability(x *exchange) outcome {
	queue := x.given.Text("queue")
	status, set := d.queues[queue]
	if !set {
		status = d.availability
	}
	waiting := 0
	for _, c := range d.conversations {
		if c.state == Waiting && (queue == "" || c.queue == queue) {
			waiting++
		}
	}
	return outcome{name: "told", result: map[string]any{"status": string(status), "waiting": waiting}}
}

func (d *Desk) start(x *exchange) outcome {
	switch {
	case d.spent(x) || (x.c != nil && x.c.state == Ended):
		return gone()
	case x.c != nil && x.take.NamesConversation():
		return outcome{name: "open"}
	}
	c := &Conversation{
		desk: d, queue: x.given.Text("queue"), state: Waiting, openedAt: d.clock.Now(), uploads: d.uploads,
		user:   User{Name: x.given.Text("name"), ID: x.given.Text("user"), Session: x.given.Text("session"), Locale: x.given.Text("locale")},
		agents: map[string]map[string]any{}, keys: map[string]int{}, sockets: map[*socket]struct{}{}, streams: map[*stream]struct{}{},
	}
	if context := x.given.Value("context"); context != nil {
		c.context = journal.Payload(context)
	}
	if err := d.name(x, c); err != nil {
		return failed(wire.Broken, "The wire is at fault", sentence(err))
	}
	x.c = c
	d.byID[c.id] = c
	d.conversations = append(d.conversations, c)
	c.watch()
	if x.s != nil {
		x.s.bind(c, 0)
	}
	d.broadcast()
	return outcome{name: "opened"}
}

// name gives a new conversation its id and the values that are kept for it; d.mu is held.
func (d *Desk) name(x *exchange, c *Conversation) error {
	var err error
	if c.id = x.called; x.by != "" || c.id == "" {
		if c.id, err = x.wire.NewID(x.scope); err != nil {
			return err
		}
	}
	if c.id == "" || d.byID[c.id] != nil || d.withdrawn[c.id] {
		return fmt.Errorf("the id %q is no new one: the key id under conversation makes another each time, as with ${random(16)}", c.id)
	}
	x.scope.Set("conversation", view{c})
	kept, err := x.wire.Keeps(x.scope)
	if err != nil {
		return err
	}
	c.values = kept
	if x.by != "" && x.called != "" {
		c.values[x.by] = x.called
	}
	for _, by := range x.wire.FoundBy {
		value := fmt.Sprint(c.values[by])
		if d.found[by] == nil {
			d.found[by] = map[string]*Conversation{}
		}
		if d.found[by][value] != nil {
			return fmt.Errorf("another conversation is found by the %s %q already: it has to be another each time, as with ${random(16)}", by, value)
		}
		d.found[by][value] = c
	}
	return nil
}

func (d *Desk) tellState(x *exchange) outcome {
	switch {
	case d.spent(x) || (x.c != nil && x.c.state == Ended):
		return gone()
	case x.c == nil:
		return x.unknown()
	}
	return outcome{name: "told"}
}

func (d *Desk) endByUser(x *exchange) outcome {
	switch {
	case d.spent(x) || (x.c != nil && x.c.state == Ended):
		return gone()
	case x.c == nil && x.by == "" && x.called != "":
		// The request that opens it may still be on its way and must then find the door closed.
		d.withdrawn[x.called] = true
		return outcome{name: "withdrawn"}
	case x.c == nil:
		return x.unknown()
	}
	return x.c.userEnd(outcome{name: "ended"})
}

func (d *Desk) takeMessage(x *exchange) outcome {
	c, key := x.c, x.given.Text("key")
	switch {
	case d.spent(x):
		return gone()
	case c == nil:
		return x.unknown()
	}
	if cursor, stored := c.keys[key]; stored && key != "" {
		return outcome{name: "stored-already", result: map[string]any{"key": key, "cursor": cursor}}
	}
	if c.state == Ended {
		return gone()
	}
	if key == "" {
		// The dot keeps the desk's ids apart from those that clients may choose.
		key = fmt.Sprintf("u.%d", len(c.log)+1)
	}
	c.userTypes = false // Whoever has sent the line has stopped typing it.
	c.append("message", c.say(Line{Key: key, Role: RoleUser, Name: c.user.Name, Text: x.given.Text("text")}, "text"))
	c.keys[key] = len(c.log)
	return outcome{name: "stored", result: map[string]any{"key": key, "cursor": len(c.log)}}
}

// followed is the outcome for a conversation that cannot be followed any more, or not yet; d.mu is held.
func (d *Desk) followed(x *exchange) (o outcome, cannot bool) {
	switch {
	case d.spent(x):
		return gone(), true
	case x.c == nil:
		return x.unknown(), true
	}
	return o, false
}

func (d *Desk) takeTyping(x *exchange) outcome {
	if o, cannot := d.followed(x); cannot {
		return o
	}
	x.c.userTypes = x.given.Truth("typing") && x.c.state != Ended
	d.broadcast()
	return outcome{name: "noted"}
}

// upTo is a cursor that the client names, or what is wrong with it.
func (x *exchange) upTo(name string) (int, outcome, bool) {
	n, _ := x.given.Number(name)
	if n < 0 || n > len(x.c.log) {
		return 0, invalid(fmt.Sprintf("The %s must be a whole number from 0 to %d, the last cursor of this conversation.", x.given.Label(name), len(x.c.log))), false
	}
	return n, outcome{}, true
}

func (d *Desk) takeRead(x *exchange) outcome {
	if o, cannot := d.followed(x); cannot {
		return o
	}
	n, wrong, ok := x.upTo("upTo")
	if !ok {
		return wrong
	}
	x.c.userRead = max(x.c.userRead, n)
	d.broadcast()
	return outcome{name: "noted"}
}

func (d *Desk) takeAcknowledgement(x *exchange) outcome {
	if o, cannot := d.followed(x); cannot {
		return o
	}
	n, wrong, ok := x.upTo("upTo")
	if !ok {
		return wrong
	}
	x.c.acknowledged = max(x.c.acknowledged, n)
	d.broadcast()
	return outcome{name: "noted"}
}

func (d *Desk) takeUser(x *exchange) outcome {
	if o, cannot := d.followed(x); cannot {
		return o
	}
	// What is left out stays as it was.
	for name, field := range map[string]*string{"name": &x.c.user.Name, "user": &x.c.user.ID, "session": &x.c.user.Session, "locale": &x.c.user.Locale} {
		if x.given.Value(name) != nil {
			*field = x.given.Text(name)
		}
	}
	d.broadcast()
	return outcome{name: "noted"}
}

func (d *Desk) events(x *exchange) outcome {
	unbound := x.route != nil && x.route.Socket != nil && !x.take.NamesConversation()
	if unbound {
		return outcome{serve: d.upgrade}
	}
	if o, cannot := d.followed(x); cannot {
		return o
	}
	c := x.c
	after, wrong, ok := x.upTo("after")
	if !ok {
		return wrong
	}
	x.next = after
	switch {
	case x.s != nil:
		x.s.bind(c, after)
		return outcome{name: "events", events: []any{}}
	case x.route.Socket != nil:
		if wrong, refused := x.subprotocol(); refused {
			return wrong
		}
		cuts := c.cuts
		return outcome{serve: func(x *exchange) {
			x.cuts = cuts
			d.upgrade(x)
		}}
	case x.route.As == wire.SSE:
		s := d.stream(x)
		return outcome{serve: s.events, after: s.detach}
	}
	c.watch()
	found := c.framesFrom(after, x.route.Feed)
	if x.route.As == wire.LongPoll && len(found) == 0 && c.state != Ended {
		s := d.stream(x)
		return outcome{serve: s.poll, after: s.detach}
	}
	return outcome{name: "events", events: found}
}

// framesFrom are the frames of a feed after a cursor; d.mu is held.
func (c *Conversation) framesFrom(after, feed int) []any {
	found := []any{}
	for _, e := range c.log[after:] {
		for _, f := range e.frames {
			if f.Feed == feed {
				found = append(found, f.Value())
			}
		}
	}
	return found
}

// keepValues changes what the wire keeps for the conversation; d.mu is held.
func (c *Conversation) keepValues(kept map[string]any) { maps.Copy(c.values, kept) }

// view is a conversation as the expressions of a wire see it; d.mu is held while they run.
type view struct{ c *Conversation }

// Field implements wire.Object.
func (v view) Field(name string) any {
	c := v.c
	switch name {
	case "id":
		return c.id
	case "state":
		return string(c.state)
	case "queue":
		return c.queue
	case "cursor":
		return len(c.log)
	case "endedBy":
		return c.endedBy
	case "acknowledged":
		return c.acknowledged
	case "uploads":
		return c.uploads.fields()
	case "user":
		return map[string]any{"name": c.user.Name, "id": c.user.ID, "session": c.user.Session, "locale": c.user.Locale}
	case "agents":
		all := []any{}
		for _, id := range slices.Sorted(maps.Keys(c.agents)) {
			all = append(all, c.agents[id])
		}
		return all
	}
	return nil
}

// fields are the rules as events and expressions have them.
func (r UploadRules) fields() map[string]any {
	fields := map[string]any{"allowed": r.Allowed, "multiple": r.Multiple, "maxBytes": int(r.MaxBytes)}
	if r.Types != "" {
		fields["types"] = r.Types
	}
	if r.MaxFiles != 0 {
		fields["maxFiles"] = r.MaxFiles
	}
	return fields
}

// Wire is the protocol that the desk speaks now.
func (d *Desk) Wire() *wire.Wire {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.wire
}

// SetWire has the desk speak another wire from now on: with requests and sockets that come, and about events that happen. Sockets that are open go on as they began. The error says
// so if conversations could no longer be found by what they are known by.
func (d *Desk) SetWire(w *wire.Wire) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, by := range w.FoundBy {
		if d.found[by] == nil && len(d.conversations) > 0 {
			return fmt.Errorf("the wire %s finds conversations by %s, which is not known of those that are open: open the desk anew", w.Name, by)
		}
	}
	d.wire = w
	d.record(journal.Entry{Kind: journal.Act, From: journal.Kit, To: journal.Desk, Name: "wire", Note: "The desk speaks the wire " + w.Name + " from now on."}, time.Now(),
		map[string]string{"wire": w.Name})
	return nil
}

var _ wire.Encoder = (*eventView)(nil)

// eventView is an event's fields as the expressions of a wire see them.
type eventView struct {
	fields map[string]any
	raw    json.RawMessage
	parsed map[string]any
}

// Fields implements wire.Encoder.
func (v *eventView) Fields() []byte { return v.raw }

// Field implements wire.Object. Whatever is no plain value is taken from the event as it was encoded.
func (v *eventView) Field(name string) any {
	switch field := v.fields[name].(type) {
	case nil, string, bool, int:
		return field
	}
	if v.parsed == nil {
		body, err := wire.ReadBody(wire.JSONBody, v.raw)
		parsed, isObject := body.(map[string]any)
		if err != nil || !isObject {
			return nil
		}
		v.parsed = parsed
	}
	return v.parsed[name]
}
