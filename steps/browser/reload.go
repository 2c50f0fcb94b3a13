package browser

import (
	"context"
	"errors"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"

	"deskcheck/steps/bound"
)

// Reload loads the page again, as the user does: what it has stored stays, and the page's clock goes on. Messages go on to the sink of Open. It returns when the new
// document is ready, and fails as Open does.
func (t *Tab) Reload(ctx context.Context) error {
	if err := t.BeginReload(ctx); err != nil {
		return err
	}
	return t.FinishReload(ctx)
}

// BeginReload begins what Reload does and returns when the document before is gone and the new one has begun. What its server still holds back has not run yet, so that
// things can happen while the page is away. Until FinishReload has returned, Open and Reload must not be called.
func (t *Tab) BeginReload(ctx context.Context) error {
	if err := t.usable(); err != nil {
		return err
	}
	s := t.session
	ctx, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	s.mu.Lock()
	awaited := &arrival{origin: s.previous, reload: true, commits: make(map[cdp.LoaderID]string), begun: make(chan struct{}), done: make(chan error, 1)}
	open, passed := s.sink != nil, s.passedTime
	s.mu.Unlock()
	if !open {
		return errors.New("reload: no page is open; call Open first")
	}
	if passed > 0 {
		script := page.AddScriptToEvaluateOnNewDocumentParams{Source: s.handed(fmt.Sprintf("globalThis === top && deskcheck.kit.goOn(%g)", milliseconds(passed)))}
		added, err := call(ctx, s.life, s, page.AddScriptToEvaluateOnNewDocument, script)
		if err != nil {
			return fmt.Errorf("reload: %w", err)
		}
		defer s.removeScript(added.Identifier)
	}
	s.mu.Lock()
	s.awaited, s.reloading = awaited, awaited
	s.mu.Unlock()
	if _, err := call(ctx, s.life, s, page.Reload, page.ReloadParams{}); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	select {
	case <-awaited.begun:
		return nil
	case err := <-awaited.done:
		// An error that comes before the document does is all that there will be.
		awaited.finish(err)
		return nil
	case <-s.lost:
		return fmt.Errorf("reload: %w", s.lostReason())
	case <-ctx.Done():
		return fmt.Errorf("reload: the page did not begin: %w", ctx.Err())
	}
}

// FinishReload returns when the document that BeginReload has begun is ready, and fails as Open does.
func (t *Tab) FinishReload(ctx context.Context) error {
	if err := t.usable(); err != nil {
		return err
	}
	s := t.session
	ctx, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	s.mu.Lock()
	awaited := s.reloading
	s.reloading = nil
	s.mu.Unlock()
	if awaited == nil {
		return errors.New("reload: none has begun; call BeginReload first")
	}
	if err := s.await(ctx, awaited); err != nil {
		return fmt.Errorf("reload: %w", err)
	}
	return nil
}
