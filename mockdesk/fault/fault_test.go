package fault_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/fault"
)

// examples has at least one fault of each kind, with how it is written and said.
var examples = []struct {
	fault fault.Fault
	json  string
	says  string
}{
	{fault.Fault{Kind: fault.Accept}, `{"kind":"accept"}`, "let it pass"},
	{fault.Fault{Kind: fault.Status, Status: 503}, `{"kind":"status","status":503}`, "answer 503"},
	{fault.Fault{Kind: fault.Status, Status: 400, Title: "No"}, `{"kind":"status","status":400,"title":"No"}`, `answer 400 "No"`},
	{fault.Fault{Kind: fault.Body, Status: 200, ContentType: "text/html", Text: "Proxy"}, `{"kind":"body","status":200,"contentType":"text/html","text":"Proxy"}`, "answer 200 with 5 bytes of text/html"},
	{fault.Fault{Kind: fault.Body, Status: 204}, `{"kind":"body","status":204}`, "answer 204 with 0 bytes of no type"},
	{fault.Fault{Kind: fault.Hold}, `{"kind":"hold"}`, "hold before the effect"},
	{fault.Fault{Kind: fault.HoldReply}, `{"kind":"hold-reply"}`, "hold the reply after the effect"},
	{fault.Fault{Kind: fault.Delay, For: 1500 * time.Millisecond}, `{"kind":"delay","for":"1.5s"}`, "delay by 1.5s"},
	{fault.Fault{Kind: fault.Hang}, `{"kind":"hang"}`, "never answer"},
	{fault.Fault{Kind: fault.Reset}, `{"kind":"reset"}`, "reset the connection"},
	{fault.Fault{Kind: fault.ResetAfter}, `{"kind":"reset-after"}`, "reset the connection after the effect"},
	{fault.Fault{Kind: fault.Truncate, Bytes: 7}, `{"kind":"truncate","bytes":7}`, "reset the connection after 7 bytes of the body"},
	{fault.Fault{Kind: fault.Malformed}, `{"kind":"malformed"}`, "break the body"},
	{fault.Fault{Kind: fault.ContentType, ContentType: "text/html"}, `{"kind":"content-type","contentType":"text/html"}`, "call the body text/html"},
	{fault.Fault{Kind: fault.NoCORS}, `{"kind":"no-cors"}`, "keep the answer from pages of other origins"},
	{fault.Fault{Kind: fault.TooMany, For: 30 * time.Second}, `{"kind":"too-many","for":"30s"}`, "answer 429 with 30 seconds to retry after"},
	{fault.Fault{Kind: fault.TooMany, For: 30 * time.Second, As: fault.AsDate}, `{"kind":"too-many","for":"30s","as":"date"}`, "answer 429 with the date in 30s to retry after"},
	{fault.Fault{Kind: fault.Redirect, Location: "/x"}, `{"kind":"redirect","location":"/x"}`, "redirect with 307 to /x"},
	{fault.Fault{Kind: fault.Redirect, Status: 301, Location: "/x"}, `{"kind":"redirect","status":301,"location":"/x"}`, "redirect with 301 to /x"},
	{fault.Fault{Kind: fault.SlowDownload, Rate: 100}, `{"kind":"slow-download","rate":100}`, "send the body at 100 bytes per second"},
	{fault.Fault{Kind: fault.SlowUpload, Rate: 100}, `{"kind":"slow-upload","rate":100}`, "read the body at 100 bytes per second"},
	{fault.Fault{Kind: fault.Close, Code: 1013}, `{"kind":"close","code":1013}`, "close the socket with 1013"},
	{fault.Fault{Kind: fault.Close, Code: 4000, Reason: "bye"}, `{"kind":"close","code":4000,"reason":"bye"}`, `close the socket with 4000 "bye"`},
	{fault.Fault{Kind: fault.Silence}, `{"kind":"silence"}`, "fall silent on the open socket"},
	{fault.Fault{Kind: fault.NoPong}, `{"kind":"no-pong"}`, "leave the ping without a pong"},
	{fault.Fault{Kind: fault.Drop}, `{"kind":"drop"}`, "lose the frame"},
	{fault.Fault{Kind: fault.Duplicate}, `{"kind":"duplicate"}`, "double the frame"},
	{fault.Fault{Kind: fault.Reorder}, `{"kind":"reorder"}`, "let the next frame go first"},
	{fault.Fault{Kind: fault.Corrupt}, `{"kind":"corrupt"}`, "break the text of the frame"},
	{fault.Fault{Kind: fault.Corrupt, How: fault.HowUTF8}, `{"kind":"corrupt","how":"utf-8"}`, "break the UTF-8 of the frame"},
	{fault.Fault{Kind: fault.Corrupt, How: fault.HowHeader}, `{"kind":"corrupt","how":"header"}`, "break the header of the frame"},
	{fault.Fault{Kind: fault.Oversize, Bytes: 70000}, `{"kind":"oversize","bytes":70000}`, "blow the frame up to 70000 bytes"},
	{fault.Fault{Kind: fault.Binary}, `{"kind":"binary"}`, "make the frame binary"},
}

