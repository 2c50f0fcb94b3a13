package aichat

import (
	"errors"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// What the integration did with files.
var fileChecks = []definition{
	define(`nothing has been uploaded`, func(p *Player) any { return p.nothingUploaded }),
	define(`the desk has received every file whole, under its name and type`, func(p *Player) any { return p.receivedWhole }),
	define(`the desk has received (no file|only the files? .+)`, func(p *Player) any { return p.receivedOnly }),
	define(`each file is reported once(?:, (as sent|as failed))?`, func(p *Player) any { return p.eachReported }),
	define(`"([^"]*)" is reported as (sent|failed)`, func(p *Player) any { return p.fileReported }),
	define(`no file has been reported(?: yet)?`, func(p *Player) any { return p.noneReported }),
	define(`each file was reported before "endChat" settled`, func(p *Player) any { return p.reportedBeforeEnd }),
	define(`each reason is a short sentence for the user`, func(p *Player) any { return p.reasonsReadable }),
	define(`no refusal has been taken back`, func(p *Player) any { return p.refusalsStand }),
	define(`what was declared has the documented types`, func(p *Player) any { return p.declarationsTyped }),
	define(`the limit that was declared is in bytes`, func(p *Player) any { return p.limitInBytes }),
	define(`the user could attach files in both chats`, func(p *Player) any { return p.couldAttachInBoth }),
	define(`the host hands over (\d+) files? with the text "([^"]*)"`, func(p *Player) any { return p.handsOverFiles }),
	define(`the host asks about (\d+) new files?`, func(p *Player) any { return p.asksAboutFiles }),
}

// handed is a file that the host gave to the integration, chosen or sent.
type handed struct {
	id, name, media string
	call            journal.Entry
}

// handedBy are the files of all calls of a method, filesSelectedForUpload or sendMessageToAgent, after a mark.
func (p *Player) handedBy(method string, mark int) []handed {
	var all []handed
	for _, e := range p.Journal.All(mark, isCall(method)) {
		args, _ := expect.Decode(argumentsOf(e)).([]any)
		for _, upload := range uploadsIn(method, args) {
			one, _ := upload.(map[string]any)
			file, _ := one["file"].(map[string]any)
			h := handed{call: e}
			h.id, _ = one["id"].(string)
			h.name, _ = file["name"].(string)
			h.media, _ = file["type"].(string)
			all = append(all, h)
		}
	}
	return all
}

func uploadsIn(method string, args []any) []any {
	if method == "filesSelectedForUpload" && len(args) > 0 {
		list, _ := args[0].([]any)
		return list
	}
	if len(args) < 3 {
		return nil
	}
	data, _ := args[2].(map[string]any)
	list, _ := data["filesToUpload"].([]any)
	return list
}

func (p *Player) sentFiles() []handed { return p.handedBy("sendMessageToAgent", 0) }

// report is one setFileUploadStatus.
type report struct {
	entry  journal.Entry
	failed bool
	reason any
}

// reports are those of one file after a mark.
func (p *Player) reports(id string, mark int) []report {
	var all []report
	for _, e := range p.Journal.All(mark, isCallback("setFileUploadStatus")) {
		args, _ := expect.Decode(argumentsOf(e)).([]any)
		if len(args) == 0 || args[0] != id {
			continue
		}
		one := report{entry: e, failed: len(args) > 1 && args[1] == true}
		if len(args) > 2 {
			one.reason = args[2]
		}
		all = append(all, one)
	}
	return all
}

func describeReports(name string, all []report) string {
	if len(all) == 0 {
		return quote(expect.Clip(name)) + " was never reported"
	}
	words := make([]string, 0, len(all))
	for _, r := range all {
		if r.failed {
			words = append(words, "as failed")
		} else {
			words = append(words, "as sent")
		}
	}
	return quote(expect.Clip(name)) + " was reported " + strings.Join(words, ", then ")
}

func (p *Player) nothingUploaded() error {
	if !p.Desk.Knows(mockdesk.OpAttachment) {
		return p.Desk.Err()
	}
	return p.never(p.Deadlines.Silence, "no upload before the user sends", asksFor(mockdesk.OpAttachment))
}

// eachReported wants one word on every file that was handed over with a line, since it was.
func (p *Player) eachReported(how string) error {
	all := p.sentFiles()
	if len(all) == 0 {
		return &steps.HarnessError{Doing: "look for files that were sent", Err: errors.New("the host has handed none over")}
	}
	err := p.Until(func() bool {
		return !slices.ContainsFunc(all, func(h handed) bool { return len(p.reports(h.id, h.call.Seq)) == 0 })
	}, p.Deadlines.Upload)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	// A second word may come after the first.
	if err := p.Pass(p.Deadlines.Silence); err != nil {
		return err
	}
	for _, h := range all {
		got := p.reports(h.id, h.call.Seq)
		wrong := how == "as sent" && len(got) == 1 && got[0].failed || how == "as failed" && len(got) == 1 && !got[0].failed
		if len(got) != 1 || wrong {
			return p.misreported(strings.TrimSpace("one report of "+quote(expect.Clip(h.name))+" "+how), h, got)
		}
	}
	return nil
}

func (p *Player) misreported(expected string, h handed, got []report) error {
	f := &steps.Failure{Expected: expected, Recorded: describeReports(h.name, got), Hint: p.trouble(), Entry: h.call.Seq}
	if len(got) > 0 {
		f.Entry = got[len(got)-1].entry.Seq
	} else if e, ok := p.Journal.Find(h.call.Seq, isCallback("setFileUploadStatus")); ok {
		f.Recorded += "; but setFileUploadStatus was called with " + expect.Clip(string(argumentsOf(e)))
		f.Hint = "the first argument is the id of the upload, as the host gave it"
	}
	return f
}

// fileReported wants one file of that name reported so, and in no other way, whether it was refused when it was chosen or failed when it was sent.
func (p *Player) fileReported(name, how string) error {
	name = fileName(name)
	failed := how == "failed"
	find := func() (handed, bool) {
		for _, h := range slices.Concat(p.sentFiles(), p.handedBy("filesSelectedForUpload", 0)) {
			if h.name == name {
				return h, true
			}
		}
		return handed{name: name}, false
	}
	of := func(h handed) []report {
		got := p.reports(h.id, 0)
		if !failed {
			// A good word on a file that was only chosen changes nothing.
			got = slices.DeleteFunc(got, func(r report) bool { return !r.failed && r.entry.Seq < h.call.Seq })
		}
		return got
	}
	err := p.Until(func() bool { h, ok := find(); return ok && len(of(h)) > 0 }, p.Deadlines.Upload)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	h, _ := find()
	if got := of(h); len(got) != 1 || got[0].failed != failed {
		return p.misreported(quote(expect.Clip(name))+" to be reported as "+how+", once", h, got)
	}
	return nil
}

func (p *Player) noneReported() error {
	if err := p.Rest(); err != nil {
		return err
	}
	for _, h := range p.sentFiles() {
		if got := p.reports(h.id, h.call.Seq); len(got) > 0 {
			return &steps.Failure{Expected: "no report before the desk has said what became of the file", Recorded: describeReports(h.name, got), Entry: got[0].entry.Seq}
		}
	}
	return nil
}

func (p *Player) reportedBeforeEnd() error {
	if err := p.settles("endChat", "", p.Deadlines.Ending); err != nil {
		return err
	}
	_, end, _ := p.lastSettlement("endChat")
	for _, h := range p.sentFiles() {
		got := p.reports(h.id, h.call.Seq)
		if len(got) == 0 || got[0].entry.Seq > end.Seq {
			return p.misreported("a report of "+quote(h.name)+" before endChat settles", h, got)
		}
	}
	return nil
}

// technical matches what no user should read: markup, data, stacks, and the names of exceptions.
var technical = regexp.MustCompile(`</?[a-zA-Z!]|[{}]|\n\s*at |\b\w*(?:Error|Exception)\b|\bundefined\b|\[object |https?://`)

// longestReason is how long a sentence may be that is shown beside a file, in characters. It is the kit's own figure, three lines of a narrow chat.
const longestReason = 200

func (p *Player) reasonsReadable() error {
	for _, e := range p.Journal.All(0, isCallback("setFileUploadStatus")) {
		args, _ := expect.Decode(argumentsOf(e)).([]any)
		if len(args) < 2 || args[1] != true {
			continue
		}
		var reason string
		if len(args) > 2 {
			reason, _ = args[2].(string)
		}
		if n := utf8.RuneCountInString(strings.TrimSpace(reason)); n == 0 || n > longestReason || technical.MatchString(reason) {
			return &steps.Failure{Expected: fmt.Sprintf("a sentence of at most %d characters that a user understands", longestReason), Recorded: orElse(quote(expect.Clip(reason)), "none"), Entry: e.Seq}
		}
	}
	return nil
}

func (p *Player) refusalsStand() error {
	if err := p.Pass(p.Deadlines.Event); err != nil {
		return err
	}
	for _, h := range p.handedBy("filesSelectedForUpload", 0) {
		refused := false
		for _, r := range p.reports(h.id, 0) {
			if refused && !r.failed {
				return &steps.Failure{Expected: "a refusal that stands", Recorded: describeReports(h.name, p.reports(h.id, 0)), Entry: r.entry.Seq}
			}
			refused = refused || r.failed
		}
	}
	return nil
}

func (p *Player) declarationsTyped() error {
	if err := p.takesFiles(); err != nil {
		return err
	}
	for _, e := range p.Journal.All(0, func(e journal.Entry) bool { return e.Kind == journal.Violation && e.Requirement == "FILE-02" }) {
		return &steps.Failure{Expected: "capabilities of the documented names and types", Recorded: orElse(e.Note, e.Name), Entry: e.Seq}
	}
	return nil
}

// leastLimit is the smallest limit, in bytes, that anybody would set on purpose where the desk takes megabytes.
const leastLimit = 1_000

func (p *Player) limitInBytes() error {
	for _, e := range p.Journal.All(0, isDeclared) {
		if n, ok := firstArgument(e)["maxFileSizeBytes"].(float64); ok && n < leastLimit {
			return &steps.Failure{Expected: "a limit in bytes", Recorded: fmt.Sprintf("maxFileSizeBytes is %v", n), Hint: "the desk says it in bytes, and the chat wants bytes", Entry: e.Seq}
		}
	}
	return nil
}

// couldAttachInBoth looks back at two chats, whether or not the control is there now.
func (p *Player) couldAttachInBoth() error {
	offered := func() (chats, offering int) {
		seen := map[int]bool{}
		for _, e := range p.Journal.All(0, isScreen(p.widget)) {
			_, ending := p.Journal.Find(0, func(end journal.Entry) bool { return isCall("endChat")(end) && end.Chat == e.Chat && end.Seq < e.Seq })
			if s := screenOf(e); e.Chat > 0 && !ending && s.Banner != nil && !s.Banner.Busy {
				seen[e.Chat] = seen[e.Chat] || s.Files.Enabled
			}
		}
		for _, could := range seen {
			if could {
				offering++
			}
		}
		return len(seen), offering
	}
	err := p.Until(func() bool { _, offering := offered(); return offering >= 2 }, p.Deadlines.Event)
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if err := p.takesFiles(); err != nil {
		return err
	}
	chats, offering := offered()
	return &steps.Failure{Expected: "a control to attach files in each chat that has an agent", Recorded: fmt.Sprintf("it was there in %d of %d", offering, chats), Hint: p.trouble()}
}

// arrival is a file by what must be the same at both ends.
type arrival struct{ name, media, sha256 string }

// receivedWhole holds what has arrived at the desk against what the user has on the disk and the host has handed over.
func (p *Player) receivedWhole() error {
	all := p.sentFiles()
	want := make([]arrival, 0, len(all))
	disk := slices.Clone(p.chosen)
	for _, h := range all {
		i := slices.IndexFunc(disk, func(f userFile) bool { return f.name == h.name })
		if i < 0 {
			return &steps.HarnessError{Doing: "compare files", Err: fmt.Errorf("the host handed over %s, which the user has not chosen", quote(h.name))}
		}
		want = append(want, arrival{h.name, essence(h.media), disk[i].sha256})
		disk = slices.Delete(disk, i, i+1)
	}
	return p.receives(want, true)
}

var quoted = regexp.MustCompile(`"([^"]*)"`)

func (p *Player) receivedOnly(what string) error {
	var want []arrival
	for _, m := range quoted.FindAllStringSubmatch(what, -1) {
		name := fileName(m[1])
		i := slices.IndexFunc(p.chosen, func(f userFile) bool { return f.name == name })
		if i < 0 {
			return &steps.HarnessError{Doing: "compare files", Err: fmt.Errorf("no file %s was chosen", quote(name))}
		}
		want = append(want, arrival{name: name, sha256: p.chosen[i].sha256})
	}
	return p.receives(want, false)
}

// essence is a media type without its parameters. A file whose type nobody knows may go by the name for that.
func essence(media string) string {
	short, _, err := mime.ParseMediaType(media)
	if err != nil || short == "application/octet-stream" {
		return ""
	}
	return short
}

// receives wants exactly these files at the desk, in any order; their types count with typed.
func (p *Player) receives(want []arrival, typed bool) error {
	err := p.Until(func() bool { return len(p.attachments()) >= len(want) }, p.Deadlines.Upload)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if err := p.Rest(); err != nil {
		return err
	}
	left := slices.Clone(want)
	for _, a := range p.attachments() {
		got := arrival{name: a.Name, sha256: a.SHA256}
		if typed {
			got.media = essence(a.Type)
		}
		i := slices.Index(left, got)
		if i < 0 {
			return p.notReceived(want, quote(expect.Clip(a.Name))+" is not as it was sent, or was not to come")
		}
		left = slices.Delete(left, i, i+1)
	}
	if len(left) > 0 {
		return p.notReceived(want, quote(expect.Clip(left[0].name))+" is missing")
	}
	return nil
}

func (p *Player) notReceived(want []arrival, what string) error {
	expected := "no file at the desk"
	if len(want) > 0 {
		parts := make([]string, 0, len(want))
		for _, a := range want {
			parts = append(parts, fmt.Sprintf("%s (SHA-256 %s…)", quote(expect.Clip(a.name)), a.sha256[:8]))
		}
		expected = "the desk to have exactly " + strings.Join(parts, ", ")
	}
	return &steps.Failure{Expected: expected, Recorded: what + ": " + p.describeAttachments(), Hint: p.trouble()}
}

func (p *Player) handsOverFiles(n int, text string) error {
	e, err := p.Await(p.mark, isCall("sendMessageToAgent"), p.Deadlines.Sight)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	args, _ := expect.Decode(argumentsOf(e)).([]any)
	got := uploadsIn("sendMessageToAgent", args)
	message := map[string]any{}
	if len(args) > 0 {
		message, _ = args[0].(map[string]any)
	}
	input, _ := message["input"].(map[string]any)
	if len(got) != n || input["text"] != text {
		return &steps.Failure{Expected: fmt.Sprintf("sendMessageToAgent with the text %s and %d files", quote(text), n), Recorded: expect.Clip(string(argumentsOf(e))), Entry: e.Seq}
	}
	return nil
}

func (p *Player) asksAboutFiles(n int) error {
	if err := p.hostCallsOnce("filesSelectedForUpload"); err != nil {
		return err
	}
	got := p.handedBy("filesSelectedForUpload", p.mark)
	if len(got) != n {
		return &steps.Failure{Expected: fmt.Sprintf("filesSelectedForUpload with %d files", n), Recorded: strconv.Itoa(len(got))}
	}
	return nil
}
