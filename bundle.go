package deskcheck

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/evanw/esbuild/pkg/api"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps/aichat"
)

// embeddedReference is how reports call the integration that ships with the kit.
const embeddedReference = "embedded reference"

// bundleOf makes the integration ready for a page: the user's entry bundled from JavaScript or TypeScript, a prebuilt script as it is, or the embedded reference.
// A *UserError says what is wrong with the file, with esbuild's own words, line and caret where it does not parse.
func bundleOf(c Integration) (aichat.Bundle, reports.Integration, error) {
	switch {
	case c.Bundle != "":
		code, err := os.ReadFile(c.Bundle)
		if err != nil {
			return aichat.Bundle{}, reports.Integration{}, &UserError{Err: fmt.Errorf("read the bundle: %w", err)}
		}
		if err := checkScript(c.Bundle, code); err != nil {
			return aichat.Bundle{}, reports.Integration{}, err
		}
		absolute, err := filepath.Abs(c.Bundle)
		if err != nil {
			return aichat.Bundle{}, reports.Integration{}, fmt.Errorf("find the bundle %s: %w", c.Bundle, err)
		}
		return aichat.Bundle{Code: code, Global: c.Global, Inputs: []string{absolute}}, about(c.Bundle, c.Global, code), nil
	case c.File != "":
		return bundleFile(c.File, c.Export)
	}
	return bundleEmbedded("integrations/reference/index.ts", embeddedReference)
}

func about(source, export string, code []byte) reports.Integration {
	sum := sha256.Sum256(code)
	return reports.Integration{Source: source, Export: export, Digest: hex.EncodeToString(sum[:])}
}

func buildOptions() api.BuildOptions {
	return api.BuildOptions{
		Bundle: true, Write: false, Metafile: true, LogLevel: api.LogLevelSilent,
		Format: api.FormatESModule, Platform: api.PlatformBrowser, Target: api.ES2022, Outfile: "integration.js",
		// Packages written for a bundler ask this of their surroundings; a plain page has no process.
		Define: map[string]string{"process.env.NODE_ENV": `"production"`},
	}
}

func bundleFile(file, export string) (aichat.Bundle, reports.Integration, error) {
	if export == "" {
		export = "default"
	}
	info, err := os.Stat(file)
	if err != nil {
		return aichat.Bundle{}, reports.Integration{}, &UserError{Err: fmt.Errorf("read the integration: %w", err)}
	}
	if info.IsDir() {
		return aichat.Bundle{}, reports.Integration{}, &UserError{Err: fmt.Errorf("the integration %s is a folder: name its entry file, such as %s", file, filepath.Join(file, "index.ts"))}
	}
	absolute, err := filepath.Abs(file)
	if err != nil {
		return aichat.Bundle{}, reports.Integration{}, &UserError{Err: fmt.Errorf("find the integration %s: %w", file, err)}
	}
	options := buildOptions()
	options.EntryPoints = []string{absolute}
	options.AbsWorkingDir = filepath.Dir(absolute)
	return build(options, file, export)
}

// bundleEmbedded bundles an integration that ships with the kit; imports are resolved within fixtures.
func bundleEmbedded(entry, source string) (aichat.Bundle, reports.Integration, error) {
	options := buildOptions()
	options.EntryPoints = []string{"/" + entry}
	options.AbsWorkingDir = "/"
	options.Plugins = []api.Plugin{embeddedFiles()}
	return build(options, source, "default")
}

// embeddedFiles lets esbuild read the embedded fixtures as if they lay below /.
func embeddedFiles() api.Plugin {
	const namespace = "embedded"
	return api.Plugin{Name: "embedded-fixtures", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: `.*`}, func(args api.OnResolveArgs) (api.OnResolveResult, error) {
			name := args.Path
			if args.Importer != "" {
				name = path.Join(path.Dir(args.Importer), args.Path)
			}
			name = strings.TrimPrefix(name, "/")
			for _, candidate := range []string{name, name + ".ts", name + ".js", strings.TrimSuffix(name, ".js") + ".ts"} {
				if info, err := fs.Stat(fixtures.FS(), candidate); err == nil && !info.IsDir() {
					return api.OnResolveResult{Path: "/" + candidate, Namespace: namespace}, nil
				}
			}
			return api.OnResolveResult{}, fmt.Errorf("no embedded file %s", name)
		})
		b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: namespace}, func(args api.OnLoadArgs) (api.OnLoadResult, error) {
			raw, err := fs.ReadFile(fixtures.FS(), strings.TrimPrefix(args.Path, "/"))
			if err != nil {
				return api.OnLoadResult{}, err
			}
			contents, loader := string(raw), api.LoaderJS
			switch path.Ext(args.Path) {
			case ".ts":
				loader = api.LoaderTS
			case ".json":
				loader = api.LoaderJSON
			case ".css":
				loader = api.LoaderText
			}
			return api.OnLoadResult{Contents: &contents, Loader: loader}, nil
		})
	}}
}

