package steps

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"deskcheck/mockdesk/edge"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps/browser"
)

// World is what one scenario with a desk has in its hands: a scene of one page, its tab and its desk.
type World struct {
	*Scene
	Tab  *browser.Tab
	Desk *Desk
	// Page is the one page of the scene.
	Page *Page

	// edge leads the names of the desk to it, nil if it has none but its address.
	edge *edge.Edge
}

// NewWorld gives the scenario of a name its tab, a desk of its own, and an empty journal. It ends with ctx, or with the tab. Close it.
func NewWorld(ctx context.Context, tab *browser.Tab, name string, desks Desks, deadlines Deadlines) (*World, error) {
	w := &World{Tab: tab, Scene: NewScene(ctx, "integration", deadlines)}
	var err error
	if w.Desk, err = desks.open(w.Context(), name, w.Journal); err != nil {
		w.End()
		return nil, err
	}
	w.Face(w.Desk)
	if err := w.watch(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	w.Page = &Page{Tab: tab, Traffic: w.traffic, Means: w.meaning}
	w.Add(w.Page)
	return w, nil
}

// traffic is what is on its way between the page and its desk.
func (w *World) traffic(ctx context.Context) (now browser.Traffic, moved func(context.Context) bool, err error) {
	traffic, err := w.Desk.Traffic(ctx)
	if err != nil {
		return now, nil, err
	}
	now = browser.Traffic{Frames: traffic.Frames, Held: traffic.Kept, Servers: w.DeskOrigins("ws", "wss"), Sockets: traffic.Sockets}
	return now, func(ctx context.Context) bool { return w.Desk.Moved(ctx, traffic) == nil }, nil
}

// watch has what crosses between the page and its desk be seen where the desk cannot see it, and the desk's names lead to it.
func (w *World) watch() error {
	if w.Desk.Drives() {
		if err := w.Tab.WatchTraffic(w.Context(), w.DeskOrigins("http", "https", "ws", "wss")); err != nil {
			return &HarnessError{Doing: "watch the traffic between the page and the desk", Err: err}
		}
		return nil
	}
	if through, ok := w.Tab.Proxy().(*edge.Edge); ok {
		w.edge = through
		through.Lead(w.Desk.mock, w.refused)
	}
	return nil
}

// Close ends the desk and every wait.
func (w *World) Close() error {
	w.End()
	if w.edge != nil {
		w.edge.Leave()
	}
	return w.Desk.Close()
}

// refused records that the page asked for what it cannot have.
func (w *World) refused(r edge.Refusal) {
	w.Journal.Append(journal.Entry{Kind: journal.Refusal, From: journal.Page, To: journal.Kit, Name: r.Address, Note: "not among desk.hosts: refused"})
}

// DeskOrigins are how the addresses begin under which the page finds the desk with one of the schemes (http, https, ws, wss), such as "ws://127.0.0.1:40123/".
func (w *World) DeskOrigins(schemes ...string) []string {
	var all []string
	for _, base := range w.Desk.Place().Bases() {
		if scheme, _, _ := strings.Cut(base, "://"); slices.Contains(schemes, scheme) {
			all = append(all, base+"/")
		}
	}
	if w.edge != nil {
		for _, name := range w.edge.Names() {
			all = append(all, name.Origins(schemes...)...)
		}
	}
	return all
}

// meaning is what a request that the browser tells of asks of the desk, empty if it is not known, and for a preflight.
func (w *World) meaning(request []byte) string {
	var data struct{ Host, Method, Path string }
	// What is not there reads as empty.
	_ = json.Unmarshal(request, &data)
	return w.Desk.means(data.Method, data.Host+data.Path)
}

// Record writes what the page says into the journal. It is the sink of the tab.
func (w *World) Record(m browser.Message) { w.Scene.Record(w.Page, m) }