func TestFaultsInFiles(t *testing.T) {
	shown := map[fault.Kind]bool{}
	for _, e := range examples {
		shown[e.fault.Kind] = true
		require.NoError(t, e.fault.Validate())
		raw, err := json.Marshal(e.fault)
		require.NoError(t, err)
		assert.Equal(t, e.json, string(raw))
		var fromJSON, fromYAML, again fault.Fault
		require.NoError(t, json.Unmarshal([]byte(e.json), &fromJSON))
		assert.Equal(t, e.fault, fromJSON)
		require.NoError(t, yaml.Unmarshal([]byte(e.json), &fromYAML))
		assert.Equal(t, e.fault, fromYAML)
		inYAML, err := yaml.Marshal(e.fault)
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(inYAML, &again), "%s", inYAML)
		assert.Equal(t, e.fault, again)
		assert.Equal(t, e.says, e.fault.String())
		assert.NotEmpty(t, e.fault.Kind.Moments())
	}
	for _, k := range fault.Kinds() {
		assert.True(t, shown[k], k)
	}
	assert.Equal(t, `unknown fault "dorp"`, fault.Fault{Kind: "dorp"}.String())
	assert.Empty(t, fault.Kind("dorp").Moments())
}

func TestFaultsThatCannotBePlayed(t *testing.T) {
	long := strings.Repeat("x", 124)
	for source, want := range map[string]string{
		`3`:                                `must be an object with fields, not 3`,
		`null`:                             `must be an object with fields, not null`,
		`{}`:                               `kind: is missing; the kinds are "accept", "status"`,
		`{"kind":"dorp"}`:                  `kind: there is no kind "dorp"; did you mean drop?`,
		`{"kind":"something else"}`:        `kind: there is no kind "something else"; the kinds are "accept"`,
		`{"kind":3}`:                       `kind: must be text, not 3`,
		`{"kind":"hang","for":"5s"}`:       `for: a fault of kind "hang" has no such field; it has "kind"`,
		`{"kind":"delay","fro":"5s"}`:      `fro: a fault of kind "delay" has no such field; it has "kind", "for"`,
		`{"kind":"delay"}`:                 `for: must be a time above zero such as 5s or 250ms, not 0s`,
		`{"kind":"delay","for":"5"}`:       `for: must be a time above zero with its unit such as 5s or 250ms, not "5"`,
		`{"kind":"delay","for":5}`:         `for: must be a time with its unit`,
		`{"kind":"delay","for":"-5s"}`:     `for: must be a time above zero`,
		`{"kind":"status"}`:                `status: must be a status from 400 to 599, not 0`,
		`{"kind":"status","status":200}`:   `status: must be a status from 400 to 599, not 200`,
		`{"kind":"status","status":"503"}`: `status: must be a whole number, not "503"`,
		`{"kind":"status","status":503.5}`: `status: must be a whole number, not 503.5`,
		`{"kind":"body","status":101}`:     `status: must be a status from 200 to 599, not 101`,
		`{"kind":"body","status":200,"contentType":"html; ="}`: `contentType: must be a media type such as text/html, not "html; ="`,
		`{"kind":"content-type"}`:                              `contentType: must be a media type`,
		`{"kind":"truncate","bytes":0}`:                        `bytes: must be a number from 1`,
		`{"kind":"too-many","for":"1s","as":"words"}`:          `as: must be one of [seconds date], not words`,
		`{"kind":"redirect"}`:                                  `location: must be an address or a path to redirect to, not ""`,
		`{"kind":"redirect","location":"/x","status":200}`:     `status: must be one of [301 302 303 307 308], not 200`,
		`{"kind":"redirect","location":"/x\r\nSet-Cookie: a"}`: `location: must be an address or a path`,
		`{"kind":"slow-download"}`:                             `rate: must be a number of bytes per second from 1`,
		`{"kind":"slow-upload","rate":-1}`:                     `rate: must be a number of bytes per second from 1`,
		`{"kind":"close"}`:                                     `code: must be a close code from 1 to 65535, not 0`,
		`{"kind":"close","code":65536}`:                        `code: must be a close code from 1 to 65535, not 65536`,
		`{"kind":"close","code":1000,"reason":"` + long + `"}`: `reason: must have 123 bytes at most, not 124`,
		`{"kind":"close","code":1005,"reason":"x"}`:            `reason: cannot be sent with 1005, which is played without a code`,
		`{"kind":"close","code":1006,"reason":"x"}`:            `reason: cannot be sent with 1006`,
		`{"kind":"close","code":1015,"reason":"x"}`:            `reason: cannot be sent with 1015`,
		`{"kind":"corrupt","how":"badly"}`:                     `how: must be one of [text utf-8 header], not badly`,
		`{"kind":"oversize","bytes":99999999}`:                 `bytes: must be a number from 1 to 67108864, not 99999999`,
	} {
		var f fault.Fault
		require.ErrorContains(t, json.Unmarshal([]byte(source), &f), want, source)
		assert.Zero(t, f, "what is wrong is not read in part")
		require.ErrorContains(t, yaml.Unmarshal([]byte(source), &f), want, source)
	}
	require.ErrorContains(t, fault.Fault{Kind: fault.Hang, Rate: 3}.Validate(), `rate: a fault of kind "hang" has no such field`)
	require.ErrorContains(t, fault.Fault{Kind: fault.Close, Code: 1000, Reason: "\xff"}.Validate(), `reason: must be text in UTF-8`)
}

