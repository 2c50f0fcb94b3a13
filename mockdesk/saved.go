package mockdesk

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/packed"
	"deskcheck/mockdesk/wire"
)

// savedDesk is the state of the desk itself. Availability, rules for files and the wire are whoever's who sets them.
type savedDesk struct {
	// Serial numbers the sockets, Opened the conversations.
	Serial int          `json:"serial"`
	Opened int          `json:"opened"`
	Faults fault.Memory `json:"faults"`
}

// savedConversation is a conversation without its events; or, with nothing but Withdrawn, an id that was withdrawn before it was opened.
type savedConversation struct {
	Queue        string                    `json:"queue,omitempty"`
	Context      json.RawMessage           `json:"context,omitempty"`
	User         User                      `json:"user,omitzero"`
	OpenedAt     time.Time                 `json:"openedAt,omitzero"`
	EndedAt      time.Time                 `json:"endedAt,omitzero"`
	State        State                     `json:"state,omitempty"`
	EndedBy      string                    `json:"endedBy,omitempty"`
	Echo         EchoMode                  `json:"echo,omitempty"`
	Owed         bool                      `json:"owed,omitempty"`
	Closures     int                       `json:"closures,omitempty"`
	Agents       map[string]map[string]any `json:"agents,omitempty"`
	TransferFrom *Agent                    `json:"transferFrom,omitempty"`
	UserRead     int                       `json:"userRead,omitempty"`
	Acknowledged int                       `json:"acknowledged,omitempty"`
	Uploads      UploadRules               `json:"uploads,omitzero"`
	Attachments  []Attachment              `json:"attachments,omitempty"`
	Screens      []*Screen                 `json:"screens,omitempty"`
	Values       map[string]any            `json:"values,omitempty"`
	Lines        int                       `json:"lines,omitempty"`
	Withdrawn    bool                      `json:"withdrawn,omitempty"`
}

// The fields of an event that is saved: what clients are told of it, each frame by itself, and the line that was said if one was.
const (
	savedFrame = iota + 1
	savedLine
)

// The fields of a line that is saved; its cursor is that of its event.
const (
	lineKey = iota + 1
	lineRole
	lineAgent
	lineName
	lineText
	lineAt
)

// encode puts the state, if there is one, and the events that are new into a record.
func (c *Changes) encode(r *Record, state *savedConversation, log rest[kept], lines rest[Line]) error {
	var err error
	if state != nil {
		if r.State, err = json.Marshal(state); err != nil {
			return err
		}
	}
	if log.first == log.length {
		return nil
	}
	first := len(c.events)
	for k := range log.all() {
		began := len(c.bodies)
		for _, f := range k.frames {
			c.piece = f.Append(c.piece[:0])
			c.bodies = packed.Bytes(c.bodies, savedFrame, c.piece)
		}
		if lines.first < lines.length && lines.at(lines.first).Cursor == k.cursor {
			if c.piece, err = lines.at(lines.first).append(c.piece[:0]); err != nil {
				return err
			}
			c.bodies = packed.Bytes(c.bodies, savedLine, c.piece)
			lines.first++
		}
		// What was put into room that has grown since stays where it was.
		c.events = append(c.events, SavedEvent{Cursor: k.cursor, Name: k.name, Body: c.bodies[began:len(c.bodies):len(c.bodies)]})
	}
	r.Events = c.events[first:len(c.events):len(c.events)]
	return nil
}

// append writes the line down.
func (l Line) append(dst []byte) ([]byte, error) {
	dst = packed.Text(dst, lineKey, l.Key)
	dst = packed.Text(dst, lineRole, l.Role)
	dst = packed.Text(dst, lineAgent, l.AgentID)
	dst = packed.Text(dst, lineName, l.Name)
	dst = packed.Text(dst, lineText, l.Text)
	var room [16]byte // more than a moment takes
	at, err := l.At.AppendBinary(room[:0])
	return packed.Bytes(dst, lineAt, at), err
}

// readLine reads what append has written.
func readLine(raw []byte) (l Line, err error) {
	for f, err := range packed.Fields(raw) {
		if err != nil {
			return l, err
		}
		switch f.Number {
		case lineKey:
			l.Key = f.Text()
		case lineRole:
			l.Role = f.Text()
		case lineAgent:
			l.AgentID = f.Text()
		case lineName:
			l.Name = f.Text()
		case lineText:
			l.Text = f.Text()
		case lineAt:
			if err := l.At.UnmarshalBinary(f.Bytes); err != nil {
				return l, err
			}
		}
	}
	return l, nil
}

// decode reads what the event says: the frames, and the line if there is one.
func (e SavedEvent) decode() (frames []wire.Frame, line *Line, err error) {
	for f, err := range packed.Fields(e.Body) {
		if err != nil {
			return nil, nil, err
		}
		switch f.Number {
		case savedFrame:
			frame, err := wire.ReadFrame(f.Bytes)
			if err != nil {
				return nil, nil, err
			}
			frames = append(frames, frame)
		case savedLine:
			said, err := readLine(f.Bytes)
			if err != nil {
				return nil, nil, err
			}
			said.Cursor, line = e.Cursor, &said
		}
	}
	return frames, line, nil
}

