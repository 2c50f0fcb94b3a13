package deskcheck

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// agentDeskKey is the key of the configuration that says where the agent desk is.
const agentDeskKey = "agent-desk"

// AgentDesk says where the agent desk under test is found: either URL or Dir; its zero value is the embedded reference desk.
type AgentDesk struct {
	// URL is the address of its page, served by its own server. ${manager} and the other names of Replacement stand in it for what is each scenario's own.
	URL string
	// Dir is a folder of built files, which the kit serves below Mount (a path such as /desk; empty for the root), index.html first of all.
	Dir, Mount string
	// Replace are files that are served in place of those of Dir, or beside them.
	Replace []Replacement
}

// Replacement is a file that a scenario serves in place of one of the desk's own: its configuration, most of all. In the text ${manager} stands for the base address of the
// scenario's Agent Manager, ${manager.origin} for scheme, host and port of it, ${manager.path} for its path, and ${env.NAME} for an environment variable.
type Replacement struct {
	// Path is where it is served, below Mount.
	Path string
	// Text is what it says; File is a file that says it. One of the two.
	Text, File string
}

// AgentDeskAt is the desk at an http address, or else in a folder.
func AgentDeskAt(place string) AgentDesk {
	if isAddress(place) {
		return AgentDesk{URL: place}
	}
	return AgentDesk{Dir: place}
}

// value returns the desk as the schema sees it.
func (d AgentDesk) value() map[string]any {
	value := map[string]any{}
	for key, text := range map[string]string{"url": d.URL, "dir": d.Dir, "mount": d.Mount} {
		if text != "" {
			value[key] = text
		}
	}
	var replace []any
	for _, r := range d.Replace {
		one := map[string]any{"path": r.Path}
		if r.File != "" {
			one["file"] = r.File
		} else {
			one["text"] = r.Text
		}
		replace = append(replace, one)
	}
	if replace != nil {
		value["replace"] = replace
	}
	return value
}

// agentDeskOf reads a validated value.
func agentDeskOf(value any) AgentDesk {
	root, _ := value.(map[string]any)
	d := AgentDesk{URL: textOf(root["url"]), Dir: textOf(root["dir"]), Mount: textOf(root["mount"])}
	replace, _ := root["replace"].([]any)
	for _, item := range replace {
		one, _ := item.(map[string]any)
		d.Replace = append(d.Replace, Replacement{Path: textOf(one["path"]), Text: textOf(one["text"]), File: textOf(one["file"])})
	}
	return d
}

// embedded says that it is the reference desk that ships with the kit.
func (d AgentDesk) embedded() bool { return d.URL == "" && d.Dir == "" }

// String names it as a run does when it begins.
func (d AgentDesk) String() string {
	return cmp.Or(d.URL, d.Dir, "the embedded reference desk: none is configured")
}

// agentDeskProblems finds keys that do not fit each other.
func (c Config) agentDeskProblems() []ConfigProblem {
	d := c.AgentDesk
	problem := func(key, format string, args ...any) ConfigProblem {
		return ConfigProblem{Key: agentDeskKey + "." + key, Message: fmt.Sprintf(format, args...)}
	}
	var problems []ConfigProblem
	if d.URL != "" && d.Dir != "" {
		problems = append(problems, problem("dir", "an address and a folder exclude each other; give one of them"))
	}
	if d.URL != "" {
		if u, err := url.Parse(plainText.Replace(d.URL)); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			problems = append(problems, problem("url", "%q is no http address of a page, such as http://localhost:4200/", d.URL))
		}
	}
	if d.Dir == "" && (d.Mount != "" || len(d.Replace) > 0) {
		problems = append(problems, problem("dir", "mount and replace belong to a folder that the kit serves: name it with dir"))
	}
	seen := map[string]bool{}
	for i, r := range d.Replace {
		at := fmt.Sprintf("replace[%d].path", i)
		switch clean := strings.TrimPrefix(path.Clean("/"+r.Path), "/"); {
		case clean == "" || clean != strings.TrimPrefix(r.Path, "/"):
			problems = append(problems, problem(at, "%q is no path of a file below the mount, such as config.json", r.Path))
		case seen[clean]:
			problems = append(problems, problem(at, "%s is replaced twice", clean))
		default:
			seen[clean] = true
		}
	}
	return problems
}

// plainText stands in for the names in an address, to see whether it is one.
var plainText = strings.NewReplacer("${manager}", "http%3A%2F%2Flocalhost", "${manager.origin}", "http%3A%2F%2Flocalhost", "${manager.path}", "/")

// agentDeskFiles finds folders and files that are named and are not there.
func (c Config) agentDeskFiles() []ConfigProblem {
	d := c.AgentDesk
	if d.Dir == "" {
		return nil
	}
	switch info, err := os.Stat(d.Dir); {
	case errors.Is(err, fs.ErrNotExist):
		return []ConfigProblem{{Key: agentDeskKey + ".dir", Message: d.Dir + " does not exist; build the desk first"}}
	case err != nil:
		return []ConfigProblem{{Key: agentDeskKey + ".dir", Message: err.Error()}}
	case !info.IsDir():
		return []ConfigProblem{{Key: agentDeskKey + ".dir", Expected: "a folder with index.html", Found: "the " + strings.TrimPrefix(fileKind(info), "a ") + " " + d.Dir}}
	}
	var problems []ConfigProblem
	if _, err := os.Stat(filepath.Join(d.Dir, "index.html")); err != nil && !replaced(d, "index.html") {
		problems = append(problems, ConfigProblem{Key: agentDeskKey + ".dir", Message: d.Dir + " has no index.html, which is the page that is opened"})
	}
	for i, r := range d.Replace {
		if r.File == "" {
			continue
		}
		if info, err := os.Stat(r.File); err != nil || !info.Mode().IsRegular() {
			problems = append(problems, ConfigProblem{Key: fmt.Sprintf("%s.replace[%d].file", agentDeskKey, i), Message: r.File + " is not there, or is no file"})
		}
	}
	return problems
}

func replaced(d AgentDesk, file string) bool {
	for _, r := range d.Replace {
		if strings.TrimPrefix(r.Path, "/") == file {
			return true
		}
	}
	return false
}
