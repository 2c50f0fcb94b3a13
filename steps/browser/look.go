package browser

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
)

// Node is what a screen reader is told of a part of the page.
type Node struct {
	// Role is what it is, such as "button", and Name what it is called; a part that has no name of its own has none.
	Role, Name string
	// Focusable says whether the keyboard can reach it.
	Focusable bool
}

// Accessible is what a screen reader finds on the page, from the top down, without what it passes over.
func (t *Tab) Accessible(ctx context.Context) ([]Node, error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	tree, err := call(ctx, t.session.life, t.session, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	if err != nil {
		return nil, fmt.Errorf("read what a screen reader finds: %w", err)
	}
	var found []Node
	for _, node := range tree.Nodes {
		if node.Ignored {
			continue
		}
		one := Node{Role: wordOf(node.Role), Name: wordOf(node.Name)}
		for _, property := range node.Properties {
			one.Focusable = one.Focusable || property.Name == accessibility.PropertyNameFocusable && string(property.Value.Value) == "true"
		}
		found = append(found, one)
	}
	return found, nil
}

func wordOf(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var word string
	// What is no string has no words.
	_ = json.Unmarshal(v.Value, &word)
	return word
}

// Resize gives the page another window, in CSS pixels. It holds for this lease.
func (t *Tab) Resize(ctx context.Context, width, height int) error {
	size := emulation.SetDeviceMetricsOverrideParams{Width: int64(width), Height: int64(height), DeviceScaleFactor: 1}
	return alter(ctx, t, emulation.SetDeviceMetricsOverride, size, fmt.Sprintf("make the window %d by %d", width, height))
}

// PreferDark has the page believe that its user likes dark colours, or light ones. It holds for this lease.
func (t *Tab) PreferDark(ctx context.Context, dark bool) error {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	return alter(ctx, t, emulation.SetEmulatedMedia, media, "prefer "+scheme+" colours")
}

// alter changes something about a tab until restore.
func alter[P any](ctx context.Context, t *Tab, command cdp.Command[P, cdp.Empty], params P, what string) error {
	if err := t.usable(); err != nil {
		return err
	}
	t.session.mu.Lock()
	t.session.altered = true
	t.session.mu.Unlock()
	if err := only(call(ctx, t.session.life, t.session, command, params)); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// restore takes back what alter has changed, before the tab serves another scenario.
func (s *session) restore(ctx context.Context) error {
	s.mu.Lock()
	altered := s.altered
	s.altered = false
	s.mu.Unlock()
	if !altered {
		return nil
	}
	return together(
		func() error {
			return only(call(ctx, s.life, s, emulation.ClearDeviceMetricsOverride, cdp.Empty{}))
		},
		func() error {
			return only(call(ctx, s.life, s, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}))
		},
		func() error { return only(call(ctx, s.life, s, accessibility.Disable, cdp.Empty{})) },
		// With it goes what BreakLink has done.
		func() error { return only(call(ctx, s.life, s, network.Disable, cdp.Empty{})) },
	)
}
