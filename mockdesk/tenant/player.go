package tenant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"deskcheck/fixtures/document"
	"deskcheck/mockdesk"
	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/journal"
	theater "deskcheck/mockdesk/script"
)

// mostScripts is how many scripts a tenant may have.
const mostScripts = 50

// script is one that new conversations are held against; it is immutable. digest is that of its source.
type script struct {
	name, source, digest string
	plot                 *theater.Script
}

// PutScript adds a script, or replaces one. The error is an *api.Refusal, with the lines of the mistakes.
func (t *Tenant) PutScript(name, source string) (api.Script, error) {
	return t.putScript(name, source, theater.Parse)
}

func (t *Tenant) putScript(name, source string, parse func(path string, text []byte, knows func(id string) bool, queues ...string) (*theater.Script, error)) (api.Script, error) {
	if err := checkName("script", name); err != nil {
		return api.Script{}, err
	}
	t.mu.Lock()
	known := map[string]bool{}
	for _, a := range t.agents {
		known[a.id] = true
	}
	t.mu.Unlock()
	plot, err := parse(name, []byte(source), func(id string) bool { return known[id] })
	if err != nil {
		return api.Script{}, wrongSource("the script "+name+" is wrong: ", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.scripts[name] == nil && len(t.scripts) >= mostScripts {
		return api.Script{}, api.Refuse(api.TooMuch, "there are %d scripts already; remove one first", len(t.scripts))
	}
	sum := sha256.Sum256([]byte(source))
	t.scripts[name] = &script{name: name, source: source, digest: hex.EncodeToString(sum[:8]), plot: plot}
	return t.describeScript(t.scripts[name]), nil
}

// wrongSource refuses a text that people write, with its mistakes; what says what it is.
func wrongSource(what string, err error) error {
	refusal := api.Refuse(api.Invalid, "%s%s", what, err.Error())
	refusal.Err = err
	if list, ok := errors.AsType[*document.Error](err); ok {
		for _, p := range list.Problems {
			m := api.Mistake{Field: p.Key, Line: p.Line, Column: p.Column, Detail: p.Message}
			if m.Detail == "" {
				m.Detail = fmt.Sprintf("expected %s, found %s", p.Expected, p.Found)
			}
			refusal.Mistakes = append(refusal.Mistakes, m)
		}
	}
	return refusal
}

// Script describes a script. The error is an *api.Refusal.
func (t *Tenant) Script(name string) (api.Script, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.scripts[name]; s != nil {
		return t.describeScript(s), nil
	}
	return api.Script{}, api.Refuse(api.Unknown, "there is no script %q; add it first, or list those that there are", name)
}

// Scripts describes all scripts by name.
func (t *Tenant) Scripts() []api.Script {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := []api.Script{}
	for _, name := range slices.Sorted(maps.Keys(t.scripts)) {
		all = append(all, t.describeScript(t.scripts[name]))
	}
	return all
}

// RemoveScript has a script play no further conversation. The error is an *api.Refusal.
func (t *Tenant) RemoveScript(name string) error {
	if _, err := t.Script(name); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.scripts, name)
	return nil
}

func (t *Tenant) describeScript(s *script) api.Script {
	d := api.Script{Name: s.name, Source: s.source, Queue: s.plot.Queue, Agents: s.plot.Agents(), Steps: len(s.plot.Steps)}
	for p := range t.players {
		if p.script.name == s.name {
			d.Playing++
		}
	}
	return d
}

// playAll gives every new conversation to the first script that fits it.
func (t *Tenant) playAll() {
	for {
		c, err := t.desk.NextConversation(t.ctx)
		if err != nil {
			return
		}
		t.cast(c)
		t.progress(func() { t.seen++ })
	}
}

// cast gives a new conversation to the first script that fits it, and notes that it was looked at.
func (t *Tenant) cast(c *mockdesk.Conversation) {
	queue := c.Queue()
	t.mu.Lock()
	var p *player
	for _, name := range slices.Sorted(maps.Keys(t.scripts)) {
		if s := t.scripts[name]; s.plot.Queue == "" || s.plot.Queue == queue {
			p = t.newPlayer(s, c)
			t.players[p] = struct{}{}
			break
		}
	}
	t.mu.Unlock()
	if p == nil {
		c.SetNote(noScript)
		return
	}
	t.tell(p, "script.began", "The script "+p.script.name+" plays this conversation.")
	p.goOn()
	p.begin()
}

func (t *Tenant) newPlayer(s *script, c *mockdesk.Conversation) *player {
	return &player{tenant: t, script: s, c: c}
}

// audience are the players that are to look what has happened in their conversations, each once. There may be thousands of players, so none has a goroutine of its own: whoever has served
// the user plays them (hearNow), or one goroutine for all where nobody does.
type audience struct {
	mu sync.Mutex
	// players wait from the index first on; those before it are taken.
	players []*player
	first   int
	// added and taken count them.
	added, taken int
	// wake has room for one token: there is a player.
	wake chan struct{}
}

func newAudience() *audience {
	return &audience{wake: make(chan struct{}, 1)}
}

// add adds a player; it never blocks, and may be called with any lock held. heard says that somebody calls hearNow next.
func (a *audience) add(p *player, heard bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.called {
		return
	}
	p.called = true
	if len(a.players) == cap(a.players) && 2*a.first >= len(a.players) {
		// There is room before the first, and may be for ever where somebody always waits.
		n := copy(a.players, a.players[a.first:])
		clear(a.players[n:])
		a.players, a.first = a.players[:n], 0
	}
	a.players = append(a.players, p)
	a.added++
	if heard {
		return
	}
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// latest is the number of the player that was added last.
func (a *audience) latest() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.added
}

// take takes the first of them, nil if all up to a number are taken.
func (a *audience) take(number int) *player {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.taken >= number {
		return nil
	}
	a.taken++
	p := a.players[a.first]
	a.players[a.first] = nil
	if a.first++; a.first == len(a.players) {
		a.players, a.first = a.players[:0], 0
	}
	p.called = false
	return p
}

// hearAll has the players hear what users say, until the tenant ends.
func (t *Tenant) hearAll() {
	for {
		select {
		case <-t.audience.wake:
		case <-t.ctx.Done():
			return
		}
		t.hearNow()
	}
}

// hearNow has the players hear what users have said so far. Who comes later has whoever adds them see to it, so that nobody does it for all others.
func (t *Tenant) hearNow() {
	latest := t.audience.latest()
	for p := t.audience.take(latest); p != nil && t.ctx.Err() == nil; p = t.audience.take(latest) {
		p.listen()
	}
}

// progress makes a change and wakes whoever waits for the scripts.
func (t *Tenant) progress(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
	t.wakeSettling()
}

// progressed wakes whoever waits for the scripts. It is called for every line that is heard, and hardly ever does anybody wait.
func (t *Tenant) progressed() {
	if t.settling.Load() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.wakeSettling()
	}
}