func TestParseRules(t *testing.T) {
	rules, err := fault.ParseRules("faults.yaml", []byte(`
# The desk is busy, then it comes back.
- fault: {kind: status, status: 503}
  schedule: next 2
  scope: {operation: message}
- fault:
    kind: delay
    for: 5s
- {"fault": {"kind": "drop"}, "schedule": {"every": 2}, "scope": {"direction": "out", "frame": "line"}}
`))
	require.NoError(t, err)
	assert.Equal(t, []fault.Rule{
		do(fault.Fault{Kind: fault.Status, Status: 503}, "next 2", fault.Scope{Operation: "message"}),
		do(fault.Fault{Kind: fault.Delay, For: 5 * time.Second}, "always"),
		do(drop, "every 2", fault.Scope{Direction: fault.Out, Frame: "line"}),
	}, rules)
	assert.Equal(t, "answer 503, next 2, on message", rules[0].String())
	assert.Equal(t, "delay by 5s, always, anywhere", rules[1].String())
	assert.Equal(t, "lose the frame, every 2, on line going out", rules[2].String())
	for _, r := range rules {
		raw, err := yaml.Marshal([]fault.Rule{r})
		require.NoError(t, err)
		again, err := fault.ParseRules("again.yaml", raw)
		require.NoError(t, err, "%s", raw)
		assert.Equal(t, []fault.Rule{r}, again)
		raw, err = json.Marshal([]fault.Rule{r})
		require.NoError(t, err)
		again, err = fault.ParseRules("again.json", raw)
		require.NoError(t, err, "%s", raw)
		assert.Equal(t, []fault.Rule{r}, again)
	}
}

