package agentmanager

// Role is what an agent is in a conversation.
type Role string

// The roles.
const (
	RolePrimary   Role = "PRIMARY"        // looks after the customer
	RoleAssistant Role = "ASSISTANT"      // gives advice, or whispers
	RoleMonitor   Role = "SILENT_MONITOR" // listens, and may whisper
	RoleWrapUp    Role = "WRAP_UP"        // is done but for the wrap-up
	RoleCustomer  Role = "CUSTOMER"
)

// rights are what each role may publish. A whisper of a primary agent needs another agent who hears it.
var rights = map[Role]map[string]bool{
	RolePrimary:   {"AGENT_MESSAGE": true, "WHISPER_MESSAGE": true, "TYPING_INDICATOR": true, "MESSAGE_DELIVERY_NOTIFICATION": true, "RESET_AGENT_SLA": true},
	RoleAssistant: {"WHISPER_MESSAGE": true},
	RoleMonitor:   {"WHISPER_MESSAGE": true},
	RoleWrapUp:    {},
}

// forbidden is the requirement that a role breaks by publishing something that it may not.
func forbidden(role Role, event string) string {
	switch {
	case role == RoleMonitor:
		return "AM-MON-06"
	case role == RoleAssistant && event == "MESSAGE_DELIVERY_NOTIFICATION":
		return "AM-CIM-18"
	}
	return "AM-CIM-09"
}

// may says why a participant may not publish an event, nil if it may; m.mu is held.
func (c *Conversation) may(p *participant, event string) *refusal {
	if !rights[p.role][event] {
		return refuse(403, forbidden(p.role, event), "a participant who is %s may not publish %s", p.role, event)
	}
	if event == "WHISPER_MESSAGE" && len(c.participants) < 2 {
		return refuse(403, "AM-CIM-09", "there is no other agent to whisper to")
	}
	return nil
}
