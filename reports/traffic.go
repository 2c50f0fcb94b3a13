package reports

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// TrafficVerdict is what a recording says of a requirement. Its string form is the word that every output uses.
type TrafficVerdict string

// The verdicts of a recording. What it shows is never all that a requirement says.
const (
	// TrafficFailed: a MUST was seen broken.
	TrafficFailed = TrafficVerdict(Failed)
	// TrafficWarned: a SHOULD does not hold, or a MUST that nothing public demands.
	TrafficWarned = TrafficVerdict(Warned)
	// TrafficPassed: it held wherever it was put to the test, as far as a recording shows it.
	TrafficPassed = TrafficVerdict(Passed)
	// TrafficNotSeen: nothing in the recording put it to the test.
	TrafficNotSeen TrafficVerdict = "not seen"
	// TrafficLeftOut: it cannot be judged without something that is not known.
	TrafficLeftOut TrafficVerdict = "left out"
)

// trafficVerdicts are those of a recording in the order in which they are told.
var trafficVerdicts = []TrafficVerdict{TrafficFailed, TrafficWarned, TrafficPassed, TrafficNotSeen, TrafficLeftOut}

// Traffic is what the rules of a contract say of recorded exchanges. It is no certificate: most of a contract shows only where a kit plays the other side.
type Traffic struct {
	SchemaVersion string `json:"schemaVersion"`
	Tool          Tool   `json:"tool"`
	Contract      string `json:"contract"`
	Dialect       string `json:"dialect"`
	// Files are the recordings as the user named them.
	Files []string `json:"files"`
	// Verdict is Passed or Failed.
	Verdict  Verdict `json:"verdict"`
	ExitCode int     `json:"exitCode"`
	// Exchanges counts those that were judged, by party; Elsewhere those with hosts that are none of Talkdesk's, by host, which were looked at for secrets only.
	Exchanges map[string]int `json:"exchanges"`
	Elsewhere map[string]int `json:"elsewhere"`
	// CredentialsTakenOut is how many exchanges had their credentials taken out before they were saved, so that these were not judged.
	CredentialsTakenOut int `json:"credentialsTakenOut"`
	// Unjudged are exchanges that cannot be judged, and files with nothing in them.
	Unjudged []TrafficUnjudged `json:"unjudged"`
	// Said counts what webhooks say where no document tells what they may, such as "event_type MESSAGE_CREATED".
	Said map[string]int `json:"said"`
	// Requirements are those that a recording can be judged by, in the catalogue's order; LiveOnly are the others that bind the same side.
	Requirements []TrafficRequirement `json:"requirements"`
	LiveOnly     []string             `json:"liveOnly"`
}

// TrafficUnjudged is an exchange that cannot be judged, or a file, and why.
type TrafficUnjudged struct {
	Place string `json:"place"`
	Why   string `json:"why"`
}

// TrafficRequirement is a requirement and what a recording shows of it.
type TrafficRequirement struct {
	ID    string `json:"id"`
	Level string `json:"level"`
	// Label is as in Requirement: "assumed" for what nothing public demands, so that it can only warn.
	Label      string         `json:"label,omitempty"`
	Capability string         `json:"capability"`
	Statement  string         `json:"statement"`
	Verdict    TrafficVerdict `json:"verdict"`
	// Reason says what is missing where it was left out.
	Reason string `json:"reason,omitempty"`
	// Exchanges is how many put it to the test.
	Exchanges int             `json:"exchanges"`
	Breaches  []TrafficBreach `json:"breaches"`
}

// TrafficBreach is an exchange in which a requirement does not hold. It holds no secret.
type TrafficBreach struct {
	// Place is where the exchange stands, such as "log.har:120", Request its method, host and path; both are empty for what only all exchanges together show.
	Place   string `json:"place,omitempty"`
	Request string `json:"request,omitempty"`
	// Pointer is the JSON Pointer of what is wrong within the body, or the name of a header or a parameter.
	Pointer  string `json:"pointer,omitempty"`
	Expected string `json:"expected"`
	Recorded string `json:"recorded"`
}

// Count counts the requirements by verdict, with every verdict that a recording has.
func (t *Traffic) Count() map[TrafficVerdict]int {
	counts := map[TrafficVerdict]int{}
	for _, v := range trafficVerdicts {
		counts[v] = 0
	}
	for _, q := range t.Requirements {
		counts[q.Verdict]++
	}
	return counts
}

// WriteTrafficJSON writes t as indented JSON. Its error is that of the writer.
func WriteTrafficJSON(w io.Writer, t *Traffic) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(t); err != nil {
		return fmt.Errorf("write what the recording shows: %w", err)
	}
	return nil
}

// filesInFull is how many recordings are told by their names in text; JSON has them all.
const filesInFull = 3

// breachesInFull is how many breaches of one requirement are told in text; JSON has them all.
const breachesInFull = 5

