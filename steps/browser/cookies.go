package browser

import (
	"context"
	"fmt"
	"net/http"

	"github.com/chromedp/cdproto/network"
)

// Cookies are those that the browser would send with a request of the page's for an address, with name and value.
func (t *Tab) Cookies(ctx context.Context, address string) ([]*http.Cookie, error) {
	if err := t.usable(); err != nil {
		return nil, fmt.Errorf("read the cookies for %s: %w", address, err)
	}
	kept, err := call(ctx, t.session.life, t.session, network.GetCookies, network.GetCookiesParams{URLs: []string{address}})
	if err != nil {
		return nil, fmt.Errorf("read the cookies for %s: %w", address, err)
	}
	all := make([]*http.Cookie, 0, len(kept.Cookies))
	for _, one := range kept.Cookies {
		all = append(all, &http.Cookie{Name: one.Name, Value: one.Value}) //nolint:gosec // They are to be sent, and set nowhere.
	}
	return all, nil
}
