package mockdesk

import (
	"fmt"
	"maps"
	"strconv"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

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
	return outcome{name: "told", result: func() map[string]any { return map[string]any{"status": string(status), "waiting": waiting} }}
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
		agents: map[string]map[string]any{}, keys: map[string]int{},
	}
	if context := x.given.Value("context"); context != nil {
		c.context = journal.Payload(context)
	}
	if err := d.name(x, c); err != nil {
		return failed(wire.Broken, "The wire is at fault", sentence(err))
	}
	x.c = c
	d.opened++
	c.ordinal = d.opened
	d.byID[c.id] = c
	d.conversations = append(d.conversations, c)
	d.arrive(c)
	d.touch(c, true)
	c.watch()
	if x.s != nil {
		x.s.bind(c, 0)
	}
	d.arriving.tell()
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
		d.withdraw(x.called)
		return outcome{name: "withdrawn"}
	case x.c == nil:
		return x.unknown()
	}
	return x.c.userEnd(outcome{name: "ended"})
}

// ownKey is what the desk calls a line for which the client has chosen no key, by the cursor. The dot keeps it apart from what clients choose, as most of them do.
func ownKey(cursor int) string { return "u." + strconv.Itoa(cursor) }

func (d *Desk) takeMessage(x *exchange) outcome {
	c, key := x.c, x.given.Text("key")
	switch {
	case d.spent(x):
		return gone()
	case c == nil:
		return x.unknown()
	}
	chosen := key != "" // One that the desk chooses is never asked for again.
	if chosen {
		if cursor, stored := c.keys[key]; stored {
			return outcome{name: "stored-already", result: func() map[string]any { return map[string]any{"key": key, "cursor": cursor} }}
		}
	}
	if c.state == Ended {
		return gone()
	}
	if !chosen {
		key = ownKey(c.log.length + 1)
	}
	c.userTypes = false // Whoever has sent the line has stopped typing it.
	c.append("message", c.say(Line{Key: key, Role: RoleUser, Name: c.user.Name, Text: x.given.Text("text")}, "text"))
	if chosen {
		c.keys[key] = c.log.length
	}
	c.tellOfUser(x)
	cursor := c.log.length
	return outcome{name: "stored", result: func() map[string]any { return map[string]any{"key": key, "cursor": cursor} }}
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
	if n < 0 || n > x.c.log.length {
		return 0, invalid(fmt.Sprintf("The %s must be a whole number from 0 to %d, the last cursor of this conversation.", x.given.Label(name), x.c.log.length)), false
	}
	return n, outcome{}, true
}

func (d *Desk) takeRead(x *exchange) outcome {
	return d.takeCursor(x, func(c *Conversation) *int { return &c.userRead })
}

func (d *Desk) takeAcknowledgement(x *exchange) outcome {
	return d.takeCursor(x, func(c *Conversation) *int { return &c.acknowledged })
}

// takeCursor notes how far the client says that something has come; it never goes back.
func (d *Desk) takeCursor(x *exchange, of func(*Conversation) *int) outcome {
	if o, cannot := d.followed(x); cannot {
		return o
	}
	n, wrong, ok := x.upTo("upTo")
	if !ok {
		return wrong
	}
	at := of(x.c)
	*at = max(*at, n)
	d.touch(x.c, true)
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
	d.touch(x.c, true)
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
	for e := range c.log.from(after) {
		for _, f := range e.frames {
			if f.Feed == feed {
				found = append(found, f.Value())
			}
		}
	}
	return found
}

// keepValues changes what the wire keeps for the conversation; d.mu is held.
func (c *Conversation) keepValues(kept map[string]any) {
	if len(kept) > 0 {
		maps.Copy(c.values, kept)
		c.desk.touch(c, true)
	}
}
