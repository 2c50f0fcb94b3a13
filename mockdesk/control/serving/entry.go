package serving

import (
	"encoding/json"
	"slices"
	"time"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/journal"
	"deskcheck/mockdesk/match"
)

// entryOf is an entry of a journal that began at a moment, as the API has it.
func entryOf(start time.Time, e journal.Entry) api.Entry {
	return api.Entry{
		Seq: e.Seq, At: start.Add(e.At), Kind: string(e.Kind), From: string(e.From), To: string(e.To), Name: e.Name, Ref: e.Ref, Conversation: e.Conversation, Requirement: e.Requirement, Note: e.Note, Data: payload(e.Data),
	}
}

// payload is none where there is none.
func payload(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	return raw
}

// nearMisses are what came close to an expression, as the API has it.
func nearMisses(start time.Time, near []match.NearMiss) []api.NearMiss {
	all := []api.NearMiss{}
	for _, n := range near {
		miss := api.NearMiss{Entry: entryOf(start, n.Entry), Held: n.Held, Of: n.Of, Failed: []api.FailedCondition{}}
		for _, f := range n.Failed {
			failed := api.FailedCondition{Condition: f.Condition, Found: []api.FoundTerm{}, Error: f.Error}
			for _, found := range f.Found {
				term := api.FoundTerm{Term: found.Term}
				if !found.Missing {
					term.Value = journal.Payload(found.Value)
				}
				failed.Found = append(failed.Found, term)
			}
			miss.Failed = append(miss.Failed, failed)
		}
		all = append(all, miss)
	}
	return all
}

// filter finds entries of the journal.
type filter struct {
	// expression is what they must match, nil for all.
	expression *match.Expression
	// conversation is the id of the one that they belong to, empty for any.
	conversation string
}

// matches says whether an entry is looked for.
func (f filter) matches(e journal.Entry) bool {
	return f.concerns(e) && (f.expression == nil || f.expression.Matches(e))
}

func (f filter) concerns(e journal.Entry) bool {
	return f.conversation == "" || e.Conversation == f.conversation
}

// closest are the entries after a mark that came closest to what is looked for.
func (f filter) closest(j *journal.Journal, mark int) []match.NearMiss {
	if f.expression == nil {
		return nil
	}
	return f.expression.Closest(slices.DeleteFunc(j.Since(mark), func(e journal.Entry) bool { return !f.concerns(e) }))
}
