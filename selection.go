package deskcheck

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"deskcheck/fixtures"
	"deskcheck/steps"

	"github.com/expr-lang/expr"
)

// Selectable is what a selection can know a scenario by.
type Selectable struct {
	// ID is the scenario's stable name, Name its title.
	ID, Name string
	// Feature is the name of its feature, File that feature's path below features/.
	Feature, File string
	// Tags are its tags, with or without the leading @.
	Tags []string
	// Capabilities are those of the requirements it is tagged with.
	Capabilities []string
}

// Select returns the scenarios that the configuration selects, in the given order. Words are joined by "or"; words, tags and capabilities by
// "and"; a quick run keeps of them a scenario for each requirement. A word, tag or capability that fits nothing, and a combination that leaves nothing, is a *UserError that names what came closest:
// nothing run must never look like everything passed.
func Select(all []Selectable, c Config) ([]Selectable, error) {
	var filters []filter
	if len(c.Select) > 0 {
		fits, err := selectWords(all, c)
		if err != nil {
			return nil, err
		}
		filters = append(filters, filter{strings.Join(c.Select, " "), fits})
	}
	if c.Profile != "" {
		fits, err := selectProfile(c.withDefaults())
		if err != nil {
			return nil, err
		}
		filters = append(filters, filter{"--profile " + c.Profile, fits})
	}
	if c.Tags != "" {
		fits, err := CompileTags(c.Tags, tagsOf(all))
		if err != nil {
			return nil, err
		}
		filters = append(filters, filter{"--tags " + quoteWord(c.Tags), func(s Selectable) bool { return fits(s.Tags) }})
	}
	if len(c.Capabilities) > 0 {
		fits, err := selectCapabilities(all, c)
		if err != nil {
			return nil, err
		}
		filters = append(filters, filter{"--capability " + strings.Join(c.Capabilities, ","), fits})
	}
	var selected []Selectable
	for _, s := range all {
		if !slices.ContainsFunc(filters, func(f filter) bool { return !f.fits(s) }) {
			selected = append(selected, s)
		}
	}
	if len(selected) == 0 {
		return nil, nothingLeft(all, filters)
	}
	if c.Quick {
		return oneEach(selected, c.Contract)
	}
	return selected, nil
}

// oneEach keeps the first scenario of each requirement, and those that prove none: the user's own.
func oneEach(selected []Selectable, contract string) ([]Selectable, error) {
	requirements, err := fixtures.Requirements(contract)
	if err != nil {
		return nil, fmt.Errorf("read the requirements of %s: %w", contract, err)
	}
	left := make(map[string]bool, len(requirements))
	for _, r := range requirements {
		left[r.ID] = true
	}
	var kept []Selectable
	for _, s := range selected {
		proves := slices.DeleteFunc(bareTags(s.Tags), func(tag string) bool { _, is := left[tag]; return !is })
		if len(proves) > 0 && !slices.ContainsFunc(proves, func(id string) bool { return left[id] }) {
			continue
		}
		for _, id := range proves {
			left[id] = false
		}
		kept = append(kept, s)
	}
	return kept, nil
}

// filter is one of the conditions that a scenario must fit, with the words in which the user gave it.
type filter struct {
	words string
	fits  func(Selectable) bool
}

func nothingLeft(all []Selectable, filters []filter) error {
	if len(filters) == 0 {
		return &UserError{Err: errors.New("there are no scenarios")}
	}
	var counts []string
	for _, f := range filters {
		n := 0
		for _, s := range all {
			if f.fits(s) {
				n++
			}
		}
		counts = append(counts, fmt.Sprintf("%s fits %d", f.words, n))
	}
	return &UserError{Err: fmt.Errorf("the selection leaves no scenario: %s, none fits all", strings.Join(counts, ", ")), Fix: "drop one of the conditions"}
}

// selectWords compiles the words of a selection, each of which must fit something.
func selectWords(all []Selectable, c Config) (func(Selectable) bool, error) {
	chosen := map[string]bool{}
	var unmatched []string
	for _, word := range c.Select {
		fits := wordFits(all, word)
		if fits == nil {
			unmatched = append(unmatched, word)
			continue
		}
		for _, s := range all {
			if fits(s) {
				chosen[s.ID] = true
			}
		}
	}
	if len(unmatched) == 0 {
		return func(s Selectable) bool { return chosen[s.ID] }, nil
	}
	requirements, err := fixtures.Requirements(c.Contract)
	if err != nil {
		return nil, fmt.Errorf("read the requirements of %s: %w", c.Contract, err)
	}
	words := Words(all)
	var mistakes []error
	for _, word := range unmatched {
		bare := strings.TrimPrefix(word, "@")
		if slices.ContainsFunc(requirements, func(r fixtures.Requirement) bool { return strings.EqualFold(r.ID, bare) }) {
			mistakes = append(mistakes, fmt.Errorf("%s is a requirement, but no scenario of dialect %s proves it", strings.ToUpper(bare), c.Dialect))
			continue
		}
		if other := ContractOf(bare); other != c.Contract && isRequirementOf(other, bare) {
			mistakes = append(mistakes, fmt.Errorf("%s is a requirement of the contract %s, and this run is about %s: add --contract %s", strings.ToUpper(bare), other, c.Contract, other))
			continue
		}
		if near := nearestLines(all, word); len(near) > 0 {
			mistakes = append(mistakes, fmt.Errorf("no scenario stands at %s (the number is the line in the feature file); nearest: %s", quoteWord(word), strings.Join(near, ", ")))
			continue
		}
		if parts := strings.Split(word, ","); len(parts) > 1 && !slices.ContainsFunc(parts, func(part string) bool { return wordFits(all, part) == nil }) {
			mistakes = append(mistakes, fmt.Errorf("nothing matches %s; with blanks between them it is a selection: %s", quoteWord(word), strings.Join(parts, " ")))
			continue
		}
		mistakes = append(mistakes, fmt.Errorf("nothing matches %s; closest: %s", quoteWord(word), strings.Join(Closest(bare, words, 3), ", ")))
	}
	flag := ContractFlag(c.Contract)
	return nil, &UserError{Err: errors.Join(mistakes...), Fix: `"deskcheck list requirements` + flag + `" and "deskcheck list features` + flag + `" print what there is`}
}

// wordFits returns what a word selects: the first of these that fits any scenario, so that a word never means two things at once. It
// returns nil if none does.
func wordFits(all []Selectable, word string) func(Selectable) bool {
	bare := strings.TrimPrefix(word, "@")
	for _, fits := range []func(Selectable) bool{
		func(s Selectable) bool { return slices.ContainsFunc(bareTags(s.Tags), equalTo(bare)) },
		func(s Selectable) bool { return slices.ContainsFunc(bareTags(s.Tags), inArea(bare)) },
		func(s Selectable) bool {
			stem := strings.TrimSuffix(s.File, ".feature")
			return slices.ContainsFunc([]string{s.Feature, path.Base(stem), stem, s.File}, equalTo(word))
		},
		func(s Selectable) bool {
			return strings.EqualFold(s.ID, word) || strings.EqualFold(strings.TrimPrefix(s.ID, steps.OwnPrefix), word)
		},
		func(s Selectable) bool { // "yours" is all that the user wrote, "yours/billing" a folder or a file of it
			return strings.HasPrefix(s.ID, steps.OwnPrefix) && strings.HasPrefix(strings.ToLower(s.ID), strings.ToLower(strings.TrimSuffix(word, "/"))+"/")
		},
		func(s Selectable) bool { return strings.Contains(strings.ToLower(s.Name), strings.ToLower(word)) },
	} {
		if word != "" && slices.ContainsFunc(all, fits) {
			return fits
		}
	}
	return nil
}

