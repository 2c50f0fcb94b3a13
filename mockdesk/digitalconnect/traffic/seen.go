package traffic

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"deskcheck/mockdesk/digitalconnect/rules"
)

// criterion is a requirement that the rules can find broken in a recording.
type criterion struct {
	// id is the requirement's; needs says what must be known to judge it, nil for nothing beside the exchanges.
	id    string
	needs need
}

// need says what is missing, empty if nothing is.
type need func(known) string

// known is what is known of a recording.
type known struct {
	about rules.About
	// storage and webhooks say that exchanges with the storage, and webhooks, were recorded, secrets that there are secrets to look for.
	storage, webhooks, secrets bool
}

// The needs.
var (
	needsAccount need = func(k known) string {
		return unless(k.about.Account != "" && k.about.Region != "", "the account's name and region (--account)")
	}
	needsTouchpoint need = func(k known) string {
		return unless(k.about.Touchpoint != "", "the touchpoint that the connector is configured with (--account, with one touchpoint)")
	}
	needsNames need = func(k known) string {
		return unless(len(k.about.FriendlyNames) > 0, "the friendly names of touchpoints (--account)")
	}
	needsArguments need = func(k known) string {
		return unless(len(k.about.Arguments) > 0, "the names of the Studio arguments (--account)")
	}
	needsHook need = func(k known) string {
		return unless(k.about.Hook.URL != "", "the URL of the webhook (--account, with one integration)")
	}
	needsHookAuth need = func(k known) string {
		return unless(credentialsHeader(k.about.Hook) != "", "the credentials of the webhook (--account, with one integration whose auth is basic or api-key)")
	}
	// Without what Talkdesk said, nobody knows which conversations have ended.
	needsWebhooks need = func(k known) string { return unless(k.webhooks, "the webhooks that the connector took") }
	needsUsers    need = func(k known) string { return unless(k.about.Users > 0, "how many end users took part (--users N)") }
	needsStorage  need = func(k known) string { return unless(k.storage, "exchanges with the storage") }
	needsSecrets  need = func(k known) string {
		return unless(k.secrets, "a secret to look for: --account, or credentials that were not taken out of the recording")
	}
	needsUS need = func(k known) string {
		return cmpOr(needsAccount(k), unless(k.about.Region == "US", "an account of the region US"))
	}
	needsOtherRegion need = func(k known) string {
		return cmpOr(needsAccount(k), unless(k.about.Region != "US", "an account of another region than US"))
	}
)

