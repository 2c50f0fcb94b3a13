package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"

	"deskcheck/steps/bound"
)

// Target says which element of a page is meant, as a person would: by what it is and what it is called, or by a CSS selector. Either CSS or Role is set. What is in a frame
// of the page is out of reach, and what is in a closed shadow root that the parser made.
type Target struct {
	// CSS is a selector, in which `>>>` steps into a shadow root.
	CSS string `json:"css,omitempty"`
	// Role is one of Roles.
	Role string `json:"role,omitempty"`
	// Name is what the element is called for those who do not see it, to the letter but for blanks; empty for any. Pattern is a regular expression of JavaScript that fits
	// a part of the name, with its Flags; it goes before Name.
	Name    string `json:"name,omitempty"`
	Pattern string `json:"pattern,omitempty"`
	Flags   string `json:"flags,omitempty"`
	// Within is what the element must be inside of; nil for the page.
	Within *Target `json:"within,omitempty"`
}

// String is the target in words, such as: button "Send" within dialog "Transfer".
func (t Target) String() string {
	words := t.CSS
	switch {
	case words != "":
	case t.Pattern != "":
		words = fmt.Sprintf("%s /%s/%s", t.Role, t.Pattern, t.Flags)
	case t.Name != "":
		words = fmt.Sprintf("%s %q", t.Role, t.Name)
	default:
		words = t.Role
	}
	if t.Within != nil {
		words += " within " + t.Within.String()
	}
	return words
}

// Roles are the words that Target.Role knows: roles of ARIA; label, which is a field with that label; and text, which is any element that shows just that text.
func Roles() []string {
	return []string{
		"alert", "alertdialog", "article", "banner", "button", "cell", "checkbox", "columnheader", "combobox", "complementary", "contentinfo", "dialog", "document", "feed", "figure",
		"form", "grid", "gridcell", "group", "heading", "img", "label", "link", "list", "listbox", "listitem", "log", "main", "menu", "menubar", "menuitem", "menuitemcheckbox",
		"menuitemradio", "meter", "navigation", "note", "option", "paragraph", "progressbar", "radio", "radiogroup", "region", "row", "rowgroup", "rowheader", "search", "searchbox",
		"separator", "slider", "spinbutton", "status", "switch", "tab", "table", "tablist", "tabpanel", "text", "textbox", "timer", "toolbar", "tooltip", "tree", "treeitem",
	}
}

// Element is an element as a page showed it.
type Element struct {
	// Role and Name are what it is for those who do not see it, Text is what is read in it, and Snippet how its HTML begins.
	Role, Name, Text, Snippet string
	// Seen says whether it is visible.
	Seen bool
}

// String is the element in words: its role and name, or its HTML where it has neither.
func (e Element) String() string {
	switch {
	case e.Name != "":
		return fmt.Sprintf("%s %q", e.Role, e.Name)
	case e.Role != "" && e.Role != "generic":
		return e.Role + " " + e.Snippet
	}
	return e.Snippet
}

// TargetError says that there was not just one element to act on, or that it could not be acted on.
type TargetError struct {
	// Reason says what was wrong.
	Reason string
	// Fits are elements that fit the target, the first ten of them; Shows are others that the page showed instead, of the same role first, where none did.
	Fits, Shows []Element
	// Frames is how many frames the page has, into which no target reaches.
	Frames int
	// Waited is how long it was waited for, and Err why no longer.
	Waited time.Duration
	Err    error
}

// Error tells the reason and what the page showed.
func (e *TargetError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (waited %v)", e.Reason, e.Waited.Round(time.Millisecond))
	switch {
	case len(e.Fits) > 1:
		b.WriteString(": " + portrayed(e.Fits, Element.withSnippet))
	case len(e.Fits) == 0 && len(e.Shows) > 0:
		b.WriteString("; the page shows " + portrayed(e.Shows, Element.String))
	case len(e.Fits) == 0:
		b.WriteString("; the page shows nothing that a user could act on")
	}
	if len(e.Fits) == 0 && e.Frames > 0 {
		fmt.Fprintf(&b, "; of what is in its frames (%d) nothing can be reached", e.Frames)
	}
	return b.String()
}

// Unwrap is why it was waited no longer.
func (e *TargetError) Unwrap() error { return e.Err }

func (e Element) withSnippet() string {
	if e.Name == "" {
		return e.String()
	}
	return e.String() + " " + e.Snippet
}

func portrayed(elements []Element, words func(Element) string) string {
	all := make([]string, len(elements))
	for i, e := range elements {
		all[i] = words(e)
	}
	return strings.Join(all, ", ")
}

// explanation is what the page says of a search that came to nothing; Fits is nil where the search was not for a target.
type explanation struct {
	Reason, Screen string
	Fits, Shows    []Element
	Frames         int
}

// script is the target as the page script takes it.
func (t Target) script() string {
	raw, _ := json.Marshal(t) // Texts always marshal.
	return string(raw)
}

func (t Target) part() part { return part(t.script() + ",0") }

// ClickAt clicks the element that fits a target, as Click does one that has a name; it must be the only one that fits and is visible. Where it waits in vain the error is a
// *TargetError.
func (t *Tab) ClickAt(ctx context.Context, target Target) error {
	return t.at(ctx, "click", target, func() error { return t.click(ctx, target.part()) })
}

