package socketio

import (
	"net/http"
	"slices"
	"time"

	"deskcheck/mockdesk/socketio/codec"
)

// Clock is what the server tells time by: the current moment, and a function called later. Functions are called one at a time and do not block.
type Clock interface {
	// Now is the current moment of this clock.
	Now() time.Time
	// AfterFunc calls f once d has passed on this clock. The returned stop reports whether it kept f from being called.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// realClock is the time of the machine.
type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) func() bool { return time.AfterFunc(d, f).Stop }

// Transport is how the packets of a session cross.
type Transport string

// The transports of Engine.IO that this server speaks.
const (
	Polling   Transport = "polling"
	WebSocket Transport = "websocket"
)

// Options say how a server behaves, and who is told what happens. The zero value accepts every client in the main namespace and takes no notice of what it says.
//
// Connect, Event and Left are called on a goroutine of the session, one at a time and in the order in which things happened. They may call everything here but Server.Close.
// While one of them blocks, what else the client sends waits.
type Options struct {
	// Clock tells the time of heartbeats and time-outs; nil is the time of the machine.
	Clock Clock
	// PingInterval is how long after the last pong, or the opening, a ping is sent, and PingTimeout how long its pong may take; 0 is 25 s and 20 s. Clients are told, in
	// milliseconds.
	PingInterval, PingTimeout time.Duration
	// UpgradeTimeout is how long a probe may take to become an upgrade, and ConnectTimeout how long a session may be in no namespace at its beginning; 0 is 10 s and 45 s.
	UpgradeTimeout, ConnectTimeout time.Duration
	// MaxPayload is how many bytes the body of a POST and a frame may have; 0 is 1,000,000. Clients are told.
	MaxPayload int
	// Transports are those that are spoken; none means both.
	Transports []Transport
	// Namespaces are those that can be joined; none means the main one alone.
	Namespaces []string
	// AllowOrigin says whether pages of an origin, such as https://page.example, may read what polls answer, with credentials; nil lets all. Browsers do not ask before a WebSocket.
	AllowOrigin func(origin string) bool
	// Admit is asked about each request that would open a session; an error refuses it with 403, and its text is told. Nil lets all in. It may be called from many goroutines.
	Admit func(*http.Request) error
	// Connect is asked whether a client may join a namespace; it, or whoever it hands the question to, accepts or refuses. Nil accepts.
	Connect func(*Joining)
	// Event is given what clients emit; nil takes no notice, and acknowledges nothing.
	Event func(*Event)
	// Left is told that a socket that had joined is in its namespace no more; nil takes no notice.
	Left func(*Socket, Reason)
	// Watch is told of everything that crosses, in the order of each direction of a session: what comes before anything is done about it, what goes just before it is written.
	// It is called from many goroutines, must not block, and must not call back. Nil takes no notice.
	Watch func(Crossing)
}

// filled is the options with what they leave out.
func (o Options) filled() Options {
	if o.Clock == nil {
		o.Clock = realClock{}
	}
	for _, d := range []struct {
		value   *time.Duration
		without time.Duration
	}{{&o.PingInterval, 25 * time.Second}, {&o.PingTimeout, 20 * time.Second}, {&o.UpgradeTimeout, 10 * time.Second}, {&o.ConnectTimeout, 45 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.without
		}
	}
	if o.MaxPayload <= 0 {
		o.MaxPayload = 1_000_000
	}
	if len(o.Transports) == 0 {
		o.Transports = []Transport{Polling, WebSocket}
	}
	if len(o.Namespaces) == 0 {
		o.Namespaces = []string{codec.Main}
	}
	o.Transports, o.Namespaces = slices.Clone(o.Transports), slices.Clone(o.Namespaces)
	return o
}
