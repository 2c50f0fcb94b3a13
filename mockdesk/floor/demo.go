package floor

import (
	"slices"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/control/managerapi"
)

// rhythm is how often the demo looks whether somebody is ready, on the floor's clock.
const rhythm = 5 * time.Second

// visits are who comes, with what, one after the other.
var visits = []struct {
	name, asks string
}{
	{"Kim", "Hello, where is my lamp? It was to come on Monday."},
	{"Ravi", "Can I still change the address of my order?"},
	{"Lena", "The lamp has arrived, but one of its legs is missing."},
	{"Tomás", "Do you ship to the islands?"},
}

// demo has a customer come when an agent is ready and has nothing to do, and leave when the agent has left.
type demo struct {
	shift *Shift
	// visit counts those who came; guest is who is there now, nil for nobody, and met says that the guest was with an agent.
	visit int
	guest *agentmanager.Customer
	met   bool
}

// play looks now and then for as long as the shift lasts.
func (s *Shift) play(d *demo) {
	s.clock.AfterFunc(rhythm, func() {
		if s.ctx.Err() == nil {
			d.look()
			s.play(d)
		}
	})
}

// look has the guest leave whom nobody looks after any more, or the next one come. What cannot be done now is tried at the next look.
func (d *demo) look() {
	s := d.shift
	if d.guest != nil {
		now := s.conversationOf(d.guest).Snapshot()
		d.met = d.met || len(now.Participants) > 0
		if now.Stage != agentmanager.StageClosed && (len(now.Participants) > 0 || now.Waits && !d.met) {
			return
		}
		_ = d.guest.Leave()
		d.guest, d.met = nil, false
		return
	}
	if !slices.ContainsFunc(s.Agents(), idle) {
		return
	}
	next := visits[d.visit%len(visits)]
	request := agentmanager.Request{Says: agentmanager.Plain(next.asks)}
	if queues := s.Queues(); len(queues) > 0 {
		request.Queue = queues[0].Name
	}
	guest := s.manager.Customer(agentmanager.Person{FirstName: next.name})
	if s.start(guest, request) == nil {
		d.visit++
		d.guest = guest
	}
}

// idle says whether a person is ready and has nothing to do.
func idle(a managerapi.Agent) bool {
	return a.State == string(agentmanager.Ready) && len(a.Offers) == 0 && len(a.Conversations) == 0
}
