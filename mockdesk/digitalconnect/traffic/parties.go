package traffic

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"deskcheck/mockdesk/digitalconnect/rules"
)

// assign finds out whose each exchange is where the recording does not say: by the names of hosts, by the links that Talkdesk gave, and by what a webhook looks like.
func (r *recording) assign(about rules.About) {
	storage, hooks := r.linked(), map[string]bool{}
	if hook, err := url.Parse(about.Hook.URL); err == nil && hook.Host != "" {
		hooks[withoutPort(hook.Host)+strings.TrimSuffix(hook.EscapedPath(), "/")] = true
	}
	for _, x := range r.exchanges {
		switch {
		case x.Party != "":
		case rules.Party(x.Host) != "":
			x.Party = rules.Party(x.Host)
		case storage[x.Host]:
			x.Party = rules.Storage
		case isEvent(x.Method, x.Body):
			hooks[x.Host+strings.TrimSuffix(x.Path, "/")] = true
		}
	}
	for _, x := range r.exchanges {
		if x.Party == "" && hooks[x.Host+strings.TrimSuffix(x.Path, "/")] {
			x.Party = rules.Webhook
		}
	}
}

// whole leaves out what cannot be judged because the body of its request was not recorded. Of an upload its size is enough, and bytes seldom come through as a text.
func (r *recording) whole() (left []LeftOut) {
	r.exchanges = slices.DeleteFunc(r.exchanges, func(x *exchange) bool {
		if x.Party == rules.Storage && x.size > 0 {
			x.Body, x.cut = make([]byte, x.size), ""
		}
		if x.cut != "" {
			left = append(left, LeftOut{Place: x.place, Why: x.cut})
		}
		return x.cut != ""
	})
	return left
}

// has says whether an exchange with a party was recorded.
func (r *recording) has(party string) bool {
	return slices.ContainsFunc(r.exchanges, func(x *exchange) bool { return x.Party == party })
}

// linked are the hosts of the links that the attachments API gave.
func (r *recording) linked() map[string]bool {
	hosts := map[string]bool{}
	for _, x := range r.exchanges {
		if !strings.HasPrefix(x.Path, rules.AttachmentsPath+"/") || !strings.HasSuffix(x.Path, "-link") || rules.Party(x.Host) != rules.API && x.Party != rules.API {
			continue
		}
		var reply struct {
			URL string `json:"url"`
		}
		if json.Unmarshal(x.ResponseBody, &reply) != nil {
			continue
		}
		if u, err := url.Parse(reply.URL); err == nil && u.Host != "" {
			hosts[withoutPort(u.Host)] = true
		}
	}
	return hosts
}

// isEvent says whether a request looks like a webhook of Talkdesk's: the three keys that all events have.
func isEvent(method string, body []byte) bool {
	var e struct {
		EventType      *string `json:"event_type"`
		ConversationID *string `json:"conversation_id"`
		Timestamp      *string `json:"timestamp"`
	}
	return method == http.MethodPost && json.Unmarshal(body, &e, evidence) == nil && e.EventType != nil && e.ConversationID != nil && e.Timestamp != nil
}
