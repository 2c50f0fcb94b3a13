package driver

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/wire"
)

// Mock is a mock desk as a driver has it. Make one with NewMock.
type Mock struct {
	desk  *mockdesk.Desk
	close func() error
}

var _ Desk = (*Mock)(nil)

// NewMock plays a mock desk; end is called once by Close, nil closes the desk.
func NewMock(desk *mockdesk.Desk, end func() error) *Mock {
	if end == nil {
		end = desk.Close
	}
	return &Mock{desk: desk, close: end}
}

// Mocked is the mock desk itself.
func (m *Mock) Mocked() *mockdesk.Desk { return m.desk }

// mostScenarios is how many scenarios a mock desk plays side by side.
const mostScenarios = 16

// MockCapabilities are those of the mock desk: all there are, and the routes of the wire that it speaks.
func MockCapabilities(software string, routes []Route) Capabilities {
	c := Capabilities{Contract: Contract, Version: Version, Name: "deskcheck mock desk", Software: software, Parallel: mostScenarios, Verbs: map[Verb][]string{}, Reads: Reads(), Routes: routes}
	for _, verb := range Verbs() {
		c.Verbs[verb] = append([]string{}, Variants(verb)...)
	}
	return c
}

// RoutesOf are the requests of a wire by their meaning; its sockets are none.
func RoutesOf(w *wire.Wire) []Route {
	var routes []Route
	for _, r := range w.Routes {
		if r.Socket == nil {
			routes = append(routes, Route{Means: string(r.Means), Method: r.Method, Path: r.Pattern})
		}
	}
	return routes
}

// Capabilities implements Desk. Everything is there.
func (m *Mock) Capabilities() Capabilities { return MockCapabilities("", nil) }

// Place implements Desk.
func (m *Mock) Place() Place {
	methods, headers := m.desk.Allowed()
	return Place{URL: m.desk.URL(), SocketURL: m.desk.SocketURL(), Allowed: &Allowed{Methods: methods, Headers: headers}}
}

// Err implements Desk. A mock desk does not break.
func (m *Mock) Err() error { return nil }

// Close implements Desk.
func (m *Mock) Close() error { return m.close() }

// Traffic implements Desk.
func (m *Mock) Traffic(ctx context.Context) (Traffic, error) {
	// Whoever does not read keeps the desk from sending: what was sent so far is told all the same.
	_ = m.desk.WaitSent(ctx)
	t := m.desk.Traffic()
	return Traffic{Frames: t.Frames, Sockets: t.Sockets, Kept: t.Kept, Moves: t.Moves()}, nil
}

