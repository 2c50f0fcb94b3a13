package deskcheck

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rooms says what each room may import of ours. The arrows go one way, so that each room can be understood without those above it.
var rooms = map[string][]string{
	"cmd/deskcheck":    {"deskcheck", "mockdesk", "reports", "fixtures"},
	".":                {"features", "fixtures", "mockdesk", "mockdesk/journal", "reports", "steps", "steps/aichat", "steps/browser"},
	"features":         {},
	"fixtures":         {},
	"mockdesk":         {"mockdesk/journal", "fixtures"},
	"mockdesk/journal": {},
	"mockdesk/store":   {},
	"reports":          {},
	"steps":            {"mockdesk", "mockdesk/journal", "fixtures", "steps/browser"},
	"steps/aichat":     {"mockdesk", "mockdesk/journal", "fixtures", "steps", "steps/browser"},
	"steps/browser":    {},
}

// foreign says in which rooms a library that shapes everything around it may appear.
var foreign = map[string][]string{
	"github.com/chromedp/":                  {"steps/browser"},
	"github.com/cucumber/godog":             {"steps", "steps/aichat"},
	"github.com/gorilla/websocket":          {"mockdesk"},
	"modernc.org/sqlite":                    {"mockdesk/store"},
	"github.com/spf13/cobra":                {"cmd/deskcheck"},
	"github.com/evanw/esbuild":              {"."},
	"github.com/fsnotify/fsnotify":          {"."},
	"github.com/santhosh-tekuri/jsonschema": {"fixtures", "."},
}

// TestRooms reads the imports of every file that is not a test.
func TestRooms(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != "." || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		require.NoError(t, err)
		room := filepath.ToSlash(filepath.Dir(path))
		allowed, known := rooms[room]
		assert.True(t, known, "%s is in a room that the design does not have: %s", path, room)
		for _, imported := range file.Imports {
			name := strings.Trim(imported.Path.Value, `"`)
			if ours, ok := strings.CutPrefix(name, "deskcheck/"); ok || name == "deskcheck" {
				if name == "deskcheck" {
					ours = name
				}
				assert.Contains(t, allowed, ours, "%s imports %s", path, name)
			}
			for library, where := range foreign {
				if strings.HasPrefix(name, library) {
					assert.True(t, slices.Contains(where, room), "%s imports %s, which is for %v", path, name, where)
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
}
