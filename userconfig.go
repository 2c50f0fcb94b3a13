package deskcheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"deskcheck/fixtures/document"
	"deskcheck/steps/browser"
	"deskcheck/steps/enduser"
	"deskcheck/steps/uimap"
)

// userKey is the key of the configuration that says how the connector's end users are played.
const userKey = "user"

// EndUser says how the end users of a connector are played: by an HTTP driver, at the connector's page, or both.
type EndUser struct {
	// Driver is the address of the user driver; empty for none. See package enduser.
	Driver string
	Page   UserPage
}

// UserPage is the page on which an end user chats.
type UserPage struct {
	// URL is its address; empty for none. ${user.name} and ${user.email} in it are the user's.
	URL string
	// Selectors are where its parts are, by the names of enduser.Parts, each as uimap.TargetOf reads it.
	Selectors map[string]any
	// Ask is what the user says, line by line, to be offered an agent; {NAME} in it is the value of an argument.
	Ask []string
}

// value returns the user as the schema sees it.
func (u EndUser) value() map[string]any {
	value := map[string]any{}
	if u.Driver != "" {
		value["driver"] = u.Driver
	}
	page := map[string]any{}
	if u.Page.URL != "" {
		page["url"] = u.Page.URL
	}
	if u.Page.Selectors != nil {
		page["selectors"] = maps.Clone(u.Page.Selectors)
	}
	if u.Page.Ask != nil {
		page["ask"] = itemsOf(u.Page.Ask)
	}
	if len(page) > 0 {
		value["page"] = page
	}
	return value
}

// endUserOf reads a validated value.
func endUserOf(value any) EndUser {
	root, _ := value.(map[string]any)
	page, _ := root["page"].(map[string]any)
	u := EndUser{Driver: textOf(root["driver"]), Page: UserPage{URL: textOf(page["url"]), Ask: textsOf(page["ask"])}}
	if selectors, is := page["selectors"].(map[string]any); is {
		u.Page.Selectors = maps.Clone(selectors)
	}
	return u
}

// targets are where the parts of the page are. Those that cannot be read are left out, because Validate has told of them.
func (p UserPage) targets() map[string]browser.Target {
	all := map[string]browser.Target{}
	for name, selector := range p.Selectors {
		if target, err := uimap.TargetOf(selector); err == nil {
			all[name] = target
		}
	}
	return all
}

// endUserProblems finds keys of the end user that do not fit each other, or the connector.
func (c Config) endUserProblems() []ConfigProblem {
	u := c.EndUser
	if c.Contract != contractDigitalConnect {
		return nil
	}
	var problems []ConfigProblem
	add := func(key, format string, args ...any) {
		problems = append(problems, ConfigProblem{Key: userKey + key, Message: fmt.Sprintf(format, args...)})
	}
	given, reference := len(u.value()) > 0, len(c.Connector.value()) == 0
	switch {
	case !given && reference:
		return nil
	case !given:
		add("", "expected how the connector's end users are played: driver: with the address of a user driver, or page: with the page that they chat on")
	case reference:
		add("", "belongs to a connector of yours: name it under connector; the embedded reference has users of its own")
	}
	if err := belowBase(u.Driver, "/driver"); err != nil {
		add(".driver", "%v", err)
	}
	if strings.ContainsAny(u.Driver, "?#") {
		add(".driver", "the address must end with its path: leave out what follows ? or #")
	}
	if len(c.EndUser.Page.value()) > 0 {
		problems = append(problems, u.Page.problems()...)
	}
	return problems
}

// value returns the page as the schema sees it.
func (p UserPage) value() map[string]any {
	page, _ := EndUser{Page: p}.value()["page"].(map[string]any)
	return page
}

// problems are those of the page.
func (p UserPage) problems() []ConfigProblem {
	var problems []ConfigProblem
	add := func(key, format string, args ...any) {
		problems = append(problems, ConfigProblem{Key: userKey + ".page" + key, Message: fmt.Sprintf(format, args...)})
	}
	if p.URL == "" {
		add(".url", "expected where the page is: a path such as /chat, or an http address")
	}
	if err := belowBase(p.URL, "/chat"); err != nil {
		add(".url", "%v", err)
	}
	for _, name := range slices.Sorted(maps.Keys(p.Selectors)) {
		if !enduser.IsPart(name) {
			add(".selectors."+name, "a page has no part of this name%s; an argument's field is \"argument NAME\"", nearest(name, enduser.Parts()))
		}
		if _, err := uimap.TargetOf(p.Selectors[name]); err != nil {
			add(".selectors."+name, "%v", err)
		}
	}
	has := func(name string) bool { return p.Selectors[name] != nil }
	if !has("input") {
		add(".selectors", "expected input: where the user types")
	}
	if !has("from agent") {
		add(".selectors", "expected from agent: the agent's bubbles")
	}
	if !has("agent") && len(p.Ask) == 0 {
		add(".selectors", "expected agent: the button that asks for an agent, or ask: with what the user says to be offered one")
	}
	return problems
}

// nearest is what was probably meant by a word, for the end of a message.
func nearest(word string, words []string) string {
	if near, ok := document.Near(word, words); ok {
		return "; did you mean " + near + "?"
	}
	return "; there are " + strings.Join(words, ", ")
}
