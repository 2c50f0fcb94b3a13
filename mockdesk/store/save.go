package store

import "encoding/json"

// gathered are the changes of one tenant that one transaction keeps.
type gathered struct {
	dropped bool
	state   json.RawMessage
	// parts and entries are as a row has them; first and last are the numbers of the first and the last entry, 0 if there is none.
	parts, entries []byte
	first, last    int
	media          []Medium
	oldest         int
}

// clear makes it empty, and keeps its room.
func (g *gathered) clear() {
	*g = gathered{parts: g.parts[:0], entries: g.entries[:0]}
}

// add adds what came later; room is for use on the way.
func (g *gathered) add(c Change, room *writing) {
	if c.Dropped {
		g.clear()
		g.dropped = true
	}
	if c.State != nil {
		g.state = c.State
	}
	for _, id := range c.Forgotten {
		g.addPart(id, part{forgotten: true}, room)
	}
	events := c.Events
	for _, one := range c.Conversations {
		p := part{ordinal: one.Ordinal, over: one.Over, state: one.State, note: one.Note}
		if len(events) > 0 && events[0].Conversation == one.ID {
			events = p.take(events, room)
		}
		g.addPart(one.ID, p, room)
	}
	for len(events) > 0 {
		of, p := events[0].Conversation, part{}
		events = p.take(events, room)
		g.addPart(of, p, room)
	}
	g.media = append(g.media, c.Media...)
	for _, e := range c.Entries {
		if g.first == 0 {
			g.first = e.Seq
		}
		g.entries, g.last = appendEntry(g.entries, e), e.Seq
	}
	g.oldest = max(g.oldest, c.Oldest)
}

// writing is room that is used again and again: there are many changes a second, and they are large.
type writing struct {
	events, part []byte
	unused       []*gathered
}

// gathered gives an empty one.
func (w *writing) gathered() *gathered {
	last := len(w.unused) - 1
	if last < 0 {
		return &gathered{}
	}
	g := w.unused[last]
	w.unused = w.unused[:last]
	return g
}

// mostUnused is how many are kept for later, mostRoom how much room each may have, in bytes.
const (
	mostUnused = 4
	mostRoom   = 1 << 20
)

// done takes one back that is saved.
func (w *writing) done(g *gathered) {
	if len(w.unused) < mostUnused && cap(g.parts)+cap(g.entries) <= mostRoom {
		g.clear()
		w.unused = append(w.unused, g)
	}
}

// take takes those events over that are of the same conversation as the first, which are valid until the next time, and returns the others.
func (p *part) take(events []Event, room *writing) []Event {
	n := 0
	for room.events = room.events[:0]; n < len(events) && events[n].Conversation == events[0].Conversation; n++ {
		room.events = appendEvent(room.events, events[n])
	}
	p.first, p.events = events[0].Cursor, room.events
	return events[n:]
}

func (g *gathered) addPart(id string, p part, room *writing) {
	g.parts, room.part = p.append(g.parts, room.part, id)
}

// save is called by the goroutine that writes.
func (g *gathered) save(w *writer, tenant string, l *log) error {
	if g.dropped {
		if err := l.drop(w, tenant); err != nil {
			return err
		}
	}
	if g.state != nil {
		if err := w.exec("INSERT INTO tenant (name, state) VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state", tenant, []byte(g.state)); err != nil {
			return err
		}
	}
	for _, m := range g.media {
		if err := w.exec("INSERT INTO medium (tenant, id, type, content) VALUES (?, ?, ?, ?)", tenant, m.ID, m.Type, m.Content); err != nil {
			return err
		}
	}
	return l.write(w, tenant, g)
}
