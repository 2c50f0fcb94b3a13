package deskcheck

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/gofrs/flock"

	"deskcheck/fixtures"
	"deskcheck/steps/aichat"
)

const (
	hostEmulated = "emulated"
	hostCarbon   = "carbon"
)

const (
	// carbonFolder holds what the carbon host is made of, below fixtures.
	carbonFolder = "hosts/carbon"
	// carbonEntry is the file of the package that defines the chat's element.
	carbonEntry = "@carbon/ai-chat/dist/es/web-components/cds-aichat-container/index.js"
	// installBound is how long npm may take; on a slow line half a gigabyte takes its time.
	installBound = 15 * time.Minute
	// cacheTries is how often another process that is installing the same is looked for.
	cacheTries = 250 * time.Millisecond
)

// serveCarbonChat serves the real chat to the pages of a run.
func serveCarbonChat(ctx context.Context, progress any) (*aichat.Library, error) {
	tell := func(string) {}
	if hears, ok := progress.(Preparing); ok {
		tell = hears.Preparing
	}
	code, err := carbonChat(ctx, tell)
	if err != nil {
		return nil, err
	}
	library, err := aichat.ServeLibrary(code)
	if err != nil {
		return nil, &EnvironmentError{Err: err, Fix: "run `deskcheck doctor`"}
	}
	return library, nil
}

// carbonChat returns the real chat as one script. It is made once for each version of the package and of what bundles it: npm installs the package, whose lock file is
// embedded, into a folder that is thrown away, and the script stays in the user's cache. Runs that begin at the same time wait for the one that came first. tell hears,
// in a few words, of what takes long. Its errors are EnvironmentErrors.
func carbonChat(ctx context.Context, tell func(string)) ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("find a folder to keep the real chat in: %w", err), Fix: "set HOME or XDG_CACHE_HOME"}
	}
	options := carbonOptions()
	digest, err := carbonDigest(options)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(cache, "deskcheck")
	script := filepath.Join(folder, "carbon-"+digest+".js")
	if code, err := os.ReadFile(script); err == nil { //nolint:gosec // The name is ours.
		return code, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // A cache is no secret.
		return nil, &EnvironmentError{Err: fmt.Errorf("keep the real chat: %w", err), Fix: "make the folder writable, or name another one in XDG_CACHE_HOME"}
	}
	lock := flock.New(script + ".lock")
	if _, err := lock.TryLockContext(ctx, cacheTries); err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("wait for another run that installs the real chat: %w", err), Fix: "run it again"}
	}
	defer func() { _ = lock.Unlock() }()              // The lock goes with the process.
	if code, err := os.ReadFile(script); err == nil { //nolint:gosec // As above.
		return code, nil
	}
	code, err := makeCarbonChat(ctx, folder, options, tell)
	if err != nil {
		return nil, err
	}
	if err := replaceFile(script, code); err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("keep the real chat: %w", err), Fix: "make room, or name another folder in XDG_CACHE_HOME"}
	}
	return code, nil
}

// carbonOptions are how the chat becomes one classic script: that is what the browser's compiler remembers from page to page.
func carbonOptions() api.BuildOptions {
	return api.BuildOptions{
		Bundle: true, Write: false, LogLevel: api.LogLevelSilent, Format: api.FormatIIFE, Platform: api.PlatformBrowser, Target: api.ES2022, Outfile: "chat.js",
		MinifySyntax: true, MinifyWhitespace: true, MinifyIdentifiers: true, LegalComments: api.LegalCommentsNone, Charset: api.CharsetUTF8,
		Define: map[string]string{"process.env.NODE_ENV": `"production"`},
		Stdin:  &api.StdinOptions{Contents: fmt.Sprintf("import %q;", carbonEntry), Sourcefile: "chat.js"},
	}
}

// carbonDigest names what the script is made of.
func carbonDigest(options api.BuildOptions) (string, error) {
	sum := sha256.New()
	how := fmt.Sprintln(options.Define, options.Stdin.Contents, options.Format, options.Target, options.MinifyIdentifiers)
	sum.Write([]byte(how))
	for _, name := range []string{"package.json", "package-lock.json"} {
		raw, err := fixtures.ReadFile(carbonFolder + "/" + name)
		if err != nil {
			return "", fmt.Errorf("read what the carbon host needs: %w", err)
		}
		sum.Write(raw)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// makeCarbonChat installs the package below folder, bundles it and removes what was installed.
func makeCarbonChat(ctx context.Context, folder string, options api.BuildOptions, tell func(string)) ([]byte, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, &EnvironmentError{
			Err: errors.New("the carbon host is the real chat package, which npm installs, and there is no npm here"),
			Fix: "apt-get install npm on Debian, or install Node.js; the emulated host (--host emulated) needs none of it",
		}
	}
	dir, err := os.MkdirTemp(folder, "installing-")
	if err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("install the real chat: %w", err), Fix: "make the folder writable, or name another one in XDG_CACHE_HOME"}
	}
	defer func() { _ = os.RemoveAll(dir) }() // What stays is in the way of nobody.
	files, err := fs.Sub(fixtures.FS(), carbonFolder)
	if err != nil {
		return nil, fmt.Errorf("read what the carbon host needs: %w", err)
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		raw, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read what the carbon host needs: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			return nil, &EnvironmentError{Err: fmt.Errorf("install the real chat: %w", err), Fix: "make room, or name another folder in XDG_CACHE_HOME"}
		}
	}
	tell("installing the real chat with npm: once, a minute or so")
	if err := npmInstall(ctx, npm, dir); err != nil {
		return nil, err
	}
	options.AbsWorkingDir = dir
	options.Stdin.ResolveDir = dir
	result := api.Build(options)
	if len(result.Errors) > 0 {
		return nil, &EnvironmentError{Err: fmt.Errorf("bundle the real chat: %s", inWords(result.Errors)), Fix: "this is a fault of deskcheck: please report it with the lines above"}
	}
	return result.OutputFiles[0].Contents, nil
}

// npmInstall installs exactly what the lock file says. No package needs its install script here, and theirs would start a telemetry process.
func npmInstall(ctx context.Context, npm, dir string) error {
	bounded, cancel := context.WithTimeout(ctx, installBound)
	defer cancel()
	var said bytes.Buffer
	cmd := exec.CommandContext(bounded, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "IBM_TELEMETRY_DISABLED=true")
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("install the real chat: %w", context.Cause(ctx))
	case bounded.Err() != nil:
		err = fmt.Errorf("npm did not end within %s", installBound)
	}
	return &EnvironmentError{Err: fmt.Errorf("install the real chat with npm: %w: %s", err, lastLines(said.String(), 12)), Fix: "see with `npm ping` whether npm reaches its registry, then run this again"}
}

// lastLines keeps the end of what a program said.
func lastLines(said string, n int) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
