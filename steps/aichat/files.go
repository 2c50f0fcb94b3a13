package aichat

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cucumber/godog"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/bound"
	"deskcheck/steps/browser"
	"deskcheck/steps/expect"
)

// What the user does with files: true files of a disk, chosen in the browser's own file chooser.
var fileSteps = []definition{
	define(`the user can attach (a file|several files)`, func(p *Player) any { return p.canAttach }),
	define(`the user cannot attach files`, func(p *Player) any { return p.cannotAttach }),
	define(`the user cannot attach another file`, func(p *Player) any { return p.cannotAttachMore }),
	define(`the user attaches "([^"]*)"`, func(p *Player) any {
		return func(name string) error { return p.attaches([]fileWish{{fileName(name), usualSize}}) }
	}),
	define(`the user attaches "([^"]*)" of ([\d_]+ \w+)`, func(p *Player) any { return p.attachesSized }),
	define(`the user attaches these files`, func(p *Player) any { return p.attachesTable }),
	define(`the user removes the refused file`, func(p *Player) any { return p.removesFile }),
	define(`the user sends the files`, func(p *Player) any { return p.sendsFiles }),
	define(`the user sends what has not been refused`, func(p *Player) any { return p.sendsTheRest }),
	define(`"([^"]*)" vanishes from the user's disk`, func(p *Player) any { return p.vanishes }),
	define(`the scripted integration refuses "([^"]*)"`, func(p *Player) any { return p.willRefuse }),
	define(`the scripted integration reports "([^"]*)" as (sent|failed)`, func(p *Player) any { return p.scriptedReports }),
	define(`the user can(not)? press send`, func(p *Player) any { return p.canPressSend }),
	define(`the user sees that "([^"]*)" is refused`, func(p *Player) any { return p.seesRefused }),
	define(`the user sees (no|\d+) chosen files?`, func(p *Player) any { return p.seesChosen }),
	define(`the user sees "([^"]*)" as (uploading|uploaded|failed)`, func(p *Player) any { return p.seesSentFile }),
	define(`the file chooser asks for (.+)`, func(p *Player) any { return p.chooserAsksFor }),
}

// usualSize is that of a file whose size does not matter: enough to hold every byte there is.
const usualSize = 2_000

// userFile is a file on the user's disk.
type userFile struct {
	name, path string
	size       int64
	sha256     string
}

// fileWish is a file that a scenario wants: its name and its size in bytes.
type fileWish struct {
	name string
	size int64
}

// wished reads the size of a file: "empty", "300 bytes", "20 KB", "60 MB".
func wished(name, size string) (fileWish, error) {
	w := fileWish{name: fileName(name), size: usualSize}
	if size == "" || size == "empty" {
		if size == "empty" {
			w.size = 0
		}
		return w, nil
	}
	number, unit, _ := strings.Cut(size, " ")
	n, err := strconv.ParseInt(strings.ReplaceAll(number, "_", ""), 10, 64)
	units := map[string]int64{"byte": 1, "bytes": 1, "KB": 1_000, "MB": 1_000_000}
	if err != nil || units[unit] == 0 {
		return w, &steps.HarnessError{Doing: "read the size of a file", Err: fmt.Errorf("%q is none; write empty, 300 bytes, 20 KB or 60 MB", size)}
	}
	w.size = n * units[unit]
	return w, nil
}

var escapedRune = regexp.MustCompile(`\\u([0-9a-f]{4})`)

// longestFileName stands for a name that is as long as a disk allows.
const longestFileName = "a name of 255 characters"

// fileName lets a name hold what would not be seen in a feature, such as a mark that turns the direction.
func fileName(name string) string {
	if name == longestFileName {
		return strings.Repeat("long", 62) + "est.txt"
	}
	return unescape(escapedRune.ReplaceAllStringFunc(name, func(code string) string {
		r, _, _, _ := strconv.UnquoteChar(code, 0) // The expression allows nothing else.
		return string(r)
	}))
}

// makeFile puts a file on the user's disk, in a folder of its own, because two files may have one name.
func (p *Player) makeFile(w fileWish) (userFile, error) {
	f := userFile{name: w.name, size: w.size}
	if p.folder == "" {
		var err error
		if p.folder, err = os.MkdirTemp("", "deskcheck-files-"); err != nil {
			return f, fmt.Errorf("make a folder for the user's files: %w", err)
		}
	}
	serial := len(p.chosen)
	folder := filepath.Join(p.folder, strconv.Itoa(serial))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return f, fmt.Errorf("make a folder for the user's files: %w", err)
	}
	f.path = filepath.Join(folder, w.name)
	if err := fill(f.path, w.size, serial); err != nil {
		return f, fmt.Errorf("write the user's file: %w", err)
	}
	var err error
	f.sha256, err = digestOf(f.path)
	p.chosen = append(p.chosen, f)
	return f, err
}

