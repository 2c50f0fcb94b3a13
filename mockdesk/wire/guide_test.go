package wire_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/wire"
)

var (
	yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")
	topKey    = regexp.MustCompile(`(?m)^([a-z-]+):`)
)

// rest is what the examples of the guide take for granted, by its top-level keys.
var rest = map[string]string{
	"wire":         "wire: 1\n",
	"name":         "name: example\n",
	"feeds":        "feeds: [chat, presence]\n",
	"conversation": "conversation:\n  values: {token: '${random(16)}', lines: '${0}'}\n  found-by: [token]\n",
	"routes":       "routes:\n  - {on: POST /start, means: start}\n",
	"events":       "events: {}\n",
}

// examples are the wire files of the guide, each made whole.
func examples(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, block := range yamlBlock.FindAllStringSubmatch(string(wire.Guide()), -1) {
		if strings.Contains(block[1], "# deskcheck.yaml") {
			continue
		}
		whole := []string{block[1]}
		has := map[string]bool{}
		for _, key := range topKey.FindAllStringSubmatch(block[1], -1) {
			has[key[1]] = true
		}
		for key, more := range rest {
			if !has[key] && !has["wire"] {
				whole = append(whole, more)
			}
		}
		all = append(all, strings.Join(whole, ""))
	}
	require.Greater(t, len(all), 6)
	return all
}

func TestTheExamplesOfTheGuideAreFine(t *testing.T) {
	for _, text := range examples(t) {
		_, err := wire.Parse("guide.wire.yaml", []byte(text))
		assert.NoError(t, err, text)
	}
}

func TestTheGuideShowsEveryKey(t *testing.T) {
	shown := strings.Join(examples(t), "\n")
	var schema map[string]any
	require.NoError(t, json.Unmarshal(wire.Schema(), &schema))
	var walk func(node any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if properties, ok := node["properties"].(map[string]any); ok {
				for key := range properties {
					assert.Regexp(t, `(?m)(^|[\s{])`+regexp.QuoteMeta(key)+`:`, shown, "no example has the key %s", key)
				}
			}
			for _, inner := range node {
				walk(inner)
			}
		case []any:
			for _, inner := range node {
				walk(inner)
			}
		}
	}
	walk(schema)
}

func TestTheGuideNamesEveryMeaningAndProblem(t *testing.T) {
	guide := string(wire.Guide())
	for _, m := range wire.Meanings() {
		assert.Contains(t, guide, "| `"+string(m)+"` |")
	}
	for _, p := range wire.Problems() {
		assert.Contains(t, guide, "`"+string(p)+"`")
	}
}
