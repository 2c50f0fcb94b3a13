package talkdesk

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/control/serving"
	"deskcheck/mockdesk/control/talkdeskapi"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/standing"
)

const (
	base          = "/v1/tenants/{tenant}"
	conversations = base + "/conversations"
	conversation  = conversations + "/{conversation}"
)

// operations are those of the document, in its order.
func (s *Server) operations() []serving.Operation {
	all := []serving.Operation{
		serving.Metrics(s.metrics.registry),
		serving.Get("getServer", "/v1/server", s.what),
		serving.Get("listTenants", "/v1/tenants", func(*serving.Call) (*serving.Answer, error) {
			return serving.OK(talkdeskapi.TenantPage{Tenants: []talkdeskapi.Tenant{s.desk.Shift().Describe()}})
		}),
		serving.Get("getTenant", base, serving.Telling(s.shift, (*standing.Shift).Describe)),
		serving.Post("resetTenant", base+"/reset", "", true, serving.About(s.shift, func(*serving.Call, *standing.Shift) (*serving.Answer, error) {
			fresh, err := s.desk.Reset()
			if err != nil {
				return nil, err
			}
			return serving.OK(fresh.Describe())
		})),
	}
	for _, more := range [][]serving.Operation{s.ofAccount(), s.ofConversations(), s.ofWebhooks(), s.ofFaults(), s.ofClock(), s.journals.Operations(base + "/journal")} {
		all = append(all, more...)
	}
	return all
}

func (s *Server) ofAccount() []serving.Operation {
	return []serving.Operation{
		serving.Get("getAccount", base+"/account", serving.Telling(s.shift, (*standing.Shift).Account)),
		serving.Put("setStatus", base+"/touchpoints/{touchpoint}", "Status", serving.Doing(s.shift, "touchpoint", (*standing.Shift).SetStatus)),
		serving.Post("revokeTokens", base+"/revoke-tokens", "", true, serving.Telling(s.shift, (*standing.Shift).RevokeTokens)),
		serving.Post("failFiles", base+"/fail-files", "FileFailure", false, serving.About(s.shift, func(c *serving.Call, shift *standing.Shift) (*serving.Answer, error) {
			given, err := serving.Into[talkdeskapi.FileFailure](c)
			if err == nil {
				shift.FailFiles(given)
			}
			return serving.NoContent(err)
		})),
		serving.Get("getFile", base+"/files/{file}", serving.About(s.shift, func(c *serving.Call, shift *standing.Shift) (*serving.Answer, error) {
			content, err := shift.File(c.PathValue("file"))
			if err != nil {
				return nil, err
			}
			// Whatever a user has sent is only ever handed out as bytes.
			return &serving.Answer{Status: http.StatusOK, ContentType: "application/octet-stream", Raw: content}, nil
		})),
	}
}

func (s *Server) ofConversations() []serving.Operation {
	return []serving.Operation{
		serving.Get("listConversations", conversations, serving.About(s.shift, listConversations)),
		serving.Post("startConversation", conversations, "NewConversation", false, serving.Adding(s.shift, (*standing.Shift).Start, func(c talkdeskapi.Conversation) string { return url.PathEscape(c.ID) })),
		serving.Get("getConversation", conversation, serving.Naming(s.shift, "conversation", (*standing.Shift).Conversation)),
		serving.Post("say", conversation+"/say", "Words", false, serving.Doing(s.shift, "conversation", (*standing.Shift).Say)),
		serving.Post("sendFile", conversation+"/send-file", "", true, serving.About(s.shift, sendFile)),
		serving.Post("end", conversation+"/end", "", true, serving.Naming(s.shift, "conversation", (*standing.Shift).End)),
		serving.Post("endSilently", conversation+"/end-silently", "", true, serving.Naming(s.shift, "conversation", (*standing.Shift).EndSilently)),
	}
}

func (s *Server) ofWebhooks() []serving.Operation {
	return []serving.Operation{
		serving.Get("listDeliveries", base+"/deliveries", serving.About(s.shift, listDeliveries)),
		serving.Post("emit", base+"/emit", "Emission", false, serving.Doing(s.shift, "", func(shift *standing.Shift, _ string, e talkdeskapi.Emission) (talkdeskapi.Delivery, error) {
			return shift.Emit(e)
		})),
	}
}

