package browser

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/overlay"

	"deskcheck/steps/bound"
)

// point is a place in the window, in CSS pixels.
type point struct {
	X, Y float64
	// Moves says that the host draws in its own time, so that what was there may have moved on before it is clicked.
	Moves bool
}

// Click clicks an element as a user does: with the mouse, once the element that the host page's driver gives for the name is present, visible, enabled, standing still
// and not covered by another. It waits for that in the page until ctx ends (or 30 s); then the error says what was in the way and what the user saw.
func (t *Tab) Click(ctx context.Context, name string, widget int) error {
	if err := t.act(ctx); err != nil {
		return fmt.Errorf("click %q: %w", name, err)
	}
	if err := t.click(ctx, partNamed(name, widget)); err != nil {
		return fmt.Errorf("click %q: %w", name, err)
	}
	return nil
}

// Type clicks an element as Click does and enters text where the focus then is, each line at once as from an input method: any script and any emoji. Between lines it presses
// Shift+Enter, as a person does who does not mean to send yet; into an element of a single line all goes at once, which makes spaces of the line breaks.
func (t *Tab) Type(ctx context.Context, name, text string, widget int) error {
	if err := t.typeInto(ctx, partNamed(name, widget), text); err != nil {
		return fmt.Errorf("type into %q: %w", name, err)
	}
	return nil
}

// part is an element that a user acts on: the arguments by which the page script finds it.
type part string

// partNamed is what the host page's driver gives for a name.
func partNamed(name string, widget int) part { return part(fmt.Sprintf("%s,%d", quote(name), widget)) }

func (t *Tab) typeInto(ctx context.Context, on part, text string) error {
	if err := t.act(ctx); err != nil {
		return err
	}
	lines, err := t.focus(ctx, on)
	if err != nil {
		return err
	}
	return t.insert(ctx, text, lines)
}

// focus clicks an element and says whether a line break can be typed where the focus then is, which must be in the element.
func (t *Tab) focus(ctx context.Context, on part) (lines bool, err error) {
	var focus struct {
		Astray         string
		Nowhere, Lines bool
	}
	for range focusTries {
		if err := t.click(ctx, on); err != nil {
			return false, err
		}
		if err := t.Evaluate(ctx, fmt.Sprintf("deskcheck.kit.focused(%s)", on), &focus); err != nil {
			return false, err
		}
		if focus.Astray == "" {
			return focus.Lines, nil
		}
		if !focus.Nowhere {
			break
		}
	}
	return false, fmt.Errorf("%s", focus.Astray)
}

// focusTries is how often an element is clicked to have the focus: a page that draws anew just then takes it away with the element that it replaces, and a user sees that and clicks again.
const focusTries = 3

// insert enters text where the focus is, each line by itself where there can be several.
func (t *Tab) insert(ctx context.Context, text string, severalLines bool) error {
	if text == "" {
		return nil // Only the focus is wanted.
	}
	lines := []string{text}
	if severalLines {
		lines = strings.Split(text, "\n")
	}
	for i, line := range lines {
		if i > 0 {
			if err := t.strike(ctx, "Enter", modifiers["Shift"]); err != nil {
				return err
			}
		}
		if line == "" {
			continue
		}
		if _, err := call(ctx, t.session.life, t.session, input.InsertText, input.InsertTextParams{Text: line}); err != nil {
			return err
		}
	}
	return t.session.passed(ctx)
}

// Keys clicks an element as Click does and strikes a key for each character of text where the focus then is, as a person at a keyboard does. Characters that have no key of
// their own on a keyboard are entered as such.
func (t *Tab) Keys(ctx context.Context, name, text string, widget int) error {
	if err := t.keys(ctx, partNamed(name, widget), text); err != nil {
		return fmt.Errorf("strike keys in %q: %w", name, err)
	}
	return nil
}

func (t *Tab) keys(ctx context.Context, on part, text string) error {
	if err := t.typeInto(ctx, on, ""); err != nil {
		return err
	}
	for _, r := range text {
		if err := t.enter(ctx, string(r)); err != nil {
			return err
		}
	}
	return t.session.passed(ctx)
}

// enter strikes the key of a character.
func (t *Tab) enter(ctx context.Context, character string) error {
	event := input.DispatchKeyEventParams{Key: character}
	down, up := event, event
	down.Type, down.Text, down.UnmodifiedText = input.DispatchKeyEventTypeKeyDown, character, character
	up.Type = input.DispatchKeyEventTypeKeyUp
	return t.downAndUp(ctx, down, up)
}

