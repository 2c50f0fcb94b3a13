package browser

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/page"
)

// ErrOneFile says that several files were to be chosen where the page asked for one.
var ErrOneFile = errors.New("the file chooser takes one file only")

// ChooseFiles clicks an element as Click does, waits for the file chooser that the page opens upon it, and chooses the files at the paths there, which must be absolute:
// the page gets true files of the disk, with the names and types that the browser gives them, and the events of a user's choice. Like a user who switches the chooser to
// "all files" it heeds no filter. No window is shown. The error wraps ErrOneFile where several files are to be chosen and the page wants one; it names the element, and
// says so where no chooser opens.
func (t *Tab) ChooseFiles(ctx context.Context, name string, widget int, paths ...string) error {
	if err := t.chooseFiles(ctx, partNamed(name, widget), paths); err != nil {
		return fmt.Errorf("choose files with %q: %w", name, err)
	}
	return nil
}

func (t *Tab) chooseFiles(ctx context.Context, on part, paths []string) error {
	if err := t.act(ctx); err != nil {
		return err
	}
	s := t.session
	opened := make(chan *page.EventFileChooserOpened, 1)
	s.expectChooser(opened)
	defer s.expectChooser(nil)
	// Only for as long as the user is about to choose: a page that opens a chooser of its own accord must find nobody there.
	if _, err := call(ctx, s.life, s, page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: true}); err != nil {
		return err
	}
	err := t.chooseIn(ctx, opened, on, paths)
	// Also when ctx has ended meanwhile: the tab will be used again.
	if _, off := call(context.WithoutCancel(ctx), s.life, s, page.SetInterceptFileChooserDialog, page.SetInterceptFileChooserDialogParams{Enabled: false}); err == nil {
		err = off
	}
	return err
}

func (t *Tab) chooseIn(ctx context.Context, opened <-chan *page.EventFileChooserOpened, on part, paths []string) error {
	s := t.session
	if err := t.click(ctx, on); err != nil {
		return err
	}
	var chooser *page.EventFileChooserOpened
	select {
	case chooser = <-opened:
	case <-s.lost:
		return s.lostReason()
	case <-ctx.Done():
		return fmt.Errorf("no file chooser opened upon the click: %w", ctx.Err())
	}
	if chooser.Mode == page.FileChooserOpenedModeSelectSingle && len(paths) > 1 {
		return fmt.Errorf("%w, not %d", ErrOneFile, len(paths))
	}
	if _, err := call(ctx, s.life, s, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: paths, BackendNodeID: chooser.BackendNodeID}); err != nil {
		return err
	}
	return s.passed(ctx)
}

// expectChooser has the next file chooser that opens told to c, or to nobody.
func (s *session) expectChooser(c chan<- *page.EventFileChooserOpened) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.chooser = c
}

// chooses is told that a file chooser has opened.
func (s *session) chooses(e *page.EventFileChooserOpened) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.chooser == nil {
		return
	}
	select {
	case s.chooser <- e:
	default: // a second one for the same click
	}
}
