package intercept_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/edge"
	"deskcheck/steps/intercept"
)

// patience bounds every wait of a test.
const patience = 30 * time.Second

// asksKey is the variable that has the test binary ask for an address, as a connector does.
const asksKey = "INTERCEPT_ASKS"

func TestMain(m *testing.M) {
	if address := os.Getenv(asksKey); address != "" {
		response, err := http.Get(address)
		if err != nil {
			fmt.Fprint(os.Stdout, err)
			os.Exit(1)
		}
		_, _ = io.Copy(os.Stdout, response.Body)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// talkdesk is what is led to: it says its name, and remembers who asked for what.
type talkdesk struct {
	name   string
	conns  chan net.Conn
	over   chan struct{}
	server *http.Server

	mu    sync.Mutex
	asked []string
}

func open(t *testing.T, name string) *talkdesk {
	t.Helper()
	d := &talkdesk{name: name, conns: make(chan net.Conn), over: make(chan struct{})}
	d.server = &http.Server{Handler: d}
	go func() { _ = d.server.Serve(d) }()
	t.Cleanup(func() {
		close(d.over)
		_ = d.server.Close()
	})
	return d
}

func (d *talkdesk) Adopt(conn net.Conn) {
	select {
	case d.conns <- conn:
	case <-d.over:
		_ = conn.Close()
	}
}

func (d *talkdesk) Accept() (net.Conn, error) {
	select {
	case conn := <-d.conns:
		return conn, nil
	case <-d.over:
		return nil, net.ErrClosed
	}
}

func (d *talkdesk) Close() error   { return nil }
func (d *talkdesk) Addr() net.Addr { return &net.TCPAddr{} }

func (d *talkdesk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked = append(d.asked, fmt.Sprintf("%s %s%s tls=%t", r.Method, r.Host, r.URL, r.TLS != nil))
	d.mu.Unlock()
	fmt.Fprint(w, d.name)
}

func (d *talkdesk) all() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}

// ears hear what never gets to a talkdesk.
type ears struct {
	refused, unsafe chan string
}

func listening() (*ears, intercept.Heard) {
	e := &ears{refused: make(chan string, 100), unsafe: make(chan string, 100)}
	return e, intercept.Heard{Refused: func(address string) { e.refused <- address }, Unsafe: func(name string, _ time.Time, why error) { e.unsafe <- name + ": " + why.Error() }}
}

func next(t *testing.T, from <-chan string) string {
	t.Helper()
	select {
	case one := <-from:
		return one
	case <-time.After(patience):
		t.Fatal("nothing was heard")
		return ""
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func begin(t *testing.T, o intercept.Options) *intercept.Intercept {
	t.Helper()
	o.Identity, o.API, o.Storage = "acme.talkdeskid.com", "api.talkdeskapp.com", "attachments.storage.test"
	if o.Mode == intercept.ByName && o.Listen == "" {
		o.Listen = freePort(t)
	}
	i, err := intercept.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, i.Close()) })
	return i
}

// client is a connector's: it goes by the values that it was told, and trusts what the file holds.
func client(t *testing.T, i *intercept.Intercept, names string, trust *tls.Config) *http.Client {
	t.Helper()
	v := i.Values()
	if trust == nil && v["ca"] != "" {
		raw, err := os.ReadFile(v["ca"])
		require.NoError(t, err)
		pool := x509.NewCertPool()
		require.True(t, pool.AppendCertsFromPEM(raw))
		trust = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	transport := &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}
	if v["proxy"] != "" {
		proxy, err := url.Parse(v["proxy"])
		require.NoError(t, err)
		transport.Proxy = http.ProxyURL(proxy)
	}
	if names != "" {
		transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, names)
		}
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: patience}
}

func get(t *testing.T, c *http.Client, address string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	response, err := c.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	return string(raw), err
}

