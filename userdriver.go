package deskcheck

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"deskcheck/steps/enduser"
)

// UserDriverDocument returns the contract of user drivers, through which the end users of a connector are played, as an OpenAPI document in YAML.
func UserDriverDocument() []byte { return enduser.Document() }

// UserDriverGuide returns what one needs to know to implement it, in Markdown.
func UserDriverGuide() []byte { return enduser.Guide() }

// UserDriverFinding is what came of trying one thing of a user driver: it works, is "broken" or was "not tried", with the reason.
type UserDriverFinding struct{ What, Outcome, Detail string }

// CheckUserDriver tries what a user driver at an http address owes, with users of its own, and tells of each thing as it comes. The error says that nothing could be tried: a *UserError for
// an address that is none, an *EnvironmentError for a driver that lets nobody in.
func CheckUserDriver(ctx context.Context, address string, tell func(UserDriverFinding)) error {
	if err := absolute(address); err != nil {
		return &UserError{Err: err}
	}
	err := enduser.Check(ctx, address, func(f enduser.Finding) {
		tell(UserDriverFinding{What: f.What, Outcome: string(f.Outcome), Detail: f.Detail})
	})
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return &EnvironmentError{Err: err}
	case errors.Is(err, syscall.ECONNREFUSED):
		return &EnvironmentError{Err: fmt.Errorf("nothing listens at %s: %w", address, err), Fix: "start the connector first, or mend the address"}
	}
	return &EnvironmentError{Err: err, Fix: `"deskcheck driver guide --contract digital-connect" says what a user driver answers`}
}
