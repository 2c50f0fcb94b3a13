package control_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/client"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/tenant"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestManyWaitAtOnce(t *testing.T) {
	s := open(t)
	one := s.take(api.NewTenant{Name: "waits"})
	var waiting sync.WaitGroup
	for i := range 50 {
		waiting.Go(func() {
			waited, err := one.Wait(s.ctx, api.Wait{Match: fmt.Sprintf(`kind == "act" && name == "act-%d"`, i%10), Count: 2})
			if assert.NoError(t, err) {
				assert.Len(t, waited.Entries, 2)
				assert.Equal(t, waited.Entries[1].Seq, waited.Last)
			}
		})
	}
	desk, err := s.tenants.Get("waits")
	require.NoError(t, err)
	for range 2 {
		for i := range 10 {
			desk.Journal().Append(journal.Entry{Kind: journal.Act, Name: fmt.Sprintf("act-%d", i)})
		}
	}
	waiting.Wait()
}

func TestAWaitThatIsTooLateSaysWhatCameClosest(t *testing.T) {
	s := open(t)
	one := s.take(api.NewTenant{Name: "late"})
	s.begin("late", idOne, `{}`)
	_, err := one.Wait(s.ctx, api.Wait{Match: `kind == "response" && data.status == 200`, Timeout: api.Duration(20 * time.Millisecond)})
	p := problem(t, err, http.StatusGatewayTimeout, "waited 20ms for at least 1 entry matching")
	assert.Contains(t, p.Detail, "data.status is 201")
	require.Len(t, p.NearMisses, 1)
	assert.Equal(t, 2, p.NearMisses[0].Entry.Seq)
}

func TestWaitsAndStreamsEndWithTheirTenant(t *testing.T) {
	for what, end := range map[string]func(s *stage, one *client.Tenant) error{
		"was dropped": func(s *stage, one *client.Tenant) error { return one.Drop(s.ctx) },
		"was reset": func(s *stage, one *client.Tenant) error {
			_, err := one.Reset(s.ctx)
			return err
		},
		"the server stops": func(s *stage, _ *client.Tenant) error {
			s.tenants.Close()
			return nil
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := open(t)
			one := s.take(api.NewTenant{Name: "ends"})
			waited, followed := make(chan error, 1), make(chan error, 1)
			began := make(chan struct{})
			go func() {
				followed <- one.Follow(s.ctx, client.Follow{Began: func() { close(began) }}, func(api.Entry) error { return nil })
			}()
			<-began
			go func() {
				_, err := one.Wait(s.ctx, api.Wait{Match: "false"})
				waited <- err
			}()
			s.figure("deskcheck_waits 1")
			require.NoError(t, end(s, one))
			assert.ErrorContains(t, <-waited, what)
			assert.ErrorContains(t, <-followed, what)
		})
	}
}

// figure asks for the metrics until they say so.
func (s *stage) figure(line string) {
	s.t.Helper()
	for s.ctx.Err() == nil {
		figures, err := s.client.Metrics(s.ctx)
		require.NoError(s.t, err)
		if strings.Contains(string(figures), line+"\n") {
			return
		}
	}
	require.FailNow(s.t, "the metrics never said "+line)
}

func TestAWaitEndsWithItsClient(t *testing.T) {
	s := open(t)
	ctx, leave := context.WithCancel(s.ctx)
	waited := make(chan error, 1)
	go func() {
		_, err := s.client.Tenant("default").Wait(ctx, api.Wait{Match: "false"})
		waited <- err
	}()
	s.figure("deskcheck_waits 1")
	leave()
	require.ErrorIs(t, <-waited, context.Canceled)
	s.figure("deskcheck_waits 0")
}

func TestAFollowerGoesOnWhereItWas(t *testing.T) {
	s := open(t)
	one := s.take(api.NewTenant{Name: "follow", Journal: api.JournalSettings{Limit: 100}})
	desk, err := s.tenants.Get("follow")
	require.NoError(t, err)
	act := func(n int) {
		for i := range n {
			desk.Journal().Append(journal.Entry{Kind: journal.Act, Name: []string{"even", "odd"}[i%2]})
		}
	}
	act(10)
	enough := errors.New("enough")
	follow := func(f client.Follow, most int) (seen []int) {
		t.Helper()
		err := one.Follow(s.ctx, f, func(e api.Entry) error {
			if seen = append(seen, e.Seq); len(seen) == most {
				return enough
			}
			return nil
		})
		require.ErrorIs(t, err, enough)
		return seen
	}
	assert.Equal(t, []int{2, 4, 6}, follow(client.Follow{FromStart: true, JournalQuery: client.JournalQuery{Match: `name == "odd"`}}, 3))
	assert.Equal(t, []int{7, 8}, follow(client.Follow{Resume: 6}, 2))
	assert.Equal(t, []int{11}, follow(client.Follow{Began: func() { act(1) }}, 1), "what happens from now on")
	act(200)
	var missed []api.Missed
	assert.Equal(t, []int{112}, follow(client.Follow{Resume: 6, Missed: func(m api.Missed) { missed = append(missed, m) }}, 1))
	assert.Equal(t, []api.Missed{{From: 7, To: 111}}, missed)
}

