package recording

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// said is what one side has said: the answer to a request, or a frame.
type said struct {
	status int
	// headers are those that the desk has chosen.
	headers map[string]string
	body    *node
	media   media
	raw     string
	at      int64
	place   int
	step    string
}

// media is how a body is written.
type media string

const (
	noMedia   media = ""
	jsonMedia media = "json"
	formMedia media = "form"
	textMedia media = "text"
	fileMedia media = "file"
)

// ask is what the client has asked of the desk: a request, or a frame.
type ask struct {
	// place is the number of its crossing, at its time; step is what was done then, chat the number of the conversation, from 1, or 0 before the first.
	place int
	at    int64
	step  string
	chat  int
	// exchange is the request, also that which has opened the socket of a frame.
	exchange *exchange
	isFrame  bool
	leaves   []leaf
	body     *node
	media    media
	answer   *said
	take     *take
}

// news is what the desk tells of itself.
type news struct {
	place    int
	step     string
	chat     int
	exchange *exchange
	tree     *node
	raw      string
	leaves   []leaf
	// id and name are those of a server-sent event.
	id, name string
}

// exchange is a request with all that belongs to it.
type exchange struct {
	ask      *ask
	request  Crossing
	segments []string
	// pattern is the path with its parameters.
	pattern  string
	isSocket bool
	isStream bool
	// hellos are the first frames of a socket, which no event has caused.
	hellos []*node
	frames []frame
}

type frame struct {
	Crossing

	place int
	step  string
	tree  *node
}

// story is the traffic, put in order.
type story struct {
	exchanges map[int]*exchange
	// asks are in the order in which they came, those that are preflights left out.
	asks []*ask
	news []*news
	// preflights are what browsers have asked before requests, exposes what answers let them read.
	preflights, exposes []string
	credentials         bool
	steps               []string
}

// tell puts crossings in order.
func tell(crossings []Crossing) *story {
	s := &story{exchanges: map[int]*exchange{}}
	step := ""
	for i, c := range crossings {
		switch c.Kind {
		case Mark:
			step = c.Step
			s.steps = append(s.steps, step)
		case Request:
			s.request(i, step, c)
		case Response:
			s.response(i, step, c)
		case Frame:
			if x := s.exchanges[c.Exchange]; x != nil && c.Body != "" {
				tree, _, _ := read("", c.Body)
				x.frames = append(x.frames, frame{Crossing: c, place: i, step: step, tree: tree})
			}
		case Event:
			if x := s.exchanges[c.Exchange]; x != nil {
				x.isStream = true
				tree, _, _ := read("", c.Body)
				s.news = append(s.news, &news{place: i, step: step, exchange: x, tree: tree, raw: c.Body, leaves: tree.leaves("event"), id: c.ID, name: c.Name})
			}
		case Closed:
		}
	}
	for _, x := range s.sorted() {
		s.frames(x)
	}
	s.patterns()
	s.withoutHello()
	s.inOrder()
	return s
}

func (s *story) inOrder() {
	slices.SortStableFunc(s.asks, func(a, b *ask) int { return a.place - b.place })
	slices.SortStableFunc(s.news, func(a, b *news) int { return a.place - b.place })
}

// withoutHello takes the first frames of sockets for news, unless all sockets of a path begin with the same fields.
func (s *story) withoutHello() {
	shapes := map[string]map[string]bool{}
	for _, x := range s.sorted() {
		if !x.isSocket || len(x.frames) == 0 {
			continue
		}
		if shapes[x.pattern] == nil {
			shapes[x.pattern] = map[string]bool{}
		}
		shape := ""
		for _, hello := range x.hellos {
			shape = shapeOf(hello)
		}
		shapes[x.pattern][shape] = true
	}
	for _, x := range s.sorted() {
		if len(shapes[x.pattern]) < 2 || len(x.hellos) == 0 {
			continue
		}
		f := x.frames[0]
		x.hellos = nil
		s.news = append(s.news, &news{place: f.place, step: f.step, exchange: x, tree: f.tree, raw: f.Body, leaves: f.tree.leaves("event")})
	}
}

// shapeOf names the fields of a tree.
func shapeOf(n *node) string {
	var names []string
	for _, l := range n.leaves("") {
		names = insert(names, l.place)
	}
	return strings.Join(names, " ")
}

