package recording

import (
	"deskcheck/mockdesk/wire"
)

// findPolls finds the requests whose answers list news, and takes the news out of them.
func (i *inference) findPolls() {
	for _, t := range i.takes {
		if t.isFrame || t.means != "" {
			continue
		}
		place, ok := listIn(t)
		if !ok {
			continue
		}
		t.list, t.means = &place, wire.Events
		for _, a := range t.worked() {
			for _, item := range itemsAt(a.answer.body, place) {
				one := &news{place: a.answer.place, step: a.answer.step, chat: a.chat, exchange: a.exchange, tree: item, raw: item.json(), leaves: item.leaves("event")}
				i.news = append(i.news, one)
			}
		}
		i.findAfter(t)
	}
	i.inOrder()
}

// listIn is the name of the field that lists news in the answers of a take, empty where the answer itself is the list.
func listIn(t *take) (string, bool) {
	for _, a := range t.worked() {
		for _, line := range linesOf("agent") {
			body := a.answer.body
			if body == nil || !holds(body.json(), line) {
				continue
			}
			if body.kind == list {
				return "", true
			}
			for _, m := range body.members {
				if m.value.kind == list && holds(m.value.json(), line) {
					return m.name, true
				}
			}
		}
	}
	return "", false
}

func itemsAt(body *node, place string) []*node {
	if place != "" {
		body = body.get(place)
	}
	if body == nil || body.kind != list {
		return nil
	}
	var items []*node
	for _, m := range body.members {
		items = append(items, m.value)
	}
	return items
}

// findAfter finds what a poll says of where it goes on: what the answer before it has said, and what changes.
func (i *inference) findAfter(t *take) {
	points := map[[2]string]int{}
	var last *ask
	for _, a := range t.worked() {
		if last != nil && last.chat == a.chat {
			for _, told := range last.answer.leaves() {
				for _, l := range a.leaves {
					if before, had := at(last.leaves, l.place); l.value.text != "" && l.value.text == told.value.text && had && before.text != l.value.text {
						points[[2]string{told.place, l.place}]++
					}
				}
			}
		}
		last = a
	}
	most := 0
	for pair, n := range points {
		if n > most || n == most && pair[0] < t.upTo {
			most, t.upTo, t.after = n, pair[0], pair[1]
		}
	}
}
