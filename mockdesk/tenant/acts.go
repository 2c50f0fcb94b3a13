package tenant

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
)

// MostFile is the largest file that an agent can send, mostStored how much a tenant keeps in all, both in bytes.
const (
	MostFile   = 10 << 20
	mostStored = 64 << 20
)

// who finds the agent of an act: the one who is named or, if none is, the only one in the conversation.
func (t *Tenant) who(c *mockdesk.Conversation, id string) (*mockdesk.Agent, error) {
	if id == "" {
		only, another := c.OnlyAgent()
		switch {
		case only == "":
			return nil, api.Refuse(api.Conflict, "no agent is in conversation %s; have one join, or name who acts", c.ID())
		case another != "":
			return nil, api.Refuse(api.Conflict, "%s and %s are in conversation %s; name who acts", only, another, c.ID())
		}
		id = only
	}
	// Not before: who waits for the desk with the tenant's lock held keeps everyone waiting.
	t.mu.Lock()
	defer t.mu.Unlock()
	a, err := t.find(id)
	if err != nil {
		return nil, err
	}
	return a.person(), nil
}

// play has an agent do something, and says what came of it.
func (t *Tenant) play(c *mockdesk.Conversation, id string, act func(*mockdesk.Agent) (int, error)) (api.Acted, error) {
	a, err := t.who(c, id)
	if err != nil {
		return api.Acted{}, err
	}
	cursor, err := act(a)
	return acted(c, a.ID, cursor, err)
}

func acted(c *mockdesk.Conversation, agent string, cursor int, err error) (api.Acted, error) {
	if err != nil {
		return api.Acted{}, refused(err)
	}
	return api.Acted{Conversation: c.ID(), Agent: agent, Cursor: cursor}, nil
}

// The acts, as the control API describes them. Their errors are *api.Refusal.

// Join has an agent who is online join; if none is named, the first who is not in the conversation.
func (t *Tenant) Join(c *mockdesk.Conversation, act api.AgentAct) (api.Acted, error) {
	a, err := t.joining(c, act.Agent)
	if err != nil {
		return api.Acted{}, err
	}
	cursor, err := a.Join(c)
	return acted(c, a.ID, cursor, err)
}

func (t *Tenant) joining(c *mockdesk.Conversation, id string) (*mockdesk.Agent, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if id != "" {
		a, err := t.find(id)
		if err != nil {
			return nil, err
		}
		if !a.online {
			return nil, api.Refuse(api.Conflict, "the agent %q is offline; have them come online first", id)
		}
		return a.person(), nil
	}
	now := c.Snapshot()
	for _, a := range t.agents {
		in := slices.ContainsFunc(now.Agents, func(p mockdesk.Profile) bool { return p.ID == a.id })
		if a.online && !in && a.serves(now.Queue) {
			return a.person(), nil
		}
	}
	return nil, api.Refuse(api.Conflict, "no agent is online who could join conversation %s; have one come online, or add one", c.ID())
}

// Leave has an agent leave.
func (t *Tenant) Leave(c *mockdesk.Conversation, act api.AgentAct) (api.Acted, error) {
	return t.play(c, act.Agent, func(a *mockdesk.Agent) (int, error) { return a.Leave(c) })
}

// Say has an agent say something.
func (t *Tenant) Say(c *mockdesk.Conversation, act api.SayAct) (api.Acted, error) {
	return t.play(c, act.Agent, func(a *mockdesk.Agent) (int, error) {
		switch {
		case len(act.Items) > 0:
			return a.Send(c, itemsOf(act.Items)...)
		case act.Format == "html":
			return a.SayHTML(c, act.Text)
		}
		return a.Say(c, act.Text)
	})
}

func itemsOf(items []api.Item) []mockdesk.Item {
	var all []mockdesk.Item
	for _, i := range items {
		all = append(all, mockdesk.Item(i))
	}
	return all
}

// Type shows that an agent types, or has stopped.
func (t *Tenant) Type(c *mockdesk.Conversation, act api.TypeAct) (api.Acted, error) {
	return t.play(c, act.Agent, func(a *mockdesk.Agent) (int, error) { return a.Typing(c, act.Typing == nil || *act.Typing) })
}