func TestParseRulesNamesFileLineAndField(t *testing.T) {
	for source, want := range map[string]string{
		"":                                "f.yaml:1: rules are a list of objects",
		"a: 1":                            "f.yaml:1: rules are a list of objects",
		"- fault: {kind: hang}\n---\n- a": "f.yaml: there are 2 documents; rules are one document, a list",
		"- [":                             "f.yaml:1:3: ",
		"- 3":                             "f.yaml:1:3: [0]: must be an object with fields, not 3",
		"- schedule: next 2":              `[0].fault: is missing; it is an object such as {"kind": "hang"}`,
		"- fault: {kind: hang}\n- fault:\n    kind: status\n    status: 42\n": "f.yaml:4:13: [1].fault.status: must be a status from 400 to 599, not 42",
		"- fault: {kind: hang}\n  schedule: nexxt 2\n":                        `f.yaml:2:13: [0].schedule: a schedule has no word "nexxt"`,
		"- fault: {kind: hang}\n  schedule:\n    next: 0.5\n":                 "f.yaml:3:11: [0].schedule.next: must be a whole number, not 0.5",
		"- fault: {kind: hang}\n  scope:\n    operatoin: x\n":                 "f.yaml:3:16: [0].scope.operatoin: a scope has no such field",
		"- fault: {kind: hang}\n  scope: {frame: x}\n":                        "f.yaml:2:18: [0].scope.frame: is known on \"frame\" only",
		"- fault: {kind: hang}\n  shedule: next 2\n":                          `f.yaml:2:12: [0].shedule: a rule has no such field; it has "fault", "schedule", "scope"`,
		"- &a\n  fault: {kind: hang}\n- *a\n":                                 "f.yaml:3:3: aliases are not taken; write out what *a stands for",
	} {
		_, err := fault.ParseRules("f.yaml", []byte(source))
		require.ErrorContains(t, err, want, source)
	}
}

func FuzzFault(f *testing.F) {
	for _, e := range examples {
		f.Add(e.json)
	}
	f.Add(`{"kind":"delay","for":5}`)
	f.Fuzz(func(t *testing.T, source string) {
		var read fault.Fault
		if json.Unmarshal([]byte(source), &read) != nil {
			return
		}
		require.NoError(t, read.Validate())
		raw, err := json.Marshal(read)
		require.NoError(t, err)
		var again fault.Fault
		require.NoError(t, json.Unmarshal(raw, &again), "%s", raw)
		assert.Equal(t, read, again)
		assert.NotContains(t, read.String(), "unknown")
	})
}

func FuzzParseRules(f *testing.F) {
	f.Add("- fault: {kind: status, status: 503}\n  schedule: next 2\n  scope: {operation: message}\n")
	f.Add(`[{"fault":{"kind":"drop"},"schedule":{"every":2},"scope":{"direction":"out"}}]`)
	f.Add("- &a\n  fault: {kind: hang}\n- *a\n")
	f.Fuzz(func(t *testing.T, source string) {
		rules, err := fault.ParseRules("f", []byte(source))
		if err != nil {
			assert.True(t, strings.HasPrefix(err.Error(), "f:"), err)
			return
		}
		for _, r := range rules {
			require.NoError(t, r.Validate())
		}
	})
}

// TestTheTable holds the package documentation to the code.
func TestTheTable(t *testing.T) {
	page, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	var named []fault.Kind
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 4 || strings.HasPrefix(cells[0], "//\tfault") {
			continue
		}
		k := fault.Kind(strings.Trim(cells[0], "/ \t"))
		named = append(named, k)
		var moments []string
		for _, m := range k.Moments() {
			moments = append(moments, string(m))
		}
		if k != fault.Accept {
			assert.Equal(t, strings.Join(moments, ", "), strings.TrimSpace(cells[1]), k)
		}
	}
	assert.Equal(t, fault.Kinds(), named)
}

func ExampleParseRules() {
	rules, err := fault.ParseRules("faults.yaml", []byte("- fault: {kind: status, status: 503}\n  schedule: next 2\n- fault: {kind: reset-after}\n  schedule: next 1\n"))
	fmt.Println(rules, err)
	_, err = fault.ParseRules("faults.yaml", []byte("- fault:\n    kind: close\n    code: 99999\n"))
	fmt.Println(err)
	// Output:
	// [answer 503, next 2, anywhere reset the connection after the effect, next 1, anywhere] <nil>
	// faults.yaml:3:11: [0].fault.code: must be a close code from 1 to 65535, not 99999
}
