package tenant

import (
	"strconv"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
)

// ConversationQuery says which conversations are listed.
type ConversationQuery struct {
	// State and Queue are what they must be; empty is any.
	State, Queue string
	// Newest lists the newest first.
	Newest bool
	// Cursor is where the page before ended, empty for the first page; Limit is how many at most.
	Cursor string
	Limit  int
}

// Conversations lists conversations. The error is an *api.Refusal.
func (t *Tenant) Conversations(q ConversationQuery) (api.ConversationPage, error) {
	all := t.desk.Conversations()
	// The cursor counts the conversations from the oldest: they keep their places, whatever arrives.
	from := 0
	if q.Newest {
		from = len(all)
	}
	if q.Cursor != "" {
		at, err := strconv.Atoi(q.Cursor)
		if err != nil || at < 0 || at > len(all) {
			return api.ConversationPage{}, api.Refuse(api.Invalid, "cursor: expected what the page before gave as its next, found %q", q.Cursor)
		}
		from = at
	}
	page := api.ConversationPage{Conversations: []api.ConversationSummary{}}
	for at := from; ; {
		if q.Newest && at == 0 || !q.Newest && at == len(all) {
			return page, nil
		}
		next, index := at+1, at
		if q.Newest {
			next, index = at-1, at-1
		}
		s := all[index].Snapshot()
		if (q.State == "" || q.State == string(s.State)) && (q.Queue == "" || q.Queue == s.Queue) {
			if len(page.Conversations) == q.Limit {
				page.Next = strconv.Itoa(at)
				return page, nil
			}
			page.Conversations = append(page.Conversations, summary(s))
		}
		at = next
	}
}

func summary(s mockdesk.Snapshot) api.ConversationSummary {
	agents := []string{}
	for _, a := range s.Agents {
		agents = append(agents, a.ID)
	}
	return api.ConversationSummary{
		ID: s.ID, State: string(s.State), EndedBy: s.EndedBy, Queue: s.Queue, OpenedAt: s.OpenedAt, User: s.User.Name, Lines: s.Lines, Agents: agents,
	}
}

// View is a conversation as the API has it.
func View(c *mockdesk.Conversation) api.Conversation {
	s := c.Snapshot()
	v := api.Conversation{
		ID: s.ID, State: string(s.State), EndedBy: s.EndedBy, Queue: s.Queue, OpenedAt: s.OpenedAt, Lines: s.Lines, Agents: []api.Person{}, TransferringFrom: s.TransferringFrom,
		Context: s.Context, User: api.User(s.User), UserTypes: s.UserTypes, UserRead: s.UserRead, Sockets: s.Sockets, Closures: s.Closures,
		Uploads:     api.UploadRules{Allowed: s.Uploads.Allowed, Multiple: new(s.Uploads.Multiple), Types: s.Uploads.Types, MaxBytes: s.Uploads.MaxBytes, MaxFiles: s.Uploads.MaxFiles},
		Attachments: []api.Attachment{}, Screens: []api.Screen{},
	}
	if s.LastLine != nil {
		v.LastLine = new(lineOf(*s.LastLine))
	}
	for _, a := range s.Agents {
		v.Agents = append(v.Agents, api.Person(a))
	}
	for _, a := range s.Attachments {
		v.Attachments = append(v.Attachments, api.Attachment{Key: a.Key, Name: a.Name, Type: a.Type, Size: a.Size, SHA256: a.SHA256, Outcome: a.Outcome, Cursor: a.Cursor, At: a.At})
	}
	for _, screen := range c.Screens() {
		said := []string{}
		for _, state := range screen.Said {
			said = append(said, string(state))
		}
		v.Screens = append(v.Screens, api.Screen{ID: screen.ID, Agent: screen.Agent, State: string(screen.State), Said: said})
	}
	return v
}

func lineOf(l mockdesk.Line) api.Line {
	return api.Line{Cursor: l.Cursor, Key: l.Key, Role: l.Role, Agent: l.AgentID, Name: l.Name, Text: l.Text, At: l.At}
}

// Lines are what was said after a cursor, at most limit of it.
func Lines(c *mockdesk.Conversation, after, limit int) api.LinePage {
	lines, more := c.LinesAfter(after, limit)
	page := api.LinePage{Lines: []api.Line{}}
	for _, l := range lines {
		page.Lines = append(page.Lines, lineOf(l))
	}
	if more {
		page.Next = lines[len(lines)-1].Cursor
	}
	return page
}
