package traffic

import (
	"cmp"
	"maps"
	"slices"

	"deskcheck/mockdesk/digitalconnect/rules"
)

// Breach is a rule that an exchange was seen to break. It holds no secret.
type Breach struct {
	// Place is where the exchange stands, empty for what only all exchanges together show. Request is its method, host and path.
	Place   string `json:"place,omitempty"`
	Request string `json:"request,omitempty"`
	// Pointer, Expected and Recorded are as in rules.Breach.
	Pointer  string `json:"pointer,omitempty"`
	Expected string `json:"expected"`
	Recorded string `json:"recorded"`
}

// Finding is what became of one requirement.
type Finding struct {
	// ID is the requirement's.
	ID string
	// Tried is how many exchanges put it to the test; Breaches are those in which it does not hold, in the order in which they were answered.
	Tried    int
	Breaches []Breach
	// Missing is what is not known and must be, empty if the requirement was judged.
	Missing string
}

// Judgement is what the rules say of recordings.
type Judgement struct {
	// Exchanges counts those that were judged, by party: identity, api, storage, webhook.
	Exchanges map[string]int
	// Elsewhere counts exchanges with hosts that are none of Talkdesk's, which were looked at for secrets only.
	Elsewhere map[string]int
	// Left are exchanges that cannot be judged; Hidden is how many had their credentials taken out, so that these were not judged.
	Left   []LeftOut
	Hidden int
	// Findings has one for each of Judged.
	Findings []Finding
	// Events counts what webhooks were seen to say where no document tells: "event_type MESSAGE_CREATED", "author.type AGENT".
	Events map[string]int

	cover *cover
}

// Covered is a text without the secrets that were found in the recordings.
func (j *Judgement) Covered(text string) string { return j.cover.text(text) }

// Judge holds what files have recorded against the rules. about is what is known beside that; the secrets of clients and whether the storage was recorded are added from the exchanges. A rule takes for
// granted that the recording is whole: what it lacks at its beginning is taken for what was before.
func Judge(files []*File, about rules.About) *Judgement {
	j := &Judgement{Exchanges: map[string]int{}, Elsewhere: map[string]int{}, Events: map[string]int{}, cover: newCover()}
	found := map[string]*Finding{}
	for _, id := range Judged() {
		found[id] = &Finding{ID: id}
	}
	for _, f := range files {
		j.Left = append(j.Left, f.left...)
	}
	for _, r := range join(files) {
		j.recording(r, about, found)
	}
	for _, id := range Judged() {
		f := found[id]
		if len(f.Breaches) > 0 {
			f.Tried = max(f.Tried, 1)
		}
		if f.Tried > 0 {
			f.Missing = "" // what one recording lacked, another had
		}
		for i := range f.Breaches {
			b := &f.Breaches[i]
			b.Request, b.Pointer, b.Expected, b.Recorded = j.Covered(b.Request), j.Covered(b.Pointer), j.Covered(b.Expected), j.Covered(b.Recorded)
		}
		j.Findings = append(j.Findings, *f)
	}
	return j
}

// recording judges what belongs together.
func (j *Judgement) recording(r *recording, about rules.About, found map[string]*Finding) {
	r.assign(about)
	j.Left = append(j.Left, r.whole()...)
	r.unmask(about)
	about = r.learn(about)
	j.cover.know(about, r)
	judge := rules.New(about)
	w := newWitness(known{about: about, storage: about.SeesStorage, webhooks: r.has(rules.Webhook), secrets: len(j.cover.secrets) > 0})
	for _, x := range r.exchanges {
		j.count(x)
		for _, b := range j.judged(judge, x) {
			f := found[b.Requirement]
			if f == nil || !x.counts(b) || w.unfair(b.Requirement) {
				continue
			}
			f.Breaches = append(f.Breaches, Breach{Place: x.place, Request: x.Method + " " + x.Host + x.Path, Pointer: b.Pointer, Expected: b.Expected, Recorded: b.Recorded})
		}
		w.look(x)
	}
	w.end()
	for _, b := range judge.End() {
		if f := found[b.Requirement]; f != nil {
			f.Breaches = append(f.Breaches, Breach{Pointer: b.Pointer, Expected: b.Expected, Recorded: b.Recorded})
		}
	}
	for id, f := range found {
		if missing := w.missing(id); missing != "" {
			f.Missing = cmp.Or(f.Missing, missing)
			continue
		}
		f.Tried += w.tried[id]
	}
}

// judged has the judge look at one exchange.
func (j *Judgement) judged(judge *rules.Judge, x *exchange) []rules.Breach {
	if x.Party == rules.Webhook {
		return judge.Delivery(x.Exchange)
	}
	return judge.Request(x.Exchange)
}

// count counts an exchange.
func (j *Judgement) count(x *exchange) {
	if x.hidden {
		j.Hidden++
	}
	if x.Party == "" {
		j.Elsewhere[x.Host]++
		return
	}
	j.Exchanges[x.Party]++
	if x.Party == rules.Webhook {
		j.said(x)
	}
}

// Hosts are those of Elsewhere, in alphabetical order.
func (j *Judgement) Hosts() []string { return slices.Sorted(maps.Keys(j.Elsewhere)) }
