// Package steps runs the scenarios of the features: it parses them, gives each a World of its own (a tab, a desk, a journal, a clock) and executes it.
// What the sentences mean is in the packages below it, one per contract.
package steps

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	gherkin "github.com/cucumber/gherkin/go/v26"
	messages "github.com/cucumber/messages/go/v21"
)

// Scenario is one executable scenario: a row of an outline is one of its own.
type Scenario struct {
	// ID is the feature file without its ending, a slash and the line of the scenario or row: "requesting/42".
	ID string
	// Feature is the feature's title, File its path below the features directory.
	Feature string
	File    string
	Line    int
	Name    string
	// Requirements are the IDs among the tags, in the order of the file.
	Requirements []string
	// Tags are all tags with their @.
	Tags  []string
	Steps []Step
	// Own says that it comes from the user's own features: it proves nothing of the contract.
	Own bool
}

// Step is one sentence.
type Step struct {
	// Keyword is as written: Given, When, Then, And, But.
	Keyword string
	// Type is what the keyword stands for after And and But are resolved.
	Type messages.PickleStepType
	Text string
	// Line is where it stands in its file.
	Line int
	// DocString and Table are the argument below the sentence; at most one is set.
	DocString *messages.PickleDocString
	Table     *messages.PickleTable
}

// Argument is the doc string or table as a reader sees it, empty if there is none.
func (s Step) Argument() string {
	var b strings.Builder
	switch {
	case s.DocString != nil:
		b.WriteString(s.DocString.Content)
	case s.Table != nil:
		for i, row := range s.Table.Rows {
			if i > 0 {
				b.WriteByte('\n')
			}
			b.WriteByte('|')
			for _, cell := range row.Cells {
				b.WriteString(" " + cell.Value + " |")
			}
		}
	}
	return b.String()
}

// Parse reads every *.feature file of a folder of fsys, in the order of their names. An error names the file and what the parser says of it.
func Parse(fsys fs.FS, folder string) ([]Scenario, error) {
	files, err := fs.Glob(fsys, path.Join(folder, "*.feature"))
	if err != nil {
		return nil, fmt.Errorf("list the features of %s: %w", folder, err)
	}
	slices.Sort(files)
	var all []Scenario
	for _, file := range files {
		source, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("read feature %s: %w", file, err)
		}
		scenarios, err := parseFile(file, source)
		if err != nil {
			return nil, err
		}
		all = append(all, scenarios...)
	}
	return all, nil
}

// OwnPrefix begins the ID of each scenario from the user's own features.
const OwnPrefix = "yours/"

// ParseOwn reads every *.feature file in a folder of the user's and in those below it, in the order of their paths. Their scenarios carry tags, and no requirements, and an ID
// that begins with OwnPrefix; File is the path as the user would name it. An error names the file, and the line where it does not parse.
func ParseOwn(dir string) ([]Scenario, error) {
	var all []Scenario
	var problems []error
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(file) != ".feature" {
			return err
		}
		source, err := os.ReadFile(file) //nolint:gosec // The user names their own folder.
		if err != nil {
			return err
		}
		scenarios, err := parseFile(filepath.ToSlash(file), source)
		if err != nil {
			problems = append(problems, err)
			return nil
		}
		relative, err := filepath.Rel(dir, file)
		if err != nil {
			return err
		}
		for _, s := range scenarios {
			s.Own, s.Requirements = true, nil
			s.ID = fmt.Sprintf("%s%s/%d", OwnPrefix, strings.TrimSuffix(filepath.ToSlash(relative), ".feature"), s.Line)
			all = append(all, s)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, errors.Join(problems...)
}

// where is how the parser begins a complaint: the place, in parentheses.
var where = regexp.MustCompile(`\((\d+):(\d+)\): `)

// expectation is how the parser says what it expected, by the names of its tokens, and what it found.
var expectation = regexp.MustCompile(`expected: (#\w+(?:, #\w+)*)(?:, got '(.*)')?$`)

// tokenWords are the tokens of the parser in the words of who writes features. Blank lines may stand anywhere.
var tokenWords = map[string]string{
	"#EOF": "the end", "#FeatureLine": `"Feature:"`, "#BackgroundLine": `"Background:"`, "#ScenarioLine": `"Scenario:"`, "#ExamplesLine": `"Examples:"`, "#RuleLine": `"Rule:"`,
	"#StepLine": "a step", "#TableRow": "a row of a table", "#DocStringSeparator": `"""`, "#TagLine": "tags", "#Comment": "a comment", "#Language": `"# language:"`, "#Other": "a description", "#Empty": "",
}

// inWords says a complaint of the parser without the names of its tokens.
func inWords(complaint string) string {
	at := expectation.FindStringSubmatchIndex(complaint)
	if at == nil {
		return complaint
	}
	var expected []string
	for token := range strings.SplitSeq(complaint[at[2]:at[3]], ", ") {
		words, known := tokenWords[token]
		if !known {
			words = strings.TrimPrefix(token, "#")
		}
		if words != "" {
			expected = append(expected, words)
		}
	}
	words := complaint[:at[0]] + "expected " + strings.Join(expected, ", ")
	if last := len(expected) - 1; last > 0 {
		words = complaint[:at[0]] + "expected " + strings.Join(expected[:last], ", ") + " or " + expected[last]
	}
	if at[4] >= 0 {
		words += ", found " + strconv.Quote(strings.TrimSpace(complaint[at[4]:at[5]]))
	}
	return words
}

// unparsed says each complaint of the parser with the file and its line.
func unparsed(file string, err error) error {
	var all []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if at := where.FindStringSubmatch(line); at != nil {
			_, words, _ := strings.Cut(line, at[0])
			all = append(all, fmt.Errorf("%s:%s:%s: not valid Gherkin: %s", file, at[1], at[2], inWords(words)))
		}
	}
	if len(all) == 0 {
		return fmt.Errorf("%s: not valid Gherkin: %w", file, err)
	}
	return errors.Join(all...)
}

