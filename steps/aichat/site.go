package aichat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path"
	"sync"

	"deskcheck/mockdesk"
	"deskcheck/steps"
)

// site serves the host page of one scenario on an origin of its own.
type site struct {
	url    string
	server *http.Server
	stage  *Stage
	desk   *steps.Desk

	mu   sync.Mutex
	page []byte
	// gate keeps the host's script back while it is not nil, until it is closed: the page has begun and does nothing yet.
	gate chan struct{}
}

// configSlot is where index.html takes its configuration.
const configSlot = `<script type="application/json" id="deskcheck-config">{}</script>`

// storages are scripts of the page's owner that stand in the way of its session storage, by what a user's browser may do: it has no room left, or allows no access at all.
var storages = map[string]string{
	"full":      `<script>for (let size = 1 << 22, n = 0; size >= 1; n++) { try { sessionStorage.setItem("full" + n, "x".repeat(size)) } catch { size >>= 1 } }</script>`,
	"forbidden": `<script>Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("Access is denied for this document.", "SecurityError") } })</script>`,
}

// serve opens a site. The page is on localhost and the desk on 127.0.0.1, so that the integration crosses origins and sites as it would in life.
func (st *Stage) serve(config pageConfig, desk *steps.Desk) (*site, error) {
	s := &site{stage: st, desk: desk}
	if err := s.configure(config); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the host page on the loopback: %w", err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("read the port of the host page: %w", err)
	}
	s.url = "http://localhost:" + port + "/"
	s.server = &http.Server{Handler: s.handler()} //nolint:gosec // Serves one page of ours on the loopback; a slow client is our own browser.
	go func() { _ = s.server.Serve(listener) }()  // Ends with http.ErrServerClosed.
	return s, nil
}

// env is what the kit tells the integration: where the desk of the scenario is, what else the desk has for it, and which dialect to speak.
func (s *site) env() map[string]any {
	place := s.desk.Place()
	desk := map[string]any{"url": place.URL, "socketUrl": place.SocketURL}
	if len(place.Env) > 0 {
		desk["env"] = place.Env
	}
	return map[string]any{"desk": desk, "dialect": s.stage.Dialect}
}

// configure fixes how the page will be the next time that it is loaded.
func (s *site) configure(config pageConfig) error {
	config.Env = s.env()
	page, err := PageWith(s.stage.Host, config)
	if err != nil {
		return err
	}
	// What HostScript holds need not be fetched ahead, but the integration may be.
	ahead := storages[config.storage]
	if config.Integration.Module != "" {
		ahead += `<link rel="modulepreload" href="` + config.Integration.Module + `" />`
	}
	page = bytes.Replace(page, []byte(`src="chat.js"`), []byte(`src="`+s.stage.ChatURL+`"`), 1)
	page = bytes.Replace(page, []byte("</head>"), []byte(ahead+"</head>"), 1)
	s.mu.Lock()
	s.page = page
	s.mu.Unlock()
	return nil
}

// PageWith is the page of a host, of whose files it is index.html, with its configuration in it: anything that becomes a JSON object with the fields of fixtures/hosts/emulated/configuration.js.
func PageWith(host fs.FS, config any) ([]byte, error) {
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("write the configuration of the host page: %w", err)
	}
	index, err := fs.ReadFile(host, "index.html")
	if err != nil {
		return nil, fmt.Errorf("read the host page: %w", err)
	}
	// json.Marshal escapes < and >, so that no value can end the script element.
	page := bytes.Replace(index, []byte(configSlot), []byte(`<script type="application/json" id="deskcheck-config">`+string(raw)+`</script>`), 1)
	if bytes.Equal(page, index) {
		return nil, errors.New("the host page has no place for its configuration")
	}
	return page, nil
}

// hold keeps the host's script of pages that are loaded from now on back, until what it gives is called.
func (s *site) hold() (release func()) {
	gate := make(chan struct{})
	s.mu.Lock()
	s.gate = gate
	s.mu.Unlock()
	return sync.OnceFunc(func() {
		s.mu.Lock()
		s.gate = nil
		s.mu.Unlock()
		close(gate)
	})
}

func (s *site) handler() http.Handler {
	files := http.FileServerFS(s.stage.Host)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		s.mu.Lock()
		page, gate := s.page, s.gate
		s.mu.Unlock()
		switch path.Clean(r.URL.Path) {
		case "/":
			give(w, "text/html", page)
		case "/main.js", "/gate.js":
			if gate != nil {
				select {
				case <-gate:
				case <-r.Context().Done():
				}
			}
			if path.Clean(r.URL.Path) == "/gate.js" {
				give(w, "text/javascript", nil)
				return
			}
			give(w, "text/javascript", s.stage.HostScript)
		case "/steady":
			mockdesk.Steady(w, r)
		case "/elsewhere":
			give(w, "text/html", []byte("<!doctype html><title>elsewhere</title>"))
		case "/integration.js":
			give(w, "text/javascript", s.stage.Integration.Code)
		case "/probe.js":
			give(w, "text/javascript", s.stage.Probe)
		default:
			files.ServeHTTP(w, r)
		}
	})
}

// give answers with a text of ours. Whoever does not take it has gone.
func give(w http.ResponseWriter, kind string, text []byte) {
	w.Header().Set("Content-Type", kind+"; charset=utf-8")
	_, _ = w.Write(text)
}

func (s *site) close() { _ = s.server.Close() }
