package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/agext/levenshtein"
)

// Stream is how a route hands events out.
type Stream string

// The ways to hand events out. A socket does it by itself.
const (
	Poll     Stream = "poll"      // at once, with what there is
	LongPoll Stream = "long-poll" // when there is something, or after a time
	SSE      Stream = "sse"       // as server-sent events, on one answer that does not end
)

// SocketMethod is the method of routes that become WebSockets.
const SocketMethod = "SOCKET"

// Route is a kind of request, by its method and path.
type Route struct {
	Take
	// Method is an HTTP method, or SocketMethod; Pattern is the path with its parameters in braces.
	Method, Pattern string
	// Body is how the body is read.
	Body BodyKind
	// File names the part of a multipart body that is the file.
	File string
	// As is how events are handed out, Feed which of them, by its number.
	As   Stream
	Feed int
	// Hold is how long a long poll is held.
	Hold time.Duration
	// Pulse is what a stream says when nothing happens, Every how often; nil for nothing.
	Pulse *Said
	Every time.Duration
	// Socket is what a WebSocket does, nil for other routes.
	Socket *Socket

	segments []string
	// params are the names of the segments that are parameters, empty for the others.
	params []string
}

// Match is what a wire makes of a method and a path.
type Match struct {
	// Routes are those with this method and path, in the order of the file; which it is may depend on the rest of the request.
	Routes []*Route
	// Pattern is the path of the routes that have this path, with whatever method; empty if none has.
	Pattern string
	// Path are the parameters.
	Path map[string]any
	// Allow are the methods that the path takes, as the header of that name has them, if there are any.
	Allow string
}

// methods are those of HTTP that a wire may use, in the order in which they are listed.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// Match finds the routes for a request; method is SocketMethod for one that asks for a WebSocket.
func (w *Wire) Match(method string, address *url.URL) Match {
	parts := split(address.EscapedPath())
	var m Match
	var allowed []string
	for _, r := range w.Routes {
		params, fits := r.fits(parts)
		if !fits {
			continue
		}
		if m.Pattern == "" {
			m.Pattern, m.Path = r.Pattern, params
		}
		if r.Pattern != m.Pattern {
			continue // The routes before go first.
		}
		if r.Method == method {
			m.Routes = append(m.Routes, r)
		}
		offered := r.Method
		if offered == SocketMethod {
			offered = http.MethodGet
		}
		allowed = append(allowed, offered)
	}
	if len(allowed) > 0 {
		m.Allow = strings.Join(append(inOrder(allowed), http.MethodOptions), ", ")
	}
	return m
}

func inOrder(some []string) []string {
	var found []string
	for _, method := range methods {
		if slices.Contains(some, method) {
			found = append(found, method)
		}
	}
	return found
}

func split(path string) []string { return strings.Split(strings.TrimPrefix(path, "/"), "/") }

// fits compares the path of a request, still escaped, with the route's.
func (r *Route) fits(parts []string) (map[string]any, bool) {
	if len(parts) != len(r.segments) {
		return nil, false
	}
	for i, segment := range r.segments {
		if r.params[i] == "" && parts[i] != segment || r.params[i] != "" && parts[i] == "" {
			return nil, false
		}
	}
	params := map[string]any{}
	for i, name := range r.params {
		if name == "" {
			continue
		}
		part, err := url.PathUnescape(parts[i])
		if err != nil {
			return nil, false
		}
		params[name] = part
	}
	return params, true
}

func parameter(segment string) (string, bool) {
	if len(segment) > 2 && segment[0] == '{' && segment[len(segment)-1] == '}' {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}

// mostClosest is how many routes or frames are named to a client that came close.
const mostClosest = 3

// NearMiss is a route or a frame that was not meant, and why.
type NearMiss struct{ Name, Why string }

// String returns both as one clause.
func (n NearMiss) String() string { return n.Name + " (" + n.Why + ")" }

// Explain names the routes that come closest to a request that has none. Routes that had its method and path are those whose when was not true.
func (w *Wire) Explain(method string, m Match, address *url.URL) []NearMiss {
	type scored struct {
		NearMiss
		distance int
	}
	var all []scored
	path := address.Path
	for _, r := range w.Routes {
		miss := scored{NearMiss: NearMiss{Name: r.On()}}
		switch {
		case slices.Contains(m.Routes, r):
			miss.Why = r.unlikely()
		case r.Pattern == m.Pattern && r.Method == SocketMethod:
			miss.Why, miss.distance = "it is a WebSocket, and the request did not ask for one", 1
		case r.Pattern == m.Pattern:
			miss.Why, miss.distance = "the method is "+spoken(method), 1
		default:
			why, far := r.compare(path)
			miss.Why, miss.distance = why, 2+far
			if r.Method != method {
				miss.Why, miss.distance = miss.Why+", and the method is "+spoken(method), miss.distance+1
			}
		}
		all = append(all, miss)
	}
	slices.SortStableFunc(all, func(a, b scored) int { return a.distance - b.distance })
	closest := make([]NearMiss, 0, mostClosest)
	for _, one := range all[:min(mostClosest, len(all))] {
		closest = append(closest, one.NearMiss)
	}
	return closest
}

func spoken(method string) string {
	if method == SocketMethod {
		return "GET for a WebSocket"
	}
	return method
}

// longestCompared bounds what is compared letter by letter.
const longestCompared = 200

// compare says where a path leaves the route's, and how far off it is.
func (r *Route) compare(path string) (why string, distance int) {
	parts := split(path)
	for i := range max(len(parts), len(r.segments)) {
		switch {
		case i >= len(parts):
			if why == "" {
				why = "the path ends before " + r.segments[i]
			}
			distance += 5
		case i >= len(r.segments):
			if why == "" {
				why = fmt.Sprintf("the path goes on with %q", shorten(parts[i]))
			}
			distance += 5
		default:
			if _, isParam := parameter(r.segments[i]); isParam && parts[i] != "" {
				continue
			}
			if far := levenshtein.Distance(shorten(parts[i]), r.segments[i], nil); far > 0 {
				if why == "" {
					why = fmt.Sprintf("the path has %q where the route has %q", shorten(parts[i]), r.segments[i])
				}
				distance += far
			}
		}
	}
	return why, distance
}

func shorten(text string) string {
	if len(text) > longestCompared {
		return strings.ToValidUTF8(text[:longestCompared], "") + "…"
	}
	return text
}

// On is the route as the wire file has it: its method and its path.
func (r *Route) On() string { return r.Method + " " + r.Pattern }

// RouteList names all routes, each once.
func (w *Wire) RouteList() []string {
	var all []string
	for _, r := range w.Routes {
		name := strings.Replace(r.On(), SocketMethod+" ", "GET (WebSocket) ", 1)
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// Methods are the HTTP methods of the wire, as a preflight answer lists them.
func (w *Wire) Methods() string {
	var used []string
	for _, r := range w.Routes {
		if r.Method == SocketMethod {
			used = append(used, http.MethodGet)
		}
		used = append(used, r.Method)
	}
	return strings.Join(append(inOrder(used), http.MethodOptions), ", ")
}

// Address is the path of the first route of a meaning with its only parameter filled in, empty if there is no such route.
func (w *Wire) Address(m Meaning, param string) string {
	for _, r := range w.Routes {
		if r.Means != m || strings.Count(r.Pattern, "{") != 1 {
			continue
		}
		segments := slices.Clone(r.segments)
		for i, segment := range segments {
			if _, isParam := parameter(segment); isParam {
				segments[i] = url.PathEscape(param)
			}
		}
		return "/" + strings.Join(segments, "/")
	}
	return ""
}