func TestAConnectorFindsTheTalkdeskOfItsScenario(t *testing.T) {
	for _, mode := range intercept.Modes() {
		t.Run(string(mode), func(t *testing.T) {
			names := ""
			if mode == intercept.ByName {
				names = freePort(t)
			}
			i := begin(t, intercept.Options{Mode: mode, Listen: names})
			c := client(t, i, names, nil)
			_, err := get(t, c, i.API()+"/early")
			require.Error(t, err, "there is no scenario yet")

			first, second := open(t, "first"), open(t, "second")
			_, heard := listening()
			i.Lead(first, heard)
			var want []string
			for _, base := range []string{i.Identity(), i.API(), i.Storage()} {
				said, err := get(t, c, base+"/x?y=%7E")
				require.NoError(t, err)
				assert.Equal(t, "first", said)
				u, err := url.Parse(base)
				require.NoError(t, err)
				want = append(want, fmt.Sprintf("GET %s/x?y=%%7E tls=%t", u.Host, mode != intercept.ByURL))
			}
			assert.Equal(t, want, first.all())
			if mode != intercept.ByURL {
				assert.Contains(t, want[0], "acme.talkdeskid.com/")
				assert.Contains(t, want[2], "attachments.storage.test/")
			}
			i.Lead(second, heard)
			said, err := get(t, c, i.API()+"/later")
			require.NoError(t, err)
			assert.Equal(t, "second", said)
			assert.Len(t, first.all(), 3)

			i.Leave()
			_, err = get(t, c, i.API()+"/late")
			require.Error(t, err)
			require.NoError(t, i.Close())
			_, err = get(t, c, i.API()+"/too-late")
			require.Error(t, err)
			assert.Len(t, second.all(), 1)
		})
	}
}

func TestOtherNamesLeadNowhere(t *testing.T) {
	for mode, want := range map[intercept.Mode]string{intercept.ByProxy: "Forbidden", intercept.ByName: "remote error: tls"} {
		t.Run(string(mode), func(t *testing.T) {
			names := ""
			if mode == intercept.ByName {
				names = freePort(t)
			}
			i := begin(t, intercept.Options{Mode: mode, Listen: names})
			d := open(t, "talkdesk")
			ears, heard := listening()
			i.Lead(d, heard)
			c := client(t, i, names, nil)
			for _, host := range []string{"api.talkdeskapp.eu", "us.talkdeskid.com", "telemetry.example"} {
				_, err := get(t, c, "https://"+host+"/")
				require.ErrorContains(t, err, want)
				assert.Equal(t, "https://"+host, next(t, ears.refused))
			}
			assert.Empty(t, ears.unsafe, "a name is no matter of trust")
			assert.Empty(t, d.all())
			i.Lead(d, intercept.Heard{})
			_, err := get(t, c, "https://telemetry.example/")
			require.Error(t, err, "nobody needs to listen")
		})
	}
}

func TestWhoeverChecksCertificatesSendsNothingToOneThatNobodyTrusts(t *testing.T) {
	for _, mode := range []intercept.Mode{intercept.ByProxy, intercept.ByName} {
		t.Run(string(mode), func(t *testing.T) {
			names := ""
			if mode == intercept.ByName {
				names = freePort(t)
			}
			authority, err := edge.NewAuthority()
			require.NoError(t, err)
			i := begin(t, intercept.Options{Mode: mode, Listen: names, Untrusted: true, Authority: authority})
			raw, err := os.ReadFile(i.Values()["ca"])
			require.NoError(t, err)
			assert.Equal(t, string(authority.PEM()), string(raw), "the connector is told of the one that it is to trust")
			d := open(t, "talkdesk")
			ears, heard := listening()
			i.Lead(d, heard)
			_, err = get(t, client(t, i, names, nil), i.Identity()+"/oauth/token")
			require.ErrorContains(t, err, "signed by unknown authority")
			assert.Contains(t, next(t, ears.unsafe), "acme.talkdeskid.com: remote error: tls: ")
			assert.Empty(t, d.all())

			said, err := get(t, client(t, i, names, &tls.Config{InsecureSkipVerify: true}), i.Identity()+"/oauth/token")
			require.NoError(t, err)
			assert.Equal(t, "talkdesk", said)
			assert.Len(t, d.all(), 1, "and whoever does not is seen")
			assert.Empty(t, ears.unsafe)
		})
	}
}

