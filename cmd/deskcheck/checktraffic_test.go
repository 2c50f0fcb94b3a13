package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"deskcheck"
	"deskcheck/reports"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withRecordings copies the recordings of the judge's own tests to where a program looks.
func withRecordings(t *testing.T) *bench {
	t.Helper()
	b := newBench(t)
	from := filepath.Join(testdata, "..", "..", "..", "mockdesk", "digitalconnect", "traffic", "testdata")
	for _, name := range []string{"good.har", "good.ndjson", "broken.har", "account.yaml"} {
		text, err := os.ReadFile(filepath.Join(from, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(name, text, 0o600))
	}
	return b
}

func TestCheckTraffic(t *testing.T) {
	b := withRecordings(t)
	assert.Zero(t, b.does("check-traffic", "--account", "account.yaml", "good.ndjson"), b.stderr.String())
	golden(t, "check-traffic-passed.txt", b.stdout.String())
	b.stdout.Reset()
	assert.Zero(t, b.does("check-traffic", "--account", "account.yaml", "good.har"), b.stderr.String())
	golden(t, "check-traffic-passed.txt", strings.Replace(b.stdout.String(), "good.har", "good.ndjson", 1))

	b.stdout.Reset()
	assert.Equal(t, 1, b.does("check-traffic", "--account", "account.yaml", "broken.har"))
	assert.Empty(t, b.stderr.String())
	golden(t, "check-traffic-failed.txt", b.stdout.String())
	b.stdout.Reset()
	assert.Equal(t, 1, b.does("check-traffic", "--account", "account.yaml", "--quiet", "broken.har"))
	assert.Equal(t, 7, strings.Count(b.stdout.String(), "\nfailed ")+1)
	assert.NotContains(t, b.stdout.String(), "passed    ")

	b.stdout.Reset()
	b.out.terminal, b.width = true, 80
	assert.Equal(t, 1, b.does("check-traffic", "--no-color", "--account", "account.yaml", "broken.har"))
	for line := range strings.Lines(b.stdout.String()) {
		assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), 80, line)
	}
}

func TestCheckTrafficAsJSON(t *testing.T) {
	b := withRecordings(t)
	assert.Equal(t, 1, b.does("check-traffic", "--account", "account.yaml", "--json", "broken.har"))
	var got reports.Traffic
	require.NoError(t, json.Unmarshal(b.stdout.Bytes(), &got))
	assert.Equal(t, reports.Failed, got.Verdict)
	assert.Equal(t, 1, got.ExitCode)
	assert.Equal(t, "digital-connect", got.Contract)
	assert.Equal(t, "dc-2026.1", got.Dialect)
	assert.Equal(t, []reports.TrafficUnjudged{{Place: "broken.har:1566", Why: "the body of its request was not recorded"}}, got.Unjudged)
	assert.Equal(t, map[string]int{"cdn.example": 1, "hooks.example": 1}, got.Elsewhere)
	counts := got.Count()
	assert.Equal(t, 7, counts[reports.TrafficFailed])
	assert.Equal(t, 3, counts[reports.TrafficWarned])
	assert.Equal(t, len(got.Requirements), counts[reports.TrafficFailed]+counts[reports.TrafficWarned]+counts[reports.TrafficPassed]+counts[reports.TrafficNotSeen]+counts[reports.TrafficLeftOut])
	verdicts := map[string]reports.TrafficRequirement{}
	for _, q := range got.Requirements {
		verdicts[q.ID] = q
	}
	assert.Len(t, verdicts["DC-MSG-01"].Breaches, 7, "all of them")
	assert.Equal(t, "assumed", verdicts["DC-ARG-02"].Label)
	assert.Equal(t, reports.TrafficLeftOut, verdicts["DC-AUTH-14"].Verdict)
	assert.Equal(t, "how many end users took part (--users N)", verdicts["DC-AUTH-14"].Reason)
	assert.Equal(t, reports.TrafficNotSeen, verdicts["DC-AUTH-04"].Verdict)
	assert.Contains(t, got.LiveOnly, "DC-MSG-11")
	assert.NotContains(t, got.LiveOnly, "DC-AUTH-06", "it binds Talkdesk")
}

