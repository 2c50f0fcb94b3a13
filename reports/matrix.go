package reports

import (
	"slices"
	"time"
)

// Matrix is what became of every broken integration in every scenario: which requirement each was seen to break. Written as JSON it is matrix.json
// (schema: fixtures/schemas/matrix.schema.json).
type Matrix struct {
	SchemaVersion string    `json:"schemaVersion"`
	Tool          Tool      `json:"tool"`
	Contract      string    `json:"contract"`
	Browser       Browser   `json:"browser"`
	Workers       int       `json:"workers"`
	StartedAt     time.Time `json:"startedAt"`
	DurationMs    int64     `json:"durationMs"`
	// Selection are the requirements and files that were asked for, empty for all.
	Selection []string `json:"selection"`
	// Complete says that every scenario had its turn; Problem is what kept it from being so.
	Complete bool   `json:"complete"`
	Problem  string `json:"problem,omitempty"`
	// OK says that each integration broke exactly what it names, and what follows from that, and that every MUST was broken by one. It is never so for a matrix that is not complete.
	OK       bool            `json:"ok"`
	ExitCode int             `json:"exitCode"`
	Dialects []MatrixDialect `json:"dialects"`
}

// MatrixDialect is the matrix of one dialect.
type MatrixDialect struct {
	Dialect string `json:"dialect"`
	// Scenarios is how many the dialect has, Scripted how many of them never load the integration under test.
	Scenarios int `json:"scenarios"`
	Scripted  int `json:"scripted"`
	// KilledByNone are the MUSTs that an integration was to break and none did; known once the matrix is complete.
	KilledByNone []string `json:"killedByNone"`
	// Requirements are those of the dialect, in the catalogue's order.
	Requirements []MatrixRequirement `json:"requirements"`
	Integrations []MatrixRow         `json:"integrations"`
}

// MatrixRequirement is a column.
type MatrixRequirement struct {
	ID        string   `json:"id"`
	Area      string   `json:"area"`
	Level     string   `json:"level"`
	Binds     []string `json:"binds"`
	Statement string   `json:"statement"`
	// Wanted says that some integration of this matrix is to break it.
	Wanted bool `json:"wanted"`
	// KilledBy are the files of those that were seen to.
	KilledBy []string `json:"killedBy"`
}

// MatrixRow is one broken integration.
type MatrixRow struct {
	// File is its path below fixtures/integrations/broken, How its mistake in a sentence.
	File string `json:"file"`
	How  string `json:"how"`
	// Breaks is the requirement that it is about, Names all that it declares to break in this dialect.
	Breaks string   `json:"breaks"`
	Names  []string `json:"names"`
	// Scenarios is how many load it. Played of them were played to an end; of Shared it is known how they end, because they begin like one that ended early.
	Scenarios int `json:"scenarios"`
	Played    int `json:"played"`
	Shared    int `json:"shared"`
	// Complete says that all had their turn, OK that it broke exactly what it names, and what follows from that.
	Complete   bool  `json:"complete"`
	OK         bool  `json:"ok"`
	DurationMs int64 `json:"durationMs"`
	// Cells are the requirements that it names, and those that fell besides.
	Cells []MatrixCell `json:"cells"`
}

// MatrixOutcome is what became of a requirement under a broken integration.
type MatrixOutcome string

// The outcomes.
const (
	// MatrixKilled: it is named, and was seen broken.
	MatrixKilled MatrixOutcome = "killed"
	// MatrixMissed: it is named, and no scenario saw it broken.
	MatrixMissed MatrixOutcome = "missed"
	// MatrixSurplus: it is not named, and was seen broken.
	MatrixSurplus MatrixOutcome = "surplus"
	// MatrixFollows: it is not named, and fell, or could not be told, only where a scenario takes for granted what is named.
	MatrixFollows MatrixOutcome = "follows"
	// MatrixUntestable: a scenario could not tell, and none saw it broken.
	MatrixUntestable MatrixOutcome = "untestable"
	// MatrixOpen: it is named, was not seen broken so far, and not everything was tried.
	MatrixOpen MatrixOutcome = "open"
)

// MatrixCause says how a requirement came to fall that is not named.
type MatrixCause string

