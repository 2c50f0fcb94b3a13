package deskcheck

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"deskcheck/reports"
	"deskcheck/steps/aichat"
	"deskcheck/steps/browser"
	"deskcheck/steps/uimap"
)

// defaultPageEnv is the global variable in which a page of the user's own finds its desk.
const defaultPageEnv = "deskcheckEnv"

// pageKey is the key that tells of such a page.
const pageKey = "page"

// HasOwnPage says whether the host is a page of the user's own.
func (c Config) HasOwnPage() bool {
	return isAddress(c.Host)
}

func isAddress(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// hostFolder is the folder below fixtures/hosts whose chat the kit puts up.
func (c Config) hostFolder() string {
	if c.HasOwnPage() {
		return "emulated"
	}
	return c.Host
}

// What names what is certified: the integration, or the page that has it.
func (c Config) What() string {
	switch {
	case c.Contract == contractAgentManager:
		return c.AgentDesk.String()
	case c.Contract == contractDigitalConnect:
		return c.Connector.String()
	case c.HasOwnPage():
		return c.Host
	}
	return c.Integration.String()
}

// IsOurs says what a contract certifies ("integration", "agent desk", "connector"), and whether none is configured, so that the embedded reference is certified.
func (c Config) IsOurs() (what string, ours bool) {
	switch c.Contract {
	case contractAgentManager:
		return "agent desk", c.AgentDesk.embedded()
	case contractDigitalConnect:
		return "connector", c.Connector.embedded()
	}
	return "integration", c.Integration == (Integration{}) && !c.HasOwnPage()
}

// Subject names what a run certifies, as it does when it begins.
func (c Config) Subject() string {
	if len(c.Desk.Hosts) == 0 {
		return c.subject()
	}
	return c.subject() + ", its desk at " + strings.Join(c.Desk.Hosts, ", ")
}

func (c Config) subject() string {
	switch {
	case c.Contract == contractAgentManager:
		return fmt.Sprintf("%s, for %s", c.AgentDesk, c.Dialect)
	case c.Contract == contractDigitalConnect:
		return fmt.Sprintf("%s, for %s", c.Connector, c.Dialect)
	case !c.HasOwnPage() && c.Dialect == DefaultConfig().Dialect:
		return c.Integration.String()
	case !c.HasOwnPage():
		return c.Integration.String() + " for " + c.Dialect
	case len(c.Page.Selectors) > 0:
		return c.Host + " (chat: the page's own, by page.selectors)"
	}
	return c.Host + " (chat: deskcheck's own, on your page)"
}

// value returns the page as the schema sees it.
func (p Page) value() map[string]any {
	value := map[string]any{}
	for key, text := range map[string]string{"factory": p.Factory, "env": p.Env, "ask": p.Ask} {
		if text != "" {
			value[key] = text
		}
	}
	if p.Selectors != nil {
		value["selectors"] = maps.Clone(p.Selectors)
	}
	return value
}

// pageWithoutAddress finds what is told of a page where the host is none.
func (c Config) pageWithoutAddress() []ConfigProblem {
	if c.HasOwnPage() || len(c.Page.value()) == 0 {
		return nil
	}
	return []ConfigProblem{{File: c.Path, Line: c.Page.Line, Column: c.Page.Column, Key: pageKey, Message: "belongs to a page of your own, whose address is host: (--host URL)"}}
}

// pageProblems finds what does not fit a page of the user's own.
func (c Config) pageProblems() []ConfigProblem {
	if !c.HasOwnPage() {
		return nil
	}
	var problems []ConfigProblem
	for name, value := range c.Page.Selectors {
		if _, err := uimap.TargetOf(value); err != nil {
			problems = append(problems, ConfigProblem{Key: pageKey + ".selectors." + name, Message: err.Error()})
		}
	}
	if u, err := url.Parse(c.Host); err != nil || u.Hostname() == "" {
		problems = append(problems, ConfigProblem{Key: "host", Expected: "emulated, or the http address of a page of yours", Found: c.Host})
	}
	for key, given := range map[string]string{"integration.file": c.Integration.File, "integration.bundle": c.Integration.Bundle} {
		if given != "" {
			problems = append(problems, ConfigProblem{Key: key, Message: "a page of your own brings its integration with it; leave this out, or the address of the page"})
		}
	}
	return problems
}

// subject gets the integration ready for a page; a page of the user's own has it, and is looked at instead.
func subject(ctx context.Context, c Config) (aichat.Bundle, reports.Integration, error) {
	if !c.HasOwnPage() {
		return bundleOf(c.Integration)
	}
	body, err := fetchPage(ctx, c.Host)
	if err != nil {
		return aichat.Bundle{}, reports.Integration{}, &UserError{Err: err, Fix: "open the address in a browser on this machine, and give that of the page with your configuration on it"}
	}
	sum := sha256.Sum256(body)
	return aichat.Bundle{}, reports.Integration{Source: c.Host, Export: c.Page.Factory, Digest: hex.EncodeToString(sum[:])}, nil
}

// The bounds of the first look at a page: how long it may take to answer, and how much of it is read.
const (
	pageTimeout = 10 * time.Second
	largestPage = 16 << 20
)

// fetchPage reads the page once before a browser is started for it, so that an address that is none is told in a sentence and not by every scenario.
func fetchPage(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, pageTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("the page %s: %w", address, err)
	}
	request.Header.Set("Accept", "text/html")
	client := &http.Client{CheckRedirect: func(next *http.Request, before []*http.Request) error {
		if next.URL.Scheme != request.URL.Scheme || next.URL.Host != request.URL.Host {
			return fmt.Errorf("it sends the browser on to another origin, %s", next.URL)
		}
		if len(before) > 10 {
			return errors.New("it sends the browser on for ever")
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("the page %s gave no answer within %s", address, pageTimeout)
		}
		return nil, fmt.Errorf("the page %s cannot be had: %w", address, innermost(err))
	}
	defer func() { _ = response.Body.Close() }() // It was only read.
	if response.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("the page %s was answered with status %s", address, response.Status)
	}
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err == nil && !slices.Contains([]string{"text/html", "application/xhtml+xml"}, kind) {
		return nil, fmt.Errorf("the page %s is no page: the server says that it is %s", address, kind)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, largestPage))
	if err != nil {
		return nil, fmt.Errorf("the page %s cannot be read: %w", address, err)
	}
	return body, nil
}

// innermost takes off what http.Client says again: the method and the address.
func innermost(err error) error {
	if told, ok := errors.AsType[*url.Error](err); ok {
		return told.Err
	}
	return err
}

// ownPage tells the stage of the user's page; nil where the page is the kit's.
func ownPage(c Config) (*aichat.OwnPage, error) {
	if !c.HasOwnPage() {
		return nil, nil //nolint:nilnil // None is no mistake.
	}
	script, err := bundleHost("page")
	if err != nil {
		return nil, err
	}
	own := &aichat.OwnPage{URL: c.Host, Script: script, Env: cmp.Or(c.Page.Env, defaultPageEnv), Ask: c.Page.Ask, Selectors: map[string]browser.Target{}}
	for name, value := range c.Page.Selectors {
		if own.Selectors[name], err = uimap.TargetOf(value); err != nil {
			return nil, err
		}
	}
	if c.Page.Factory != "" {
		own.Factory = strings.Split(strings.TrimPrefix(c.Page.Factory, "window."), ".")
	}
	return own, nil
}
