package api

import (
	"errors"
	"fmt"
)

// What ends a wait or a stream that a tenant had.
var (
	ErrDropped = errors.New("the tenant was dropped")
	ErrReset   = errors.New("the tenant was reset")
	ErrStopped = errors.New("the server stops")
)

// RefusalKind says what sort of mistake a Refusal is about.
type RefusalKind string

// The kinds of a Refusal.
const (
	Unknown  RefusalKind = "unknown"  // what was named is not there
	Conflict RefusalKind = "conflict" // the state of things does not allow it
	Invalid  RefusalKind = "invalid"  // what was given is not as it must be
	TooMuch  RefusalKind = "too-much" // a bound was reached
	Closed   RefusalKind = "closed"   // the tenant or the server has ended
)

// Refusal is why something was not done.
type Refusal struct {
	// Kind says what sort of mistake it is.
	Kind RefusalKind
	// Detail says what is wrong and what to do.
	Detail string
	// Mistakes are several things that are wrong, with their places, where Detail alone would not do.
	Mistakes []Mistake
	// Err is the error below, nil if there is none.
	Err error
}

// Error returns the detail.
func (r *Refusal) Error() string { return r.Detail }

// Unwrap returns the error below.
func (r *Refusal) Unwrap() error { return r.Err }

// Refuse makes a Refusal.
func Refuse(kind RefusalKind, format string, args ...any) *Refusal {
	return &Refusal{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}