// Moved implements Desk.
func (m *Mock) Moved(ctx context.Context, t Traffic) error {
	for {
		changed := m.desk.Changed()
		if m.desk.Traffic().Moves() != t.Moves {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// operations are the verbs that say how the desk answers, by what they are about.
var operations = map[Verb]mockdesk.Operation{
	AnswerQuery: mockdesk.OpAvailability, AcceptSession: mockdesk.OpStart, AckMessage: mockdesk.OpMessage, AckFile: mockdesk.OpAttachment, AckEnd: mockdesk.OpEnd, AckScreen: mockdesk.OpScreen,
}

// everything are the operations that go over the link.
var everything = []mockdesk.Operation{
	mockdesk.OpAvailability, mockdesk.OpStart, mockdesk.OpState, mockdesk.OpMessage, mockdesk.OpAttachment, mockdesk.OpScreen, mockdesk.OpEnd, mockdesk.OpEvents,
}

// Do implements Desk.
func (m *Mock) Do(ctx context.Context, act Act) (Done, error) {
	if act.Verb == OpenSession {
		return Done{}, refused(act, m.openSession(ctx, act))
	}
	if op, answers := operations[act.Verb]; answers {
		return Done{}, m.answer(op, act)
	}
	if do, ofDesk := deskVerbs[act.Verb]; ofDesk {
		return do(m, act)
	}
	do, known := sessionVerbs[act.Verb]
	if !known {
		return Done{}, &Error{Kind: Cannot, What: act.String()}
	}
	c := m.desk.Conversation(act.Session)
	if c == nil {
		return Done{}, refused(act, fmt.Errorf("there is no session %q", act.Session))
	}
	return Done{}, refused(act, do(c, act))
}

// openSession opens a conversation over the desk's own wire, as an integration does for a user who then says something. It speaks the native wire alone.
func (m *Mock) openSession(ctx context.Context, act Act) error {
	if m.desk.Wire().Name != wire.Native().Name {
		return unknownVariant(act)
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // It never fails.
	at := m.desk.URL() + "/v1/conversations/" + hex.EncodeToString(random[:])
	if err := put(ctx, at, map[string]any{"queue": act.Queue}); err != nil || act.Text == "" {
		return err
	}
	return put(ctx, at+"/messages/k1", map[string]any{"text": act.Text})
}

func put(ctx context.Context, address string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode what is sent to %s: %w", address, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, address, bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("call the desk: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("call the desk: %w", err)
	}
	_ = response.Body.Close() // Only the status counts.
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("the desk answered %s", response.Status)
	}
	return nil
}

func refused(act Act, err error) error {
	if err == nil {
		return nil
	}
	if mistake := (*Error)(nil); errors.As(err, &mistake) {
		return err
	}
	return &Error{Kind: Refused, What: act.String(), Err: err}
}

func unknownVariant(act Act) error { return &Error{Kind: Cannot, What: act.String()} }

// deskVerbs are those about the desk as a whole.
var deskVerbs = map[Verb]func(*Mock, Act) (Done, error){
	SetAgentsOnline: func(m *Mock, act Act) (Done, error) {
		said, known := map[string]mockdesk.Availability{"yes": mockdesk.Online, "no": mockdesk.Offline, "unknown": mockdesk.Unknown}[act.Variant]
		if !known {
			return Done{}, unknownVariant(act)
		}
		m.desk.SetAvailability(said)
		return Done{}, nil
	},
	Publish: func(m *Mock, act Act) (Done, error) {
		return Done{URL: m.desk.Publish(act.Name, act.Type, act.Content)}, nil
	},
	PassTime: func(m *Mock, act Act) (Done, error) {
		m.desk.Clock().Advance(time.Duration(act.Ms) * time.Millisecond)
		return Done{}, nil
	},
	FileRules: func(m *Mock, act Act) (Done, error) { return Done{}, refused(act, m.files(act)) },
	LinkDrop: func(m *Mock, act Act) (Done, error) {
		switch act.Variant {
		case "break":
			for _, c := range m.concerned(act) {
				c.CutSockets()
			}
		case "shut":
			m.react(mockdesk.Cut(), everything...)
		default:
			return Done{}, unknownVariant(act)
		}
		return Done{}, nil
	},
	LinkRestore: func(m *Mock, _ Act) (Done, error) {
		for _, op := range everything {
			m.desk.React(op, mockdesk.Accept())
			m.release(op)
		}
		return Done{}, nil
	},
	Blackhole: func(m *Mock, act Act) (Done, error) {
		switch act.Variant {
		case "all":
			m.react(mockdesk.Blackhole(), everything...)
		case "hold":
			for _, op := range everything {
				if op != mockdesk.OpEnd {
					m.react(mockdesk.Hold(), op)
				}
			}
		default:
			return Done{}, unknownVariant(act)
		}
		return Done{}, nil
	},
}

// concerned are the conversations that an act about the link is about: the one that it names, or all.
func (m *Mock) concerned(act Act) []*mockdesk.Conversation {
	if c := m.desk.Conversation(act.Session); c != nil {
		return []*mockdesk.Conversation{c}
	}
	return m.desk.Conversations()
}

func (m *Mock) react(r mockdesk.Reaction, to ...mockdesk.Operation) {
	for _, op := range to {
		m.desk.React(op, r)
	}
}

// release lets go what is held; without anything held it changes nothing.
func (m *Mock) release(op mockdesk.Operation) {
	if m.desk.Held(op) > 0 {
		m.desk.Release(op)
	}
}

// errorPage is what stands between a page and a desk in life, and says nothing to a user.
const errorPage = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy/1.27.3 upstream={\"code\":\"ECONNREFUSED\"}</center></body></html>\n"

// reaction is how the desk answers by an act.
func reaction(act Act) (mockdesk.Reaction, error) {
	switch act.Variant {
	case AnswerOK:
		return mockdesk.Accept(), nil
	case AnswerRefuse:
		if act.Status < http.StatusBadRequest || act.Status > 599 {
			return mockdesk.Reaction{}, refused(act, fmt.Errorf("status: expected 400 to 599, found %d", act.Status))
		}
		return mockdesk.Refuse(act.Status, "refused by the scenario"), nil
	case AnswerHold:
		return mockdesk.Hold(), nil
	case AnswerHoldReply:
		return mockdesk.HoldReply(), nil
	case AnswerCut:
		return mockdesk.Cut(), nil
	case AnswerLose:
		return mockdesk.LoseReply(), nil
	case AnswerBlackhole:
		return mockdesk.Blackhole(), nil
	case AnswerDelay:
		return mockdesk.Delay(time.Duration(act.Ms) * time.Millisecond), nil
	case AnswerGarble:
		return mockdesk.Body(http.StatusOK, "application/json", `{"stat`), nil
	case AnswerPage:
		return mockdesk.Body(http.StatusBadGateway, "text/html", errorPage), nil
	}
	return mockdesk.Reaction{}, unknownVariant(act)
}

// mostAnswers is for how many requests of its own an answer may be set.
const mostAnswers = 1000

// answer sets how the desk answers the requests of an operation.
func (m *Mock) answer(op mockdesk.Operation, act Act) error {
	if act.Variant == AnswerRelease {
		m.release(op)
		return nil
	}
	r, err := reaction(act)
	if err != nil {
		return err
	}
	switch {
	case act.After < 0 || act.Times < 0 || act.After+act.Times > mostAnswers:
		return refused(act, fmt.Errorf("after and times: expected up to %d requests", mostAnswers))
	case act.Times == 0 && act.After == 0:
		m.desk.React(op, r)
	case act.Times == 0:
		return refused(act, errors.New("times: expected for how many requests it holds that is to begin after some"))
	default:
		// The newest comes first, and what was set before holds again after it.
		m.desk.ReactNext(op, act.Times, r)
		m.desk.ReactNext(op, act.After, mockdesk.Accept())
	}
	return nil
}

// files changes what the desk takes: in a session, or in those to come.
func (m *Mock) files(act Act) error {
	switch act.Variant {
	case "set":
		if act.Rules == nil {
			return errors.New("rules: expected what the desk takes from now on")
		}
		c := m.desk.Conversation(act.Session)
		if c == nil {
			m.desk.SetUploads(*act.Rules)
			return nil
		}
		_, err := c.SetUploads(*act.Rules)
		return err
	case "enforce", "lenient":
		m.desk.EnforceUploads(act.Variant == "enforce")
	case "check":
		m.desk.CheckUploads(true)
	default:
		return unknownVariant(act)
	}
	return nil
}
