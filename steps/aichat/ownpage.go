package aichat

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
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
	Selectors map[string]string
	// Ask is what the user says to that chat to be offered an agent, empty if it offers one by itself.
	Ask string
}

// pageOfUser is what the script is told of the page beside what every host is told.
type pageOfUser struct {
	Factory   []string          `json:"factory"`
	Env       string            `json:"env"`
	Selectors map[string]string `json:"selectors,omitempty"`
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
	return nil
}

// guarded gives the function of a sentence, or one of the same form that asks first whether the page can carry the sentence out.
func (p *Player) guarded(do any) any {
	if p.stage.Own == nil {
		return do
	}
	function := reflect.ValueOf(do)
	return reflect.MakeFunc(function.Type(), func(args []reflect.Value) []reflect.Value {
		if err := p.hindered(p.sentence); err != nil {
			return []reflect.Value{reflect.ValueOf(&err).Elem()}
		}
		return function.Call(args)
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
