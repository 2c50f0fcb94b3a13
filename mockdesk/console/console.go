// Package console is the web page on which a person watches a desk and plays its agents, an agent manager and plays its customers, or Talkdesk and plays its agents: conversations, transcript, journal, faults.
// The page speaks the control API and nothing else; here it is only served.
package console

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
)

//go:embed page
var embedded embed.FS

// chatSlot is where the page takes the address of a chat that is to stand beside it.
const chatSlot = `<meta name="chat" content="" />`

// Page is what a console shows.
type Page string

// The pages.
const (
	Chat     Page = "index.html"    // the desk of a chat, whose agents are played
	Manager  Page = "manager.html"  // an agent manager, whose customers are played
	Talkdesk Page = "talkdesk.html" // Talkdesk, whose agents are played
)

// Options are what a console is served with; the zero value will do.
type Options struct {
	// Page is what is shown at /; empty is Chat.
	Page Page
	// Chat is the address of a page with a chat that is shown beside the conversations, such as "http://localhost:8472/"; empty for none. It should be of another origin than the
	// console, so that nothing that runs there can reach the control API.
	Chat string
}

// Handler serves the console at /, to be put on the origin of the control API. The page runs no script and loads nothing but what comes from there, and may not be shown within
// another page. The error says what is wrong with the options.
func Handler(o Options) (http.Handler, error) {
	files, err := fs.Sub(embedded, "page")
	if err != nil {
		return nil, fmt.Errorf("the embedded console: %w", err)
	}
	index, err := fs.ReadFile(files, string(cmp.Or(o.Page, Chat)))
	if err != nil {
		return nil, fmt.Errorf("the embedded console: %w", err)
	}
	frames := "'none'"
	if o.Chat != "" {
		if frames, err = originOf(o.Chat); err != nil {
			return nil, err
		}
		if !bytes.Contains(index, []byte(chatSlot)) {
			return nil, errors.New("the embedded console has no place for the chat")
		}
		index = bytes.Replace(index, []byte(chatSlot), []byte(`<meta name="chat" content="`+html.EscapeString(o.Chat)+`" />`), 1)
	}
	policy := "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; frame-src " + frames + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	server := http.FileServerFS(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		// Another version of the program brings another page, under the same address.
		header.Set("Cache-Control", "no-cache")
		if r.URL.Path != "/" {
			server.ServeHTTP(w, r)
			return
		}
		header.Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(index) // Whoever does not take it has gone.
	}), nil
}

// originOf is the origin of an address, as a policy names it.
func originOf(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return "", fmt.Errorf("the chat beside the console is at %q, which is no http address with a host, such as http://localhost:8472/", address)
	}
	return u.Scheme + "://" + u.Host, nil
}