func unless(is bool, missing string) string {
	if is {
		return ""
	}
	return missing
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// criteria are all requirements that a recording can be judged by, in the order of the catalogue. The others need a kit that plays the other side.
var criteria = []criterion{
	{"DC-AUTH-01", needsAccount}, {"DC-AUTH-02", nil}, {"DC-AUTH-03", nil}, {"DC-AUTH-04", nil}, {"DC-AUTH-05", nil}, {"DC-AUTH-08", nil}, {"DC-AUTH-09", nil}, {"DC-AUTH-10", nil}, {"DC-AUTH-14", needsUsers},
	{"DC-AUTH-16", needsSecrets}, {"DC-AUTH-18", needsUS}, {"DC-AUTH-19", needsOtherRegion},
	{"DC-ACTION-08", nil}, {"DC-ACTION-09", nil}, {"DC-ACTION-10", nil}, {"DC-ACTION-13", nil}, {"DC-ACTION-17", needsHookAuth}, {"DC-ACTION-19", nil}, {"DC-ACTION-23", needsHook}, {"DC-ACTION-24", nil},
	{"DC-CONV-01", nil}, {"DC-CONV-02", needsTouchpoint}, {"DC-CONV-03", nil}, {"DC-CONV-04", nil}, {"DC-CONV-05", nil}, {"DC-CONV-06", nil}, {"DC-CONV-07", nil}, {"DC-CONV-09", nil}, {"DC-CONV-10", nil},
	{"DC-CONV-12", needsWebhooks}, {"DC-CONV-15", nil}, {"DC-CONV-20", nil},
	{"DC-MSG-01", nil}, {"DC-MSG-05", nil}, {"DC-MSG-06", nil}, {"DC-MSG-08", nil},
	{"DC-ATT-01", nil}, {"DC-ATT-02", nil}, {"DC-ATT-03", nil}, {"DC-ATT-04", needsStorage}, {"DC-ATT-09", needsStorage},
	{"DC-END-01", nil}, {"DC-END-05", nil}, {"DC-END-06", nil},
	{"DC-TOUCH-03", needsNames},
	{"DC-ARG-01", needsArguments}, {"DC-ARG-02", needsArguments}, {"DC-ARG-03", nil}, {"DC-ARG-06", needsSecrets}, {"DC-ARG-07", nil}, {"DC-ARG-08", nil},
}

// Judged are the requirements that a recording can be judged by, in the order of the catalogue.
func Judged() []string {
	var ids []string
	for _, c := range criteria {
		ids = append(ids, c.id)
	}
	return ids
}

// fewAnswers is how many answers to webhooks show how long most of them take, fewCalls how many calls show whether tokens are kept.
const (
	fewAnswers = 20
	fewCalls   = 20
)

// witness counts, for each requirement, by how many exchanges it was put to the test: what was never tried has not passed.
type witness struct {
	known

	tried map[string]int
	// chats are the conversations that the connector knows; starts, messages and calls count.
	chats                 map[string]bool
	starts, messages      int
	calls, tokens, events int
	// until is when the first token that was given ends, by what its answer said.
	until time.Duration
	// created says that an attachment was made of an upload that was recorded.
	uploaded bool
}

func newWitness(k known) *witness {
	return &witness{known: k, tried: map[string]int{}, chats: map[string]bool{}}
}

func (w *witness) try(ids ...string) {
	for _, id := range ids {
		w.tried[id]++
	}
}

// look takes an exchange in, after the judge has.
func (w *witness) look(x *exchange) {
	w.try("DC-AUTH-16")
	if rules.Party(x.Host) != "" {
		w.try("DC-AUTH-18", "DC-AUTH-19")
	}
	switch x.Party {
	case rules.Identity:
		w.token(x)
	case rules.API:
		w.call(x)
	case rules.Storage:
		w.try("DC-ATT-09")
		w.uploaded = w.uploaded || x.Method == http.MethodPut
	case rules.Webhook:
		w.event(x)
	}
}

// token takes a token request in.
func (w *witness) token(x *exchange) {
	if rules.Party(x.Host) != "" {
		w.try("DC-AUTH-01")
	}
	if x.Path != rules.TokenPath || x.Method != http.MethodPost {
		return
	}
	w.try("DC-AUTH-02")
	form, _ := rules.ReadForm(x.Header, x.Query, x.Body)
	switch {
	case form.Get("client_assertion_type") != "" || form.Get("client_assertion") != "":
		if !x.hidesAssertion() {
			w.try("DC-AUTH-04")
		}
	case !x.hidden || strings.HasPrefix(x.Header.Get("Authorization"), "Basic "):
		w.try("DC-AUTH-03")
	}
	if form.Get("scope") != "" {
		w.try("DC-AUTH-05")
	}
	if x.Status != http.StatusOK {
		w.try("DC-AUTH-14")
		return
	}
	w.tokens++
	var reply struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}
	if json.Unmarshal(x.ResponseBody, &reply) != nil || strings.HasPrefix(reply.AccessToken, takenOut) {
		return
	}
	if end := x.At + x.Took + time.Duration(reply.ExpiresIn*float64(time.Second)); w.until == 0 || end < w.until {
		w.until = end
	}
}

// call takes a call of the API in.
func (w *witness) call(x *exchange) {
	if scheme, _, is := strings.Cut(x.Header.Get("Authorization"), " "); !x.hidden || is && !isMasked(scheme) {
		w.try("DC-AUTH-08")
	}
	if w.until > 0 && x.At > w.until && !x.hidden {
		w.try("DC-AUTH-09")
	}
	w.calls++
	rest, is := strings.CutPrefix(x.Path, rules.ConversationsPath)
	segment, action, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch {
	case strings.HasPrefix(x.Path, rules.AttachmentsPath):
		w.try("DC-ATT-01")
	case !is:
	case rest == "" && x.Method == http.MethodPost:
		w.start(x)
	case action == "messages" && x.Method == http.MethodPost:
		w.message(x, segment)
	case action == "" && x.Method == http.MethodDelete:
		w.try("DC-END-01")
		w.named(segment)
		if x.Status/100 == 2 {
			w.try("DC-END-05")
		}
	}
}

