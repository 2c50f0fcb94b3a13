package agentmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"deskcheck/mockdesk/agentmanager"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/socketio"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
)

// Desk is where the pages of the desk under test come from: an address, or files.
type Desk struct {
	// URL is the address of the page at a server of the user's own, with the names of Filled in it; empty if the kit serves Files.
	URL string
	// Files are what the kit serves below Mount, index.html first of all; Replace has what is served in place of some of them, by path, with the names of Filled in it.
	Files   fs.FS
	Mount   string
	Replace map[string]string
}

// ownNames are the names that a scenario fills in. Whatever else begins with a dollar sign is left alone, since scripts are full of it.
var ownNames = regexp.MustCompile(`\$\{(manager|manager\.origin|manager\.path|env\.\w+)\}`)

// Filled puts what is a scenario's own in the place of its names: ${manager}, ${manager.origin} and ${manager.path} of the manager's base address, ${env.NAME} of the
// environment.
func Filled(text, base string) string {
	return ownNames.ReplaceAllStringFunc(text, func(name string) string { return own(strings.Trim(name, "${}"), base) })
}

// own is the value of one of ownNames.
func own(name, base string) string {
	u, err := url.Parse(base)
	switch {
	case name == "manager" || err != nil:
		return base
	case name == "manager.origin":
		return u.Scheme + "://" + u.Host
	case name == "manager.path":
		return u.Path
	}
	return os.Getenv(strings.TrimPrefix(name, "env."))
}

// address is where the page of a scenario is: at the user's own server, or at the kit's.
func (d Desk) address(site, base string) string {
	if d.URL == "" {
		return site + strings.TrimSuffix(d.Mount, "/") + "/"
	}
	before, query, found := strings.Cut(d.URL, "?")
	if !found {
		return Filled(before, base)
	}
	return Filled(before, base) + "?" + ownNames.ReplaceAllStringFunc(query, func(name string) string { return url.QueryEscape(Filled(name, base)) })
}

// patientTimeout is how long clients are told to wait for a ping: their clocks run ahead with the scenario, and pings go by the time of the machine.
const patientTimeout = 10 * time.Minute

// seat is where one person works: a page of the desk, and the way from it to the manager.
type seat struct {
	// name is the person's, party what the journal knows the desk as.
	name  string
	party journal.Party
	// base is the path of the manager's base address here.
	base    string
	options agentmanager.ServerOptions
	server  *agentmanager.Server
	http    []*http.Server
	// manager is the manager's base address, site where the desk's files are served.
	manager, site string
	// seen are the words that the person saw when looking at the desk, nil before.
	seen map[string]int
	// page is nil while the person has none open.
	page *steps.Page
	// push stands in for pushes to the page, nil if the scenario says nothing of them; shell is the token that a shell around the page has, empty for none.
	push  *browser.Push
	shell string
}

// listen serves a handler on the loopback, under a name of it, and gives its origin.
func (s *seat) listen(name string, h http.Handler) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("listen on the loopback: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return "", fmt.Errorf("read the port that is listened on: %w", err)
	}
	server := &http.Server{Handler: h} //nolint:gosec // Serves the loopback; a slow client is our own browser.
	s.http = append(s.http, server)
	go func() { _ = server.Serve(listener) }() // Ends with http.ErrServerClosed.
	return "http://" + name + ":" + port, nil
}

// serve opens the way to the manager, and the desk's files. The page is on localhost and the manager on 127.0.0.1, so that the desk crosses origins and sites as it would in life.
func (s *seat) serve(m *agentmanager.Manager, d Desk) error {
	s.options.Base, s.options.Party = s.base, s.party
	if s.options.PingTimeout == 0 {
		s.options.PingTimeout = patientTimeout
	}
	s.server = agentmanager.NewServer(m, s.options)
	origin, err := s.listen("127.0.0.1", s.server)
	if err != nil {
		return err
	}
	s.manager = origin + s.base
	if d.URL == "" {
		s.site, err = s.listen("localhost", d.handler(s.manager))
	}
	return err
}