// wakeSettling is called with t.mu held.
func (t *Tenant) wakeSettling() {
	if t.played != nil {
		close(t.played)
		t.played = nil
		t.settling.Store(false)
	}
}

// settle waits until the scripts have done everything that is due now. The error is the context's, or what has ended the tenant.
func (t *Tenant) settle(ctx context.Context) error {
	switch err := t.desk.WaitDone(ctx); {
	case errors.Is(err, mockdesk.ErrClosed):
		return refused(err)
	case err != nil:
		return err
	}
	for {
		t.mu.Lock()
		behind := t.seen < t.desk.Arrived()
		if t.played == nil {
			t.played = make(chan struct{})
			t.settling.Store(true)
		}
		players, played := slices.Collect(maps.Keys(t.players)), t.played
		t.mu.Unlock()
		// A player who acts needs the tenant's lock, so it is asked without.
		if !behind && !slices.ContainsFunc(players, (*player).behind) {
			return nil
		}
		select {
		case <-played:
		case <-ctx.Done():
			return ctx.Err()
		case <-t.ctx.Done():
			return refused(context.Cause(t.ctx))
		}
	}
}

func (t *Tenant) tell(p *player, name, note string) {
	t.journal.Append(journal.Entry{
		Kind: journal.Act, From: journal.Desk, To: journal.Desk, Name: name, Conversation: p.c.ID(), Note: note, Data: journal.Payload(map[string]string{"conversation": p.c.ID(), "script": p.script.name}),
	})
}

