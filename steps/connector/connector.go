// Package connector runs the connector under test, as a process of its own or as one that runs already: it gives it what the scenario has made for it, waits until it is ready,
// keeps what it prints, and leaves nothing of it behind. It knows nothing of what a connector is to do.
package connector

import (
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// The time that a program has where it says nothing itself.
const (
	// ReadyWithin is how long it may take to answer at its health address: a large runtime on a busy machine takes some ten seconds.
	ReadyWithin = 30 * time.Second
	// StopWithin is how long it may take to end once it is asked to.
	StopWithin = 5 * time.Second
)

// Program is how a connector is started. In Command, Env and the texts of Files, and in all addresses, ${name} stands for a value: see Names.
type Program struct {
	// Command is the program and its arguments. A program with a slash in its name is looked for from Dir, any other on the path of the kit.
	Command []string
	// Dir is its working folder.
	Dir string
	// Env is what its environment holds beside PATH, HOME, TMPDIR and LANG, which it has from the kit. Nothing else of the kit's environment reaches it.
	Env map[string]string
	// Files are written into a folder of this start, which ${dir} names.
	Files []File
	// Ready is the address that answers 2xx once the connector can be talked to; below the base if it begins with a slash. Empty for one that is ready when something listens at
	// its port.
	Ready string
	// ReadyWithin and StopWithin bound the start and the end; 0 for the constants of these names.
	ReadyWithin, StopWithin time.Duration
	// Secrets are texts that must not be shown where the connector prints them, beside the values that are secret by their names.
	Secrets []string
}

// File is a file that is made for the connector.
type File struct {
	// Path is where it stands below the folder, with slashes; Text is what it says.
	Path, Text string
}

// Error says that the connector could not be run, so that nothing was learnt of it.
type Error struct {
	// Doing is what was to be done, such as "start the connector ./connector".
	Doing string
	Err   error
	// Output is the last of what it printed, without secrets; nil if there was nothing.
	Output []string
}

// shown is how many lines of the output an error tells.
const shown = 12

// Error tells what was to be done, why it could not be, and what the connector said last.
func (e *Error) Error() string {
	words := e.Doing + ": " + e.Err.Error()
	if len(e.Output) == 0 {
		return words
	}
	last := e.Output[max(len(e.Output)-shown, 0):]
	return words + "; the last that it printed:\n  " + strings.Join(last, "\n  ")
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// filled is the program with its values in place of their names. The error names the part that cannot be filled.
func (p Program) filled(v Values) (Program, error) {
	out := p
	out.Command, out.Env, out.Files = make([]string, len(p.Command)), make(map[string]string, len(p.Env)), make([]File, len(p.Files))
	var err error
	fill := func(where, text string) (filled string) {
		if err == nil {
			if filled, err = v.Fill(text); err != nil {
				err = fmt.Errorf("%s: %w", where, err)
			}
		}
		return filled
	}
	for i, word := range p.Command {
		out.Command[i] = fill(fmt.Sprintf("command[%d]", i), word)
	}
	for name, text := range p.Env {
		out.Env[name] = fill("env."+name, text)
	}
	for i, f := range p.Files {
		out.Files[i] = File{Path: f.Path, Text: fill("the text of "+f.Path, f.Text)}
	}
	out.Dir = fill("dir", p.Dir)
	out.Ready = fill("ready", p.Ready)
	return out, err
}

// environment is what the process finds in its environment.
func (p Program) environment(kits func(string) (string, bool)) []string {
	var all []string
	for _, name := range inherited {
		if value, set := kits(name); set {
			all = append(all, name+"="+value)
		}
	}
	for name, value := range p.Env {
		all = append(all, name+"="+value) // The last of a name counts.
	}
	return all
}

// inherited are the variables that a connector has from the kit: what programs cannot do without, and nothing that is the kit's own.
var inherited = []string{"PATH", "HOME", "TMPDIR", "LANG"}

// why says what kept a program from being started at all.
func (p Program) why(err error) error {
	if _, gone := exec.LookPath(p.Command[0]); gone != nil && !strings.ContainsAny(p.Command[0], `/\`) {
		return fmt.Errorf("there is no program %s on the path: %w", p.Command[0], err)
	}
	return fmt.Errorf("the program %s cannot be started from the folder %s: %w", p.Command[0], p.Dir, err)
}
