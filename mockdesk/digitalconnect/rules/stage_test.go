package rules_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"deskcheck/mockdesk/digitalconnect/rules"
)

const (
	identityHost = "acme.talkdeskid.com"
	apiHost      = "api.talkdeskapp.com"
	storageHost  = "attachments.storage.test"
	secret       = "kit_secret-canary"
	accessToken  = "token-of-the-test-0001"
	touchpoint   = "tp-1"
	chatID       = "c~1:50%25"
)

// about is all that can be known.
func about() rules.About {
	return rules.About{
		Account: "acme", Region: "US", TokenURLs: []string{"https://" + identityHost + "/oauth/token"}, Touchpoint: touchpoint, FriendlyNames: []string{"Web"}, Arguments: []string{"Intent", "Reason"}, SeesStorage: true,
		Clients: []rules.Client{{ID: "kit-client", Secrets: []string{secret}, Scopes: []string{"digital-connect:read", "digital-connect:write"}}},
		Hook:    rules.Hook{URL: "http://connector.test/hook", Auth: "none"},
	}
}

// change makes an exchange another.
type change func(*rules.Exchange)

func with(x rules.Exchange, changes ...change) rules.Exchange {
	x.Header, x.ResponseHeader = x.Header.Clone(), x.ResponseHeader.Clone()
	for _, one := range changes {
		one(&x)
	}
	return x
}

func at(moment time.Duration) change { return func(x *rules.Exchange) { x.At = moment } }

func took(d time.Duration) change { return func(x *rules.Exchange) { x.Took = d } }

func body(text string) change { return func(x *rules.Exchange) { x.Body = []byte(text) } }

func header(name, value string) change {
	return func(x *rules.Exchange) {
		x.Header.Set(name, value)
		if value == "" {
			x.Header.Del(name)
		}
	}
}

func path(text string) change { return func(x *rules.Exchange) { x.Path = text } }

func method(text string) change { return func(x *rules.Exchange) { x.Method = text } }

func host(text string) change { return func(x *rules.Exchange) { x.Host = text } }

func query(text string) change { return func(x *rules.Exchange) { x.Query = text } }

func party(text string) change { return func(x *rules.Exchange) { x.Party = text } }

// answered gives the answer; a text that begins with { is JSON.
func answered(status int, text string) change {
	return func(x *rules.Exchange) {
		x.Status, x.ResponseBody, x.ResponseHeader = status, []byte(text), http.Header{}
		if strings.HasPrefix(text, "{") {
			x.ResponseHeader.Set("Content-Type", "application/json")
		}
	}
}

func basic(user, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// token is a token request as it should be.
func token(changes ...change) rules.Exchange {
	x := rules.Exchange{
		Party: rules.Identity, Method: http.MethodPost, Host: identityHost, Path: "/oauth/token", Took: time.Millisecond, Status: http.StatusOK,
		Header: http.Header{"Authorization": {basic("kit-client", secret)}, "Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte("grant_type=client_credentials"),
		ResponseBody: []byte(`{"access_token":"` + accessToken + `","token_type":"Bearer","expires_in":600,"scope":"digital-connect:read digital-connect:write"}`),
	}
	return with(x, changes...)
}

// call is a call of the API as it should be.
func call(verb, where, text string, changes ...change) rules.Exchange {
	x := rules.Exchange{
		Party: rules.API, Method: verb, Host: apiHost, Path: where, Took: time.Millisecond, Status: http.StatusOK,
		Header: http.Header{"Authorization": {"Bearer " + accessToken}, "Content-Type": {"application/json"}}, Body: []byte(text),
	}
	return with(x, changes...)
}

const goodStart = `{"touchpoint_id":"tp-1","contact_person":{"email":"ann@example.test"},"subject":"Lamp","context_parameters":{"Intent":"billing"},
	"previous_messages":[{"type":"USER","content":"hi","created_at":"now"},{"type":"external","content":"hello","created_at":"now"}]}`

// start is a start as it should be, answered with chatID.
func start(changes ...change) rules.Exchange {
	return with(call(http.MethodPost, rules.ConversationsPath, goodStart, answered(http.StatusCreated, `{"id":"`+chatID+`"}`)), changes...)
}

// message is a message in chatID as it should be.
func message(changes ...change) rules.Exchange {
	return with(call(http.MethodPost, rules.ConversationsPath+"/"+url.PathEscape(chatID)+"/messages", `{"content":"Hello"}`, answered(http.StatusCreated, `{"id":"`+chatID+`"}`)), changes...)
}

// end is an end of chatID as it should be.
func end(changes ...change) rules.Exchange {
	return with(call(http.MethodDelete, rules.ConversationsPath+"/"+url.PathEscape(chatID), "", answered(http.StatusNoContent, "")), changes...)
}

// delivery is an event about chatID that the connector takes as it should.
func delivery(text string, changes ...change) rules.Exchange {
	x := rules.Exchange{
		Party: rules.Webhook, Method: http.MethodPost, Host: "connector.test", Path: "/hook", Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(text), Took: 3 * time.Millisecond,
		Status: http.StatusNoContent,
	}
	return with(x, changes...)
}

const (
	created = `{"event_type":"MESSAGE_CREATED","conversation_id":"` + chatID + `","timestamp":"now","payload":{"id":"m-1","content":"hi","created_at":"now","author":{"name":"Dana","type":"AGENT"}}}`
	began   = `{"event_type":"CONVERSATION_STARTED","conversation_id":"` + chatID + `","timestamp":"now","payload":{"contact_person":{"email":"a"},"user":{"name":"b"},"touchpoint":{"id":"c"}}}`
	over    = `{"event_type":"CONVERSATION_ENDED","conversation_id":"` + chatID + `","timestamp":"now"}`
)

// judged shows exchanges to a judge and gives all breaches, those of the end among them.
func judged(a rules.About, exchanges ...rules.Exchange) []rules.Breach {
	j := rules.New(a)
	var all []rules.Breach
	for _, x := range exchanges {
		if x.Party == rules.Webhook {
			all = append(all, j.Delivery(x)...)
		} else {
			all = append(all, j.Request(x)...)
		}
	}
	return append(all, j.End()...)
}

// verdict is a rule with exchanges that keep it and exchanges that break it, and nothing else.
type verdict struct {
	requirement, name string
	keeps, breaks     []rules.Exchange
	// about changes what is known; nil leaves it. also are rules that cannot but be broken with this one.
	about func(*rules.About)
	also  []string
}

func check(t *testing.T, verdicts []verdict) {
	t.Helper()
	for _, v := range verdicts {
		t.Run(strings.TrimSpace(v.requirement+" "+v.name), func(t *testing.T) {
			a := about()
			if v.about != nil {
				v.about(&a)
			}
			if v.keeps != nil {
				assert.Empty(t, judged(a, v.keeps...), "these keep all rules")
			}
			if v.breaks == nil {
				return
			}
			found := judged(a, v.breaks...)
			var ids []string
			for _, b := range found {
				ids = append(ids, b.Requirement)
				assert.NotEmpty(t, b.Expected)
				assert.NotEmpty(t, b.Recorded)
				for _, hidden := range []string{secret, accessToken} {
					assert.NotContains(t, fmt.Sprintf("%+v", b), hidden, "a breach tells no secret")
				}
			}
			slices.Sort(ids)
			expected := append([]string{v.requirement}, v.also...)
			slices.Sort(expected)
			assert.Equal(t, expected, slices.Compact(ids), "%v", found)
		})
	}
}

func list(all ...rules.Exchange) []rules.Exchange { return all }
