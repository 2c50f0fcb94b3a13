package deskcheck

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"testing/fstest"

	"github.com/evanw/esbuild/pkg/api"

	"deskcheck/fixtures"
)

// referenceDesk is the folder of the reference desk, below fixtures.
const referenceDesk = "desks/reference"

// deskPage are the files of the reference desk that a browser loads as they are.
var deskPage = []string{"index.html", "style.css", "push-sw.js"}

// deskFiles returns the files of an agent desk that ships with the kit, to be served as they are: its page, and main.js, which is bundled from entry (the path of a script below
// fixtures, such as desks/reference/main.js) and the client that npm installs. Whoever serves them adds config.json. tell hears, in a few words, of what takes long. The errors
// are EnvironmentErrors, but for one that says where the desk itself is wrong.
func deskFiles(ctx context.Context, entry string, tell func(string)) (fs.FS, error) {
	client, err := deskClient().script(ctx, tell)
	if err != nil {
		return nil, err
	}
	code, err := bundleDesk(entry, client)
	if err != nil {
		return nil, err
	}
	files := fstest.MapFS{"main.js": {Data: code}}
	for _, name := range deskPage {
		raw, err := fixtures.ReadFile(path.Join(referenceDesk, name))
		if err != nil {
			return nil, fmt.Errorf("read the page of the reference desk: %w", err)
		}
		files[name] = &fstest.MapFile{Data: raw}
	}
	return files, nil
}

// deskClient is the real client of the desks as one module.
func deskClient() npmBundle {
	return npmBundle{
		what: "the Socket.IO client", name: "socketio", folder: "desks", entry: `export { io } from "socket.io-client";`, how: api.BuildOptions{Format: api.FormatESModule}, takes: "a few seconds",
		without: "the kit's own agent desks use the real Socket.IO client, which npm installs, and there is no npm here",
	}
}

// bundleDesk joins a desk's modules and the client into one classic script.
func bundleDesk(entry string, client []byte) ([]byte, error) {
	options := buildOptions()
	options.EntryPoints = []string{"/" + entry}
	options.AbsWorkingDir = "/"
	options.Format = api.FormatIIFE
	options.Plugins = []api.Plugin{providedModule("socket.io-client", client), embeddedFiles()}
	result := api.Build(options)
	if len(result.Errors) > 0 {
		return nil, fmt.Errorf("bundle the agent desk %s: %s", entry, inWords(result.Errors))
	}
	return result.OutputFiles[0].Contents, nil
}

// providedModule gives esbuild the code of a package that scripts import by its name.
func providedModule(name string, code []byte) api.Plugin {
	const namespace = "provided"
	contents := string(code)
	return api.Plugin{Name: "provided-module", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: "^" + name + "$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: name, Namespace: namespace}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: `.*`, Namespace: namespace}, func(api.OnLoadArgs) (api.OnLoadResult, error) {
			return api.OnLoadResult{Contents: &contents, Loader: api.LoaderJS}, nil
		})
	}}
}
