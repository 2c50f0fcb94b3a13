package fault

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Schedule says which arrivals a rule plays its fault on. Arrivals are those that the fault can be played on and that fit the rule's scope, numbered from 1 since the rule
// was added, whether or not another rule played on them. The zero value is all of them. What is set narrows them down, in this order: of those from the From-th on,
// every Every-th, at most Next times, until For has passed or the rule was released.
//
// Its text form, in any order and with spaces or commas between, is
//
//	always          all of them (said alone)
//	from 3          the third and all after it
//	only 3          the third alone (without from, every and next)
//	every 2         the second, the fourth and so on; after from 3 the fourth, the sixth and so on
//	next 2          the first two that are left to the rule, not counting those on which another rule played
//	for 5s          those that arrive before 5 s of desk time have passed since the rule was added, or since the arrival that from names
//	until released  those that arrive before Plan.Release is called for the rule
//
// In JSON and YAML it is that text, or an object such as {"from": 3, "next": 2, "for": "5s", "untilReleased": true}.
type Schedule struct {
	// From, Only, Every and Next are numbers from 1, 0 where they do not matter.
	From, Only, Every, Next int
	// For is in desk time, 0 if it does not matter.
	For time.Duration
	// UntilReleased ends the rule with its release. Without it a release lets go on what is parked, and the rule holds.
	UntilReleased bool
}

// maxCount bounds the numbers of a schedule.
const maxCount = 1 << 30

// ParseSchedule reads the text form. Its error is a *FieldError.
func ParseSchedule(text string) (Schedule, error) {
	words := strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' || r == '\r' })
	if len(words) == 0 {
		return Schedule{}, wrong("", "a schedule is missing, such as %q or %q", "next 2", "always")
	}
	if len(words) == 1 && words[0] == "always" {
		return Schedule{}, nil
	}
	var s Schedule
	seen := map[string]bool{}
	for ; len(words) > 0; words = words[2:] {
		clause := words[0]
		if seen[clause] {
			return Schedule{}, wrong("", "%q is said twice in %q", clause, text)
		}
		seen[clause] = true
		value := ""
		if len(words) > 1 {
			value = words[1]
		}
		if err := s.set(clause, value, text); err != nil {
			return Schedule{}, err
		}
	}
	return s, s.Validate()
}

// set takes in one clause of the text form.
func (s *Schedule) set(clause, value, text string) error {
	counts := map[string]*int{"from": &s.From, "only": &s.Only, "every": &s.Every, "next": &s.Next}
	at, counted := counts[clause]
	switch {
	case counted:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxCount {
			return wrong("", "%q must be followed by a number from 1 to %d, such as %q, in %q", clause, maxCount, clause+" 2", text)
		}
		*at = n
	case clause == "for":
		d, err := parseDuration(value)
		if err != nil {
			return wrong("", "%q must be followed by a time above zero with its unit, such as %q, in %q", clause, "for 5s", text)
		}
		s.For = d
	case clause == "until":
		if value != "released" {
			return wrong("", "%q must be followed by %q, in %q", clause, "released", text)
		}
		s.UntilReleased = true
	case clause == "always":
		return wrong("", "%q stands alone; leave it out of %q", clause, text)
	default:
		return wrong("", `a schedule has no word %q; it has "always", "from", "only", "every", "next", "for" and "until released"`, clause)
	}
	return nil
}

// Validate checks that the schedule makes sense. Its error is a *FieldError.
func (s Schedule) Validate() error {
	for name, n := range map[string]int{"from": s.From, "only": s.Only, "every": s.Every, "next": s.Next} {
		if n < 0 || n > maxCount {
			return wrong(name, "must be a number from 1 to %d, not %d", maxCount, n)
		}
	}
	if s.For < 0 {
		return wrong("for", "must be a time above zero such as 5s, not %s", s.For)
	}
	if s.Only > 0 && (s.From > 0 || s.Every > 0 || s.Next > 0) {
		return wrong("only", `names one arrival; "from", "every" and "next" have no place beside it`)
	}
	return nil
}

// String is the text form, in the order in which the clauses apply.
func (s Schedule) String() string {
	var clauses []string
	count := func(word string, n int) {
		if n > 0 {
			clauses = append(clauses, fmt.Sprintf("%s %d", word, n))
		}
	}
	count("only", s.Only)
	count("from", s.From)
	count("every", s.Every)
	count("next", s.Next)
	if s.For > 0 {
		clauses = append(clauses, "for "+s.For.String())
	}
	if s.UntilReleased {
		clauses = append(clauses, "until released")
	}
	if len(clauses) == 0 {
		return "always"
	}
	return strings.Join(clauses, " ")
}

// plays is whether the n-th arrival is one for a rule that has played so often before; time and release are the plan's to watch.
func (s Schedule) plays(n, played int) bool {
	first := s.first()
	switch {
	case s.Only > 0:
		return n == s.Only
	case n < first:
		return false
	case s.Every > 0 && (n-first+1)%s.Every != 0:
		return false
	}
	return s.Next == 0 || played < s.Next
}

// first is the number of the arrival with which the rule begins.
func (s Schedule) first() int { return max(s.From, 1) }

// spent is whether no arrival to come can be one for the rule, after so many and so many plays.
func (s Schedule) spent(seen, played int) bool {
	return s.Only > 0 && seen >= s.Only || s.Next > 0 && played >= s.Next
}

// MarshalJSON writes the object form.
func (s Schedule) MarshalJSON() ([]byte, error) {
	o := object{}
	count := func(name string, n int) {
		if n > 0 {
			o = append(o, member{name, n})
		}
	}
	count("only", s.Only)
	count("from", s.From)
	count("every", s.Every)
	count("next", s.Next)
	if s.For > 0 {
		o = append(o, member{"for", duration(s.For)})
	}
	if s.UntilReleased {
		o = append(o, member{"untilReleased", true})
	}
	return o.MarshalJSON()
}

// UnmarshalJSON reads the object form or the text form, and validates it. Its error is a *FieldError.
func (s *Schedule) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) == nil && strings.HasPrefix(strings.TrimSpace(string(data)), `"`) {
		read, err := ParseSchedule(text)
		if err == nil {
			*s = read
		}
		return err
	}
	raw, err := membersOf(data)
	if err != nil {
		return wrong("", "must be text such as %q or an object, not %s", "next 2", shown(data))
	}
	var read Schedule
	for name, v := range map[string]any{
		"from": &read.From, "only": &read.Only, "every": &read.Every, "next": &read.Next, "for": (*duration)(&read.For), "untilReleased": &read.UntilReleased,
	} {
		if err := raw.take(name, v); err != nil {
			return err
		}
	}
	if err := raw.nothingElse("a schedule", "from", "only", "every", "next", "for", "untilReleased"); err != nil {
		return err
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*s = read
	return nil
}

// MarshalYAML writes the text form.
func (s Schedule) MarshalYAML() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalYAML reads what UnmarshalJSON reads, as YAML.
func (s *Schedule) UnmarshalYAML(data []byte) error { return fromYAML(data, s) }
