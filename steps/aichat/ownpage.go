package aichat

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
)

// OwnPage is a page of the user's own that has its configuration and its integration, and perhaps its chat.
type OwnPage struct {
	// URL is its address.
	URL string
	// Script is fixtures/hosts/page with all that it imports: it runs in the page before the page's own scripts, and reads its configuration from deskcheckPage.
	Script []byte
	// Factory is the path of the factory below the window, empty for where the dialect has it. Env is the global in which the page finds its desk.
	Factory []string
	Env     string
	// Selectors are where the parts of the page's chat are; without any, the kit's own chat is put on the page.
	Selectors map[string]browser.Target
	// Ask is what the user says to that chat to be offered an agent, empty if it offers one by itself.
	Ask string
}

// pageOfUser is what the script is told of the page beside what every host is told.
type pageOfUser struct {
	Factory   []string                  `json:"factory"`
	Env       string                    `json:"env"`
	Selectors map[string]browser.Target `json:"selectors,omitempty"`
	// Gate is the address of a script that is there when the chat may begin: at once, or when a reload is to go on.
	Gate string `json:"gate"`
}

// injected is the script with the configuration of one scenario. It is nothing in frames and other documents, where the kit has no hand.
func (o *OwnPage) injected(config pageConfig, site *site) (string, error) {
	config.Env = site.env()
	config.Page = &pageOfUser{Factory: o.Factory, Env: o.Env, Selectors: o.Selectors, Gate: site.url + "gate.js"}
	raw, err := json.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("write the configuration of the page: %w", err)
	}
	spoiled := strings.NewReplacer("<script>", "", "</script>", "").Replace(storages[config.storage])
	return "if (globalThis === top && globalThis.deskcheck) {\n" + spoiled + "\n(() => {\nconst deskcheckPage = " + string(raw) + ";\n" + string(o.Script) + "\n})();\n}\n//# sourceURL=deskcheck:page.js\n", nil
}

// sentencesOfOurs are sentences that a page which is not ours cannot carry out, each with why.
var sentencesOfOurs = []struct {
	expr *regexp.Regexp
	why  string
}{
	{regexp.MustCompile(`^a scripted integration$`), "it tries the kit's own chat with an integration of the kit's; this page has yours"},
}

// sentencesOfKitsChat are those that need a setting which only the kit's hosts have.
var sentencesOfKitsChat = []*regexp.Regexp{
	regexp.MustCompile(`^the chat is open with `), regexp.MustCompile(`^two chats on one page$`), regexp.MustCompile(`^the page (listens|takes) `),
	regexp.MustCompile(`^the chat is an early web chat$`), regexp.MustCompile(`^the assistant hands over `), regexp.MustCompile(`^the page replaces the factory$`),
	regexp.MustCompile(`^the page says `), regexp.MustCompile(`^the stored session is `), regexp.MustCompile(`^the chat keeps its history$`), regexp.MustCompile(`^the user (begins to reload|reloads) the page`),
}

// needs are the selectors without which a sentence cannot be carried out, by the sentence.
var needs = []struct {
	expr  *regexp.Regexp
	parts []string
}{
	{regexp.MustCompile(`^the chat is closed$`), []string{"launcher"}},
	{regexp.MustCompile(`^the user (cancels the request|ends the chat|can cancel the request)$`), []string{"banner button"}},
	{regexp.MustCompile(`^the user (sees the waiting banner|is not left waiting)$`), []string{"waiting"}},
	{regexp.MustCompile(`has joined$|arrival of`), []string{"joined"}},
	{regexp.MustCompile(`^the user sees .*has left$`), []string{"left"}},
	{regexp.MustCompile(`^the user (sees that the chat has ended|reads .* before the end of the chat)`), []string{"ended"}},
	{regexp.MustCompile(`^the user sees that connecting failed$`), []string{"error"}},
	{regexp.MustCompile(`^the user sees that no agents are available$`), []string{"unavailable"}},
	{regexp.MustCompile(`^the user sees that the assistant is back$`), []string{"returned"}},
	{regexp.MustCompile(`^the user can talk to the assistant$`), []string{"assistant"}},
	{regexp.MustCompile(`was not sent$|as failed, if it tells of late failures$`), []string{"not sent", "user"}},
	{regexp.MustCompile(`^the user sees that the connection is lost$`), []string{"disconnected"}},
	{regexp.MustCompile(`^the user sees that the connection is back$`), []string{"reconnected"}},
	{regexp.MustCompile(`that an agent types$|that nobody types$`), []string{"typing"}},
	{regexp.MustCompile(`warned of leaving the page$`), []string{"warning"}},
	{regexp.MustCompile(`^the user (agrees to|shares|is asked for|is no longer asked for)`), []string{"accept"}},
	{regexp.MustCompile(`^the user declines`), []string{"decline"}},
	{regexp.MustCompile(`^the user stops sharing|^the user sees that the screen is`), []string{"stop sharing"}},
	{regexp.MustCompile(`^the user (chooses|picks|attaches|sends) .*file`), []string{"file input", "attach"}},
}