// stopPlaying takes back what players have set on the clock of a tenant that has ended. Their scripts are not over: another process may go on with them.
func (t *Tenant) stopPlaying() {
	t.mu.Lock()
	players := slices.Collect(maps.Keys(t.players))
	t.mu.Unlock()
	for _, p := range players {
		p.mu.Lock()
		p.unset()
		p.mu.Unlock()
	}
}

// player plays a script in one conversation. Steps are taken by whoever makes them due: the clock, or whoever listens to users.
type player struct {
	tenant *Tenant
	script *script
	c      *mockdesk.Conversation
	// called says that it is in the audience, whose lock guards it.
	called bool
	// listening is held by whoever has it hear: lines are heard once, and in their order.
	listening sync.Mutex

	mu sync.Mutex
	// next is the index of the step to be taken. answering says that it is one that answers lines; heard are lines that no such step has come to yet.
	next      int
	answering bool
	heard     []string
	// cursor is that of the last line that was heard.
	cursor int
	// stop takes back what is set on the clock, due is the moment that it is set for, zero if nothing is.
	stop func() bool
	due  time.Time
	over bool
}

// behind says whether there is a line that was not heard yet.
func (p *player) behind() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.c.Hear(p.cursor).Said && !p.over
}

// begin has the player hear what the user says, and has said.
func (p *player) begin() {
	p.c.OnUser(func(turn bool) { p.tenant.audience.add(p, turn) })
	p.tenant.audience.add(p, false)
}

// listen hears what the user has said since the last time, and ends the player if the conversation or the script is over.
func (p *player) listen() {
	p.listening.Lock()
	defer p.listening.Unlock()
	for {
		p.mu.Lock()
		cursor, over := p.cursor, p.over
		p.mu.Unlock()
		now := p.c.Hear(cursor)
		if over || !now.Said {
			if over || now.Ended {
				p.finish()
			}
			return
		}
		p.hear(now.Line)
		p.tenant.progressed()
		if !now.More && !now.Ended {
			return // Whatever has come since calls the player again, and so does the end.
		}
	}
}

func (p *player) hear(line mockdesk.Line) {
	p.step(func() {
		p.heard, p.cursor = append(p.heard, line.Text), line.Cursor
		if p.answering {
			p.takeSteps()
		}
	})
}

// step has the player go on and notes how far it has come, as one for whoever saves the tenant.
func (p *player) step(do func()) {
	p.tenant.stepping.RLock()
	defer p.tenant.stepping.RUnlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	do()
	p.remember()
}

// finish ends the player.
func (p *player) finish() {
	p.c.OnUser(nil)
	p.mu.Lock()
	p.over = true
	p.unset()
	p.mu.Unlock()
	p.tenant.progress(func() { delete(p.tenant.players, p) })
}

// quit ends the playing; p.mu is held.
func (p *player) quit() {
	p.over = true
	p.unset()
	p.tenant.audience.add(p, false)
}

// unset takes back what is set on the clock; p.mu is held.
func (p *player) unset() {
	if p.stop != nil {
		p.stop()
	}
}

// goOn takes the steps that are due.
func (p *player) goOn() { p.step(p.takeSteps) }