// downAndUp sends the two events of a key.
func (t *Tab) downAndUp(ctx context.Context, down, up input.DispatchKeyEventParams) error {
	for _, one := range []input.DispatchKeyEventParams{down, up} {
		if err := only(call(ctx, t.session.life, t.session, input.DispatchKeyEvent, one)); err != nil {
			return err
		}
	}
	return nil
}

// act begins an act of the user: the tab must be usable, and a slowed run pauses for its spectators.
func (t *Tab) act(ctx context.Context) error {
	if err := t.usable(); err != nil {
		return err
	}
	if t.pool.options.SlowMo <= 0 {
		return nil
	}
	return t.pause(ctx)
}

// pause waits for as long as a slowed run does.
func (t *Tab) pause(ctx context.Context) error {
	pause := time.NewTimer(t.pool.options.SlowMo)
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-t.session.lost:
		return t.session.lostReason()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (t *Tab) click(ctx context.Context, on part) error {
	if err := t.show(ctx, on); err != nil {
		return err
	}
	bounded, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	began := time.Now()
	for {
		at, err := t.aim(bounded, began, on)
		if err == nil {
			err = t.press(bounded, at)
		}
		if err != nil || !at.Moves {
			return err
		}
		landed := true
		if err := t.Evaluate(bounded, "deskcheck.kit.landed()", &landed); err != nil || landed {
			return err
		}
	}
}

// aim gives the place of an element once a user could click it there.
func (t *Tab) aim(bounded context.Context, began time.Time, on part) (point, error) {
	var at point
	err := t.reach(bounded, began, fmt.Sprintf("deskcheck.kit.target(%s)", on), &at)
	return at, err
}

// pointerSize is the side of the mark at the place that is about to be clicked, in CSS pixels.
const pointerSize = 22

// show marks what is about to be clicked for those who watch a slowed run, and leaves them the time to look. The browser draws the mark above the page, which knows nothing of
// it. The click aims anew: what was marked may have moved meanwhile.
func (t *Tab) show(ctx context.Context, on part) error {
	if !t.pool.options.Headed || t.pool.options.SlowMo <= 0 {
		return nil
	}
	bounded, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	at, err := t.aim(bounded, time.Now(), on)
	if err != nil {
		return err
	}
	mark := overlay.HighlightRectParams{
		X: int64(at.X) - pointerSize/2, Y: int64(at.Y) - pointerSize/2, Width: pointerSize, Height: pointerSize,
		Color: &cdp.RGBA{R: 230, G: 90, B: 20, A: 0.45}, OutlineColor: &cdp.RGBA{R: 150, G: 40, B: 0, A: 1},
	}
	// A browser that cannot draw it is no reason for the user not to click.
	_ = only(call(ctx, t.session.life, t.session, dom.Enable, dom.EnableParams{}))
	_ = only(call(ctx, t.session.life, t.session, overlay.Enable, cdp.Empty{}))
	_ = only(call(ctx, t.session.life, t.session, overlay.HighlightRect, mark))
	defer func() { _ = only(call(ctx, t.session.life, t.session, overlay.HideHighlight, cdp.Empty{})) }()
	return t.pause(ctx)
}

// unreachable explains why an element could not be clicked.
func (t *Tab) unreachable(waited time.Duration, err error) error {
	var why explanation
	if !t.ask("deskcheck.kit.why()", &why) {
		return fmt.Errorf("the page does not answer (waited %v): %w", waited.Round(time.Millisecond), err)
	}
	if why.Fits != nil {
		return &TargetError{Reason: why.Reason, Fits: why.Fits, Shows: why.Shows, Frames: why.Frames, Waited: waited, Err: err}
	}
	if why.Screen == "" {
		return fmt.Errorf("%s (waited %v): %w", why.Reason, waited.Round(time.Millisecond), err)
	}
	return fmt.Errorf("%s (waited %v); the user saw %s: %w", why.Reason, waited.Round(time.Millisecond), why.Screen, err)
}

// press moves the mouse to a place and clicks there. The browser answers a movement only with the next frame, so the press follows it at once, in order.
func (t *Tab) press(ctx context.Context, at point) error {
	mouse := func(kind input.DispatchMouseEventType, held int64) error {
		event := input.DispatchMouseEventParams{Type: kind, X: at.X, Y: at.Y}
		if kind != input.DispatchMouseEventTypeMouseMoved {
			event.Button, event.ClickCount, event.Buttons = input.MouseButtonLeft, 1, held
		}
		return only(call(ctx, t.session.life, t.session, input.DispatchMouseEvent, event))
	}
	written, forget := t.session.process.written.expect(string(t.session.target.SessionID), input.DispatchMouseEvent.Method, `"`+string(input.DispatchMouseEventTypeMouseMoved)+`"`)
	defer forget()
	moved := make(chan error, 1)
	go func() { moved <- mouse(input.DispatchMouseEventTypeMouseMoved, 0) }()
	var movedErr error
	answered := false
	select {
	case <-written:
	case movedErr = <-moved:
		answered = true
	}
	if err := mouse(input.DispatchMouseEventTypeMousePressed, 1); err != nil {
		return err
	}
	if err := mouse(input.DispatchMouseEventTypeMouseReleased, 0); err != nil {
		return err
	}
	if !answered {
		movedErr = <-moved
	}
	if movedErr != nil {
		return movedErr
	}
	return t.session.passed(ctx)
}

// keys are the keys that Press knows, with their code, the number by which the browser knows them and the text that they enter.
var keys = map[string]struct {
	code    string
	number  int64
	entered string
}{
	"Enter":      {"Enter", 13, "\r"},
	"Escape":     {"Escape", 27, ""},
	"Tab":        {"Tab", 9, "\t"},
	"Backspace":  {"Backspace", 8, ""},
	"Delete":     {"Delete", 46, ""},
	"Home":       {"Home", 36, ""},
	"End":        {"End", 35, ""},
	"ArrowLeft":  {"ArrowLeft", 37, ""},
	"ArrowUp":    {"ArrowUp", 38, ""},
	"ArrowRight": {"ArrowRight", 39, ""},
	"ArrowDown":  {"ArrowDown", 40, ""},
	"Space":      {"Space", 32, " "},
}

// modifiers as the browser numbers them.
var modifiers = map[string]int64{"Alt": 1, "Control": 2, "Meta": 4, "Shift": 8}

// Press presses a key where the focus is: Enter, Escape, Tab, Backspace, Delete, Home, End, Space or an arrow such as ArrowLeft, with modifiers as in "Shift+Enter"; or that of a
// single character, such as "a" or "?".
func (t *Tab) Press(ctx context.Context, key string) error {
	if utf8.RuneCountInString(key) == 1 {
		return t.pressCharacter(ctx, key)
	}
	parts := strings.Split(key, "+")
	name := parts[len(parts)-1]
	if _, ok := keys[name]; !ok {
		return fmt.Errorf("press %q: no such key is known; use one such as Enter, Escape, Tab or ArrowDown", key)
	}
	var mask int64
	for _, part := range parts[:len(parts)-1] {
		bit, ok := modifiers[part]
		if !ok {
			return fmt.Errorf("press %q: %s is no modifier; use Alt, Control, Meta or Shift", key, part)
		}
		mask |= bit
	}
	if err := t.act(ctx); err != nil {
		return fmt.Errorf("press %q: %w", key, err)
	}
	err := t.strike(ctx, name, mask)
	if err == nil {
		err = t.session.passed(ctx)
	}
	if err != nil {
		return fmt.Errorf("press %q: %w", key, err)
	}
	return nil
}

func (t *Tab) pressCharacter(ctx context.Context, character string) error {
	err := t.act(ctx)
	if err == nil {
		err = t.enter(ctx, character)
	}
	if err == nil {
		err = t.session.passed(ctx)
	}
	if err != nil {
		return fmt.Errorf("press %q: %w", character, err)
	}
	return nil
}

// strike presses one of the keys and lets it go.
func (t *Tab) strike(ctx context.Context, name string, mask int64) error {
	known := keys[name]
	if name == "Space" {
		name = " "
	}
	event := input.DispatchKeyEventParams{Key: name, Code: known.code, WindowsVirtualKeyCode: known.number, NativeVirtualKeyCode: known.number, Modifiers: mask}
	down, up := event, event
	down.Type, up.Type = input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp
	// A key that enters text does so with its own event; with Control or Alt it is a command instead.
	if known.entered != "" && mask&^modifiers["Shift"] == 0 {
		down.Type, down.Text, down.UnmodifiedText = input.DispatchKeyEventTypeKeyDown, known.entered, known.entered
	}
	return t.downAndUp(ctx, down, up)
}