// FillAt clicks a field as ClickAt does and replaces what is in it by text, which is entered as Type does.
func (t *Tab) FillAt(ctx context.Context, target Target, text string) error {
	return t.at(ctx, "fill", target, func() error {
		lines, err := t.focus(ctx, target.part())
		if err != nil {
			return err
		}
		all := input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeRawKeyDown, Key: "a", Code: "KeyA", WindowsVirtualKeyCode: 65, Modifiers: modifiers["Control"], Commands: []string{"selectAll"}}
		up := all
		up.Type, up.Commands = input.DispatchKeyEventTypeKeyUp, nil
		if err := t.downAndUp(ctx, all, up); err != nil {
			return err
		}
		if text == "" {
			if err := t.strike(ctx, "Delete", 0); err != nil {
				return err
			}
		}
		if err := t.insert(ctx, text, lines); err != nil {
			return err
		}
		return t.session.passed(ctx)
	})
}

// TypeAt clicks an element as ClickAt does and strikes the keys of text there, as Keys does.
func (t *Tab) TypeAt(ctx context.Context, target Target, text string) error {
	return t.at(ctx, "type into", target, func() error { return t.keys(ctx, target.part(), text) })
}

// UploadAt clicks an element as ClickAt does and chooses files in the chooser that opens, as ChooseFiles does.
func (t *Tab) UploadAt(ctx context.Context, target Target, paths ...string) error {
	return t.at(ctx, "choose files with", target, func() error { return t.chooseFiles(ctx, target.part(), paths) })
}

// ChooseAt chooses an option, by its visible name or else by its value, in the list that fits a target: a select, a listbox, a radiogroup, or whatever opens options when it
// is clicked. It waits for an option that a select does not have yet; where that is in vain the error is a *TargetError.
func (t *Tab) ChooseAt(ctx context.Context, target Target, option string) error {
	return t.at(ctx, fmt.Sprintf("choose %q in", option), target, func() error {
		bounded, cancel := bound.WithTimeout(ctx, callBound)
		defer cancel()
		began := time.Now()
		if _, err := t.aim(bounded, began, target.part()); err != nil {
			return err
		}
		var picked struct {
			Done bool
			Role string
		}
		if err := t.reach(bounded, began, fmt.Sprintf("deskcheck.kit.pick(%s,%s)", target.script(), quote(option)), &picked); err != nil {
			return err
		}
		switch {
		case picked.Done:
			return nil
		case picked.Role == "listbox":
			return t.click(ctx, Target{Role: "option", Name: option, Within: &target}.part())
		case picked.Role == "radiogroup":
			return t.click(ctx, Target{Role: "radio", Name: option, Within: &target}.part())
		}
		if err := t.click(ctx, target.part()); err != nil {
			return err
		}
		return t.click(ctx, Target{Role: "option", Name: option}.part())
	})
}

// at begins an act of the user on a target, and says of an error what was to be done.
func (t *Tab) at(ctx context.Context, doing string, target Target, act func() error) error {
	err := t.act(ctx)
	if err == nil {
		err = t.listen(ctx)
	}
	if err == nil {
		err = act()
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", doing, target, err)
	}
	return nil
}

// SeeAt tells of all elements that fit a target and are visible now, in the order of the page.
func (t *Tab) SeeAt(ctx context.Context, target Target) ([]Element, error) {
	var seen []Element
	err := t.listen(ctx)
	if err == nil {
		err = t.seek(ctx, "deskcheck.kit.sees("+target.script()+")", &seen)
	}
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", target, err)
	}
	return seen, nil
}

// AwaitAt waits until an element that fits a target is visible, or with gone until none is. Where it waits in vain, until ctx ends or for 30 s, the error is a *TargetError.
func (t *Tab) AwaitAt(ctx context.Context, target Target, gone bool) error {
	bounded, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	verb := "appear"
	if gone {
		verb = "vanish"
	}
	began := time.Now()
	err := t.listen(ctx)
	if err == nil {
		err = t.reach(bounded, began, fmt.Sprintf("deskcheck.kit.%s(%s)", verb, target.script()), nil)
	}
	if err != nil {
		return fmt.Errorf("wait for %s to %s: %w", target, verb, err)
	}
	return nil
}

// listen has the browser keep what it computes for those who do not see from one question to the next. A page that has just come has to be asked once; without it each
// role and each name would be computed from the ground up.
func (t *Tab) listen(ctx context.Context) error {
	if err := t.usable(); err != nil {
		return err
	}
	if err := alter(ctx, t, accessibility.Enable, cdp.Empty{}, "read roles and names"); err != nil {
		return err
	}
	return t.across(ctx, func() error {
		return only(call(ctx, t.session.life, t.session, accessibility.GetRootAXNode, accessibility.GetRootAXNodeParams{}))
	})
}

// seek evaluates what looks at the page; see across.
func (t *Tab) seek(ctx context.Context, js string, out any) error {
	return t.across(ctx, func() error { return t.Evaluate(ctx, js, out) })
}

// reach is seek for what the page looks for until bounded ends. Then the error says since when it has, and what was found instead.
func (t *Tab) reach(bounded context.Context, began time.Time, js string, out any) error {
	err := t.seek(bounded, js, out)
	if err == nil || bounded.Err() == nil || t.Reason() != nil {
		return err
	}
	return t.unreachable(time.Since(began), err)
}
