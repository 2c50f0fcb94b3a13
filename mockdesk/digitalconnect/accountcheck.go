package digitalconnect

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"deskcheck/fixtures"
	"deskcheck/fixtures/document"
	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/webhook"
)

// checker gathers what is wrong with an account beyond the shapes of its values.
type checker struct {
	account  *Account
	problems []document.Problem
}

func (c *checker) wrongf(key, format string, args ...any) {
	c.problems = append(c.problems, document.Problem{Key: key, Message: fmt.Sprintf(format, args...)})
}

// unknown says that a name leads nowhere, and what was probably meant.
func (c *checker) unknown(key, what, name, rule string, known []string) {
	p := document.Problem{Key: key, Message: fmt.Sprintf("there is no %s %q in this file (%s)", what, name, rule)}
	if near, ok := document.Near(name, known); ok {
		p.Meant = near
	}
	c.problems = append(c.problems, p)
}

// problems finds every mistake of an account whose shape is right.
func (a *Account) problems() []document.Problem {
	c := &checker{account: a}
	c.doubles()
	for i := range a.Clients {
		c.client(fmt.Sprintf("oauth_clients[%d]", i), &a.Clients[i])
	}
	for i := range a.Integrations {
		c.integration(fmt.Sprintf("integrations[%d]", i), &a.Integrations[i])
	}
	for i := range a.Touchpoints {
		c.touchpoint(fmt.Sprintf("touchpoints[%d]", i), &a.Touchpoints[i])
	}
	return c.problems
}

// doubles finds ids and names that are taken twice.
func (c *checker) doubles() {
	a := c.account
	c.twice("oauth_clients[%d].id", "an OAuth client", names(a.Clients, func(o Client) string { return o.ID }))
	c.twice("integrations[%d].name", "an integration", names(a.Integrations, func(o Integration) string { return o.Name }))
	c.twice("flows[%d].id", "a flow", names(a.Flows, func(o Flow) string { return o.ID }))
	c.twice("touchpoints[%d].id", "a touchpoint", names(a.Touchpoints, func(o Touchpoint) string { return o.ID }))
	for i, f := range a.Flows {
		c.twice(fmt.Sprintf("flows[%d].arguments[%%d].name", i), "an argument", names(f.Arguments, func(o Argument) string { return o.Name }))
		c.twice(fmt.Sprintf("flows[%d].arguments[%%d].variable", i), "an argument for the variable", names(f.Arguments, func(o Argument) string { return o.Variable }))
	}
	for i, one := range a.Clients {
		c.twice(fmt.Sprintf("oauth_clients[%d].keys[%%d].kid", i), "a key", names(one.Keys, func(o Key) string { return o.ID }))
	}
}

func (c *checker) twice(key, what string, names []string) {
	for i, name := range names {
		if slices.Index(names, name) < i {
			c.wrongf(fmt.Sprintf(key, i), "there is %s %s already; each needs a name of its own", what, name)
		}
	}
}

// names are what things are called.
func names[T any](of []T, name func(T) string) []string {
	all := make([]string, 0, len(of))
	for _, one := range of {
		all = append(all, name(one))
	}
	return all
}

// client is DC-AUTH-22, and that there is a way to authenticate.
func (c *checker) client(key string, one *Client) {
	if len(one.Grants) > 0 && !slices.Contains(one.Grants, GrantClientCredentials) {
		c.wrongf(key+".grants", "a connector asks for tokens by %s, which is not among %s; enable it (DC-AUTH-22)", GrantClientCredentials, strings.Join(one.Grants, ", "))
	}
	for _, scope := range []string{ScopeRead, ScopeWrite} {
		if !slices.Contains(one.Scopes, scope) {
			c.wrongf(key+".scopes", "the scope %s is missing; the client needs both of Digital Connect (DC-AUTH-22)", scope)
		}
	}
	if one.Secret == "" && len(one.Keys) == 0 {
		c.wrongf(key, "there is neither a secret nor a key, so the client could not authenticate; give one (DC-AUTH-03, DC-AUTH-04)")
	}
	for i, k := range one.Keys {
		if _, err := rules.ParseKey([]byte(k.PublicKey)); err != nil {
			c.wrongf(fmt.Sprintf("%s.keys[%d].public_key", key, i), "%s (DC-AUTH-04)", err)
		}
	}
}

func (c *checker) integration(key string, one *Integration) {
	if problem := basePathProblem(one.BasePath); problem != "" {
		c.wrongf(key+".base_path", "%s (DC-ACTION-25)", problem)
	}
	if one.Timeout != 0 && (one.Timeout < leastTimeoutSeconds || one.Timeout > mostTimeoutSeconds) {
		c.wrongf(key+".timeout_s", "expected %d to %d seconds, found %d (DC-ACTION-09)", leastTimeoutSeconds, mostTimeoutSeconds, one.Timeout)
	}
	for _, name := range slices.Sorted(maps.Keys(one.Actions)) {
		if !slices.Contains(Actions(), name) {
			p := document.Problem{Key: key + ".actions." + name, Message: fmt.Sprintf("there is no such action; they are %s (DC-ACTION-01)", strings.Join(Actions(), ", "))}
			if near, ok := document.Near(name, Actions()); ok {
				p.Meant = near
			}
			c.problems = append(c.problems, p)
		}
	}
	for _, name := range Actions() {
		if _, is := one.Actions[name]; !is {
			c.wrongf(key+".actions", "the action %s is missing; all three are needed (DC-ACTION-01)", name)
		}
	}
	c.auth(key+".auth", one.Auth)
	for _, action := range slices.Sorted(maps.Keys(one.Schemas)) {
		c.inputSchema(key+".input_schemas."+action, one, action)
	}
}

