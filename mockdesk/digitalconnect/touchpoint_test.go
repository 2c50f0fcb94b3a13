package digitalconnect_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/journal"
)

func TestDCTouch01InactiveTouchpoint(t *testing.T) {
	s := newStage(t)
	c := s.start()
	require.NoError(t, s.mock.SetStatus(touchpoint, false))
	a := s.do(http.MethodPost, conversations, aStart)
	assert.Equal(t, http.StatusConflict, a.status)
	assert.Equal(t, "MOCK-409-INACTIVE", a.member("code"))
	_, err := s.mock.StartOutward(digitalconnect.Outward{Touchpoint: touchpoint, Email: "ann@example.test"})
	require.ErrorIs(t, err, digitalconnect.ErrInactive)
	assert.Len(t, s.mock.Conversations(), 1)
	assert.Equal(t, http.StatusCreated, s.say(c, `{"content":"still here"}`).status, "what there is goes on")
	sent, err := c.Say(digitalconnect.Message{Text: new("me too")})
	require.NoError(t, err)
	s.delivered(sent.Delivery)
	require.NoError(t, s.mock.SetStatus(touchpoint, true))
	assert.Equal(t, http.StatusCreated, s.do(http.MethodPost, conversations, aStart).status)
	require.ErrorIs(t, s.mock.SetStatus("other", true), digitalconnect.ErrUnknown)
	other := newStage(t, account(func(a *digitalconnect.Account) {
		a.Touchpoints[0].Status, a.Settings.InactiveTouchpointStatus = "inactive", 403
	}))
	other.signIn()
	assert.Equal(t, http.StatusForbidden, other.do(http.MethodPost, conversations, aStart).status)
}

func TestDCTouch02UnknownTouchpoint(t *testing.T) {
	s := newStage(t, func(o *digitalconnect.Options) { o.Touchpoint = "" })
	s.signIn()
	for _, id := range []string{"other", "Web", strings.ToUpper(touchpoint), ""} {
		a := s.do(http.MethodPost, conversations, `{"touchpoint_id":"`+id+`","contact_person":{"email":"ann@example.test"}}`)
		assert.Equal(t, http.StatusNotFound, a.status, id)
		assert.Empty(t, fixtures.CheckDigitalConnect("error", []byte(a.text)))
	}
	assert.Empty(t, s.mock.Conversations())
	assert.Equal(t, []string{"DC-CONV-02", "DC-CONV-02"}, s.violations(), "a name is no id, and nothing is none")
}

// upload has the connector upload a file, and gives its attachment's id.
func (s *stage) upload(name, content string) string {
	s.t.Helper()
	link := s.do(http.MethodPost, "/attachments/2023-03/upload-link", `{"allowed_mime_types":["application/pdf"]}`)
	require.Equal(s.t, http.StatusOK, link.status, link.text)
	stored, err := s.call(http.MethodPut, link.member("url"), "application/pdf", content)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, stored.status, stored.text)
	made := s.do(http.MethodPost, "/attachments/2023-03", fmt.Sprintf(`{"name":%q,"request_id":%q}`, name, link.member("request_id")))
	require.Equal(s.t, http.StatusOK, made.status, made.text)
	return made.member("id")
}

// item is a file as a message has it.
func item(id, name string, size int) string {
	return fmt.Sprintf(`{"id":%q,"name":%q,"type":"application/pdf","size":%d}`, id, name, size)
}

// boundaries are what is sent at a touchpoint that allows 2 KB of pdf, png and jpg.
var boundaries = []struct {
	name    string
	size    int
	allowed bool
}{
	{"a.pdf", 2047, true},
	{"b.pdf", 2048, true},
	{"c.pdf", 2049, false},
	{"d.pdf", 0, true},
	{"a.PDF", 1, true},
	{"a.pdf.exe", 1, false},
	{"a", 1, false},
	{".pdf", 1, true},
	{"a.pdf ", 1, false},
	{"a.exe.pdf", 1, true},
	{"pdf", 1, false},
	{"../../a.png", 1, true},
}

func TestDCTouch04SizeAndTouch05ExtensionFromTheUser(t *testing.T) {
	s := newStage(t)
	c := s.start()
	for i, one := range boundaries {
		id := s.upload(one.name, strings.Repeat("x", one.size))
		a := s.say(c, `{"content":"see","attachments":[`+item(id, one.name, one.size)+`]}`)
		line := c.Snapshot().Messages[i]
		assert.Equal(t, "see", *line.Text, "the text is kept")
		if one.allowed {
			assert.Equal(t, http.StatusCreated, a.status, "%q %s", one.name, a.text)
			require.Len(t, line.Files, 1, one.name)
			content, err := s.mock.File(line.Files[0].ID)
			require.NoError(t, err)
			assert.Len(t, content, one.size)
			continue
		}
		assert.Equal(t, http.StatusPartialContent, a.status, "%q %s", one.name, a.text)
		assert.Empty(t, fixtures.CheckDigitalConnect("message-partial-reply", []byte(a.text)))
		assert.Contains(t, a.member("partial_fail_reason"), one.name)
		assert.Empty(t, line.Files)
	}
	assert.Empty(t, s.violations())
}

func TestDCTouch04KBIsASetting(t *testing.T) {
	s := newStage(t, settings(func(o *digitalconnect.Settings) { o.KB = 1000 }))
	c := s.start()
	for size, status := range map[int]int{2000: http.StatusCreated, 2001: http.StatusPartialContent} {
		name := fmt.Sprintf("%d.pdf", size)
		assert.Equal(t, status, s.say(c, `{"content":"","attachments":[`+item(s.upload(name, strings.Repeat("x", size)), name, size)+`]}`).status)
	}
}

func TestDCTouch05ExtensionsToTheUser(t *testing.T) {
	s := newStage(t)
	c := s.start()
	for _, one := range boundaries {
		sent, err := c.Say(digitalconnect.Message{Files: []digitalconnect.File{{Name: one.name, Type: "application/pdf", Bytes: make([]byte, one.size)}}})
		if !one.allowed {
			require.ErrorIs(t, err, digitalconnect.ErrRefused, one.name)
			continue
		}
		require.NoError(t, err, one.name)
		s.delivered(sent.Delivery)
	}
	assert.Len(t, s.heardOf(c.ID()), 7, "no event for what was refused")
	assert.Len(t, c.Snapshot().Messages, 7)
	none := newStage(t, account(func(a *digitalconnect.Account) { a.Touchpoints[0].Attachments.Extensions = nil }))
	_, err := none.start().Say(digitalconnect.Message{Files: []digitalconnect.File{{Name: "a.pdf"}}})
	require.ErrorContains(t, err, "only no file at all may pass")
}

func TestDCTouch06AgentMaySendNoFiles(t *testing.T) {
	s := newStage(t, account(func(a *digitalconnect.Account) { a.Touchpoints[0].Attachments.AgentCanSend = false }))
	c := s.start()
	_, err := c.Say(digitalconnect.Message{Text: new("see"), Files: []digitalconnect.File{{Name: "a.pdf"}}})
	require.ErrorIs(t, err, digitalconnect.ErrRefused)
	require.ErrorContains(t, err, "DC-TOUCH-06")
	assert.Empty(t, c.Deliveries())
	assert.Empty(t, c.Snapshot().Messages)
	assert.Equal(t, http.StatusCreated, s.say(c, `{"attachments":[`+item(s.upload("a.pdf", "x"), "a.pdf", 1)+`]}`).status, "the user's files are another matter")
}

func TestFilesThatAreOdd(t *testing.T) {
	s := newStage(t)
	c := s.start()
	note := func() string {
		all := s.journal.All(0, func(e journal.Entry) bool {
			return e.Kind == journal.Response && e.Operation == digitalconnect.OpMessage
		})
		return all[len(all)-1].Note
	}
	a := s.say(c, `{"attachments":[`+item("nothing", "a.pdf", 1)+`]}`)
	assert.Equal(t, http.StatusPartialContent, a.status)
	assert.Empty(t, c.Snapshot().Messages, "nothing is left of it")
	assert.Contains(t, note(), "The agent sees no message.")
	id := s.upload("a.pdf", "12345")
	assert.Equal(t, http.StatusCreated, s.say(c, `{"attachments":[`+item(id, "a.pdf", 7)+`]}`).status, "what is stored decides")
	assert.Contains(t, note(), `The size of the file "a.pdf" is told as 7; 5 bytes are stored.`)
	assert.Equal(t, http.StatusCreated, s.say(c, `{"attachments":[`+item(id, "a.png", 5)+`]}`).status)
	assert.Contains(t, note(), `The file "a.png" is told to be application/pdf, which its extension is not.`)
	both := s.say(c, `{"attachments":[`+item(id, "a.pdf", 5)+`,`+item("nothing", "b.pdf", 5)+`]}`)
	assert.Equal(t, http.StatusPartialContent, both.status)
	assert.Len(t, c.Snapshot().Messages[2].Files, 1)
	assert.Equal(t, []string{"DC-ATT-04"}, s.violations())
	other := newStage(t, settings(func(o *digitalconnect.Settings) { o.OnlyBadFilesStatus = 400 }))
	assert.Equal(t, http.StatusBadRequest, other.say(other.start(), `{"attachments":[`+item("nothing", "a.pdf", 1)+`]}`).status)
}

