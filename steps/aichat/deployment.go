package aichat

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
)

// How an integration lives on a page: what it needs of it, what it shows to it, and how it reaches a desk on another origin.
var deploymentSteps = []definition{
	define(`the secrets of the desk are known`, func(p *Player) any { return p.secretsAreKnown }),
	define(`no secret of the desk is in the integration's code`, func(p *Player) any { return p.noSecretInCode }),
	define(`no secret of the desk is in what the integration sends`, func(p *Player) any { return p.noSecretSent }),
	define(`no secret of the desk is in what the page stores`, func(p *Player) any { return p.noSecretStored }),
	define(`no secret of the desk is on the console`, func(p *Player) any { return p.noSecretOnConsole }),
	define(`nothing has failed for want of what only Node has`, func(p *Player) any { return p.needsNoNode }),
	define(`the desk has granted every preflight`, func(p *Player) any { return p.preflightsGranted }),
	define(`no request has failed behind the page's back`, func(p *Player) any { return p.noHiddenFailure }),
}

// nodeOnly matches an error over a global that Node has and a page has not.
var nodeOnly = regexp.MustCompile(`\b(process|Buffer|require|global|module|exports|__dirname|__filename|setImmediate)\b is not defined`)

func (p *Player) needsNoNode() error {
	if err := p.Rest(); err != nil {
		return err
	}
	e, found := p.Journal.Find(0, func(e journal.Entry) bool {
		switch e.Kind {
		case journal.Settled, journal.PageError, journal.Console, journal.Violation:
			return nodeOnly.MatchString(string(e.Data)) || nodeOnly.MatchString(e.Note)
		default:
			return false
		}
	})
	if found {
		missing := nodeOnly.FindStringSubmatch(string(e.Data) + e.Note)[1]
		return &steps.Failure{
			Expected: "an integration that needs nothing but a browser", Recorded: fmt.Sprintf("%s failed: there is no %s in a page", e.Name, missing), Entry: e.Seq,
			Hint: "fill in settings when you build, or take them from what the page gives to the factory",
		}
	}
	return nil
}

// headersOf are the headers that the journal keeps of a request.
func headersOf(e journal.Entry) map[string]string {
	var data struct {
		Headers map[string]string `json:"headers"`
	}
	// The desk writes it; what is not there reads as empty.
	_ = json.Unmarshal(e.Data, &data)
	return data.Headers
}

// preflightsGranted wants no request that the browser has to keep back because the desk does not allow it to pages of other origins.
func (p *Player) preflightsGranted() error {
	if err := p.Rest(); err != nil {
		return err
	}
	methods, allowed := p.Desk.Allowed()
	granted := func(list, word string) bool {
		return slices.ContainsFunc(strings.Split(list, ","), func(one string) bool { return strings.EqualFold(strings.TrimSpace(one), strings.TrimSpace(word)) })
	}
	for _, e := range p.requests(func(method, _ string) bool { return method == "OPTIONS" }) {
		headers := headersOf(e)
		hint := "the desk is on another origin than the page: send only what it allows to others, or let a proxy on your own origin do the rest"
		if method := headers["Access-Control-Request-Method"]; method != "" && !granted(methods, method) {
			return &steps.Failure{Expected: "only methods that the desk grants to other origins: " + methods, Recorded: "the page wanted to use " + method, Hint: hint, Entry: e.Seq}
		}
		for word := range strings.SplitSeq(headers["Access-Control-Request-Headers"], ",") {
			if word != "" && !granted(allowed, word) {
				return &steps.Failure{Expected: "only headers that the desk grants to other origins: " + allowed, Recorded: "the page wanted to send the header " + word, Hint: hint, Entry: e.Seq}
			}
		}
	}
	return nil
}

// noHiddenFailure wants no request whose refusal the page was not able to see, because it asked the browser for an answer that nobody can read.
func (p *Player) noHiddenFailure() error {
	if err := p.Rest(); err != nil {
		return err
	}
	for _, e := range p.Journal.All(0, isKind(journal.Request)) {
		response, ok := p.Journal.Find(e.Seq, func(r journal.Entry) bool { return r.Kind == journal.Response && r.Ref == e.Seq })
		// The desk sees the mode with the request; the browser tells of it with what came of it.
		if headersOf(e)["Sec-Fetch-Mode"] != "no-cors" && headersOf(response)["Sec-Fetch-Mode"] != "no-cors" {
			continue
		}
		var data struct {
			Status int `json:"status"`
		}
		// As in headersOf.
		_ = json.Unmarshal(response.Data, &data)
		if ok && data.Status >= 400 {
			return &steps.Failure{
				Expected: "requests whose failure the page can see", Recorded: fmt.Sprintf("%s was answered %d, which the mode no-cors hides from the page", e.Name, data.Status), Entry: e.Seq,
				Hint: "leave the mode of the request alone",
			}
		}
	}
	return nil
}