func (s *Server) ofFaults() []serving.Operation {
	const faults = base + "/faults"
	return []serving.Operation{
		serving.Get("listFaults", faults, serving.Telling(s.shift, func(shift *standing.Shift) api.FaultList { return shift.Faults().List() })),
		serving.Post("addFault", faults, "NewFault", false, serving.Adding(s.shift, func(shift *standing.Shift, f api.NewFault) (api.Fault, error) { return shift.Faults().Add(f) }, func(f api.Fault) string { return f.ID })),
		serving.Post("addRules", faults+"/rules", "NewRules", false, serving.Adding(s.shift, func(shift *standing.Shift, given api.NewRules) (api.AddedFaults, error) {
			added, err := shift.Faults().AddRules(given.Rules)
			return api.AddedFaults{Faults: added}, err
		}, func(api.AddedFaults) string { return "" })),
		serving.Remove("clearFaults", faults, serving.Telling(s.shift, func(shift *standing.Shift) api.Released { return shift.Faults().Clear() })),
		serving.Get("getFault", faults+"/{fault}", serving.Naming(s.shift, "fault", func(shift *standing.Shift, id string) (api.Fault, error) { return shift.Faults().Get(id) })),
		serving.Remove("removeFault", faults+"/{fault}", serving.About(s.shift, func(c *serving.Call, shift *standing.Shift) (*serving.Answer, error) {
			return serving.NoContent(shift.Faults().Remove(c.PathValue("fault")))
		})),
		serving.Post("releaseFaults", faults+"/release", "Release", true, serving.Doing(s.shift, "", func(shift *standing.Shift, _ string, r api.Release) (api.Released, error) {
			return shift.Faults().Release(r.Operation), nil
		})),
	}
}

func (s *Server) ofClock() []serving.Operation {
	return []serving.Operation{
		serving.Get("getClock", base+"/clock", serving.Telling(s.shift, (*standing.Shift).Clock)),
		serving.Post("advanceClock", base+"/clock/advance", "Advance", false, serving.Doing(s.shift, "", func(shift *standing.Shift, _ string, a api.Advance) (api.Clock, error) {
			return shift.Advance(time.Duration(a.By))
		})),
	}
}

func listConversations(c *serving.Call, shift *standing.Shift) (*serving.Answer, error) {
	limit, err := serving.Limit(c)
	if err != nil {
		return nil, err
	}
	state, err := serving.OneOf(c, "state", []string{string(digitalconnect.Open), string(digitalconnect.Ended)})
	if err != nil {
		return nil, err
	}
	order, err := serving.OneOf(c, "order", []string{"oldest", "newest"})
	if err != nil {
		return nil, err
	}
	return serving.OK(talkdeskapi.List{Conversations: shift.Conversations(state, order == "newest", limit)})
}

func listDeliveries(c *serving.Call, shift *standing.Shift) (*serving.Answer, error) {
	limit, err := serving.Limit(c)
	if err != nil {
		return nil, err
	}
	list, err := shift.Deliveries(c.URL.Query().Get("conversation"), limit)
	if err != nil {
		return nil, err
	}
	return serving.OK(talkdeskapi.DeliveryList{Deliveries: list})
}

const (
	// mostFile is the largest file that an agent sends over the API, in bytes.
	mostFile = 64 << 20
	// mostName, mostAuthor and mostWords are how long the name of a file, that of who sends it and the words that go with it may be, in characters.
	mostName   = 255
	mostAuthor = 200
	mostWords  = 20000
)

func sendFile(c *serving.Call, shift *standing.Shift) (*serving.Answer, error) {
	query := c.URL.Query()
	name := query.Get("name")
	if n := len([]rune(name)); n == 0 || n > mostName {
		return nil, serving.Invalid(fmt.Sprintf("name: expected the name of the file, 1 to %d characters.", mostName))
	}
	words := talkdeskapi.Words{Author: query.Get("author")}
	if len([]rune(words.Author)) > mostAuthor {
		return nil, serving.Invalid(fmt.Sprintf("author: expected at most %d characters.", mostAuthor))
	}
	if text := query.Get("text"); len([]rune(text)) > mostWords {
		return nil, serving.Invalid(fmt.Sprintf("text: expected at most %d characters.", mostWords))
	} else if text != "" {
		words.Text = &text
	}
	content, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Body, mostFile))
	if err != nil {
		return nil, serving.TooLarge(err, mostFile)
	}
	mediaType := c.Header.Get("Content-Type")
	if mediaType == "" {
		mediaType = "application/octet-stream"
	}
	return serving.Reply(shift.SendFile(c.PathValue("conversation"), words, digitalconnect.File{Name: name, Type: mediaType, Bytes: content}))
}
