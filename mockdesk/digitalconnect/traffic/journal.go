package traffic

import (
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"deskcheck/mockdesk/digitalconnect/rules"
	"deskcheck/mockdesk/digitalconnect/webhook"
)

// saved puts the entries of a journal together: a request, and the answer that refers to it.
type saved struct {
	// last is the number of the latest entry. open are requests without an answer, by the number of their entry; all are in the order of requests.
	last int
	open map[int]*exchange
	all  []*exchange
}

// parties are those of Talkdesk in a journal, and the kit where a request went to nobody; connector is the other side of each.
var parties = []string{rules.Identity, rules.API, rules.Storage, rules.Webhook, kit}

const (
	connector = "connector"
	kit       = "kit"
)

// add adds an entry; those that are no request and no answer are passed over. An entry whose number is not above that of the one before begins another journal.
func (j *saved) add(f *File, l line, number int) error {
	if l.Seq <= j.last {
		j.close(f)
	}
	j.last = l.Seq
	party := l.To
	if l.From != connector {
		party = l.From
	}
	if l.From != connector && l.To != connector || !slices.Contains(parties, party) || l.Kind != "request" && l.Kind != "response" {
		return nil
	}
	if l.AtMs == nil {
		return problem(f.Name, number, "atMs: expected the time of the entry in milliseconds, found nothing")
	}
	if l.Kind == "response" {
		return j.answered(f, l, number)
	}
	var q request
	if err := json.Unmarshal(l.Data, &q, evidence); err != nil {
		return problem(f.Name, number, "data%s", typeProblem(err))
	}
	x := &exchange{place: f.Name + ":" + strconv.Itoa(number)}
	x.Seq, x.At = l.Seq, milliseconds(*l.AtMs)
	if x.Party = party; party == kit {
		x.Party = ""
	}
	x.take(q, response{})
	j.open[l.Seq] = x
	j.all = append(j.all, x)
	return nil
}

// answered adds an answer to its request. What was given up by the kit as the run ended has none.
func (j *saved) answered(f *File, l line, number int) error {
	x := j.open[l.Ref]
	var a response
	if err := json.Unmarshal(l.Data, &a, evidence); err != nil {
		return problem(f.Name, number, "data%s", typeProblem(err))
	}
	if x == nil || a.Status == 0 && strings.Contains(l.Note, webhook.ErrClosed.Error()) {
		return nil
	}
	delete(j.open, l.Ref)
	x.Took = max(milliseconds(*l.AtMs)-x.At, 0)
	if a.Ms != nil {
		x.Took = milliseconds(*a.Ms)
	}
	x.answer(a)
	return nil
}

// close hands over what was put together. What has no answer was under way when the journal ended.
func (j *saved) close(f *File) {
	var whole []*exchange
	for _, x := range j.all {
		if j.open[x.Seq] != nil {
			f.left = append(f.left, LeftOut{Place: x.place, Why: "it was under way when the recording ended"})
			continue
		}
		whole = append(whole, x)
	}
	if len(whole) > 0 {
		f.journals = append(f.journals, whole)
	}
	*j = saved{open: map[int]*exchange{}}
}
