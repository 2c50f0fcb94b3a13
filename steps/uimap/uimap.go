// Package uimap drives an agent desk that the kit has never seen, by a map that says how a person does things there: a verb is a short list of actions, a look is what is read
// where. The map is written in YAML; see fixtures/schemas/ui-map.schema.json.
package uimap

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"deskcheck/fixtures/document"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
)

// patience is how long an action waits for its element, unless the context ends before.
const patience = 10 * time.Second

// Hand does what a person does in a page; *browser.Tab is one.
type Hand interface {
	ClickAt(ctx context.Context, target browser.Target) error
	FillAt(ctx context.Context, target browser.Target, text string) error
	TypeAt(ctx context.Context, target browser.Target, text string) error
	ChooseAt(ctx context.Context, target browser.Target, option string) error
	UploadAt(ctx context.Context, target browser.Target, paths ...string) error
	Press(ctx context.Context, key string) error
	Call(ctx context.Context, path string, out any, args ...any) error
	SeeAt(ctx context.Context, target browser.Target) ([]browser.Element, error)
	AwaitAt(ctx context.Context, target browser.Target, gone bool) error
}

// Having says whether a desk has a verb or a look.
type Having int

const (
	// Missing says that the map does not tell.
	Missing Having = iota
	// None says that the desk has no such thing.
	None
	// Yes says that the map tells how.
	Yes
)

// Map says how things are done in a desk. It is safe for concurrent use.
type Map struct {
	path  string
	words map[string]string
	verbs map[string]doing
	looks map[string]sight
}

type doing struct {
	line    int
	none    bool
	actions []action
}

type sight struct {
	line   int
	none   bool
	target target
}

// action is one thing that is done; see the schema.
type action struct {
	line      int
	kind      string
	target    target
	word      string
	with      []template
	condition *target
	given     string
	wait      *target
	gone      bool
}

// target is a browser.Target with placeholders.
type target struct {
	line         int
	css, pattern bool
	role, flags  string
	name         template
	within       *target
}

// MissingError says that a map does not tell how to do something, or where to read it, or that the desk has no such thing.
type MissingError struct {
	// Name is the verb or the look, Path the file of the map.
	Name, Path string
	// None says that the desk has no such thing, and Line where the map says so.
	None bool
	Line int
}

// Error says what is missing and where it would stand.
func (e *MissingError) Error() string {
	if e.None {
		return fmt.Sprintf("%s:%d: the desk has no %q", e.Path, e.Line, e.Name)
	}
	return fmt.Sprintf("%s: ui-map does not say %q; add it, or write %q: none if the desk has no such thing", e.Path, e.Name, e.Name)
}

// NoElementError says that no element of the page was the one of an action or a look, or none that could be acted on.
type NoElementError struct{ Failure }

// SeveralError says that more than one element was.
type SeveralError struct{ Failure }

// Failure says which part of a map came to nothing, and on what page.
type Failure struct {
	// Name is the verb or look, Path and Line where the map names what was looked for.
	Name, Path string
	Line       int
	// Target is what was looked for, filled in.
	Target browser.Target
	// Page is what the page showed.
	Page *browser.TargetError
	// Err is the whole of what the hand said.
	Err error
}

// Error names the verb, its line and what was found.
func (f *Failure) Error() string { return fmt.Sprintf("%s:%d: %s: %v", f.Path, f.Line, f.Name, f.Err) }

// Unwrap is what the hand said.
func (f *Failure) Unwrap() error { return f.Err }

// Has says whether the map tells how to do a verb, or where a look is; text it always tells.
func (m *Map) Has(name string) Having {
	known, isNone := m.find(name)
	switch {
	case isNone:
		return None
	case known || name == "text":
		return Yes
	}
	return Missing
}

func (m *Map) find(name string) (known, isNone bool) {
	if verb, ok := m.verbs[name]; ok {
		return true, verb.none
	}
	look, ok := m.looks[name]
	return ok, look.none
}

