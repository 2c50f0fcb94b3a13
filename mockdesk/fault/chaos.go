package fault

import (
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
)

// seedShift leaves of a seed that is made up what every reader of JSON takes for the same number.
const seedShift = 64 - 53

// Weighted is a fault that chaos may choose, and how often against the others.
type Weighted struct {
	Fault Fault `json:"fault"`
	// Weight is at least 1: a fault of weight 3 comes up three times as often as one of weight 1.
	Weight int `json:"weight"`
}

// ChaosOptions are what chaos is made with.
type ChaosOptions struct {
	// Seed is what all chance comes from; 0 has one chosen, which is printed.
	Seed uint64 `json:"seed"`
	// Share is how much of what arrives is played a fault on, above 0 and up to 1.
	Share float64 `json:"share"`
	// Faults are what is chosen from, each where it can be played. Hold and HoldReply are not among them: no one would know what to release.
	Faults []Weighted `json:"faults"`
	// Scope is where chaos plays.
	Scope Scope `json:"scope"`
	// ByOrder draws for the first, the second, the third conversation of each tenant instead of for its id: for clients whose ids are other ones in every run. Conversations
	// must then begin in the same order to meet the same faults.
	ByOrder bool `json:"byOrder"`
}

// UnmarshalJSON reads the options and validates them. Its error is a *FieldError.
func (o *ChaosOptions) UnmarshalJSON(data []byte) error {
	raw, err := membersOf(data)
	if err != nil {
		return err
	}
	var read ChaosOptions
	var faults []members
	for _, m := range []member{{"seed", &read.Seed}, {"share", &read.Share}, {"faults", &faults}, {"scope", &read.Scope}, {"byOrder", &read.ByOrder}} {
		if err := raw.take(m.name, m.value); err != nil {
			return err
		}
	}
	if err := raw.nothingElse("a chaos", "seed", "share", "faults", "scope", "byOrder"); err != nil {
		return err
	}
	for i, f := range faults {
		var w Weighted
		at := fmt.Sprintf("faults[%d]", i)
		for _, m := range []member{{"fault", &w.Fault}, {"weight", &w.Weight}} {
			if err := f.take(m.name, m.value); err != nil {
				return below(at, err)
			}
		}
		if err := f.nothingElse("a choice", "fault", "weight"); err != nil {
			return below(at, err)
		}
		read.Faults = append(read.Faults, w)
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*o = read
	return nil
}

// UnmarshalYAML reads what UnmarshalJSON reads, as YAML.
func (o *ChaosOptions) UnmarshalYAML(data []byte) error { return fromYAML(data, o) }

// Validate checks that there is something to choose from. Its error is a *FieldError.
func (o ChaosOptions) Validate() error {
	if o.Share <= 0 || o.Share > 1 {
		return wrong("share", "must be above 0 and up to 1, such as 0.1 for a tenth of what arrives, not %v", o.Share)
	}
	if len(o.Faults) == 0 {
		return wrong("faults", "is empty; name at least one fault to choose from")
	}
	for i, w := range o.Faults {
		at := fmt.Sprintf("faults[%d]", i)
		switch {
		case w.Weight < 1 || w.Weight > maxCount:
			return wrong(at+".weight", "must be a number from 1 to %d, not %d", maxCount, w.Weight)
		case w.Fault.Kind.holds():
			return wrong(at+".fault.kind", "%q waits for a release, and no one would know what to release; use %q", w.Fault.Kind, Delay)
		}
		if err := w.Fault.Validate(); err != nil {
			return below(at+".fault", err)
		}
		if err := o.Scope.validate(w.Fault.Kind); err != nil {
			return below("scope", err)
		}
	}
	return nil
}

// Chaos chooses faults by chance, but always the same for the same seed and the same arrivals. It draws from a stream of its own for each moment, tenant, operation (or
// route), conversation and direction, so that it makes no difference how conversations interleave. One Chaos belongs to one plan.
type Chaos struct {
	options ChaosOptions
	streams map[string]*rand.Rand
	// places are the numbers of the conversations among those of their tenant, counts the last of each tenant.
	places map[[2]string]int
	counts map[string]int
	played int
}

// NewChaos makes chaos and prints a line with its seed to out, so that what it did can be had again. The error wraps a *FieldError.
func NewChaos(o ChaosOptions, out io.Writer) (*Chaos, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("making chaos: %w", err)
	}
	for o.Seed == 0 {
		o.Seed = rand.Uint64() >> seedShift //nolint:gosec // A seed is to be printed, not to be kept secret.
	}
	c := &Chaos{options: o, streams: map[string]*rand.Rand{}, places: map[[2]string]int{}, counts: map[string]int{}}
	if _, err := fmt.Fprintln(out, c); err != nil {
		return nil, fmt.Errorf("printing the seed %d of chaos: %w", o.Seed, err)
	}
	return c, nil
}