func (s *story) sorted() []*exchange {
	var all []*exchange
	for _, x := range s.exchanges {
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b *exchange) int { return a.request.Exchange - b.request.Exchange })
	return all
}

func (s *story) request(place int, step string, c Crossing) {
	if c.Method == http.MethodOptions {
		for name := range strings.SplitSeq(c.Headers["Access-Control-Request-Headers"], ",") {
			s.preflights = insert(s.preflights, strings.ToLower(strings.TrimSpace(name)))
		}
		return
	}
	x := &exchange{request: c, segments: strings.Split(strings.TrimPrefix(c.Path, "/"), "/")}
	a := &ask{place: place, at: c.At, step: step, exchange: x}
	x.ask = a
	x.isSocket = strings.EqualFold(c.Headers["Upgrade"], "websocket") || c.Headers["Sec-Websocket-Protocol"] != ""
	a.body, a.media, _ = read(c.Headers["Content-Type"], c.Body)
	if c.Body == "" && c.Bytes > 0 {
		a.media = fileMedia
	}
	s.exchanges[c.Exchange] = x
	s.asks = append(s.asks, a)
}

func (s *story) response(place int, step string, c Crossing) {
	x := s.exchanges[c.Exchange]
	if x == nil {
		return
	}
	x.isSocket = x.isSocket || c.Status == http.StatusSwitchingProtocols
	a := &said{status: c.Status, headers: c.Headers, raw: c.Body, at: c.At, place: place, step: step}
	a.body, a.media, _ = read(c.Headers["Content-Type"], c.Body)
	x.ask.answer = a
	for name := range strings.SplitSeq(c.Headers["Access-Control-Expose-Headers"], ",") {
		s.exposes = insert(s.exposes, strings.ToLower(strings.TrimSpace(name)))
	}
	s.credentials = s.credentials || c.Headers["Access-Control-Allow-Credentials"] == "true"
}

// insert puts a word into a sorted list, if it is one and not there yet.
func insert(list []string, word string) []string {
	at, found := slices.BinarySearch(list, word)
	if found || word == "" {
		return list
	}
	return slices.Insert(list, at, word)
}

// read makes a tree of a body. One that is neither JSON nor a form is a text.
func read(contentType, raw string) (*node, media, error) {
	if raw == "" {
		return nil, noMedia, nil
	}
	if strings.HasPrefix(contentType, "application/x-www-form-urlencoded") {
		tree, err := formTree(raw)
		return tree, formMedia, err
	}
	if tree, err := parseTree(raw); err == nil {
		return tree, jsonMedia, nil
	}
	return &node{kind: text, text: raw}, textMedia, nil
}

// patterns gives the paths their parameters, the segments that look like an id and those that were heard of before, and lists what each request says.
func (s *story) patterns() {
	heard := map[string]bool{}
	for _, a := range s.asks {
		if a.isFrame {
			continue
		}
		x := a.exchange
		names := map[string]bool{}
		parts := make([]string, len(x.segments))
		for i, segment := range x.segments {
			plain, err := url.PathUnescape(segment)
			if err != nil || !looksLikeID(plain) && !heard[plain] {
				parts[i] = segment
				continue
			}
			name := parameterName(parts[:i], names)
			names[name] = true
			parts[i] = "{" + name + "}"
			a.leaves = append(a.leaves, leaf{place: "path." + name, name: name, value: &node{kind: text, text: plain}})
		}
		x.pattern = "/" + strings.Join(parts, "/")
		a.leaves = append(a.leaves, requestLeaves(x.request)...)
		a.leaves = append(a.leaves, a.body.leaves("body")...)
		if a.answer == nil {
			continue
		}
		for _, l := range a.answer.body.leaves("") {
			if l.value.kind == text && len(l.value.text) > 3 && idNames.MatchString(l.name) {
				heard[l.value.text] = true
			}
		}
	}
}

// ids are digits, what was taken out for a secret, and short words with several digits in them.
var ids = regexp.MustCompile(`^(?:[0-9]+|[A-Za-z_.-]*redacted-[0-9]+|[A-Za-z_.-]*[0-9][A-Za-z0-9_.-]*[0-9][A-Za-z0-9_.-]*)$`)

