package mockdesk

import "deskcheck/mockdesk/journal"

// Transfer has the agent hand the user over, to the agent who is named or, with nil, to whoever will come, and returns the event's cursor. The agent stays in the conversation
// until Leave; the transfer is over when another agent joins, or by FailTransfer. ErrTransferring if one is under way.
func (a *Agent) Transfer(c *Conversation, to *Agent) (int, error) {
	allowed := func() error {
		if c.transferFrom != nil {
			return ErrTransferring
		}
		return a.mustBeIn(c)()
	}
	return c.act(journal.Agent, "agent.transferring", a.Name+" hands the user over.", allowed, func() fields {
		c.transferFrom = a
		told := plainFields{"from": a.profile()}
		if to != nil {
			told["to"] = to.profile()
		}
		return told
	})
}

// FailTransfer lets the transfer that is under way come to nothing, with a reason to show or an empty one, and returns the event's cursor. The conversation goes on with whoever
// is in it; ErrNoTransfer if nobody is being transferred.
func (c *Conversation) FailTransfer(reason string) (int, error) {
	allowed := func() error {
		if c.transferFrom == nil {
			return ErrNoTransfer
		}
		return c.mustGoOn()
	}
	return c.act(journal.Desk, "transfer.failed", "The transfer comes to nothing.", allowed, func() fields {
		told := plainFields{"from": c.transferFrom.profile()}
		if reason != "" {
			told["reason"] = reason
		}
		c.transferFrom = nil
		return told
	})
}

// Reroute moves the waiting user to another queue, at a place there (1 is next), and returns the event's cursor; ErrNotWaiting once an agent has joined, ErrEnded after the end.
func (c *Conversation) Reroute(queue string, position int) (int, error) {
	return c.act(journal.Desk, "queue.updated", "The desk moves the request to the queue "+queue+".", c.mustWait, func() fields {
		c.queue = queue
		return plainFields{"queue": queue, "position": position}
	})
}
