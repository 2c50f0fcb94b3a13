package deskcheck

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"deskcheck/fixtures"
)

// Traceability ties what the contract says to the scenarios that prove it and to the broken integrations that show each proof can fail.
type Traceability struct {
	// Contract is the one that it is of; empty is ai-chat.
	Contract string
	// Requirements are those of the dialect, in the catalogue's order.
	Requirements []fixtures.Requirement
	// Scenarios are all scenarios of the contract, in the order of the features.
	Scenarios []ScenarioInfo
	// Broken are the integrations that selftest runs.
	Broken []fixtures.BrokenIntegration
	// Profiles are those of the dialect, in the order of their file.
	Profiles []fixtures.Profile
}

// ReadTraceability gathers it for the contract and dialect of a configuration, whatever the configuration selects. A contract can be read before it has a scenario.
func ReadTraceability(c Config) (Traceability, error) {
	c = c.withDefaults()
	profiles, err := Profiles(c)
	if err != nil {
		return Traceability{}, err
	}
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	if err != nil {
		return Traceability{}, err
	}
	all, err := scenarios(c, catalogue)
	if err != nil {
		return Traceability{}, err
	}
	t := Traceability{Contract: c.Contract, Requirements: requirementsIn(c.Contract, c.Dialect), Scenarios: infosOf(all, catalogue.Requirements), Profiles: profiles}
	if t.Broken, err = brokenFor(c.Contract); err != nil {
		return Traceability{}, err
	}
	return t, nil
}

// Subject is what people call the object under test.
func (t Traceability) Subject() string {
	switch t.Contract {
	case contractAgentManager:
		return "agent desk"
	case contractDigitalConnect:
		return "connector"
	}
	return "integration"
}

// Reference is the kit's own that keeps the contract, below fixtures.
func (t Traceability) Reference() string {
	switch t.Contract {
	case contractAgentManager:
		return referenceDesk
	case contractDigitalConnect:
		return "connectors/reference"
	}
	return "integrations/reference"
}

// Others says whom a requirement binds that no scenario can be about, because the kit plays that side: "the agent manager", "Talkdesk". It is empty for all others.
func (t Traceability) Others(r fixtures.Requirement) string { return othersOf(t.Contract, r) }

// Uncovered returns the requirements of the dialect that no scenario proves although a run could see them, in the catalogue's order.
func (t Traceability) Uncovered() []fixtures.Requirement {
	return slices.DeleteFunc(slices.Clone(t.Requirements), func(r fixtures.Requirement) bool {
		return r.ByReading || t.Others(r) != "" || len(t.Proving(r.ID)) > 0
	})
}

// Explanation is everything that is known of one requirement.
type Explanation struct {
	Requirement fixtures.Requirement
	// Scenarios prove it. Broken violate it on purpose; AlsoBroken violate another one and take it down with them.
	Scenarios          []ScenarioInfo
	Broken, AlsoBroken []fixtures.BrokenIntegration
}

// Explain returns what is known of a requirement; the case of its ID does not count. An ID that does not exist is a *UserError with the closest.
func (t Traceability) Explain(id string) (Explanation, error) {
	i := slices.IndexFunc(t.Requirements, func(r fixtures.Requirement) bool { return strings.EqualFold(r.ID, id) })
	if i < 0 {
		return Explanation{}, &UserError{Err: fmt.Errorf("there is no requirement %s; closest: %s", quoteWord(id), strings.Join(Closest(id, t.IDs(), 3), ", ")), Fix: `"deskcheck list requirements` + ContractFlag(t.Contract) + `" prints them all`}
	}
	e := Explanation{Requirement: t.Requirements[i]}
	e.Scenarios = t.Proving(e.Requirement.ID)
	for _, b := range t.Broken {
		switch {
		case b.Breaks == e.Requirement.ID:
			e.Broken = append(e.Broken, b)
		case slices.Contains(b.With, e.Requirement.ID):
			e.AlsoBroken = append(e.AlsoBroken, b)
		}
	}
	return e, nil
}

// IDs returns the IDs of all requirements, in the catalogue's order.
func (t Traceability) IDs() []string {
	ids := make([]string, 0, len(t.Requirements))
	for _, r := range t.Requirements {
		ids = append(ids, r.ID)
	}
	return ids
}

