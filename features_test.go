package deskcheck

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/fixtures"
	"deskcheck/fixtures/connectors/reference"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/aichat"
	"deskcheck/steps/browser"
)

// shared is one browser for all tests of the package that need one: starting it is what costs. It has tabs for as many desks as are tried at once, each beside another.
var shared struct {
	once sync.Once
	pool *browser.Pool
	err  error
}

func sharedPool(t *testing.T) *browser.Pool {
	t.Helper()
	shared.once.Do(func() {
		c := DefaultConfig()
		c.Workers = sideBySide()
		shared.pool, shared.err = launch(context.Background(), c, 2*tabsOfDesks)
	})
	require.NoError(t, shared.err)
	return shared.pool
}

// sideBySide is how many tests run at once.
func sideBySide() int {
	set, _ := flag.Lookup("test.parallel").Value.(flag.Getter)
	n, _ := set.Get().(int)
	return max(n, 1)
}

// workersBesideOthers is how many scenarios a run plays at once that may be one of several: each of them works its tabs as hard as it can.
const workersBesideOthers = 2

// asConnector has the test's own program be the reference connector.
const asConnector = "connector"

func TestMain(m *testing.M) {
	if name := os.Getenv(hostileKey); name != "" {
		runHostileConnector(name)
	}
	if len(os.Args) > 1 && os.Args[1] == asConnector {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		code := reference.Main(ctx, os.Getenv, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	ReferenceCommand = []string{self, asConnector}
	if err := os.Setenv(driverTokenKey, driverToken); err != nil {
		panic(err)
	}
	code := m.Run()
	if shared.pool != nil {
		_ = shared.pool.Close()
	}
	os.Exit(code)
}

// TestFeatures runs the first scenario of each feature against the references, or with -thorough every one in every dialect, each as a subtest of its own and with its
// journal held to the schema: go test . -run 'TestFeatures/ai-chat/ai-chat/name/8' -v. All of them in one dialect are left to "make run" and "make conformance".
func TestFeatures(t *testing.T) {
	for _, contract := range certifiable(t) {
		for i, dialect := range DialectsOf(contract) {
			if i > 0 && !*thorough {
				continue
			}
			t.Run(contract+"/"+dialect, func(t *testing.T) {
				t.Parallel()
				c := DefaultConfig().For(contract)
				c.Dialect = dialect
				if !*thorough {
					c.Select = firstOfEach(t, c)
				}
				certify(t, c, func(t *testing.T, s steps.Scenario, finding reports.Scenario) {
					t.Helper()
					wanted := []reports.Verdict{reports.Passed}
					// What the reference can do elsewhere and not here is for the chat to decide.
					if i > 0 || slices.Contains(s.Requirements, mayAnswerByItself) {
						wanted = append(wanted, reports.NotApplicable)
					}
					assert.Contains(t, wanted, finding.Verdict, "%s\n%s: %s", s.Name, s.ID, finding.Reason)
				})
			})
		}
	}
}

// mayAnswerByItself is what a desk may do that says so, and the reference does not.
const mayAnswerByItself = "AM-TASK-20"

// thorough has TestFeatures and TestOtherStyles try in every dialect what they try in one otherwise: "make thorough" sets it.
var thorough = flag.Bool("thorough", false, "try the features and the other styles in every dialect with every scenario")

// TestOtherStyles runs the scenarios against integrations that keep the contract in another way than the reference: what the contract allows must not cost a verdict. Those
// in which the kit's scripted integration takes their place say nothing of them. Without -thorough there is a scenario for each requirement.
func TestOtherStyles(t *testing.T) {
	t.Parallel()
	for _, style := range []struct {
		dialect, file string
		// what is the part of the contract that it keeps in its own way, nil for all.
		what []string
		// share is which half of the scenarios it is tried in, 1 or 2, 0 for both: what two styles have in common need not be tried twice.
		share int
	}{
		{dialect: "ai-chat", file: "polling.js", share: 1},
		{dialect: "ai-chat", file: "particular.js", share: 2},
		{dialect: "ai-chat", file: "sharing.js", what: []string{"screen", "avail"}},
		// What the checks of a scenario do is the same in all dialects, so these are left the scenarios that the first has not.
		{dialect: "orchestrate", file: "polling.js"},
		{dialect: "web-chat", file: "particular.js"},
	} {
		t.Run(style.dialect+"/"+style.file, func(t *testing.T) {
			t.Parallel()
			c := DefaultConfig()
			c.Dialect, c.Capabilities = style.dialect, style.what
			c.Integration.File = filepath.Join("fixtures", "integrations", "styles", style.file)
			switch {
			case *thorough:
			case c.Dialect != DefaultConfig().Dialect:
				c.Select, c.Quick = onlyIn(t, c), true
			case style.share > 0:
				c.Select = everySecond(t, c, style.share)
			default:
				c.Quick = true
			}
			certify(t, c, func(t *testing.T, s steps.Scenario, finding reports.Scenario) {
				t.Helper()
				assert.Contains(t, []reports.Verdict{reports.Passed, reports.NotApplicable}, finding.Verdict, "%s\n%s: %s", s.Name, s.ID, finding.Reason)
			})
		})
	}
}

// certify performs the scenarios that are selected with an integration, side by side, and has each finding judged; with another than the reference, those in which it takes part.
func certify(t *testing.T, c Config, judge func(*testing.T, steps.Scenario, reports.Scenario)) {
	t.Helper()
	pool := sharedPool(t)
	catalogue, all, selected := selectedBy(t, c)
	ready, err := c.staging(t.Context(), silence{})
	require.NoError(t, err)
	t.Cleanup(ready.close)
	stage := ready.stage(pool)
	record := newRecord(c, catalogue, all, selected, ready.about, pool.Installation())
	for _, s := range selected {
		if c.Integration != (Integration{}) && aichat.Scripted(s) {
			continue
		}
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			p := &performance{stage: stage, pool: pool, config: c, record: record}
			came, took, _, err := p.perform(ctx, s)
			require.NoError(t, err)
			for _, e := range came.Entries {
				if c.Contract != contractAIChat {
					break // the parties of its journals are those of the scenario
				}
				raw, err := json.Marshal(e)
				require.NoError(t, err)
				assert.Empty(t, fixtures.CheckEntry(raw), "the journal's entry %s", raw)
			}
			judge(t, s, record.finding(s, came, took))
		})
	}
}

