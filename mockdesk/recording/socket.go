package recording

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// farewell is how long the other side may take to answer a close, and a control frame to be written.
const farewell = 10 * time.Second

// socket passes a WebSocket on, frame by frame.
func (r *Recorder) socket(w http.ResponseWriter, q *http.Request, p *passage) {
	address := *p.to
	address.Scheme = strings.Replace(address.Scheme, "http", "ws", 1)
	address.Path, address.RawPath = joined(p.to, q.URL)
	address.RawQuery = q.URL.RawQuery
	dialer := websocket.Dialer{Subprotocols: websocket.Subprotocols(q), HandshakeTimeout: time.Minute}
	far, answer, err := dialer.DialContext(q.Context(), address.String(), handshakeHeaders(q.Header)) //nolint:bodyclose // It holds no connection, see websocket.Dialer.
	if err != nil {
		r.refused(w, p, answer, err)
		return
	}
	header := http.Header{"Set-Cookie": answer.Header.Values("Set-Cookie")}
	if r.target != nil {
		r.atHome(header)
	}
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	if protocol := far.Subprotocol(); protocol != "" {
		header.Set("Sec-WebSocket-Protocol", protocol)
	}
	near, err := upgrader.Upgrade(w, q, header)
	if err != nil {
		_ = far.Close()
		r.traffic.Append(Crossing{Kind: Response, Exchange: p.number, Note: trouble(err)})
		return
	}
	r.traffic.Append(Crossing{Kind: Response, Exchange: p.number, Status: answer.StatusCode, Headers: headersOf(answer.Header)})
	r.opened(p.number, func() {
		_ = near.NetConn().Close()
		_ = far.NetConn().Close()
	})
	var pumps sync.WaitGroup
	pumps.Go(func() { r.pump(p.number, Client, near, far) })
	pumps.Go(func() { r.pump(p.number, Desk, far, near) })
	pumps.Wait()
	_ = near.Close()
	_ = far.Close()
}

// joined is the path of a request below that of the desk.
func joined(to, asked *url.URL) (path, raw string) {
	whole := to.JoinPath(strings.TrimPrefix(asked.EscapedPath(), "/"))
	if strings.HasSuffix(asked.Path, "/") && !strings.HasSuffix(whole.Path, "/") {
		whole.Path += "/"
	}
	return whole.Path, whole.RawPath
}

// handshakeHeaders are those of the client that the dialer does not make itself.
func handshakeHeaders(all http.Header) http.Header {
	header := all.Clone()
	for name := range header {
		if slices.Contains([]string{"Connection", "Upgrade", "Accept-Encoding"}, name) || strings.HasPrefix(name, "Sec-Websocket-") {
			header.Del(name)
		}
	}
	return header
}

// refused passes on that the desk opened no socket.
func (r *Recorder) refused(w http.ResponseWriter, p *passage, answer *http.Response, err error) {
	if answer == nil {
		note := "the desk did not answer: " + err.Error()
		r.report(note)
		r.traffic.Append(Crossing{Kind: Response, Exchange: p.number, Note: note})
		panic(http.ErrAbortHandler)
	}
	body, _ := io.ReadAll(answer.Body) // the dialer has read the beginning of it, which is all that there is
	kept := Crossing{Kind: Response, Exchange: p.number, Status: answer.StatusCode, Headers: headersOf(answer.Header)}
	kept.Body, kept.Bytes = keptText(body, int64(len(body)))
	r.traffic.Append(kept)
	for name, values := range answer.Header {
		if !slices.Contains([]string{"Connection", "Upgrade", "Content-Length", "Transfer-Encoding"}, name) {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(body) // Whoever does not take it has gone.
}

// pump passes on what one side sends until it ends. Closes and pings go through as they come: neither side speaks to the recorder.
func (r *Recorder) pump(exchange int, side Side, from, to *websocket.Conn) {
	control := func(kind int) func(string) error {
		return func(data string) error {
			_ = to.WriteControl(kind, []byte(data), time.Now().Add(farewell)) // If it is gone, its own pump says so.
			return nil
		}
	}
	from.SetPingHandler(control(websocket.PingMessage))
	from.SetPongHandler(control(websocket.PongMessage))
	from.SetCloseHandler(func(int, string) error { return nil })
	for {
		err := r.passFrame(exchange, side, from, to)
		if err == nil {
			continue
		}
		r.hangUp(exchange, side, to, err)
		return
	}
}

func (r *Recorder) passFrame(exchange int, side Side, from, to *websocket.Conn) error {
	kind, reader, err := from.NextReader()
	if err != nil {
		return err //nolint:wrapcheck // It is looked at, not shown.
	}
	writer, err := to.NextWriter(kind)
	if err != nil {
		return err //nolint:wrapcheck // It is looked at, not shown.
	}
	frame := &tee{from: io.NopCloser(reader), length: -1, done: func(*tee, error) {}}
	if _, err = io.Copy(writer, frame); err != nil {
		return err //nolint:wrapcheck // It is looked at, not shown.
	}
	kept := Crossing{Kind: Frame, Exchange: exchange, From: side}
	if frame.into(&kept); kind == websocket.BinaryMessage {
		kept.Body, kept.Bytes = "", frame.total
	}
	// It is kept before all of it has arrived, so that nothing that answers it comes before it.
	r.traffic.Append(kept)
	return writer.Close() //nolint:wrapcheck // It is looked at, not shown.
}

// hangUp passes on how one side has ended.
func (r *Recorder) hangUp(exchange int, side Side, to *websocket.Conn, err error) {
	code := websocket.CloseAbnormalClosure
	reason := ""
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		code, reason = closed.Code, closed.Text
	}
	// Who closed is written down before the other side hears of it, which then closes as well.
	switch first, cut := r.ended(exchange); {
	case cut:
		r.traffic.Append(Crossing{Kind: Closed, Exchange: exchange, Note: cutNote})
	case first:
		r.traffic.Append(Crossing{Kind: Closed, Exchange: exchange, From: side, Code: code, Note: reason})
	}
	if code == websocket.CloseAbnormalClosure {
		_ = to.NetConn().Close()
	} else {
		_ = to.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(farewell))
		_ = to.SetReadDeadline(time.Now().Add(farewell))
	}
}
