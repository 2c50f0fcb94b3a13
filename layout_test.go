package deskcheck

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rooms says what each room may import of ours. The arrows go one way, so that each room can be understood without those above it.
var rooms = map[string][]string{
	"cmd/deskcheck": {
		"deskcheck", "fixtures", "fixtures/connectors/reference", "fixtures/document", "mockdesk", "mockdesk/console", "mockdesk/control/api", "mockdesk/control/client", "mockdesk/control/managerapi", "mockdesk/control/talkdeskapi", "mockdesk/digitalconnect", "mockdesk/driver", "mockdesk/edge", "mockdesk/fault", "mockdesk/recording", "mockdesk/script",
		"mockdesk/standalone", "mockdesk/wire", "reports",
	},
	// It loads the desk as a stranger would: as a process, over its wire.
	"cmd/deskload": {},
	".": {
		"features", "fixtures", "fixtures/connectors/reference", "fixtures/document", "mockdesk", "mockdesk/agentmanager", "mockdesk/digitalconnect", "mockdesk/digitalconnect/rules", "mockdesk/digitalconnect/traffic", "mockdesk/driver", "mockdesk/edge", "mockdesk/journal",
		"mockdesk/wire", "reports", "steps", "steps/agentmanager", "steps/aichat", "steps/browser", "steps/connector", "steps/digitalconnect", "steps/enduser", "steps/intercept", "steps/uimap", "steps/vocabulary",
	},
	"features":          {},
	"fixtures":          {},
	"fixtures/document": {},
	// A connector as a stranger would write it: it shares no code with who judges it.
	"fixtures/connectors/reference": {},
	"mockdesk":                      {"fixtures", "mockdesk/fault", "mockdesk/journal", "mockdesk/packed", "mockdesk/wire"},
	"mockdesk/driver":               {"mockdesk", "mockdesk/fault", "mockdesk/wire"},
	"mockdesk/edge":                 {},
	"mockdesk/fault":                {"fixtures/document"},
	"mockdesk/journal":              {},
	"mockdesk/packed":               {},
	"mockdesk/wire":                 {"fixtures", "fixtures/document", "mockdesk/packed"},
	// A desk standing alone: the API's types are below everyone who speaks of them, and whoever serves is above whoever is served.
	"mockdesk/agentmanager":   {"fixtures", "mockdesk/journal", "mockdesk/socketio", "mockdesk/socketio/codec"},
	"mockdesk/console":        {},
	"mockdesk/control":        {"mockdesk", "mockdesk/control/api", "mockdesk/control/serving", "mockdesk/fault", "mockdesk/journal", "mockdesk/tenant", "mockdesk/wire"},
	"mockdesk/control/api":    {"mockdesk/fault"},
	"mockdesk/control/client": {"mockdesk/control/api", "mockdesk/control/managerapi", "mockdesk/control/talkdeskapi", "mockdesk/fault"},
	"mockdesk/match":          {"mockdesk/journal"},
	"mockdesk/recording":      {"mockdesk/journal", "mockdesk/wire"},
	"mockdesk/script":         {"fixtures", "fixtures/document"},
	"mockdesk/socketio":       {"mockdesk/socketio/codec"},
	"mockdesk/socketio/codec": {},
	"mockdesk/standalone":     {"fixtures", "fixtures/document", "mockdesk", "mockdesk/agentmanager", "mockdesk/control", "mockdesk/control/api", "mockdesk/control/manager", "mockdesk/control/managerapi", "mockdesk/control/serving", "mockdesk/control/talkdesk", "mockdesk/control/talkdeskapi", "mockdesk/digitalconnect", "mockdesk/digitalconnect/standing", "mockdesk/driver", "mockdesk/edge", "mockdesk/fault", "mockdesk/floor", "mockdesk/script", "mockdesk/store", "mockdesk/tenant", "mockdesk/wire"},
	"mockdesk/store":          {"mockdesk/packed"},
	"mockdesk/tenant":         {"fixtures/document", "mockdesk", "mockdesk/control/api", "mockdesk/control/faults", "mockdesk/fault", "mockdesk/journal", "mockdesk/packed", "mockdesk/script", "mockdesk/store", "mockdesk/wire"},
	"reports":                 {},
	"steps":                   {"mockdesk", "mockdesk/driver", "mockdesk/edge", "mockdesk/fault", "mockdesk/journal", "mockdesk/wire", "steps/bound", "steps/browser"},
	"steps/agentmanager":      {"mockdesk", "mockdesk/agentmanager", "mockdesk/journal", "mockdesk/socketio", "steps", "steps/bound", "steps/browser", "steps/expect", "steps/uimap", "steps/vocabulary"},
	"steps/aichat":            {"fixtures", "mockdesk", "mockdesk/driver", "mockdesk/edge", "mockdesk/fault", "mockdesk/journal", "steps", "steps/bound", "steps/browser", "steps/expect", "steps/vocabulary"},
	"steps/bound":             {},
	"steps/browser":           {"steps/bound"},
	"steps/digitalconnect": {
		"fixtures", "mockdesk", "mockdesk/digitalconnect", "mockdesk/digitalconnect/files", "mockdesk/digitalconnect/rules", "mockdesk/digitalconnect/webhook", "mockdesk/edge", "mockdesk/fault", "mockdesk/journal", "steps", "steps/bound", "steps/browser", "steps/connector",
		"steps/enduser", "steps/expect", "steps/intercept", "steps/vocabulary",
	},
	"steps/connector":  {"fixtures/document", "mockdesk/journal", "steps/bound"},
	"steps/enduser":    {"mockdesk/journal", "steps", "steps/bound", "steps/browser"},
	"steps/expect":     {},
	"steps/intercept":  {"mockdesk/edge"},
	"steps/uimap":      {"fixtures", "fixtures/document", "steps/bound", "steps/browser"},
	"steps/vocabulary": {"steps"},

	// What control APIs share, and an Agent Manager standing alone.
	"mockdesk/control/manager":             {"mockdesk/agentmanager", "mockdesk/control/api", "mockdesk/control/managerapi", "mockdesk/control/serving", "mockdesk/floor", "mockdesk/journal"},
	"mockdesk/control/faults":              {"mockdesk", "mockdesk/control/api", "mockdesk/fault"},
	"mockdesk/control/managerapi":          {"mockdesk/control/api"},
	"mockdesk/control/named":               {"mockdesk/control/api"},
	"mockdesk/control/talkdesk":            {"mockdesk/control/api", "mockdesk/control/faults", "mockdesk/control/serving", "mockdesk/control/talkdeskapi", "mockdesk/digitalconnect", "mockdesk/digitalconnect/standing", "mockdesk/journal"},
	"mockdesk/control/talkdeskapi":         {"mockdesk/control/api"},
	"mockdesk/control/serving":             {"fixtures/document", "mockdesk/control/api", "mockdesk/journal", "mockdesk/match"},
	"mockdesk/control/serving/servingtest": {},
	"mockdesk/floor":                       {"mockdesk", "mockdesk/agentmanager", "mockdesk/control/api", "mockdesk/control/managerapi", "mockdesk/control/named", "mockdesk/journal"},
	"mockdesk/floor/floortest":             {},

	// Talkdesk, and below it what knows nothing of conversations, of the mock, or of one another.
	"mockdesk/digitalconnect":         {"fixtures", "fixtures/document", "mockdesk", "mockdesk/digitalconnect/files", "mockdesk/digitalconnect/rules", "mockdesk/digitalconnect/webhook", "mockdesk/fault", "mockdesk/journal"},
	"mockdesk/digitalconnect/files":   {"mockdesk"},
	"mockdesk/digitalconnect/rules":   {"fixtures"},
	"mockdesk/digitalconnect/traffic": {"fixtures", "fixtures/document", "mockdesk/digitalconnect/rules", "mockdesk/digitalconnect/webhook", "mockdesk/journal"},
	"mockdesk/digitalconnect/webhook": {"mockdesk"},
	"mockdesk/digitalconnect/standing": {
		"mockdesk", "mockdesk/control/api", "mockdesk/control/faults", "mockdesk/control/named", "mockdesk/control/talkdeskapi", "mockdesk/digitalconnect", "mockdesk/digitalconnect/files", "mockdesk/digitalconnect/webhook",
		"mockdesk/fault", "mockdesk/journal",
	},
}