// Breakable returns the IDs for which there is a broken integration, in the catalogue's order.
func (t Traceability) Breakable() []string {
	return slices.DeleteFunc(t.IDs(), func(id string) bool {
		return !slices.ContainsFunc(t.Broken, func(b fixtures.BrokenIntegration) bool { return b.Breaks == id })
	})
}

// Proving returns the scenarios that are tagged with a requirement.
func (t Traceability) Proving(id string) []ScenarioInfo {
	var proving []ScenarioInfo
	for _, s := range t.Scenarios {
		if slices.Contains(bareTags(s.Tags), id) {
			proving = append(proving, s)
		}
	}
	return proving
}

// Selectables returns what a selection can choose from.
func (t Traceability) Selectables() []Selectable {
	all := make([]Selectable, 0, len(t.Scenarios))
	for _, s := range t.Scenarios {
		all = append(all, s.Selectable)
	}
	return all
}

// FeatureInfo is a feature with what it proves.
type FeatureInfo struct {
	// Word selects it (deskcheck run WORD), Name is its title, File its path below features/.
	Word, Name, File string
	// Scenarios counts them; Requirements are the IDs they are tagged with, in the catalogue's order.
	Scenarios    int
	Requirements []string
}

// Features returns the features in the order of their scenarios.
func (t Traceability) Features() []FeatureInfo {
	var features []FeatureInfo
	tags := map[string][]string{}
	for _, s := range t.Scenarios {
		i := slices.IndexFunc(features, func(f FeatureInfo) bool { return f.File == s.File })
		if i < 0 {
			i = len(features)
			features = append(features, FeatureInfo{Word: path.Base(strings.TrimSuffix(s.File, ".feature")), Name: s.Feature, File: s.File})
		}
		features[i].Scenarios++
		tags[s.File] = append(tags[s.File], bareTags(s.Tags)...)
	}
	for i := range features {
		for _, r := range t.Requirements {
			if slices.Contains(tags[features[i].File], r.ID) {
				features[i].Requirements = append(features[i].Requirements, r.ID)
			}
		}
	}
	return features
}

// CapabilityInfo is an optional part of the contract; "core" is the part that is not.
type CapabilityInfo struct {
	Name string
	// Requirements and Scenarios count those that belong to it.
	Requirements, Scenarios int
	// Shows are the ways in which an integration is seen to have it, such as "it has areAnyAgentsOnline"; empty where nothing tells but that its requirements hold.
	Shows []string
}

// ProfileInfo is a profile with what it rests on.
type ProfileInfo struct {
	fixtures.Profile

	// Requirements counts those that bind the integration, Scenarios those that --profile runs.
	Requirements, Scenarios int
}

// ProfileInfos returns the profiles that the catalogue can tell from core, in the order of their file.
func (t Traceability) ProfileInfos(dialect string) []ProfileInfo {
	var all []ProfileInfo
	for _, p := range t.Profiles {
		wanted := p.Requirements(t.Requirements, dialect)
		of := func(id string) bool {
			return slices.ContainsFunc(wanted, func(r fixtures.Requirement) bool { return r.ID == id })
		}
		one := ProfileInfo{Profile: p, Requirements: len(wanted)}
		for _, s := range t.Scenarios {
			if slices.ContainsFunc(bareTags(s.Tags), of) {
				one.Scenarios++
			}
		}
		if p.Name == "core" || slices.ContainsFunc(wanted, func(r fixtures.Requirement) bool { return r.Capability != "core" }) {
			all = append(all, one)
		}
	}
	return all
}

// Capabilities returns the capabilities in the order in which the catalogue first names them.
func (t Traceability) Capabilities() []CapabilityInfo {
	var all []CapabilityInfo
	for _, r := range t.Requirements {
		i := slices.IndexFunc(all, func(c CapabilityInfo) bool { return c.Name == r.Capability })
		if i < 0 {
			i = len(all)
			all = append(all, CapabilityInfo{Name: r.Capability, Shows: shows(t.Contract, r.Capability)})
		}
		all[i].Requirements++
	}
	for i := range all {
		for _, s := range t.Scenarios {
			if slices.Contains(s.Capabilities, all[i].Name) {
				all[i].Scenarios++
			}
		}
	}
	return all
}
