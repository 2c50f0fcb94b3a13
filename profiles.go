package deskcheck

import (
	"fmt"
	"slices"
	"strings"

	"deskcheck/fixtures"
	"deskcheck/reports"
)

// Profiles lists the profiles that a configuration's dialect has, in the order of the catalogue. They are embedded and tested: an error says that the contract is unknown.
func Profiles(c Config) ([]fixtures.Profile, error) {
	c = c.withDefaults()
	return fixtures.Profiles(c.Contract, c.Dialect)
}

// profileNamed finds the profile that the user asked for. One that does not exist, or not in this dialect, is a *UserError with the closest.
func profileNamed(c Config) (fixtures.Profile, error) {
	all, err := Profiles(c)
	if err != nil {
		return fixtures.Profile{}, err
	}
	names := make([]string, 0, len(all))
	for _, p := range all {
		if p.Name == c.Profile {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return fixtures.Profile{}, &UserError{
		Err: fmt.Errorf("the dialect %s has no profile %s; closest: %s", c.Dialect, quoteWord(c.Profile), strings.Join(Closest(c.Profile, names, 3), ", ")),
		Fix: `"deskcheck list profiles` + ContractFlag(c.Contract) + `" prints them all`,
	}
}

// selectProfile compiles what a profile needs: the scenarios of the requirements that it rests on.
func selectProfile(c Config) (func(Selectable) bool, error) {
	p, err := profileNamed(c)
	if err != nil {
		return nil, err
	}
	catalogue, err := fixtures.Requirements(c.Contract)
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, r := range p.Requirements(catalogue, c.Dialect) {
		wanted[r.ID] = true
	}
	return func(s Selectable) bool {
		return slices.ContainsFunc(bareTags(s.Tags), func(tag string) bool { return wanted[tag] })
	}, nil
}

// judgeCapabilities says of each optional part of the contract whether it was claimed and whether it was seen.
func (r *record) judgeCapabilities() {
	all := Traceability{Requirements: r.catalogue.Requirements}.Capabilities()
	for _, c := range all {
		if c.Name == "core" || !r.binding(c.Name) {
			continue
		}
		one := reports.Capability{Name: c.Name, Claimed: slices.Contains(r.config.Claims, c.Name), How: r.seen[c.Name]}
		one.Seen = one.How != ""
		if ways := shows(r.config.Contract, c.Name); len(ways) == 0 {
			// Nothing tells but that its requirements hold.
			one.Seen = slices.ContainsFunc(r.result.Requirements, func(q reports.Requirement) bool {
				return q.Capability == c.Name && r.byID[q.ID].BindsSubject() && holds(q.Verdict)
			})
			if one.Seen {
				one.How = "its requirements hold"
			}
		}
		r.result.Capabilities = append(r.result.Capabilities, one)
	}
}

// binding says whether the dialect has requirements of a capability that bind the integration.
func (r *record) binding(capability string) bool {
	return slices.ContainsFunc(r.catalogue.Requirements, func(q fixtures.Requirement) bool {
		return q.Capability == capability && q.BindsSubject() && slices.Contains(q.Dialects, r.config.Dialect)
	})
}

func holds(v reports.Verdict) bool { return v == reports.Passed || v == reports.UnexpectedPass }

// judgeProfiles says which profiles are earned. It is false if the run was asked about one that is not.
func (r *record) judgeProfiles() bool {
	r.result.Profile = r.config.Profile
	profiles, err := fixtures.Profiles(r.config.Contract, r.config.Dialect)
	if err != nil {
		panic(err) // embedded, and tested
	}
	asked := r.config.Profile == ""
	for _, p := range profiles {
		if one, has := r.profile(p); has {
			r.result.Profiles = append(r.result.Profiles, one)
			asked = asked || p.Name == r.config.Profile && one.Earned
		}
	}
	return asked
}

// profile judges one; has is false where the catalogue holds nothing yet that would tell it from core.
func (r *record) profile(p fixtures.Profile) (one reports.Profile, has bool) {
	one = reports.Profile{Name: p.Name, Description: p.Description}
	wanted := map[string]bool{}
	for _, q := range p.Requirements(r.catalogue.Requirements, r.config.Dialect) {
		wanted[q.ID] = true
		if !slices.Contains(one.Capabilities, q.Capability) {
			one.Capabilities = append(one.Capabilities, q.Capability)
		}
	}
	one.Requirements = len(wanted)
	absent := r.absent(one.Capabilities)
	missed := 0
	for _, q := range r.result.Requirements {
		if !wanted[q.ID] {
			continue
		}
		verdict := q.Verdict
		if verdict == reports.ExpectedFailure && !r.byID[q.ID].Fails() { // what only warns is no worse for being declared
			verdict = reports.Warned
		}
		switch verdict {
		case reports.Failed, reports.Untestable, reports.ExpectedFailure:
			one.Failed = append(one.Failed, q.ID)
		case reports.Warned:
			one.Warned = append(one.Warned, q.ID)
		case reports.NotApplicable:
			// What the integration lacks counts where the profile is about it, and what it merely may have does not.
			if lacks := r.lacks[q.ID]; q.Level != "MAY" && slices.Contains(one.Capabilities, lacks) && absent[lacks] == "" {
				absent[lacks] = q.Reason
			}
		case reports.NotRun:
			missed++
		case reports.Passed, reports.UnexpectedPass:
			if !r.complete(q.ID) {
				missed++
			}
		}
	}
	var why []string
	if len(one.Failed) > 0 {
		why = append(why, some(one.Failed, 6)+" did not hold")
	}
	// Before all of it has run, nothing can be said to be absent.
	one.NotRun = len(why) == 0 && missed > 0
	if missed == 0 {
		for _, name := range one.Capabilities {
			if absent[name] != "" {
				why = append(why, absent[name])
			}
		}
	}
	if missed > 0 {
		why = append(why, fmt.Sprintf("%d of its %d requirements were not tried in full", missed, one.Requirements))
	}
	one.Earned = len(why) == 0
	one.Reason = strings.Join(why, "; ")
	return one, p.Name == "core" || slices.ContainsFunc(one.Capabilities, func(name string) bool { return name != "core" })
}

// absent says of each of the capabilities that was not seen why that is known.
func (r *record) absent(capabilities []string) map[string]string {
	why := map[string]string{}
	for _, c := range r.result.Capabilities {
		if slices.Contains(capabilities, c.Name) && !c.Seen {
			words := "was not seen"
			if ways := shows(r.config.Contract, c.Name); len(ways) > 0 {
				words += ", which would show by this: " + strings.Join(ways, ", or ")
			}
			why[c.Name] = "the capability " + c.Name + " " + words
		}
	}
	return why
}

// some names the first of the IDs and counts the others.
func some(ids []string, most int) string {
	if len(ids) <= most+1 {
		return strings.Join(ids, ", ")
	}
	return fmt.Sprintf("%s and %d others", strings.Join(ids[:most], ", "), len(ids)-most)
}
