package deskcheck_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"deskcheck"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// connectorYAML is a configuration with every key of a connector and its users.
const connectorYAML = `contract: digital-connect
connector:
  command: [./connector, --port, "${port}"]
  dir: build
  env: {TD_SECRET: "${client.secret}", HOME: "${env.HOME}", LITERAL: "$${anything}"}
  files:
    - {path: conf/a.json, text: '{"account": "${account}"}'}
    - {path: b.json, file: ../b.json}
  ready: /health
  ready-within: 1m
  webhook: /hook
  webhook-auth: basic
  intercept: dns
  listen: 127.0.0.1:443
  authority: {certificate: ca.pem, key: ca.key}
  event-types: lower
  idle-end: 2s
  arguments: [Intent, Reason]
user:
  driver: /driver
  page:
    url: /chat#name=${user.name}
    ask: ["a person about {Intent}"]
    selectors: {input: "#input", from agent: {listitem: Agent}, argument Intent: "#intent"}
`

func TestLoadReadsAConnector(t *testing.T) {
	c, err := deskcheck.Load(inFolder(t, connectorYAML))
	require.NoError(t, err)
	assert.Equal(t, "dc-2026.1", c.Dialect)
	assert.Equal(t, "none", c.Host)
	assert.Equal(t, deskcheck.Connector{
		Command: []string{"./connector", "--port", "${port}"}, Dir: "build",
		Env:   map[string]string{"TD_SECRET": "${client.secret}", "HOME": "${env.HOME}", "LITERAL": "$${anything}"},
		Files: []deskcheck.ConnectorFile{{Path: "conf/a.json", Text: `{"account": "${account}"}`}, {Path: "b.json", File: "../b.json"}},
		Ready: "/health", ReadyWithin: time.Minute, Webhook: "/hook", WebhookAuth: "basic", Intercept: "dns", Listen: "127.0.0.1:443",
		Authority: deskcheck.ConnectorAuthority{Certificate: "ca.pem", Key: "ca.key"}, EventTypes: "lower", IdleEnd: 2 * time.Second, Arguments: []string{"Intent", "Reason"},
	}, c.Connector)
	assert.Equal(t, deskcheck.EndUser{Driver: "/driver", Page: deskcheck.UserPage{
		URL: "/chat#name=${user.name}", Ask: []string{"a person about {Intent}"},
		Selectors: map[string]any{"input": "#input", "from agent": map[string]any{"listitem": "Agent"}, "argument Intent": "#intent"},
	}}, c.EndUser)
	assert.Equal(t, "./connector --port ${port}, for dc-2026.1", c.Subject())
	assert.Equal(t, "./connector --port ${port}", c.What())
	assert.False(t, c.HasOwnPage())

	require.NoError(t, os.Mkdir("ci", 0o700))
	path := filepath.Join("ci", "deskcheck.yaml")
	require.NoError(t, os.WriteFile(path, []byte(strings.Replace(connectorYAML, "  dir: build\n", "", 1)), 0o600))
	c, err = deskcheck.Load(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"ci", "b.json", filepath.Join("ci", "ca.pem")}, []string{c.Connector.Dir, c.Connector.Files[1].File, c.Connector.Authority.Certificate})

	c, err = deskcheck.Load(inFolder(t, "contract: digital-connect\n"))
	require.NoError(t, err)
	assert.Equal(t, deskcheck.Connector{}, c.Connector)
	assert.Equal(t, "the embedded reference connector: none is configured", c.What())
	require.NoError(t, c.Validate())

	c, err = deskcheck.Load(inFolder(t, "contract: digital-connect\nconnector: {url: http://127.0.0.1:9080, listen: 127.0.0.1:9090, webhook: /hook}\nuser: {driver: /driver}\n"))
	require.NoError(t, err)
	assert.Equal(t, deskcheck.Connector{URL: "http://127.0.0.1:9080", Listen: "127.0.0.1:9090", Webhook: "/hook", WebhookAuth: "none", Intercept: "proxy", EventTypes: "upper"}, c.Connector)
	require.NoError(t, c.Validate())
}

// change is connectorYAML with lines in the place of others, or without them.
func change(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(connectorYAML) }

