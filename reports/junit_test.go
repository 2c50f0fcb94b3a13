package reports

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counted is JUnit XML as a reader sees it, which counts the elements itself.
type counted struct {
	Tests, Failures, Errors, Skipped int
	Suites                           []struct {
		Name                             string
		Tests, Failures, Errors, Skipped int
		Cases                            []readCase
	}
}

type readCase struct {
	Name, Class string
	Inside      []string
	Properties  map[string][]string
	Text        string
}

func readJUnit(t *testing.T, raw []byte) counted {
	t.Helper()
	var c counted
	number := func(e xml.StartElement, name string) (n int) {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				_, err := fmt.Sscan(a.Value, &n)
				require.NoError(t, err)
				return n
			}
		}
		t.Errorf("%s has no %s", e.Name.Local, name)
		return 0
	}
	value := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	d := xml.NewDecoder(bytes.NewReader(raw))
	inCase := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return c
		}
		require.NoError(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "testsuites":
				c.Tests, c.Failures, c.Errors, c.Skipped = number(e, "tests"), number(e, "failures"), number(e, "errors"), number(e, "skipped")
			case "testsuite":
				c.Suites = append(c.Suites, struct {
					Name                             string
					Tests, Failures, Errors, Skipped int
					Cases                            []readCase
				}{Name: value(e, "name"), Tests: number(e, "tests"), Failures: number(e, "failures"), Errors: number(e, "errors"), Skipped: number(e, "skipped")})
			case "testcase":
				inCase = true
				s := &c.Suites[len(c.Suites)-1]
				s.Cases = append(s.Cases, readCase{Name: value(e, "name"), Class: value(e, "classname"), Properties: map[string][]string{}})
				assert.Regexp(t, `^\d+\.\d{3}$`, value(e, "time"))
			case "property":
				if inCase {
					p := last(c).Properties
					p[value(e, "name")] = append(p[value(e, "name")], value(e, "value"))
				}
			case "failure", "error", "skipped", "system-out":
				last(c).Inside = append(last(c).Inside, e.Name.Local)
				last(c).Text += value(e, "message")
			}
		case xml.EndElement:
			if e.Name.Local == "testcase" {
				inCase = false
			}
		case xml.CharData:
			if inCase {
				last(c).Text += string(e)
			}
		}
	}
}

func last(c counted) *readCase {
	cases := c.Suites[len(c.Suites)-1].Cases
	return &cases[len(cases)-1]
}

// agree checks that every count is the number of elements.
func agree(t *testing.T, c counted) {
	t.Helper()
	var all [4]int
	for _, s := range c.Suites {
		var n [4]int
		for _, test := range s.Cases {
			n[0]++
			for i, element := range []string{"failure", "error", "skipped"} {
				for _, inside := range test.Inside {
					if inside == element {
						n[i+1]++
					}
				}
			}
		}
		assert.Equal(t, [4]int{s.Tests, s.Failures, s.Errors, s.Skipped}, n, s.Name)
		for i := range all {
			all[i] += n[i]
		}
	}
	assert.Equal(t, [4]int{c.Tests, c.Failures, c.Errors, c.Skipped}, all)
}

func junit(t *testing.T, r *Result) ([]byte, counted) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, writeJUnit(&b, settle(r)))
	c := readJUnit(t, b.Bytes())
	agree(t, c)
	return b.Bytes(), c
}