// nearestLines returns the IDs of the scenarios that stand nearest to a feature and a line, such as requesting/42, in the order of their lines. It is empty if the word
// names no feature and line.
func nearestLines(all []Selectable, word string) []string {
	wanted, err := strconv.Atoi(path.Base(word))
	if err != nil {
		return nil
	}
	type candidate struct {
		id             string
		line, distance int
	}
	var near []candidate
	for _, s := range all {
		feature := path.Dir(s.ID)
		line, err := strconv.Atoi(path.Base(s.ID))
		if err == nil && slices.ContainsFunc([]string{feature, strings.TrimPrefix(feature, steps.OwnPrefix), path.Base(feature), strings.TrimSuffix(s.File, ".feature"), s.File}, equalTo(path.Dir(word))) {
			near = append(near, candidate{s.ID, line, max(line-wanted, wanted-line)})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return a.distance - b.distance })
	near = near[:min(3, len(near))]
	slices.SortFunc(near, func(a, b candidate) int { return a.line - b.line })
	ids := make([]string, 0, len(near))
	for _, c := range near {
		ids = append(ids, c.id)
	}
	return ids
}

func equalTo(word string) func(string) bool {
	return func(s string) bool { return strings.EqualFold(s, word) }
}

// areaOf takes an ID apart: FLOW-03 is FLOW and 03, AM-CIM-02 is AM-CIM and 02.
func areaOf(id string) (area, number string) {
	cut := strings.LastIndexByte(id, '-')
	if cut < 0 {
		return "", ""
	}
	return id[:cut], id[cut+1:]
}

// inArea matches the IDs of an area: FLOW has FLOW-03.
func inArea(area string) func(string) bool {
	return func(tag string) bool {
		prefix, number := areaOf(tag)
		return prefix != "" && strings.EqualFold(prefix, area) && number != "" && !strings.ContainsFunc(number, func(r rune) bool { return r < '0' || r > '9' })
	}
}

func bareTags(tags []string) []string {
	bare := make([]string, 0, len(tags))
	for _, tag := range tags {
		bare = append(bare, strings.TrimPrefix(tag, "@"))
	}
	return bare
}

// Words returns the words that select something, for suggestions and completion: requirement IDs, areas and features, each kind sorted.
func Words(all []Selectable) []string {
	var ids, areas, features []string
	for _, s := range all {
		for _, tag := range bareTags(s.Tags) {
			area, _ := areaOf(tag)
			if inArea(area)(tag) {
				ids, areas = append(ids, tag), append(areas, area)
			}
		}
		features = append(features, path.Base(strings.TrimSuffix(s.File, ".feature")))
	}
	var words []string
	for _, group := range [][]string{ids, areas, features} {
		slices.Sort(group)
		words = append(words, slices.Compact(group)...)
	}
	return words
}

