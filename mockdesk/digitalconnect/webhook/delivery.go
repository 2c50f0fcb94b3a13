package webhook

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Why an event was not delivered, or not answered. Errors of a Delivery wrap one of these, or what the transport said.
var (
	// ErrClosed says that the sender was closed.
	ErrClosed = errors.New("the webhook sender is closed")
	// ErrCeiling says that the account had no execution left in this second: the event failed with 429 inside Talkdesk (DC-ACTION-21).
	ErrCeiling = errors.New("the account's ceiling of executions is reached: 429 inside Talkdesk")
	// ErrTimeout says that the execution timeout ended (DC-ACTION-09).
	ErrTimeout = errors.New("the execution timeout ended")
	// ErrNotMade says that there was no execution, for the reason that NotMade was given.
	ErrNotMade = errors.New("the event was not sent")
)

// Delivery is an event on its way to the connector. It is safe for use by many goroutines.
type Delivery struct {
	settled  chan struct{}
	exchange Exchange
}

// NotMade is the delivery of an event that there will not be, such as one of an action that is a draft; reason says why.
func NotMade(e Event, reason string) *Delivery {
	d := &Delivery{settled: make(chan struct{})}
	d.settle(Exchange{Event: e, Undelivered: reason, Err: fmt.Errorf("%w: %s", ErrNotMade, reason)})
	return d
}

// settle says what has become of the event.
func (d *Delivery) settle(x Exchange) {
	x.Delivery = d
	d.exchange = x
	close(d.settled)
}

// Wait returns the status of the answer once it has come whole. Its error is why there is none, or that of ctx; the status may be known all the same.
func (d *Delivery) Wait(ctx context.Context) (status int, err error) {
	select {
	case <-d.settled:
		return d.exchange.Status, d.exchange.Err
	default:
	}
	select {
	case <-d.settled:
		return d.exchange.Status, d.exchange.Err
	case <-ctx.Done():
		return 0, fmt.Errorf("waiting for the answer to a webhook: %w", ctx.Err())
	}
}

// Settled is closed once it is known what became of the event.
func (d *Delivery) Settled() <-chan struct{} { return d.settled }

// Exchange is what became of the event, and whether that is known yet.
func (d *Delivery) Exchange() (Exchange, bool) {
	select {
	case <-d.settled:
		return d.exchange, true
	default:
		return Exchange{}, false
	}
}

// Status is that of the answer, 0 while there is none.
func (d *Delivery) Status() int {
	x, _ := d.Exchange()
	return x.Status
}

// Err says why there is no whole answer, nil while it may come.
func (d *Delivery) Err() error {
	x, _ := d.Exchange()
	return x.Err
}

// Latency is the time that the connector took, 0 while it takes it.
func (d *Delivery) Latency() time.Duration {
	x, _ := d.Exchange()
	return x.Latency
}

// Undelivered says why Talkdesk did not send the event, empty if it did or still may.
func (d *Delivery) Undelivered() string {
	x, _ := d.Exchange()
	return x.Undelivered
}
