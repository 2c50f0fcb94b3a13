package aichat

import (
	"deskcheck/mockdesk/journal"
	"deskcheck/steps/expect"
)

// Shows says how an integration is seen to have a capability, a phrase for each way: "it has areAnyAgentsOnline", "it calls updateAgentAvailability". It is empty for a
// capability that nothing shows but that its requirements hold.
func Shows(capability string) []string {
	var ways []string
	for _, o := range offers {
		if o.capability == capability {
			ways = append(ways, o.shows())
		}
	}
	return ways
}

// shows says in a phrase by what the integration is seen to have it.
func (o offer) shows() string {
	switch {
	case o.method != "":
		return "it has " + o.method
	case o.callback == announcing:
		return "it announces files"
	default:
		return "it calls " + o.callback
	}
}

// announcing is the callback by which an integration says what it can do; only what it says counts, not that it speaks.
const announcing = "updateCapabilities"

// sightings says for each capability that the integration was seen to have in this scenario by what it was seen.
func (p *Player) sightings() map[string]string {
	seen := map[string]string{}
	s, built := p.factorySettlement()
	for _, o := range offers {
		var there bool
		switch {
		case seen[o.capability] != "":
			continue
		case o.method != "":
			there = built && s.Methods[o.method] == "function"
		default:
			_, there = p.Journal.Find(0, func(e journal.Entry) bool {
				return isCallback(o.callback)(e) && (o.callback != announcing || announcesFiles(e))
			})
		}
		if there {
			seen[o.capability] = o.shows()
		}
	}
	return seen
}

// announcesFiles matches a callback that says that files are taken.
func announcesFiles(e journal.Entry) bool {
	args, _ := expect.Decode(argumentsOf(e)).([]any)
	if len(args) == 0 {
		return false
	}
	announced, _ := args[0].(map[string]any)
	return announced["allowFileUploads"] == true
}