// Line is where the map tells of a verb or a look, in the file at Path; 0 where it does not.
func (m *Map) Line(name string) int {
	if verb, ok := m.verbs[name]; ok {
		return verb.line
	}
	return m.looks[name].line
}

// Path is the file of the map, as the user named it.
func (m *Map) Path() string { return m.path }

// Word is what the desk calls a state, or the state itself where the map has no word for it.
func (m *Map) Word(state string) string {
	if word, ok := m.words[state]; ok {
		return word
	}
	return state
}

// Do does a verb with the values of its placeholders, each action as soon as the page lets it. The error is a *MissingError, *NoElementError or *SeveralError where the map or the
// page is the reason.
func (m *Map) Do(ctx context.Context, hand Hand, name string, values map[string]string) error {
	verb, known := m.verbs[name]
	if !known || verb.none {
		return &MissingError{Name: name, Path: m.path, None: verb.none, Line: verb.line}
	}
	values = m.worded(values)
	for _, a := range verb.actions {
		if err := m.act(ctx, hand, name, a, values); err != nil {
			return err
		}
	}
	return nil
}

// Can says whether the first element that a verb acts on is visible now, without waiting for it. A verb that acts on none can always be done. Its errors are those of Do.
func (m *Map) Can(ctx context.Context, hand Hand, name string, values map[string]string) (bool, error) {
	verb, known := m.verbs[name]
	if !known || verb.none {
		return false, &MissingError{Name: name, Path: m.path, None: verb.none, Line: verb.line}
	}
	values = m.worded(values)
	for _, a := range verb.actions {
		if a.kind == "press" || a.kind == "call" {
			continue
		}
		wanted, err := m.wanted(ctx, hand, name, a, values)
		if err != nil {
			return false, err
		}
		if !wanted {
			continue
		}
		on, err := a.target.fill(values)
		if err != nil {
			return false, m.failed(name, a.line, on, err)
		}
		seen, err := hand.SeeAt(ctx, on)
		return len(seen) > 0, m.failed(name, a.line, on, err)
	}
	return true, nil
}

// worded are the values with the desk's own word for a state.
func (m *Map) worded(values map[string]string) map[string]string {
	state, ok := values["state"]
	if !ok {
		return values
	}
	values = maps.Clone(values)
	values["state"] = m.Word(state)
	return values
}

func (m *Map) act(ctx context.Context, hand Hand, name string, a action, values map[string]string) error {
	if wanted, err := m.wanted(ctx, hand, name, a, values); err != nil || !wanted {
		return err
	}
	bounded, cancel := bound.WithTimeout(ctx, patience)
	defer cancel()
	if err := m.perform(bounded, hand, name, a, values); err != nil {
		return err
	}
	if a.wait == nil {
		return nil
	}
	awaited, err := a.wait.fill(values)
	if err != nil {
		return m.failed(name, a.wait.line, awaited, err)
	}
	waiting, stop := bound.WithTimeout(ctx, patience)
	defer stop()
	return m.failed(name, a.wait.line, awaited, hand.AwaitAt(waiting, awaited, a.gone))
}

// wanted says whether an action is to be done: not where its condition is not met, nor where what is to be entered is left out.
func (m *Map) wanted(ctx context.Context, hand Hand, name string, a action, values map[string]string) (bool, error) {
	if a.given != "" && values[a.given] == "" {
		return false, nil
	}
	if a.kind == "choose" && a.with[0].isBlank(values) {
		return false, nil
	}
	if a.condition == nil {
		return true, nil
	}
	condition, err := a.condition.fill(values)
	if err != nil {
		return false, m.failed(name, a.condition.line, condition, err)
	}
	seen, err := hand.SeeAt(ctx, condition)
	return len(seen) > 0, m.failed(name, a.condition.line, condition, err)
}