// TestCheckTrafficTellsNoSecret searches everything that is printed, of good and bad recordings, for what stands in them.
func TestCheckTrafficTellsNoSecret(t *testing.T) {
	b := withRecordings(t)
	require.NoError(t, os.WriteFile("bad.ndjson", []byte(`{"at":"Bearer tok-canary-1","ms":1,"request":{"method":"Bearer tok-canary-1","host":"api.talkdeskapp.com","path":"?client_secret=kit_secret-canary"}}`), 0o600))
	require.NoError(t, os.WriteFile("bad.har", []byte(`{"log":{"entries":[{"startedDateTime":"Basic a2l0LWNsaWVudDpraXRfc2VjcmV0LWNhbmFyeQ==","request":{"method":"GET","url":"https://u:kit_secret-canary@a.test/"},"response":{"status":1}}]}}`), 0o600))
	for _, args := range [][]string{
		{"good.ndjson"}, {"broken.har"}, {"broken.har", "--json"}, {"--account", "account.yaml", "broken.har", "good.ndjson"}, {"--account", "account.yaml", "broken.har", "--json"}, {"bad.ndjson"}, {"bad.har"},
	} {
		b.stdout.Reset()
		b.stderr.Reset()
		b.does(append([]string{"check-traffic"}, args...)...)
		said := b.stdout.String() + b.stderr.String()
		require.NotEmpty(t, said)
		assert.NotContains(t, said, "canary", args)
		assert.NotContains(t, said, "a2l0LWNsaWVudDpraX", args)
	}
}

func TestCheckTrafficFromStandardInput(t *testing.T) {
	b := withRecordings(t)
	source, err := os.ReadFile("good.ndjson")
	require.NoError(t, err)
	b.in.Reader = strings.NewReader(string(source))
	assert.Zero(t, b.does("check-traffic", "-"), b.stderr.String())
	assert.Contains(t, b.stdout.String(), "exchanges  55 (")
	b.in.Reader = strings.NewReader("{\n")
	assert.Equal(t, 2, b.does("check-traffic", "-"))
	assert.Contains(t, b.stderr.String(), "error: stdin:1:2: expected one exchange a line as JSON: it ends in the middle")
}

// TestAnEmptyRecordingAmongOthers has the others be judged, and the empty one be told of.
func TestAnEmptyRecordingAmongOthers(t *testing.T) {
	b := withRecordings(t)
	require.NoError(t, os.WriteFile("empty.ndjson", nil, 0o600))
	assert.Zero(t, b.does("check-traffic", "empty.ndjson", "good.ndjson"), b.stderr.String())
	assert.Contains(t, b.stdout.String(), "recording  empty.ndjson, good.ndjson\nexchanges  55 (")
	assert.Contains(t, b.stdout.String(), "\nnot judged empty.ndjson: there is nothing in it\n")
	b.stdout.Reset()
	assert.Zero(t, b.does("check-traffic", "--json", "good.ndjson", "empty.ndjson"), b.stderr.String())
	var got reports.Traffic
	require.NoError(t, json.Unmarshal(b.stdout.Bytes(), &got))
	assert.Equal(t, []reports.TrafficUnjudged{{Place: "empty.ndjson", Why: "there is nothing in it"}}, got.Unjudged)
}

// TestEveryUserCounts has the number of users decide a rule that needs it.
func TestEveryUserCounts(t *testing.T) {
	b := withRecordings(t)
	assert.Zero(t, b.does("check-traffic", "--users", "3", "good.ndjson"), b.stderr.String())
	assert.Contains(t, b.stdout.String(), "not seen  DC-AUTH-14")
}

