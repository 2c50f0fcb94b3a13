package browser

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"

	"deskcheck/steps/bound"
)

// Vanish ends the page as when its device dies: no script of it runs any more, not even those that a page has for its end, and what it has open breaks. The tab is lost as Crashed; it
// is still to be released.
func (t *Tab) Vanish(ctx context.Context) error {
	if err := t.usable(); err != nil {
		return fmt.Errorf("end the page: %w", err)
	}
	ctx, cancel := bound.WithTimeout(ctx, callBound)
	defer cancel()
	// The page that is to answer is the one that dies.
	go func() { _, _ = cdp.Call(ctx, t.session.target, page.Crash, cdp.Empty{}) }()
	select {
	case <-t.Lost():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("end the page: the browser does not say that it is gone: %w", ctx.Err())
	}
}