// basePathProblem says what is wrong with a base path, empty if nothing is.
func basePathProblem(path string) string {
	u, err := url.Parse(path)
	switch {
	case err != nil:
		return fmt.Sprintf("%q is no URL", path)
	case u.Scheme == "" || u.Scheme != "http" && u.Scheme != "https":
		return fmt.Sprintf("%q has no scheme; a base path is a whole URL, such as https://connector.example/hook", path)
	case u.Host == "":
		return fmt.Sprintf("%q names no host", path)
	case u.User != nil:
		return "a base path holds no user and no password; use auth: for these"
	case u.RawQuery != "" || u.ForceQuery:
		return "a base path has no query; take away what follows the question mark"
	case strings.Contains(path, "#"):
		return "a base path has no fragment; take away what follows the #"
	}
	return ""
}

// auth is what each form of authentication needs (DC-ACTION-17).
func (c *checker) auth(key string, a Auth) {
	need := func(field, value string) {
		if value == "" {
			c.wrongf(key, "authentication %s needs %s: (DC-ACTION-17)", a.Type, field)
		}
	}
	switch a.Type {
	case webhook.None, "":
	case webhook.Basic:
		need("user", a.User)
		need("secret", a.Secret)
	case webhook.APIKey:
		need("secret", a.Secret)
	case webhook.OAuth2:
		need("user", a.User)
		need("secret", a.Secret)
		need("token_url", a.TokenURL)
	}
}

// inputSchema is DC-ACTION-26.
func (c *checker) inputSchema(key string, one *Integration, action string) {
	if !slices.Contains(Actions(), action) {
		c.wrongf(key, "there is no such action; they are %s (DC-ACTION-01)", strings.Join(Actions(), ", "))
		return
	}
	raw, err := json.Marshal(one.Schemas[action])
	if err != nil {
		c.wrongf(key, "the schema cannot be written as JSON: %s (DC-ACTION-26)", err)
		return
	}
	for _, b := range fixtures.CheckActionSchema(raw) {
		c.wrongf(key, "%s at %q (DC-ACTION-26)", b.Message, b.Pointer)
	}
}

// touchpoint is DC-TOUCH-07 and DC-TOUCH-08.
func (c *checker) touchpoint(key string, one *Touchpoint) {
	a := c.account
	if one.Integration != "" && a.integration(one.Integration) == nil {
		c.unknown(key+".integration", "integration", one.Integration, "DC-TOUCH-07", names(a.Integrations, func(o Integration) string { return o.Name }))
	}
	if one.Flow != "" && a.flow(one.Flow) == nil {
		c.unknown(key+".flow", "flow", one.Flow, "DC-TOUCH-07", names(a.Flows, func(o Flow) string { return o.ID }))
	}
	if one.Status != StatusActive {
		return
	}
	for _, field := range []struct{ name, value, rule string }{
		{"integration", one.Integration, "DC-TOUCH-07"}, {"routing_type", one.RoutingType, "DC-TOUCH-08"}, {"flow", one.Flow, "DC-TOUCH-08"},
	} {
		if field.value == "" {
			c.wrongf(key, "an active touchpoint needs %s:; give it, or set status: inactive (%s)", field.name, field.rule)
		}
	}
}

// oddities are what is allowed and seldom meant.
func (a *Account) oddities() []document.Problem {
	c := &checker{account: a}
	for i, one := range a.Integrations {
		for _, action := range Actions() {
			if one.Actions[action] == ActionDraft {
				c.wrongf(fmt.Sprintf("integrations[%d].actions.%s", i, action), "the action is a draft, so none of its events will be delivered; publish it (DC-ACTION-02)")
			}
		}
	}
	files := slices.ContainsFunc(a.Touchpoints, func(t Touchpoint) bool { return len(t.Attachments.Extensions) > 0 })
	for i, one := range a.Clients {
		missing := slices.DeleteFunc([]string{ScopeFilesRequest, ScopeFilesWrite, ScopeFilesRead, ScopeFilesDownload}, func(s string) bool { return slices.Contains(one.Scopes, s) })
		if files && len(missing) > 0 {
			c.wrongf(fmt.Sprintf("oauth_clients[%d].scopes", i), "a touchpoint allows files, and the client has no %s; its calls for files get 403 (DC-ATT-12)", strings.Join(missing, ", "))
		}
	}
	return c.problems
}

// may says whether the client may ask by a grant.
func (o *Client) may(grant string) bool {
	if len(o.Grants) == 0 {
		return grant == GrantClientCredentials
	}
	return slices.Contains(o.Grants, grant)
}
