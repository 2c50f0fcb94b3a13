package digitalconnect

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"unicode"

	"deskcheck/mockdesk/digitalconnect"
	"deskcheck/mockdesk/digitalconnect/files"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/enduser"
	"deskcheck/steps/expect"
)

var fileSteps = []definition{
	define(`(?P<user>[A-Z]\w*) sends the file "([^"]*)" of (\d+) bytes`, func(p *Player) any { return p.sendsFile }),
	define(`the agent gets the file "([^"]*)" of (\d+) bytes from (?P<user>[A-Z]\w*)`, func(p *Player) any { return p.agentGets }),
	define(`the agent gets a file of (\d+) bytes from (?P<user>[A-Z]\w*)`, func(p *Player) any {
		return func(size int, name string) error { return p.agentGets("", size, name) }
	}),
	define(`the agent has no file of (?P<user>[A-Z]\w*)'s`, func(p *Player) any { return p.agentHasNone }),
	define(`the upload has gone step by step`, func(p *Player) any { return p.stepByStep }, "An upload link, the bytes, the attachment, and the message last."),
	define(`the storage was shown no token`, func(p *Player) any { return p.noTokenAtStorage }),
	define(`the agent sends (?P<user>[A-Z]\w*) the file "([^"]*)" of (\d+) KB`, func(p *Player) any {
		return func(name, file string, kb int) error { return p.agentSends(name, file, kb, nil) }
	}),
	define(`the agent sends (?P<user>[A-Z]\w*) the file "([^"]*)" of (\d+) KB with "([^"]*)"`, func(p *Player) any {
		return func(name, file string, kb int, text string) error { return p.agentSends(name, file, kb, &text) }
	}),
	define(`the agent sends (?P<user>[A-Z]\w*) a file whose name is (a path out of the folder|written from right to left|longer than a file's may be|HTML)`, func(p *Player) any { return p.agentSendsHostile }),
	define(`(?P<user>[A-Z]\w*) sees the file "([^"]*)"`, func(p *Player) any { return p.seesFile }),
	define(`(?P<user>[A-Z]\w*) sees a file`, func(p *Player) any {
		return func(name string) error { return p.seesFile(name, "") }
	}),
	define(`the name of the file before (?P<user>[A-Z]\w*) is harmless`, func(p *Player) any { return p.nameHarmless }, "No path, no mark that turns the direction of writing or cannot be seen, and no more than 255 characters."),
	define(`(?P<user>[A-Z]\w*) can open the file "([^"]*)" whole`, func(p *Player) any { return p.opensFile }),
	define(`(?P<user>[A-Z]\w*) is shown the name "([^"]*)"`, func(p *Player) any { return p.shownName }),
}

// content is what a file of a name and a size holds: nothing that any other file holds.
func content(name string, size int) []byte {
	sum := sha256.Sum256([]byte(name))
	return bytes.Repeat([]byte(hex.EncodeToString(sum[:])), size/64+1)[:size]
}

// typeOf is the media type that belongs to a file's name.
func typeOf(name string) string {
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		return t
	}
	return "application/octet-stream"
}

func (p *Player) sendsFile(name, file string, size int) error {
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.Act(journal.Party(name), journal.Connector, fmt.Sprintf("sends the file %q of %d bytes", file, size))
	return p.lacking("attachments-out", p.blame("send a file", g.user.Upload(p.Context(), enduser.File{Name: file, Type: typeOf(file), Content: content(file, size)})))
}

// lacking says of what the user's side cannot do that it is for want of a capability.
func (p *Player) lacking(capability string, err error) error {
	if absent, is := errors.AsType[*steps.NotApplicable](err); is && absent.Capability == "" {
		return &steps.NotApplicable{Capability: capability, Why: absent.Why}
	}
	return err
}

