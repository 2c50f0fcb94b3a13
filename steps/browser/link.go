package browser

import (
	"context"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

// BreakLink takes the network away from the page, as a tunnel does: requests under way fail, and so do all that follow, until MendLink gives it back or the lease ends.
func (t *Tab) BreakLink(ctx context.Context) error {
	const doing = "take the network away"
	if err := alter(ctx, t, network.Enable, network.EnableParams{}, doing); err != nil {
		return err
	}
	if err := t.link(ctx, doing, &network.Conditions{Offline: true, DownloadThroughput: -1, UploadThroughput: -1}); err != nil {
		return err
	}
	// What was under way before is left alone by the conditions.
	return alter(ctx, t, page.StopLoading, cdp.Empty{}, doing)
}

// MendLink gives the page the network back.
func (t *Tab) MendLink(ctx context.Context) error {
	return t.link(ctx, "give the network back")
}

// link sets what holds of the network, nothing being the network as it is; the page is told as well, for those that wait until they are.
func (t *Tab) link(ctx context.Context, doing string, all ...*network.Conditions) error {
	state := network.OverrideNetworkStateParams{Offline: len(all) > 0, DownloadThroughput: -1, UploadThroughput: -1}
	rules := network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: append([]*network.Conditions{}, all...)}
	if err := t.usable(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if err := only(call(ctx, t.session.life, t.session, network.EmulateNetworkConditionsByRule, rules)); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return alter(ctx, t, network.OverrideNetworkState, state, doing)
}