func TestASlowFollowerIsDroppedAndToldSo(t *testing.T) {
	s := open(t)
	s.take(api.NewTenant{Name: "slow", Journal: api.JournalSettings{Limit: 100}})
	desk, err := s.tenants.Get("slow")
	require.NoError(t, err)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(conn, "GET /v1/tenants/slow/journal/follow HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n\r\n", token)
	require.NoError(t, err)
	s.figure("deskcheck_followers 1")
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), ": the journal of slow") {
	}
	// Nobody reads now: far more than the buffers between here and there can hold, and than the journal keeps.
	large := journal.Payload(strings.Repeat("x", 64<<10))
	for range 1000 {
		desk.Journal().Append(journal.Entry{Kind: journal.Act, Data: large})
	}
	told := false
	for !told && lines.Scan() {
		told = lines.Text() == "event: dropped"
	}
	assert.True(t, told, "the last event says why")
	s.figure("deskcheck_followers 0")
}

func TestTenantsAreIsolated(t *testing.T) {
	s := open(t)
	const tenants, rounds = 8, 20
	var playing sync.WaitGroup
	for i := range tenants {
		playing.Go(func() {
			name := fmt.Sprintf("isolated-%d", i)
			one, _, err := s.client.CreateTenant(s.ctx, api.NewTenant{Name: name, Clock: api.NewClock{Mode: api.ManualClock}})
			if !assert.NoError(t, err) {
				return
			}
			// The same ids everywhere.
			s.begin(name, idOne, `{"user":{"name":"`+name+`"}}`)
			_, err = one.Join(s.ctx, idOne, api.AgentAct{})
			assert.NoError(t, err)
			for round := range rounds {
				_, err := one.Say(s.ctx, idOne, api.SayAct{Text: fmt.Sprintf("%s %d", name, round)})
				assert.NoError(t, err)
			}
			if i%2 == 0 {
				_, err := one.Advance(s.ctx, api.Duration(time.Duration(i)*time.Second))
				assert.NoError(t, err)
				_, err = one.AddFault(s.ctx, api.NewFault{Kind: "refuse", Operation: "state"})
				assert.NoError(t, err)
			}
			c, err := one.Conversation(s.ctx, "@last")
			assert.NoError(t, err)
			assert.Equal(t, name, c.User.Name)
			assert.Equal(t, rounds, c.Lines)
			verified, err := one.Verify(s.ctx, api.Verify{Match: `name == "message" && not (data.event.text startsWith "` + name + ` ")`, Most: new(0)})
			assert.NoError(t, err)
			assert.True(t, verified.OK, verified.Says)
			status, _ := s.user(name, "GET", "/v1/conversations/"+idOne, "")
			want := http.StatusOK
			if i%2 == 0 {
				want = http.StatusServiceUnavailable
			}
			assert.Equal(t, want, status)
			clock, err := one.Clock(s.ctx)
			assert.NoError(t, err)
			assert.Equal(t, api.Duration(time.Duration((i+1)%2*i)*time.Second), clock.Advanced)
			assert.NoError(t, one.Drop(s.ctx))
		})
	}
	playing.Wait()
	all, err := s.client.Tenants(s.ctx, client.Page{})
	require.NoError(t, err)
	require.Len(t, all.Tenants, 1)
	assert.Equal(t, tenant.Default, all.Tenants[0].Name)
	assert.Zero(t, all.Tenants[0].Journal.Last, "nothing has reached the default tenant")
}

func TestDroppingATenantEndsWhatItServes(t *testing.T) {
	s := open(t)
	one := s.take(api.NewTenant{Name: "drop"})
	s.begin("drop", idOne, `{}`)
	_, err := one.AddFault(s.ctx, api.NewFault{Kind: "blackhole", Operation: "message"})
	require.NoError(t, err)
	gone := make(chan error, 2)
	send := func(path, body string) {
		r, err := http.NewRequestWithContext(s.ctx, http.MethodPut, s.wire+"/@drop"+path, strings.NewReader(body))
		if assert.NoError(t, err) {
			_, err = http.DefaultClient.Do(r)
		}
		gone <- err
	}
	go send("/v1/conversations/"+idOne+"/messages/k1", `{"text":"Hi"}`)
	// A request whose body never comes to its end.
	slow, err := net.Dial("tcp", strings.TrimPrefix(s.wire, "http://"))
	require.NoError(t, err)
	defer slow.Close()
	require.NoError(t, slow.SetDeadline(time.Now().Add(patience)))
	_, err = fmt.Fprintf(slow, "PUT /@drop/v1/conversations/%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{", idTwo)
	require.NoError(t, err)
	_, err = one.Wait(s.ctx, api.Wait{Match: `name == "fault.played"`})
	require.NoError(t, err)
	require.NoError(t, one.Drop(s.ctx))
	require.Error(t, <-gone, "the connection is reset")
	_, err = slow.Read(make([]byte, 1))
	require.Error(t, err)
}
