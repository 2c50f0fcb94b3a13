package agentmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/expect"
)

var connectionSteps = []definition{
	define(`events carry fields that the contract does not have`, func(p *Player) any { return p.carryMore }),
	define(`the manager tells (?P<person>\w+) of an error`, func(p *Player) any { return p.tellsError }, "Each has words of its own."),
	define(`the connection of (?P<person>\w+)'s desk breaks and comes back (\d+) times`, func(p *Player) any { return p.breaksTimes }),
	define(`(?P<person>\w+)'s desk looks for the socket at "(/[^"]*)"`, func(p *Player) any { return p.socketAt }),
	define(`(?P<person>\w+)'s desk speaks Engine\.IO (\d)`, func(p *Player) any { return p.speaksEngine }),
	define(`(?P<person>\w+)'s desk answers a ping`, func(p *Player) any { return p.answersPing }, "Pings go by the time of the machine."),
	define(`(?P<person>\w+)'s desk says in its handshake who has signed in`, func(p *Player) any { return p.saysWho }),
	define(`(?P<person>\w+)'s desk says in its handshake where pushes go`, func(p *Player) any { return p.saysWhereTo }),
	define(`(?P<person>\w+)'s desk hands over (?P<person>\w+), as an object or as its text`, func(p *Player) any { return p.handsOver }),
	define(`(?P<person>\w+)'s desk has said the same in each of its (\d+) handshakes`, func(p *Player) any { return p.saysTheSame }),
	define(`(?P<person>\w+)'s desk makes no other handshake for (\d+) seconds`, func(p *Player) any { return p.noOtherHandshake }, "Other than one since the last When began."),
	define(`(?P<person>\w+)'s desk names nobody else in the address of its socket`, func(p *Player) any { return p.namesNobodyElse }),
	define(`(?P<person>\w+) sees why the handshake was refused`, func(p *Player) any { return p.seesRefusal }, "A text of the refusal, or what words: of the UI map has for it."),
	define(`(?P<person>\w+) sees the error`, func(p *Player) any { return p.seesError }),
	define(`(?P<person>\w+) sees the error as often as the one before`, func(p *Player) any { return p.seesErrorAsOften }),
}

// What a desk may do in one scenario; no scenario comes near it, and a desk that never ends would have every wait last as long as it can.
const (
	mostHandshakes = 30
	mostSent       = 1000
)

// stopFloods ends the scenario with a verdict when a desk sends without end. It watches the journal, so it must not wait for anything.
func (p *Player) stopFloods() {
	var mu sync.Mutex // Entries come from many goroutines.
	sent, handshakes := map[journal.Party]int{}, map[journal.Party]int{}
	p.Journal.Observe(func(e journal.Entry) {
		if !strings.HasSuffix(string(e.From), "'s desk") {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		switch {
		case e.Name == "CONNECT" || e.Kind == journal.Opened && e.Name == "session":
			handshakes[e.From]++
		case e.Kind == journal.Frame || e.Kind == journal.Request || e.Kind == journal.Violation:
			sent[e.From]++
		}
		switch {
		case handshakes[e.From] > 2*mostHandshakes: // A session, and what is said in it.
			p.Stop(&steps.Failure{Expected: "a desk that connects, and waits a while before it tries again", Recorded: fmt.Sprintf("it has tried more than %d times", mostHandshakes), Entry: e.Seq})
		case sent[e.From] > mostSent:
			p.Stop(&steps.Failure{Expected: "a desk that comes to rest", Recorded: fmt.Sprintf("it has sent more than %d events and requests", mostSent), Entry: e.Seq})
		}
	})
}

func (p *Player) carryMore() error {
	later := map[string]any{"later": map[string]any{"version": "99"}, "flags": []int{1, 2}}
	return p.staged("have events carry more", func() error { return p.manager.AddFields(later) })
}

// errorOf is the text of the n-th error that a scenario has the manager tell of.
func errorOf(n int) string { return fmt.Sprintf("Trouble number %d of the manager", n) }

func (p *Player) tellsError(name string) error {
	p.errors++
	raw, err := json.Marshal(map[string]any{"task": "changeAgentState", "msg": errorOf(p.errors), "statusCode": 500})
	if err != nil {
		return acts("write the error", err)
	}
	if err := p.done("tell of an error", p.agent(name).Emit("errors", raw)); err != nil {
		return err
	}
	p.shown = append(p.shown, 0)
	// What it takes to be shown may be a timer.
	if err := p.Pass(glance); err != nil {
		return err
	}
	found, err := p.looks(name, "text", nil)
	if err != nil {
		return err
	}
	p.shown[len(p.shown)-1] = strings.Count(plain(strings.Join(found, "\n")), plain(errorOf(p.errors)))
	return nil
}

func (p *Player) seesError(name string) error { return p.seesText(name, errorOf(p.errors)) }

func (p *Player) seesErrorAsOften(name string) error {
	if len(p.shown) < 2 { //nolint:mnd // One, and one before.
		return &steps.HarnessError{Doing: "compare the errors that " + name + " saw", Err: errors.New("the manager has not told of two")}
	}
	before, now := p.shown[len(p.shown)-2], p.shown[len(p.shown)-1]
	if now != before {
		return &steps.Failure{Expected: fmt.Sprintf("the error to be visible as often as the one before, %d times", before), Recorded: fmt.Sprintf("%d times", now)}
	}
	return nil
}

func (p *Player) breaksTimes(name string, times int) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	for range times {
		mark := p.Journal.Len()
		if err := p.breaks(name); err != nil {
			return err
		}
		if err := p.isLetInLater(s, mark); err != nil {
			return err
		}
	}
	return nil
}

