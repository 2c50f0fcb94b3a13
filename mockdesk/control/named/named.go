// Package named finds things by the names that people on a command line have for them.
package named

import (
	"strings"

	"deskcheck/mockdesk/control/api"
)

// Last is what the newest of things is called.
const Last = "@last"

// Pick finds one of several things, in the order in which they came, by its id, an unambiguous beginning of that, what else it is called (nil is nothing else), or @last. what is the sort of thing, and
// begin what to do for there to be one. The error is an *api.Refusal.
func Pick[T any](what, begin, name string, all []*T, id, called func(*T) string) (*T, error) {
	if name == Last {
		if len(all) == 0 {
			return nil, api.Refuse(api.Unknown, "there is no %s yet; %s", what, begin)
		}
		return all[len(all)-1], nil
	}
	var found []*T
	for _, one := range all {
		switch {
		case id(one) == name:
			return one, nil
		case strings.HasPrefix(id(one), name), called != nil && strings.EqualFold(called(one), name):
			found = append(found, one)
		}
	}
	switch len(found) {
	case 0:
		return nil, api.Refuse(api.Unknown, "there is no %s %q; list those that there are", what, name)
	case 1:
		return found[0], nil
	}
	return nil, api.Refuse(api.Conflict, "%q can be %d %ss; give more of the id", name, len(found), what)
}
