package browser

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"deskcheck/steps/bound"
)

const (
	// versionBound is how long a browser may take to print its version; the first start on a cold machine takes seconds.
	versionBound = 10 * time.Second
	// versionSize is how much it may print: a line, and perhaps some warnings.
	versionSize = 64 << 10
)

// Find looks for a browser: the given path, or the best that this machine has (the headless shell first, because it is several times faster). With headed it must
// be a full browser. The error wraps ErrNoBrowser and says what to install or which option to set; a program that does not end when it is asked for its version is none.
func Find(ctx context.Context, path string, headed bool) (Installation, error) {
	found, err := locate(path, headed)
	if err != nil {
		return Installation{}, err
	}
	found.Version, err = askVersion(ctx, found.Path, versionBound)
	if err != nil {
		return Installation{}, err
	}
	return found, nil
}

// locate is Find without asking for the version, which costs a process.
func locate(path string, headed bool) (Installation, error) {
	if path != "" {
		full, err := exec.LookPath(path)
		if err != nil {
			return Installation{}, fmt.Errorf("%w: %s cannot be run (%w); name an installed Chromium or leave the path out to have one looked for", ErrNoBrowser, path, err)
		}
		if found := describe(full); !headed || found.Kind != "headless-shell" {
			return found, nil
		}
		return Installation{}, fmt.Errorf("%w: %s has no windows, so it cannot run headed; install the full browser (Debian: apt-get install chromium) and name it instead", ErrNoBrowser, path)
	}
	var tried []string
	for _, name := range candidates(headed) {
		tried = append(tried, name)
		if full, err := exec.LookPath(name); err == nil {
			return describe(full), nil
		}
	}
	fix := "apt-get install chromium-headless-shell on Debian, or any Chromium or Chrome"
	if headed {
		fix = "apt-get install chromium on Debian, or any Chromium or Chrome; a headed run cannot use the headless shell"
	}
	return Installation{}, fmt.Errorf("%w: looked for %s; install one (%s) or name its path", ErrNoBrowser, strings.Join(tried, ", "), fix)
}

// candidates are program names and well-known places, the best first.
func candidates(headed bool) []string {
	var names []string
	if !headed {
		names = append(names, "chromium-headless-shell", "chrome-headless-shell", "headless_shell", "headless-shell")
	}
	switch runtime.GOOS {
	case "darwin":
		names = append(names, "/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
			"/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge")
	case "windows":
		names = append(names, "chrome.exe")
		for _, root := range []string{os.Getenv("ProgramFiles"), os.Getenv("ProgramFiles(x86)"), os.Getenv("LocalAppData")} {
			if root != "" {
				names = append(names, filepath.Join(root, `Google\Chrome\Application\chrome.exe`), filepath.Join(root, `Microsoft\Edge\Application\msedge.exe`))
			}
		}
	}
	return append(names, "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
}

// describe tells the kind of a browser by the name of its program.
func describe(path string) Installation {
	name := strings.ToLower(filepath.Base(path))
	kind := "chromium"
	switch {
	case strings.Contains(name, "headless"):
		kind = "headless-shell"
	case strings.Contains(name, "edge"):
		kind = "edge"
	case strings.Contains(name, "chrome"):
		kind = "chrome"
	}
	return Installation{Path: path, Kind: kind}
}

// askVersion runs the program for its version, which stays empty if it fails: its start will say more. On Windows a browser would open a window instead of printing one,
// so it is not asked.
func askVersion(ctx context.Context, path string, within time.Duration) (string, error) {
	if runtime.GOOS == "windows" {
		return "", nil
	}
	bounded, cancel := bound.WithTimeout(ctx, within)
	defer cancel()
	printed := &beginning{room: versionSize, full: cancel}
	cmd := exec.CommandContext(bounded, path, "--version")
	cmd.Stdout = printed
	// A child of the program may hold its output open beyond its end.
	cmd.WaitDelay = time.Second
	withChildren(cmd)
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", fmt.Errorf("ask %s for its version: %w", path, ctx.Err())
	case printed.room < 0:
		return "", fmt.Errorf("%w: %s prints without end when it is asked for its --version, so it is no Chromium", ErrNoBrowser, path)
	case bounded.Err() != nil:
		return "", fmt.Errorf("%w: %s did not print its --version within %s, so it cannot be used", ErrNoBrowser, path, within)
	case err != nil:
		return "", nil // as said above
	}
	line, _, _ := strings.Cut(printed.String(), "\n")
	return strings.TrimSpace(line), nil
}

// beginning keeps what is written to it as long as it has room, and calls full when it has none.
type beginning struct {
	strings.Builder

	room int
	full func()
}

func (b *beginning) Write(text []byte) (int, error) {
	b.room -= len(text)
	if b.room < 0 {
		b.full()
		return 0, io.ErrShortWrite
	}
	return b.Builder.Write(text)
}