// Read has an agent read what the user wrote.
func (t *Tenant) Read(c *mockdesk.Conversation, act api.AgentAct) (api.Acted, error) {
	return t.play(c, act.Agent, func(a *mockdesk.Agent) (int, error) { return a.Read(c) })
}

// Transfer begins to hand the user over.
func (t *Tenant) Transfer(c *mockdesk.Conversation, act api.TransferAct) (api.Acted, error) {
	var to *mockdesk.Agent
	if act.To != "" {
		t.mu.Lock()
		a, err := t.find(act.To)
		t.mu.Unlock()
		if err != nil {
			return api.Acted{}, err
		}
		to = a.person()
	}
	return t.play(c, act.Agent, func(a *mockdesk.Agent) (int, error) { return a.Transfer(c, to) })
}

// FailTransfer lets the transfer come to nothing.
func (t *Tenant) FailTransfer(c *mockdesk.Conversation, act api.ReasonAct) (api.Acted, error) {
	cursor, err := c.FailTransfer(act.Reason)
	return acted(c, "", cursor, err)
}

// End ends the conversation, in an agent's name or the desk's.
func (t *Tenant) End(c *mockdesk.Conversation, act api.EndAct) (api.Acted, error) {
	if act.By == "desk" {
		if act.Agent != "" {
			return api.Acted{}, api.Refuse(api.Invalid, "agent: the desk ends the conversation in its own name; leave the agent out")
		}
		cursor, err := c.End(act.Reason)
		return acted(c, "", cursor, err)
	}
	if act.Reason != "" {
		return api.Acted{}, api.Refuse(api.Invalid, `reason: an agent ends without one; leave it out, or end by "desk"`)
	}
	return t.play(c, act.Agent, func(a *mockdesk.Agent) (int, error) { return a.End(c) })
}

// AskScreen asks to see the user's screen.
func (t *Tenant) AskScreen(c *mockdesk.Conversation, act api.AgentAct) (api.Acted, error) {
	return t.play(c, act.Agent, func(a *mockdesk.Agent) (int, error) { return a.AskScreen(c) })
}

// WithdrawScreen takes the latest open request for the screen back.
func (t *Tenant) WithdrawScreen(c *mockdesk.Conversation, act api.AgentAct) (api.Acted, error) {
	return t.play(c, act.Agent, func(a *mockdesk.Agent) (int, error) { return a.WithdrawScreen(c) })
}

// StopScreen ends the screen share that goes on.
func (t *Tenant) StopScreen(c *mockdesk.Conversation, act api.AgentAct) (api.Acted, error) {
	return t.play(c, act.Agent, func(a *mockdesk.Agent) (int, error) { return a.StopScreen(c) })
}

// ending is the ending of a file's name, if it is harmless.
var ending = regexp.MustCompile(`^\.[A-Za-z0-9]{1,10}$`)

// SendFile has an agent send a file with a name to show, and words to go with it or none. It is kept under a generated name.
func (t *Tenant) SendFile(c *mockdesk.Conversation, agent, shown, mediaType, words string, content []byte) (api.Acted, error) {
	if len(content) > MostFile {
		return api.Acted{}, api.Refuse(api.TooMuch, "the file has more than %d bytes; send a smaller one", MostFile)
	}
	a, err := t.who(c, agent)
	if err != nil {
		return api.Acted{}, err
	}
	t.mu.Lock()
	if t.stored+int64(len(content)) > mostStored {
		t.mu.Unlock()
		return api.Acted{}, api.Refuse(api.TooMuch, "the tenant keeps %d bytes of files, and not more than %d in all; reset it", t.stored, mostStored)
	}
	t.stored += int64(len(content))
	t.mu.Unlock()
	kept := generated("")
	if end := path.Ext(shown); ending.MatchString(end) {
		kept += strings.ToLower(end)
	}
	address := t.desk.Publish(kept, mediaType, content)
	items := []mockdesk.Item{{Kind: mockdesk.ItemFile, URL: address, Name: shown}}
	if words != "" {
		items = slices.Insert(items, 0, mockdesk.Item{Kind: mockdesk.ItemText, Text: words})
	}
	cursor, err := a.Send(c, items...)
	done, err := acted(c, a.ID, cursor, err)
	if err == nil {
		done.File = address
	}
	return done, err
}

