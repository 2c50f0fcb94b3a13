package steps

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"time"

	"github.com/cucumber/godog"
	"github.com/cucumber/godog/formatters"
	messages "github.com/cucumber/messages/go/v21"
)

// Outcome is how one step went.
type Outcome struct {
	Step     Step
	Duration time.Duration
	// First and Last bound the journal entries (Seq) that appeared while it ran; 0 if none did.
	First, Last int
	// Spent is what its waits cost.
	Spent Spent
	// Err is why it did not pass: a *Failure, *NotApplicable, *HarnessError or another error; nil when it passed or was skipped.
	Err error
	// Ran is false for the steps after one that did not pass.
	Ran bool
}

// Book is where step definitions are entered; *godog.ScenarioContext is one.
type Book interface {
	Step(expr, stepFunc any)
}

// ErrUndefined says that a sentence has no meaning yet.
var ErrUndefined = errors.New("no step definition fits")

// Play executes the steps of a scenario through godog: register enters the step definitions, before is called ahead of each step. entries tells how many journal
// entries there are, for Outcome.First and Last. Steps after the first that does not pass are skipped. A panic in a step is an error of that step.
func Play(ctx context.Context, s Scenario, register func(Book), before func(i int, step Step), entries func() int) []Outcome {
	outcomes := make([]Outcome, len(s.Steps))
	for i, step := range s.Steps {
		outcomes[i].Step = step
	}
	index, started, mark := -1, time.Time{}, 0
	suite := godog.TestSuite{
		Name: s.ID,
		ScenarioInitializer: func(sc *godog.ScenarioContext) {
			register(sc)
			sc.StepContext().Before(func(ctx context.Context, _ *godog.Step) (context.Context, error) {
				index++
				started, mark = time.Now(), entries()
				if index == 0 || outcomes[index-1].Ran && outcomes[index-1].Err == nil {
					before(index, outcomes[index].Step)
				}
				return ctx, nil
			})
			sc.StepContext().After(func(ctx context.Context, _ *godog.Step, status godog.StepResultStatus, err error) (context.Context, error) {
				o := &outcomes[index]
				o.Duration = time.Since(started)
				o.Ran = status != godog.StepSkipped
				if last := entries(); last > mark {
					o.First, o.Last = mark+1, last
				}
				switch {
				case status == godog.StepUndefined || errors.Is(err, godog.ErrUndefined):
					o.Ran, o.Err = true, fmt.Errorf("%w: %q", ErrUndefined, o.Step.Text)
				case o.Ran:
					o.Err = err
				}
				return ctx, nil
			})
		},
		Options: &godog.Options{
			Format: quietFormat, Strict: true, NoColors: true, Output: io.Discard, Concurrency: 1, DefaultContext: ctx,
			FeatureContents: []godog.Feature{{Name: s.File, Contents: gherkinOf(s)}},
		},
	}
	code := suite.Run()
	if index < 0 {
		outcomes[0].Ran = true
		outcomes[0].Err = &HarnessError{Doing: "run scenario " + s.ID, Err: fmt.Errorf("godog ended with %d before the first step", code)}
	}
	return outcomes
}

// Recovered turns a panic into a HarnessError; it is to be deferred by whatever runs code that must not take the process with it.
func Recovered(doing string, err *error) {
	if p := recover(); p != nil {
		*err = &HarnessError{Doing: doing, Err: fmt.Errorf("panic: %v\n%s", p, debug.Stack())}
	}
}

// quietFormat names a formatter that says nothing: verdicts and reports are the kit's own, from its own records.
const quietFormat = "deskcheck-quiet"

func init() { //nolint:gochecknoinits // godog has no other way to add a formatter.
	godog.Format(quietFormat, "says nothing", func(string, io.Writer) formatters.Formatter { return silent{} })
}

type silent struct{}

func (silent) TestRunStarted()                                                                     {}
func (silent) Feature(*messages.GherkinDocument, string, []byte)                                   {}
func (silent) Pickle(*messages.Pickle)                                                             {}
func (silent) Defined(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition)          {}
func (silent) Failed(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition, error)    {}
func (silent) Passed(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition)           {}
func (silent) Skipped(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition)          {}
func (silent) Undefined(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition)        {}
func (silent) Pending(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition)          {}
func (silent) Ambiguous(*messages.Pickle, *messages.PickleStep, *formatters.StepDefinition, error) {}
func (silent) Summary()                                                                            {}

// gherkinOf writes a scenario out again as a feature of its own. godog can only select whole scenarios by tag or line, and not the row of an outline; given one
// scenario at a time, it parses, matches and executes, and the order, the workers and the repeats are ours.
func gherkinOf(s Scenario) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "Feature: %s\n  Scenario: %s\n", oneLine(s.Feature), oneLine(s.Name))
	for _, step := range s.Steps {
		keyword := "*"
		switch step.Type {
		case messages.PickleStepType_CONTEXT:
			keyword = "Given"
		case messages.PickleStepType_ACTION:
			keyword = "When"
		case messages.PickleStepType_OUTCOME:
			keyword = "Then"
		case messages.PickleStepType_UNKNOWN:
		}
		fmt.Fprintf(&b, "    %s %s\n", keyword, step.Text)
		if step.DocString != nil {
			fmt.Fprintf(&b, "      \"\"\"%s\n", step.DocString.MediaType)
			for line := range strings.SplitSeq(step.DocString.Content, "\n") {
				b.WriteString("      " + strings.ReplaceAll(line, `"""`, `\"\"\"`) + "\n")
			}
			b.WriteString("      \"\"\"\n")
		}
		if step.Table != nil {
			for _, row := range step.Table.Rows {
				b.WriteString("      |")
				for _, cell := range row.Cells {
					b.WriteString(" " + escapeCell.Replace(cell.Value) + " |")
				}
				b.WriteByte('\n')
			}
		}
	}
	return []byte(b.String())
}

var escapeCell = strings.NewReplacer(`\`, `\\`, "|", `\|`, "\n", `\n`)

func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }
