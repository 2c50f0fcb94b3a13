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
		return aichat.Bundle{Code: code, Global: c.Global}, about(c.Bundle, c.Global, code), nil
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
			if strings.HasSuffix(args.Path, ".ts") {
				loader = api.LoaderTS
			}
			return api.OnLoadResult{Contents: &contents, Loader: loader}, nil
		})
	}}
}

// bundleHost joins the modules of the host page into one script. The page works without that; a scenario loads it anew, and one file comes sooner than ten.
func bundleHost() ([]byte, error) {
	options := buildOptions()
	options.EntryPoints = []string{"/hosts/emulated/main.js"}
	options.AbsWorkingDir = "/"
	options.Plugins = []api.Plugin{embeddedFiles()}
	options.External = []string{"/integration.js", "/probe.js"}
	result := api.Build(options)
	if len(result.Errors) > 0 {
		told := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return nil, fmt.Errorf("bundle the embedded host page: %s", strings.TrimSpace(strings.Join(told, "\n")))
	}
	return result.OutputFiles[0].Contents, nil
}

func build(options api.BuildOptions, source, export string) (aichat.Bundle, reports.Integration, error) {
	result := api.Build(options)
	if len(result.Errors) > 0 {
		told := api.FormatMessages(result.Errors, api.FormatMessagesOptions{Kind: api.ErrorMessage})
		return aichat.Bundle{}, reports.Integration{}, &UserError{Err: fmt.Errorf("bundle the integration %s:\n\n%s", source, strings.TrimSpace(strings.Join(told, "\n")))}
	}
	exports, err := exportsOf(result.Metafile)
	if err != nil {
		return aichat.Bundle{}, reports.Integration{}, fmt.Errorf("bundle the integration %s: %w", source, err)
	}
	if !slices.Contains(exports, export) {
		return aichat.Bundle{}, reports.Integration{}, &UserError{Err: exportError(source, export, exports)}
	}
	code := result.OutputFiles[0].Contents
	return aichat.Bundle{Code: code, Export: export}, about(source, export, code), nil
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
