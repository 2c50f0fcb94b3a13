package recording

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"deskcheck/mockdesk/wire"
)

// take is a kind of request or frame, with all that were seen of it.
type take struct {
	method, pattern string
	// isFrame says that it is a frame of the socket with the pattern.
	isFrame bool
	// tells and is are the place and the value by which it is told apart from others of its kind; empty if there are none.
	tells, is string
	asks      []*ask
	means     wire.Meaning
	// about is where it names its conversation, nil if nowhere.
	about *naming
	// list is the place of the list of news in its answers, for polls.
	list *string
	// after is where it says up to where the client has heard.
	after string
	// upTo is where the answer of a poll says that.
	upTo string
	key  string
}

// name is what a reader calls it.
func (t *take) name() string {
	if t.isFrame {
		return "frame " + t.is + " on " + t.pattern
	}
	return t.method + " " + t.pattern
}

// naming is where a request names its conversation, and by which of its values.
type naming struct {
	role *role
	// expression reads it.
	expression string
}

// role is a value that belongs to a conversation from its beginning: one of the client's choice, or one that the answer to the start brought.
type role struct {
	place      string
	name       string
	fromClient bool
	// used counts where it was seen again.
	used int
	// names says that requests name their conversation by it.
	names bool
}

// inference is what is known so far.
type inference struct {
	*story

	takes  []*take
	start  *take
	roles  []*role
	values map[string]*role
	id     *role
	// agentNames and agentIDs are what agents were called.
	agentNames, agentIDs map[string]bool
	keys                 map[string]bool
	// cursor is the place in news that counts them, empty if none does.
	cursor string
	groups []*group
	// kindAt is the place by which news are told apart, empty if they are by their fields.
	kindAt string
}

func newInference(crossings []Crossing) *inference {
	i := &inference{story: tell(crossings), values: map[string]*role{}, agentNames: map[string]bool{}, agentIDs: map[string]bool{}, keys: map[string]bool{}}
	i.sort()
	i.findStart()
	i.countChats()
	i.findPolls()
	i.findRoles()
	i.findMessages()
	i.findNews()
	i.findOthers()
	i.findNamings()
	return i
}

// sort puts requests and frames of a kind together.
func (i *inference) sort() {
	kinds := map[string][]*ask{}
	var order []string
	for _, a := range i.asks {
		key := a.exchange.request.Method + " " + a.exchange.pattern
		switch {
		case a.isFrame:
			key = "frame " + a.exchange.pattern
		case a.exchange.isSocket:
			key = wire.SocketMethod + " " + a.exchange.pattern
		}
		if kinds[key] == nil {
			order = append(order, key)
		}
		kinds[key] = append(kinds[key], a)
	}
	for _, key := range order {
		asks := kinds[key]
		place := discriminator(asks)
		for _, a := range asks {
			i.put(a, place)
		}
	}
}

func (i *inference) put(a *ask, place string) {
	is := ""
	if v, ok := at(a.leaves, place); ok && place != "" {
		is = v.text
	}
	method, pattern := a.exchange.request.Method, a.exchange.pattern
	if a.exchange.isSocket {
		method = wire.SocketMethod
	}
	at := slices.IndexFunc(i.takes, func(t *take) bool {
		return t.isFrame == a.isFrame && t.pattern == pattern && t.method == method && t.is == is
	})
	if at < 0 {
		at = len(i.takes)
		i.takes = append(i.takes, &take{method: method, pattern: pattern, isFrame: a.isFrame, is: is})
		if is != "" {
			i.takes[at].tells = place
		}
	}
	a.take = i.takes[at]
	a.take.asks = append(a.take.asks, a)
}

// kindNames are the names of fields that say what something is, the most usual first.
var kindNames = []string{"type", "action", "op", "kind", "cmd", "command", "event", "method", "t", "do", "topic", "name", "msg", "e", "a", "m"}

