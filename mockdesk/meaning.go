package mockdesk

import (
	"fmt"
	"net/http"
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
	// result gives what the desk has to say, by the names of the guide; nil for nothing. Many wires have no words for it.
	result func() map[string]any
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
		if most := d.bounds.Ended; most > 0 && len(d.queries) > most {
			d.queries = d.queries[1:]
		}
		d.broadcast()
	case OpEnd:
		if d.find(x) == nil && x.c != nil {
			x.c.closures++
			d.touch(x.c, true)
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

// lookUp finds the conversation as find does, and reads back what is not in memory of it; d.mu is held, and given up meanwhile. What is wrong with what is named, or keeps the
// conversation from being read, is told when the request or the frame is answered.
func (d *Desk) lookUp(x *exchange) {
	if d.find(x) == nil && x.c != nil {
		x.unreadable = d.fetch(x.c)
	}
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
	if x.unreadable != nil {
		return failed(wire.Broken, "The desk cannot read what it has saved", sentence(x.unreadable))
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
	rep := reply{serve: o.serve, ready: o.ready, after: o.after, problem: o.title != "", mark: d.saving.changes}
	if o.serve != nil {
		return rep
	}
	if o.plain != nil {
		rep.Reply = *o.plain
		return rep
	}
	if !x.take.Speaks(o.name) {
		rep.Reply, rep.silent = unsaid(o, rep.problem), true
		return rep
	}
	x.know()
	x.scope.Set("title", o.title)
	x.scope.Set("detail", o.detail)
	if o.result != nil {
		x.scope.Set("result", o.result())
	}
	if o.events != nil {
		x.scope.Set("events", o.events)
	}
	if x.c != nil {
		x.scope.Set("cursor", x.c.log.length)
	}
	if !rep.problem && x.c != nil {
		kept, err := x.take.Sets(x.scope)
		if err != nil {
			return x.broken(rep, err)
		}
		x.c.keepValues(kept)
		rep.mark = d.saving.changes
	}
	said, words, err := x.take.Answer(x.scope, o.name, o.status)
	switch {
	case err != nil:
		return x.broken(rep, err)
	case words:
		rep.Reply = said
	default:
		rep.Reply, rep.silent = unsaid(o, rep.problem), true
	}
	return rep
}

// unsaid is the answer where the wire has no words for an outcome.
func unsaid(o outcome, problem bool) wire.Reply {
	if problem {
		return wire.Plain(wire.Problem(o.name), o.status, o.title, o.detail)
	}
	return wire.Reply{Status: http.StatusOK}
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