// The causes, and with them what to look at first.
const (
	// SharedScenario: every scenario that shows it is tagged with a requirement that is named too, and blames all of its tags.
	SharedScenario MatrixCause = "shared scenario"
	// OwnCheck: a check that names this requirement failed.
	OwnCheck MatrixCause = "own check"
	// OtherScenario: a scenario fell that is of none of the requirements that are named.
	OtherScenario MatrixCause = "other scenario"
	// SetUp: scenarios fell while they were being set up, before they asked about it.
	SetUp MatrixCause = "set-up"
)

// Advice is the next step for a cause.
func (c MatrixCause) Advice() string {
	switch c {
	case SharedScenario:
		return "the scenario is of a named requirement too and blames all of its tags: have the step say whom it blames, or tag the scenario with less"
	case OwnCheck:
		return "a check that names this requirement failed: break less, or name it behind with:"
	case SetUp:
		return "scenarios fell while they were being set up, before they asked about it: have the sentence that sets up say whom it blames"
	case OtherScenario:
		return "a scenario fell that is of no named requirement: break less, name it behind with:, or have the step say whom it blames"
	}
	return ""
}

// MatrixCell is one requirement under one integration.
type MatrixCell struct {
	Requirement string        `json:"requirement"`
	Outcome     MatrixOutcome `json:"outcome"`
	// Cause is set for a surplus, From for what follows: the named requirements that were taken for granted.
	Cause MatrixCause `json:"cause,omitempty"`
	From  []string    `json:"from,omitempty"`
	// Scenarios are the IDs of those that show it, Evidence what the most telling of them recorded.
	Scenarios []string        `json:"scenarios"`
	Evidence  *MatrixEvidence `json:"evidence,omitempty"`
}

// MatrixEvidence is what a scenario recorded.
type MatrixEvidence struct {
	Scenario string `json:"scenario"`
	Name     string `json:"name"`
	// Step is the sentence that did not pass, empty where all did.
	Step     string `json:"step,omitempty"`
	Expected string `json:"expected"`
	Recorded string `json:"recorded"`
}

// MatrixSight is a requirement that one scenario showed to be broken, or could not tell about.
type MatrixSight struct {
	Requirement string
	Untestable  bool
	// Blamed says that the check was about this requirement; otherwise it fell as one of the scenario's Tags.
	Blamed bool
	// SettingUp says that the step that fell was a Given.
	SettingUp      bool
	Scenario, Name string
	// Tags are the requirements that the scenario is about, Premises the others that it had taken for granted when it fell.
	Tags, Premises           []string
	Step, Expected, Recorded string
}

// cause tells why a requirement fell in a scenario although it is not named.
func (row *MatrixRow) cause(s MatrixSight) MatrixCause {
	switch {
	case s.Blamed:
		return OwnCheck
	case s.SettingUp:
		return SetUp
	case slices.ContainsFunc(s.Tags, func(id string) bool { return slices.Contains(row.Names, id) }):
		return SharedScenario
	}
	return OtherScenario
}

// grounds are the requirements that are named and that a scenario had taken for granted when it fell.
func (row *MatrixRow) grounds(s MatrixSight) []string {
	return slices.DeleteFunc(slices.Clone(s.Premises), func(id string) bool { return !slices.Contains(row.Names, id) })
}

// Enter makes the cells from what the scenarios showed, given in the order of the features. Complete and Names must be set.
func (row *MatrixRow) Enter(sights []MatrixSight) {
	ids := slices.Clone(row.Names)
	for _, s := range sights {
		ids = append(ids, s.Requirement)
	}
	slices.Sort(ids)
	// What leaves the fewest excuses comes first: it says what has to be done.
	telling := []MatrixCause{OwnCheck, OtherScenario, SharedScenario, SetUp}
	row.Cells = nil
	for _, id := range slices.Compact(ids) {
		cell := MatrixCell{Requirement: id, Outcome: MatrixSurplus}
		named := slices.Contains(row.Names, id)
		broken := slices.ContainsFunc(sights, func(s MatrixSight) bool { return s.Requirement == id && !s.Untestable })
		var own, following []MatrixSight // the second had taken for granted what is named
		for _, s := range sights {
			if s.Requirement != id || s.Untestable == broken {
				continue
			}
			cell.Scenarios = append(cell.Scenarios, s.Scenario)
			if from := row.grounds(s); !named && len(from) > 0 {
				following, cell.From = append(following, s), append(cell.From, from...)
			} else {
				own = append(own, s)
			}
		}
		follows := len(own) == 0 && len(following) > 0
		if follows {
			own, cell.From = following, distinct(cell.From)
			slices.Sort(cell.From)
		} else {
			cell.From = nil
		}
		best := len(telling)
		for _, s := range own {
			if rank := slices.Index(telling, row.cause(s)); rank < best {
				best = rank
				cell.Evidence = &MatrixEvidence{Scenario: s.Scenario, Name: s.Name, Step: s.Step, Expected: s.Expected, Recorded: s.Recorded}
			}
		}
		switch {
		case follows:
			cell.Outcome = MatrixFollows
		case broken && named:
			cell.Outcome = MatrixKilled
		case broken:
			cell.Cause = telling[best]
		case cell.Evidence != nil:
			cell.Outcome = MatrixUntestable
		case row.Complete:
			cell.Outcome = MatrixMissed
		default:
			cell.Outcome = MatrixOpen
		}
		row.Cells = append(row.Cells, cell)
	}
}