// isLetInLater is isLetIn for what a timer of the desk does, so that time passes at once.
func (p *Player) isLetInLater(s *seat, mark int) error {
	in := func() bool {
		_, found := p.Journal.Find(mark, func(e journal.Entry) bool { return e.Kind == journal.Opened && e.Name == "socket" && e.From == s.party })
		return found
	}
	err := p.Elapse(in, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "another handshake that the manager takes", Recorded: p.lately(s, mark), Hint: p.trouble(s)}
	}
	if err != nil {
		return err
	}
	return p.Rest()
}

// isSession matches the beginning of a connection of a seat, before any handshake.
func isSession(s *seat) journal.Match {
	return func(e journal.Entry) bool {
		return e.Kind == journal.Opened && e.From == s.party && e.Name == "session"
	}
}

// session is the address that a desk's latest connection was asked for at.
type session struct {
	Path  string `json:"path"`
	Query string `json:"query"`
}

// session waits for the first connection of a seat, of whose words a verdict says that they are absent.
func (p *Player) session(s *seat, expected string) (session, journal.Entry, error) {
	var address session
	e, err := p.Await(0, isSession(s), p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return address, e, &steps.Failure{Expected: expected, Recorded: p.lately(s, 0), Hint: p.trouble(s)}
	}
	if err != nil {
		return address, e, err
	}
	_ = json.Unmarshal(e.Data, &address) // The manager wrote it.
	return address, e, nil
}

func (p *Player) socketAt(name, path string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	address, e, err := p.session(s, "a socket at "+path)
	if err != nil {
		return err
	}
	if strings.TrimSuffix(address.Path, "/") != strings.TrimSuffix(path, "/") {
		return &steps.Failure{Requirements: []string{"AM-CONN-02"}, Expected: "a socket at " + path, Recorded: "it is asked for at " + address.Path, Entry: e.Seq}
	}
	return nil
}

func (p *Player) speaksEngine(name string, version int) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	expected := fmt.Sprintf("a client that asks with EIO=%d, and keeps to the protocol", version)
	address, e, err := p.session(s, expected)
	if err != nil {
		return err
	}
	query, err := url.ParseQuery(address.Query)
	if err != nil || query.Get("EIO") != strconv.Itoa(version) {
		return &steps.Failure{Requirements: []string{"AM-CONN-01"}, Expected: expected, Recorded: "it asks with " + address.Query, Entry: e.Seq}
	}
	return nil
}

// beatTime is how long a ping and its pong may take in real time; both are the work of a moment, and the machine may be busy.
const beatTime = 5 * time.Second

// pongTime is how long a pong may take once the page is known to have seen the ping.
const pongTime = 600 * time.Millisecond

func (p *Player) answersPing(name string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	// The next ping comes when the one before is answered, and may have come already.
	mark := 0
	if answered := p.Journal.All(0, isFrom(s, "pong")); len(answered) > 0 {
		mark = answered[len(answered)-1].Seq
	}
	sent, err := p.inRealTime(beatTime, mark, func(e journal.Entry) bool { return e.Name == "ping" && e.To == s.party })
	if err != nil {
		return acts("send a ping", err)
	}
	if err := p.Rest(); err != nil {
		return err
	}
	if _, err := p.inRealTime(pongTime, sent.Seq, isFrom(s, "pong")); err != nil {
		if lost := p.Context().Err(); lost != nil {
			return p.Lost(context.Cause(p.Context()))
		}
		return &steps.Failure{Expected: "a pong for the ping of the manager", Recorded: p.lately(s, sent.Seq), Entry: sent.Seq, Hint: "from Engine.IO 4 on it is the server that pings"}
	}
	return nil
}

// inRealTime waits for an entry by the time of the machine.
func (p *Player) inRealTime(within time.Duration, mark int, match journal.Match) (journal.Entry, error) {
	ctx, cancel := bound.WithTimeout(p.Context(), within)
	defer cancel()
	return p.Journal.Wait(ctx, mark, match)
}

// handshake waits for the latest handshake of a seat.
func (p *Player) handshake(s *seat) (journal.Entry, error) {
	_, err := p.Await(0, isFrom(s, "CONNECT"), p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return journal.Entry{}, &steps.Failure{Expected: "a handshake", Recorded: p.lately(s, 0), Hint: p.trouble(s)}
	}
	if err != nil {
		return journal.Entry{}, err
	}
	all := p.Journal.All(0, isFrom(s, "CONNECT"))
	return all[len(all)-1], nil
}

// auth is what a handshake says.
func auth(shake journal.Entry) map[string]any {
	said, _ := payload(shake).(map[string]any)
	return said
}

