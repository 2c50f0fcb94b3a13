package reports

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
)

// Preflight says by its error why Write would fail on the folder dir, as far as that can be known before there is a result, so that nobody runs everything first and
// learns it afterwards. It leaves no trace: folders that it had to make are removed again.
func Preflight(dir string) error {
	return preflight(dir, []string{IndexFile, JUnitFile, ResultsFile}, []string{".", "journals", "screenshots"})
}

// PreflightMatrix is to WriteMatrix what Preflight is to Write.
func PreflightMatrix(dir string) error {
	return preflight(dir, []string{MatrixPage, MatrixFile}, []string{"."})
}

func preflight(dir string, names, folders []string) error {
	made := missing(dir)
	defer func() {
		for _, folder := range made {
			_ = os.Remove(folder) // one that is not there, or not empty any more, may stay
		}
	}()
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a report is there for others to read
		if _, there := os.Lstat(dir); there == nil && errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("report folder %s: it is a link that leads nowhere", dir)
		}
		return fmt.Errorf("report folder %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("report folder %s: %w", dir, err)
	}
	defer func() { _ = root.Close() }() // nothing was written through the handle itself
	for _, name := range names {
		if err := mayReplace(root, name); err != nil {
			return fmt.Errorf("report in %s: %w", dir, err)
		}
	}
	for _, folder := range folders {
		if err := takesFiles(root, folder); err != nil {
			return fmt.Errorf("report in %s: %w", dir, err)
		}
	}
	return nil
}

// missing are the folders that have to be made for dir to be there, the innermost first.
func missing(dir string) []string {
	var folders []string
	for folder := filepath.Clean(dir); ; folder = filepath.Dir(folder) {
		if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) || folder == filepath.Dir(folder) {
			return folders
		}
		folders = append(folders, folder)
	}
}

// takesFiles says why no file can be made in a folder of the report; one that is not there yet will be made.
func takesFiles(root *os.Root, folder string) error {
	entry, err := root.Lstat(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	info, err := root.Stat(folder) // through links, as long as they stay inside
	if err != nil && entry.Mode()&fs.ModeSymlink != 0 {
		return fmt.Errorf("%s is a link that leads nowhere or out of the report", folder)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", folder)
	}
	probe := path.Join(folder, ".deskcheck-probe."+strconv.Itoa(os.Getpid())+".tmp")
	if err := root.WriteFile(probe, []byte("?"), 0o600); err != nil {
		_ = root.Remove(probe) // the write's error says more
		if reason, ok := errors.AsType[*fs.PathError](err); ok {
			err = reason.Err
		}
		return fmt.Errorf("no file can be written there: %w", err)
	}
	return root.Remove(probe)
}
