package mockdesk

import (
	"net/http"

	"github.com/gorilla/websocket"
)

// Steady takes every WebSocket and waits for its end without a word, for a browser that holds the sockets of a page back when hardly any of them succeed.
func Steady(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // It has been answered already.
	}
	defer func() { _ = conn.Close() }()
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return
		}
	}
}