func TestLoadNamesEveryMistakeOfAConnector(t *testing.T) {
	const key = "deskcheck.yaml:"
	for name, one := range map[string]struct {
		text string
		says []string
	}{
		"a name that is none": {change("${client.secret}", "${client.secrt}"), []string{key + "5:20: connector.env.TD_SECRET: there is no ${client.secrt}; did you mean ${client.secret}? $${client.secrt} stands for itself"}},
		"one in the command":  {change("${port}", "${prot}"), []string{key + "3:34: connector.command[2]: there is no ${prot}; did you mean ${port}?"}},
		"one in a file":       {change("${account}", "${nothing-like-it}"), []string{key + "7:33: connector.files[0].text: there is no ${nothing-like-it}; there are account, api, ca,"}},
		"of no variable":      {change("${env.HOME}", "${env.2}"), []string{`connector.env.HOME: ${env.2}: "2" is no name of an environment variable`}},
		"a user's elsewhere":  {change("webhook: /hook", "webhook: /${user.name}"), []string{"connector.webhook: ${user.name} has no value here: it is a user's, and stands in user.page.url alone"}},
		"no proxy":            {change("/health", "/${proxy}"), []string{"connector.ready: ${proxy} has no value here: there is a proxy with intercept: proxy alone"}},
		"no key for events":   {change("webhook-auth: basic", "webhook-auth: none", "/health", "/${webhook.secret}/${webhook.user}"), []string{"${webhook.secret} has no value here: there is one with webhook-auth: basic or api-key", "${webhook.user} has no value here: there is one with webhook-auth: basic alone"}},
		"no idle time":        {change("idle-end: 2s", "", "/health", "/${idle-end}"), []string{"${idle-end} has no value here: connector.idle-end does not say it"}},
		"nothing is encrypted": {change("intercept: dns\n  listen: 127.0.0.1:443", "intercept: override", "/health", "/${ca}"), []string{
			"connector.ready: ${ca} has no value here: nothing is encrypted with intercept: override", "connector.authority: nothing is encrypted with intercept: override; leave it out",
		}},
		"both": {change("  dir: build", "  url: http://127.0.0.1:1"), []string{
			key + "4:8: connector.url: a command and an address exclude each other", "connector.env: belongs to a connector that the kit starts", "connector.files: belongs to a connector that the kit starts",
		}},
		"neither":              {change(`command: [./connector, --port, "${port}"]`, ""), []string{key + "4:3: connector.command: expected the command that starts the connector, or url:"}},
		"nothing":              {"contract: digital-connect\nconnector:\n", []string{key + "2:1: connector: expected command: or url: below it, found nothing"}},
		"nowhere to listen":    {change("  listen: 127.0.0.1:443\n", ""), []string{"connector.listen: where the names of Talkdesk lead here the kit must listen where they lead"}},
		"listening for all":    {change("intercept: dns", "intercept: proxy"), []string{key + "14:11: connector.listen: a connector that the kit starts is told where to find it"}},
		"nowhere it runs":      {"contract: digital-connect\nconnector: {url: http://127.0.0.1:9080, webhook: /hook}\nuser: {driver: /driver}\n", []string{"connector.listen: a connector that runs already must know where the kit listens"}},
		"the port of none":     {"contract: digital-connect\nconnector: {url: http://127.0.0.1:9080, listen: '127.0.0.1:9090', webhook: '/${port}'}\nuser: {driver: '/${dir}'}\n", []string{"connector.webhook: ${port} has no value here: it is for a connector that the kit starts", "user.driver: ${dir} has no value here"}},
		"no addresses":         {change("127.0.0.1:443", "localhost:443", "webhook: /hook", "webhook: hook", "ready: /health", "ready: ftp://a/"), []string{`connector.listen: "localhost:443" is no address to listen at: expected an IP address and a port`, `connector.webhook: expected a path that begins with a slash, such as /hook, or an http address, found "hook"`, `connector.ready: expected a path`}},
		"no address":           {"contract: digital-connect\nconnector: {url: 'file:///a', listen: '127.0.0.1:99999', webhook: /hook}\nuser: {driver: /driver}\n", []string{`connector.url: "file:///a" is no http address`, `connector.listen: "127.0.0.1:99999" is no address`}},
		"no webhook":           {change("  webhook: /hook\n", ""), []string{"connector.webhook: expected where the connector takes Talkdesk's events"}},
		"a query":              {change("webhook: /hook", "webhook: /hook?token=1"), []string{"connector.webhook: the base path of an integration has no query (DC-ACTION-25)"}},
		"files":                {change("path: b.json", "path: conf/../conf/a.json"), []string{key + "8:14: connector.files[1].path: conf/a.json is made twice"}},
		"a file outside":       {change("path: b.json", "path: ../b.json"), []string{`connector.files[1].path: "../b.json" is no path of a file below the folder ${dir}`}},
		"a file of nothing":    {change(", file: ../b.json", ""), []string{key + "8:7: connector.files[1].file: expected the path of a file, found nothing"}},
		"arguments":            {change("[Intent, Reason]", "[Intent, Intent]"), []string{"connector.arguments[1]: Intent is listed twice"}},
		"half an authority":    {change(", key: ca.key", ""), []string{"connector.authority.key: expected the path of a PEM file, found nothing"}},
		"words":                {change("webhook-auth: basic", "webhook-auth: bearer", "event-types: lower", "event-types: both", "intercept: dns", "intercept: magic"), []string{"connector.webhook-auth: expected none, basic or api-key", "connector.event-types: expected upper or lower", "connector.intercept: expected proxy, override or dns"}},
		"times":                {change("idle-end: 2s", "idle-end: soon"), []string{"connector.idle-end: expected a duration up to 10m, such as 2s, found the text"}},
		"long times":           {change("idle-end: 2s", "idle-end: 11m"), []string{"connector.idle-end: expected a duration up to 10m, such as 2s: a run waits for it, found 11m0s"}},
		"long starts":          {change("ready-within: 1m", "ready-within: 11m"), []string{"connector.ready-within: expected a duration up to 10m, such as 30s, found 11m0s"}},
		"a number in env":      {change(`LITERAL: "$${anything}"`, "PORT: 8080"), []string{"connector.env.PORT: expected a text; quote numbers, true and false, found the number 8080"}},
		"a variable's name":    {change("TD_SECRET:", "TD-SECRET:"), []string{`connector.env.TD-SECRET: "TD-SECRET" is no name of an environment variable`}},
		"a command as a text":  {change(`[./connector, --port, "${port}"]`, "./connector"), []string{"connector.command: expected a list of words"}},
		"no users":             {strings.SplitN(connectorYAML, "user:", 2)[0], []string{"user: expected how the connector's end users are played: driver: with the address of a user driver, or page:"}},
		"users of none":        {"contract: digital-connect\nuser: {driver: /driver}\n", []string{key + "2:7: user: belongs to a connector of yours: name it under connector"}},
		"a driver's address":   {change("driver: /driver", "driver: driver?x"), []string{"user.driver: expected a path that begins with a slash", "user.driver: the address must end with its path"}},
		"no page":              {change("    url: /chat#name=${user.name}\n", ""), []string{"user.page.url: expected where the page is"}},
		"a page's address":     {change("url: /chat", "url: chat"), []string{"user.page.url: expected a path that begins with a slash"}},
		"parts":                {change(`input: "#input"`, `inptu: "#input"`), []string{"user.page.selectors.inptu: a page has no part of this name; did you mean input?", "user.page.selectors: expected input: where the user types"}},
		"a part like no other": {change("argument Intent", "zzzzzzzzzzzzz"), []string{"user.page.selectors.zzzzzzzzzzzzz: a page has no part of this name; there are agent, attachment,"}},
		"targets":              {change("listitem: Agent", "lissitem: Agent"), []string{"user.page.selectors.from agent: lissitem is no role"}},
		"parts that must be":   {change("from agent: {listitem: Agent}, ", "", `    ask: ["a person about {Intent}"]`+"\n", ""), []string{"user.page.selectors: expected from agent: the agent's bubbles", "user.page.selectors: expected agent: the button that asks for an agent, or ask:"}},
		"another contract's":   {"contract: digital-connect\nagent-desk: {dir: .}\nintegration: {file: a.ts}\npage: {ask: a}\nhost: emulated\n", []string{"agent-desk: an agent desk is what the contract agent-manager certifies", "integration: belongs to the contract ai-chat; a connector is named by connector", "page: belongs to the contract ai-chat", "host: a connector has no chat that loads it"}},
		"for another contract": {strings.Replace(connectorYAML, "contract: digital-connect", "contract: ai-chat", 1), []string{"connector: a connector is what the contract digital-connect certifies: set contract: digital-connect (--contract)", "user: says how the users of a connector are played"}},
		"for a third":          {strings.Replace(connectorYAML, "contract: digital-connect", "contract: agent-manager", 1), []string{"connector: a connector is what the contract digital-connect certifies"}},
		"its host elsewhere":   {"host: none\n", []string{"host: none is the host of another contract: leave it out, or set contract (--contract)"}},
		"its dialect":          {"contract: digital-connect\ndialect: seed\n", []string{"dialect: expected one of the contract digital-connect: dc-2026.1, found seed"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := deskcheck.Load(inFolder(t, one.text))
			require.Error(t, err)
			assert.Equal(t, 2, deskcheck.ExitCode(err))
			for _, words := range one.says {
				assert.Contains(t, err.Error(), words)
			}
		})
	}
}

func TestWhatAConnectorNeedsMustBeThere(t *testing.T) {
	validate := func(t *testing.T, text string, prepare func()) string {
		t.Helper()
		c, err := deskcheck.Load(inFolder(t, text))
		require.NoError(t, err)
		if prepare != nil {
			prepare()
		}
		if err = c.Validate(); err == nil {
			return ""
		}
		assert.Equal(t, 2, deskcheck.ExitCode(err))
		return err.Error()
	}
	plain := change("  authority: {certificate: ca.pem, key: ca.key}\n", "", "    - {path: b.json, file: ../b.json}\n", "", "  dir: build\n", "", "${env.HOME}", "${env.DESKCHECK_LICENCE}")
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	t.Setenv("DESKCHECK_LICENCE", "l-1")
	assert.Contains(t, validate(t, plain, nil), "connector.command[0]: connector does not exist; build the connector first")
	assert.Contains(t, validate(t, plain, func() { require.NoError(t, os.Mkdir("connector", 0o700)) }), "connector.command[0]: expected a program, found the folder connector")
	assert.Empty(t, validate(t, plain, func() { write("connector", "#!/bin/sh\n") }))
	assert.Empty(t, validate(t, strings.Replace(plain, "./connector", "connector-of-the-path", 1), nil), "what is on the path is looked for when it is started")
	assert.Contains(t, validate(t, strings.Replace(plain, "  ready:", "  dir: build\n  ready:", 1), nil), "connector.dir: build is not there, or is no folder")

	file := strings.Replace(plain, "  ready:", "    - {path: b.json, file: b.json}\n  ready:", 1)
	program := func() { write("connector", "#!/bin/sh\n") }
	assert.Contains(t, validate(t, file, program), "connector.files[1].file: b.json does not exist")
	assert.Contains(t, validate(t, file, func() { program(); write("b.json/a", "") }), "connector.files[1].file: b.json is a folder, not a file")
	assert.Contains(t, validate(t, file, func() { program(); write("b.json", "${acount}") }), "connector.files[1].file: b.json: there is no ${acount}; did you mean ${account}?")
	assert.Contains(t, validate(t, file, func() { program(); write("b.json", strings.Repeat("x", 1<<20+1)) }), "b.json is larger than 1 MiB")
	assert.Empty(t, validate(t, file, func() { program(); write("b.json", "${account} $${acount}") }))

	own := strings.Replace(plain, "  ready:", "  authority: {certificate: ca.pem, key: ca.key}\n  ready:", 1)
	assert.Contains(t, validate(t, own, program), "connector.authority: the certificate: ca.pem does not exist")
	assert.Contains(t, validate(t, own, func() { program(); write("ca.pem", "x") }), "connector.authority: the key: ca.key does not exist")
	assert.Contains(t, validate(t, own, func() { program(); write("ca.pem", "x"); write("ca.key", "x") }), "connector.authority: read the certificate of an authority with its key")

	require.NoError(t, os.Unsetenv("DESKCHECK_LICENCE"))
	assert.Contains(t, validate(t, plain, program), "connector.env.HOME: the environment variable DESKCHECK_LICENCE is not set: set it for the run")
}

