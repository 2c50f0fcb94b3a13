package reports

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

//go:embed report.html.tmpl
var pageTemplate string

//go:embed report.css
var pageStyle string

//go:embed report.js
var pageScript string

//go:embed diagram.js
var diagramScript string

// How much one page may carry, in bytes: it is meant to open at once, and what is cut stands in full in the journals beside it.
const (
	payloadBudget    = 3 << 19
	screenshotBudget = 1 << 19
	// openAtFirst is the most failed scenarios that stand open when the page is opened. Where there are more, none does: a link to one would land far below.
	openAtFirst = 10
	// sharedPayload is the least size in bytes at which a payload that comes again is kept once for the whole page.
	sharedPayload = 48
	// entriesInPage is the most entries of one scenario that the page holds.
	entriesInPage = 400
)

// payloadCaps are the sizes in bytes at which a payload is cut: of scenarios in which something new failed and of others. The first pair that stays within the budget is taken.
var payloadCaps = [][2]int{{16 << 10, 4 << 10}, {8 << 10, 1 << 10}, {4 << 10, 400}, {1 << 10, 120}, {200, 0}}

// page is read when it is needed: most that the kit does is without a report.
var page = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("report").Funcs(template.FuncMap{
		"mark": Verdict.Mark, "ms": milliseconds, "visible": visible, "oneLine": oneLine, "thousands": thousands, "trim": strings.TrimSpace,
		"class":  func(v Verdict) string { return "v-" + strings.ReplaceAll(string(v), " ", "-") },
		"plural": plural,
		"tone":   profileTone,
		"float":  func(n int64) float64 { return float64(n) },
	}).Parse(pageTemplate))
})

// view is what the page's template shows.
type view struct {
	*Result
	Title, Outcome string
	Tone           string // passed, failed or problem: the colour of the head
	Attention      []requirementView
	Requirements   []requirementView // the catalogue's, and what checks name beside them
	Listed         map[string]bool   // the IDs in Requirements, which can be linked to
	Areas          []string
	Verdicts       []Verdict // those that some requirement has
	Counts         []countView
	Claims         bool   // some capability is claimed
	Digested       string // what the digest is of
	Features       []featureView
	Shared         template.JS // the payloads that come more than once, as JSON
	Style          template.CSS
	Script         template.JS
	Policy         string
}

// digested says what Integration.Digest is of.
func digested(r *Result) string {
	switch {
	case r.Subject() == "connector":
		return "the connector and its settings"
	case r.Subject() == "agent desk":
		return "the desk"
	case strings.Contains(r.Host, "://"):
		return "the page's HTML"
	}
	return "the bundle"
}

type countView struct {
	Name  string
	Yours bool // of the user's own features
	Total int
	Of    []struct {
		Verdict Verdict
		N       int
	}
}

type requirementView struct {
	Requirement

	Found       found
	Links, More []linkView // the scenarios, the telling ones first; More are those behind the first few
}

type linkView struct {
	ID, Anchor, Name string
	Verdict          Verdict // of the requirement in this scenario, which may have failed through another
}

type featureView struct {
	Name, File string
	Scenarios  []scenarioView
	Yours      bool // the first of the user's own
}

type scenarioView struct {
	Scenario
	Anchor   string
	Open     bool
	Blamed   []string // the requirements to which it owes its verdict
	Findings []findingView
	Held     []string // requirements that passed here
	Image    template.URL
	Journal  template.JS // the data of the diagram, as JSON
	Entries  int
}

type findingView struct {
	Check
	Statement string
}