// fill writes a file of that size: every byte there is and in no order that text has, different in each file. Of a large one only beginning, middle and end are written,
// so that it costs neither time nor disk; what is between is zero.
func fill(path string, size int64, serial int) (err error) {
	file, err := os.Create(path) //nolint:gosec // In a folder of our own; the name is the scenario's.
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := file.Truncate(size); err != nil {
		return err
	}
	const block = 1 << 16
	pattern := make([]byte, min(size, block))
	for i := range pattern {
		pattern[i] = byte((i*i/3 + i*31 + serial*7) % 256) //nolint:gosec // It is below 256.
	}
	for _, at := range []int64{0, size/2 - block/2, size - block} {
		if _, err := file.WriteAt(pattern, max(at, 0)); err != nil {
			return err
		}
		slices.Reverse(pattern)
	}
	return nil
}

func digestOf(path string) (sum string, err error) {
	file, err := os.Open(path) //nolint:gosec // A file that we have written.
	if err != nil {
		return "", fmt.Errorf("read the user's file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	digest := sha256.New()
	if _, err := io.Copy(digest, file); err != nil {
		return "", fmt.Errorf("read the user's file: %w", err)
	}
	return hex.EncodeToString(digest.Sum(nil)), nil
}

// forgetFiles removes what the user had on the disk.
func (p *Player) forgetFiles() {
	if p.folder != "" {
		// A folder that cannot be removed is in the way of nobody; the system clears it.
		_ = os.RemoveAll(p.folder)
	}
}

// isDeclared matches the callback by which an integration allows uploads.
func isDeclared(e journal.Entry) bool {
	capabilities := firstArgument(e)
	return isCallback("updateCapabilities")(e) && capabilities["allowFileUploads"] != nil && capabilities["allowFileUploads"] != false
}

func firstArgument(e journal.Entry) map[string]any {
	args, _ := expect.Decode(argumentsOf(e)).([]any)
	if len(args) == 0 {
		return nil
	}
	object, _ := args[0].(map[string]any)
	return object
}

// takesFiles says why the scenario does not apply to an integration that was never seen to take files, or nil.
func (p *Player) takesFiles() error {
	if _, declared := p.Journal.Find(0, isDeclared); !declared && !p.scripted {
		return p.without("files", "it never calls updateCapabilities with allowFileUploads")
	}
	return nil
}

func (p *Player) canAttach(what string) error {
	several := what == "several files"
	err := p.Until(func() bool {
		f := p.screen(p.widget).Files
		return f.Enabled && (f.Multiple || !several)
	}, p.Deadlines.Event)
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	if err := p.takesFiles(); err != nil {
		return err
	}
	if f := p.screen(p.widget).Files; several && f.Enabled && !p.scripted {
		return &steps.NotApplicable{Capability: "files", Why: "it takes one file at a time"}
	}
	return &steps.Failure{Expected: "a control with which the user can attach " + what, Recorded: describeFiles(p.screen(p.widget).Files), Hint: p.trouble()}
}

func describeFiles(f Files) string {
	switch {
	case !f.Offered:
		return "there is none"
	case !f.Enabled:
		return "it is disabled"
	case !f.Multiple:
		return "it takes one file"
	}
	return "it takes several files"
}

func (p *Player) cannotAttach() error {
	if err := p.Rest(); err != nil {
		return err
	}
	err := p.Until(func() bool { return !p.screen(p.widget).Files.Offered }, p.Deadlines.Event)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.Failure{Expected: "no control to attach files", Recorded: describeFiles(p.screen(p.widget).Files)}
	}
	return err
}

func (p *Player) cannotAttachMore() error {
	return p.sees(p.widget, "a control to attach files that is disabled", func(s Screen) bool { return s.Files.Offered && !s.Files.Enabled })
}

func (p *Player) attachesSized(name, size string) error {
	w, err := wished(name, size)
	if err != nil {
		return err
	}
	return p.attaches([]fileWish{w})
}

func (p *Player) attachesTable(table *godog.Table) error {
	wishes := make([]fileWish, 0, len(table.Rows))
	for _, row := range table.Rows {
		size := ""
		if len(row.Cells) > 1 {
			size = row.Cells[1].Value
		}
		w, err := wished(row.Cells[0].Value, size)
		if err != nil {
			return err
		}
		wishes = append(wishes, w)
	}
	return p.attaches(wishes)
}

// attaches has the user choose files, and waits until the chat shows them as chosen.
func (p *Player) attaches(wishes []fileWish) error {
	names := make([]string, 0, len(wishes))
	paths := make([]string, 0, len(wishes))
	for _, w := range wishes {
		f, err := p.makeFile(w)
		if err != nil {
			return &steps.HarnessError{Doing: "give the user a file to send", Err: err}
		}
		names, paths = append(names, f.name), append(paths, f.path)
	}
	before := len(p.screen(p.widget).Files.Staged)
	p.Act(journal.User, journal.Host, "attaches "+expect.Short(names))
	ctx, cancel := bound.WithTimeout(p.Context(), p.Deadlines.Input)
	defer cancel()
	if err := p.Tab.ChooseFiles(ctx, "attach", p.widget, paths...); err != nil {
		if errors.Is(err, browser.ErrOneFile) {
			return &steps.Failure{Expected: fmt.Sprintf("a chooser for %d files", len(paths)), Recorded: err.Error()}
		}
		return p.unable("attach files", err)
	}
	return p.sees(p.widget, fmt.Sprintf("%d more chosen files", len(paths)), func(s Screen) bool { return len(s.Files.Staged) >= before+len(paths) })
}

func (p *Player) removesFile() error {
	before := len(p.screen(p.widget).Files.Staged)
	if err := p.click("remove file"); err != nil {
		return err
	}
	return p.sees(p.widget, "one chosen file less", func(s Screen) bool { return len(s.Files.Staged) < before })
}

func (p *Player) sendsFiles() error {
	mark := p.Journal.Len()
	if err := p.click("send"); err != nil {
		return err
	}
	_, err := p.Await(mark, isCall("sendMessageToAgent"), p.Deadlines.Sight)
	if errors.Is(err, steps.ErrAbsent) {
		return &steps.HarnessError{Doing: "send files", Err: fmt.Errorf("the host did not hand them over; the user sees %s", p.screen(p.widget).describe())}
	}
	return err
}

// sendsTheRest gives the integration the time to object, removes what it has refused, and sends the others, if there are any.
func (p *Player) sendsTheRest() error {
	if err := p.Pass(p.Deadlines.Event); err != nil {
		return err
	}
	refused := func(f StagedFile) bool { return f.Error != nil }
	for slices.ContainsFunc(p.screen(p.widget).Files.Staged, refused) {
		if err := p.removesFile(); err != nil {
			return err
		}
	}
	if len(p.screen(p.widget).Files.Staged) == 0 {
		return nil
	}
	return p.sendsFiles()
}

// vanishes removes a file that was chosen from the disk.
func (p *Player) vanishes(name string) error {
	i := slices.IndexFunc(p.chosen, func(f userFile) bool { return f.name == name })
	if i < 0 {
		return &steps.HarnessError{Doing: "remove a file of the user's", Err: fmt.Errorf("no file %q was chosen", name)}
	}
	p.Act(journal.User, journal.User, "deletes "+quote(name))
	if err := os.Remove(p.chosen[i].path); err != nil {
		return &steps.HarnessError{Doing: "remove a file of the user's", Err: err}
	}
	return nil
}

// willRefuse has the scripted integration refuse a file as soon as it is shown one of that name.
func (p *Player) willRefuse(name string) error {
	return p.will("filesSelectedForUpload", map[string]any{"refuse": name})
}

// scriptedReports has the scripted integration say what became of a file, whenever that is.
func (p *Player) scriptedReports(name, how string) error {
	for _, h := range p.sentFiles() {
		if h.name != name {
			continue
		}
		if how == "failed" {
			return p.scriptedCalls("setFileUploadStatus", []any{h.id, true, "It did not arrive."})
		}
		return p.scriptedCalls("setFileUploadStatus", []any{h.id})
	}
	return &steps.HarnessError{Doing: "report a file", Err: fmt.Errorf("no file %s was sent", quote(name))}
}

func (p *Player) canPressSend(not string) error {
	want := not == ""
	return p.sees(p.widget, fmt.Sprintf("a send button that works: %t", want), func(s Screen) bool { return s.Files.Sendable == want })
}

func (p *Player) seesRefused(name string) error {
	return p.sees(p.widget, quote(name)+" marked as refused", func(s Screen) bool {
		return slices.ContainsFunc(s.Files.Staged, func(f StagedFile) bool { return f.Name == name && f.Error != nil })
	})
}

func (p *Player) seesChosen(count string) error {
	n, _ := strconv.Atoi(count) // "no" is 0.
	return p.sees(p.widget, count+" chosen files", func(s Screen) bool { return len(s.Files.Staged) == n })
}

func (p *Player) seesSentFile(name, status string) error {
	return p.sees(p.widget, quote(name)+" as "+status, func(s Screen) bool {
		return s.position(func(m Message) bool { return m.Kind == "file" && m.Text == name && m.Status == status }) >= 0
	})
}

func (p *Player) chooserAsksFor(accept string) error {
	if accept == "any type" {
		accept = ""
	}
	return p.sees(p.widget, "a file chooser for "+quote(accept), func(s Screen) bool { return s.Files.Accept == strings.Trim(accept, `"`) })
}
