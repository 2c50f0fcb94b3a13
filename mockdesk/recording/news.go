package recording

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"deskcheck/mockdesk/wire"
)

// group is news of one kind.
type group struct {
	// is what they say of their kind, or the fields that they have where nothing says it.
	is   string
	news []*news
	// event is what it tells in the desk's words, empty if that is not known.
	event string
}

// seenIn says whether the first of a group came in a step.
func (g *group) startsIn(step string) bool { return g.news[0].step == step }

// lines says which of some lines are in the news of a group.
func (g *group) says(lines []string) bool {
	return slices.ContainsFunc(g.news, func(n *news) bool {
		return slices.ContainsFunc(lines, func(line string) bool { return n.says(line) })
	})
}

func (n *news) says(line string) bool {
	return slices.ContainsFunc(n.leaves, func(l leaf) bool { return strings.Contains(l.value.text, line) })
}

// author is whose line news are: those of one step have one author.
func (n *news) author() string {
	for _, s := range Steps() {
		if s.Line != "" && n.says(s.Line) {
			switch {
			case s.Name == stepNotice:
				return "desk"
			case s.Who == "user":
				return "user"
			}
			return "agent"
		}
	}
	return ""
}

// findNews sorts the news and finds what each kind tells.
func (i *inference) findNews() {
	i.cursor = i.counter()
	i.kindAt = i.kindPlace()
	for _, n := range i.news {
		is := shapeOf(n.tree)
		if v, ok := at(n.leaves, i.kindAt); ok && i.kindAt != "" {
			is = v.text
		} else if n.name != "" {
			is = n.name
		}
		at := slices.IndexFunc(i.groups, func(g *group) bool { return g.is == is })
		if at < 0 {
			at = len(i.groups)
			i.groups = append(i.groups, &group{is: is})
		}
		i.groups[at].news = append(i.groups[at].news, n)
	}
	for _, g := range i.groups {
		if slices.Contains(wire.EventTypes(), g.is) {
			g.event = g.is
		}
		if g.says(append(linesOf("agent"), linesOf("user")...)) {
			g.event = "message"
		}
	}
	for _, one := range told {
		i.tells(one.event, one.step, one.name)
	}
	i.meetAgents()
}

// told says in which step an event first shows, and how desks call it.
var told = []struct {
	event, step string
	name        *regexp.Regexp
}{
	{"agent.joined", stepJoin, regexp.MustCompile(`(?i)join|accept|connect|hello|enter|assign|start|greet`)},
	{"queue.updated", stepQueue, regexp.MustCompile(`(?i)queue|wait|position|place`)},
	{"agent.typing", stepAgentTypes, regexp.MustCompile(`(?i)typ|compos|writ`)},
	{"message.failed", stepFails, regexp.MustCompile(`(?i)fail|error|undeliver|reject`)},
	{"agent.transferring", stepTransfer, regexp.MustCompile(`(?i)transfer|hand|forward|redirect`)},
	{"agent.left", stepLeaves, regexp.MustCompile(`(?i)left|leave|bye|gone|exit|part`)},
	{"conversation.ended", stepAgentEnds, regexp.MustCompile(`(?i)end|clos|finish|complet|terminat`)},
	{"queue.closed", stepCloses, regexp.MustCompile(`(?i)clos|unavail|timeout|no.?agent|reject|fail`)},
}

// tells finds the kind of news that tells an event: the one that first came in its step, rather one with a name that fits.
func (i *inference) tells(event, step string, name *regexp.Regexp) {
	if slices.ContainsFunc(i.groups, func(g *group) bool { return g.event == event }) {
		return
	}
	var best *group
	for _, g := range i.groups {
		if g.event != "" || !g.startsIn(step) {
			continue
		}
		if best == nil || name.MatchString(g.is) && !name.MatchString(best.is) {
			best = g
		}
	}
	if best != nil {
		best.event = event
	}
}

// biggestCount is above what counts news: numbers from there on are times.
const biggestCount = 1e9

// counter is the place of a number that grows with all news of a conversation, empty if there is none.
func (i *inference) counter() string {
	if len(i.news) < 3 {
		return ""
	}
	for _, l := range i.news[0].leaves {
		if i.counts(l.place) {
			return l.place
		}
	}
	return ""
}

func (i *inference) counts(place string) bool {
	type line struct {
		chat   int
		socket *exchange
	}
	last := map[line]int{}
	for _, n := range i.news {
		v, ok := at(n.leaves, place)
		if !ok || v.kind != number {
			return false
		}
		where := line{chat: n.chat}
		if n.exchange.isSocket || n.exchange.isStream {
			where.socket = n.exchange // a client that comes back may hear again what it has heard
		}
		count, err := strconv.Atoi(v.text)
		before, several := last[where]
		if err != nil || count > biggestCount || several && count <= before {
			return false
		}
		last[where] = count
	}
	return true
}

// kindPlace is the place that says of what kind news are: a word in all of them, and not the same in all, under a name that is usual if there is one.
func (i *inference) kindPlace() string {
	best, most := "", 0
	seen := map[string]bool{}
	for _, n := range i.news {
		for _, l := range n.leaves {
			if seen[l.place] || l.value.kind != text {
				continue
			}
			seen[l.place] = true
			words := map[string]bool{}
			fits := !slices.ContainsFunc(i.news, func(n *news) bool {
				v, ok := at(n.leaves, l.place)
				words[textOf(v)] = true
				return !ok || v.kind != text || !isWord(v.text)
			})
			points := 0
			if usual := slices.Index(kindNames, strings.ToLower(l.name)); usual >= 0 {
				points = 2 * (len(kindNames) - usual)
			}
			if fits && len(words) > 1 && points+len(words) > most {
				best, most = l.place, points+len(words)
			}
		}
	}
	return best
}

func textOf(n *node) string {
	if n == nil {
		return ""
	}
	return n.text
}

// How fields are called that say who somebody is.
var (
	nameNames   = regexp.MustCompile(`(?i)^(name|nick|nickname|display_?name|full_?name|first_?name|agent_?name|who|from|author|sender|by|alias)$`)
	idEndings   = regexp.MustCompile(`(?i)(^id|_id|Id|ID)$`)
	avatarNames = regexp.MustCompile(`(?i)avatar|picture|photo|image|icon`)
)

// meetAgents learns how agents are called from the news of their arrival.
func (i *inference) meetAgents() {
	for _, g := range i.groups {
		if g.event != "agent.joined" {
			continue
		}
		for _, n := range g.news {
			for _, l := range n.leaves {
				switch {
				case l.place == i.kindAt || l.place == i.cursor || l.value.kind == null || l.value.kind == truth || i.values[l.value.text] != nil:
				case idEndings.MatchString(l.name):
					i.agentIDs[l.value.text] = true
				case nameNames.MatchString(l.name):
					i.agentNames[l.value.text] = true
				}
			}
		}
	}
}