// bundleHost joins the modules of a host page, and the data of the dialects, into one script: a scenario loads it anew, and one file comes sooner than ten.
func bundleHost(host string) ([]byte, error) {
	options := buildOptions()
	options.EntryPoints = []string{"/hosts/" + host + "/main.js"}
	options.AbsWorkingDir = "/"
	options.Plugins = []api.Plugin{embeddedFiles()}
	options.External = []string{"/integration.js", "/probe.js"}
	result := api.Build(options)
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("bundle the embedded host page: %s", inWords(result.Errors))
	}
	return result.OutputFiles[0].Contents, nil
}

func build(options api.BuildOptions, source, export string) (aichat.Bundle, reports.Integration, error) {
	result := api.Build(options)
	if len(result.Errors) > 0 {
		fix := withOwnAdvice(result.Errors, options.AbsWorkingDir)
		return aichat.Bundle{}, reports.Integration{}, &UserError{Err: fmt.Errorf("bundle the integration %s:\n\n%s", source, inWords(result.Errors)), Fix: fix}
	}
	exports, err := exportsOf(result.Metafile)
	if err != nil {
		return aichat.Bundle{}, reports.Integration{}, fmt.Errorf("bundle the integration %s: %w", source, err)
	}
	if !slices.Contains(exports, export) {
		return aichat.Bundle{}, reports.Integration{}, &UserError{Err: exportError(source, export, exports)}
	}
	code := result.OutputFiles[0].Contents
	inputs, err := inputsOf(result.Metafile, options.AbsWorkingDir)
	if err != nil {
		return aichat.Bundle{}, reports.Integration{}, fmt.Errorf("bundle the integration %s: %w", source, err)
	}
	return aichat.Bundle{Code: code, Export: export, Inputs: inputs}, about(source, export, code), nil
}

func exportError(source, export string, exports []string) error {
	wanted := "a default export"
	if export != "default" {
		wanted = fmt.Sprintf("an export %q", export)
	}
	if len(exports) == 0 {
		return fmt.Errorf("the integration %s exports nothing: it needs %s, a function (parameters, env) => integration", source, wanted)
	}
	return fmt.Errorf("the integration %s has no %s: it exports %s (choose one with --export)", source, strings.TrimPrefix(strings.TrimPrefix(wanted, "an "), "a "), strings.Join(exports, ", "))
}

// inWords is what esbuild says, with file, line and caret.
func inWords(messages []api.Message) string {
	told := api.FormatMessages(messages, api.FormatMessagesOptions{Kind: api.ErrorMessage})
	return strings.TrimSpace(strings.Join(told, "\n"))
}

// checkScript wants a prebuilt bundle to be what a page can load as a classic script: it parses, and it is no module. A browser would only say that there is no factory.
func checkScript(file string, code []byte) error {
	result := api.Build(api.BuildOptions{
		Stdin: &api.StdinOptions{Contents: string(code), Sourcefile: file, Loader: api.LoaderJS}, Metafile: true, Write: false, LogLevel: api.LogLevelSilent,
	})
	if len(result.Errors) > 0 {
		return &UserError{Err: fmt.Errorf("read the bundle %s:\n\n%s", file, inWords(result.Errors))}
	}
	var meta struct {
		Inputs map[string]struct {
			Format string `json:"format"`
		} `json:"inputs"`
	}
	if err := json.Unmarshal([]byte(result.Metafile), &meta); err != nil {
		return fmt.Errorf("read esbuild's description of the bundle: %w", err)
	}
	for _, input := range meta.Inputs {
		if input.Format != "esm" {
			continue
		}
		text := fmt.Sprintf("the bundle %s is a module, and a bundle has to be a classic script", file)
		if where := moduleSyntax(file, code); where != "" {
			text += ":\n\n" + where
		}
		return &UserError{Err: errors.New(text), Fix: fmt.Sprintf("give it with --integration %s (integration.file), or build a script that leaves its factory in a global variable (esbuild: --format=iife)", file)}
	}
	return nil
}

// moduleSyntax shows the first place that makes a file a module, empty if none is found: within a function, import and export at the top level do not parse.
func moduleSyntax(file string, code []byte) string {
	const before, after = "(() => {\n", "\n})"
	source := string(code)
	if strings.HasPrefix(source, "#!") {
		source = "//" + source[2:]
	}
	result := api.Transform(before+source+after, api.TransformOptions{Sourcefile: file, Loader: api.LoaderJS, LogLevel: api.LogLevelSilent})
	if len(result.Errors) == 0 || result.Errors[0].Location == nil {
		return ""
	}
	first := result.Errors[0]
	first.Text, first.Notes = "This makes it a module", nil
	first.Location.Line--
	return inWords([]api.Message{first})
}