func TestAConnectorCanBeNamedInALine(t *testing.T) {
	c, err := deskcheck.Load(inFolder(t, change("intercept: dns\n  listen: 127.0.0.1:443", "intercept: override", "  authority: {certificate: ca.pem, key: ca.key}\n", "")))
	require.NoError(t, err)
	d, err := c.Connector.At(`node "a server.js" --port ${port} 'it''s'`)
	require.NoError(t, err)
	assert.Equal(t, []string{"node", "a server.js", "--port", "${port}", "its"}, d.Command)
	assert.Empty(t, d.Dir, "it is typed here")
	assert.Equal(t, c.Connector.Env, d.Env)

	d, err = c.Connector.At("http://127.0.0.1:9080")
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1:9080", d.URL)
	assert.Empty(t, d.Command)
	assert.Nil(t, d.Env)
	assert.Equal(t, "/hook", d.Webhook)
	for _, line := range []string{"", "  ", `"unclosed`} {
		_, err = c.Connector.At(line)
		require.Error(t, err, line)
		assert.Equal(t, 2, deskcheck.ExitCode(err))
	}
}

// TestTheDocumentsConfigureAConnector loads what the documents show.
func TestTheDocumentsConfigureAConnector(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	for _, document := range []string{"README.md", "steps/enduser/GUIDE.md"} {
		text, err := os.ReadFile(document)
		require.NoError(t, err)
		found := 0
		for _, block := range blocks.FindAllStringSubmatch(string(text), -1) {
			yaml := block[1]
			if strings.HasPrefix(yaml, "user:") {
				yaml = "contract: digital-connect\nconnector: {command: [./connector], webhook: /hook}\n" + yaml
			}
			if !strings.Contains(yaml, "contract: digital-connect") {
				continue
			}
			found++
			t.Run(document, func(t *testing.T) {
				_, err := deskcheck.Load(inFolder(t, yaml))
				require.NoError(t, err, yaml)
			})
		}
		assert.Positive(t, found, document)
	}
}