// ParseChaos reads the options of chaos, as YAML or JSON. The error names the file as it is given here, the line, and the field.
func ParseChaos(file string, source []byte) (ChaosOptions, error) {
	var o ChaosOptions
	tree, body, err := parseOne(file, source, "chaos is one document, an object")
	if err != nil {
		return o, err
	}
	if body == nil {
		return o, fmt.Errorf("%s:1: chaos is an object such as {share: 0.1, faults: [{fault: {kind: reset}, weight: 1}]}", file)
	}
	if err := o.UnmarshalYAML([]byte(body.String())); err != nil {
		return o, located(file, tree, body, err)
	}
	return o, nil
}

// Options are what it was made with, with the seed that it has.
func (c *Chaos) Options() ChaosOptions { return c.options }

// Seed is what all chance comes from.
func (c *Chaos) Seed() uint64 { return c.options.Seed }

// String is the line that NewChaos prints.
func (c *Chaos) String() string {
	var choices []string
	for _, w := range c.options.Faults {
		choices = append(choices, fmt.Sprintf("%d × %s", w.Weight, w.Fault))
	}
	return fmt.Sprintf("chaos with seed %d: on %v of arrivals %s: %s", c.options.Seed, c.options.Share, c.options.Scope, strings.Join(choices, ", "))
}

// next chooses for an arrival, and says how often chaos has played with this one; the plan is locked.
func (c *Chaos) next(a Arrival) (Fault, int) {
	accept := Fault{Kind: Accept}
	if !c.options.Scope.fits(a) {
		return accept, 0
	}
	total := 0
	for _, w := range c.options.Faults {
		if w.playable(a) {
			total += w.Weight
		}
	}
	if total == 0 {
		return accept, 0
	}
	// Both are drawn every time, so that what was chosen for one arrival does not move what is chosen for the next.
	stream := c.stream(a)
	chance, choice := stream.Float64(), stream.IntN(total)
	if chance >= c.options.Share {
		return accept, 0
	}
	for _, w := range c.options.Faults {
		if !w.playable(a) {
			continue
		}
		if choice -= w.Weight; choice < 0 {
			c.played++
			return w.Fault, c.played
		}
	}
	return accept, 0
}

func (w Weighted) playable(a Arrival) bool {
	return (&rule{Rule: Rule{Fault: w.Fault}}).fits(a)
}

// stream is what is drawn from for the arrival. The number of the socket has no part in it: it tells in which order the conversations opened theirs.
func (c *Chaos) stream(a Arrival) *rand.Rand {
	conversation := a.Conversation
	if c.options.ByOrder && conversation != "" {
		conversation = c.place(a.Tenant, conversation)
	}
	key := strings.Join([]string{string(a.Moment), a.Tenant, a.Operation, a.Route, conversation, string(a.Direction)}, "\x00")
	s := c.streams[key]
	if s == nil {
		sum := fnv.New64a()
		_, _ = sum.Write([]byte(key))                          // A hash never fails.
		s = rand.New(rand.NewPCG(c.options.Seed, sum.Sum64())) //nolint:gosec // Chance that can be had again is the purpose.
		c.streams[key] = s
	}
	return s
}

// place is the number of the conversation among those of its tenant.
func (c *Chaos) place(tenant, conversation string) string {
	key := [2]string{tenant, conversation}
	if c.places[key] == 0 {
		c.counts[tenant]++
		c.places[key] = c.counts[tenant]
	}
	return strconv.Itoa(c.places[key])
}
