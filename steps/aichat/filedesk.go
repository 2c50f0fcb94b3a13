package aichat

import (
	"errors"
	"fmt"
	"strings"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// What the desk does about files.
var fileDeskSteps = []definition{
	define(`the desk takes no files(?: any more)?`, func(p *Player) any { return p.rules(func(r *driver.Rules) { r.Allowed = false }) }),
	define(`the desk takes files(?: again)?`, func(p *Player) any { return p.rules(func(r *driver.Rules) { r.Allowed = true }) }),
	define(`the desk takes one file at a time`, func(p *Player) any { return p.rules(func(r *driver.Rules) { r.Multiple = false }) }),
	define(`the desk takes files of the types "([^"]*)" and of at most (\d+) bytes`, func(p *Player) any { return p.takesTypes }),
	define(`the desk takes any file all the same`, func(p *Player) any { return func() error { return p.Desk.Files("lenient") } }),
	define(`the desk looks at every file before it keeps it`, func(p *Player) any { return func() error { return p.Desk.Files("check") } }),
	define(`the desk has "([^"]*)" and looks at it`, func(p *Player) any { return p.looksAt }),
	define(`the desk keeps "([^"]*)"`, func(p *Player) any { return func(name string) error { return p.finishes(name, "") } }),
	define(`the desk throws "([^"]*)" away because "([^"]*)"`, func(p *Player) any { return p.finishes }),
	define(`the desk answers uploads with the error page of a proxy`, func(p *Player) any {
		return func() error { return p.Desk.Answers(mockdesk.OpAttachment, driver.AnswerPage, driver.Act{}) }
	}),
	define(`the desk has an upload in its hands`, func(p *Player) any { return p.held(mockdesk.OpAttachment) }),
	define(`an upload is under way`, func(p *Player) any { return p.uploadUnderWay }),
}

// rules changes what the desk takes, in the conversation that runs and in those to come.
func (p *Player) rules(change func(*driver.Rules)) any {
	return func() error { return p.changeRules(change) }
}

func (p *Player) changeRules(change func(*driver.Rules)) error {
	rules := p.Desk.Rules()
	if err := p.Desk.Err(); err != nil {
		return err
	}
	change(&rules)
	if err := p.Desk.SetRules(rules); err != nil {
		return err
	}
	all := p.Desk.Conversations()
	if len(all) == 0 || all[len(all)-1].Over() {
		return nil
	}
	act := driver.Act{Verb: driver.FileRules, Variant: "set", Rules: &rules}
	if err := unplayed("change which files the desk takes", all[len(all)-1].Plays(act)); err != nil {
		return err
	}
	return p.Rest()
}

func (p *Player) takesTypes(types string, most int) error {
	return p.changeRules(func(r *driver.Rules) { r.Types, r.MaxBytes = types, int64(most) })
}

// attachments are all files that have arrived at the desk.
func (p *Player) attachments() []driver.File {
	var all []driver.File
	for _, c := range p.Desk.Conversations() {
		all = append(all, c.Files()...)
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
func (p *Player) attachment(name string) (steps.Conversation, driver.File, bool) {
	for _, c := range p.Desk.Conversations() {
		for _, a := range c.Files() {
			if a.Name == name {
				return c, a, true
			}
		}
	}
	return steps.Conversation{}, driver.File{}, false
}

func (p *Player) describeAttachments() string {
	all := p.attachments()
	if len(all) == 0 {
		return "the desk has no file"
	}
	parts := make([]string, 0, len(all))
	for _, a := range all {
		parts = append(parts, fmt.Sprintf("%s (%s, %d bytes, SHA-256 %s…)", quote(expect.Clip(a.Name)), orElse(a.Type, "no type"), a.Size, a.SHA256[:8]))
	}
	return "the desk has " + strings.Join(parts, ", ")
}

// finishes has the desk say what came of looking at a file.
func (p *Player) finishes(name, reason string) error {
	if err := p.looksAt(name); err != nil {
		return err
	}
	c, a, _ := p.attachment(name)
	act := driver.Act{Verb: driver.FileResult, Variant: "ok", File: a.Key, Reason: reason}
	if reason != "" {
		act.Variant = "fail"
	}
	if err := unplayed("have the desk look at a file", c.Plays(act)); err != nil {
		return err
	}
	return p.Rest()
}

// uploadUnderWay waits until the desk has got a file and keeps it without an answer.
func (p *Player) uploadUnderWay() error {
	err := p.Until(func() bool { return p.Desk.Kept() > 0 }, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "an upload to reach the desk", Recorded: "none came", Hint: p.trouble()}
	}
	return err
}