// handler serves the files of a desk to one page.
func (d Desk) handler(manager string) http.Handler {
	mount := strings.TrimSuffix(d.Mount, "/")
	files := http.StripPrefix(mount, http.FileServerFS(d.Files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		asked := r.URL.Path
		if strings.HasSuffix(asked, "/") {
			asked += "index.html"
		}
		name, below := strings.CutPrefix(path.Clean(asked), mount+"/")
		if text, replaced := d.Replace[name]; below && replaced {
			http.ServeContent(w, r, name, time.Time{}, bytes.NewReader([]byte(Filled(text, manager))))
			return
		}
		files.ServeHTTP(w, r)
	})
}

// script tells a page that is not the kit's where its manager is, before any script of its own runs.
func (s *seat) script() string {
	raw, _ := json.Marshal(map[string]any{"manager": map[string]string{"url": s.manager}}) // Texts can always be encoded.
	return "if (globalThis === top) globalThis.deskcheckEnv = " + string(raw) + ";\n//# sourceURL=deskcheck:env.js\n"
}

// traffic is what is on its way between the page and the manager.
func (s *seat) traffic(context.Context) (now browser.Traffic, moved func(context.Context) bool, err error) {
	t := s.server.Traffic()
	now = browser.Traffic{Frames: t.Frames, Held: t.Held, Servers: []string{"ws" + strings.TrimPrefix(origin(s.manager), "http") + "/"}, Sockets: t.Sockets, Taken: &t.Taken}
	return now, func(ctx context.Context) bool { return s.moved(ctx, t) }, nil
}

func (s *seat) moved(ctx context.Context, t socketio.Traffic) bool {
	return s.server.Moved(ctx, t) == nil
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}

// open opens the desk's page for a person, as on a device that has never been signed in.
func (p *Player) open(s *seat) error {
	if s.page != nil {
		return &steps.HarnessError{Doing: "open a desk for " + s.name, Err: errors.New("it is open already")}
	}
	if s.server == nil {
		if err := s.serve(p.manager, p.stage.Desk); err != nil {
			return &steps.HarnessError{Doing: "serve the desk", Err: err}
		}
	}
	tab, err := p.lease()
	if err != nil {
		return err
	}
	s.page = &steps.Page{Tab: tab, Traffic: p.traffic(s), Party: s.party}
	p.Add(s.page)
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Boot)
	defer cancel()
	if err := p.standIn(ctx, s, tab); err != nil {
		return err
	}
	p.Act(s.party, s.party, "opens the desk")
	page := s.page
	err = tab.OpenRoaming(ctx, s.withShell(p.stage.Desk.address(s.site, s.manager)), s.script(), func(m browser.Message) { p.Record(page, m) })
	if gone, is := errors.AsType[*browser.StatusError](err); is {
		return &steps.Failure{Expected: "the page of the desk", Recorded: fmt.Sprintf("its address is answered with %d", gone.Status)}
	}
	if err != nil {
		return p.blame("open the page of the desk", err)
	}
	if p.title == "" {
		_ = tab.Evaluate(ctx, "document.title", &p.title) // A name for reports; there need be none.
	}
	return p.Rest()
}

// leaves closes the person's page, as a browser does whose tab is closed.
func (p *Player) leaves(s *seat) error {
	page := s.page
	if page == nil {
		return &steps.HarnessError{Doing: "close the desk of " + s.name, Err: errors.New("it is not open")}
	}
	s.page = nil
	p.Act(s.party, s.party, "closes the desk")
	p.Remove(page)
	page.Tab.Release()
	p.free(page.Tab)
	return nil
}

// close ends the seat.
func (s *seat) close() {
	if s.server != nil {
		s.server.Close()
	}
	for _, server := range s.http {
		_ = server.Close()
	}
}