// idNames are the names of fields that hold ids.
var idNames = regexp.MustCompile(`(?i)(?:^|[a-z_-])(id|key|uuid|guid|ref|number|token|session|room|case|ticket)$`)

func looksLikeID(word string) bool { return ids.MatchString(word) }

// parameterName names a parameter after what stands before it.
func parameterName(before []string, taken map[string]bool) string {
	name := "id"
	if len(before) > 0 {
		if last := strings.TrimSuffix(before[len(before)-1], "s"); identifier.MatchString(last) && !strings.HasPrefix(last, "v") {
			name = last
		}
	}
	for base, n := name, 2; taken[name]; n++ {
		name = base + string(rune('0'+n))
	}
	return name
}

// requestLeaves are what a request says beside its path and its body.
func requestLeaves(c Crossing) []leaf {
	var all []leaf
	if query, err := url.ParseQuery(c.Query); err == nil {
		for _, name := range sortedKeys(query) {
			all = append(all, leaf{place: below("query", name), name: name, value: textNode(query.Get(name))})
		}
	}
	for _, name := range sortedKeys(c.Headers) {
		switch {
		case name == "Cookie":
			for _, pair := range cookiePair.FindAllStringSubmatch(c.Headers[name], -1) {
				all = append(all, leaf{place: below("cookie", pair[1]), name: pair[1], value: &node{kind: text, text: pair[2]}})
			}
		case !slices.Contains(usualHeaders, name) && !strings.HasPrefix(name, "Access-Control-"):
			all = append(all, leaf{place: below("header", name), name: name, value: textNode(c.Headers[name])})
		}
	}
	return all
}

// usualHeaders are those of which no wire makes its own use.
var usualHeaders = []string{
	"Content-Type", "Host", "Origin", "Vary", "Server", "Sec-Websocket-Protocol", "Content-Language", "Etag", "Expires", "Last-Modified", "X-Content-Type-Options", "X-Frame-Options",
	"Strict-Transport-Security", "Content-Security-Policy", "Referrer-Policy", "Alt-Svc", "Via", "Allow", "Set-Cookie", "Content-Disposition", "Age", "X-Powered-By", "Keep-Alive",
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// frames tells the frames of a socket apart: what the client asks, what answers it, and news.
func (s *story) frames(x *exchange) {
	pending := map[string]*ask{}
	spoken := false
	for _, f := range x.frames {
		leaves := f.tree.leaves("body")
		if f.From == Client {
			spoken = true
			a := &ask{place: f.place, at: f.At, step: f.step, exchange: x, isFrame: true, body: f.tree, media: jsonMedia, leaves: leaves}
			s.asks = append(s.asks, a)
			for _, l := range leaves {
				if correlates(l) {
					pending[l.place+"="+l.value.text] = a
				}
			}
			continue
		}
		if a := answered(pending, leaves); a != nil {
			a.answer = &said{body: f.tree, media: jsonMedia, raw: f.Body, at: f.At}
			continue
		}
		if !spoken && len(x.hellos) == 0 && x.isFirst(f) {
			x.hellos = append(x.hellos, f.tree)
			continue
		}
		s.news = append(s.news, &news{place: f.place, step: f.step, exchange: x, tree: f.tree, raw: f.Body, leaves: f.tree.leaves("event")})
	}
}

// isFirst says whether a frame is the first of its socket.
func (x *exchange) isFirst(f frame) bool { return len(x.frames) > 0 && x.frames[0].place == f.place }

// correlates says whether a field of a frame is one by which an answer names its question.
func correlates(l leaf) bool {
	return correlation.MatchString(l.name) && (l.value.kind == number || l.value.kind == text && l.value.text != "")
}

var correlation = regexp.MustCompile(`(?i)^(id|seq|ref|reqid|requestid|request_id|correlationid|correlation_id|msgid|messageid|serial|ack|cid|invocationid)$`)

// answered finds the frame that another answers, and forgets it: an answer comes once.
func answered(pending map[string]*ask, leaves []leaf) *ask {
	for _, l := range leaves {
		key := l.place + "=" + l.value.text
		if a := pending[key]; a != nil {
			delete(pending, key)
			return a
		}
	}
	return nil
}
