package control_test

import (
	"net/http"
	"testing"
	"time"

	"deskcheck/mockdesk/control/api"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const greeter = `
queue: orders
agent: ada
steps:
  - queue: {position: 1, wait: 1m}
  - wait: 2s
  - join
  - type: 3s
  - say: Hello, this is Ada.
  - answer:
      - pattern: '(?i)order (?P<number>\d+)'
        say: 'I look at order ${number}.'
      - pattern: colleague
        say: I fetch Ben.
        done: true
      - say: What is the number of your order?
  - transfer: ben
  - join: ben
  - leave: ada
  - say: {text: '<b>Ben</b> here', agent: ben, format: html}
  - answer:
      - pattern: bye
        agent: ben
        say: Good bye.
        end: true
`

func TestAgentsPlayThemselves(t *testing.T) {
	s := open(t)
	one := s.take(api.NewTenant{Name: "plays", Clock: api.NewClock{Mode: api.ManualClock}, Scripts: map[string]string{"greeter": greeter}})
	say := func(key, text string) {
		t.Helper()
		status, _ := s.user("plays", "PUT", "/v1/conversations/"+idOne+"/messages/"+key, `{"text":"`+text+`"}`)
		require.Equal(t, http.StatusCreated, status)
	}
	advance := func(by time.Duration) {
		t.Helper()
		_, err := one.Advance(s.ctx, api.Duration(by))
		require.NoError(t, err)
	}
	view := func() api.Conversation {
		t.Helper()
		c, err := one.Conversation(s.ctx, idOne)
		require.NoError(t, err)
		return c
	}
	heard := func(want string) {
		t.Helper()
		_, err := one.Wait(s.ctx, api.Wait{Match: `kind == "act" && name == "message" && data.event.text == "` + want + `"`})
		require.NoError(t, err)
	}
	s.begin("plays", idOne, `{"queue":"orders"}`)
	say("k1", "Is anyone there?")
	advance(1999 * time.Millisecond)
	assert.Equal(t, "waiting", view().State)
	advance(time.Millisecond)
	assert.Equal(t, "active", view().State, "what falls due has happened when the answer comes")
	assert.Equal(t, 1, view().Lines)
	advance(3 * time.Second)
	heard("Hello, this is Ada.")
	heard("What is the number of your order?")
	say("k2", "It is order 4711")
	heard("I look at order 4711.")
	say("k3", "I want your colleague")
	heard("<b>Ben</b> here")
	c := view()
	require.Len(t, c.Agents, 1)
	assert.Equal(t, "ben", c.Agents[0].ID)
	say("k4", "Nothing fits this")
	say("k5", "bye")
	heard("Good bye.")
	_, err := one.Wait(s.ctx, api.Wait{Match: `name == "script.done" && conversation == "` + idOne + `"`})
	require.NoError(t, err)
	assert.Equal(t, "agent", view().EndedBy)
	s.begin("plays", idTwo, `{"queue":"other"}`)
	advance(time.Minute)
	other, err := one.Conversation(s.ctx, idTwo)
	require.NoError(t, err)
	assert.Empty(t, other.Agents, "not of its queue")
}

func TestAScriptThatCannotGoOnSaysWhy(t *testing.T) {
	s := open(t)
	one := s.take(api.NewTenant{Name: "stops", Scripts: map[string]string{"eager": "steps:\n  - say: too early\n"}})
	s.begin("stops", idOne, `{}`)
	waited, err := one.Wait(s.ctx, api.Wait{Match: `name == "script.stopped"`})
	require.NoError(t, err)
	assert.Contains(t, waited.Entries[0].Note, "The script eager stops at step 1, say: no agent is in conversation")
	assert.Equal(t, idOne, waited.Entries[0].Conversation)
}

func TestTheClockWaitsForTheScripts(t *testing.T) {
	s := open(t)
	for range 20 {
		one, made, err := s.client.CreateTenant(s.ctx, api.NewTenant{Clock: api.NewClock{Mode: api.ManualClock}, Scripts: map[string]string{"a": "steps:\n  - wait: 1s\n  - join\n  - answer:\n      - say: yes\n        done: true\n  - wait: 1s\n  - end\n"}})
		require.NoError(t, err)
		s.begin(made.Name, idOne, `{}`)
		_, err = one.Advance(s.ctx, api.Duration(time.Second))
		require.NoError(t, err)
		status, _ := s.user(made.Name, "PUT", "/v1/conversations/"+idOne+"/messages/k1", `{"text":"now?"}`)
		require.Equal(t, http.StatusCreated, status)
		_, err = one.Advance(s.ctx, api.Duration(time.Second))
		require.NoError(t, err)
		c, err := one.Conversation(s.ctx, idOne)
		require.NoError(t, err)
		require.Equal(t, "ended", c.State)
		require.NoError(t, one.Drop(s.ctx))
	}
}