// filesOf are the files that an agent has got of a user.
func (p *Player) filesOf(name string) []files.Attachment {
	var all []files.Attachment
	g := p.guests[name]
	for _, id := range g.conversations {
		for _, m := range p.talkdesk.Conversation(id).Snapshot().Messages {
			if m.From == digitalconnect.FromContact {
				all = append(all, m.Files...)
			}
		}
	}
	return all
}

func (p *Player) agentGets(file string, size int, name string) error {
	if _, err := p.conversation(name); err != nil {
		return err
	}
	got := func() (f files.Attachment, ok bool) {
		for _, f := range p.filesOf(name) {
			if (file == "" || f.Name == file) && f.Size == int64(size) {
				return f, true
			}
		}
		return f, false
	}
	err := p.Until(func() bool { _, ok := got(); return ok }, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: fmt.Sprintf("the file %q of %d bytes at Talkdesk", file, size), Recorded: "the agent has " + expect.Short(p.filesOf(name)) + p.lately(p.mark), Hint: p.trouble(p.mark)}
	}
	if err != nil {
		return err
	}
	f, _ := got()
	want := sha256.Sum256(content(cmp.Or(file, "lamp.png"), size))
	stored, err := p.talkdesk.File(f.ID)
	if err != nil {
		return acts("read the stored file", err)
	}
	if have := sha256.Sum256(stored); have != want {
		return &steps.Failure{Requirements: []string{"DC-ATT-01"}, Expected: "the bytes that the user has sent", Recorded: fmt.Sprintf("other %d bytes are stored", len(stored))}
	}
	return nil
}

func (p *Player) agentHasNone(name string) error {
	p.pass(p.hush())
	if all := p.filesOf(name); len(all) > 0 {
		return acts("look at the agent's files", fmt.Errorf("%s was taken at Talkdesk against its own rules", expect.Short(all)))
	}
	return nil
}

// stepwise is the order of the calls of an upload (DC-ATT-01).
var stepwise = []string{"upload-link", "upload", "create", "message"}

func (p *Player) stepByStep() error {
	var order []string
	for _, c := range p.calls(p.mark, "") {
		if op := c.entry.Operation; op != "token" && op != "attachment" {
			order = append(order, op)
		}
	}
	// A step that was answered with a failure may have been tried again.
	order = slices.Compact(order)
	if !slices.Equal(order, stepwise) {
		return &steps.Failure{Requirements: []string{"DC-ATT-01"}, Expected: strings.Join(stepwise, ", "), Recorded: strings.Join(order, ", ")}
	}
	return nil
}

func (p *Player) noTokenAtStorage() error {
	for _, c := range p.calls(0, "") {
		if c.entry.To == digitalconnect.Storage && c.header("Authorization") != "" {
			return &steps.Failure{Requirements: []string{"DC-ATT-09"}, Expected: "no Authorization at the storage", Recorded: "it was sent with " + c.entry.Name, Entry: c.entry.Seq}
		}
	}
	return nil
}

func (p *Player) agentSends(name, file string, kb int, text *string) error {
	c, err := p.conversation(name)
	if err != nil {
		return err
	}
	sent, err := c.Say(digitalconnect.Message{
		Text: text, Author: digitalconnect.Author{Name: agentName, Type: agentType}, Files: []digitalconnect.File{{Name: file, Type: typeOf(file), Bytes: content(file, kb<<10)}},
	})
	if err != nil {
		return acts("have the agent send a file", err)
	}
	p.sentFiles[file] = kb << 10
	p.delivered(sent.Delivery, digitalconnect.MessageCreated)
	return nil
}

func (p *Player) agentSendsHostile(name, what string) error {
	file := map[string]string{
		"a path out of the folder":    "../../../tmp/deskcheck-was-here.pdf",
		"written from right to left":  "invoice\u202Efdp.exe.pdf",
		"longer than a file's may be": strings.Repeat("long-", 80) + "name.pdf",
		"HTML":                        `<img src=x onerror=deskcheckRan('file')>.pdf`,
	}[what]
	return p.agentSends(name, file, 2, nil)
}

