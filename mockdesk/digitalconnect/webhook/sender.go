package webhook

import (
	"cmp"
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Sender sends the events of one account. Make one with New, and Close it. It is safe for use by many goroutines.
type Sender struct {
	transport      http.RoundTripper
	now            func() time.Time
	limiter        *rate.Limiter
	tokens         *tokens
	sending, heard func(Exchange)
	// ctx ends at Close, with ErrClosed.
	ctx  context.Context
	stop context.CancelCauseFunc
	work sync.WaitGroup

	mu     sync.Mutex
	closed bool
	number int
	// waiting are the events of conversations of which one is on its way, without that one.
	waiting map[string][]*queued
}

// queued is an event that waits for its turn.
type queued struct {
	delivery *Delivery
	exchange Exchange
}

// New makes a sender.
func New(o Options) *Sender {
	s := &Sender{transport: o.Transport, now: time.Now, sending: o.Sending, heard: o.Heard, waiting: map[string][]*queued{}}
	if s.transport == nil {
		// What a connector sends is to be seen as it was sent, and no proxy of the environment is to see it. Each event has a connection of its own: on one that has served before, a connector
		// may be hanging up just then, and the transport would repeat by itself what is lost so.
		s.transport = &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxAnswer, ForceAttemptHTTP2: true}
	}
	if o.Clock != nil {
		s.now = o.Clock.Now
	}
	ceiling := cmp.Or(o.Ceiling, Ceiling)
	s.limiter = rate.NewLimiter(rate.Limit(ceiling), ceiling)
	s.tokens = &tokens{transport: s.transport, now: s.now, held: map[string]*token{}}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	return s
}

// Send has an event sent once those of its conversation that were given before it have their answers. It does not wait. An event that cannot be sent is one whose Delivery says so.
func (s *Sender) Send(e Event) *Delivery {
	e.Method = cmp.Or(e.Method, http.MethodPost)
	s.mu.Lock()
	s.number++
	q := &queued{delivery: &Delivery{settled: make(chan struct{})}, exchange: Exchange{Number: s.number, Event: e}}
	q.exchange.Delivery = q.delivery
	if s.closed {
		s.mu.Unlock()
		s.settle(q, undelivered(q.exchange, ErrClosed))
		return q.delivery
	}
	if line, busy := s.waiting[e.Conversation]; busy {
		s.waiting[e.Conversation] = append(line, q)
		s.mu.Unlock()
		return q.delivery
	}
	s.waiting[e.Conversation] = nil
	s.work.Add(1)
	s.mu.Unlock()
	go s.drain(q)
	return q.delivery
}

// Close gives up what is on its way, sends nothing more, and waits until nothing of the sender is left running.
func (s *Sender) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.stop(ErrClosed)
	s.work.Wait()
}

// drain sends an event and what is behind it, until nothing of the conversation is waiting.
func (s *Sender) drain(q *queued) {
	defer s.work.Done()
	for conversation := q.exchange.Event.Conversation; q != nil; q = s.next(conversation) {
		s.settle(q, s.execute(q.exchange))
	}
}

// next takes the event of a conversation whose turn it is, nil if there is none.
func (s *Sender) next(conversation string) *queued {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.waiting[conversation]
	if len(line) == 0 {
		delete(s.waiting, conversation)
		return nil
	}
	s.waiting[conversation] = line[1:]
	return line[0]
}

// settle tells before it settles, so that whoever waited for the delivery finds it written down.
func (s *Sender) settle(q *queued, x Exchange) {
	if s.heard != nil {
		s.heard(x)
	}
	q.delivery.settle(x)
}

// undelivered is the exchange of an event that does not leave.
func undelivered(x Exchange, why error) Exchange {
	x.Undelivered, x.Err = why.Error(), why
	return x
}
