package rules

import (
	"fmt"
	"slices"
	"strings"
)

// region is where the hosts of a region are (DC-AUTH-18, DC-AUTH-19).
type region struct{ name, identity, api string }

// regions are those of Talkdesk. The API host of AU is not confirmed by any document: it is read off the others.
var regions = []region{
	{"US", "talkdeskid.com", "api.talkdeskapp.com"},
	{"EU", "talkdeskid.eu", "api.talkdeskapp.eu"},
	{"CA", "talkdeskidca.com", "api.talkdeskappca.com"},
	{"AU", "talkdeskid.au", "api.talkdeskapp.au"},
}

// Regions are the names of the regions that are known.
func Regions() []string {
	all := make([]string, 0, len(regions))
	for _, r := range regions {
		all = append(all, r.name)
	}
	return all
}

// Hosts are the identity and the API host of an account in a region; false if there is no such region.
func Hosts(account, regionName string) (identity, api string, known bool) {
	i := slices.IndexFunc(regions, func(r region) bool { return r.name == regionName })
	if i < 0 {
		return "", "", false
	}
	return account + "." + regions[i].identity, regions[i].api, true
}

// Party is whose a host is, Identity or API, in whichever region; empty if it is none of Talkdesk's. The host is in lower case and without a port. Storage cannot be told by its name.
func Party(host string) string {
	for _, r := range regions {
		switch {
		case host == r.api:
			return API
		case host == r.identity || strings.HasSuffix(host, "."+r.identity):
			return Identity
		}
	}
	return ""
}

// hosts judges the host of a request.
func (j *Judge) hosts(v *verdict, x Exchange) {
	if b, wrong := WrongHost(j.about.Account, j.about.Region, x.Host); wrong {
		v.found = append(v.found, b)
	}
}

// WrongHost is what is wrong with a host that a connector asks for, whether or not anybody answers there: DC-AUTH-01 for the account in the name of the identity host, DC-AUTH-18 for the region in both, and
// DC-AUTH-19 where that is not US. The account and the region are those that the connector is configured with; empty is unknown. The host is in lower case and without a port; one that is none of
// Talkdesk's, such as that of the storage, is nobody's business here.
func WrongHost(account, regionName, host string) (b Breach, wrong bool) {
	identity, api, known := Hosts(account, regionName)
	if !known || account == "" {
		return Breach{}, false
	}
	party := Party(host)
	right := map[string]string{Identity: identity, API: api}[party]
	if party == "" || host == right {
		return Breach{}, false
	}
	rule, expected := "DC-AUTH-18", fmt.Sprintf("%s, the host of region %s", right, regionName)
	if party == Identity && regionOf(host) == regionName {
		rule, expected = "DC-AUTH-01", right+", built from the account name"
	}
	if regionName != "US" && rule == "DC-AUTH-18" {
		rule = "DC-AUTH-19"
	}
	return Breach{Requirement: rule, Pointer: "Host", Expected: expected, Recorded: host}, true
}

// regionOf is the name of the region that a host is in, empty if it is none of Talkdesk's.
func regionOf(host string) string {
	for _, r := range regions {
		if host == r.api || host == r.identity || strings.HasSuffix(host, "."+r.identity) {
			return r.name
		}
	}
	return ""
}