// withOwnAdvice takes out of the messages what esbuild advises and deskcheck has no option for, and returns the next step instead: what to do about imports that were
// not found, and about tags in a script. Files in messages are relative to dir.
func withOwnAdvice(messages []api.Message, dir string) string {
	var fixes []string
	for i := range messages {
		m := &messages[i]
		if strings.HasPrefix(m.Text, "The JSX syntax extension") { // who writes JSX on purpose gives it another ending
			m.Notes = nil
			fixes = append(fixes, "leave the tags out; or, if this is a page, serve it and give its address with --host")
			continue
		}
		quoted, unresolved := strings.CutPrefix(m.Text, "Could not resolve ")
		if !unresolved || m.Location == nil {
			continue
		}
		name, err := strconv.Unquote(quoted)
		if err != nil {
			continue
		}
		noted := func(words string) bool {
			return slices.ContainsFunc(m.Notes, func(n api.Note) bool { return strings.Contains(n.Text, words) })
		}
		importer := filepath.Join(dir, m.Location.File)
		var fix string
		switch {
		case noted("is built into node"):
			fix = name + " is a part of Node, which no browser has: do without it, or import a package that stands in for it"
		case noted("Use the relative path"):
			fix = fmt.Sprintf("import it as \"./%s\"", name)
		case strings.HasPrefix(name, ".") || filepath.IsAbs(name):
			fix = "there is no such file: correct the path, which is taken from " + shownFolder(filepath.Dir(importer))
		default:
			fix = installFix(name, importer)
		}
		m.Notes = slices.DeleteFunc(m.Notes, func(n api.Note) bool {
			return strings.Contains(n.Text, "as external") || strings.Contains(n.Text, "is built into node") || strings.Contains(n.Text, "Use the relative path")
		})
		if !slices.Contains(fixes, fix) {
			fixes = append(fixes, fix)
		}
	}
	return strings.Join(fixes, "; ")
}

// installFix says how a package gets to the file that imports it: it belongs into the nearest folder above with a package.json, or else beside the file.
func installFix(name, importer string) string {
	parts := strings.Split(name, "/")
	pkg := parts[0]
	if strings.HasPrefix(pkg, "@") && len(parts) > 1 {
		pkg += "/" + parts[1]
	}
	// What a package imports is installed by the project that imports the package.
	outer, _, _ := strings.Cut(filepath.Dir(importer), string(filepath.Separator)+"node_modules")
	folder := outer
	for dir := outer; ; dir = filepath.Dir(dir) {
		if declared, err := os.ReadFile(filepath.Join(dir, "package.json")); err == nil { //nolint:gosec // It lies above the user's own file.
			if strings.Contains(string(declared), strconv.Quote(pkg)) {
				return "run npm install in " + shownFolder(dir)
			}
			folder = dir
			break
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return fmt.Sprintf("run npm install %s in %s", pkg, shownFolder(folder))
}

// shownFolder is a folder as the user would name it from where they are.
func shownFolder(dir string) string {
	here, err := os.Getwd()
	if err != nil {
		return dir
	}
	relative, err := filepath.Rel(here, dir)
	switch {
	case err != nil || strings.HasPrefix(relative, ".."):
		return dir
	case relative == ".":
		return "this folder"
	}
	return relative
}

// exportsOf reads the names that the bundle exports out of esbuild's description of it.
func exportsOf(metafile string) ([]string, error) {
	var meta struct {
		Outputs map[string]struct {
			Exports    []string `json:"exports"`
			EntryPoint string   `json:"entryPoint"`
		} `json:"outputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, fmt.Errorf("read esbuild's description of the bundle: %w", err)
	}
	for _, output := range meta.Outputs {
		if output.EntryPoint != "" {
			return output.Exports, nil
		}
	}
	return nil, errors.New("esbuild described no entry point")
}

// inputsOf reads the files that went into the bundle out of esbuild's description of it.
func inputsOf(metafile, dir string) ([]string, error) {
	var meta struct {
		Inputs map[string]json.RawMessage `json:"inputs"`
	}
	if err := json.Unmarshal([]byte(metafile), &meta); err != nil {
		return nil, fmt.Errorf("read esbuild's description of the bundle: %w", err)
	}
	var files []string
	for name := range meta.Inputs {
		if strings.HasPrefix(name, "embedded:") {
			continue
		}
		files = append(files, filepath.Join(dir, filepath.FromSlash(name)))
	}
	slices.Sort(files)
	return files, nil
}
