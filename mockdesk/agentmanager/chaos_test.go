package agentmanager_test

import (
	"encoding/json"
	"sync"
	"testing"
	"time"

	"deskcheck/mockdesk/agentmanager"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// crowd is everyone who acts at random on a stage.
type crowd struct {
	stage     *stage
	users     []object
	desks     []*desk
	customers []*agentmanager.Customer
}

// TestWhateverPeopleDoEverythingFitsTogether has agents, a supervisor and customers do what comes to their minds, in any order. The manager sends nothing that is not as its schema
// has it (that would panic), makes no impossible move (that would, too), and what agents have is what they are said to have.
func TestWhateverPeopleDoEverythingFitsTogether(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dialect := rapid.SampledFrom([]agentmanager.Dialect{agentmanager.CX2024, agentmanager.Seed}).Draw(r, "dialect")
		wrapUp, notReady := rapid.Bool().Draw(r, "wrap-up"), rapid.Bool().Draw(r, "not ready on RONA")
		s := newStage(t, func(o *agentmanager.Options) { o.Dialect = dialect }, switched(func(s *agentmanager.Switches) { s.WrapUp, s.NotReadyOnRONA, s.ReadyDomains = wrapUp, notReady, true }))
		defer s.Close()
		c := &crowd{stage: s}
		for _, name := range []string{"amy", "ben", "cat", "sue"} {
			d := s.ready(name)
			c.desks, c.users = append(c.desks, d), append(c.users, d.user)
		}
		for range 3 {
			c.customers = append(c.customers, s.Customer(agentmanager.Person{FirstName: "Kim"}))
		}
		acts := c.acts()
		steps := rapid.SliceOfN(rapid.IntRange(0, len(acts)-1), 1, 60).Draw(r, "steps")
		for _, i := range steps {
			acts[i](rapid.IntRange(0, 1000).Draw(r, "which"))
			require.Empty(t, s.Inconsistent())
		}
		// In the end everyone leaves, and nothing is left.
		for _, customer := range c.customers {
			_ = customer.Leave()
		}
		s.clock.Advance(time.Hour)
		require.Empty(t, s.Inconsistent())
		for _, conversation := range s.Conversations() {
			require.Equal(t, agentmanager.StageClosed, conversation.Stage())
		}
	})
}

// acts are what people do; a number says who does it, and to what.
func (c *crowd) acts() []func(n int) {
	s := c.stage
	who := func(n int) *desk { return c.desks[n%len(c.desks)] }
	customer := func(n int) *agentmanager.Customer { return c.customers[n%len(c.customers)] }
	// with has a desk do something in a conversation that it has heard of.
	with := func(f func(d *desk, topic object, n int)) func(int) {
		return func(n int) {
			d := who(n)
			if topics := d.all("onTopicData"); len(topics) > 0 {
				f(d, topics[n/7%len(topics)].(object), n)
			}
		}
	}
	asks := func(event string) func(int) {
		return with(func(d *desk, topic object, n int) {
			to := who(n / 3)
			d.send(event, d.request(topic, []object{
				{"mode": "queue", "queueName": "sales", "conversationId": topic["conversationId"]},
				{"mode": "agent", "requestedAgentId": to.id(), "offerToAgent": event != "consultTransferRequest", "conversationId": topic["conversationId"]},
			}[n%2]))
		})
	}
	return []func(int){
		func(n int) {
			_, _ = customer(n).Start(agentmanager.Request{Queue: "sales", Says: agentmanager.Plain("Hello?")})
		},
		func(n int) { _, _ = customer(n).Start(agentmanager.Request{Queue: "support"}) },
		func(n int) { _, _ = customer(n).Say(agentmanager.Plain("Are you there?")) },
		func(n int) { _ = customer(n).Leave() },
		c.accept, c.accept, c.accept, c.accept,
		func(n int) { who(n).goes([]string{"READY", "READY", "NOT_READY", "LOGOUT"}[n/5%4]) },
		func(n int) { who(n).domain([]string{"READY", "NOT_READY"}[n/5%2]) },
		func(n int) { who(n).socket.Gone("transport close") },
		func(n int) {
			i := n % len(c.users)
			c.desks[i] = s.reconnect(c.users[i], "")
			c.desks[i].goes("READY")
		},
		func(n int) { s.clock.Advance(time.Duration(n%12) * time.Second) },
		func(n int) { s.clock.Advance(time.Duration(n%60) * time.Second) },
		func(n int) { _ = who(n).agent.ForceLogout() },
		func(n int) {
			_ = who(n).agent.SetDomain("mrd-chat", []agentmanager.DomainState{"", agentmanager.DomainInterrupted}[n/5%2])
		},
		with(func(d *desk, topic object, _ int) { d.says(topic, "Here I am.") }),
		with(func(d *desk, topic object, _ int) { d.leave(topic) }),
		with(func(d *desk, topic object, n int) { d.wrapUp(topic, []object{nil, sold}[n%2]) }),
		with(func(d *desk, topic object, _ int) {
			d.send("pauseConversation", object{"participantId": d.id(), "conversationId": topic["conversationId"], "roomInfo": topic["roomInfo"], "duration": 10, "state": "ON_HOLD"})
		}),
		asks("directTransferRequest"), asks("directConferenceRequest"), asks("consultRequest"), asks("consultTransferRequest"), asks("consultConferenceRequest"),
		c.monitor, c.monitor,
		func(n int) { c.stepIn("joinAsWhisper", n) },
		func(n int) { c.stepIn("JoinAsBargin", n) },
	}
}

