package driver

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"deskcheck/mockdesk"
)

// followed is how long a driver is asked to wait for news of a scenario.
const followed = 20 * time.Second

// Remote is a scenario at a driver. Its state is followed as it changes. Client.Begin makes one.
type Remote struct {
	client *Client
	can    Capabilities
	begun  Begun
	stop   context.CancelFunc
	// ended is closed when nothing follows the state any more.
	ended chan struct{}

	mu      sync.Mutex
	state   State
	err     error
	closed  bool
	changed chan struct{}
	// heard is told of every change.
	heard func(State)
}

var _ Desk = (*Remote)(nil)

// Capabilities implements Desk.
func (r *Remote) Capabilities() Capabilities { return r.can }

// Place implements Desk.
func (r *Remote) Place() Place { return r.begun.Desk }

// State implements Desk.
func (r *Remote) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// Err implements Desk.
func (r *Remote) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Listen has f told of the state as it is, and then of every change, and of the driver's breaking by the last state once more. f must not call the Remote.
func (r *Remote) Listen(f func(State)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = f
	f(r.state)
}

func (r *Remote) path(rest string) string { return "/scenarios/" + r.begun.ID + rest }

// ask waits for a state after a revision.
func (r *Remote) ask(ctx context.Context, after int, wait time.Duration) (State, error) {
	var now State
	path := r.path("/state?after=" + strconv.Itoa(after) + "&wait=" + strconv.Itoa(int(wait.Seconds())))
	if err := r.client.ask(ctx, "state", http.MethodGet, path, nil, wait, &now); err != nil {
		return now, err
	}
	return now, now.check(after)
}

// check says what a state cannot be.
func (s State) check(after int) error {
	broken := func(format string, args ...any) error {
		return &Error{Kind: Broken, What: "state", Detail: fmt.Sprintf(format, args...)}
	}
	if s.Revision < after {
		return broken("revision: it was %d and is %d now", after, s.Revision)
	}
	for i, one := range s.Sessions {
		switch {
		case one.ID == "":
			return broken("sessions[%d].id: expected what the session is called", i)
		case !slices.Contains([]mockdesk.State{mockdesk.Waiting, mockdesk.Active, mockdesk.Ended}, one.State):
			return broken("sessions[%d].state: expected waiting, active or ended, found %q", i, one.State)
		}
	}
	return nil
}

// follow takes every news in until the scenario ends or the driver breaks.
func (r *Remote) follow(ctx context.Context) {
	defer close(r.ended)
	for ctx.Err() == nil {
		asked := time.Now()
		before := r.State().Revision
		now, err := r.ask(ctx, before, followed)
		if ctx.Err() != nil {
			return
		}
		if err == nil && now.Revision == before && time.Since(asked) < followed/2 {
			err = &Error{Kind: Broken, What: "state", Detail: fmt.Sprintf("it was to wait %s for a revision after %d, and answered at once with that one", followed, before)}
		}
		r.take(now, err)
		if err != nil {
			return
		}
	}
}

func (r *Remote) take(now State, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil:
		r.err = err
	case now.Revision == r.state.Revision:
		return
	default:
		r.state = now
	}
	close(r.changed)
	r.changed = make(chan struct{})
	if r.heard != nil {
		r.heard(r.state)
	}
}

// await waits for a state of a revision.
func (r *Remote) await(ctx context.Context, act Act, revision int) (State, error) {
	ctx, cancel := context.WithTimeout(ctx, r.client.patience)
	defer cancel()
	for {
		r.mu.Lock()
		now, err, changed := r.state, r.err, r.changed
		r.mu.Unlock()
		if err != nil || now.Revision >= revision {
			return now, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return now, &Error{Kind: Broken, What: act.String(), Detail: fmt.Sprintf("it spoke of revision %d, and the state is still at %d", revision, now.Revision)}
		}
	}
}

// Do implements Desk. What a driver claims to have done and its own state does not show is an *Error of the kind Broken.
func (r *Remote) Do(ctx context.Context, act Act) (Done, error) {
	if !r.can.Has(act.Verb, act.Variant) {
		return Done{}, &Error{Kind: Cannot, What: act.String()}
	}
	var done Done
	if err := r.client.ask(ctx, act.String(), http.MethodPost, r.path("/acts/"+string(act.Verb)), act, 0, &done); err != nil {
		return Done{}, err
	}
	now, err := r.await(ctx, act, done.Revision)
	if err != nil {
		return Done{}, err
	}
	if act.Verb == Publish && done.URL == "" {
		return Done{}, &Error{Kind: Broken, What: act.String(), Detail: "url: expected where the file is served"}
	}
	if missing := r.can.shown(act, now); missing != "" {
		return Done{}, &Error{Kind: Broken, What: act.String(), Detail: "it says that it has done so, and its state does not show it: " + missing}
	}
	return done, nil
}

// shown says what a state ought to show of an act and does not, as far as the driver tells at all.
func (c Capabilities) shown(act Act, now State) string {
	at := slices.IndexFunc(now.Sessions, func(s Session) bool { return s.ID == act.Session })
	if act.Session == "" || at < 0 {
		return ""
	}
	s := now.Sessions[at]
	present := func() bool { return slices.ContainsFunc(s.Agents, func(a Agent) bool { return a.ID == act.Agent.ID }) }
	over := s.State == mockdesk.Ended
	switch act.Verb {
	case AgentAccept:
		if !over && s.State != mockdesk.Active {
			return "the session is still " + string(s.State)
		}
		if !over && c.Tells(AgentsIn) && !present() {
			return "the agent is not in the session"
		}
	case AgentLeave:
		if !over && c.Tells(AgentsIn) && present() {
			return "the agent is still in the session"
		}
	case AgentSay:
		said := func(l Line) bool { return l.Role == mockdesk.RoleAgent && (act.Text == "" || l.Text == act.Text) }
		if act.Variant == "text" && c.Tells(Transcript) && !slices.ContainsFunc(s.Transcript, said) {
			return "the line is not in the transcript"
		}
	case AgentClose, DeskClose, ExpireSession:
		if !over {
			return "the session is still " + string(s.State)
		}
	default:
	}
	return ""
}

// Traffic implements Desk.
func (r *Remote) Traffic(ctx context.Context) (Traffic, error) { return r.trafficAfter(ctx, -1, 0) }

func (r *Remote) trafficAfter(ctx context.Context, after int, wait time.Duration) (Traffic, error) {
	if !r.can.Tells(TrafficNow) {
		return Traffic{}, &Error{Kind: Cannot, What: string(TrafficNow)}
	}
	var now Traffic
	path := r.path("/traffic?after=" + strconv.Itoa(after) + "&wait=" + strconv.Itoa(int(wait.Seconds())))
	return now, r.client.ask(ctx, string(TrafficNow), http.MethodGet, path, nil, wait, &now)
}

// Moved implements Desk.
func (r *Remote) Moved(ctx context.Context, t Traffic) error {
	for {
		now, err := r.trafficAfter(ctx, t.Moves, followed)
		if err != nil || now.Moves != t.Moves {
			return err
		}
	}
}

// Close implements Desk.
func (r *Remote) Close() error {
	r.mu.Lock()
	before := r.closed
	r.closed = true
	r.mu.Unlock()
	if before {
		return nil
	}
	r.stop()
	<-r.ended
	return r.finish()
}

// finish tells the driver that the scenario is over.
func (r *Remote) finish() error {
	ctx, cancel := context.WithTimeout(context.Background(), r.client.patience)
	defer cancel()
	return r.client.ask(ctx, "end", http.MethodDelete, r.path(""), nil, 0, nil)
}