// writeHTML writes r as one page that needs nothing else: no server, no network, no other file. All that an integration or a desk had a say in is escaped by the
// template or set as text by the script, and the page's own policy forbids any script but its own. r must come from settle.
func writeHTML(w io.Writer, r *Result) error {
	script := diagramScript + pageScript
	sum := sha256.Sum256([]byte(script))
	v := view{
		Result: r, Outcome: sentence(r), Listed: map[string]bool{}, Style: template.CSS(pageStyle), Script: template.JS(script), //nolint:gosec // both are ours, embedded
		Policy: "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
	}
	v.Title, v.Tone = headline(r)
	v.Counts = counts(r)
	v.Digested = digested(r)
	v.Claims = slices.ContainsFunc(r.Capabilities, func(c Capability) bool { return c.Claimed })
	anchors, byID := anchorsOf(r)
	every := everyRequirement(r)
	findings := findingsByRequirement(r, every)
	links := func(q Requirement, scenarios []string) (all []linkView) {
		for _, id := range scenarios {
			link := linkView{ID: id}
			if i, ok := byID[id]; ok {
				link.Anchor, link.Name, link.Verdict = anchors[i], r.Scenarios[i].Name, verdictOn(r.Scenarios[i], q.ID)
			}
			all = append(all, link)
		}
		return all
	}
	for _, q := range rootsFirst(every) {
		if q.Verdict.FailsRun() {
			v.Attention = append(v.Attention, linked(q, findings[q.ID], links(q, findings[q.ID].Scenarios)))
		}
	}
	for _, q := range every {
		all := links(q, q.Scenarios)
		slices.SortStableFunc(all, func(a, b linkView) int { return telling(b.Verdict) - telling(a.Verdict) })
		v.Requirements = append(v.Requirements, linked(q, findings[q.ID], all))
		v.Listed[q.ID] = true
		if !slices.Contains(v.Areas, q.Area) {
			v.Areas = append(v.Areas, q.Area)
		}
	}
	for _, verdict := range Verdicts {
		if r.Summary.Requirements[verdict]+r.Summary.Scenarios[verdict]+r.Summary.Own[verdict] > 0 {
			v.Verdicts = append(v.Verdicts, verdict)
		}
	}
	news := newsIn(r)
	journals, shared, err := journalsFor(r, news)
	if err != nil {
		return fmt.Errorf("index.html: %w", err)
	}
	v.Shared = template.JS(shared) //nolint:gosec // encoding/json escapes what could end the element
	v.Features = features(r, every, anchors, journals, news)
	if err := page().Execute(w, v); err != nil {
		return fmt.Errorf("index.html: %w", err)
	}
	return nil
}

// linked is the requirement with its links, all but the first few of them behind a fold.
func linked(q Requirement, f found, links []linkView) requirementView {
	const first = 4
	if len(links) <= first+1 {
		return requirementView{Requirement: q, Found: f, Links: links}
	}
	return requirementView{Requirement: q, Found: f, Links: links[:first], More: links[first:]}
}

// newsIn tells of each scenario whether it is the first to show something that failed. The others say the same again: the page holds less of what they recorded.
func newsIn(r *Result) []bool {
	m, news := newMemory(), make([]bool, len(r.Scenarios))
	for i, s := range r.Scenarios {
		fresh, again := m.divide(s)
		news[i] = s.FailsRun() && (len(fresh) > 0 || again == "")
	}
	return news
}

// telling orders scenarios by how much they say about a requirement's verdict.
func telling(v Verdict) int {
	switch {
	case v.FailsRun():
		return 2
	case v == Passed:
		return 0
	default:
		return 1
	}
}

// headline is the page's first sentence and its tone.
func headline(r *Result) (title, tone string) {
	name := oneLine(clip(r.Integration.Name, 200))
	if name == "" {
		name = oneLine(r.Integration.Source)
	}
	if name == "" {
		name = "The " + r.Subject()
	}
	switch {
	case r.Problem != "":
		return "The run could not tell whether " + name + " keeps the contract", "problem"
	case r.Verdict == Passed && len(r.Selection) > 0:
		return name + " keeps what was selected of the " + r.Contract + " contract", "passed"
	case r.Verdict == Passed:
		return name + " keeps the " + r.Contract + " contract", "passed"
	case Count(r).Requirements[Failed]+len(outside(r)) == 0 && Count(r).Own[Failed] > 0:
		return name + " does not pass your own features", "failed"
	case Count(r).Requirements[Failed]+len(outside(r)) == 0:
		return name + " cannot be certified as it stands", "failed"
	default:
		return name + " does not keep the " + r.Contract + " contract", "failed"
	}
}

// sentence is the outcome as a sentence that stands alone: where the environment failed, the headline has said so already.
func sentence(r *Result) string {
	s := []rune(outcome(r))
	if r.Problem != "" {
		s = []rune(strings.TrimRight(r.Problem, ". \n"))
	}
	if len(s) > 0 {
		s[0] = unicode.ToUpper(s[0])
	}
	return string(s) + "."
}

func counts(r *Result) []countView {
	all := []countView{{Name: "requirement", Total: len(r.Requirements)}, {Name: "scenario", Total: total(r.Summary.Scenarios)}}
	tallies := []map[Verdict]int{r.Summary.Requirements, r.Summary.Scenarios}
	if r.Summary.Own != nil {
		all = append(all, countView{Name: "scenario", Yours: true, Total: total(r.Summary.Own)})
		tallies = append(tallies, r.Summary.Own)
	}
	for i, of := range tallies {
		for _, v := range Verdicts {
			if of[v] > 0 {
				all[i].Of = append(all[i].Of, struct {
					Verdict Verdict
					N       int
				}{v, of[v]})
			}
		}
	}
	return all
}

