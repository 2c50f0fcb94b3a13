package deskcheck

import (
	"fmt"
	"io/fs"
	"net/http"

	"deskcheck/fixtures"
	"deskcheck/steps/aichat"
)

// DemoChat serves a page with the emulated chat and the embedded reference integration, for a person who plays the user: what is said there reaches the desk that listens at url over
// HTTP and at socketURL over WebSocket, which speaks the native wire. Serve it on an origin of its own. Nothing is recorded or judged there.
func DemoChat(url, socketURL string) (http.Handler, error) {
	const host = "emulated"
	files, err := fs.Sub(fixtures.FS(), "hosts/"+host)
	if err != nil {
		return nil, fmt.Errorf("the embedded host page: %w", err)
	}
	integration, _, err := bundleEmbedded("integrations/reference/index.ts", embeddedReference)
	if err != nil {
		return nil, err
	}
	script, err := bundleHost(host)
	if err != nil {
		return nil, err
	}
	page, err := aichat.PageWith(files, map[string]any{
		"integration": map[string]any{"module": "/integration.js", "export": integration.Export},
		"env":         map[string]any{"desk": map[string]any{"url": url, "socketUrl": socketURL}, "dialect": DefaultConfig().Dialect},
		"history":     true,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", giving("text/html", page))
	mux.HandleFunc("/main.js", giving("text/javascript", script))
	mux.HandleFunc("/integration.js", giving("text/javascript", integration.Code))
	mux.Handle("/", http.FileServerFS(files))
	return mux, nil
}

// giving answers with a text of ours.
func giving(kind string, text []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind+"; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(text) // Whoever does not take it has gone.
	}
}
