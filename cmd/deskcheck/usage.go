package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"deskcheck"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// flagGroup is a titled part of a command's flags; cobra itself would print one long list.
type flagGroup struct {
	title string
	flags *pflag.FlagSet
}

// groupKey is the annotation by which a flag names its group.
const groupKey = "deskcheck-group"

// addGroups adds the flags of the groups to a command and remembers which belong together.
func addGroups(c *cobra.Command, groups ...flagGroup) {
	for _, g := range groups {
		g.flags.VisitAll(func(f *pflag.Flag) { f.Annotations = map[string][]string{groupKey: {g.title}} })
		g.flags.SortFlags = false
		c.Flags().AddFlagSet(g.flags)
	}
	c.Flags().SortFlags = false
}

// groupsOf returns a command's flags by group, in the order in which they were defined.
func groupsOf(c *cobra.Command) []flagGroup {
	var groups []flagGroup
	add := func(title string) func(*pflag.Flag) {
		return func(f *pflag.Flag) {
			if f.Hidden || f.Name == "help" {
				return
			}
			title := title
			if named := f.Annotations[groupKey]; len(named) > 0 {
				title = named[0]
			}
			for _, g := range groups {
				if g.title == title {
					g.flags.AddFlag(f)
					return
				}
			}
			flags := pflag.NewFlagSet(title, pflag.ContinueOnError)
			flags.SortFlags = false
			flags.AddFlag(f)
			groups = append(groups, flagGroup{title, flags})
		}
	}
	everywhere := c.Root().PersistentFlags()
	own := add("Flags")
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if everywhere.Lookup(f.Name) == nil {
			own(f)
		}
	})
	everywhere.VisitAll(add("Everywhere"))
	return groups
}

// help prints a command's text and usage.
func (p *program) help(c *cobra.Command, _ []string) {
	words := c.Long
	if words == "" {
		words = c.Short + "."
	}
	p.printf("%s\n\n", reflow(words, p.helpWidth()))
	p.printf("%s", p.usageOf(c))
}

// usage is what cobra asks for where it wants usage without the text.
func (p *program) usage(c *cobra.Command) error {
	_, err := io.WriteString(p.err, p.usageOf(c))
	return err
}

// helpWidth is where help wraps: lines beyond 100 columns read badly on any screen.
func (p *program) helpWidth() int { return min(p.width, 100) }

// usageOf returns everything that help prints below a command's text.
func (p *program) usageOf(c *cobra.Command) string {
	w := &strings.Builder{}
	line := c.UseLine()
	if c.HasAvailableSubCommands() {
		line = c.CommandPath() + " COMMAND"
		if c.Name() == "desk" {
			line = c.CommandPath() + " [flags]\n  " + line
		}
	}
	fmt.Fprintf(w, "Usage:\n  %s\n", line)
	if c.Example != "" {
		fmt.Fprintf(w, "\nExamples:\n%s\n", c.Example)
	}
	groups := c.Groups()
	if len(groups) == 0 && c.HasAvailableSubCommands() {
		groups = []*cobra.Group{{Title: "Commands:"}}
	}
	wide := 12
	for _, sub := range c.Commands() {
		wide = max(wide, len(sub.Name())+2)
	}
	for _, g := range groups {
		fmt.Fprintf(w, "\n%s\n", g.Title)
		for _, sub := range c.Commands() {
			if sub.GroupID == g.ID && sub.IsAvailableCommand() || sub.GroupID == g.ID && sub.Name() == "help" {
				fmt.Fprintf(w, "  %-*s%s\n", wide, sub.Name(), sub.Short)
			}
		}
	}
	for _, g := range groupsOf(c) {
		fmt.Fprintf(w, "\n%s:\n%s", g.title, g.flags.FlagUsagesWrapped(p.helpWidth()))
	}
	if c.Name() == "run" || !c.HasParent() {
		fmt.Fprintf(w, "\n%s\n", exitCodes)
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\n\"%s COMMAND --help\" explains a command.\n", c.CommandPath())
	}
	return w.String()
}

// usageError words an error that cobra found before any of our code ran.
func usageError(c *cobra.Command, err error) error {
	if _, ok := errors.AsType[*deskcheck.UserError](err); ok {
		return err
	}
	var word, path string
	if _, scanned := fmt.Sscanf(err.Error(), "unknown command %q for %q", &word, &path); scanned == nil {
		return unknownCommand(c, word)
	}
	return &deskcheck.UserError{Err: err, Fix: helpFor(c)}
}

