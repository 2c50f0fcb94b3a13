package edge_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/edge"
)

func TestNamesThatLeadToADesk(t *testing.T) {
	for text, want := range map[string]edge.Name{
		"chat.vendor.example":       {Host: "chat.vendor.example"},
		"Chat.Vendor.Example":       {Host: "chat.vendor.example"},
		"media.vendor.example:8443": {Host: "media.vendor.example", Port: 8443},
		"desk":                      {Host: "desk"},
		"a_b.xn--bcher-kva.example": {Host: "a_b.xn--bcher-kva.example"},
		"127.vendor.example:65535":  {Host: "127.vendor.example", Port: 65535},
	} {
		name, err := edge.ParseName(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, name)
		assert.Equal(t, strings.ToLower(text), name.String())
	}
}

func TestNamesThatLeadNowhere(t *testing.T) {
	for text, says := range map[string]string{
		"https://chat.vendor.example/v1":  "a name has no scheme: write chat.vendor.example;",
		"chat.vendor.example/v1":          "a name has no path: write chat.vendor.example",
		"*.vendor.example":                "a name has no wildcard",
		"10.0.0.7":                        "10.0.0.7 is an address",
		"10.0.0.7:443":                    "10.0.0.7 is an address",
		"::1":                             "::1 is an address",
		"[2001:db8::1]:443":               "2001:db8::1 is an address",
		"localhost":                       "localhost is this machine itself",
		"LOCALHOST:3000":                  "localhost is this machine itself",
		"desk.localhost":                  "desk.localhost is this machine itself",
		"chat.vendor.example:0":           "the port 0 is not one",
		"chat.vendor.example:65536":       "the port 65536 is not one",
		"chat.vendor.example:":            "the port  is not one",
		"chat.vendor.example:https":       "the port https is not one",
		"chat.vendor.example:1:2":         "is no host name with a port",
		"chat..example":                   "is no host name",
		"chat.vendor.example.":            "is no host name",
		"-chat.example":                   "is no host name",
		"bücher.example":                  "as browsers send them (xn--…)",
		"chat vendor":                     "is no host name",
		"":                                "is no host name",
		strings.Repeat("a", 64) + ".b":    "is no host name",
		strings.Repeat("abcdefg.", 40):    "is no host name",
		"user@chat.vendor.example":        "is no host name",
		"chat.vendor.example:443?query=1": "is not one",
	} {
		_, err := edge.ParseName(text)
		assert.ErrorContains(t, err, says, "%q", text)
	}
}

func TestWhatANameStandsFor(t *testing.T) {
	plain, secure, other := edge.Name{Host: "a.example"}, edge.Name{Host: "a.example", Port: 443}, edge.Name{Host: "a.example", Port: 8443}
	assert.True(t, plain.Has("a.example", 443))
	assert.True(t, plain.Has("a.example", 80))
	assert.False(t, plain.Has("a.example", 8443))
	assert.False(t, plain.Has("b.example", 443))
	assert.True(t, other.Has("a.example", 8443))
	assert.False(t, other.Has("a.example", 443))

	for _, one := range []struct {
		a, b edge.Name
		want bool
	}{{plain, plain, true}, {plain, secure, true}, {plain, other, false}, {secure, other, false}, {other, other, true}, {plain, edge.Name{Host: "b.example"}, false}} {
		assert.Equal(t, one.want, one.a.Overlaps(one.b), "%s and %s", one.a, one.b)
		assert.Equal(t, one.want, one.b.Overlaps(one.a), "%s and %s", one.b, one.a)
	}

	assert.Equal(t, []string{"ws://a.example/", "wss://a.example/"}, plain.Origins("ws", "wss"))
	assert.Equal(t, []string{"http://a.example:443/", "https://a.example/"}, secure.Origins("http", "https"), "as a browser writes them")
	assert.Equal(t, []string{"http://a.example:8443/", "https://a.example:8443/"}, other.Origins("http", "https"))

	for address, want := range map[string]edge.Name{
		"https://Page.example/chat.html":  {Host: "page.example", Port: 443},
		"http://page.example/chat.html":   {Host: "page.example", Port: 80},
		"http://page.example:3000/a?b=c:": {Host: "page.example", Port: 3000},
	} {
		u, err := url.Parse(address)
		require.NoError(t, err)
		assert.Equal(t, want, edge.NameOf(u))
	}
}
