package wire

import (
	"slices"
	"strings"
)

// Offered is a route or a frame of a wire, as a table shows it.
type Offered struct {
	// On is the route, or the frame with the path of its socket.
	On string
	// Means is what it means, As how events are handed out, empty for anything else.
	Means Meaning
	As    string
	// Unanswered are the outcomes of success for which the wire has no words: a request is answered 200 with nothing in it, a frame not at all.
	Unanswered []string
}

// Offer is what a wire has, and what it has not.
type Offer struct {
	// Takes are the routes and frames, in the order of the file.
	Takes []Offered
	// Told are the events that go out, Silent those that the file says are not told.
	Told, Silent []string
	// NoMeanings are the meanings that nothing maps to, NoEvents the events that the file has no words for.
	NoMeanings []Meaning
	NoEvents   []string
}

// Offer sums the wire up.
func (w *Wire) Offer() Offer {
	var o Offer
	meant := map[Meaning]bool{}
	add := func(t *Take, on, as string) {
		meant[t.Means] = true
		one := Offered{On: on, Means: t.Means, As: as}
		for _, outcome := range grammars[t.Means].outcomes {
			if !t.Answers(outcome) && t.comesTo(outcome) && as != string(SSE) && as != "socket" {
				one.Unanswered = append(one.Unanswered, outcome)
			}
		}
		o.Takes = append(o.Takes, one)
	}
	for _, r := range w.Routes {
		as := ""
		switch {
		case r.Socket != nil:
			as = "socket"
		case r.Means == Events:
			as = string(r.As)
		}
		add(&r.Take, r.On(), as)
		if r.Socket == nil {
			continue
		}
		for _, t := range r.Socket.takes {
			add(t, strings.TrimPrefix(r.On(), SocketMethod+" ")+" › "+t.Name, "")
		}
	}
	for _, m := range Meanings() {
		if !meant[m] {
			o.NoMeanings = append(o.NoMeanings, m)
		}
	}
	for _, name := range EventTypes() {
		switch w.Speaks(name) {
		case Told:
			o.Told = append(o.Told, name)
		case Silent:
			o.Silent = append(o.Silent, name)
		case NoWords:
			o.NoEvents = append(o.NoEvents, name)
		}
	}
	return o
}

// comesTo says whether a success may come to an outcome that the wire would have to word.
func (t *Take) comesTo(outcome string) bool {
	switch outcome {
	case "open": // of one that can be named
		return t.about != nil
	case "withdrawn": // of an id that was never heard of
		return t.about != nil && t.about.by == ""
	case "stored-already": // under a key
		return t.gives["key"] != nil
	case "served", "nothing": // the file itself; what events answers will do
		return false
	}
	return true
}

// need is what a part of a contract asks of a wire.
type need struct {
	meanings []Meaning
	events   []string
}

// needs says what the scenarios of a capability of ai-chat cannot do without. What is not named needs no more than core does.
var needs = map[string]need{
	"core":      {meanings: []Meaning{Start, Message, End, Events}, events: []string{"agent.joined", "agent.left", "message", "conversation.ended"}},
	"avail":     {meanings: []Meaning{Availability}},
	"banner":    {events: []string{"queue.updated"}},
	"files":     {meanings: []Meaning{Attachment}, events: []string{"attachment.checked", "uploads.changed"}},
	"read":      {meanings: []Meaning{Read}, events: []string{"messages.read"}},
	"reconnect": {meanings: []Meaning{State}},
	"screen":    {meanings: []Meaning{Screen}, events: []string{"screen.requested", "screen.withdrawn", "screen.stopped"}},
	"state":     {meanings: []Meaning{User}},
	"transfer":  {events: []string{"agent.transferring", "transfer.failed"}},
	"typing":    {meanings: []Meaning{Typing}, events: []string{"agent.typing"}},
}

// Lacks are the meanings and events that the scenarios of a capability of ai-chat need and that the wire does not have, none if the capability can be tested.
func (o Offer) Lacks(capability string) []string {
	var lacking []string
	for _, m := range needs[capability].meanings {
		if slices.Contains(o.NoMeanings, m) {
			lacking = append(lacking, string(m))
		}
	}
	for _, e := range needs[capability].events {
		if !slices.Contains(o.Told, e) {
			lacking = append(lacking, e)
		}
	}
	return lacking
}
