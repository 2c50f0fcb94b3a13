package tenant

import (
	"encoding/json"
	"fmt"
	"time"

	"deskcheck/mockdesk"
)

// savedPlayer is the note that is kept with a conversation: how far its script has come. Without a script it is one that none has fitted.
type savedPlayer struct {
	Script string `json:"script,omitempty"`
	// Digest is that of the script's text: another one of the same name cannot go on with it.
	Digest    string    `json:"digest,omitempty"`
	Next      int       `json:"next,omitempty"`
	Answering bool      `json:"answering,omitempty"`
	Heard     []string  `json:"heard,omitempty"`
	Cursor    int       `json:"cursor,omitempty"`
	Due       time.Time `json:"due,omitzero"`
	Over      bool      `json:"over,omitempty"`
}

// remember notes with the conversation how far the script has come; p.mu is held.
func (p *player) remember() {
	if p.tenant.keeper == nil {
		return
	}
	note, _ := json.Marshal(savedPlayer{p.script.name, p.script.digest, p.next, p.answering, p.heard, p.cursor, p.due, p.over}) // It has nothing that does not encode.
	p.c.SetNote(note)
}

// resume has the scripts go on in the conversations that they were playing when the process ended.
func (t *Tenant) resume() {
	for _, c := range t.desk.Conversations() {
		var s savedPlayer
		if note := c.Note(); note == nil || c.State() == mockdesk.Ended || json.Unmarshal(note, &s) != nil || s.Script == "" || s.Over {
			continue
		}
		t.mu.Lock()
		one := t.scripts[s.Script]
		t.mu.Unlock()
		if one == nil || one.digest != s.Digest || s.Next >= len(one.plot.Steps) {
			p := t.newPlayer(&script{name: s.Script}, c)
			t.tell(p, "script.stopped", fmt.Sprintf("The script %s stops: it was removed or replaced before the desk was started again.", s.Script))
			continue
		}
		t.resumePlayer(t.newPlayer(one, c), s)
	}
}

func (t *Tenant) resumePlayer(p *player, s savedPlayer) {
	p.next, p.answering, p.heard, p.cursor = s.Next, s.Answering, s.Heard, s.Cursor
	t.mu.Lock()
	t.players[p] = struct{}{}
	t.mu.Unlock()
	p.step(func() {
		if s.Due.IsZero() {
			p.takeSteps()
			return
		}
		// A moment that has passed meanwhile is due at once.
		p.after(s.Due.Sub(t.clock.Now()), p.script.plot.Steps[p.next])
	})
	p.begin()
}
