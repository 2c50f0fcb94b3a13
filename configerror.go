package deskcheck

import (
	"errors"
	"fmt"
	"strings"
)

// ConfigProblem is one mistake in a configuration.
type ConfigProblem struct {
	// File, Line and Column (from 1) are where it stands; empty and 0 if it does not come from a file.
	File         string
	Line, Column int
	// Key is the path of the key, such as known-failing[0].reason; empty for the file as a whole.
	Key string
	// Expected and Found say what is wrong, or Message does when those two cannot.
	Expected, Found, Message string
	// Meant is what the user probably wanted to write, empty if nothing comes near.
	Meant string
}

// String returns the mistake on one line, in the form file:line:column: key: what was expected, what was found.
func (p ConfigProblem) String() string {
	var b strings.Builder
	switch {
	case p.Line > 0:
		fmt.Fprintf(&b, "%s:%d:%d: ", p.File, p.Line, p.Column)
	case p.File != "":
		b.WriteString(p.File + ": ")
	}
	if p.Key != "" {
		b.WriteString(p.Key + ": ")
	}
	if p.Message != "" {
		b.WriteString(p.Message)
	} else {
		fmt.Fprintf(&b, "expected %s, found %s", p.Expected, p.Found)
	}
	if p.Meant != "" {
		fmt.Fprintf(&b, "; did you mean %s?", p.Meant)
	}
	return b.String()
}

// ConfigError holds every mistake of one configuration, in the order of the file.
type ConfigError struct{ Problems []ConfigProblem }

// lines words the mistakes, a line each.
func (e *ConfigError) lines() []string {
	shown := e.Problems[:min(len(e.Problems), mostProblems)]
	lines := make([]string, 0, len(shown)+1)
	for _, p := range shown {
		lines = append(lines, p.String())
	}
	if more := len(e.Problems) - len(shown); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}

// Error returns the mistakes, a line each; of very many the first.
func (e *ConfigError) Error() string { return strings.Join(e.lines(), "\n") }

// Unwrap returns the lines of Error one by one.
func (e *ConfigError) Unwrap() []error {
	lines := e.lines()
	all := make([]error, 0, len(lines))
	for _, line := range lines {
		all = append(all, errors.New(line))
	}
	return all
}
