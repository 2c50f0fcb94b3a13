package wire

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"deskcheck/fixtures/document"
)

// What expressions and templates can name: in what comes in, beside it in what goes out, and in events.
var (
	ofRequests = []string{"request", "path", "query", "header", "cookie", "base", "at", "millis"}
	ofBodies   = append(slices.Clone(ofRequests), "body", "upload", "socket")
	ofTakes    = append(slices.Clone(ofBodies), "conversation", "values")
	ofAnswers  = append(slices.Clone(ofTakes), "outcome", "status", "title", "detail", "result", "events", "cursor", "routes", "closest", "allow")
	ofEvents   = []string{"event", "type", "cursor", "at", "millis", "base", "conversation", "values"}
	ofHellos   = append(slices.Clone(ofRequests), "conversation", "values", "cursor", "socket")
)

// compiler compiles one file and collects what is wrong with it.
type compiler struct {
	doc      *document.Document
	problems []document.Problem
	noted    map[document.Problem]bool
	// taken says that the file was taken before.
	taken  bool
	w      *Wire
	shapes map[string]item
	keeps  []string
	// params are the parameters of the paths of all routes.
	params *known
}

// note adds a mistake. A shape is compiled for each that says it, and a mistake in it is told once.
func (c *compiler) note(p document.Problem) {
	if !c.noted[p] {
		c.noted[p] = true
		c.problems = append(c.problems, p)
	}
}

var mediaTypes = map[string]string{"json": "application/json", "xml": "application/xml", "text": "text/plain; charset=utf-8", "form": "application/x-www-form-urlencoded"}

func (c *compiler) wire() *Wire {
	root := item{c, "", c.doc.Value}
	c.w = &Wire{
		Name: root.get("name").text(), Title: root.get("title").text(), Path: c.doc.Path,
		Feeds: []string{"main"}, BodyLimit: 64 << 10, FrameLimit: 64 << 10, Abandon: time.Minute, events: map[string][]*rule{},
	}
	if given := root.get("feeds").texts(); len(given) > 0 {
		c.w.Feeds = given
	}
	c.limits(root.get("limits"))
	origins := root.get("cross-origin")
	c.w.Headers, c.w.Expose = strings.Join(origins.get("headers").texts(), ", "), strings.Join(origins.get("expose").texts(), ", ")
	c.w.Credentials = origins.get("credentials").v == true
	c.shapes = map[string]item{}
	for _, name := range root.get("shapes").names() {
		c.shapes[name] = root.get("shapes").get(name)
	}
	c.conversation(root.get("conversation"))
	c.params = knownFields("parameter of a path")
	for _, route := range root.get("routes").items() {
		for _, segment := range split(route.get("on").text()) {
			if name, isParam := parameter(segment); isParam {
				c.params.fields[name] = nil
			}
		}
	}
	c.w.answers = root.get("answers").answers(c.naming(ofAnswers), "", slices.Concat([]string{"*"}, words(sortedKeys(status))))
	c.w.lost = Take{wire: c.w, fallback: c.w.answers}
	c.routes(root.get("routes"))
	c.events(root.get("events"))
	return c.w
}

func words[K ~string](keys []K) []string {
	all := make([]string, len(keys))
	for i, k := range keys {
		all[i] = string(k)
	}
	return all
}

func (c *compiler) limits(i item) {
	if i.has("body") {
		c.w.BodyLimit = int64(i.get("body").number())
	}
	if i.has("frame") {
		c.w.FrameLimit = int64(i.get("frame").number())
	}
	if i.has("abandon") {
		c.w.Abandon = i.get("abandon").duration()
	}
}

func (c *compiler) conversation(i item) {
	id := i.get("id")
	if !i.has("id") {
		id.v = "${random(16)}"
	}
	c.w.id = id.sentence(c.naming([]string{"at", "millis"}))
	keeps := i.get("values")
	c.keeps = keeps.names()
	for _, name := range c.keeps {
		one := keeps.get(name)
		c.w.keeps = append(c.w.keeps, binding{name: name, where: one.where(), value: one.sentence(c.naming([]string{"at", "millis", "conversation"}))})
	}
	for _, one := range i.get("found-by").items() {
		if !slices.Contains(c.keeps, one.text()) {
			one.unknown("kept value", one.text(), c.keeps)
		}
		c.w.FoundBy = append(c.w.FoundBy, one.text())
	}
}