func TestAConnectorThatWasNotToldOfTheAuthorityIsHeardOf(t *testing.T) {
	i := begin(t, intercept.Options{Mode: intercept.ByProxy})
	ears, heard := listening()
	i.Lead(open(t, "talkdesk"), heard)
	_, err := get(t, client(t, i, "", &tls.Config{MinVersion: tls.VersionTLS12}), i.API()+"/")
	require.Error(t, err)
	assert.Contains(t, next(t, ears.unsafe), "api.talkdeskapp.com: remote error: tls: ")
}

func TestAProcessFindsItsWayByItsEnvironment(t *testing.T) {
	i := begin(t, intercept.Options{Mode: intercept.ByProxy})
	d := open(t, "talkdesk")
	ears, heard := listening()
	i.Lead(d, heard)
	ask := func(address string) string {
		self, err := os.Executable()
		require.NoError(t, err)
		cmd := exec.CommandContext(t.Context(), self)
		cmd.Env = []string{asksKey + "=" + address}
		for name, value := range i.Environment() {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, _ := cmd.Output() // Its code says no more than its words.
		return string(out)
	}
	assert.Equal(t, "talkdesk", ask("https://api.talkdeskapp.com/digital-connect/conversations"))
	assert.Contains(t, ask("https://telemetry.example/"), "Forbidden")
	assert.Equal(t, "https://telemetry.example", next(t, ears.refused))
	assert.Equal(t, []string{"GET api.talkdeskapp.com/digital-connect/conversations tls=true"}, d.all())

	keys := slices.Sorted(maps.Keys(i.Environment()))
	assert.Equal(t, []string{"CURL_CA_BUNDLE", "HTTPS_PROXY", "NODE_EXTRA_CA_CERTS", "NODE_USE_ENV_PROXY", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "https_proxy"}, keys)
	assert.Empty(t, begin(t, intercept.Options{Mode: intercept.ByURL}).Environment())
	assert.NotContains(t, begin(t, intercept.Options{Mode: intercept.ByName}).Environment(), "HTTPS_PROXY")
	ca := i.Values()["ca"]
	require.FileExists(t, ca)
	require.NoError(t, i.Close())
	assert.NoFileExists(t, ca)
}

func TestAUserReachesWhatLinksLeadTo(t *testing.T) {
	elsewhere := open(t, "elsewhere")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = elsewhere.server.Serve(listener) }()
	for _, mode := range intercept.Modes() {
		i := begin(t, intercept.Options{Mode: mode})
		d := open(t, "talkdesk")
		i.Lead(d, intercept.Heard{})
		c := &http.Client{Transport: i.Transport(), Timeout: patience}
		said, err := get(t, c, i.Storage()+"/a.txt?signature=1")
		require.NoError(t, err)
		assert.Equal(t, "talkdesk", said)
		assert.Contains(t, d.all()[0], "/a.txt?signature=1")
		said, err = get(t, c, "http://"+listener.Addr().String()+"/")
		require.NoError(t, err)
		assert.Equal(t, "elsewhere", said)
	}
}

