package wire

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/fsnotify/fsnotify"
)

// Watch reads a wire file at once and again whenever it is saved, until ctx ends, so that nothing that is saved after the call is missed. changed gets the wire, or what is wrong with the file: then the one before is still good. An editor may
// write a file in several goes; one that has been emptied is about to be written. The error says that the file cannot be watched.
func Watch(ctx context.Context, path string, changed func(*Wire, error)) error {
	watcher, err := fsnotify.NewBufferedWatcher(64)
	if err != nil {
		return fmt.Errorf("watch %s: %w", path, err)
	}
	defer func() { _ = watcher.Close() }() // nothing is lost with it
	absolute, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("watch %s: %w", path, err)
	}
	// It is the folder that is watched: an editor that saves puts a new file in the place of the old.
	if err := watcher.Add(filepath.Dir(absolute)); err != nil {
		return fmt.Errorf("watch the folder of %s: %w", path, err)
	}
	changed(Load(path))
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-watcher.Errors:
			return fmt.Errorf("watch %s: %w", path, err)
		case e := <-watcher.Events:
			if e.Name != absolute || e.Has(fsnotify.Chmod) || !isWritten(absolute) {
				continue
			}
			changed(Load(path))
		}
	}
}

// isWritten says whether the file is there and holds something.
func isWritten(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Size() > 0
}
