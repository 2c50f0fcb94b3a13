package deskcheck

import (
	"errors"
	"strings"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/wire"
)

// LoadWire reads a wire file. Every error is a *UserError; for mistakes in the file it wraps a *ConfigError that has all of them with their place.
func LoadWire(path string) (*wire.Wire, error) {
	w, err := wire.Load(path)
	if err == nil {
		return w, nil
	}
	if syntax, ok := errors.AsType[*document.SyntaxError](err); ok {
		return nil, &UserError{Err: syntax.Err, Fix: syntax.Fix}
	}
	if _, inFile := errors.AsType[*document.Error](err); !inFile {
		return nil, &UserError{Err: err, Fix: `name the file of a wire; "deskcheck wire print native" prints one to begin with`}
	}
	return nil, &UserError{Err: err, Fix: `"deskcheck wire schema" describes every key, "deskcheck wire guide" explains them, "deskcheck wire print native" shows a whole one`}
}

// wireOf is the wire that the desks of a run speak, nil for the native one.
func wireOf(c Config) (*wire.Wire, error) {
	if c.Desk.Wire == "" {
		return nil, nil //nolint:nilnil // The desk takes none for its own.
	}
	return LoadWire(c.Desk.Wire)
}

// wireProblems finds what is wrong with the wire file, each mistake at its place in that file; fix is the next step for whoever has made those. A file that cannot be read is a mistake
// of the configuration.
func (c Config) wireProblems() (problems []ConfigProblem, fix string) {
	_, err := wireOf(c)
	if err == nil {
		return nil, ""
	}
	user, is := errors.AsType[*UserError](err)
	if mistakes, ok := errors.AsType[*ConfigError](err); ok && is {
		return mistakes.Problems, user.Fix
	}
	if is {
		err = user.Err
	}
	return []ConfigProblem{{Key: "desk.wire", Message: err.Error()}}, ""
}

// Untestable is a capability whose scenarios a wire cannot carry, and what it lacks.
type Untestable struct {
	Capability string
	Lacks      []string
}

// WireProfile is what a wire means for a profile: nothing, or the capabilities of it that cannot be tested.
type WireProfile struct {
	Name       string
	Untestable []Untestable
}

// WireProfiles says for each profile of a configuration's dialect what of it a wire keeps from being tested.
func WireProfiles(c Config, w *wire.Wire) ([]WireProfile, error) {
	profiles, err := Profiles(c)
	if err != nil {
		return nil, err
	}
	offer := w.Offer()
	all := make([]WireProfile, 0, len(profiles))
	for _, p := range profiles {
		all = append(all, wireProfile(p, offer))
	}
	return all, nil
}

func wireProfile(p fixtures.Profile, offer wire.Offer) WireProfile {
	one := WireProfile{Name: p.Name}
	for _, capability := range p.Capabilities {
		if lacks := offer.Lacks(capability); len(lacks) > 0 {
			one.Untestable = append(one.Untestable, Untestable{capability, lacks})
		}
	}
	return one
}

// String words it for a line of a table.
func (u Untestable) String() string {
	return u.Capability + " (no " + strings.Join(u.Lacks, ", ") + ")"
}
