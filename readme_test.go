package deskcheck_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"deskcheck"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	goTest   = regexp.MustCompile(`go test (\S+) -run '?([^'\s` + "`" + `]+)`)
	testFunc = regexp.MustCompile(`(?m)^func (Test\w+)\(`)
)

// TestDocumentedTestsExist wants every `go test … -run …` of the documents to run something, and each TestFeatures/<contract>/<dialect>/<scenario> to name a dialect and a scenario of the usual ones: go test itself answers
// a pattern that matches nothing with ok. The command lines of deskcheck are tried by TestExamplesWork in cmd/deskcheck.
func TestDocumentedTestsExist(t *testing.T) {
	all, err := deskcheck.Scenarios(deskcheck.DefaultConfig())
	require.NoError(t, err)
	ids := map[string]bool{}
	for _, s := range all {
		ids[s.ID] = true
	}
	for _, document := range []string{"README.md", "CONTRIBUTING.md", "features_test.go"} {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		found := goTest.FindAllStringSubmatch(string(text), -1)
		require.NotEmpty(t, found, document)
		for _, example := range found {
			name, scenario, isFeature := strings.Cut(example[2], "/")
			if isFeature && name == "TestFeatures" {
				contract, scenario, _ := strings.Cut(scenario, "/")
				dialect, scenario, _ := strings.Cut(scenario, "/")
				assert.Contains(t, deskcheck.DialectsOf(contract), dialect, "%s: %s", document, example[0])
				_, err := deskcheck.Scenarios(deskcheck.Config{Select: []string{scenario}})
				assert.True(t, ids[scenario], "%s: %s: %v", document, example[0], err)
			}
			assert.True(t, hasTest(t, example[1], name), "%s: %s: %s has no test of this name", document, example[0], example[1])
		}
	}
}

func hasTest(t *testing.T, folder, pattern string) bool {
	t.Helper()
	matches := regexp.MustCompile(pattern)
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, f := range testFunc.FindAllStringSubmatch(string(source), -1) {
			if matches.MatchString(f[1]) {
				return true
			}
		}
	}
	return false
}
