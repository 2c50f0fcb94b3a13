package recording

import (
	"fmt"
	"net/http"
	"strings"

	"deskcheck/mockdesk/wire"
)

// answers words what becomes of a take.
func (f *file) answers(t *take) []string {
	good := t.worked()
	if len(good) == 0 || t.asks[0].exchange.isStream || t.isSocket() {
		return nil
	}
	if t.means == wire.Medium {
		return nil
	}
	var usual, empty []*ask
	for _, a := range good {
		if t.list != nil && a.answer.body == nil {
			empty = append(empty, a)
		} else {
			usual = append(usual, a)
		}
	}
	var lines []string
	outcomes := outcomesOf(t)
	if len(usual) > 0 {
		words := f.answer(t, usual)
		for n, outcome := range outcomes {
			said := words
			if n > 0 && !t.isFrame {
				said = withStatus(words, http.StatusOK, usual[0].answer.status)
			}
			if said != "{}" {
				lines = append(lines, outcome+": "+said)
			}
		}
	}
	if len(empty) > 0 {
		lines = append(lines, fmt.Sprintf("nothing: {status: %d}", empty[0].answer.status))
	}
	return lines
}

// outcomesOf are what a take can come to: the usual one, and those that repeat it.
func outcomesOf(t *take) []string {
	switch t.means {
	case wire.Start:
		if t.about != nil {
			return []string{"opened", "open"}
		}
		return []string{"opened"}
	case wire.Message:
		if t.key != "" {
			return []string{"stored", "stored-already"}
		}
		return []string{"stored"}
	case wire.Availability, wire.State:
		return []string{"told"}
	case wire.End:
		if t.about != nil && t.about.role.fromClient {
			return []string{"ended", "withdrawn"} // it may overtake the start of an id that the client has chosen
		}
		return []string{"ended"}
	case wire.Events:
		return []string{"events"}
	default:
		return []string{"noted"}
	}
}

// withStatus changes the status of what is said, if it had one that only the first time has.
func withStatus(words string, to, from int) string {
	if from != http.StatusCreated {
		return words
	}
	return strings.Replace(words, fmt.Sprintf("status: %d", from), fmt.Sprintf("status: %d", to), 1)
}

// answer words what is said to some asks.
func (f *file) answer(t *take, asks []*ask) string {
	first := asks[0].answer
	var parts []string
	if !t.isFrame && first.status != http.StatusOK {
		parts = append(parts, fmt.Sprintf("status: %d", first.status))
	}
	one := f.answerTeller(t)
	parts = append(parts, f.headers(one, first)...)
	if first.body != nil {
		var trees []*node
		for _, a := range asks {
			if a.answer.body != nil && a.answer.media == first.media {
				trees = append(trees, a.answer.body)
			}
		}
		parts = append(parts, f.body(one, first, merged(trees))...)
	}
	for _, place := range one.unknown {
		f.todof("the answer to %s had different values at %s; it always says the first of them", t.name(), place)
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (f *file) headers(one *teller, s *said) []string {
	var headers, cookies, parts []string
	for _, l := range s.leaves() {
		switch {
		case strings.HasPrefix(l.place, "header"):
			word, _ := one.scalar(l)
			headers = append(headers, flowKey(l.name)+": "+word)
		case strings.HasPrefix(l.place, "cookie"):
			word, _ := one.scalar(l)
			cookies = append(cookies, quoted(l.name+"="+strings.Trim(word, `"'`)+"; Path=/"))
		}
	}
	if len(headers) > 0 {
		parts = append(parts, "headers: {"+strings.Join(headers, ", ")+"}")
	}
	if len(cookies) > 0 {
		parts = append(parts, "cookies: ["+strings.Join(cookies, ", ")+"]")
	}
	return parts
}

func (f *file) body(one *teller, s *said, tree *node) []string {
	switch s.media {
	case jsonMedia:
		return []string{"json: " + one.write(tree)}
	case formMedia:
		return []string{"form: " + one.write(tree)}
	case textMedia:
		var parts []string
		if kind := s.headers["Content-Type"]; kind != "" && !strings.HasPrefix(kind, "text/plain") {
			parts = append(parts, "type: "+flowText(kind))
		}
		return append(parts, "text: "+flowText(f.inText(s.raw)))
	case noMedia, fileMedia:
	}
	return nil
}

// inText is a text that is no JSON, with the values of the conversation in their places.
func (f *file) inText(raw string) string {
	return placeholder.ReplaceAllStringFunc(escaped(raw), func(id string) string {
		if r := f.values[id]; r != nil {
			return "${" + f.valueOf(r) + "}"
		}
		return "${random(16)}"
	})
}
