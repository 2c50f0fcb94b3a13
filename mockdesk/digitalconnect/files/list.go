package files

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

// How many attachments are on a page unless the client says otherwise, and at most. The numbers are not published.
const (
	perPage     = 50
	mostPerPage = 100
)

// list answers a page of the attachments that pass all filters. What the filters look like beyond their names is not published: here name and state are exact, types is a list with commas, and
// metadata[KEY] is the text of a value.
func (c *Call) list([]byte) Reply {
	query := c.r.URL.Query()
	page, refusal := number(query, "page", 1, 0)
	if refusal != nil {
		return *refusal
	}
	size, refusal := number(query, "per_page", perPage, mostPerPage)
	if refusal != nil {
		return *refusal
	}
	var passing []any
	for _, a := range c.store.kept {
		if a.passes(query) {
			passing = append(passing, a.resource())
		}
	}
	from := len(passing)
	if page-1 <= len(passing)/size {
		from = min((page-1)*size, len(passing))
	}
	shown := append([]any{}, passing[from:min(from+size, len(passing))]...)
	return ok(map[string]any{"total": len(passing), "count": len(shown), "page": page, "per_page": size, "_embedded": map[string]any{"attachments": shown}})
}

// number is a parameter that counts from 1, up to most if that is not 0.
func number(query url.Values, name string, otherwise, most int) (int, *Reply) {
	if !query.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(query.Get(name))
	if err != nil || n < 1 || most > 0 && n > most {
		description := "must be a whole number from 1"
		if most > 0 {
			description += " to " + strconv.Itoa(most)
		}
		rep := badField(name, description)
		return 0, &rep
	}
	return n, nil
}

// passes says whether the attachment is among those that a query asks for.
func (a *stored) passes(query url.Values) bool {
	if query.Has("name") && query.Get("name") != a.Name || query.Has("state") && query.Get("state") != a.State {
		return false
	}
	if query.Has("types") && !slices.Contains(strings.Split(strings.Join(query["types"], ","), ","), a.Type) {
		return false
	}
	for parameter, values := range query {
		key, is := strings.CutPrefix(parameter, "metadata[")
		if key, closed := strings.CutSuffix(key, "]"); is && closed && a.metadata(key) != values[0] {
			return false
		}
	}
	return true
}

// metadata is a value as text: a string without its quotes, anything else as JSON, empty if there is none.
func (a *stored) metadata(key string) string {
	var text string
	if raw := a.Metadata[key]; json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}
