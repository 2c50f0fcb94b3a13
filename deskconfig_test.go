package deskcheck

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/evanw/esbuild/pkg/api"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/reports"
)

const shipped = "fixtures/integrations/samples/ships-with-hosts"

// shippedBundle is the sample as a vendor builds it: one script, minified, that nobody touches any more.
func shippedBundle(t *testing.T) string {
	t.Helper()
	options := buildOptions()
	options.EntryPoints, options.Format, options.GlobalName = []string{filepath.Join(shipped, "index.js")}, api.FormatIIFE, "Shipped"
	options.MinifyIdentifiers, options.MinifySyntax, options.MinifyWhitespace = true, true, true
	options.Footer = map[string]string{"js": "window.ShippedDesk = Shipped.default;"}
	result := api.Build(options)
	require.Empty(t, result.Errors)
	file := filepath.Join(t.TempDir(), "desk.min.js")
	require.NoError(t, os.WriteFile(file, result.OutputFiles[0].Contents, 0o600))
	return file
}

// shippedConfig is the sample's own configuration, for a run with a report elsewhere.
func shippedConfig(t *testing.T, selection ...string) Config {
	t.Helper()
	c, err := Load(filepath.Join(shipped, "deskcheck.yaml"))
	require.NoError(t, err)
	c.Select, c.Report = selection, t.TempDir()
	return c
}

// askedHosts are the names under which a scenario's desk was asked, by how often; "" is its own address.
func askedHosts(t *testing.T, s reports.Scenario) map[string]int {
	t.Helper()
	asked := map[string]int{}
	for _, e := range s.Evidence.Entries {
		if e.Kind == "request" {
			var data struct{ Host string }
			require.NoError(t, json.Unmarshal(e.Data, &data))
			asked[data.Host]++
		}
	}
	return asked
}

func recordedOf(s reports.Scenario, kind string) []string {
	var names []string
	for _, e := range s.Evidence.Entries {
		if e.Kind == kind {
			names = append(names, e.Name)
		}
	}
	return names
}

// hintOf is the first hint of a scenario.
func hintOf(s reports.Scenario) string {
	for _, c := range s.Checks {
		if c.Hint != "" {
			return c.Hint
		}
	}
	return ""
}

// TestIntegrationsAreCertifiedAsTheyShip certifies an integration with hosts written into it, four scenarios side by side, and wants nothing to be left of it.
func TestIntegrationsAreCertifiedAsTheyShip(t *testing.T) {
	for name, bundle := range map[string]string{"from its source": "", "as the script that the vendor built": shippedBundle(t)} {
		t.Run(name, func(t *testing.T) {
			c := shippedConfig(t, "interaction-flow")
			require.Equal(t, 4, c.Workers)
			if bundle != "" {
				c.Integration = Integration{Bundle: bundle, Global: "ShippedDesk"}
			}
			temporary := t.TempDir()
			t.Setenv("TMPDIR", temporary)
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err)
			require.Equal(t, reports.ExitConformant, result.ExitCode, wrong(result))
			assert.Len(t, result.Scenarios, 12)

			sockets := 0
			for _, s := range result.Scenarios {
				asked := askedHosts(t, s)
				sockets += asked["https://events.vendor.example:8443"]
				delete(asked, "https://chat.vendor.example")
				delete(asked, "https://events.vendor.example:8443")
				assert.Empty(t, asked, "%s: everything was asked under the vendor's names", s.ID)
				assert.Empty(t, recordedOf(s, "refusal"), s.ID)
			}
			assert.Positive(t, sockets)
			left, err := os.ReadDir(temporary)
			require.NoError(t, err)
			assert.Empty(t, left, "neither profiles nor certificates")
		})
	}
}

// TestLinksOfTheDeskAreItsLinks certifies what only shows if a cut, a hang and a silence reach the page as the desk makes them.
func TestLinksOfTheDeskAreItsLinks(t *testing.T) {
	t.Parallel()
	c := shippedConfig(t, "ERR-05", "ERR-06", "ERR-09", "ERR-10", "ERR-13", "SEND-05", "FLOW-04")
	c.Workers = workersBesideOthers
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	assert.Equal(t, reports.ExitConformant, result.ExitCode, wrong(result))
}

// TestOtherNamesAreRefusedAndShown has an integration ask for what is not listed: one that can do without passes, and one that cannot is told why it fails.
func TestOtherNamesAreRefusedAndShown(t *testing.T) {
	t.Parallel()
	const asks = `
import createIntegration from %q;
export default (parameters) => {
  const integration = createIntegration(parameters, { desk: { url: 'https://chat.vendor.example', socketUrl: 'wss://events.vendor.example:8443' } });
  const start = integration.startChat.bind(integration);
  integration.startChat = async (...rest) => { await fetch('https://telemetry.example/beat')%s; return start(...rest); };
  return integration;
};`
	reference, err := filepath.Abs("fixtures/integrations/reference/index.ts")
	require.NoError(t, err)
	for _, one := range []struct {
		name, mind string
		verdict    reports.Verdict
	}{{"one that can do without", ".catch(() => undefined)", reports.Passed}, {"one that cannot", "", reports.Failed}} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "desk.js")
			require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, asks, reference, one.mind), 0o600))
			c := shippedConfig(t, "interaction-flow/33")
			c.Integration = Integration{File: file}
			result, err := Run(t.Context(), c, quiet{})
			require.NoError(t, err)
			require.Len(t, result.Scenarios, 1)
			s := result.Scenarios[0]
			require.Equal(t, one.verdict, s.Verdict, s.Reason)
			assert.Equal(t, []string{"https://telemetry.example"}, recordedOf(s, "refusal"))
			if one.verdict == reports.Failed {
				assert.Equal(t, "startChat was rejected with TypeError: Failed to fetch; the page asked for https://telemetry.example, which is not among desk.hosts: refused", hintOf(s))
			}
		})
	}
}

