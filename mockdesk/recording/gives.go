package recording

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"deskcheck/mockdesk/wire"
)

// How fields are called that a meaning takes.
var (
	queueNames   = regexp.MustCompile(`(?i)^(queue|team|department|skill|skill_?group|group|route)(_?(id|name|key))?$`)
	localeNames  = regexp.MustCompile(`(?i)^(locale|language|lang)$`)
	sessionNames = regexp.MustCompile(`(?i)^(session|session_?id)$`)
	userNames    = regexp.MustCompile(`(?i)^(user|visitor|customer|client|contact|guest|profile)$`)
	contextNames = regexp.MustCompile(`(?i)^(context|hand_?over|custom|custom_?fields|attributes|meta_?data|data|info|details|summary_?data|payload|extra)$`)
)

// gives says where a meaning finds what it takes.
func (f *file) gives(t *take) string {
	var parts []string
	add := func(name, place string) {
		if place != "" {
			parts = append(parts, name+": "+flowText(place))
		}
	}
	switch t.means {
	case wire.Availability, wire.Start:
		add("queue", placeOf(t, func(l leaf) bool { return queueNames.MatchString(l.name) }))
		if t.means == wire.Start {
			add("context", contextOf(t))
			f.giveUser(t, add)
		}
	case wire.Message:
		add("key", t.key)
		add("text", t.lineAt())
	case wire.Typing:
		add("typing", f.typingOf(t))
	case wire.Events:
		add("after", f.after(t))
	case wire.Read, wire.Acknowledge:
		add("upTo", t.after)
	default:
	}
	return strings.Join(parts, ", ")
}

func (f *file) giveUser(t *take, add func(name, place string)) {
	ofUser := func(names *regexp.Regexp) func(leaf) bool {
		return func(l leaf) bool { return userNames.MatchString(l.parent) && names.MatchString(l.name) }
	}
	add("name", placeOf(t, ofUser(nameNames)))
	add("user", placeOf(t, ofUser(idEndings)))
	add("session", placeOf(t, ofUser(sessionNames)))
	add("locale", placeOf(t, func(l leaf) bool { return localeNames.MatchString(l.name) }))
}

// after is from where on events are handed out: what the client says of it, or what it has acknowledged.
func (f *file) after(t *take) string {
	acknowledges := slices.ContainsFunc(f.takes, func(o *take) bool { return o.means == wire.Acknowledge })
	if t.after == "" && acknowledges {
		return "conversation.acknowledged"
	}
	if t.after == "" && t.list != nil {
		f.todof("%s does not say up to where the client has heard: add give: {after: …}, or every answer has all events", t.name())
	}
	return t.after
}

// placeOf is the first place among all asks of a take that fits, empty if none does.
func placeOf(t *take, fits func(leaf) bool) string {
	for _, a := range t.asks {
		for _, l := range a.leaves {
			if fits(l) && !strings.HasPrefix(l.place, "header") && !strings.HasPrefix(l.place, "path") {
				return l.place
			}
		}
	}
	return ""
}

// contextOf is the object with what the desk is told of the request: one that is called so, or all of it.
func contextOf(t *take) string {
	for _, a := range t.asks {
		if place := objectIn(a.body, "body"); place != "" {
			return place
		}
	}
	if bodyOf(t) == string(jsonMedia) || bodyOf(t) == string(formMedia) || t.isFrame {
		return "body"
	}
	return ""
}

func objectIn(n *node, place string) string {
	if n == nil {
		return ""
	}
	if n.inner != nil {
		return objectIn(n.inner, "parse("+place+` ?? "{}")`)
	}
	for _, m := range n.members {
		if n.kind != object {
			break
		}
		inner := m.value
		at := below(place, m.name)
		if inner.inner != nil {
			inner, at = inner.inner, "parse("+at+` ?? "{}")`
		}
		if inner.kind == object && contextNames.MatchString(m.name) && m.name != "p" {
			return at
		}
	}
	for _, m := range n.members {
		if found := objectIn(m.value, below(place, m.name)); found != "" && n.kind == object {
			return found
		}
	}
	return ""
}

// typingOf is whether the user types or has stopped: a truth value, a word that differs, or that it is said at all.
func (f *file) typingOf(t *take) string {
	for _, l := range t.asks[0].leaves {
		if l.value.kind == truth {
			return l.place
		}
	}
	for _, l := range t.asks[0].leaves {
		if words, all := wordsAt(t.asks, l.place); all && len(words) == 2 {
			return fmt.Sprintf("%s == %q", l.place, l.value.text)
		}
	}
	f.todof("%s says that the user types, and it is not known how it says that they have stopped", t.name())
	return "true"
}