func tagsOf(all []Selectable) []string {
	tags := []string{}
	for _, s := range all {
		tags = append(tags, bareTags(s.Tags)...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

func selectCapabilities(all []Selectable, c Config) (func(Selectable) bool, error) {
	var known []string
	for _, s := range all {
		known = append(known, s.Capabilities...)
	}
	slices.Sort(known)
	known = slices.Compact(known)
	var unmatched []error
	for _, name := range c.Capabilities {
		if !slices.Contains(known, name) {
			unmatched = append(unmatched, fmt.Errorf("no scenario speaks of the capability %s; closest: %s", quoteWord(name), strings.Join(Closest(name, known, 3), ", ")))
		}
	}
	if len(unmatched) > 0 {
		return nil, &UserError{Err: errors.Join(unmatched...), Fix: `"deskcheck list capabilities` + ContractFlag(c.Contract) + `" prints what there is`}
	}
	return func(s Selectable) bool {
		return slices.ContainsFunc(s.Capabilities, func(name string) bool { return slices.Contains(c.Capabilities, name) })
	}, nil
}

// CompileTags compiles a tag expression, such as `@FLOW-03 and not (@JOIN-01 or @JOIN-02)`, to a function that says whether a scenario's tags
// fit. "not" binds tighter than "and", "and" tighter than "or". Tags count by their exact spelling, with or without @ in known and in the
// function's argument. A mistake is a *UserError with the column (from 1, in characters); so is a tag that known does not have, unless
// known is nil.
func CompileTags(expression string, known []string) (func(tags []string) bool, error) {
	tokens := tagTokens(expression)
	if err := checkTagTokens(tokens, expression); err != nil {
		return nil, err
	}
	var code strings.Builder
	for _, t := range tokens {
		if name, isTag := strings.CutPrefix(t.text, "@"); isTag {
			if names := bareTags(known); known != nil && !slices.Contains(names, name) {
				text := "no scenario has the tag " + t.text
				if near := Closest(name, names, 3); len(near) > 0 {
					text += "; closest: @" + strings.Join(near, ", @")
				}
				return nil, tagError(t.column, expression, text)
			}
			fmt.Fprintf(&code, "has(%q) ", name)
			continue
		}
		code.WriteString(t.text + " ")
	}
	program, err := expr.Compile(code.String(), expr.Env(map[string]any{"has": func(string) bool { return false }}), expr.AsBool())
	if err != nil {
		// The tokens were in order, so it is the size of the expression that the compiler refuses.
		return nil, &UserError{Err: fmt.Errorf("the tag expression is too large: %w", err)}
	}
	return func(tags []string) bool {
		names := bareTags(tags)
		has := func(name string) bool { return slices.Contains(names, name) }
		fits, err := expr.Run(program, map[string]any{"has": has})
		return err == nil && fits == true
	}, nil
}

type tagToken struct {
	text   string
	column int
}

// tagTokens splits at white space and around parentheses.
func tagTokens(expression string) []tagToken {
	var tokens []tagToken
	begin := -1
	runes := []rune(expression + " ")
	for i, r := range runes {
		isParenthesis := r == '(' || r == ')'
		if begin >= 0 && (unicode.IsSpace(r) || isParenthesis) {
			tokens = append(tokens, tagToken{string(runes[begin:i]), begin + 1})
			begin = -1
		}
		switch {
		case isParenthesis:
			tokens = append(tokens, tagToken{string(r), i + 1})
		case begin < 0 && !unicode.IsSpace(r):
			begin = i
		}
	}
	return tokens
}

// checkTagTokens checks that the tokens are ours and in order, so that messages speak of the user's text and not of the compiler's.
func checkTagTokens(tokens []tagToken, expression string) error {
	const and, or, not = "and", "or", "not"
	const operand, operator = `a tag such as @FLOW-03, "not" or "("`, `"and", "or" or ")"`
	expected := operand
	var open []tagToken
	for _, t := range tokens {
		fail := func() error { return tagError(t.column, expression, wordingOf(t.text, expected)) }
		isOperand := expected == operand
		switch {
		case t.text == "(" && isOperand:
			open = append(open, t)
		case t.text == not && isOperand:
		case len(t.text) > 1 && t.text[0] == '@' && isOperand:
			expected = operator
		case t.text == ")" && !isOperand:
			if len(open) == 0 {
				return tagError(t.column, expression, `")" closes nothing`)
			}
			open = open[:len(open)-1]
		case (t.text == and || t.text == or) && !isOperand:
			expected = operand
		default:
			return fail()
		}
	}
	switch {
	case len(tokens) == 0:
		return &UserError{Err: errors.New("the tag expression is empty"), Fix: "write " + operand}
	case expected == operand:
		return tagError(len([]rune(expression))+1, expression, "expected "+operand+", found the end")
	case len(open) > 0:
		return tagError(open[len(open)-1].column, expression, `"(" is never closed`)
	}
	return nil
}

// wordingOf says what is wrong with a token, and what the user may have meant by it.
func wordingOf(token, expected string) string {
	text := fmt.Sprintf("expected %s, found %s", expected, quoteWord(token))
	switch lower := strings.ToLower(token); {
	case token == "@":
		text += "; a tag has a name behind the @"
	case token != lower && slices.Contains([]string{"and", "or", "not"}, lower):
		text += "; operators are written small"
	case token == "&&" || token == "&":
		text += `; write "and"`
	case token == "||" || token == "|" || token == ",":
		text += `; write "or"`
	case strings.HasPrefix(token, "!") || strings.HasPrefix(token, "~"):
		text += `; write "not"`
	case strings.HasPrefix(expected, "a tag") && !slices.Contains([]string{"and", "or", "not", ")"}, token):
		text += "; a tag begins with @"
	}
	return text
}

func tagError(column int, expression, text string) error {
	return &UserError{Err: fmt.Errorf("tag expression %s, column %d: %s", quoteWord(expression), column, text)}
}

// quoteWord quotes without escaping quotes: what the user typed must be recognisable.
func quoteWord(s string) string { return `"` + s + `"` }
