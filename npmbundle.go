package deskcheck

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/gofrs/flock"

	"deskcheck/fixtures"
)

const (
	// installBound is how long npm may take; on a slow line half a gigabyte takes its time.
	installBound = 15 * time.Minute
	// cacheTries is how often another process that is installing the same is looked for.
	cacheTries = 250 * time.Millisecond
)

// npmBundle is a script that is made of packages which npm installs.
type npmBundle struct {
	// what is the thing in words, such as "the real chat"; name is its name in the cache.
	what, name string
	// folder has the package.json and package-lock.json, below fixtures.
	folder string
	// entry is the script from which the bundle is made; how is the rest of how it is bundled.
	entry string
	how   api.BuildOptions
	// takes says how long the installation takes, in words; without is said where there is no npm, and instead is what does without.
	takes, without, instead string
}

// script returns the bundle. It is made once for each version of the packages and of what bundles them: npm installs the packages, whose lock file is embedded, into a folder that
// is thrown away, and the script stays in the user's cache. Runs that begin at the same time wait for the one that came first. tell hears, in a few words, of what takes long.
// Its errors are EnvironmentErrors.
func (b npmBundle) script(ctx context.Context, tell func(string)) ([]byte, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("find a folder to keep %s in: %w", b.what, err), Fix: "set HOME or XDG_CACHE_HOME"}
	}
	digest, err := b.digest()
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(cache, "deskcheck")
	script := filepath.Join(folder, b.name+"-"+digest+".js")
	if code, err := os.ReadFile(script); err == nil { //nolint:gosec // The name is ours.
		return code, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil { //nolint:gosec // A cache is no secret.
		return nil, &EnvironmentError{Err: fmt.Errorf("keep %s: %w", b.what, err), Fix: "make the folder writable, or name another one in XDG_CACHE_HOME"}
	}
	lock := flock.New(script + ".lock")
	if _, err := lock.TryLockContext(ctx, cacheTries); err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("wait for another run that installs %s: %w", b.what, err), Fix: "run it again"}
	}
	defer func() { _ = lock.Unlock() }()              // The lock goes with the process.
	if code, err := os.ReadFile(script); err == nil { //nolint:gosec // As above.
		return code, nil
	}
	code, err := b.make(ctx, folder, tell)
	if err != nil {
		return nil, err
	}
	if err := replaceFile(script, code); err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("keep %s: %w", b.what, err), Fix: "make room, or name another folder in XDG_CACHE_HOME"}
	}
	return code, nil
}

// options are how the packages become one script.
func (b npmBundle) options() api.BuildOptions {
	o := b.how
	o.Bundle, o.Write, o.LogLevel, o.Platform, o.Target, o.Outfile = true, false, api.LogLevelSilent, api.PlatformBrowser, api.ES2022, "bundle.js"
	o.MinifySyntax, o.MinifyWhitespace, o.MinifyIdentifiers, o.LegalComments, o.Charset = true, true, true, api.LegalCommentsNone, api.CharsetUTF8
	o.Define = map[string]string{"process.env.NODE_ENV": `"production"`}
	o.Stdin = &api.StdinOptions{Contents: b.entry, Sourcefile: "bundle.js"}
	return o
}

// digest names what the script is made of.
func (b npmBundle) digest() (string, error) {
	sum := sha256.New()
	o := b.options()
	how := fmt.Sprintln(o.Define, o.Stdin.Contents, o.Format, o.Target, o.MinifyIdentifiers)
	sum.Write([]byte(how))
	for _, name := range []string{"package.json", "package-lock.json"} {
		raw, err := b.read(name)
		if err != nil {
			return "", err
		}
		sum.Write(raw)
	}
	return hex.EncodeToString(sum.Sum(nil))[:16], nil
}

// read is a file of the folder.
func (b npmBundle) read(name string) ([]byte, error) {
	raw, err := fixtures.ReadFile(b.folder + "/" + name)
	if err != nil {
		return nil, fmt.Errorf("read what %s needs: %w", b.what, err)
	}
	return raw, nil
}

// make installs the packages below folder, bundles them and removes what was installed.
func (b npmBundle) make(ctx context.Context, folder string, tell func(string)) ([]byte, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return nil, &EnvironmentError{Err: errors.New(b.without), Fix: "apt-get install npm on Debian, or install Node.js" + b.instead}
	}
	dir, err := os.MkdirTemp(folder, "installing-")
	if err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("install %s: %w", b.what, err), Fix: "make the folder writable, or name another one in XDG_CACHE_HOME"}
	}
	defer func() { _ = os.RemoveAll(dir) }() // What stays is in the way of nobody.
	for _, name := range []string{"package.json", "package-lock.json"} {
		raw, err := b.read(name)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			return nil, &EnvironmentError{Err: fmt.Errorf("install %s: %w", b.what, err), Fix: "make room, or name another folder in XDG_CACHE_HOME"}
		}
	}
	tell(fmt.Sprintf("installing %s with npm: once, %s", b.what, b.takes))
	if err := b.install(ctx, npm, dir); err != nil {
		return nil, err
	}
	options := b.options()
	options.AbsWorkingDir, options.Stdin.ResolveDir = dir, dir
	result := api.Build(options)
	if len(result.Errors) > 0 {
		return nil, &EnvironmentError{Err: fmt.Errorf("bundle %s: %s", b.what, inWords(result.Errors)), Fix: "this is a fault of deskcheck: please report it with the lines above"}
	}
	return result.OutputFiles[0].Contents, nil
}

// install installs exactly what the lock file says. No package needs its install script here, and some would start a telemetry process.
func (b npmBundle) install(ctx context.Context, npm, dir string) error {
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
		return fmt.Errorf("install %s: %w", b.what, context.Cause(ctx))
	case bounded.Err() != nil:
		err = fmt.Errorf("npm did not end within %s", installBound)
	}
	return &EnvironmentError{Err: fmt.Errorf("install %s with npm: %w: %s", b.what, err, lastLines(said.String(), 12)), Fix: "see with `npm ping` whether npm reaches its registry, then run this again"}
}

// lastLines keeps the end of what a program said.
func lastLines(said string, n int) string {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