func (m *Map) perform(ctx context.Context, hand Hand, name string, a action, values map[string]string) error {
	with := make([]string, len(a.with))
	for i, t := range a.with {
		text, err := t.fill(values, asIs)
		if err != nil {
			return m.failed(name, a.line, browser.Target{}, err)
		}
		with[i] = text
	}
	var on browser.Target
	if a.kind != "press" && a.kind != "call" {
		var err error
		if on, err = a.target.fill(values); err != nil {
			return m.failed(name, a.line, on, err)
		}
	}
	return m.failed(name, a.line, on, a.do(ctx, hand, on, with))
}

func (a action) do(ctx context.Context, hand Hand, on browser.Target, with []string) error {
	switch a.kind {
	case "click":
		return hand.ClickAt(ctx, on)
	case "fill":
		return hand.FillAt(ctx, on, with[0])
	case "type":
		return hand.TypeAt(ctx, on, with[0])
	case "choose":
		return hand.ChooseAt(ctx, on, with[0])
	case "upload":
		return hand.UploadAt(ctx, on, with[0])
	case "press":
		return hand.Press(ctx, a.word)
	}
	args := make([]any, len(with))
	for i, text := range with {
		args[i] = text
	}
	if err := hand.Call(ctx, a.word, nil, args...); !errors.Is(err, browser.ErrMovedOn) {
		return err
	}
	return nil // It led to another document, which is an answer too.
}

// failed says of an error where in the map it arose, nil for none.
func (m *Map) failed(name string, line int, on browser.Target, err error) error {
	if err == nil {
		return nil
	}
	f := Failure{Name: name, Path: m.path, Line: line, Target: on, Err: err}
	if page, ok := errors.AsType[*browser.TargetError](err); ok {
		f.Page = page
		if len(page.Fits) > 1 {
			return &SeveralError{f}
		}
		return &NoElementError{f}
	}
	return &f
}

// Look reads what is visible of every element that fits a look, in the order of the page; nothing is no error. Of a state it gives the contract's name where the map has a
// word for it. The error is a *MissingError where the map does not tell where to look.
func (m *Map) Look(ctx context.Context, hand Hand, name string, values map[string]string) ([]string, error) {
	look, known := m.looks[name]
	if (!known && name != "text") || look.none {
		return nil, &MissingError{Name: name, Path: m.path, None: look.none, Line: look.line}
	}
	on, err := browser.Target{CSS: "body"}, error(nil)
	if known {
		on, err = look.target.fill(values)
	}
	if err != nil {
		return nil, m.failed(name, look.line, on, err)
	}
	bounded, cancel := bound.WithTimeout(ctx, patience)
	defer cancel()
	seen, err := hand.SeeAt(bounded, on)
	if err != nil {
		return nil, m.failed(name, look.line, on, err)
	}
	texts := make([]string, len(seen))
	for i, element := range seen {
		texts[i] = element.Text
		if name == "state" || name == "MRD state" {
			texts[i] = m.state(element.Text)
		}
	}
	return texts, nil
}

// state is the contract's name of a state that the desk calls by a word of its own.
func (m *Map) state(text string) string {
	for state, word := range m.words {
		if strings.EqualFold(strings.TrimSpace(text), strings.TrimSpace(word)) {
			return state
		}
	}
	return text
}

// fill puts the values in. In a selector and in a pattern they stand for themselves, whatever signs are in them.
func (t target) fill(values map[string]string) (browser.Target, error) {
	filled := browser.Target{Role: t.role, Flags: t.flags}
	var err error
	switch {
	case t.css:
		filled.CSS, err = t.name.fill(values, escapeCSS)
	case t.pattern:
		filled.Pattern, err = t.name.fill(values, escapePattern)
	default:
		filled.Name, err = t.name.fill(values, asIs)
	}
	if err == nil && t.within != nil {
		var within browser.Target
		within, err = t.within.fill(values)
		filled.Within = &within
	}
	return filled, err
}

// Problems are what is wrong with a map that Parse or Read refused, nil for any other error.
func Problems(err error) []document.Problem {
	if wrong, ok := errors.AsType[*document.Error](err); ok {
		return wrong.Problems
	}
	return nil
}