func TestJUnitSaysWhatEachScenarioIs(t *testing.T) {
	raw, c := junit(t, sample())
	assert.Equal(t, [4]int{15, 4, 1, 3}, [4]int{c.Tests, c.Failures, c.Errors, c.Skipped})
	assert.NotContains(t, string(raw), "<script>")
	assert.NotContains(t, string(raw), "\x1b")
	want := map[Verdict][]string{
		Passed: nil, Failed: {"failure"}, Warned: {"system-out"}, ExpectedFailure: {"skipped"}, UnexpectedPass: {"failure"}, NotApplicable: {"skipped"}, Untestable: {"error"}, NotRun: {"skipped"},
	}
	names := map[string]bool{}
	for _, s := range c.Suites {
		for _, test := range s.Cases {
			verdict := Verdict(test.Properties["verdict"][0])
			inside := test.Inside
			if strings.Contains(test.Text, "second run") {
				inside = nil // a rerun is told beside its verdict
			}
			assert.Equal(t, want[verdict], inside, test.Name)
			assert.NotEmpty(t, test.Properties["requirement"], test.Name)
			assert.True(t, strings.HasPrefix(test.Class, "ai-chat."), test.Class)
			assert.False(t, names[test.Class+test.Name], "readers take %s twice for one", test.Name)
			names[test.Class+test.Name] = true
			if test.Properties["scenario"][0] == "ai-chat/requesting/27" {
				assert.Equal(t, []string{"FLOW-03", "FLOW-09"}, test.Properties["requirement"])
				for _, words := range []string{"expected", "recorded  still pending", "hint", "▸ 84 ms  host → integration", "journals/ai-chat-requesting-27.ndjson"} {
					assert.Contains(t, test.Text, words)
				}
			}
		}
	}
}

// Counting by the order of string IDs loses failures once the IDs cross a power of ten ("10" sorts before "9"); ours are counted as elements.
func TestJUnitCountsAcrossPowersOfTen(t *testing.T) {
	r := sample()
	template := r.Scenarios[0]
	r.Scenarios = nil
	verdicts := Verdicts
	want := map[Verdict]int{}
	for line := 1; line <= 1203; line++ {
		s := template
		s.Line, s.ID, s.Verdict = line, fmt.Sprintf("ai-chat/factory/%d", line), verdicts[line%len(verdicts)]
		if line%100 == 0 {
			s.Verdict = Failed
		}
		want[s.Verdict]++
		r.Scenarios = append(r.Scenarios, s)
	}
	_, c := junit(t, r)
	assert.Equal(t, 1203, c.Tests)
	assert.Equal(t, want[Failed]+want[UnexpectedPass], c.Failures)
	assert.Equal(t, want[Untestable], c.Errors)
	assert.Equal(t, want[ExpectedFailure]+want[NotApplicable]+want[NotRun], c.Skipped)
	seen := map[string]bool{}
	for _, test := range c.Suites[0].Cases {
		assert.False(t, seen[test.Name], test.Name)
		seen[test.Name] = true
	}
}

func TestJUnitIsNeverGreenForAFailedRun(t *testing.T) {
	for name, r := range map[string]*Result{
		"nothing ran":                    {Verdict: Failed, ExitCode: ExitNotConformant},
		"the environment failed":         {Verdict: Failed, ExitCode: ExitEnvironment, Problem: "no browser \x1b[31m\x00\ufffe was found"},
		"only a requirement is failed":   {Verdict: Failed, Scenarios: []Scenario{{ID: "a/1", Verdict: Passed}}, Requirements: []Requirement{{ID: "FLOW-03", Verdict: Untestable, Reason: "no scenario"}}},
		"only the runs of one disagreed": {Verdict: Failed, Scenarios: []Scenario{{ID: "a/1", Verdict: Passed, Differed: true, Runs: 2}}},
		"a declared failure holds":       {Verdict: Failed, Scenarios: []Scenario{{ID: "a/1", Verdict: Passed}}, KnownFailing: []KnownFailing{{"FLOW-03", "later", UnexpectedPass}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, c := junit(t, r)
			assert.Positive(t, c.Failures+c.Errors)
		})
	}
	_, c := junit(t, large(2, 1))
	assert.Zero(t, c.Failures+c.Errors+c.Skipped)
}

func TestJUnitKeepsToTheCharactersOfXML(t *testing.T) {
	r := large(1, 1)
	var every strings.Builder
	for c := range rune(0x300) {
		every.WriteRune(c)
	}
	r.Scenarios[0].Name = every.String() + "\ufffe\uffff\ud7ff\U0010ffff\xff]]>"
	r.Scenarios[0].Requirements = []string{r.Scenarios[0].Name}
	raw, c := junit(t, r)
	assert.Equal(t, 1, c.Tests)
	assert.NotContains(t, string(raw), "\ufffd")
	for _, char := range string(raw) {
		assert.True(t, char == '\n' || char >= 0x20 && char <= 0xd7ff || char >= 0xe000 && char <= 0xfffd || char >= 0x10000, "%U", char)
	}
}