// selectedBy has the catalogue, all scenarios of the dialect, and those that the configuration selects.
func selectedBy(t *testing.T, c Config) (catalogue fixtures.Catalogue, all, selected []steps.Scenario) {
	t.Helper()
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	require.NoError(t, err)
	all, err = scenarios(c, catalogue)
	require.NoError(t, err)
	selected, err = choose(all, catalogue.Requirements, c)
	require.NoError(t, err)
	return catalogue, all, selected
}

// firstOfEach are the IDs of the first scenarios of the features of a configuration.
func firstOfEach(t *testing.T, c Config) []string {
	t.Helper()
	_, all, _ := selectedBy(t, c)
	var ids []string
	for i, s := range all {
		if i == 0 || all[i-1].Feature != s.Feature {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// everySecond are the IDs of the scenarios of a quick run, from the first or the second on.
func everySecond(t *testing.T, c Config, from int) []string {
	t.Helper()
	c.Quick = true
	_, _, quick := selectedBy(t, c)
	var ids []string
	for i, s := range quick {
		if i%2 == from-1 {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// onlyIn are the IDs of the scenarios of the configuration's dialect that the default one has not.
func onlyIn(t *testing.T, c Config) []string {
	t.Helper()
	_, known, _ := selectedBy(t, DefaultConfig())
	_, all, _ := selectedBy(t, c)
	var ids []string
	for _, s := range all {
		if !slices.ContainsFunc(known, func(k steps.Scenario) bool { return k.ID == s.ID }) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}