func TestDCTouch07EventsGoToTheLinkedIntegration(t *testing.T) {
	second := digitalconnect.Touchpoint{ID: "tp-2", Integration: "second", Flow: "flow-2", RoutingType: "studio", Status: "active"}
	s := newStage(t, account(func(a *digitalconnect.Account) {
		other := a.Integrations[0]
		other.Name, other.BasePath = "second", "http://connector.test/second"
		a.Integrations = append(a.Integrations, other)
		a.Flows = append(a.Flows, digitalconnect.Flow{ID: "flow-2", Arguments: []digitalconnect.Argument{{Name: "Intent", Variable: "other"}}})
		a.Touchpoints = append(a.Touchpoints, second)
	}), func(o *digitalconnect.Options) { o.Touchpoint = "" })
	s.signIn()
	for _, one := range []struct{ id, path, variable string }{{touchpoint, "/hook", "intent"}, {"tp-2", "/second", "other"}} {
		a := s.do(http.MethodPost, conversations, `{"touchpoint_id":"`+one.id+`","contact_person":{"email":"ann@example.test"},"context_parameters":{"Intent":"x"}}`)
		c := s.mock.Conversation(a.member("id"))
		sent, err := c.Say(digitalconnect.Message{Text: new("hi")})
		require.NoError(t, err)
		s.delivered(sent.Delivery)
		assert.Equal(t, one.path, s.heardOf(c.ID())[0].path)
		assert.Equal(t, map[string]any{one.variable: "x"}, c.Snapshot().Variables)
	}
	_, err := parse(t, "integration: ocp", "integration: second")
	require.ErrorContains(t, err, "DC-TOUCH-07")
	_, err = parse(t, "    integration: ocp\n", "")
	require.ErrorContains(t, err, "DC-TOUCH-07")
}

func TestDCTouch08ActiveNeedsRoutingAndFlow(t *testing.T) {
	for _, missing := range []string{"    flow: flow-1\n", "    routing_type: studio\n"} {
		_, err := parse(t, missing, "")
		require.ErrorContains(t, err, "DC-TOUCH-08")
		_, err = parse(t, missing, "", "status: active", "status: inactive")
		require.NoError(t, err, "it may come later")
	}
}

func TestDCArg04ArgumentsSetVariablesAndDCArg05OthersAreListed(t *testing.T) {
	s := newStage(t)
	s.signIn()
	a := s.do(http.MethodPost, conversations, `{"touchpoint_id":"`+touchpoint+`","contact_person":{"email":"ann@example.test"},"context_parameters":{"Intent":"billing","Score":"7","intent":"no","Zeta":"z"}}`)
	require.Equal(t, http.StatusCreated, a.status, "a key that no argument has is no mistake")
	seen := s.mock.Conversation(a.member("id")).Snapshot()
	assert.Equal(t, map[string]any{"Intent": "billing"}, seen.Exposed, "only what is exposed")
	assert.Equal(t, map[string]any{"intent": "billing", "score": "7"}, seen.Variables)
	assert.Equal(t, []string{"Zeta", "intent"}, seen.Unmapped)
	assert.Equal(t, []string{"DC-ARG-02"}, s.violations())
}

func TestDCArg05UnmappedKeysDoNotFail(t *testing.T) {
	s := newStage(t, account(func(a *digitalconnect.Account) { a.Flows = nil }))
	s.signIn()
	a := s.do(http.MethodPost, conversations, `{"touchpoint_id":"`+touchpoint+`","contact_person":{"email":"ann@example.test"},"context_parameters":{"Anything":"x"}}`)
	require.Equal(t, http.StatusCreated, a.status)
	seen := s.mock.Conversation(a.member("id")).Snapshot()
	assert.Empty(t, seen.Exposed)
	assert.Equal(t, []string{"Anything"}, seen.Unmapped)
}