// reaches are the parts of the chat's instance without which its page cannot do what a sentence says.
var reaches = []struct {
	expr *regexp.Regexp
	path string
}{
	{regexp.MustCompile(`^the page (vetoes|attaches|rewrites)`), "on"},
	{regexp.MustCompile(`^the page ends the conversation$`), "serviceDesk.endConversation"},
	{regexp.MustCompile(`^the page (suspends|resumes) the conversation$`), "serviceDesk.updateIsSuspended"},
	{regexp.MustCompile(`^the page restarts the conversation$`), "restartConversation"},
}

// unseen are sentences about what the page's chat publishes, which the kit does not record: a listener of its own would change what the chat does.
var unseen = regexp.MustCompile(`^the page (hears|has heard|has not heard) `)

// drivesPagesChat says whether the user chats in the page's own chat.
func (p *Player) drivesPagesChat() bool { return p.stage.Own != nil && len(p.stage.Own.Selectors) > 0 }

// has says whether a part of the page's chat can be found.
func (p *Player) has(part string) bool {
	_, has := p.stage.Own.Selectors[part]
	return has
}

// unfit says why a sentence cannot be carried out in the page's own chat; nil if it can.
func (p *Player) unfit(sentence string) error {
	for _, expr := range sentencesOfKitsChat {
		if expr.MatchString(sentence) {
			return &steps.NotApplicable{Why: "not in the chat of your page: it takes a setting that only the kit's own chats have"}
		}
	}
	if unseen.MatchString(sentence) {
		return &steps.NotApplicable{Why: "not in the chat of your page: the kit does not see the events that another chat publishes"}
	}
	for _, need := range needs {
		for _, part := range need.parts {
			if need.expr.MatchString(sentence) && !p.has(part) {
				return &steps.HarnessError{Doing: "drive the chat of your page", Err: fmt.Errorf("page.selectors has no %q", part)}
			}
		}
	}
	for _, reach := range reaches {
		if !p.open || !reach.expr.MatchString(sentence) {
			continue
		}
		ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
		defer cancel()
		var why string
		if err := p.Tab.Call(ctx, "deskcheck.page.can", &why, reach.path); err != nil {
			return p.blame("look at the chat of your page", err)
		}
		if why != "" {
			return &steps.HarnessError{Doing: "drive the chat of your page", Err: errors.New(why)}
		}
	}
	return nil
}

// hindered says why a sentence cannot be carried out on the page of the scenario; nil if it can.
func (p *Player) hindered(sentence string) error {
	if p.stage.Own == nil {
		return nil
	}
	for _, s := range sentencesOfOurs {
		if s.expr.MatchString(sentence) {
			return &steps.NotApplicable{Why: "not on a page of your own: " + s.why}
		}
	}
	if p.drivesPagesChat() {
		return p.unfit(sentence)
	}
	return nil
}

// guarded gives a function of the same form as that of a sentence, which asks first whether the page can carry the sentence out, and afterwards whether what it rests on was told
// by the desk.
func (p *Player) guarded(do any) any {
	function := reflect.ValueOf(do)
	failed := func(err error) []reflect.Value { return []reflect.Value{reflect.ValueOf(&err).Elem()} }
	return reflect.MakeFunc(function.Type(), func(args []reflect.Value) []reflect.Value {
		if err := p.hindered(p.sentence); err != nil {
			return failed(err)
		}
		came := function.Call(args)
		if err := p.Desk.Err(); err != nil {
			return failed(err)
		}
		return came
	}).Interface()
}

// ofThePage says that an entry is about what a page of the user's own did by itself: before its factory was called nothing of the integration has run.
func (p *Player) ofThePage(e journal.Entry) bool {
	if p.stage.Own == nil {
		return false
	}
	_, begun := p.Journal.Find(0, func(f journal.Entry) bool { return isCall("factory")(f) && f.Seq < e.Seq })
	return !begun
}

// isOfOthers says that an error on a page of the user's own is not the integration's for certain: it has scripts of its own, and of vendors.
func (p *Player) isOfOthers(e journal.Entry) bool {
	return p.stage.Own != nil && (p.ofThePage(e) || e.From != journal.Integration)
}