// TestHostsThatAreNotListedAreHintedAt shows the way to whoever certifies an integration with hosts written into it for the first time.
func TestHostsThatAreNotListedAreHintedAt(t *testing.T) {
	t.Parallel()
	c := shippedConfig(t, "interaction-flow/33")
	c.Desk = Desk{}
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	require.Len(t, result.Scenarios, 1)
	assert.Contains(t, hintOf(result.Scenarios[0]), "to certify the integration as it ships, list chat.vendor.example under desk.hosts")
}

// TestPageOfTheUsersWithHosts certifies the integration of a page that knows its desk by the vendor's name.
func TestPageOfTheUsersWithHosts(t *testing.T) {
	t.Parallel()
	server := pageServer(t)
	page := http.NewServeMux()
	page.HandleFunc("/{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><script src="%s/reference.js"></script><script src="https://cdn.vendor.example/chat.js"></script><script>
			const desk = { url: 'https://chat.vendor.example', socketUrl: 'wss://chat.vendor.example' };
			window.wxOConfiguration = { serviceDesk: { customFactory: (parameters) => reference.default(parameters, { desk, dialect: 'orchestrate' }) } };</script>`, server.URL)
	})
	ownServer := httptest.NewServer(page)
	t.Cleanup(ownServer.Close)
	own := ownServer.URL + "/"
	c := DefaultConfig()
	c.Host, c.Dialect, c.Report, c.Workers, c.Desk = own, "orchestrate", t.TempDir(), workersBesideOthers, Desk{Hosts: []string{"chat.vendor.example"}}
	c.Select = []string{"FLOW-03", "MSG-01", "LIFE-02"}
	result, err := Run(t.Context(), c, quiet{})
	require.NoError(t, err)
	require.Equal(t, reports.ExitConformant, result.ExitCode, wrong(result))
	for _, s := range result.Scenarios {
		if s.Verdict == reports.Passed {
			assert.Positive(t, askedHosts(t, s)["https://chat.vendor.example"], s.ID)
			assert.Contains(t, recordedOf(s, "refusal"), "https://cdn.vendor.example", s.ID)
		}
	}

	c.Desk.Hosts = []string{strings.Trim(strings.TrimPrefix(own, "http:"), "/")}
	_, err = Run(t.Context(), c, quiet{})
	assert.ErrorContains(t, err, "is an address")
	c.Host, c.Desk.Hosts = "https://shop.example/chat.html", []string{"chat.vendor.example", "shop.example"}
	_, err = Run(t.Context(), c, quiet{})
	assert.ErrorContains(t, err, "desk.hosts[1]: shop.example is where the page itself comes from (https://shop.example/chat.html)")
}

func TestNamesOfTheDeskInTheConfiguration(t *testing.T) {
	for _, one := range []struct{ text, says string }{
		{"desk:\n  hosts: chat.vendor.example\n", `:2:10: desk.hosts: expected a list of host names, such as [chat.vendor.example], found the text "chat.vendor.example"`},
		{"desk: chat.vendor.example\n", `:1:7: desk: expected hosts:, wire: or driver: below it, found the text "chat.vendor.example"`},
		{"desk:\n  host: [a.example]\n", `:2:3: desk.host: unknown key; did you mean desk.hosts?`},
		{"desk:\n  hosts:\n    - chat.vendor.example\n    - 7\n", `:4:7: desk.hosts[1]: expected a host name, such as chat.vendor.example or chat.vendor.example:8443, found the number 7`},
		{"desk:\n  hosts: [a.example, https://b.example/v1]\n", `:2:22: desk.hosts[1]: a name has no scheme: write b.example; http, https, ws and wss all reach the desk`},
		{"desk:\n  hosts: ['*.vendor.example']\n", `:2:11: desk.hosts[0]: a name has no wildcard: list each host of its own`},
		{"desk:\n  hosts: [10.0.0.7]\n", `:2:11: desk.hosts[0]: 10.0.0.7 is an address: expected a name, such as chat.vendor.example`},
		{"desk:\n  hosts: [localhost]\n", `:2:11: desk.hosts[0]: localhost is this machine itself`},
		{"desk:\n  hosts: ['a.example:70000']\n", `:2:11: desk.hosts[0]: the port 70000 is not one: expected a number from 1 to 65535`},
		{"desk:\n  hosts:\n    - a.example\n    - A.example:443\n", `:4:7: desk.hosts[1]: a.example:443 is listed already, as a.example`},
	} {
		_, err := loads(t, one.text)
		assert.ErrorContains(t, err, one.says, one.text)
	}
	c, err := loads(t, "desk:\n  hosts: [a.example, 'a.example:8443', b.example]\n")
	require.NoError(t, err)
	assert.Equal(t, []string{"a.example", "a.example:8443", "b.example"}, c.Desk.Hosts)
	assert.Equal(t, "the embedded reference integration: none is configured, its desk at a.example, a.example:8443, b.example", c.Subject())
	for _, none := range []string{"desk:\n", "desk:\n  hosts: []\n", "workers: 1\n"} {
		c, err := loads(t, none)
		require.NoError(t, err, none)
		network, err := c.network()
		require.NoError(t, err)
		assert.Nil(t, network.Proxy, "a run without names has no proxy: %q", none)
		assert.Empty(t, network.TrustedKey)
	}
}
