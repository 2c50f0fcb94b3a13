package mockdesk

import "deskcheck/mockdesk/journal"

// Agent is a person at the desk. Its acts return the cursor of the event that they cause, or an error that wraps ErrEnded, ErrNotJoined or ErrAlreadyJoined
// if the state of the conversation forbids the act. Two values with the same ID are the same person.
type Agent struct {
	// ID and Name are how the wire presents the agent.
	ID, Name string
	// AvatarURL is where a picture of the agent is, empty for none. Set it before the agent acts.
	AvatarURL string
}

// Agent makes a person who can act in this desk's conversations.
func (d *Desk) Agent(id, name string) *Agent { return &Agent{ID: id, Name: name} }

// Join puts the agent into the conversation, which is active from then on; ErrAlreadyJoined if the agent is in it. It completes a transfer by another agent.
func (a *Agent) Join(c *Conversation) (int, error) {
	allowed := func() error {
		if c.agents[a.ID] != nil {
			return ErrAlreadyJoined
		}
		return c.mustGoOn()
	}
	return c.act(journal.Agent, "agent.joined", a.Name+" joins.", allowed, func() fields {
		c.agents[a.ID] = a.profile()
		c.state = Active
		if c.transferFrom != nil && c.transferFrom.ID != a.ID {
			c.transferFrom = nil
		}
		return plainFields{"agent": a.profile()}
	})
}

// Leave takes the agent out of the conversation, which stays active for the next one.
func (a *Agent) Leave(c *Conversation) (int, error) {
	return c.act(journal.Agent, "agent.left", a.Name+" leaves.", a.mustBeIn(c), func() fields {
		delete(c.agents, a.ID)
		return plainFields{"agent": a.profile()}
	})
}

// End ends the conversation in the agent's name.
func (a *Agent) End(c *Conversation) (int, error) {
	return c.act(journal.Agent, "conversation.ended", a.Name+" ends the conversation.", a.mustBeIn(c), func() fields {
		return c.end(ByAgent, "")
	})
}

// Say sends the user a line of plain text.
func (a *Agent) Say(c *Conversation, text string) (int, error) { return a.say(c, text, "text") }

// SayHTML sends the user a line of markup.
func (a *Agent) SayHTML(c *Conversation, html string) (int, error) { return a.say(c, html, "html") }

func (a *Agent) say(c *Conversation, text, format string) (int, error) {
	return c.act(journal.Agent, "message", a.Name+" says something.", a.mustBeIn(c), func() fields {
		return c.say(Line{Role: RoleAgent, AgentID: a.ID, Name: a.Name, Text: text}, format)
	})
}

// Typing tells the user that the agent types, or has stopped.
func (a *Agent) Typing(c *Conversation, typing bool) (int, error) {
	note := a.Name + " types."
	if !typing {
		note = a.Name + " stops typing."
	}
	return c.act(journal.Agent, "agent.typing", note, a.mustBeIn(c), func() fields {
		return plainFields{"agent": a.profile(), "typing": typing}
	})
}

// Read tells the user that the agent has read everything up to the user's last line; without one, up to cursor 0.
func (a *Agent) Read(c *Conversation) (int, error) {
	return c.act(journal.Agent, "messages.read", a.Name+" has read what the user wrote.", a.mustBeIn(c), func() fields {
		upTo := 0
		for l := range c.lines.from(0) {
			if l.Role == RoleUser {
				upTo = l.Cursor
			}
		}
		return plainFields{"upTo": upTo}
	})
}

func (a *Agent) mustBeIn(c *Conversation) func() error {
	return func() error {
		if c.state != Ended && c.agents[a.ID] == nil {
			return ErrNotJoined
		}
		return c.mustGoOn()
	}
}

func (a *Agent) profile() map[string]any {
	profile := map[string]any{"id": a.ID, "name": a.Name}
	if a.AvatarURL != "" {
		profile["avatarUrl"] = a.AvatarURL
	}
	return profile
}
