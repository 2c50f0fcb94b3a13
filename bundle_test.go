package deskcheck

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/reports"
)

// files writes a tree below a new working directory.
func files(t *testing.T, tree map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range tree {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
}

func TestABundleIsAClassicScript(t *testing.T) {
	for _, test := range []struct {
		name, code string
		says       []string // empty: it is one
		fix        string
	}{
		{name: "an expression that is called", code: "(function () { window.Desk = () => ({}) })()"},
		{name: "nothing", code: ""},
		{name: "a hashbang", code: "#!/usr/bin/env node\nvar Desk = 1"},
		{name: "what only sloppy mode has", code: "with (window) { Desk = 010 }"},
		{name: "a dynamic import", code: "var Desk = () => import('./more.js')"},
		{name: "a bundle of CommonJS", code: "var Desk = (() => { var module = { exports: {} }; module.exports = 1; return module.exports })()"},
		{name: "a syntax error", code: "var Desk = 1\nvar x = ;\n", says: []string{"read the bundle dist/desk.js", "dist/desk.js:2:8", `Unexpected ";"`, "var x = ;", "^"}},
		{name: "an export", code: "const Desk = 1\nexport { Desk }\n", says: []string{"dist/desk.js is a module", "a classic script", "dist/desk.js:2:0", "export { Desk }", "╵ ~"}, fix: "--integration dist/desk.js"},
		{name: "an import", code: "#!/usr/bin/env node\nimport x from 'y'; window.Desk = x", says: []string{"is a module", "dist/desk.js:2:"}, fix: "--integration dist/desk.js"},
		{name: "await at the top level", code: "window.Desk = await fetch('x')", says: []string{"is a module", "dist/desk.js:1:14"}, fix: "--integration dist/desk.js"},
		{name: "import.meta", code: "window.Desk = import.meta.url", says: []string{"is a module"}, fix: "--integration dist/desk.js"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files(t, map[string]string{"dist/desk.js": test.code})
			bundle, about, err := bundleOf(Integration{Bundle: "dist/desk.js", Global: "Desk"})
			if len(test.says) == 0 {
				require.NoError(t, err)
				assert.Equal(t, test.code, string(bundle.Code), "it runs as it was built")
				assert.Equal(t, "Desk", about.Export)
				return
			}
			var user *UserError
			require.ErrorAs(t, err, &user)
			assert.Equal(t, reports.ExitUserError, ExitCode(err))
			for _, words := range test.says {
				assert.Contains(t, user.Err.Error(), words)
			}
			assert.Contains(t, user.Fix, test.fix)
		})
	}
}

func TestAnImportThatIsNotThereHasANextStep(t *testing.T) {
	for _, test := range []struct {
		name string
		tree map[string]string
		says string
		fix  string
	}{
		{"a package that is declared", map[string]string{"package.json": `{"dependencies":{"@acme/desk":"1"}}`, "src/desk.ts": `import x from '@acme/desk/client'; export default x`},
			`Could not resolve "@acme/desk/client"`, "run npm install in this folder"},
		{"a package that is not", map[string]string{"web/package.json": `{}`, "web/src/desk.ts": "", "src/desk.ts": `export { default } from '../web/src/other'`, "web/src/other.ts": `import x from 'acme/y'; export default x`},
			`Could not resolve "acme/y"`, "run npm install acme in web"},
		{"a package of a package", map[string]string{"package.json": `{}`, "node_modules/acme/package.json": `{"main":"i.js"}`, "node_modules/acme/i.js": `import 'deep'`, "src/desk.ts": `import 'acme'; export default 1`},
			`Could not resolve "deep"`, "run npm install deep in this folder"},
		{"no project", map[string]string{"src/desk.ts": `import x from 'acme'; export default x`},
			`Could not resolve "acme"`, "run npm install acme in src"},
		{"a file", map[string]string{"src/desk.ts": `import x from './other'; export default x`},
			`Could not resolve "./other"`, "there is no such file: correct the path, which is taken from src"},
		{"a file without ./", map[string]string{"src/desk.ts": `import x from 'other.js'; export default x`, "src/other.js": "export default 1"},
			`Could not resolve "other.js"`, `import it as "./other.js"`},
		{"a part of Node", map[string]string{"src/desk.ts": `import fs from 'node:fs'; export default fs`},
			`Could not resolve "node:fs"`, "node:fs is a part of Node, which no browser has: do without it, or import a package that stands in for it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files(t, test.tree)
			_, _, err := bundleOf(Integration{File: "src/desk.ts"})
			var user *UserError
			require.ErrorAs(t, err, &user)
			assert.Contains(t, user.Err.Error(), test.says)
			assert.Contains(t, user.Err.Error(), "s:1:", "file and line stay")
			assert.Equal(t, test.fix, user.Fix)
			for _, option := range []string{"external", "api.", "Platform"} {
				assert.NotContains(t, err.Error(), option, "deskcheck has no such option")
			}
		})
	}
}