// takeSteps takes steps until one has to wait; p.mu is held.
func (p *player) takeSteps() {
	for !p.over && p.next < len(p.script.plot.Steps) {
		step := p.script.plot.Steps[p.next]
		waits, err := p.take(step)
		if err != nil {
			p.fail(err)
			return
		}
		if waits {
			return
		}
		p.next++
	}
	if !p.over {
		p.quit()
		p.tenant.tell(p, "script.done", "The script "+p.script.name+" is done.")
	}
}

// fail ends the playing because a step could not be taken; p.mu is held.
func (p *player) fail(err error) {
	p.quit()
	p.tenant.tell(p, "script.stopped", fmt.Sprintf("The script %s stops at step %d, %s: %v.", p.script.name, p.next+1, p.script.plot.Steps[p.next].Verb, err))
}

// after has a step be over once time has passed, and the steps go on from the one that follows.
func (p *player) after(d time.Duration, s theater.Step) {
	p.due = p.tenant.clock.Now().Add(d)
	p.stop = p.tenant.clock.AfterFunc(d, func() {
		if p.tenant.ctx.Err() != nil {
			return // Whoever goes on with the script after a restart takes the step.
		}
		p.step(func() {
			if p.over {
				return
			}
			p.due = time.Time{}
			if s.Verb == "type" {
				if _, err := p.tenant.Type(p.c, api.TypeAct{Agent: s.Agent, Typing: new(false)}); err != nil {
					p.fail(err)
					return
				}
			}
			p.next++
			p.takeSteps()
		})
	})
}

// take takes one step and says whether the next has to wait.
func (p *player) take(s theater.Step) (waits bool, err error) {
	t, c := p.tenant, p.c
	who := api.AgentAct{Agent: s.Agent}
	switch s.Verb {
	case "wait":
		p.after(s.For, s)
		return true, nil
	case "type":
		if _, err := t.Type(c, api.TypeAct{Agent: s.Agent}); err != nil {
			return false, err
		}
		p.after(s.For, s)
		return true, nil
	case "answer":
		return p.answer(s.Rules)
	case "join":
		_, err = t.Join(c, who)
	case "leave":
		_, err = t.Leave(c, who)
	case "read":
		_, err = t.Read(c, who)
	case "ask-screen":
		_, err = t.AskScreen(c, who)
	case "end":
		_, err = t.End(c, api.EndAct{Agent: s.Agent})
	case "say":
		_, err = t.Say(c, api.SayAct{Agent: s.Agent, Text: s.Text, Format: s.Format})
	case "notice":
		_, err = t.Notice(c, api.NoticeAct{Text: s.Text})
	case "transfer":
		_, err = t.Transfer(c, api.TransferAct{Agent: s.Agent, To: s.To})
	case "queue":
		_, err = t.QueueUpdate(c, queueOf(s))
	}
	return false, err
}

func queueOf(s theater.Step) api.QueueUpdateAct {
	act := api.QueueUpdateAct{Notice: s.Text}
	if s.Position > 0 {
		act.Position = &s.Position
	}
	if s.For > 0 {
		act.Wait = new(api.Duration(s.For))
	}
	return act
}

// answer answers what was heard, and says whether there is more to wait for.
func (p *player) answer(rules []theater.Rule) (waits bool, err error) {
	p.answering = true
	for len(p.heard) > 0 {
		line := p.heard[0]
		p.heard = p.heard[1:]
		for _, rule := range rules {
			words, fits := rule.Answer(line)
			if !fits {
				continue
			}
			if words != "" {
				if _, err := p.tenant.Say(p.c, api.SayAct{Agent: rule.Agent, Text: words, Format: rule.Format}); err != nil {
					return false, err
				}
			}
			if rule.End {
				// No step can follow: the script is done.
				_, err := p.tenant.End(p.c, api.EndAct{Agent: rule.Agent})
				p.next = len(p.script.plot.Steps) - 1
				return false, err
			}
			if rule.Done {
				p.answering = false
				return false, nil
			}
			break
		}
	}
	return true, nil
}