// userOf is the user in a handshake, from an object or the text of one, nil if there is none.
func userOf(shake journal.Entry) map[string]any {
	agent := auth(shake)["agent"]
	if text, is := agent.(string); is {
		agent = expect.Decode(json.RawMessage(text))
	}
	user, _ := agent.(map[string]any)
	return user
}

func (p *Player) saysWho(name string) error {
	return p.inHandshake(name, "AM-CONN-03", "auth with the user under agent", func(shake journal.Entry) bool {
		agent := auth(shake)["agent"]
		return agent != nil && agent != ""
	})
}

func (p *Player) saysWhereTo(name string) error {
	return p.inHandshake(name, "AM-CONN-05", "auth with fcm: a text, null, or an object with desktopFcmKey and mobileFcmKey", func(shake journal.Entry) bool {
		fcm, there := auth(shake)["fcm"]
		object, is := fcm.(map[string]any)
		if !is {
			_, text := fcm.(string)
			return there && (text || fcm == nil)
		}
		for _, key := range []string{"desktopFcmKey", "mobileFcmKey"} {
			if _, text := object[key].(string); !text && object[key] != nil {
				return false
			}
		}
		return true
	})
}

func (p *Player) handsOver(name, other string) error {
	return p.inHandshake(name, "AM-CONN-04", "auth.agent to be the user of "+other+", as an object or as the text of one", func(shake journal.Entry) bool {
		return userOf(shake)["id"] == p.agent(other).ID()
	})
}

// inHandshake asks something of the latest handshake of a desk, for a requirement.
func (p *Player) inHandshake(name, requirement, expected string, fits func(journal.Entry) bool) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	shake, err := p.handshake(s)
	if err != nil {
		return err
	}
	if !fits(shake) {
		return &steps.Failure{Requirements: []string{requirement}, Expected: expected, Recorded: expect.Short(payload(shake)), Entry: shake.Seq}
	}
	return nil
}

func (p *Player) saysTheSame(name string, times int) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.handshakes(name, times); err != nil {
		return err
	}
	all := p.Journal.All(0, isFrom(s, "CONNECT"))
	for _, e := range all {
		if !reflect.DeepEqual(payload(e), payload(all[0])) {
			return &steps.Failure{Requirements: []string{"AM-CONN-07"}, Expected: "the auth of the first handshake, " + expect.Short(payload(all[0])), Recorded: expect.Short(payload(e)), Entry: e.Seq}
		}
	}
	return nil
}

func (p *Player) noOtherHandshake(name string, seconds int) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	if err := p.Pass(time.Duration(seconds) * time.Second); err != nil {
		return err
	}
	all := p.Journal.All(p.mark, isFrom(s, "CONNECT"))
	if len(all) > 1 {
		return &steps.Failure{Requirements: []string{"AM-CONN-06"}, Expected: "no other handshake", Recorded: fmt.Sprintf("%d others", len(all)-1), Entry: all[1].Seq}
	}
	return nil
}

func (p *Player) namesNobodyElse(name string) error {
	s, err := p.seat(name)
	if err != nil {
		return err
	}
	address, e, err := p.session(s, "a socket")
	if err != nil {
		return err
	}
	query, _ := url.ParseQuery(address.Query) // What cannot be read names nobody.
	if named := query.Get("username"); query.Has("username") && named != name {
		return &steps.Failure{Expected: "an address that names " + name + ", or nobody", Recorded: "it names " + strconv.Quote(named), Entry: e.Seq}
	}
	return nil
}

// seesRefusal looks for what the last refused handshake said, in any of its texts.
func (p *Player) seesRefusal(name string) error {
	s, err := p.working(name)
	if err != nil {
		return err
	}
	var refusal struct {
		Message string `json:"message"`
		Data    struct {
			Content map[string]string `json:"content"`
		} `json:"data"`
	}
	// A desk that signs in on a page of its own has to load the next one first.
	err = p.Until(func() bool { return p.lastTo(s, "CONNECT_ERROR", "") != nil }, p.Deadlines.Start)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	said, err := json.Marshal(p.lastTo(s, "CONNECT_ERROR", ""))
	if err != nil || json.Unmarshal(said, &refusal) != nil || refusal.Message == "" {
		return &steps.Failure{Expected: "a handshake, which the manager refuses", Recorded: p.lately(s, 0), Hint: p.trouble(s)}
	}
	texts := []string{refusal.Message}
	for _, key := range []string{"msg", "licStatus"} {
		if text := refusal.Data.Content[key]; text != "" {
			texts = append(texts, text)
		}
	}
	return p.sees(name, "text", nil, "why it was refused: "+strings.Join(texts, " or "), func(found []string) bool {
		for _, text := range texts {
			if holding(found, text) > 0 || holding(found, p.word(text)) > 0 {
				return true
			}
		}
		return false
	})
}

// heartbeats has the manager ping a seat's desk, and the journal tell of it.
func heartbeats(every time.Duration) agentmanager.ServerOptions {
	return agentmanager.ServerOptions{PingInterval: every, Heartbeats: every > 0}
}