// Of are the requirements with an outcome.
func (row *MatrixRow) Of(outcome MatrixOutcome) []string {
	var ids []string
	for _, cell := range row.Cells {
		if cell.Outcome == outcome {
			ids = append(ids, cell.Requirement)
		}
	}
	return ids
}

// MatrixTrouble is what keeps an integration from being as named: requirements that fell, or did not, in the same way.
type MatrixTrouble struct {
	Outcome      MatrixOutcome
	Cause        MatrixCause
	Requirements []string
	// Scenarios are those that show it, each once, Evidence what one of them recorded; none and nil for what was missed.
	Scenarios []string
	Evidence  *MatrixEvidence
}

// Troubles are those of a row, in the order of the requirements. What fell at the same sentence is one, and so is all that fell while it was being set up.
func (row *MatrixRow) Troubles() []MatrixTrouble {
	var all []MatrixTrouble
	for _, cell := range row.Cells {
		if cell.Outcome == MatrixKilled || cell.Outcome == MatrixFollows || cell.Outcome == MatrixOpen {
			continue
		}
		i := slices.IndexFunc(all, func(t MatrixTrouble) bool {
			if t.Outcome != cell.Outcome || t.Cause != cell.Cause {
				return false
			}
			return cell.Evidence == nil || cell.Cause == SetUp || cell.Evidence.Step != "" && cell.Evidence.Step == t.Evidence.Step
		})
		if i < 0 {
			i = len(all)
			all = append(all, MatrixTrouble{Outcome: cell.Outcome, Cause: cell.Cause, Evidence: cell.Evidence})
		}
		all[i].Requirements = append(all[i].Requirements, cell.Requirement)
		all[i].Scenarios = distinct(append(all[i].Scenarios, cell.Scenarios...))
	}
	return all
}

// Judge draws the conclusions from the cells.
func (m *Matrix) Judge() {
	m.SchemaVersion, m.Complete, m.OK = SchemaVersion, m.Problem == "", true
	rows := 0
	for i := range m.Dialects {
		d := &m.Dialects[i]
		for j := range d.Integrations {
			row := &d.Integrations[j]
			row.OK = row.Complete && len(row.Of(MatrixKilled))+len(row.Of(MatrixFollows)) == len(row.Cells)
			m.Complete = m.Complete && row.Complete
			m.OK = m.OK && row.OK
			rows++
		}
	}
	for i := range m.Dialects {
		d := &m.Dialects[i]
		d.KilledByNone = nil
		for j := range d.Requirements {
			q := &d.Requirements[j]
			q.KilledBy = nil
			for _, row := range d.Integrations {
				if slices.Contains(row.Of(MatrixKilled), q.ID) || slices.Contains(row.Of(MatrixSurplus), q.ID) {
					q.KilledBy = append(q.KilledBy, row.File)
				}
			}
			if m.Complete && q.Wanted && len(q.KilledBy) == 0 {
				d.KilledByNone = append(d.KilledByNone, q.ID)
			}
		}
		m.OK = m.OK && len(d.KilledByNone) == 0
	}
	m.OK = m.OK && m.Complete && rows > 0
	switch {
	case m.OK:
		m.ExitCode = ExitConformant
	case m.Complete:
		m.ExitCode = ExitNotConformant
	default:
		m.ExitCode = ExitEnvironment
	}
}