func TestMistakesOfCheckTraffic(t *testing.T) {
	b := withRecordings(t)
	for name, text := range map[string]string{
		"empty.har": "\n", "other.ndjson": `{"at":"2026-01-02T03:04:05Z","ms":1,"request":{"method":"GET","host":"a.test","path":"/"}}`, "bad.yaml": "account: [", "wrong.yaml": "account: a\nregion: 7\n", "blank.har": "", "two.ndjson": "{}\n{}\n",
		"cut.ndjson": `{"at":"2026-01-02T03:04:05Z","ms":1,"request":{"method":"POST","host":"api.talkdeskapp.com","path":"/","body":"x","size":9}}`,
	} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	for _, tt := range []struct {
		args []string
		err  string
	}{
		{nil, "error: deskcheck check-traffic needs a recording\nfix:   see \"deskcheck check-traffic --help\""},
		{[]string{"absent.har"}, "error: the recording absent.har does not exist\nfix:   name a HAR document, lines of JSON, or a journal that a run has saved in deskcheck-report/journals\n"},
		{[]string{"."}, "error: . is a folder\nfix:   name the recordings in it\n"},
		{[]string{"absent.har", "."}, "error: . is a folder\nfix:   name the recordings in it\n"},
		{[]string{"empty.har"}, "error: empty.har: there is nothing in it\nfix:   \"deskcheck check-traffic --schema\" describes a line"},
		{[]string{"good.har", "good.har"}, "error: good.har is named twice"},
		{[]string{"other.ndjson"}, "error: nothing in other.ndjson is between a connector and Talkdesk: it has the hosts a.test\nfix:   record the connector's requests"},
		{[]string{"cut.ndjson"}, "it has no exchange that can be judged; what was left out: cut.ndjson:1: the body of its request was not recorded whole\n"},
		{[]string{"two.ndjson", "absent.har"}, "error: two.ndjson:1: at: expected a time such as 2026-01-02T03:04:05.678Z, found nothing\n"},
		{[]string{"two.ndjson", "absent.har"}, "error: the recording absent.har does not exist"},
		{[]string{"--account", "absent.yaml", "good.har"}, "error: --account: absent.yaml does not exist\nfix:   name the account file, or leave --account out"},
		{[]string{"--account", ".", "good.har"}, "fix:   name the account file; \"deskcheck desk schema account\" describes every key\n"},
		{[]string{"--account", "wrong.yaml", "good.har"}, "region: "},
		{[]string{"--account", "wrong.yaml", "good.har"}, "\nfix:   \"deskcheck desk schema account\" describes every key\n"},
		{[]string{"empty.har", "blank.har"}, "what was left out: empty.har: there is nothing in it (and 1 more)\n"},
		{[]string{"--account", "bad.yaml", "good.har"}, "bad.yaml:1:"},
		{[]string{"--acount", "account.yaml", "good.har"}, "did you mean --account?"},
		{[]string{"--users", "many", "good.har"}, "error: --users: expected a whole number, found \"many\""},
		{[]string{"--users", "-1", "good.har"}, "error: --users: expected a number of people, found -1"},
		{[]string{"--json", "--quiet", "good.har"}, "error: --json and --quiet do not go together"},
		{[]string{"--schema", "good.har"}, "error: --schema goes with nothing else"},
	} {
		b.stderr.Reset()
		assert.Equal(t, 2, b.does(append([]string{"check-traffic"}, tt.args...)...), tt.args)
		assert.Contains(t, b.stderr.String(), tt.err)
	}
	b.in.terminal = true
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("check-traffic", "-"))
	assert.Contains(t, b.stderr.String(), "standard input is a terminal")
}

func TestTheSchemaOfARecording(t *testing.T) {
	b := newBench(t)
	assert.Zero(t, b.does("check-traffic", "--schema"))
	assert.Equal(t, string(deskcheck.TrafficSchema()), b.stdout.String())
	assert.True(t, json.Valid(b.stdout.Bytes()))
	b.stdout.Reset()
	assert.Zero(t, b.does("check-traffic", "--help"))
	golden(t, "help-check-traffic.txt", b.stdout.String())
}