// anchorsOf gives each scenario its place in the page, and the index of each ID.
func anchorsOf(r *Result) (anchors []string, byID map[string]int) {
	anchors, byID = stems(r.Scenarios), map[string]int{}
	for i := range anchors {
		anchors[i] = "s-" + anchors[i]
		byID[r.Scenarios[i].ID] = i
	}
	return anchors, byID
}

// features gathers the scenarios below their features, in the order in which the features first appear.
func features(r *Result, requirements []Requirement, anchors []string, journals [][]byte, news []bool) []featureView {
	statements := map[string]string{}
	for _, q := range requirements {
		statements[q.ID] = q.Statement
	}
	failed := 0
	for _, s := range r.Scenarios {
		if s.FailsRun() {
			failed++
		}
	}
	room, own := screenshotBudget, false
	var all []featureView
	at := map[string]int{}
	for i, s := range r.Scenarios {
		key := s.File + "\n" + s.Feature
		n, ok := at[key]
		if !ok {
			n = len(all)
			at[key] = n
			all = append(all, featureView{Name: s.Feature, File: featurePath(s), Yours: s.Own && !own})
			own = own || s.Own
		}
		sv := scenarioView{Scenario: s, Anchor: anchors[i], Open: s.FailsRun() && failed <= openAtFirst, Blamed: blamed(s), Journal: template.JS(journals[i]), Entries: len(s.Evidence.Entries)} //nolint:gosec // encoding/json escapes what could end the element
		for _, c := range s.Checks {
			if c.Verdict == Passed {
				if !slices.Contains(sv.Held, c.Requirement) {
					sv.Held = append(sv.Held, c.Requirement)
				}
				continue
			}
			if c.Expected == statements[c.Requirement] { // said once is enough
				c.Expected = ""
			}
			sv.Findings = append(sv.Findings, findingView{c, statements[c.Requirement]})
			if c.Recorded != "" && strings.Contains(sv.Reason, c.Recorded) { // the finding says it, with what was expected
				sv.Reason = ""
			}
		}
		if size := len(s.Evidence.Image); size > 0 && size <= room && news[i] {
			room -= size
			sv.Image = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(s.Evidence.Image)) //nolint:gosec // base64 of bytes
		}
		all[n].Scenarios = append(all[n].Scenarios, sv)
	}
	return all
}

// pageJournal is what the page's script draws a scenario from.
type pageJournal struct {
	File  string `json:"file"`
	Total int    `json:"total"`
	// Entries are in order of time. Each is [seq, atMs, kind, from, to, name, ref, chat, widget, requirement, note, payload, bytes cut, outcome], trailing empties left out.
	// A payload that is a number is the place of the text in the page's list of shared ones.
	Entries [][]any `json:"entries"`
	// Cast are the parties from left to right where it is a connector that is tried; empty for a contract that has other parties.
	Cast []string `json:"cast,omitempty"`
	// Desks are the parties where people work, in the order in which they appear; empty for a contract that has other parties.
	Desks []string    `json:"desks,omitempty"`
	Steps []pageStep  `json:"steps"`
	Shows map[int]any `json:"shows"` // Seq of the entries that findings point at → requirement
}

type pageStep struct {
	Text   string `json:"text"`
	Status string `json:"status"`
	First  int    `json:"first,omitempty"`
	Last   int    `json:"last,omitempty"`
}

// journalsFor makes the diagrams' data of all scenarios and the list of the payloads that they share, cutting payloads until all fit the budget.
// It is JSON that is fit to stand in a script element: encoding/json escapes <, > and &.
func journalsFor(r *Result, news []bool) (all [][]byte, shared []byte, err error) {
	for _, caps := range payloadCaps {
		journals := make([]pageJournal, len(r.Scenarios))
		for i, s := range r.Scenarios {
			limit := caps[1]
			if news[i] {
				limit = caps[0]
			}
			journals[i] = journalFor(s, limit)
			switch r.Contract {
			case contractDesks:
				journals[i].Desks = desksIn(s.Evidence.Entries)
			case contractConnectors:
				journals[i].Cast = castIn(s.Evidence.Entries)
			}
		}
		if shared, err = json.Marshal(share(journals)); err != nil {
			return nil, nil, fmt.Errorf("the payloads: %w", err)
		}
		total := len(shared)
		all = make([][]byte, len(journals))
		for i, j := range journals {
			if all[i], err = json.Marshal(j); err != nil {
				return nil, nil, fmt.Errorf("the diagram of %s: %w", r.Scenarios[i].ID, err)
			}
			total += len(all[i])
		}
		if total <= payloadBudget {
			break
		}
	}
	return all, shared, nil
}

