package deskcheck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/fsnotify/fsnotify"

	"deskcheck/fixtures"
	"deskcheck/reports"
	"deskcheck/steps"
	"deskcheck/steps/browser"
)

// Watcher hears of a watch while it goes on.
type Watcher interface {
	// Begins is called before a round; what it gives hears of that round. again says that only what failed before runs.
	Begins(again bool) Progress
	// Ended is called after a round that was not overtaken by a change.
	Ended(result *reports.Result)
	// Unbundled is called with what is wrong with the integration's files; the watch goes on.
	Unbundled(err error)
}

// Watch certifies as Run does, and again whenever a file changes that the integration is made of: first what failed, or all if nothing did. The browser stays open between
// the rounds; a change in the middle of one begins the next. It ends with ctx, without an error, or with an error of Run.
func Watch(ctx context.Context, c Config, w Watcher) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if c.Contract != contractAIChat {
		return &UserError{Err: errors.New("--watch follows the files of an integration; of an agent desk it does not know them"), Fix: "run it again without --watch"}
	}
	entry := c.Integration.File + c.Integration.Bundle // one of them is set
	if c.HasOwnPage() {
		return &UserError{Err: errors.New("--watch has no files to watch: the integration is the page's own"), Fix: "run it again without --watch, or name the integration's file instead of the page"}
	}
	if entry == "" {
		return &UserError{Err: errors.New("--watch has nothing to watch: the embedded reference does not change"), Fix: "name your own with --integration or --bundle"}
	}
	catalogue, err := fixtures.ReadCatalogue(c.Contract)
	if err != nil {
		return err
	}
	all, err := scenarios(c, catalogue)
	if err != nil {
		return err
	}
	selected, err := choose(all, catalogue.Requirements, c)
	if err != nil {
		return err
	}
	changes, err := watchFiles()
	if err != nil {
		return err
	}
	defer func() { _ = changes.watcher.Close() }() // nothing is lost with it
	if err := changes.follow(entry); err != nil {
		return err
	}
	var desks steps.Desks
	if err := driven(ctx, &c, &desks); err != nil {
		return err
	}
	pool, err := launch(ctx, c, 1)
	if err != nil {
		return err
	}
	defer func() { _ = pool.Close() }() // As in Run.
	v := &vigil{config: c, desks: desks, catalogue: catalogue, all: all, selected: selected, pool: pool, changes: changes, watcher: w}
	for ctx.Err() == nil {
		if err := v.round(ctx); err != nil {
			return err
		}
	}
	return nil
}

// vigil is a watch that goes on.
type vigil struct {
	config    Config
	desks     steps.Desks // where there is a driver
	catalogue fixtures.Catalogue
	all       []steps.Scenario
	selected  []steps.Scenario
	pool      *browser.Pool
	changes   *changes
	watcher   Watcher
	// digest is that of the bundle of the last round, failed what did not pass in it.
	digest string
	failed map[string]bool
	// begun says that the files have been read once.
	begun bool
}

// round bundles, plays what is to be played, and waits for the next change. An editor may write a file in several goes: each is a change, and what is not new is not run.
func (v *vigil) round(ctx context.Context) error {
	bundle, about, err := bundleOf(v.config.Integration)
	if err != nil {
		v.digest = ""
		if v.changes.came() {
			return nil
		}
		if !v.begun || !v.changes.emptied() { // an emptied file is about to be written, which is a change
			v.watcher.Unbundled(err)
		}
		v.begun = true
		return v.changes.wait(ctx)
	}
	v.begun = true
	if err := v.changes.follow(bundle.Inputs...); err != nil {
		return err
	}
	if about.Digest == v.digest {
		return v.changes.wait(ctx)
	}
	v.digest = about.Digest
	stage, err := stageOf(v.config, bundle)
	if err != nil {
		return err
	}
	if v.desks.Driver != nil {
		stage.Desks = v.desks
	}
	chosen := slices.DeleteFunc(slices.Clone(v.selected), func(s steps.Scenario) bool { return len(v.failed) > 0 && !v.failed[s.ID] })
	r := newRecord(v.config, v.catalogue, v.all, chosen, about, v.pool.Installation())
	r.result.Desk = deskOf(v.config, stage.Desks)
	playing, stop := context.WithCancel(ctx)
	overtaken := make(chan bool, 1)
	go func() { // a change ends the round
		changed := v.changes.wait(playing) == nil && playing.Err() == nil
		stop()
		overtaken <- changed
	}()
	problem := (&performance{stage: stage, pool: v.pool, config: v.config, record: r, progress: v.watcher.Begins(len(v.failed) > 0)}).play(playing, chosen)
	stop()
	if <-overtaken {
		v.digest = ""
		return nil
	}
	if ctx.Err() != nil {
		return nil //nolint:nilerr // The end of a watch is no mistake.
	}
	result := r.finish(problem)
	v.failed = map[string]bool{}
	for _, s := range result.Scenarios {
		if s.FailsRun() {
			v.failed[s.ID] = true
		}
	}
	v.watcher.Ended(result)
	if problem != nil {
		return problem
	}
	return v.changes.wait(ctx)
}

// changes are those of the files of an integration.
type changes struct {
	watcher *fsnotify.Watcher
	files   map[string]bool
	folders map[string]bool
}

func watchFiles() (*changes, error) {
	watcher, err := fsnotify.NewBufferedWatcher(256)
	if err != nil {
		return nil, &EnvironmentError{Err: fmt.Errorf("watch files: %w", err), Fix: "the system may allow no more watches; close another program that watches, or run without --watch"}
	}
	return &changes{watcher: watcher, files: map[string]bool{}, folders: map[string]bool{}}, nil
}

// follow adds files to those that are watched. It is their folders that are: an editor that saves puts a new file in the place of the old.
func (c *changes) follow(files ...string) error {
	for _, file := range files {
		absolute, err := filepath.Abs(file)
		if err != nil {
			return fmt.Errorf("watch %s: %w", file, err)
		}
		c.files[absolute] = true
		folder := filepath.Dir(absolute)
		if c.folders[folder] {
			continue
		}
		if err := c.watcher.Add(folder); err != nil {
			return &EnvironmentError{Err: fmt.Errorf("watch %s: %w", folder, err)}
		}
		c.folders[folder] = true
	}
	return nil
}

// wait comes back at the next change of a file that is watched, or when ctx ends.
func (c *changes) wait(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case e := <-c.watcher.Events:
			if c.ours(e) {
				return nil
			}
		case err := <-c.watcher.Errors:
			return &EnvironmentError{Err: fmt.Errorf("watch files: %w", err)}
		}
	}
}

// came says whether a change has come that nobody has waited for yet.
func (c *changes) came() bool {
	for {
		select {
		case e := <-c.watcher.Events:
			if c.ours(e) {
				return true
			}
		default:
			return false
		}
	}
}

// emptied says whether a file that is watched holds nothing: an editor that writes in place empties it first.
func (c *changes) emptied() bool {
	for file := range c.files {
		if info, err := os.Stat(file); err == nil && info.Size() == 0 {
			return true
		}
	}
	return false
}

func (c *changes) ours(e fsnotify.Event) bool { return c.files[e.Name] && !e.Has(fsnotify.Chmod) }