func helpFor(c *cobra.Command) string {
	return fmt.Sprintf("see %q", c.CommandPath()+" --help")
}

// unknownCommand is the error for a word below a command that is none of its commands.
func unknownCommand(parent *cobra.Command, word string) error {
	var names []string
	for _, sub := range parent.Commands() {
		if sub.IsAvailableCommand() || sub.Name() == "help" {
			names = append(names, sub.Name())
		}
	}
	text := fmt.Sprintf("there is no command %q", parent.CommandPath()+" "+word)
	if near, ok := deskcheck.Near(word, names); ok {
		text += fmt.Sprintf("; did you mean %q?", parent.CommandPath()+" "+near)
	}
	return &deskcheck.UserError{Err: errors.New(text), Fix: helpFor(parent)}
}

// subcommandsOnly is for commands that only hold others: without it cobra answers a mistyped one with help and exit code 0.
func subcommandsOnly(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(c, args[0])
	}
	return c.Help()
}

// arguments checks how many arguments a command got, and says what they are for.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		var text string
		switch {
		case len(args) < least:
			text = fmt.Sprintf("%s needs %s", c.CommandPath(), what)
		case len(args) > most && most == 0:
			text = fmt.Sprintf("%s takes no arguments, found %q", c.CommandPath(), args[0])
		case len(args) > most:
			text = fmt.Sprintf("%s takes %s, found also %q", c.CommandPath(), what, args[most])
		default:
			return nil
		}
		return &deskcheck.UserError{Err: errors.New(text), Fix: helpFor(c)}
	}
}

// flagError words what pflag says, with the closest flag.
func flagError(c *cobra.Command, err error) error {
	text := err.Error()
	var unknown *pflag.NotExistError
	var needsValue *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		text = unknownFlag(c, unknown)
	case errors.As(err, &needsValue):
		text = fmt.Sprintf("--%s needs a value", needsValue.GetFlag().Name)
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		text = fmt.Sprintf("--%s: expected %s, found %q", f.Name, expectedValue(f), invalid.GetValue())
	}
	return &deskcheck.UserError{Err: errors.New(text), Fix: helpFor(c)}
}

func expectedValue(f *pflag.Flag) string {
	if _, is := f.Value.(positive); is {
		if f.Value.Type() == "float64" {
			return "a number above 0"
		}
		return "a whole number from 1"
	}
	switch f.Value.Type() {
	case "int", "int64":
		return "a whole number"
	case "uint64":
		return "a whole number, 0 or more"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "duration":
		return "a duration, such as 250ms or 1.5s"
	}
	return "a value of another form"
}

// positive is the value of a flag for a number that is above zero. Where such numbers are sent, zero is what nobody has said: it would do the opposite of what was asked.
type positive struct{ pflag.Value }

// Set refuses what is not above zero.
func (p positive) Set(text string) error {
	before := p.String()
	if err := p.Value.Set(text); err != nil {
		return err
	}
	if now := p.String(); now == "0" || strings.HasPrefix(now, "-") {
		return errors.Join(errors.New("it is not above zero"), p.Value.Set(before))
	}
	return nil
}

// aboveZero has the flags of these names take no others than positive numbers.
func aboveZero(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		f := flags.Lookup(name)
		f.Value = positive{f.Value}
	}
}

func unknownFlag(c *cobra.Command, err *pflag.NotExistError) string {
	name, given := err.GetSpecifiedName(), "--"+err.GetSpecifiedName()
	if shorthands := err.GetSpecifiedShortnames(); shorthands != "" {
		// "-integration" is read as a row of one-letter flags; what was meant is the word.
		name, given = shorthands, "-"+shorthands
	}
	var names []string
	collect := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	c.Flags().VisitAll(collect)
	c.InheritedFlags().VisitAll(collect)
	text := "unknown flag " + given
	if near, ok := deskcheck.Near(name, names); ok && len(name) > 1 {
		return text + "; did you mean --" + near + "?"
	}
	var owner *cobra.Command
	for _, other := range c.Root().Commands() {
		// Where several have it, run is the one that was most likely meant.
		if other.Flags().Lookup(name) != nil && (owner == nil || other.Name() == "run") {
			owner = other
		}
	}
	if owner == nil {
		return text
	}
	return fmt.Sprintf("%s; it belongs to %q", text, owner.CommandPath())
}