// fileSeen waits until a user is shown a file of a name, any if none is given.
func (p *Player) fileSeen(name, file string) (enduser.Sight, error) {
	found := func() (enduser.Sight, bool) {
		for _, s := range p.seen(name, p.begun) {
			if s.File != nil && (file == "" || s.File.Name == file) && s.From != enduser.OfUser {
				return s, true
			}
		}
		return enduser.Sight{}, false
	}
	err := p.Until(func() bool { _, ok := found(); return ok }, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		var blamed []string
		if file != "" {
			blamed = []string{"DC-ATT-06"}
		}
		return enduser.Sight{}, &steps.Failure{Requirements: blamed, Expected: fmt.Sprintf("the file %q before %s", file, name), Recorded: fmt.Sprintf("%s sees %s", name, expect.Short(p.texts(name, p.mark))), Hint: p.trouble(p.mark)}
	}
	s, _ := found()
	return s, err
}

func (p *Player) seesFile(name, file string) error {
	_, err := p.fileSeen(name, file)
	return err
}

// longestName is how long the name of a file may be on most disks.
const longestName = 255

func (p *Player) nameHarmless(name string) error {
	s, err := p.fileSeen(name, "")
	if err != nil {
		return err
	}
	shown := s.File.Name
	wrong := ""
	switch {
	case strings.ContainsAny(shown, `/\`):
		wrong = "it is a path"
	case strings.ContainsFunc(shown, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }):
		wrong = "it has characters that cannot be seen, or turn the direction of writing"
	case len([]rune(shown)) > longestName:
		wrong = fmt.Sprintf("it has %d characters", len([]rune(shown)))
	}
	if wrong != "" {
		return &steps.Failure{Requirements: []string{"DC-ATT-10"}, Expected: "a name of a file that deceives nobody", Recorded: fmt.Sprintf("%q: %s", expect.Clip(shown), wrong), Entry: s.Entry}
	}
	return nil
}

func (p *Player) opensFile(name, file string) error {
	s, err := p.fileSeen(name, file)
	if err != nil {
		return err
	}
	g, err := p.guest(name)
	if err != nil {
		return err
	}
	p.Act(journal.Party(name), journal.Connector, fmt.Sprintf("opens the file %q", file))
	switch {
	case s.File.URL != "":
	case slices.Contains(p.stage.Claims, "attachments-in"):
		return &steps.Failure{
			Requirements: []string{"DC-ACTION-12", "DC-ATT-06"}, Expected: "a link to the file, which is to be asked for since no event has one", Recorded: fmt.Sprintf("%s sees %q without a link", name, file), Entry: s.Entry,
		}
	default:
		return &steps.NotApplicable{Capability: "attachments-in", Why: fmt.Sprintf("%s sees that there is the file %q, and has no link to it", name, file)}
	}
	answer, err := g.user.Fetch(p.Context(), *s.File)
	if err != nil {
		return p.blame("open the file", err)
	}
	if answer.Status != http.StatusOK {
		return &steps.Failure{Expected: "the file behind its link", Recorded: fmt.Sprintf("it was answered with %d", answer.Status), Entry: s.Entry}
	}
	got := answer.Content
	if want := content(file, p.sentFiles[file]); !bytes.Equal(got, want) {
		return &steps.Failure{Expected: fmt.Sprintf("the %d bytes of the file", len(want)), Recorded: fmt.Sprintf("%d other bytes", len(got)), Entry: s.Entry}
	}
	return nil
}

func (p *Player) shownName(name, file string) error {
	found := func() bool {
		for _, s := range p.seen(name, p.mark) {
			if strings.Contains(s.Text, file) || s.File != nil && strings.Contains(s.File.Name, file) {
				return true
			}
		}
		return false
	}
	err := p.Until(found, p.Deadlines.Start)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Requirements: []string{"DC-ATT-07"}, Expected: fmt.Sprintf("the name %q before %s", file, name), Recorded: fmt.Sprintf("%s sees %s", name, expect.Short(p.texts(name, p.mark)))}
	}
	return err
}
