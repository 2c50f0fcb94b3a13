package recording

import (
	"fmt"
	"slices"

	"deskcheck/mockdesk/wire"
)

// findNamings finds how each take names its conversation.
func (i *inference) findNamings() {
	for _, t := range i.takes {
		if t.means == "" || t.means == wire.Availability || t.means == wire.Medium {
			continue
		}
		t.about = i.namingOf(t)
		if t.about != nil {
			t.about.role.names = true
		}
	}
	for _, r := range i.roles {
		if r.names && (i.id == nil || r.fromClient && !i.id.fromClient) {
			i.id = r
		}
	}
}

// namingOf finds the first place at which all asks of a take have a value of one role.
func (i *inference) namingOf(t *take) *naming {
	for _, l := range t.asks[0].leaves {
		id, before := idIn(l.value.text)
		r := i.values[id]
		if r == nil || t == i.start && !r.fromClient || t == i.start && r.used == 0 {
			continue
		}
		same := !slices.ContainsFunc(t.asks, func(a *ask) bool {
			v, ok := at(a.leaves, l.place)
			if !ok {
				return true
			}
			other, _ := idIn(v.text)
			return i.values[other] != r
		})
		if !same {
			continue
		}
		if before == "" {
			return &naming{role: r, expression: l.place}
		}
		return &naming{role: r, expression: fmt.Sprintf("replace(%s ?? %q, %q, %q)", l.place, "", before, "")}
	}
	return nil
}