// payloadColumn is where the payload stands in an entry of a pageJournal.
const payloadColumn = 11

// share puts the payloads that come more than once into one list, and their places where they stood.
func share(journals []pageJournal) []string {
	counts := map[string]int{}
	each := func(do func(row []any, payload string)) {
		for _, j := range journals {
			for _, row := range j.Entries {
				if len(row) <= payloadColumn {
					continue
				}
				if payload, ok := row[payloadColumn].(string); ok && len(payload) >= sharedPayload {
					do(row, payload)
				}
			}
		}
	}
	each(func(_ []any, payload string) { counts[payload]++ })
	list, at := []string{}, map[string]int{}
	each(func(row []any, payload string) {
		if counts[payload] < 2 {
			return
		}
		i, known := at[payload]
		if !known {
			i = len(list)
			at[payload], list = i, append(list, payload)
		}
		row[payloadColumn] = i
	})
	return list
}

// desksIn are the desks of a journal, in the order in which they appear.
func desksIn(entries []Entry) []string {
	var desks []string
	for _, e := range byTime(entries) {
		for _, party := range []string{e.From, e.To} {
			if strings.HasSuffix(party, "'s desk") && !slices.Contains(desks, party) {
				desks = append(desks, party)
			}
		}
	}
	return desks
}

// connectorsCast are those who take part in every scenario of a connector, from left to right; users stand before them.
var connectorsCast = []string{"connector", "identity", "api", "storage", "webhook", "agent"}

// castIn are the parties of a connector's journal: the users in the order in which they appear, and then those of connectorsCast that appear.
func castIn(entries []Entry) []string {
	var users, others []string
	there := map[string]bool{}
	for _, e := range byTime(entries) {
		for _, party := range []string{e.From, e.To} {
			if !there[party] && party != "" && party != "kit" && !slices.Contains(connectorsCast, party) {
				users = append(users, party)
			}
			there[party] = true
		}
	}
	for _, party := range connectorsCast {
		if there[party] {
			others = append(others, party)
		}
	}
	return slices.Concat(users, others)
}

// journalFor is one scenario's data, its payloads cut to limit bytes.
func journalFor(s Scenario, limit int) pageJournal {
	j := pageJournal{File: s.Evidence.Journal, Total: len(s.Evidence.Entries), Entries: [][]any{}, Steps: []pageStep{}, Shows: map[int]any{}}
	first := 0 // the earliest entry that a finding points at
	for _, c := range s.Checks {
		if c.Entry > 0 && c.Verdict != Passed {
			j.Shows[c.Entry] = c.Requirement
			if first == 0 || c.Entry < first {
				first = c.Entry
			}
		}
	}
	for _, step := range s.Steps {
		j.Steps = append(j.Steps, pageStep{strings.TrimSpace(step.Keyword) + " " + oneLine(step.Text), step.Status, step.FirstEntry, step.LastEntry})
	}
	for _, e := range excerptFor(byTime(s.Evidence.Entries), first) {
		data, most := string(e.Data), limit
		if e.Kind == "screen" { // large, many, and not what anyone looks at first
			most /= 4
		}
		cut := 0
		if len(data) > most {
			data = clip(data, most)
			cut = len(e.Data) - len(data)
		}
		row := []any{e.Seq, round(e.AtMs), e.Kind, e.From, e.To, e.Name, e.Ref, e.Chat, e.Widget, e.Requirement, clip(e.Note, 1000), data, cut, came(e)}
		for n := len(row) - 1; n > 5 && (row[n] == "" || row[n] == 0); n-- {
			row = row[:n]
		}
		j.Entries = append(j.Entries, row)
	}
	return j
}

// came is what came of a call, a callback or a request, in a word: fulfilled, rejected, threw, or the status of the response.
func came(e Entry) string {
	var payload struct {
		Outcome string `json:"outcome"`
		Status  int    `json:"status"`
	}
	if json.Unmarshal(e.Data, &payload) != nil { // another shape: then the word is not known
		return ""
	}
	switch e.Kind {
	case "settled", "returned":
		return payload.Outcome
	case "response":
		if payload.Status == 0 {
			return "no answer to"
		}
		return strconv.Itoa(payload.Status)
	default:
		return ""
	}
}

// excerptFor cuts a long journal to what the page may hold: around the entry with the given Seq, the beginning without one.
func excerptFor(ordered []Entry, seq int) []Entry {
	if len(ordered) <= entriesInPage {
		return ordered
	}
	at := max(0, slices.IndexFunc(ordered, func(e Entry) bool { return e.Seq == seq }))
	from := min(max(0, at-entriesInPage*3/4), len(ordered)-entriesInPage)
	return ordered[from : from+entriesInPage]
}
