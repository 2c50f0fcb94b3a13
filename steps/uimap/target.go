package uimap

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"deskcheck/fixtures/document"
	"deskcheck/steps/browser"
)

// TargetOf reads what says where one part of a page is, as it stands in a file: a CSS selector, or a map with one role and the name of the element, and perhaps what it is within. It
// has no placeholders. The error names the key in it that is wrong, empty for the whole.
func TargetOf(value any) (browser.Target, error) {
	if css, ok := value.(string); ok {
		if strings.TrimSpace(css) == "" {
			return browser.Target{}, errors.New("expected a CSS selector, or a role and a name, found an empty text")
		}
		return browser.Target{CSS: css}, nil
	}
	said, ok := value.(map[string]any)
	if !ok {
		return browser.Target{}, fmt.Errorf("expected a CSS selector, or a role and a name such as { button: Send }, found %s", document.Found(value))
	}
	var t browser.Target
	for key, name := range said {
		switch {
		case key == "within":
			inner, err := TargetOf(name)
			if err != nil {
				return t, fmt.Errorf("within: %w", err)
			}
			t.Within = &inner
		case !slices.Contains(browser.Roles(), key):
			return t, fmt.Errorf("%s is no role", key)
		case t.Role != "":
			return t, fmt.Errorf("expected one role, found %s and %s", min(t.Role, key), max(t.Role, key))
		default:
			t.Role, t.Name = key, fmt.Sprint(name)
		}
	}
	if parts := expression.FindStringSubmatch(t.Name); parts != nil {
		t.Name, t.Pattern, t.Flags = "", parts[1], parts[2]
	}
	switch {
	case t.Role == "":
		return t, errors.New("expected one role with a name, such as { button: Send }")
	case t.Role == "text" && t.Name == "" && t.Pattern == "":
		return t, errors.New("expected the text to look for, found an empty text")
	}
	return t, nil
}