func TestWhereToListenIsSaidOrMissing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	at := taken.Addr().String()
	for says, o := range map[string]intercept.Options{
		"the edge cannot listen at " + at:                                   {Mode: intercept.ByProxy, Listen: at},
		"the kit cannot listen at " + at + " for the connector":             {Mode: intercept.ByName, Listen: at},
		"it must be said where to listen, such as 127.0.0.1:443":            {Mode: intercept.ByName},
		`"here" is no address to listen at, such as 127.0.0.1:9090`:         {Mode: intercept.ByURL, Listen: "here"},
		`"127.0.0.1:http" is no address to listen at: http is no port`:      {Mode: intercept.ByURL, Listen: "127.0.0.1:http"},
		`no way to intercept called "magic"; there are ["proxy" "override"`: {Mode: "magic"},
		`the host "*": a name has no wildcard`:                              {Mode: intercept.ByProxy, Identity: "*"},
	} {
		if o.Identity == "" {
			o.Identity, o.API, o.Storage = "acme.talkdeskid.com", "api.talkdeskapp.com", "attachments.storage.test"
		}
		_, err := intercept.Open(o)
		require.ErrorContains(t, err, says)
	}
	_, port, err := net.SplitHostPort(freePort(t))
	require.NoError(t, err)
	i, err := intercept.Open(intercept.Options{Mode: intercept.ByURL, Listen: "0.0.0.0:" + port})
	if err != nil {
		t.Skip("the two ports beside a free one are taken")
	}
	defer i.Close()
	assert.Equal(t, "http://127.0.0.1:"+port, i.Identity())
	first, err := url.Parse(i.Identity())
	require.NoError(t, err)
	third, err := url.Parse(i.Storage())
	require.NoError(t, err)
	assert.Equal(t, number(t, first.Port())+2, number(t, third.Port()))
}

func number(t *testing.T, digits string) int64 {
	t.Helper()
	n, ok := new(big.Int).SetString(digits, 10)
	require.True(t, ok)
	return n.Int64()
}

func TestAnAuthorityOfTheUsersOwnSigns(t *testing.T) {
	certificate, key := made(t, func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign })
	authority, err := edge.ReadAuthority(certificate, key)
	require.NoError(t, err)
	assert.Equal(t, string(certificate), string(authority.PEM()))
	i := begin(t, intercept.Options{Mode: intercept.ByProxy, Authority: authority})
	i.Lead(open(t, "talkdesk"), intercept.Heard{})
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certificate))
	said, err := get(t, client(t, i, "", &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}), i.API()+"/")
	require.NoError(t, err)
	assert.Equal(t, "talkdesk", said)

	leaf, leafKey := made(t, func(*x509.Certificate) {})
	old, oldKey := made(t, func(c *x509.Certificate) {
		c.IsCA, c.NotBefore, c.NotAfter = true, time.Now().Add(-2*time.Hour), time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC)
	})
	for says, pair := range map[string][2][]byte{
		"read the certificate of an authority with its key: tls: failed to find any PEM data": {[]byte("x"), key},
		"private key does not match public key":                                               {certificate, leafKey},
		"the certificate of CN=ours is not one of an authority":                               {leaf, leafKey},
		"the certificate of the authority CN=ours has expired on 2020-01-02":                  {old, oldKey},
	} {
		_, err := edge.ReadAuthority(pair[0], pair[1])
		require.ErrorContains(t, err, says)
	}
}

// made is a certificate that has signed itself, and its key.
func made(t *testing.T, change func(*x509.Certificate)) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ours"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true}
	change(template)
	raw, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestClosingDoesNotWaitForClientsThatSayNothing(t *testing.T) {
	names := freePort(t)
	i := begin(t, intercept.Options{Mode: intercept.ByName, Listen: names})
	i.Lead(open(t, "talkdesk"), intercept.Heard{Unsafe: func(name string, _ time.Time, why error) { t.Errorf("%s: %v", name, why) }})
	silent, err := net.Dial("tcp", names)
	require.NoError(t, err)
	defer silent.Close()
	// Whoever comes after has been taken in after.
	_, err = get(t, client(t, i, names, nil), i.API()+"/")
	require.NoError(t, err)
	require.NoError(t, i.Close())
	require.NoError(t, silent.SetReadDeadline(time.Now().Add(patience)))
	_, err = silent.Read(make([]byte, 1))
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "timeout")
}
