package agentmanager

import "fmt"

// Inconsistent says what does not fit together in a manager, empty if everything does: what agents have, and what they are said to have.
func (m *Manager) Inconsistent() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.agents {
		for _, d := range a.domains {
			tasks, reserved := 0, 0
			for _, t := range m.tasks {
				if t.agent != a || !t.counts() || t.conversation.domain() != d.ID {
					continue
				}
				switch t.state {
				case Active, WrapUp:
					tasks++
				case Reserved:
					reserved++
				case Queued, Begun, Closed:
				}
			}
			if tasks != d.tasks || reserved != d.reserved {
				return fmt.Sprintf("%s has %d tasks and %d offers in %s, and is said to have %d and %d", a.user.Username, tasks, reserved, d.ID, d.tasks, d.reserved)
			}
			if next := d.follows(a.state); next != d.state {
				return fmt.Sprintf("%s is %s in %s, from which %s follows", a.user.Username, d.state, d.ID, next)
			}
			if reserved > 0 && a.state != Ready && a.state != NotReady {
				return fmt.Sprintf("%s is %s and is offered something", a.user.Username, a.state)
			}
		}
	}
	return m.inconsistentConversation()
}

func (m *Manager) inconsistentConversation() string {
	for _, c := range m.conversations {
		seen := map[*Agent]bool{}
		for _, p := range c.participants {
			if seen[p.agent] {
				return fmt.Sprintf("%s is in conversation %s twice", p.agent.user.Username, c.id)
			}
			seen[p.agent] = true
			if p.agent.state == Away || p.agent.state == Logout {
				return fmt.Sprintf("%s is in conversation %s and signed out", p.agent.user.Username, c.id)
			}
			if p.task.agent != p.agent || p.task.state != Active && p.task.state != WrapUp {
				return fmt.Sprintf("the task of %s in conversation %s is %s", p.agent.user.Username, c.id, p.task.state)
			}
		}
		if c.stage == StageClosed && len(c.participants) > 0 {
			return fmt.Sprintf("conversation %s is closed, and has %d agents", c.id, len(c.participants))
		}
		if c.has(RoleMonitor) && !c.has(RolePrimary) {
			return fmt.Sprintf("conversation %s is monitored without a primary agent", c.id)
		}
	}
	for _, r := range m.requests {
		if r.conversation.stage == StageClosed || r.task.state != Queued && r.task.state != Reserved {
			return fmt.Sprintf("a request of conversation %s (%s) looks for an agent with a task that is %s", r.conversation.id, r.conversation.stage, r.task.state)
		}
	}
	return ""
}