var word = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.:/-]{0,60}$`)

func isWord(s string) bool { return word.MatchString(s) && !looksLikeID(s) }

// discriminator is the place by which requests to one path, or frames of one socket, are told apart; empty if they all are of one kind.
func discriminator(asks []*ask) string {
	best, rank := "", len(kindNames)
	for _, a := range asks {
		for _, l := range a.leaves {
			at := slices.Index(kindNames, strings.ToLower(l.name))
			if at < 0 || at >= rank || !isWord(l.value.text) || strings.HasPrefix(l.place, "header") {
				continue
			}
			if values, all := wordsAt(asks, l.place); all && (len(values) > 1 || a.isFrame) {
				best, rank = l.place, at
			}
		}
	}
	return best
}

// wordsAt are the different words at a place, and whether all asks have one there.
func wordsAt(asks []*ask, place string) (words []string, all bool) {
	for _, a := range asks {
		v, ok := at(a.leaves, place)
		if !ok || v.kind != text || !isWord(v.text) {
			return nil, false
		}
		words = insert(words, v.text)
	}
	return words, true
}

// in counts the asks of a take that came in one of the steps.
func (t *take) in(steps ...string) int {
	n := 0
	for _, a := range t.asks {
		if slices.Contains(steps, a.step) {
			n++
		}
	}
	return n
}

// worked are the asks that were answered with a success, all if none was.
func (t *take) worked() []*ask {
	good := slices.DeleteFunc(slices.Clone(t.asks), func(a *ask) bool {
		return a.answer == nil || a.answer.status >= 400 || !a.isFrame && a.answer.status < 200
	})
	return good
}

// isSocket says whether its requests have opened sockets.
func (t *take) isSocket() bool { return !t.isFrame && t.method == wire.SocketMethod }

// findStart finds what opens a conversation: it comes whenever one is requested, and not while it is only asked whether agents are there.
func (i *inference) findStart() {
	best := 0
	for _, t := range i.takes {
		points := 10 * (min(t.in(stepStart), 1) + min(t.in(stepStartAgain), 1) + min(t.in(stepStartLast), 1))
		if points == 0 || t.isSocket() || t.in(stepAvailability) > 0 || t.asks[0].exchange.isStream {
			continue
		}
		if t.isFrame || t.method != "GET" {
			points += 5
		}
		// What belongs to a conversation goes on within it.
		points -= len(t.asks)
		if points > best || i.start == nil {
			i.start, best = t, points
		}
	}
	if i.start != nil {
		i.start.means = wire.Start
	}
}

// countChats numbers the conversations.
func (i *inference) countChats() {
	var starts []int
	if i.start != nil {
		for _, a := range i.start.asks {
			starts = append(starts, a.place)
		}
	}
	chat := func(place int) int {
		n := 0
		for _, s := range starts {
			if s <= place {
				n++
			}
		}
		return n
	}
	for _, a := range i.asks {
		a.chat = chat(a.place)
	}
	for _, n := range i.news {
		n.chat = chat(n.place)
	}
}

// leaves are what an answer says, in its body and in headers of its own.
func (s *said) leaves() []leaf {
	all := s.body.leaves("body")
	for _, name := range sortedKeys(s.headers) {
		if !slices.Contains(usualHeaders, name) && !strings.HasPrefix(name, "Access-Control-") {
			all = append(all, leaf{place: below("header", name), name: name, value: &node{kind: text, text: s.headers[name]}})
		}
	}
	for _, pair := range cookiePair.FindAllStringSubmatch(s.headers["Set-Cookie"], -1) {
		if !slices.Contains(attributes, strings.ToLower(pair[1])) {
			all = append(all, leaf{place: below("cookie", pair[1]), name: pair[1], value: &node{kind: text, text: pair[2]}})
		}
	}
	return all
}

// shortestID is how long a value has to be to be known again.
const shortestID = 4

// idIn is the id that a text is, or ends with, and what stands before it.
func idIn(s string) (id, before string) {
	if found := placeholder.FindString(s); found != "" && strings.HasSuffix(s, found) {
		return found, strings.TrimSuffix(s, found)
	}
	if len(s) >= shortestID && looksLikeID(s) {
		return s, ""
	}
	return "", ""
}

// findRoles finds the values that a conversation begins with.
func (i *inference) findRoles() {
	if i.start == nil {
		return
	}
	for _, a := range i.start.worked() {
		i.introduce(a.leaves, true)
		i.introduce(a.answer.leaves(), false)
	}
	seen := func(all []leaf, from int) {
		for _, l := range all {
			if id, _ := idIn(l.value.text); i.values[id] != nil {
				i.values[id].used += from
			}
		}
	}
	for _, a := range i.asks {
		if a.take != i.start {
			seen(a.leaves, 1)
		}
	}
	for _, n := range i.news {
		seen(n.leaves, 1)
	}
	for _, x := range i.exchanges {
		for _, hello := range x.hellos {
			seen(hello.leaves(""), 1)
		}
	}
}

func (i *inference) introduce(all []leaf, fromClient bool) {
	for _, l := range all {
		id, _ := idIn(l.value.text)
		if id == "" || i.values[id] != nil || l.value.kind == number && !idNames.MatchString(l.name) {
			continue
		}
		at := slices.IndexFunc(i.roles, func(r *role) bool { return r.place == l.place && r.fromClient == fromClient })
		if at < 0 {
			at = len(i.roles)
			i.roles = append(i.roles, &role{place: l.place, fromClient: fromClient, name: i.roleName(l.name)})
		}
		i.values[id] = i.roles[at]
	}
}

// roleName is a name that no other kept value has.
func (i *inference) roleName(name string) string {
	if !identifier.MatchString(name) || slices.Contains(reserved, name) {
		name = "kept"
	}
	base := name
	for n := 2; slices.ContainsFunc(i.roles, func(r *role) bool { return r.name == name }); n++ {
		name = fmt.Sprint(base, n)
	}
	return name
}

// findMessages finds what brings the user's lines.
func (i *inference) findMessages() {
	for _, t := range i.takes {
		if t.means == "" && t.lineAt() != "" {
			t.means = wire.Message
			t.key = i.keyOf(t)
		}
	}
}

// lineAt is where a take has the user's line, empty if it has none.
func (t *take) lineAt() string {
	for _, a := range t.asks {
		for _, l := range a.leaves {
			if slices.Contains(linesOf("user"), l.value.text) {
				return l.place
			}
		}
	}
	return ""
}

// keyOf is where a message has the id that the client gave it: what is different in each, and rather a long text than a number that counts.
func (i *inference) keyOf(t *take) string {
	best, most := "", 0
	for _, l := range t.asks[0].leaves {
		points := 0
		values := map[string]bool{}
		for _, a := range t.asks {
			if v, ok := at(a.leaves, l.place); ok && v.text != "" {
				values[v.text] = true
			}
		}
		if len(values) < min(len(t.asks), 2) || l.place == t.lineAt() || i.values[l.value.text] != nil || strings.HasPrefix(l.place, "header") {
			continue
		}
		if id, _ := idIn(l.value.text); id != "" {
			points += 4
		}
		if idNames.MatchString(l.name) || strings.HasPrefix(l.place, "path.") {
			points += 2
		}
		if l.value.kind == text {
			points++
		}
		if points > most && points > 2 {
			best, most = l.place, points
		}
	}
	if best != "" {
		for _, a := range t.asks {
			if v, ok := at(a.leaves, best); ok {
				i.keys[v.text] = true
			}
		}
	}
	return best
}

// findOthers finds what the remaining requests and frames mean.
func (i *inference) findOthers() {
	for _, t := range i.takes {
		if t.means != "" {
			continue
		}
		if t.isSocket() || t.asks[0].exchange.isStream {
			t.means = wire.Events
			t.after = i.afterOf(t)
		}
	}
	i.mean(wire.Availability, func(t *take) int {
		if t.in(stepAvailability) == 0 || t.isFrame {
			return 0
		}
		if statusLeaf(t) != "" {
			return 2
		}
		return 1
	})
	i.mean(wire.State, func(t *take) int {
		if t.in(stepReload) > 0 && t.method == "GET" && t.in(stepReload) == len(t.asks) && i.namesChat(t) {
			return 1
		}
		return 0
	})
	i.mean(wire.End, func(t *take) int {
		switch {
		case t.in(stepUserEnds) == 0 || t.method == "GET" && !t.isFrame:
			return 0
		case t.method == "DELETE":
			return 3
		case t.in(stepUserEnds) == len(t.asks):
			return 2
		}
		return 1
	})
	for _, t := range i.takes {
		if t.means == "" {
			i.meanOther(t)
		}
	}
}

// mean gives a meaning to the take with the most points, if any has some.
func (i *inference) mean(m wire.Meaning, points func(*take) int) {
	var best *take
	most := 0
	for _, t := range i.takes {
		if n := points(t); t.means == "" && n > most {
			best, most = t, n
		}
	}
	if best != nil {
		best.means = m
	}
}

func (i *inference) meanOther(t *take) {
	counted := i.countedAt(t)
	switch {
	case t.isFrame && t.opens() && i.namesChat(t):
		t.means = wire.Events
		t.after = counted
	case counted != "" && len(t.asks) > len(i.news)/2:
		t.means, t.after = wire.Acknowledge, counted
	case counted != "":
		t.means, t.after = wire.Read, counted
	case t.in(stepUserTypes) > 0:
		t.means = wire.Typing
	}
}

// opens says whether all frames of a take were the first that the client has sent on their socket.
func (t *take) opens() bool {
	return !slices.ContainsFunc(t.asks, func(a *ask) bool {
		first := slices.IndexFunc(a.exchange.frames, func(f frame) bool { return f.From == Client })
		return a.exchange.frames[first].place != a.place
	})
}

// namesChat says whether a take has a value that its conversation began with.
func (i *inference) namesChat(t *take) bool {
	return slices.ContainsFunc(t.asks[0].leaves, func(l leaf) bool {
		id, _ := idIn(l.value.text)
		return i.values[id] != nil
	})
}

// countedAt is where a frame or request says how far the client is: it has a number that the news before it had.
func (i *inference) countedAt(t *take) string {
	if i.cursor == "" {
		return ""
	}
	for _, l := range t.asks[0].leaves {
		// A frame's own number, by which it is answered, may be the same by chance.
		if l.value.kind != number || correlates(l) && t.asks[0].answer != nil {
			continue
		}
		if all := !slices.ContainsFunc(t.asks, func(a *ask) bool {
			v, ok := at(a.leaves, l.place)
			return !ok || !i.wasCounted(a, v.text)
		}); all {
			return l.place
		}
	}
	return ""
}

// wasCounted says whether news of the conversation had a number before.
func (i *inference) wasCounted(a *ask, value string) bool {
	return slices.ContainsFunc(i.news, func(n *news) bool {
		v, ok := at(n.leaves, i.cursor)
		return ok && n.place < a.place && n.chat == a.chat && v.text == value
	})
}

// afterOf is where the request for a stream says from where on: in one that came back, the number of the last news before it, or a parameter called as the number is.
func (i *inference) afterOf(t *take) string {
	name := i.cursor[strings.LastIndexAny(i.cursor, ".")+1:]
	for _, a := range t.asks {
		for _, l := range a.leaves {
			if i.cursor != "" && l.value.text != "" && !strings.HasPrefix(l.place, "path.") && i.wasCounted(a, l.value.text) {
				return l.place
			}
			if l.name == "Last-Event-ID" || l.name == "Last-Event-Id" {
				return l.place
			}
		}
	}
	for _, l := range t.asks[0].leaves {
		if name != "" && l.name == name && strings.HasPrefix(l.place, "query") {
			return l.place
		}
	}
	return ""
}

// availabilityWords are how desks say that agents are there, and that they are not.
var availabilityWords = [][2]string{
	{"online", "offline"}, {"available", "unavailable"}, {"open", "closed"}, {"yes", "no"}, {"up", "down"}, {"active", "inactive"}, {"ready", "busy"}, {"on", "off"}, {"ok", "unavailable"}, {"1", "0"},
}

// statusLeaf is where the answer says whether agents are there, empty if nothing looks like it.
func statusLeaf(t *take) string {
	place, rank := "", len(availabilityWords)+1
	for _, a := range t.worked() {
		for _, l := range a.answer.body.leaves("body") {
			at := availabilityRank(l.value.text)
			if l.value.kind == truth {
				at = len(availabilityWords)
			} else if l.value.kind != text {
				continue
			}
			if at >= 0 && at < rank {
				place, rank = l.place, at
			}
		}
	}
	return place
}

// availabilityRank is the place of the pair that a word is of, -1 if it is of none.
func availabilityRank(said string) int {
	return slices.IndexFunc(availabilityWords, func(pair [2]string) bool { return slices.Contains(pair[:], strings.ToLower(said)) })
}