// named takes the id of a conversation in that stands in a path.
func (w *witness) named(segment string) {
	if id, err := url.PathUnescape(segment); err == nil && w.chats[id] {
		w.try("DC-CONV-10")
	}
}

// start takes a start in.
func (w *witness) start(x *exchange) {
	w.try("DC-CONV-01", "DC-CONV-02", "DC-CONV-03", "DC-CONV-20", "DC-TOUCH-03")
	said, _ := rules.ReadStart(x.Header.Get("Content-Type"), x.Body)
	if said.Email != "" {
		w.try("DC-CONV-04")
	}
	if said.Subject != nil {
		w.try("DC-CONV-05")
	}
	if said.Previous != nil {
		w.try("DC-CONV-07")
	}
	if said.Arguments != nil {
		w.try("DC-CONV-06")
	}
	if len(said.Arguments) > 0 {
		w.try("DC-ARG-01", "DC-ARG-02", "DC-ARG-03", "DC-ARG-06", "DC-ARG-07")
	} else {
		w.try("DC-ARG-08")
	}
	if x.Header.Get("X-Idempotency-Key") != "" {
		if w.starts++; w.starts > 1 {
			w.try("DC-CONV-09")
		}
	}
	var reply struct {
		ID string `json:"id"`
	}
	if x.Status == http.StatusCreated && json.Unmarshal(x.ResponseBody, &reply) == nil && reply.ID != "" {
		w.chats[reply.ID] = true
	}
}

// message takes a message in.
func (w *witness) message(x *exchange, segment string) {
	w.try("DC-MSG-01", "DC-MSG-06", "DC-CONV-20")
	w.named(segment)
	if id, err := url.PathUnescape(segment); err == nil && w.chats[id] {
		w.try("DC-CONV-12")
	}
	if x.Header.Get("X-Idempotency-Key") != "" {
		if w.messages++; w.messages > 1 {
			w.try("DC-MSG-05")
		}
	}
	said, _ := rules.ReadMessage(x.Header.Get("Content-Type"), x.Body)
	if len(said.Files) > 0 {
		w.try("DC-ATT-01", "DC-ATT-02", "DC-ATT-03")
		if w.uploaded {
			w.try("DC-ATT-04")
		}
	}
	if x.Status/100 == 4 && rules.IsEnded(x.ResponseBody) {
		w.try("DC-MSG-08")
	}
}

// event takes a webhook in.
func (w *witness) event(x *exchange) {
	action := rules.Action(x.Body)
	var e struct {
		ConversationID string `json:"conversation_id"`
	}
	switch {
	case !w.about.Hook.Admits(x.Header):
		w.try("DC-ACTION-17")
		return
	case x.Method != http.MethodPost:
		w.try("DC-ACTION-24")
		return
	case action == "":
		w.try("DC-ACTION-13")
		return
	case json.Unmarshal(x.Body, &e) != nil:
		return
	case action == "conversation_started":
		w.chats[e.ConversationID] = true
	}
	if !w.chats[e.ConversationID] {
		return
	}
	w.try("DC-ACTION-08", "DC-ACTION-09", "DC-ACTION-19")
	if hook, err := url.Parse(w.about.Hook.URL); err == nil && strings.TrimSuffix(hook.EscapedPath(), "/") == strings.TrimSuffix(x.Path, "/") && hook.EscapedPath() != x.Path {
		w.try("DC-ACTION-23")
	}
	if w.events++; w.events == fewAnswers {
		w.try("DC-ACTION-10")
	}
	if action == "conversation_ended" && x.Status/100 == 2 {
		w.try("DC-END-05", "DC-END-06")
	}
}

// end takes in what only all exchanges together show.
func (w *witness) end() {
	if w.calls >= fewCalls && w.tokens > 0 {
		w.try("DC-AUTH-10")
	}
}

// unfair says of a requirement that what is missing makes what is right seem wrong, so that it is not judged at all.
func (k known) unfair(id string) bool { return id == "DC-CONV-12" && !k.webhooks }

// missing is what must be known to judge a requirement and is not; empty if it can be judged.
func (k known) missing(id string) string {
	i := slices.IndexFunc(criteria, func(c criterion) bool { return c.id == id })
	if i < 0 || criteria[i].needs == nil {
		return ""
	}
	return criteria[i].needs(k)
}
