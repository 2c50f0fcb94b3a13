package mockdesk

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/wire"
)

// Item is one part of a line that is more than plain text. Which fields it has depends on its kind; what is empty is left out of the event.
type Item struct {
	// Kind is one of the kinds of the wire (ItemText and so on), or another, which a client does not know.
	Kind string `json:"kind"`
	// Text is what is said; for kinds that not every client can show, what is to be said in their place.
	Text string `json:"text,omitempty"`
	// URL is where a picture, a video or a file is.
	URL string `json:"url,omitempty"`
	// Title, Description and Alt go with a picture or a video; Name is that of a file.
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Alt         string `json:"alt,omitempty"`
	Name        string `json:"name,omitempty"`
	// Choices are the answers that a choice offers.
	Choices []string `json:"choices,omitempty"`
	// Data is the payload of custom content.
	Data map[string]any `json:"data,omitempty"`
}

// The kinds of items of the native wire.
const (
	ItemText    = "text"
	ItemPicture = "picture"
	ItemVideo   = "video"
	ItemFile    = "file"
	ItemChoice  = "choice"
	ItemCustom  = "custom"
	ItemError   = "error"
)

// words says an item in text, for those who show nothing else.
func (i Item) words() string {
	label := i.Title
	if label == "" {
		label = i.Name
	}
	switch {
	case i.URL != "" && label != "":
		return label + ": " + i.URL
	case i.URL != "":
		return i.URL
	case len(i.Choices) > 0:
		return i.Text + "\n- " + strings.Join(i.Choices, "\n- ")
	}
	return i.Text
}

// Send sends the user a line of several parts, in their order, and the same in words.
func (a *Agent) Send(c *Conversation, items ...Item) (int, error) {
	return c.act(journal.Agent, "message", a.Name+" sends something.", a.mustBeIn(c), func() fields {
		return c.sayItems(Line{Role: RoleAgent, AgentID: a.ID, Name: a.Name}, items)
	})
}

// Post sends a line of several parts in the desk's own name; ErrEnded after the end.
func (c *Conversation) Post(items ...Item) (int, error) {
	return c.act(journal.Desk, "message", "The desk sends something of its own.", c.mustGoOn, func() fields {
		return c.sayItems(Line{Role: RoleDesk}, items)
	})
}

// sayItems is called with the desk's lock held.
func (c *Conversation) sayItems(l Line, items []Item) fields {
	words := make([]string, 0, len(items))
	for _, i := range items {
		words = append(words, i.words())
	}
	l.Text = strings.Join(words, "\n")
	told := c.say(l, "text").plain()
	told["items"] = items
	return told
}

// medium is a picture or another file that the desk serves.
type medium struct {
	mediaType string
	content   []byte
}

// Publish has the desk serve a file of an agent's, and returns its address. Everyone who knows the address can read it.
func (d *Desk) Publish(name, mediaType string, content []byte) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	id := fmt.Sprintf("%d-%s", len(d.media)+1, name)
	d.media[id] = medium{mediaType, content}
	if d.isSaved() {
		d.saving.media = append(d.saving.media, SavedMedium{ID: id, Type: mediaType, Content: content})
		d.change()
	}
	address := d.wire.Address(OpMedium, id)
	if address == "" {
		address = publishedUnder + url.PathEscape(id)
	}
	return d.URL() + address
}

func (d *Desk) serveMedium(x *exchange) outcome {
	m, ok := d.media[x.given.Text("medium")]
	if !ok {
		return failed(wire.UnknownMedium, "There is no such file", "Take the address as the event gave it.")
	}
	return outcome{name: "served", plain: &wire.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {m.mediaType}}, Body: m.content}}
}

// servePublished serves a file of an agent's where the wire has no route for it. It is no part of the wire and means nothing to it.
func (d *Desk) servePublished(x *exchange) {
	x.take = x.wire.Unrouted()
	x.name = x.r.Method + " " + x.r.URL.Path
	d.recordRequest(x, "A file of an agent's; the wire has no route for it.")
	d.mu.Lock()
	m, ok := d.media[strings.TrimPrefix(x.r.URL.Path, publishedUnder)]
	d.mu.Unlock()
	if !ok {
		d.unmeant(x, reply{Reply: wire.Plain(wire.UnknownMedium, 0, "There is no such file", "Take the address as the event gave it.")})
		return
	}
	d.unmeant(x, reply{Reply: wire.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {m.mediaType}}, Body: m.content}})
}