func parseFile(file string, source []byte) ([]Scenario, error) {
	ids := (&messages.Incrementing{}).NewId
	document, err := gherkin.ParseGherkinDocument(bytes.NewReader(source), ids)
	if err != nil {
		return nil, unparsed(file, err)
	}
	if document.Feature == nil {
		return nil, fmt.Errorf("%s: holds no feature", file)
	}
	ast := indexOf(document)
	var scenarios []Scenario
	for _, pickle := range gherkin.Pickles(*document, file, ids) {
		// The last node is the row of an outline, if there is one: that is where a reader looks.
		line := ast.lines[pickle.AstNodeIds[len(pickle.AstNodeIds)-1]]
		s := Scenario{
			ID:      fmt.Sprintf("%s/%d", strings.TrimSuffix(path.Base(file), ".feature"), line),
			Feature: document.Feature.Name, File: file, Line: line, Name: pickle.Name,
		}
		for _, tag := range pickle.Tags {
			s.Tags = append(s.Tags, tag.Name)
			if id := strings.TrimPrefix(tag.Name, "@"); isRequirementID(id) {
				s.Requirements = append(s.Requirements, id)
			}
		}
		for _, step := range pickle.Steps {
			one := Step{Keyword: ast.keywords[step.AstNodeIds[0]], Type: step.Type, Text: step.Text, Line: ast.lines[step.AstNodeIds[0]]}
			if step.Argument != nil {
				one.DocString, one.Table = step.Argument.DocString, step.Argument.DataTable
			}
			s.Steps = append(s.Steps, one)
		}
		if len(s.Steps) == 0 {
			return nil, fmt.Errorf("%s:%d: scenario %q has no steps", file, line, pickle.Name)
		}
		scenarios = append(scenarios, s)
	}
	return scenarios, nil
}

// isRequirementID tells FLOW-03 from a tag that only groups scenarios.
func isRequirementID(s string) bool {
	cut := strings.LastIndexByte(s, '-')
	if cut < 1 {
		return false
	}
	area, number := s[:cut], s[cut+1:]
	return area == strings.ToUpper(area) && len(number) == 2 && strings.Trim(number, "0123456789") == ""
}

// syntax holds what a pickle no longer knows of the document that it came from.
type syntax struct {
	lines    map[string]int
	keywords map[string]string
}

func indexOf(document *messages.GherkinDocument) syntax {
	ast := syntax{lines: map[string]int{}, keywords: map[string]string{}}
	steps := func(list []*messages.Step) {
		for _, step := range list {
			ast.keywords[step.Id] = strings.TrimSpace(step.Keyword)
			ast.lines[step.Id] = int(step.Location.Line)
		}
	}
	scenario := func(s *messages.Scenario) {
		if s == nil {
			return
		}
		ast.lines[s.Id] = int(s.Location.Line)
		steps(s.Steps)
		for _, examples := range s.Examples {
			for _, row := range examples.TableBody {
				ast.lines[row.Id] = int(row.Location.Line)
			}
		}
	}
	background := func(b *messages.Background) {
		if b != nil {
			steps(b.Steps)
		}
	}
	for _, child := range document.Feature.Children {
		background(child.Background)
		scenario(child.Scenario)
		if child.Rule != nil {
			for _, inner := range child.Rule.Children {
				background(inner.Background)
				scenario(inner.Scenario)
			}
		}
	}
	return ast
}
