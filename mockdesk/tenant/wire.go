package tenant

import (
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"

	"deskcheck/mockdesk/control/api"
)

// nameSuffix is what follows a tenant's name in a host name; browsers take everything below it for this machine.
const nameSuffix = ".localhost"

// pathPrefix is what precedes a tenant's name in a path.
const pathPrefix = "/@"

// ServeHTTP serves the wire of all tenants: one is found by the host name NAME.localhost or by the path /@NAME/..., the default one otherwise.
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	name := Default
	host := request.Host
	if bare, _, err := net.SplitHostPort(host); err == nil {
		host = bare
	}
	if label, ok := strings.CutSuffix(strings.ToLower(host), nameSuffix); ok {
		name = label
	}
	if rest, ok := strings.CutPrefix(request.URL.Path, pathPrefix); ok {
		label, _, _ := strings.Cut(rest, "/")
		name, request = label, without(request, pathPrefix+label)
	}
	t, err := r.Get(name)
	if err != nil {
		noTenant(w, request, err)
		return
	}
	t.desk.ServeHTTP(w, request)
}

// without is the request as it would be if its path did not begin with the prefix. Its RequestURI stays what the client has asked for.
func without(r *http.Request, prefix string) *http.Request {
	short := new(http.Request)
	*short = *r
	short.URL = new(url.URL)
	*short.URL = *r.URL
	short.URL.Path = slashed(strings.TrimPrefix(r.URL.Path, prefix))
	short.URL.RawPath = ""
	if r.URL.RawPath != "" {
		short.URL.RawPath = slashed(strings.TrimPrefix(r.URL.RawPath, prefix))
	}
	return short
}

func slashed(path string) string {
	if !strings.HasPrefix(path, "/") {
		return "/" + path
	}
	return path
}

// noTenant answers as a desk would, readable for pages of every origin.
func noTenant(w http.ResponseWriter, r *http.Request, err error) {
	w.Header().Set("Content-Type", "application/problem+json")
	if origin := r.Header.Get("Origin"); origin != "" {
		w.Header().Set("Access-Control-Allow-Origin", origin)
		w.Header().Set("Vary", "Origin")
	}
	w.WriteHeader(http.StatusNotFound)
	_ = json.NewEncoder(w).Encode(&api.Problem{ // Who does not read the answer has gone.
		Type: "urn:deskcheck:problem:unknown-tenant", Title: "There is no such tenant", Status: http.StatusNotFound, Detail: err.Error(), Instance: r.URL.Path,
	})
}