var routePattern = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE|SOCKET) (/\S*)$`)

func (c *compiler) routes(i item) {
	kinds := map[string]BodyKind{}
	for _, one := range i.items() {
		r := c.route(one)
		if r == nil {
			continue
		}
		// The body is read before it is known which of several routes is meant.
		if before, seen := kinds[r.On()]; seen && before != r.Body {
			one.get("body").fail(fmt.Sprintf("another route %s reads its body as %s; routes that are told apart by when have the same body", r.On(), before))
		}
		kinds[r.On()] = r.Body
		c.w.Routes = append(c.w.Routes, r)
	}
}

func (c *compiler) route(i item) *Route {
	on := i.get("on")
	parts := routePattern.FindStringSubmatch(on.text())
	if parts == nil {
		on.fail("expected a method and a path, such as PUT /conversations/{id} or SOCKET /stream, found " + document.Found(on.v))
		return nil
	}
	r := &Route{Method: parts[1], Pattern: parts[2], segments: split(parts[2]), Body: BodyKind(i.get("body").text()), As: Stream(i.get("as").text())}
	for _, segment := range r.segments {
		name, isParam := parameter(segment)
		r.params = append(r.params, name)
		if strings.ContainsAny(segment, "{}") && (!isParam || strings.ContainsAny(name, "{}")) {
			on.fail(fmt.Sprintf("a parameter is a whole segment of the path, such as {id}; %q is not", segment))
		}
	}
	if r.Body == "" {
		r.Body = NoBody
	}
	r.File = i.get("file").text()
	params := knownFields("parameter of the path", slices.DeleteFunc(slices.Clone(r.params), func(name string) bool { return name == "" })...)
	here := func(list []string) terms { return c.naming(list).knowing("path", params) }
	r.Take = c.take(i, here(ofRequests), here(ofBodies), r.Body, c.w.answers)
	r.Name = r.On()
	if r.Method == SocketMethod {
		r.Name = "GET " + r.Pattern
	}
	c.stream(r, i, here)
	c.fits(r, i)
	return r
}

// stream compiles what a route has to say of events.
func (c *compiler) stream(r *Route, i item, here func([]string) terms) {
	if r.As == "" {
		r.As = Poll
	}
	r.Feed = c.feed(i)
	r.Hold = i.get("hold").duration()
	if r.As == LongPoll && r.Hold == 0 {
		i.fail("a long poll has a key hold, such as hold: 25s")
	}
	if pulse := i.get("heartbeat"); pulse.v != nil {
		r.Pulse, r.Every = pulse.said(here(ofHellos)), pulse.get("every").duration()
	}
	if r.Method == SocketMethod {
		r.Socket = c.socket(i, here)
	} else if i.has("socket") {
		i.get("socket").fail("only a route SOCKET has frames")
	}
}

// fits reports what a meaning and its route do not agree on.
func (c *compiler) fits(r *Route, i item) {
	switch {
	case r.Means == "":
		i.fail("a route has a key means: what is asked of the desk")
		return
	case r.Socket != nil && r.Means != Events:
		i.get("means").fail("a socket means events, or nothing until a frame says which conversation it is about")
	case r.Means == Attachment && r.Body != FileBody && r.Body != MultipartBody:
		i.fail("a file comes as body: file, or in body: multipart")
	case r.Body == MultipartBody && r.Means == Attachment && r.File == "":
		i.fail("a multipart body has a key file: the name of the part that is the file")
	}
	if r.about == nil && grammars[r.Means].about && (r.Socket == nil || i.has("means")) {
		i.fail("it says nothing of which conversation it is about: add conversation, such as conversation: path.id")
	}
}

func (c *compiler) feed(i item) int {
	name := i.get("feed").text()
	if name == "" {
		return 0
	}
	at := slices.Index(c.w.Feeds, name)
	if at < 0 {
		i.get("feed").unknown("feed", name, c.w.Feeds)
		return 0
	}
	return at
}

// take compiles what a route or a frame means.
func (c *compiler) take(i item, early, names terms, body BodyKind, fallback map[string]*Said) Take {
	t := Take{wire: c.w, Where: i.where(), Means: Meaning(i.get("means").text()), body: body, fallback: fallback}
	if t.Means == "" && i.has("socket") {
		t.Means = Events // of which conversation, a frame will say
	}
	if body == NoBody && len(early.list) > 0 {
		names = early.and("socket")
	}
	lets := i.get("let")
	lets.fresh(ofAnswers)
	t.lets, names = lets.bindings(names, false)
	if when := i.get("when"); when.v != nil {
		t.when, t.source = when.expression(names), when.text()
	}
	if about := i.get("conversation"); about.v != nil {
		t.about = c.finder(about, names)
	}
	names = names.and("conversation", "values")
	for _, one := range i.get("check").items() {
		t.checks = append(t.checks, check{that: one.get("that").expression(names), say: one.get("say").sentence(names)})
	}
	t.gives = map[string]*expression{}
	inputs := grammars[t.Means].inputs
	for _, name := range i.get("give").names() {
		one := i.get("give").get(name)
		if _, known := inputs[name]; !known {
			one.unknown("value that "+string(t.Means)+" takes", name, sortedKeys(inputs))
			continue
		}
		t.gives[name] = one.expression(names)
	}
	answered := names.and(ofAnswers...)
	t.sets = c.sets(i.get("set"), answered.knowing("result", resultOf(t.Means, "")))
	if t.Means != "" || i.has("answers") {
		t.answers = i.get("answers").answers(answered, t.Means, outcomesOf(t.Means))
	}
	if missing := t.missing(); len(missing) > 0 {
		i.fail(fmt.Sprintf("%s needs %s: add it under give", t.Means, strings.Join(missing, " and ")))
	}
	return t
}

// finder compiles how a conversation is named: by an expression for its id, or by a kept value.
func (c *compiler) finder(i item, names terms) *finder {
	if _, byID := i.v.(string); byID {
		return &finder{expression: i.expression(names)}
	}
	f := &finder{}
	for _, name := range i.names() {
		one := i.get(name)
		if !slices.Contains(c.w.FoundBy, name) {
			one.unknown("value that a conversation is found by", name, c.w.FoundBy)
		}
		f.by, f.expression = name, one.expression(names)
	}
	return f
}

// sets compiles assignments to kept values.
func (c *compiler) sets(i item, names terms) []binding {
	all, _ := i.bindings(names, false)
	for _, name := range i.names() {
		if !slices.Contains(c.keeps, name) {
			i.get(name).unknown("kept value", name, c.keeps)
		}
		if slices.Contains(c.w.FoundBy, name) {
			i.get(name).fail("a value that conversations are found by does not change")
		}
	}
	return all
}

func (c *compiler) socket(route item, here func([]string) terms) *Socket {
	i := route.get("socket")
	k := &Socket{
		Subprotocols: i.get("subprotocols").texts(), Ping: i.get("ping").duration(), Silence: i.get("silence").get("after").duration(),
		SilenceCode: i.get("silence").get("code").number(), kind: BodyKind(i.get("frames").text()),
	}
	if k.kind == "" {
		k.kind = JSONBody
	}
	lets := i.get("let")
	lets.fresh(ofAnswers)
	var names terms
	k.lets, names = lets.bindings(here(ofBodies), false)
	for _, hello := range i.get("hello").items() {
		k.Hello = append(k.Hello, hello.said(here(ofHellos)))
	}
	k.Unfit = Take{wire: c.w, Where: i.where(), body: k.kind}
	k.Unfit.answers = i.get("answers").answers(names.and(ofAnswers...), "", slices.Concat([]string{"*"}, words(sortedKeys(status))))
	for _, one := range i.get("takes").items() {
		t := c.take(one, terms{}, names, k.kind, k.Unfit.answers)
		t.Name = one.get("name").text()
		k.takes = append(k.takes, &t)
	}
	return k
}

func (c *compiler) events(i item) {
	for _, name := range i.names() {
		one := i.get(name)
		said := c.naming(ofEvents)
		if fields, known := eventTypes[name]; known {
			said = said.knowing("event", eventFields(name, fields))
		}
		var rules []*rule
		switch one.v.(type) {
		case string: // none
		case []any:
			for _, r := range one.items() {
				rules = append(rules, c.rule(r, said))
			}
		default:
			rules = []*rule{c.rule(one, said)}
		}
		if name == "*" {
			c.w.anyEvent = rules
			continue
		}
		if _, known := eventTypes[name]; !known {
			one.unknown("event", name, words(EventTypes()))
		}
		c.w.events[name] = rules
	}
}

func (c *compiler) rule(i item, names terms) *rule {
	r := &rule{feed: c.feed(i), where: i.where(), said: i.said(names), sets: c.sets(i.get("set"), names)}
	if r.said.media == "" {
		i.fail("an event says something as json, xml, text or form; to leave it out write none")
	}
	if when := i.get("when"); when.v != nil {
		r.when = when.expression(names)
	}
	r.id, r.name = i.get("id").sentence(names), i.get("name").sentence(names)
	return r
}
