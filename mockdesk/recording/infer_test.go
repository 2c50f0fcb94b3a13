package recording_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/recording"
	"deskcheck/mockdesk/wire"
)

var update = flag.Bool("update", false, "write the wires anew that are inferred")

// traffic reads a recorded file of testdata.
func traffic(t *testing.T, name string) []recording.Crossing {
	t.Helper()
	path := filepath.Join("testdata", name+".traffic.ndjson")
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	all, err := recording.ReadTraffic(path, file)
	require.NoError(t, err)
	return all
}

// TestInference makes the wires of what the reference integration and the samples have said to their desks.
func TestInference(t *testing.T) {
	for _, name := range []string{"native", "polling", "longpoll", "socket"} {
		t.Run(name, func(t *testing.T) {
			draft, err := recording.Infer(name, traffic(t, name))
			require.NoError(t, err)
			golden := filepath.Join("testdata", name+".wire.yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, draft.Text, 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(draft.Text))
			w, err := wire.Parse(golden, draft.Text)
			require.NoError(t, err)
			assert.Empty(t, w.Offer().Lacks("core"))
			assert.Len(t, draft.Open, strings.Count(string(draft.Text), "\n# TODO "))
		})
	}
}

// TestEveryBeginningIsAWire stops each recording after every crossing, as somebody may who has seen enough.
func TestEveryBeginningIsAWire(t *testing.T) {
	for _, name := range []string{"native", "polling", "longpoll", "socket"} {
		all := traffic(t, name)
		// Some of them: each is inferred and read again.
		for n := 0; n < len(all); n += 5 {
			draft, err := recording.Infer(name, all[:n])
			if err != nil {
				assert.ErrorContains(t, err, "no request has passed", "%s until %d", name, n)
				continue
			}
			_, err = wire.Parse("draft", draft.Text)
			require.NoError(t, err, "%s until %d:\n%s", name, n, draft.Text)
		}
	}
}

// TestWithoutMarksTheLinesTellMost infers from traffic of which nobody said what was done when.
func TestWithoutMarksTheLinesTellMost(t *testing.T) {
	var unmarked []recording.Crossing
	for _, c := range traffic(t, "native") {
		if c.Kind != recording.Mark {
			unmarked = append(unmarked, c)
		}
	}
	draft, err := recording.Infer("unmarked", unmarked)
	require.NoError(t, err)
	w, err := wire.Parse("draft", draft.Text)
	require.NoError(t, err)
	assert.Contains(t, w.Offer().Told, "message")
	assert.Contains(t, strings.Join(draft.Open, "\n"), "PUT /v1/conversations/{conversation}/messages/{message} could not be worded", "it says nothing of which conversation it is about")
	assert.Contains(t, strings.Join(draft.Open, "\n"), "nothing means start")
}

func TestTrafficFilesAreRead(t *testing.T) {
	for text, want := range map[string]string{
		"{\"kind\":\"mark\",\"step\":\"joyn\"}\n{\"kind\":\"mark\",\"step\":\"join\"}\n":  `t.ndjson:1: step: there is no step "joyn"`,
		"{\"kind\":\"mark\",\"step\":\"join\"}\n{\"kind\":\"frame\"}\n\n{\"kind\":\"x\"}": `t.ndjson:2: exchange: expected a number from 1, found 0`,
		"{\"kind\":\"request\",\"exchange\":\"one\"}\n{}\n":                               `t.ndjson:1: exchange: expected int, found a string`,
		"{\"kind\":\"sprout\",\"exchange\":1}\n{}\n":                                      `t.ndjson:1: kind: expected request, response, frame, event, closed or mark, found "sprout"`,
		"{\"kind\":\"mark\",\"stop\":1}\n{}\n":                                            `t.ndjson:1: it is no line of traffic: json: unknown field "stop"`,
		"hello":                                                                           `t.ndjson:1: it is no line of traffic`,
	} {
		_, err := recording.ReadTraffic("t.ndjson", strings.NewReader(text))
		require.ErrorContains(t, err, want)
	}
	whole, err := recording.ReadTraffic("t.ndjson", strings.NewReader("{\"kind\":\"mark\",\"step\":\"join\"}\n{\"kind\":\"fra"))
	require.NoError(t, err, "the last line of a process that was killed")
	assert.Len(t, whole, 1)
}
