package tenant

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"deskcheck/mockdesk/control/api"
	"deskcheck/mockdesk/fault"
	"deskcheck/mockdesk/journal"
)

// Chaos is the chance by which faults are played.
func (t *Tenant) Chaos() api.Chaos {
	c, played := t.desk.Faults().Chaos()
	if c == nil {
		return api.Chaos{Says: "nothing is left to chance"}
	}
	o := c.Options()
	return api.Chaos{On: true, Options: &o, Played: played, Says: c.String()}
}

// StartChaos has faults played by chance from now on, in place of what chance played before, and tells the seed that brings the same ones back. The error is an *api.Refusal.
func (t *Tenant) StartChaos(o fault.ChaosOptions) (api.Chaos, error) {
	c, err := fault.NewChaos(o, io.Discard)
	if wrong, ok := errors.AsType[*fault.FieldError](err); ok {
		return api.Chaos{}, api.Refuse(api.Invalid, "%s", wrong)
	}
	if err != nil {
		return api.Chaos{}, err
	}
	for i, w := range o.Faults {
		if wrong, ok := errors.AsType[*fault.FieldError](t.desk.CheckRule(fault.Rule{Fault: w.Fault, Scope: o.Scope})); ok {
			if strings.HasPrefix(wrong.Field, "fault.") {
				wrong.Field = fmt.Sprintf("faults[%d].%s", i, wrong.Field)
			}
			return api.Chaos{}, api.Refuse(api.Invalid, "%s", wrong)
		}
	}
	t.desk.Faults().SetChaos(c)
	t.journal.Append(journal.Entry{
		Kind: journal.Act, From: journal.Kit, To: journal.Desk, Name: "chaos.started", Note: "From now on: " + c.String() + ".", Data: journal.Payload(map[string]uint64{"seed": c.Seed()}),
	})
	t.registry.options.Log.Info("faults are played by chance", "tenant", t.Name(), "seed", c.Seed(), "chaos", c.String())
	return t.Chaos(), nil
}

// StopChaos leaves nothing to chance any more. The error is an *api.Refusal.
func (t *Tenant) StopChaos() error {
	if c, _ := t.desk.Faults().Chaos(); c == nil {
		return api.Refuse(api.Unknown, "nothing is left to chance")
	}
	t.desk.Faults().SetChaos(nil)
	t.journal.Append(journal.Entry{Kind: journal.Act, From: journal.Kit, To: journal.Desk, Name: "chaos.stopped", Note: "Nothing is left to chance any more."})
	return nil
}