// decode gives the state of a record.
func (r Record) decode() (*savedConversation, error) {
	s := &savedConversation{}
	if err := json.Unmarshal(r.State, s); err != nil {
		return nil, fmt.Errorf("the conversation %s is not as a desk saves it: %w", r.ID, err)
	}
	if s.Values == nil {
		return s, nil
	}
	// Expressions tell whole numbers from others.
	var raw struct {
		Values json.RawMessage `json:"values"`
	}
	if err := json.Unmarshal(r.State, &raw); err != nil {
		return nil, err
	}
	values, err := wire.ReadBody(wire.JSONBody, raw.Values)
	s.Values, _ = values.(map[string]any) // It was read as one before.
	return s, err
}

// recallEvents puts the events of a record into the conversation; d.mu is held, or nobody knows of the desk yet.
func (c *Conversation) recallEvents(events []SavedEvent) error {
	c.log, c.lines, c.keys = series[kept]{}, series[Line]{}, map[string]int{}
	for i, saved := range events {
		frames, line, err := saved.decode()
		if err != nil {
			return fmt.Errorf("event %d of the conversation %s is not as a desk saves it: %w", saved.Cursor, c.id, err)
		}
		if saved.Cursor != i+1 {
			return fmt.Errorf("event %d of the conversation %s is missing", i+1, c.id)
		}
		c.log.add(kept{name: saved.Name, cursor: saved.Cursor, frames: frames})
		if line == nil {
			continue
		}
		c.lines.add(*line)
		if line.Role == RoleUser && line.Key != ownKey(line.Cursor) {
			c.keys[line.Key] = line.Cursor
		}
	}
	c.taken = c.log.length
	return nil
}

// Restore has a desk that nobody uses yet go on where another was: with the state that Changes gave last, and with all conversations that are not forgotten, those that have
// not ended with their events. The time after which a conversation counts as abandoned begins anew. The error says what is not as a desk saves it.
func (d *Desk) Restore(state json.RawMessage, records []Record, media []SavedMedium) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var itself savedDesk
	if len(state) > 0 {
		if err := json.Unmarshal(state, &itself); err != nil {
			return fmt.Errorf("the desk is not as it is saved: %w", err)
		}
	}
	if err := d.plan.Recall(itself.Faults); err != nil {
		return fmt.Errorf("the faults are not as a desk saves them: %w", err)
	}
	d.serial, d.opened, d.saving.plan = itself.Serial, itself.Opened, d.plan.Changes()
	for _, m := range media {
		d.media[m.ID] = medium{m.Type, m.Content}
	}
	slices.SortFunc(records, func(a, b Record) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	for _, r := range records {
		s, err := r.decode()
		if err != nil {
			return err
		}
		if err := d.recall(r, s); err != nil {
			return err
		}
	}
	slices.SortFunc(d.shelved, func(a, b *Conversation) int { return a.endedAt.Compare(b.endedAt) })
	d.trim()
	return nil
}

// recall puts a conversation into the desk's books; d.mu is held.
func (d *Desk) recall(r Record, s *savedConversation) error {
	d.opened = max(d.opened, r.Ordinal)
	if s.Withdrawn {
		d.withdrawn[r.ID] = true
	}
	if s.State == "" {
		d.withdrawals = append(d.withdrawals, r.ID)
		return nil
	}
	c := &Conversation{
		desk: d, id: r.ID, ordinal: r.Ordinal, queue: s.Queue, user: s.User, openedAt: s.OpenedAt, endedAt: s.EndedAt, state: s.State, endedBy: s.EndedBy, echo: s.Echo, owed: s.Owed,
		closures: s.Closures, agents: s.Agents, transferFrom: s.TransferFrom, userRead: s.UserRead, acknowledged: s.Acknowledged, uploads: s.Uploads, values: s.Values, note: r.Note,
	}
	if c.agents == nil {
		c.agents = map[string]map[string]any{}
	}
	if c.values == nil {
		c.values = map[string]any{}
	}
	d.byID[c.id] = c
	d.conversations = append(d.conversations, c)
	for _, by := range d.wire.FoundBy {
		if value, known := c.values[by]; known {
			d.found[by][fmt.Sprint(value)] = c
		}
	}
	if r.Over && !c.owed {
		c.shelf = &shelf{lines: s.Lines}
		d.shelved = append(d.shelved, c)
		return nil
	}
	c.take(s)
	if err := c.recallEvents(r.Events); err != nil {
		return err
	}
	if c.owed {
		// The process ended after the user's end and before the client was told of it.
		c.tellEnd()
		d.ended = append(d.ended, c)
		return nil
	}
	c.watch()
	if c.note == nil {
		d.arrive(c)
	}
	return nil
}

// take takes what a conversation does not have while it is shelved.
func (c *Conversation) take(s *savedConversation) {
	c.context, c.attachments, c.screens = s.Context, s.Attachments, s.Screens
}
