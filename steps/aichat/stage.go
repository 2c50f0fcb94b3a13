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

	"deskcheck/mockdesk"
)

// Stage is what all scenarios of a run share: the host page and the integration under test. It is read-only while scenarios run.
type Stage struct {
	// Host holds the files of the host page, index.html first of all.
	Host fs.FS
	// HostScript is main.js of the host page with all that it imports.
	HostScript []byte
	// ChatURL is where the real chat is served as a script, empty for a host that needs none.
	ChatURL string
	// Probe is the source of the kit's scripted integration.
	Probe []byte
	// Integration is the bundle under test.
	Integration Bundle
	// Dialect is the dialect of the run.
	Dialect string
	// Holds says whether a requirement holds in that dialect; nil takes all of them to.
	Holds func(requirement string) bool
	// Claims are the capabilities that the integration claims to have: one that is missing is then a failure.
	Claims []string
	// Secrets are what must not reach the page, empty if nobody has said.
	Secrets []Secret
}

// Bundle is an integration ready for a page.
type Bundle struct {
	Code []byte
	// Export is the name under which an ES module exports the factory; Global the global name that a plain script leaves. With neither it is a plain script that registers the
	// factory itself.
	Export string
	Global string
}

type pageIntegration struct {
	Module string `json:"module,omitempty"`
	Export string `json:"export,omitempty"`
	Script string `json:"script,omitempty"`
	Global string `json:"global,omitempty"`
}

type pageReject struct {
	Callback string `json:"callback"`
	Nth      int    `json:"nth"`
}

type pageProbe struct {
	Method    string         `json:"method"`
	Behaviour map[string]any `json:"behaviour"`
}

// pageConfig is what the host page reads before it does anything; its fields are documented in fixtures/hosts/emulated/main.js.
type pageConfig struct {
	Dialect     string          `json:"dialect"`
	Integration pageIntegration `json:"integration"`
	Env         map[string]any  `json:"env"`
	Options     map[string]any  `json:"options"`
	Open        bool            `json:"open"`
	Widgets     int             `json:"widgets"`
	Listeners   string          `json:"listeners"`
	// ListenersTake is how long, in milliseconds, a listener is busy with an event.
	ListenersTake int `json:"listenersTake"`
	Without       struct {
		Parameters []string `json:"parameters"`
		Callbacks  []string `json:"callbacks"`
		Methods    []string `json:"methods"`
	} `json:"without"`
	Reject *pageReject `json:"reject"`
	Probe  []pageProbe `json:"probe,omitempty"`

	// deviating names the methods that the scenario has the host call in a way of its own.
	deviating map[string]bool
}

func (st *Stage) holds(requirement string) bool { return st.Holds == nil || st.Holds(requirement) }

func (st *Stage) pageConfig() pageConfig {
	c := pageConfig{Dialect: st.Dialect, Open: true, Widgets: 1, Listeners: "none", Options: map[string]any{}, deviating: map[string]bool{}}
	c.Integration = pageIntegration{Module: "/integration.js", Export: st.Integration.Export}
	if st.Integration.Export == "" {
		c.Integration = pageIntegration{Script: "/integration.js", Global: st.Integration.Global}
	}
	return c
}

// site serves the host page of one scenario on an origin of its own.
type site struct {
	url    string
	server *http.Server
}

// configSlot is where index.html takes its configuration.
const configSlot = `<script type="application/json" id="deskcheck-config">{}</script>`

// serve opens a site. The page is on localhost and the desk on 127.0.0.1, so that the integration crosses origins and sites as it would in life.
func (st *Stage) serve(config pageConfig, desk *mockdesk.Desk) (*site, error) {
	config.Env = map[string]any{"desk": map[string]any{"url": desk.URL(), "socketUrl": desk.SocketURL()}, "dialect": st.Dialect}
	raw, err := json.Marshal(config)
	if err != nil {
		return nil, fmt.Errorf("write the configuration of the host page: %w", err)
	}
	index, err := fs.ReadFile(st.Host, "index.html")
	if err != nil {
		return nil, fmt.Errorf("read the host page: %w", err)
	}
	// json.Marshal escapes < and >, so that no value can end the script element.
	page := bytes.Replace(index, []byte(configSlot), []byte(`<script type="application/json" id="deskcheck-config">`+string(raw)+`</script>`), 1)
	if bytes.Equal(page, index) {
		return nil, errors.New("the host page has no place for its configuration")
	}
	// What HostScript holds need not be fetched ahead, but the integration may be.
	ahead := ""
	if config.Integration.Module != "" {
		ahead = `<link rel="modulepreload" href="` + config.Integration.Module + `" />`
	}
	page = bytes.Replace(page, []byte(`src="chat.js"`), []byte(`src="`+st.ChatURL+`"`), 1)
	page = bytes.Replace(page, []byte("</head>"), []byte(ahead+"</head>"), 1)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the host page on the loopback: %w", err)
	}
	files := http.FileServerFS(st.Host)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		switch path.Clean(r.URL.Path) {
		case "/":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write(page)
		case "/main.js":
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = w.Write(st.HostScript)
		case "/elsewhere":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte("<!doctype html><title>elsewhere</title>"))
		case "/integration.js":
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = w.Write(st.Integration.Code)
		case "/probe.js":
			w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
			_, _ = w.Write(st.Probe)
		default:
			files.ServeHTTP(w, r)
		}
	})
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, fmt.Errorf("read the port of the host page: %w", err)
	}
	s := &site{url: "http://localhost:" + port + "/", server: &http.Server{Handler: handler}} //nolint:gosec // Serves one page of ours on the loopback; a slow client is our own browser.
	go func() { _ = s.server.Serve(listener) }()                                              // Ends with http.ErrServerClosed.
	return s, nil
}

func (s *site) close() { _ = s.server.Close() }