// WriteTrafficText tells a person what a recording shows. Of the options Color, Quiet, Whole and Width count: Quiet leaves what does not hold and the last line. Errors of the writer are ignored.
func WriteTrafficText(w io.Writer, t *Traffic, o TextOptions) {
	width := o.Width
	if width <= 0 || o.Whole {
		width = 1 << 20
	}
	v := trafficText{t: t, o: o, paint: paint(o.Color), width: width}
	if !o.Quiet {
		v.head()
	}
	for _, verdict := range trafficVerdicts {
		v.requirements(verdict)
	}
	v.last()
	_, _ = io.WriteString(w, v.String())
}

// trafficText is the text while it is written.
type trafficText struct {
	strings.Builder

	t     *Traffic
	o     TextOptions
	paint paint
	width int
}

// line writes one paragraph behind a label.
func (v *trafficText) line(label, words string) {
	_, _ = v.WriteString(hang(v.paint.bold(cell(label, 11)), oneLine(words), v.width))
}

// head says what was read.
func (v *trafficText) head() {
	recording := strings.Join(v.t.Files, ", ")
	if len(v.t.Files) > filesInFull {
		recording = plural(len(v.t.Files), "file")
	}
	v.line("recording", recording)
	all := 0
	var parties []string
	for _, party := range []string{"identity", "api", "storage", "webhook"} {
		all += v.t.Exchanges[party]
		parties = append(parties, fmt.Sprintf("%s %s", party, thousands(v.t.Exchanges[party])))
	}
	v.line("exchanges", fmt.Sprintf("%s (%s)", thousands(all), strings.Join(parties, ", ")))
	if len(v.t.Elsewhere) > 0 {
		v.line("elsewhere", tally(v.t.Elsewhere)+": none of Talkdesk's, and looked at for secrets only")
	}
	if n := v.t.CredentialsTakenOut; n > 0 {
		v.line("taken out", plural(n, "exchange")+" had no credentials in the recording, which were not judged")
	}
	for i, u := range v.t.Unjudged {
		if i == breachesInFull {
			v.line("", fmt.Sprintf("and %s more that cannot be judged", thousands(len(v.t.Unjudged)-i)))
			break
		}
		v.line("not judged", u.Place+": "+u.Why)
	}
	if len(v.t.Said) > 0 {
		v.line("webhooks", tally(v.t.Said))
	}
	_, _ = v.WriteString("\n")
}

// tally lists names with their counts.
func tally(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	words := make([]string, 0, len(names))
	for _, name := range names {
		words = append(words, fmt.Sprintf("%s %s", oneLine(name), thousands(counts[name])))
	}
	return first(words, 10, ", ")
}

// requirements tells those of a verdict.
func (v *trafficText) requirements(verdict TrafficVerdict) {
	for _, q := range v.t.Requirements {
		if q.Verdict != verdict || v.o.Quiet && verdict != TrafficFailed && verdict != TrafficWarned {
			continue
		}
		level := strings.Trim(q.Level+", "+q.Label, ", ")
		says := fmt.Sprintf("%s (%s)", q.Statement, level)
		if q.Reason != "" {
			says = "needs " + q.Reason + " (" + level + ")"
		}
		_, _ = v.WriteString(hang(v.paint.verdict(Verdict(verdict), cell(string(verdict), 10), text.Bold)+v.paint.bold(cell(q.ID, 14)), oneLine(says), v.width))
		v.breaches(q.Breaches)
	}
}

// breaches tells where a requirement does not hold.
func (v *trafficText) breaches(all []TrafficBreach) {
	const indent = "            "
	for i, b := range all {
		if i == breachesInFull {
			_, _ = v.WriteString(hang(indent, "and "+plural(len(all)-i, "exchange")+" more: --json has them all", v.width))
			return
		}
		where := strings.TrimSpace(b.Place + "  " + b.Request)
		if where == "" {
			where = "all exchanges together"
		}
		_, _ = v.WriteString(hang(indent, oneLine(where), v.width))
		if b.Pointer != "" {
			_, _ = v.WriteString(hang(indent+v.paint.faint("  at        "), oneLine(b.Pointer), v.width))
		}
		_, _ = v.WriteString(hang(indent+v.paint.faint("  expected  "), oneLine(b.Expected), v.width))
		_, _ = v.WriteString(hang(indent+v.paint.faint("  recorded  "), oneLine(b.Recorded), v.width))
	}
}

// last sums up.
func (v *trafficText) last() {
	counts := v.t.Count()
	var parts []string
	for _, verdict := range trafficVerdicts {
		parts = append(parts, fmt.Sprintf("%s %s", thousands(counts[verdict]), verdict))
	}
	_, _ = v.WriteString("\n" + hang("", fmt.Sprintf("traffic: %s (%s); %s more show in a live run only", v.paint.verdict(v.t.Verdict, string(v.t.Verdict), text.Bold), strings.Join(parts, ", "), thousands(len(v.t.LiveOnly))), v.width))
}