// QueueUpdate tells the waiting user where they stand.
func (t *Tenant) QueueUpdate(c *mockdesk.Conversation, act api.QueueUpdateAct) (api.Acted, error) {
	info := mockdesk.QueueInfo{Position: act.Position, Notice: act.Notice}
	if act.Wait != nil {
		info.WaitSeconds = new(int(time.Duration(*act.Wait).Seconds()))
	}
	cursor, err := c.QueueUpdate(info)
	return acted(c, "", cursor, err)
}

// CloseQueue tells the waiting user that nobody will come.
func (t *Tenant) CloseQueue(c *mockdesk.Conversation, act api.ReasonAct) (api.Acted, error) {
	cursor, err := c.CloseQueue(act.Reason)
	return acted(c, "", cursor, err)
}

// Reroute moves the waiting user to another queue.
func (t *Tenant) Reroute(c *mockdesk.Conversation, act api.RerouteAct) (api.Acted, error) {
	cursor, err := c.Reroute(act.Queue, max(act.Position, 1))
	return acted(c, "", cursor, err)
}

// Notice says something in the desk's own name.
func (t *Tenant) Notice(c *mockdesk.Conversation, act api.NoticeAct) (api.Acted, error) {
	cursor, err := c.Notice(act.Text)
	return acted(c, "", cursor, err)
}

// Expire forgets the conversation.
func (t *Tenant) Expire(c *mockdesk.Conversation, _ api.NoAct) (api.Acted, error) {
	return acted(c, "", 0, c.Expire())
}

// Emit sends an event of any kind.
func (t *Tenant) Emit(c *mockdesk.Conversation, act api.EmitAct) (api.Acted, error) {
	cursor, err := c.Emit(mockdesk.Event{Type: act.Type, Data: act.Data})
	return acted(c, "", cursor, err)
}

// Bounce says of a line of the user that it could not be delivered.
func (t *Tenant) Bounce(c *mockdesk.Conversation, act api.BounceAct) (api.Acted, error) {
	cursor, err := c.Bounce(act.Text, act.Reason)
	return acted(c, "", cursor, err)
}

// Garble sends something that is no event.
func (t *Tenant) Garble(c *mockdesk.Conversation, act api.GarbleAct) (api.Acted, error) {
	c.Garble(act.Raw)
	return acted(c, "", 0, nil)
}

// CutSockets resets the connections of all sockets that are open.
func (t *Tenant) CutSockets(c *mockdesk.Conversation, _ api.NoAct) (api.Acted, error) {
	c.CutSockets()
	return acted(c, "", 0, nil)
}

// EchoEnd says when the user's own end comes back.
func (t *Tenant) EchoEnd(c *mockdesk.Conversation, act api.EchoEndAct) (api.Acted, error) {
	modes := map[string]mockdesk.EchoMode{"before": mockdesk.Before, "after": mockdesk.After, "never": mockdesk.Never}
	mode, known := modes[act.Mode]
	if !known {
		return api.Acted{}, api.Refuse(api.Invalid, "mode: expected before, after or never, found %q", act.Mode)
	}
	c.EchoEnd(mode)
	return acted(c, "", 0, nil)
}

// FinishCheck ends the check of a file.
func (t *Tenant) FinishCheck(c *mockdesk.Conversation, act api.FinishCheckAct) (api.Acted, error) {
	cursor, err := c.FinishCheck(act.Key, act.Reason)
	return acted(c, "", cursor, err)
}

// ChangeUploads changes the rules for files of the conversation.
func (t *Tenant) ChangeUploads(c *mockdesk.Conversation, rules api.UploadRules) (api.Acted, error) {
	cursor, err := c.SetUploads(rulesOf(rules))
	return acted(c, "", cursor, err)
}
