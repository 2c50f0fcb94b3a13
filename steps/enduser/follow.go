package enduser

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// event is a Sight as a driver tells it.
type event struct {
	Seq    int        `json:"seq"`
	Kind   Kind       `json:"kind"`
	From   Side       `json:"from"`
	Author string     `json:"author"`
	Text   string     `json:"text"`
	State  string     `json:"state"`
	File   *FileSight `json:"file"`
}

// follow asks for events until ctx ends, or the driver breaks its contract.
func (u *driven) follow(ctx context.Context) {
	defer close(u.over)
	for {
		events, early, err := u.driver.events(ctx, u.path, u.last)
		if ctx.Err() != nil {
			return
		}
		for _, raw := range events {
			one, wrong := read(raw, u.last)
			if wrong != nil {
				err = wrong
				break
			}
			u.last = one.Seq
			u.add(Sight{Kind: one.Kind, From: one.From, Author: one.Author, Text: one.Text, State: one.State, File: one.File}, raw)
		}
		if err != nil {
			err = fmt.Errorf("the connector's user driver: %w", err)
			if _, unanswered := errors.AsType[*url.Error](err); !unanswered {
				err = &Breach{Err: err}
			}
			u.broken(err)
			return
		}
		if early && !rest(ctx) {
			return
		}
	}
}

// rest lets a moment pass before a driver is asked again that does not wait; false if ctx ends.
func rest(ctx context.Context) bool {
	moment := time.NewTimer(pause)
	defer moment.Stop()
	select {
	case <-moment.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// events asks once; early says that there are none though not all of the time has passed.
func (d *Driver) events(ctx context.Context, path string, after int) (events []json.RawMessage, early bool, err error) {
	wait, began := cmp.Or(d.Wait, Wait), time.Now()
	asked := path + "/events?after=" + strconv.Itoa(after) + "&wait=" + strconv.FormatInt(wait.Milliseconds(), 10)
	raw, err := d.ask(ctx, http.MethodGet, asked, nil, wait, http.StatusOK)
	if err != nil {
		return nil, false, err
	}
	var told struct {
		Events *[]json.RawMessage `json:"events"`
	}
	if err = json.Unmarshal(raw, &told); err == nil && told.Events == nil {
		err = errors.New("it has no events")
	}
	if err != nil {
		return nil, false, fmt.Errorf("the answer to GET %s is not as the contract says: %w", asked, plainly(err))
	}
	return *told.Events, len(*told.Events) == 0 && time.Since(began) < wait, nil
}

// The words that events may use.
var (
	kinds  = []Kind{Text, Media, Notice, State}
	sides  = []Side{"", OfUser, OfBot, OfAgent, OfSystem}
	states = []string{WithBot, Connecting, WithAgent, Ended}
)

// plainly words an error of the decoder about a value of the wrong kind by its field, and leaves every other as it is.
func plainly(err error) error {
	wrong, is := errors.AsType[*json.UnmarshalTypeError](err)
	if !is {
		return err
	}
	found, ofNumber := strings.CutPrefix(wrong.Value, "number ") // one that does not fit, which stands behind the word
	if !ofNumber {
		found = cmp.Or(map[string]string{"string": "a text", "number": "a number", "bool": "true or false", "array": "a list"}[wrong.Value], "an "+wrong.Value)
	}
	expected := cmp.Or(map[reflect.Kind]string{reflect.Int: "a whole number", reflect.Int64: "a whole number", reflect.Float64: "a number", reflect.String: "a text", reflect.Bool: "true or false", reflect.Slice: "a list"}[wrong.Type.Kind()], "an object")
	if wrong.Field == "" {
		return fmt.Errorf("expected %s, found %s", expected, found)
	}
	return fmt.Errorf("%s: expected %s, found %s", wrong.Field, expected, found)
}

// read reads an event that comes after another. The error names its field.
func read(raw json.RawMessage, after int) (event, error) {
	var one event
	wrong := func(field, format string, args ...any) (event, error) {
		return one, fmt.Errorf("the event %s after event %d is not as the contract says: %s: %s", beginning(raw), after, field, fmt.Sprintf(format, args...))
	}
	if err := json.Unmarshal(raw, &one); err != nil {
		return one, fmt.Errorf("an event after event %d is not as the contract says: %w: %s", after, plainly(err), beginning(raw))
	}
	switch {
	case one.Seq <= after:
		return wrong("seq", "expected a number above %d, found %d", after, one.Seq)
	case !slices.Contains(kinds, one.Kind):
		return wrong("kind", "expected one of %q, found %q", kinds, one.Kind)
	case !slices.Contains(sides, one.From):
		return wrong("from", "expected one of %q, found %q", sides[1:], one.From)
	case one.Kind == State && !slices.Contains(states, one.State):
		return wrong("state", "expected one of %q, found %q", states, one.State)
	case one.Kind == Media && one.File == nil:
		return wrong("file", "expected the file")
	case (one.Kind == Text || one.Kind == Media) && one.From == "":
		return wrong("from", "expected whose it is")
	}
	return one, nil
}
