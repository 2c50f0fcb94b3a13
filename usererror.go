package deskcheck

import (
	"errors"

	"deskcheck/fixtures/document"
	"deskcheck/reports"
)

// UserError is a mistake in what the user gave: a flag, a configuration, a selection, an integration file. Its exit code is 2.
type UserError struct {
	// Err says what is wrong and names the thing. It may span lines, one per mistake.
	Err error
	// Fix is the next step, without a full stop; empty if Err already implies it.
	Fix string
}

// Error returns what is wrong and, if there is one, the next step after it.
func (e *UserError) Error() string { return withFix(e.Err, e.Fix) }

// Unwrap returns the error below, for errors.Is and errors.As.
func (e *UserError) Unwrap() error { return e.Err }

// EnvironmentError is a failure of the machine that the run needs: no browser, a browser that died twice, a port, a full disk. It says
// nothing about the integration. Its exit code is 3.
type EnvironmentError struct {
	// Err says what failed and names the thing.
	Err error
	// Fix is the next step, without a full stop; empty if there is none to give.
	Fix string
}

// Error returns what failed and, if there is one, the next step after it.
func (e *EnvironmentError) Error() string { return withFix(e.Err, e.Fix) }

// Unwrap returns the error below, for errors.Is and errors.As.
func (e *EnvironmentError) Unwrap() error { return e.Err }

func withFix(err error, fix string) string {
	if fix == "" {
		return err.Error()
	}
	return err.Error() + "; " + fix
}

// ExitCode returns the exit code that belongs to an error: 0 for nil, 2 for a UserError, 3 for an EnvironmentError and for anything else,
// because an error that nobody foresaw leaves us unable to tell.
func ExitCode(err error) int {
	var user *UserError
	switch {
	case err == nil:
		return reports.ExitConformant
	case errors.As(err, &user):
		return reports.ExitUserError
	default:
		return reports.ExitEnvironment
	}
}

// Closest returns the candidates that come nearest to word by edit distance, nearest first and at most limit of them. Case does not count.
// It always finds some, however far: use Near where a poor suggestion is worse than none.
func Closest(word string, candidates []string, limit int) []string {
	return document.Closest(word, candidates, limit)
}

// Near returns the candidate that word was probably meant to be, and false if none is near enough to be a slip of the fingers.
func Near(word string, candidates []string) (string, bool) { return document.Near(word, candidates) }
