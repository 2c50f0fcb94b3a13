package enduser

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"deskcheck/mockdesk/journal"
)

// Outcome is what came of trying something of a user driver.
type Outcome string

// The outcomes of a Finding.
const (
	Works   Outcome = "works"
	Fails   Outcome = "broken"
	Untried Outcome = "not tried"
)

// Finding is what came of trying one thing that a user driver owes.
type Finding struct {
	// What is the request, or the rule.
	What    string
	Outcome Outcome
	// Detail says why it is broken or was not tried; empty where it works.
	Detail string
}

// checkWait is how long a driver is asked to wait when it is tried whether it does.
const checkWait = time.Second

// Check tries what a user driver at an address owes, with users of its own, and tells of each as it comes. Nobody is asked for an agent: that would need Talkdesk. The error is that
// of letting the first user in, or the context's, where nothing could be tried at all.
func Check(ctx context.Context, address string, tell func(Finding)) error {
	t := &trial{ctx: ctx, tell: tell, driver: &Driver{Base: address, Journal: journal.New(), Life: ctx}}
	ann, err := t.open("Ann")
	if err != nil {
		return err
	}
	t.found("POST /users", nil)
	t.rules()
	t.talk(ann)
	return ctx.Err()
}

// trial is a check that goes on.
type trial struct {
	ctx    context.Context
	driver *Driver
	tell   func(Finding)
}

// person is a user whose events are asked for by hand.
type person struct {
	path string
	last int
	all  []event
}

func (t *trial) found(what string, err error) {
	f := Finding{What: what, Outcome: Works}
	refused := new(Refused)
	switch {
	case errors.As(err, &refused) && refused.Status == http.StatusNotImplemented:
		f.Outcome, f.Detail = Untried, "the connector does not have it, as the driver says"
	case err != nil:
		f.Outcome, f.Detail = Fails, err.Error()
	}
	t.tell(f)
}

func (t *trial) open(name string) (*person, error) {
	user, err := t.driver.letIn(t.ctx, name, strings.ToLower(name)+"@example.test")
	return &person{path: "/users/" + url.PathEscape(user)}, err
}

// look asks for the events of a person once more.
func (t *trial) look(p *person, wait time.Duration) error {
	asking := *t.driver
	// A look that is not to wait is asked for no milliseconds, not for those of a default.
	asking.Wait = max(wait, time.Nanosecond)
	events, _, err := asking.events(t.ctx, p.path, p.last)
	for _, raw := range events {
		one, wrong := read(raw, p.last)
		if wrong != nil {
			return wrong
		}
		p.last, p.all = one.Seq, append(p.all, one)
	}
	return err
}

// rules tries what the contract wants of every driver.
func (t *trial) rules() {
	const nobody = "/users/deskcheck-knows-nobody-of-this-name"
	_, err := t.driver.ask(t.ctx, http.MethodPost, nobody+"/say", map[string]string{"text": "Hello?"}, 0, http.StatusNoContent)
	refused := new(Refused)
	var said struct{ Error string }
	switch {
	case err == nil:
		err = errors.New("expected 404 for a user that is not there, found success")
	case errors.As(err, &refused) && refused.Status == http.StatusNotFound:
		if err = nil; json.Unmarshal([]byte(refused.Body), &said) != nil || said.Error == "" {
			err = fmt.Errorf(`expected {"error": "…"}, found %s`, refused.Body)
		}
	}
	t.found("an unknown user is answered 404, with an error in words", err)
}

// talk has Ann, and then Bob beside her, do everything but ask for an agent.
func (t *trial) talk(ann *person) {
	bob, err := t.open("Bob")
	t.found("POST /users, a second one beside the first", err)
	if err != nil {
		return
	}
	t.found("GET /users/{user}/events", t.look(ann, 0))
	t.found("events waits for news", t.waits(bob))
	word := rand.Text()
	if t.act(ann, "say", map[string]string{"text": "Hello, my word is " + word}) {
		t.hears(ann)
	}
	t.act(ann, "files", File{Name: "deskcheck.txt", Type: "text/plain", Content: []byte("a file of deskcheck")})
	if err := t.look(bob, 0); err == nil {
		for _, e := range bob.all {
			if strings.Contains(e.Text, word) {
				err = fmt.Errorf("the event %d of one user tells what another has said", e.Seq)
			}
		}
		t.found("users do not hear of each other", err)
	}
	t.tell(Finding{What: "POST /users/{user}/agent", Outcome: Untried, Detail: "it would call Talkdesk, which is not there"})
	t.act(ann, "end", nil)
	t.act(bob, "drop", nil)
}

// act has a person do something, and says whether that could be done.
func (t *trial) act(p *person, what string, body any) bool {
	_, err := t.driver.ask(t.ctx, http.MethodPost, p.path+"/"+what, body, 0, http.StatusNoContent)
	t.found("POST /users/{user}/"+what, err)
	return err == nil
}

// waits wants a look without news to take its time.
func (t *trial) waits(p *person) error {
	// What the bot has to say to somebody who has come is no news.
	for range 20 {
		before, began := p.last, time.Now()
		if err := t.look(p, checkWait); err != nil {
			return err
		}
		switch took := time.Since(began); {
		case p.last > before:
		case took < checkWait*8/10:
			return fmt.Errorf("it was to wait %s for news and answered after %s without any", checkWait, took.Round(time.Millisecond))
		default:
			return nil
		}
	}
	return errors.New("there is always news, though the user does nothing")
}

// hears wants something to be told once the user has said something.
func (t *trial) hears(p *person) {
	const what = "what follows a line is told"
	before := p.last
	if err := t.look(p, Patience); err != nil || p.last > before {
		t.found(what, err)
		return
	}
	t.tell(Finding{What: what, Outcome: Untried, Detail: "no event has come: the line was not shown, and the bot did not answer"})
}
