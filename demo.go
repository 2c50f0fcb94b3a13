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
	return chatPage(Integration{}, url, socketURL, nil)
}

// RecordingChat is DemoChat with an integration of one's own, for whoever records what it says to its desk. The assistant hands over all that it can: a queue, a summary, a reason and
// data. A *UserError says what is wrong with the integration.
func RecordingChat(i Integration, url, socketURL string) (http.Handler, error) {
	return chatPage(i, url, socketURL, map[string]any{"output": map[string]any{"generic": []any{map[string]any{
		"response_type":          "connect_to_agent",
		"message_to_human_agent": "The user would like to talk to a person.",
		"transfer_info": map[string]any{
			"summary_message_to_agent": map[string]any{"text": "The user has looked at canaries."},
			"additional_data":          map[string]any{"queue": "aviary", "interest": "canaries"},
		},
	}}}})
}

// chatPage serves a page with the emulated chat; connectMessage is what the assistant answers to a wish for an agent, nil for the usual answer.
func chatPage(i Integration, url, socketURL string, connectMessage map[string]any) (http.Handler, error) {
	const host = "emulated"
	files, err := fs.Sub(fixtures.FS(), "hosts/"+host)
	if err != nil {
		return nil, fmt.Errorf("the embedded host page: %w", err)
	}
	bundle, _, err := bundleOf(i)
	if err != nil {
		return nil, err
	}
	script, err := bundleHost(host)
	if err != nil {
		return nil, err
	}
	integration := map[string]any{"module": "/integration.js", "export": bundle.Export}
	if i.Bundle != "" {
		integration = map[string]any{"script": "/integration.js", "global": bundle.Global}
	}
	page, err := aichat.PageWith(files, map[string]any{
		"integration":    integration,
		"env":            map[string]any{"desk": map[string]any{"url": url, "socketUrl": socketURL}, "dialect": DefaultConfig().Dialect},
		"connectMessage": connectMessage,
		"history":        true,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/{$}", giving("text/html", page))
	mux.HandleFunc("/main.js", giving("text/javascript", script))
	mux.HandleFunc("/integration.js", giving("text/javascript", bundle.Code))
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