// accept has a desk take one of the offers that it has heard of, whether or not it stands.
func (c *crowd) accept(n int) {
	d := c.desks[n%len(c.desks)]
	if offers := d.all("taskRequest"); len(offers) > 0 {
		d.send("topicSubscription", d.subscription(offers[len(offers)-1-n/11%min(len(offers), 2)].(object)))
	}
}

// monitor has the supervisor ask for a conversation of an agent.
func (c *crowd) monitor(n int) {
	if topics := c.desks[n%3].all("onTopicData"); len(topics) > 0 {
		c.desks[3].monitors(topics[len(topics)-1].(object))
	}
}

func (c *crowd) stepIn(event string, n int) {
	if topics := c.desks[3].all("onTopicData"); len(topics) > 0 {
		c.desks[3].stepsIn(event, topics[n%len(topics)].(object))
	}
}

// deaf is a connection of a desk that listens to nothing.
type deaf struct{}

func (deaf) Open() error                                        { return nil }
func (deaf) Emit(string, json.RawMessage)                       {}
func (deaf) Ask(string, json.RawMessage, func(json.RawMessage)) {}
func (deaf) Close()                                             {}
func (deaf) Cut()                                               {}

func TestManyActAtOnce(t *testing.T) {
	s := newStage(t)
	var all sync.WaitGroup
	for _, name := range []string{"amy", "ben", "cat", "sue"} {
		user := s.login(name)
		auth := must(json.Marshal(object{"agent": user, "fcm": ""}))
		all.Go(func() {
			for i := range 50 {
				socket, refusal := s.Connect(auth, deaf{})
				if !assert.Nil(t, refusal) {
					return
				}
				for _, state := range []string{"READY", "NOT_READY", "READY"} {
					socket.Receive("changeAgentState", []json.RawMessage{must(json.Marshal(object{"agentId": user["id"], "action": "agentState", "state": object{"name": state, "reasonCode": nil}}))}, nil)
				}
				if i%5 == 0 {
					socket.Gone("transport close")
				}
			}
		})
	}
	for range 2 {
		kim := s.Customer(agentmanager.Person{FirstName: "Kim"})
		all.Go(func() {
			for range 50 {
				c, err := kim.Start(agentmanager.Request{Queue: "sales"})
				if assert.NoError(t, err) {
					_, _ = kim.Say(agentmanager.Plain("Hello?"))
					_ = c.Stage()
					assert.NoError(t, kim.Leave())
				}
			}
		})
	}
	all.Go(func() {
		for range 100 {
			s.clock.Advance(time.Second)
		}
	})
	all.Wait()
	assert.Empty(t, s.Inconsistent())
	assert.Empty(t, s.violations())
}
