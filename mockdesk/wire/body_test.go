package wire_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/wire"
)

// FuzzJSON holds how bodies are read against encoding/json: what it takes is taken, with the same values in it, and nothing else is.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{
		`{"t":"say","text":"Why?"}`, ` [1, -0, 1.0, 0.5, 1e3, -12, true, false, null] `, `{"a":{"a":[]}}`, `{"a":1,"a":2}`, `{"a":{"b":1},"a":{"c":2}}`, `{"a":1,"A":2}`, `"\ud800"`, `"\u00e4\n\/"`,
		"\"\xff\"", "{\"\xff\":1,\"\xfe\":2}", `{"a":1}{`, `{"a":1} 2`, `{"a":1,}`, `[1,]`, `{a:1}`, `'a'`, `nul`, `"`, `"` + "\n" + `"`, `"` + "\x00" + `"`, `01`, `+1`, `.5`, `-`, `1e`, "\ufeff{}", `12345678901234567890`,
		`1234567890123456.5`, strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999), strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), `// no`, "{}\u00a0",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(bytes.Trim(text, " \t\r\n")) == 0 {
			return // Nothing is an empty object here.
		}
		got, err := wire.ReadBody(wire.JSONBody, text)
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber() // Numbers that no type can hold are read, too.
		var want any
		if !json.Valid(text) || decoder.Decode(&want) != nil {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		assert.Equal(t, plain(want), plain(got))
	})
}

// plain has numbers be the same whatever their type.
func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = plain(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = plain(inner)
		}
	case json.Number:
		if n, err := v.Float64(); err == nil {
			return fmt.Sprint(n + 0) // There is no zero below zero.
		}
		return v.String()
	case int:
		return fmt.Sprint(float64(v))
	case float64:
		return fmt.Sprint(v)
	}
	return v
}
