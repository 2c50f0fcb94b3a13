package aichat

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"deskcheck/mockdesk"
	"deskcheck/steps"
)

// What the desk does about files.
var fileDeskSteps = []definition{
	define(`the desk takes no files(?: any more)?`, func(p *Player) any { return p.rules(func(r *mockdesk.UploadRules) { r.Allowed = false }) }),
	define(`the desk takes files(?: again)?`, func(p *Player) any { return p.rules(func(r *mockdesk.UploadRules) { r.Allowed = true }) }),
	define(`the desk takes one file at a time`, func(p *Player) any { return p.rules(func(r *mockdesk.UploadRules) { r.Multiple = false }) }),
	define(`the desk takes files of the types "([^"]*)" and of at most (\d+) bytes`, func(p *Player) any { return p.takesTypes }),
	define(`the desk takes any file all the same`, func(p *Player) any { return func() error { p.Desk.EnforceUploads(false); return nil } }),
	define(`the desk looks at every file before it keeps it`, func(p *Player) any { return func() error { p.Desk.CheckUploads(true); return nil } }),
	define(`the desk has "([^"]*)" and looks at it`, func(p *Player) any { return p.looksAt }),
	define(`the desk keeps "([^"]*)"`, func(p *Player) any { return func(name string) error { return p.finishes(name, "") } }),
	define(`the desk throws "([^"]*)" away because "([^"]*)"`, func(p *Player) any { return p.finishes }),
	define(`the desk answers uploads with the error page of a proxy`, func(p *Player) any {
		return p.reactsTo("uploads", mockdesk.Body(http.StatusBadGateway, "text/html", proxyPage))
	}),
	define(`the desk has an upload in its hands`, func(p *Player) any { return p.held(mockdesk.OpAttachment) }),
	define(`an upload is under way`, func(p *Player) any { return p.uploadUnderWay }),
}

// proxyPage is what stands between a page and a desk in life, and says nothing to a user.
const proxyPage = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body><center><h1>502 Bad Gateway</h1></center><hr><center>proxy/1.27.3 upstream={\"code\":\"ECONNREFUSED\"}</center></body></html>\n"

func (p *Player) reactsTo(operation string, r mockdesk.Reaction) any {
	return func() error {
		p.Desk.React(operationOf[operation], r)
		return nil
	}
}

// rules changes what the desk takes, in the conversation that runs and in those to come.
func (p *Player) rules(change func(*mockdesk.UploadRules)) any {
	return func() error { return p.changeRules(change) }
}

func (p *Player) changeRules(change func(*mockdesk.UploadRules)) error {
	rules := p.Desk.Uploads()
	change(&rules)
	p.Desk.SetUploads(rules)
	all := p.Desk.Conversations()
	if len(all) == 0 || all[len(all)-1].State() == mockdesk.Ended {
		return nil
	}
	if _, err := all[len(all)-1].SetUploads(rules); err != nil {
		return &steps.HarnessError{Doing: "change which files the desk takes", Err: err}
	}
	return p.Rest()
}

func (p *Player) takesTypes(types string, most int) error {
	return p.changeRules(func(r *mockdesk.UploadRules) { r.Types, r.MaxBytes = types, int64(most) })
}

// attachments are all files that have arrived at the desk.
func (p *Player) attachments() []mockdesk.Attachment {
	var all []mockdesk.Attachment
	for _, c := range p.Desk.Conversations() {
		all = append(all, c.Attachments()...)
	}
	return all
}

func (p *Player) looksAt(name string) error {
	return p.deskComes(p.Deadlines.Upload, quote(name)+" to reach the desk", func() bool {
		_, _, ok := p.attachment(name)
		return ok
	}, p.describeAttachments)
}

// attachment finds a file at the desk by its name.
func (p *Player) attachment(name string) (*mockdesk.Conversation, mockdesk.Attachment, bool) {
	for _, c := range p.Desk.Conversations() {
		for _, a := range c.Attachments() {
			if a.Name == name {
				return c, a, true
			}
		}
	}
	return nil, mockdesk.Attachment{}, false
}

func (p *Player) describeAttachments() string {
	all := p.attachments()
	if len(all) == 0 {
		return "the desk has no file"
	}
	parts := make([]string, 0, len(all))
	for _, a := range all {
		parts = append(parts, fmt.Sprintf("%s (%s, %d bytes, SHA-256 %s…)", quote(clip(a.Name)), orElse(a.Type, "no type"), a.Size, a.SHA256[:8]))
	}
	return "the desk has " + strings.Join(parts, ", ")
}

// finishes has the desk say what came of looking at a file.
func (p *Player) finishes(name, reason string) error {
	if err := p.looksAt(name); err != nil {
		return err
	}
	c, a, _ := p.attachment(name)
	if _, err := c.FinishCheck(a.Key, reason); err != nil {
		return &steps.HarnessError{Doing: "have the desk look at a file", Err: err}
	}
	return p.Rest()
}

// uploadUnderWay waits until the desk has got a file and keeps it without an answer.
func (p *Player) uploadUnderWay() error {
	err := p.Until(func() bool { return len(p.Desk.Traffic().Kept) > 0 }, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "an upload to reach the desk", Recorded: "none came", Hint: p.trouble()}
	}
	return err
}
