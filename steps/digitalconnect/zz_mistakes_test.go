package digitalconnect_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"deskcheck/features"
	"deskcheck/fixtures"
	"deskcheck/fixtures/connectors/reference"
	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/digitalconnect"
)

func TestMistakes(t *testing.T) {
	only := os.Getenv("MISTAKES")
	if only == "" {
		t.Skip()
	}
	scenarios, err := steps.Parse(features.FS, "digital-connect")
	require.NoError(t, err)
	reqs, err := fixtures.Requirements("digital-connect")
	require.NoError(t, err)
	level := map[string]string{}
	for _, r := range reqs {
		level[r.ID] = r.Level
	}
	base := stage(t)
	base.Claims = []string{"attachments-in", "attachments-out", "arguments", "transcript", "outbound", "webhook-auth", "hosts", "private-key-jwt", "regions"}
	if os.Getenv("PAGE") != "" {
		atPage(t, base)
	}
	var mu sync.Mutex
	bad := 0
	for _, m := range reference.Mistakes() {
		if only != "all" && !slices.ContainsFunc(strings.Split(only, ","), func(part string) bool { return strings.Contains(m.Name, part) }) {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			on := *base
			program := on.Connector.Program
			env := map[string]string{"CONNECTOR_MISTAKE": m.Name}
			for k, v := range program.Env {
				env[k] = v
			}
			on.Connector.Program.Env = env
			names := append([]string{m.Breaks}, m.With...)
			failed := map[string]string{}
			n := 0
			for _, s := range scenarios {
				if !slices.ContainsFunc(s.Requirements, func(id string) bool { return slices.Contains(names, id) }) {
					continue
				}
				n++
				came := on.Perform(t.Context(), nil, s, steps.Default.InRealTime())
				must := false
				for _, e := range came.Entries {
					if e.Kind == journal.Violation {
						if failed[e.Requirement] == "" {
							failed[e.Requirement] = s.ID + " V " + e.Name + " " + e.Note
						}
						must = must || level[e.Requirement] == "MUST"
					}
				}
				err := came.Err()
				if os.Getenv("DUMP") != "" {
					var b strings.Builder
					fmt.Fprintf(&b, "--- %s: %v\n", s.ID, err)
					for _, e := range came.Entries {
						fmt.Fprintf(&b, "%4d %8s %-10s %-10s > %-10s %s %s %.200s\n", e.Seq, e.At.Round(time.Millisecond), e.Kind, e.From, e.To, e.Name, e.Note, e.Data)
					}
					fmt.Print(b.String())
				}
				var f *steps.Failure
				var na *steps.NotApplicable
				switch {
				case err == nil:
				case errors.As(err, &f):
					blamed := f.Requirements
					if len(blamed) == 0 && !must {
						blamed = s.Requirements
					}
					for _, id := range blamed {
						if failed[id] == "" {
							failed[id] = s.ID + " " + err.Error()
						}
					}
				case errors.As(err, &na):
				default:
					for _, id := range s.Requirements {
						failed[id+" untestable"] = s.ID + " " + err.Error()
					}
				}
			}
			var got []string
			for id := range failed {
				got = append(got, id)
			}
			slices.Sort(got)
			slices.Sort(names)
			if !slices.Equal(got, slices.Compact(names)) {
				mu.Lock()
				bad++
				var b strings.Builder
				for _, id := range got {
					if !slices.Contains(names, id) {
						fmt.Fprintf(&b, "   SURPLUS %s: %.230s\n", id, strings.ReplaceAll(failed[id], "\n", " "))
					}
				}
				for _, id := range names {
					if failed[id] == "" {
						fmt.Fprintf(&b, "   MISSING %s\n", id)
					}
				}
				fmt.Printf("MISTAKE %s [%s] with %v (%d scenarios) %s\n%s", m.Name, m.Needs, m.With, n, m.How, b.String())
				mu.Unlock()
				t.Fail()
			}
		})
	}
}

var _ = digitalconnect.Shows
