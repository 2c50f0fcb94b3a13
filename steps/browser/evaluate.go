package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/runtime"
)

// Evaluate runs JavaScript in the page, waits for its value if that is a promise, and stores it in out (a pointer as for json.Unmarshal; nil drops it; undefined leaves
// it as it is). What the page had recorded before the value came was given to the sink when it returns. The error is a *ScriptError for what JavaScript throws, a
// *LostError if the tab is or gets lost, and the context's when ctx ends first (or after 30 s): a page that loops does not hold it up.
func (t *Tab) Evaluate(ctx context.Context, js string, out any) error {
	if err := t.usable(); err != nil {
		return err
	}
	return t.session.evaluate(ctx, t.session.life, js, out)
}

func (s *session) evaluate(ctx, until context.Context, js string, out any) error {
	result, err := call(ctx, until, s, runtime.Evaluate, runtime.EvaluateParams{
		Expression: js, AwaitPromise: new(true), ReturnByValue: new(out != nil), ObjectGroup: "deskcheck",
	})
	if err != nil {
		return err
	}
	if thrown := result.ExceptionDetails; thrown != nil {
		return &ScriptError{Text: thrownText(thrown)}
	}
	if err := s.passed(ctx); err != nil {
		return err
	}
	if out == nil || result.Result.Type == runtime.RemoteObjectTypeUndefined {
		return nil
	}
	if special := result.Result.UnserializableValue; special != "" {
		return fmt.Errorf("the value %s cannot be told as JSON", special)
	}
	if err := json.Unmarshal(result.Result.Value, out); err != nil {
		return fmt.Errorf("the value does not fit: %w", err)
	}
	return nil
}

// thrownText is what was thrown in words: an error with the first lines of its stack, or the value.
func thrownText(thrown *runtime.ExceptionDetails) string {
	text := thrown.Text
	if value := thrown.Exception; value != nil {
		switch {
		case value.Description != "":
			text = value.Description
		case len(value.Value) > 0:
			text = string(value.Value)
		}
	}
	lines := strings.Split(text, "\n")
	return strings.Join(lines[:min(len(lines), 8)], "\n")
}

// Call calls the function globalThis.<path> with arguments that go as JSON, and treats its result as Evaluate does. The path may have dots; the function gets the object
// before the last dot as its this.
func (t *Tab) Call(ctx context.Context, path string, out any, args ...any) error {
	if args == nil {
		args = []any{}
	}
	list, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("call %s: the arguments cannot be told as JSON: %w", path, err)
	}
	if err := t.Evaluate(ctx, "deskcheck.kit.call("+quote(path)+","+quote(string(list))+")", out); err != nil {
		return fmt.Errorf("call %s: %w", path, err)
	}
	return nil
}

// quote writes a Go string as a JavaScript one. JSON's strings are JavaScript's.
func quote(text string) string {
	raw, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(raw)
}

// quoteAll writes Go strings as a JavaScript array.
func quoteAll(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = quote(text)
	}
	return "[" + strings.Join(quoted, ",") + "]"
}
