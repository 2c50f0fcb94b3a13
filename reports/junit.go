package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The elements of JUnit XML as Jenkins, GitLab and GitHub read them. Counts are never set by hand: tally takes them from the elements.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Skipped  int          `xml:"skipped,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr"`
		File       string          `xml:"file,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property,omitempty"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitCase struct {
		Name       string          `xml:"name,attr"`
		Class      string          `xml:"classname,attr"`
		Time       string          `xml:"time,attr"`
		File       string          `xml:"file,attr,omitempty"`
		Line       int             `xml:"line,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property,omitempty"`
		Skipped    *junitOutcome   `xml:"skipped"`
		Error      *junitOutcome   `xml:"error"`
		Failure    *junitOutcome   `xml:"failure"`
		Out        string          `xml:"system-out,omitempty"`
		ms         float64
	}
	junitOutcome struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
)

// writeJUnit writes r as JUnit XML: a suite per feature, a case per scenario. A run that did not pass always has a failure or an error in it,
// even when no scenario of its own shows why. r must come from settle.
func writeJUnit(w io.Writer, r *Result) error {
	suites := junitSuites{Name: "deskcheck", Time: seconds(float64(r.DurationMs))}
	started := r.StartedAt.UTC().Format(time.RFC3339)
	facts := []junitProperty{
		{"contract", r.Contract}, {"dialect", r.Dialect}, {"host", r.Host}, {"integration", r.Integration.Name}, {"digest", r.Integration.Digest},
		{"browser", strings.TrimSpace(r.Browser.Kind + " " + r.Browser.Version)}, {"seed", strconv.FormatInt(r.Seed, 10)}, {"deskcheck", r.Tool.Version}, {"verdict", string(r.Verdict)},
	}
	if r.Desk != nil {
		facts = append(facts, junitProperty{"desk", r.Desk.String()})
	}
	for _, p := range r.Profiles {
		facts = append(facts, junitProperty{"profile:" + p.Name, profileInWords(p)})
	}
	at := map[string]int{} // file → index of its suite
	names := map[string]bool{}
	for _, s := range r.Scenarios {
		key := s.File + "\n" + s.Feature
		i, ok := at[key]
		if !ok {
			i = len(suites.Suites)
			at[key] = i
			suites.Suites = append(suites.Suites, junitSuite{Name: s.Feature, Timestamp: started, File: featurePath(s), Properties: facts})
		}
		c := testCase(s)
		// Rows of an outline may share a name, and readers take cases of one class and name for one case.
		if names[c.Class+"\n"+c.Name] {
			c.Name += fmt.Sprintf(" (line %d)", s.Line)
		}
		for n, base := 2, c.Name; names[c.Class+"\n"+c.Name]; n++ {
			c.Name = fmt.Sprintf("%s (%d)", base, n)
		}
		names[c.Class+"\n"+c.Name] = true
		suites.Suites[i].Cases = append(suites.Suites[i].Cases, c)
	}
	suites.tally()
	if r.Verdict != Passed && suites.Failures+suites.Errors == 0 {
		suites.Suites = append(suites.Suites, junitSuite{Name: "the run", Timestamp: started, Properties: facts, Cases: []junitCase{runCase(r)}})
		suites.tally()
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("junit.xml: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	suites.clean()
	if err := enc.Encode(suites); err != nil {
		return fmt.Errorf("junit.xml: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// testCase is the scenario in JUnit's three words, with the verdict itself as a property.
func testCase(s Scenario) junitCase {
	c := junitCase{
		Name: s.Name, Class: strings.ReplaceAll(strings.TrimSuffix(s.File, path.Ext(s.File)), "/", "."), ms: s.DurationMs, Time: seconds(s.DurationMs),
		File: featurePath(s), Line: s.Line, Properties: []junitProperty{{"verdict", string(s.Verdict)}, {"scenario", s.ID}},
	}
	if c.Class == "" {
		c.Class = s.Feature
	}
	if s.Own {
		c.Properties = append(c.Properties, junitProperty{"own", "true"})
	}
	for _, id := range s.Requirements {
		c.Properties = append(c.Properties, junitProperty{"requirement", id})
	}
	if s.FailsRun() { // the tags may have held: a violation on the way counts as well
		for _, id := range distinct(blamed(s)) {
			c.Properties = append(c.Properties, junitProperty{"failed", id})
		}
	}
	why := func(verdict Verdict) *junitOutcome {
		return &junitOutcome{Message: oneLine(reason(s)), Type: string(verdict), Text: "\n" + explanation(s)}
	}
	switch {
	case s.Verdict == Untestable:
		c.Error = why(Untestable)
	case s.Verdict == Failed, s.Verdict == UnexpectedPass:
		c.Failure = why(s.Verdict)
	case s.Differed:
		c.Failure = &junitOutcome{Message: oneLine(reason(s)), Type: "differed", Text: "\n" + explanation(s)}
	case s.Verdict == ExpectedFailure, s.Verdict == NotApplicable, s.Verdict == NotRun:
		c.Skipped = &junitOutcome{Message: string(s.Verdict) + ": " + oneLine(reason(s))}
	}
	switch {
	case s.Verdict == Warned:
		c.Out = "warned: " + visible(reason(s)) + "\n" + explanation(s)
	case s.Rerun:
		c.Out = "The browser died under this scenario once; this is its second run."
	}
	return c
}

// runCase stands for a failure that belongs to no scenario: the environment's, a requirement without a scenario, a declared failure that no longer is one.
func runCase(r *Result) junitCase {
	var lines []string
	for _, q := range r.Requirements {
		if q.Verdict.FailsRun() {
			lines = append(lines, fmt.Sprintf("%s %s: %s", q.ID, q.Verdict, oneLine(q.Reason)))
		}
	}
	for _, k := range r.KnownFailing {
		if k.Verdict.FailsRun() {
			lines = append(lines, fmt.Sprintf("%s %s: declared as known-failing (%s)", k.Requirement, k.Verdict, oneLine(k.Reason)))
		}
	}
	o := &junitOutcome{Message: oneLine(outcome(r)), Type: string(r.Verdict), Text: "\n" + strings.Join(lines, "\n") + "\n"}
	c := junitCase{Name: "verdict", Class: "deskcheck.run", Time: seconds(0), Properties: []junitProperty{{"verdict", string(r.Verdict)}}}
	if r.Problem != "" || len(r.Scenarios) == 0 {
		c.Error = o
	} else {
		c.Failure = o
	}
	return c
}

// reason is why the scenario did not pass, from wherever it is known.
func reason(s Scenario) string {
	if s.Reason != "" {
		return s.Reason
	}
	for _, c := range s.Checks {
		if c.Verdict == s.Verdict && c.Recorded != "" {
			return c.Requirement + ": " + c.Recorded
		}
	}
	if s.Differed {
		return "its runs disagreed"
	}
	return string(s.Verdict)
}

// featurePath is the feature file as it stands in the source tree, or where the user has it.
func featurePath(s Scenario) string {
	if s.File == "" || s.Own {
		return s.File
	}
	return "features/" + s.File
}

// tally counts the elements, suite by suite, and sums their times.
func (all *junitSuites) tally() {
	all.Tests, all.Failures, all.Errors, all.Skipped = 0, 0, 0, 0
	for i := range all.Suites {
		s := &all.Suites[i]
		s.Tests, s.Failures, s.Errors, s.Skipped = len(s.Cases), 0, 0, 0
		ms := 0.0
		for _, c := range s.Cases {
			ms += c.ms
			switch {
			case c.Error != nil:
				s.Errors++
			case c.Failure != nil:
				s.Failures++
			case c.Skipped != nil:
				s.Skipped++
			}
		}
		s.Time = seconds(ms)
		all.Tests, all.Failures, all.Errors, all.Skipped = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors, all.Skipped+s.Skipped
	}
}

// clean removes what no XML 1.0 document may hold from every text, and what a reader's log view would obey.
func (all *junitSuites) clean() {
	for i := range all.Suites {
		s := &all.Suites[i]
		s.Name, s.File = clean(s.Name), clean(s.File)
		s.Properties = cleanProperties(s.Properties)
		for j := range s.Cases {
			c := &s.Cases[j]
			c.Name, c.Class, c.File, c.Out = clean(c.Name), clean(c.Class), clean(c.File), clean(c.Out)
			c.Properties = cleanProperties(c.Properties)
			for _, o := range []*junitOutcome{c.Skipped, c.Error, c.Failure} {
				if o != nil {
					o.Message, o.Text = clean(o.Message), clean(o.Text)
				}
			}
		}
	}
}

func cleanProperties(properties []junitProperty) []junitProperty {
	cleaned := slices.Clone(properties)
	for i := range cleaned {
		cleaned[i].Value = clean(cleaned[i].Value)
	}
	return cleaned
}

// clean keeps the characters of XML 1.0 (production 2, Char) and shows the ones that act.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r >= 0x20 && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd && r != utf8.RuneError, r >= 0x10000 && r <= utf8.MaxRune:
			return r
		case r == utf8.RuneError:
			return '?'
		default:
			return -1
		}
	}, visible(s))
}

// seconds writes milliseconds as JUnit's seconds.
func seconds(ms float64) string { return strconv.FormatFloat(ms/1000, 'f', 3, 64) }
