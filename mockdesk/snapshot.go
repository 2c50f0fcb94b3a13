package mockdesk

import (
	"encoding/json"
	"slices"
	"sort"
	"strings"
	"time"

	"deskcheck/mockdesk/wire"
)

// Profile is an agent as the wire presents them.
type Profile struct {
	// ID and Name are who it is; AvatarURL is where a picture is, empty for none.
	ID, Name, AvatarURL string
}

// Snapshot is a conversation at one moment.
type Snapshot struct {
	// ID, Queue, Context, User, State and EndedBy are as the methods of Conversation with these names give them.
	ID      string
	Queue   string
	Context json.RawMessage
	User    User
	State   State
	EndedBy string
	// OpenedAt is when the desk took the request, by its clock.
	OpenedAt time.Time
	// Agents are those who are in it, by id.
	Agents []Profile
	// TransferringFrom is the id of the agent who is handing the user over, empty while nobody is.
	TransferringFrom string
	// UserTypes, UserRead, Sockets, Closures and Uploads are as the methods of these names give them.
	UserTypes bool
	UserRead  int
	Sockets   int
	Closures  int
	Uploads   UploadRules
	// Lines is how many lines were said; LastLine is the last of them, nil if there is none.
	Lines    int
	LastLine *Line
	// Attachments are the files that the user has sent.
	Attachments []Attachment
}

// Snapshot is the conversation as it is now.
func (c *Conversation) Snapshot() Snapshot {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	s := Snapshot{
		ID: c.id, Queue: c.queue, Context: slices.Clone(c.context), User: c.user, State: c.state, EndedBy: c.endedBy, OpenedAt: c.openedAt,
		UserTypes: c.userTypes, UserRead: c.userRead, Sockets: len(c.sockets), Closures: c.closures, Uploads: c.uploads,
		Lines: c.lineCount(), Attachments: slices.Clone(c.attachments), Agents: c.profiles(),
	}
	if c.transferFrom != nil {
		s.TransferringFrom = c.transferFrom.ID
	}
	if n := c.lines.length; n > 0 {
		last := *c.lines.at(n - 1)
		s.LastLine = &last
	}
	return s
}

// Agents are those who are in the conversation, by id.
func (c *Conversation) Agents() []Profile {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	return c.profiles()
}

// OnlyAgent is the id of the agent who is in the conversation, empty if nobody is; another is the id of one more, empty unless there are several.
func (c *Conversation) OnlyAgent() (id, another string) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	if len(c.agents) > 1 {
		all := c.profiles()
		return all[0].ID, all[1].ID
	}
	for id = range c.agents {
		break
	}
	return id, ""
}

// profiles is Agents with the desk's lock held.
func (c *Conversation) profiles() []Profile {
	if len(c.agents) == 0 {
		return nil
	}
	all := make([]Profile, 0, len(c.agents))
	for id, profile := range c.agents {
		p := Profile{ID: id}
		p.Name, _ = profile["name"].(string)
		p.AvatarURL, _ = profile["avatarUrl"].(string)
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Profile) int { return strings.Compare(a.ID, b.ID) })
	return all
}

// OnUser has f called whenever the user has said a line, and when the conversation ends, in place of what was given before; nil calls nothing. The desk is locked, so f must neither
// block nor call it. turn says that what OnTurn was given is called next, so that f need wake nobody. What happened before is not told.
func (c *Conversation) OnUser(f func(turn bool)) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	c.onUser = f
}

// tellOfUser calls what OnUser was given; the desk's lock is held. x is the exchange in which the user has said something, nil for none.
func (c *Conversation) tellOfUser(x *exchange) {
	if c.onUser == nil {
		return
	}
	turn := x != nil && x.turns
	if turn {
		x.heard = true
	}
	c.onUser(turn)
}

// OnTurn has f called after frames in which users have said something, without a lock, by whoever has done them: who answers there and then needs no other to have its turn first. Several
// may call f at once. It is to return soon, since no other frame is done meanwhile, and must not wait for one.
func (d *Desk) OnTurn(f func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.onTurn = f
}

// Hearing is what there is to hear in a conversation at one moment.
type Hearing struct {
	// Line is the first line of the user; Said says that there is one.
	Line Line
	Said bool
	// More says that others follow it, Ended that the conversation is over.
	More, Ended bool
}

// Hear gives what there is to hear after the cursor. Whatever comes later is told to whom OnUser was given.
func (c *Conversation) Hear(cursor int) Hearing {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	h := Hearing{Ended: c.state == Ended}
	for l := range c.lines.from(c.linesUpTo(cursor)) {
		switch {
		case l.Role != RoleUser:
		case h.Said:
			h.More = true
			return h
		default:
			h.Line, h.Said = *l, true
		}
	}
	return h
}

// fewNew is how many lines those who follow a conversation have not seen yet at most, nearly always.
const fewNew = 4

// linesUpTo is how many lines have a cursor up to the given one; the desk's lock is held. Looking at the last of the lines first spares those who follow a conversation the way through all of
// it.
func (c *Conversation) linesUpTo(cursor int) int {
	all := c.lines.length
	for n := all; n >= max(all-fewNew, 0); n-- {
		if n == 0 || c.lines.at(n-1).Cursor <= cursor {
			return n
		}
	}
	return sort.Search(all, func(i int) bool { return c.lines.at(i).Cursor > cursor })
}

// LinesAfter are the lines with a cursor above the given one, at most limit of them, and whether there are more.
func (c *Conversation) LinesAfter(cursor, limit int) (lines []Line, more bool) {
	c.desk.mu.Lock()
	defer c.desk.mu.Unlock()
	first := c.linesUpTo(cursor)
	end := first + min(limit, c.lines.length-first)
	return c.lines.list(first, end), end < c.lines.length
}

// Operations are all operations that have reactions, by name.
func Operations() []Operation {
	return slices.DeleteFunc(wire.Meanings(), func(m wire.Meaning) bool { return m == OpNothing })
}
