package tenant

import (
	"fmt"
	"time"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/packed"
)

// savedPlayer is the note that is kept with a conversation: how far its script has come.
type savedPlayer struct {
	script string
	// digest is that of the script's text: another one of the same name cannot go on with it.
	digest    string
	next      int
	answering bool
	heard     []string
	cursor    int
	due       time.Time
	over      bool
}

// The fields of the note; what was heard is there once for each line.
const (
	playerScript = iota + 1
	playerDigest
	playerNext
	playerAnswering
	playerHeard
	playerCursor
	playerDue
	playerOver
)

// noScript is the note of a conversation that no script has fitted. A note that is empty would not be kept.
var noScript = packed.Truth(nil, playerOver, true)

// usualNote is what most notes need, in bytes.
const usualNote = 64

// pack writes the note down. There is one for every line that is heard. The error is that the moment is none.
func (s savedPlayer) pack() ([]byte, error) {
	note := packed.Text(make([]byte, 0, usualNote), playerScript, s.script)
	note = packed.Text(note, playerDigest, s.digest)
	note = packed.Int(note, playerNext, s.next)
	note = packed.Truth(note, playerAnswering, s.answering)
	for _, line := range s.heard {
		note = packed.Item(note, playerHeard, line)
	}
	note = packed.Int(note, playerCursor, s.cursor)
	if !s.due.IsZero() {
		due, err := s.due.MarshalBinary()
		if err != nil {
			return nil, err
		}
		note = packed.Bytes(note, playerDue, due)
	}
	return packed.Truth(note, playerOver, s.over), nil
}

// readPlayer reads a note. The error says that it is damaged.
func readPlayer(note []byte) (s savedPlayer, err error) {
	for f, err := range packed.Fields(note) {
		if err != nil {
			return s, err
		}
		switch f.Number {
		case playerScript:
			s.script = f.Text()
		case playerDigest:
			s.digest = f.Text()
		case playerNext:
			s.next = f.Int
		case playerAnswering:
			s.answering = f.Int != 0
		case playerHeard:
			s.heard = append(s.heard, f.Text())
		case playerCursor:
			s.cursor = f.Int
		case playerDue:
			if err := s.due.UnmarshalBinary(f.Bytes); err != nil {
				return s, err
			}
		case playerOver:
			s.over = f.Int != 0
		}
	}
	return s, nil
}

// remember notes with the conversation how far the script has come; p.mu is held.
func (p *player) remember() {
	if p.tenant.keeper == nil {
		return
	}
	note, _ := savedPlayer{p.script.name, p.script.digest, p.next, p.answering, p.heard, p.cursor, p.due, p.over}.pack() // The moment is one of the clock's.
	p.c.SetNote(note)
}

// resume has the scripts go on in the conversations that they were playing when the process ended.
func (t *Tenant) resume() {
	for _, c := range t.desk.Conversations() {
		note := c.Note()
		if note == nil || c.State() == mockdesk.Ended {
			continue
		}
		s, err := readPlayer(note)
		if err != nil || s.script == "" || s.over {
			continue
		}
		t.mu.Lock()
		one := t.scripts[s.script]
		t.mu.Unlock()
		if one == nil || one.digest != s.digest || s.next >= len(one.plot.Steps) {
			p := t.newPlayer(&script{name: s.script}, c)
			t.tell(p, "script.stopped", fmt.Sprintf("The script %s stops: it was removed or replaced before the desk was started again.", s.script))
			continue
		}
		t.resumePlayer(t.newPlayer(one, c), s)
	}
}

func (t *Tenant) resumePlayer(p *player, s savedPlayer) {
	p.next, p.answering, p.heard, p.cursor = s.next, s.answering, s.heard, s.cursor
	t.mu.Lock()
	t.players[p] = struct{}{}
	t.mu.Unlock()
	p.step(func() {
		if s.due.IsZero() {
			p.takeSteps()
			return
		}
		// A moment that has passed meanwhile is due at once.
		p.after(s.due.Sub(t.clock.Now()), p.script.plot.Steps[p.next])
	})
	p.begin()
}
