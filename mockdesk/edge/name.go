package edge

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// Name is one name under which a desk is reached.
type Name struct {
	// Host is the host name, in lower case.
	Host string
	// Port is the port, or 0 for those that http, https, ws and wss take by themselves: 80 and 443.
	Port int
}

// label is a part of a host name between its dots; the underscore is no part of the standard, and in use.
var label = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$`)

// longestHost is the number of characters that a host name can have.
const longestHost = 253

// ParseName reads a name as desk.hosts has it: chat.vendor.example or chat.vendor.example:8443. Its errors say what is wrong, and what to write instead.
func ParseName(text string) (Name, error) {
	if _, rest, found := strings.Cut(text, "://"); found {
		return Name{}, fmt.Errorf("a name has no scheme: write %s; http, https, ws and wss all reach the desk", strings.SplitN(rest, "/", 2)[0])
	}
	if host, _, found := strings.Cut(text, "/"); found {
		return Name{}, fmt.Errorf("a name has no path: write %s", host)
	}
	if strings.Contains(text, "*") {
		return Name{}, errors.New("a name has no wildcard: list each host of its own")
	}
	if address, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return Name{}, addressError(address)
	}
	host, port, err := splitPort(text)
	if err != nil {
		return Name{}, err
	}
	if address, err := netip.ParseAddr(host); err == nil {
		return Name{}, addressError(address)
	}
	labels := strings.Split(host, ".")
	for _, one := range labels {
		if len(host) > longestHost || !label.MatchString(one) {
			return Name{}, fmt.Errorf("%q is no host name: expected letters, digits and hyphens between dots, as in chat.vendor.example; other scripts as browsers send them (xn--…)", host)
		}
	}
	if labels[len(labels)-1] == "localhost" {
		return Name{}, fmt.Errorf("%s is this machine itself, which a browser never asks anyone for: serve it there, or use another name", host)
	}
	return Name{Host: host, Port: port}, nil
}

// NameOf is the host and port of an http address.
func NameOf(u *url.URL) Name {
	return Name{Host: strings.ToLower(u.Hostname()), Port: orPort(u.Port(), ordinary[u.Scheme])}
}

func addressError(address netip.Addr) error {
	return fmt.Errorf("%s is an address: expected a name, such as chat.vendor.example", address)
}

// splitPort takes the port off, 0 if there is none.
func splitPort(text string) (host string, port int, err error) {
	host = strings.ToLower(text)
	if !strings.Contains(host, ":") {
		return host, 0, nil
	}
	host, digits, err := net.SplitHostPort(host)
	if err != nil {
		return "", 0, fmt.Errorf("%q is no host name with a port, as in chat.vendor.example:8443", text)
	}
	number, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || number == 0 {
		return "", 0, fmt.Errorf("the port %s is not one: expected a number from 1 to 65535", digits)
	}
	return host, int(number), nil
}

// String is the name as desk.hosts has it.
func (n Name) String() string {
	if n.Port == 0 {
		return n.Host
	}
	return net.JoinHostPort(n.Host, strconv.Itoa(n.Port))
}

// Overlaps says whether something could be asked for that both names stand for.
func (n Name) Overlaps(other Name) bool {
	if n.Port == 0 {
		n, other = other, n
	}
	return n.Host == other.Host && (n.Port == other.Port || other.has(n.Port))
}

// Has says whether the name stands for a host and port.
func (n Name) Has(host string, port int) bool { return n.Host == host && n.has(port) }

func (n Name) has(port int) bool {
	if n.Port == 0 {
		return port == portHTTP || port == portHTTPS
	}
	return n.Port == port
}

// ordinary are the ports that an address leaves out, by its scheme.
var ordinary = map[string]int{"http": portHTTP, "https": portHTTPS, "ws": portHTTP, "wss": portHTTPS}

// Origins are how the addresses begin that lead to the name with one of the schemes, as a browser writes them, such as "wss://chat.vendor.example/".
func (n Name) Origins(schemes ...string) []string {
	var all []string
	for _, scheme := range schemes {
		host := n.String()
		if n.Port == ordinary[scheme] {
			host = n.Host
		}
		all = append(all, scheme+"://"+host+"/")
	}
	return all
}