// foreign says in which rooms a library that shapes everything around it may appear.
var foreign = map[string][]string{
	"github.com/chromedp/":                  {"steps/browser", "mockdesk/digitalconnect/traffic"}, // a recording may be a HAR document, whose types come with those of the browser's protocol
	"github.com/cucumber/godog":             {"steps", "steps/agentmanager", "steps/aichat", "steps/digitalconnect", "steps/vocabulary"},
	"github.com/gorilla/websocket":          {"mockdesk", "mockdesk/fault", "mockdesk/recording", "mockdesk/socketio", "mockdesk/floor/floortest", "cmd/deskload"}, // The desk opens sockets; the faults break them, which takes the one that writes; the recorder passes them on; the load is their client; Socket.IO is carried by them; a small agent desk for tests speaks it.
	"modernc.org/sqlite":                    {"mockdesk/store"},
	"github.com/spf13/cobra":                {"cmd/deskcheck"},
	"github.com/evanw/esbuild":              {"."},
	"github.com/fsnotify/fsnotify":          {".", "mockdesk/wire"}, // an integration is certified again when it is saved, a wire is read again
	"github.com/expr-lang/expr":             {".", "mockdesk/wire", "mockdesk/match"},
	"github.com/santhosh-tekuri/jsonschema": {"fixtures", "fixtures/document"},
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

// TestTopLevel holds the top level to what it is to have: what is built or reported there has folders of its own.
func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	folders := []string{"cmd", "features", "fixtures", "mockdesk", "reports", "steps", "bin", "deskcheck-report"}
	files := []string{"go.mod", "go.sum", "Makefile", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"}
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasPrefix(name, "."):
		case e.IsDir():
			assert.Contains(t, folders, name)
		case filepath.Ext(name) != ".go":
			assert.Contains(t, files, name)
		}
	}
}
