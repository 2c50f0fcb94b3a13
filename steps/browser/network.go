package browser

import (
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// Network is what the tabs of a browser see of the network. The loopback they always reach themselves.
type Network struct {
	// Proxy makes the proxy of one more tab, through which everything goes that the tab asks for; nil for none. The tab closes it.
	Proxy func() (Proxy, error)
	// Direct are the hosts, each with its port, that are reached without the proxy all the same.
	Direct []string
	// TrustedKey is the SHA-256 of a public key (SubjectPublicKeyInfo) in base64. A chain of certificates that holds the key is trusted, whatever else is said of it; empty
	// trusts what the browser trusts by itself.
	TrustedKey string
}

// Proxy is an HTTP proxy that serves one tab.
type Proxy interface {
	// Addr is where it listens, host and port.
	Addr() string
	// Close ends it with all its connections.
	Close() error
}

// open makes the proxy of a tab, nil if there is to be none.
func (n Network) open() (Proxy, error) {
	if n.Proxy == nil {
		return nil, nil //nolint:nilnil // None is no mistake.
	}
	proxy, err := n.Proxy()
	if err != nil {
		return nil, fmt.Errorf("open the proxy of a tab: %w", err)
	}
	return proxy, nil
}

// through has a browser context use a proxy, if there is one.
func (n Network) through(proxy Proxy) func(*target.CreateBrowserContextParams) {
	return func(p *target.CreateBrowserContextParams) {
		if proxy != nil {
			p.ProxyServer, p.ProxyBypassList = "http://"+proxy.Addr(), strings.Join(n.Direct, ";")
		}
	}
}

// flags are what the browser itself must be told.
func (n Network) flags() []chromedp.ExecAllocatorOption {
	if n.TrustedKey == "" {
		return nil
	}
	return []chromedp.ExecAllocatorOption{chromedp.Flag("ignore-certificate-errors-spki-list", n.TrustedKey)}
}

// Proxy is the one through which the tab goes, nil if there is none.
func (t *Tab) Proxy() Proxy { return t.session.proxy }
