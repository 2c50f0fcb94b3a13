package fault

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Kind names what goes wrong. The set is closed: Kinds lists it, and the table in the package documentation says what a client sees of each.
type Kind string

// The kinds that are played on requests, and on upgrades where the table says so.
const (
	Accept       Kind = "accept"        // nothing goes wrong: an exception to a rule below it
	Status       Kind = "status"        // answer Status, in the protocol's own shape of a refusal, with Title
	Body         Kind = "body"          // answer Status with Text, of ContentType
	Hold         Kind = "hold"          // park before the effect, until Plan.Release
	HoldReply    Kind = "hold-reply"    // let the effect happen and park the reply, until Plan.Release
	Delay        Kind = "delay"         // go on once For has passed on the desk's clock; of frames, all that come behind wait too
	Hang         Kind = "hang"          // never answer
	Reset        Kind = "reset"         // reset the TCP connection, before any effect
	ResetAfter   Kind = "reset-after"   // let the effect happen, then reset the TCP connection in place of a reply
	Truncate     Kind = "truncate"      // announce the whole body, send Bytes of it, then reset
	Malformed    Kind = "malformed"     // send a body of which only the first half makes sense
	ContentType  Kind = "content-type"  // send the reply as ContentType, which it is not
	NoCORS       Kind = "no-cors"       // leave out Access-Control-Allow-Origin, of preflights too
	TooMany      Kind = "too-many"      // answer 429 with Retry-After: For, as seconds or as a date
	Redirect     Kind = "redirect"      // answer Status (307 if it is 0) with Location
	SlowDownload Kind = "slow-download" // send the body at Rate bytes per second of desk time
	SlowUpload   Kind = "slow-upload"   // read the request's body at Rate bytes per second of desk time
)

// The kinds that are played on open sockets, besides Delay and Reset.
const (
	Close     Kind = "close"     // close with Code and Reason
	Silence   Kind = "silence"   // read and write nothing any more; the connection stays
	NoPong    Kind = "no-pong"   // leave a ping without its pong
	Drop      Kind = "drop"      // lose the frame
	Duplicate Kind = "duplicate" // let the frame arrive twice
	Reorder   Kind = "reorder"   // let the next frame go first
	Corrupt   Kind = "corrupt"   // break the frame, as How says
	Oversize  Kind = "oversize"  // blow the frame up to Bytes with spaces
	Binary    Kind = "binary"    // make a binary frame of it
)

// What Corrupt breaks.
const (
	HowText   = "text"   // the text is cut in the middle and ends in U+FFFD: a lawful frame whose content no longer parses. The default
	HowUTF8   = "utf-8"  // the text is cut in the middle and ends in a byte that is no UTF-8: receivers must fail the connection with 1007
	HowHeader = "header" // the reserved bits of the header are set: receivers must fail the connection with 1002
)

// How Retry-After of TooMany is written.
const (
	AsSeconds = "seconds" // whole seconds, rounded up. The default
	AsDate    = "date"    // the moment by the desk's clock, which the Date of the reply shows too
)

// Moment is when a fault can be played: what has just arrived at the desk, or is about to leave it.
type Moment string

// The moments, in the order in which a client meets them.
const (
	Preflight Moment = "preflight" // a browser asks whether it may send a request
	Upload    Moment = "upload"    // the head of a request has come, its body has not been read
	Request   Moment = "request"   // a whole request has come that is not for a socket
	Upgrade   Moment = "upgrade"   // a request has come that asks for a socket
	Open      Moment = "open"      // a socket has just been opened
	Ask       Moment = "ask"       // a frame has come on a socket that asks for an operation, as a request does
	Ping      Moment = "ping"      // a ping of the client has come on a socket
	Frame     Moment = "frame"     // a text or binary frame has come on a socket or is about to be written to one
)

// Fault is a failure that the desk plays on purpose: its kind, and the parameters that the kind has. Faults compare with ==. In JSON and YAML it is an object with the
// kind and its parameters, {"kind": "too-many", "for": "30s", "as": "date"}; what does not belong to the kind is an error that names the field.
type Fault struct {
	// Kind is what goes wrong.
	Kind Kind
	// Status is the HTTP status of Status (400 to 599), Body (200 to 599) and Redirect (301, 302, 303, 307, 308; 0 is 307).
	Status int
	// Title is the sentence that Status gives as the reason; empty is the text that belongs to the status.
	Title string
	// ContentType is the media type of Body (empty is none) and ContentType, such as text/html.
	ContentType string
	// Text is the body of Body.
	Text string
	// For is how long Delay lets wait and what TooMany asks the client to wait, in desk time.
	For time.Duration
	// As is how TooMany writes Retry-After: AsSeconds (or empty) or AsDate.
	As string
	// Bytes is how much of the body Truncate sends (at least 1), and the size of the frame of Oversize.
	Bytes int
	// Location is where Redirect points to, as it is written into the header.
	Location string
	// Rate is how fast SlowDownload and SlowUpload are, in bytes per second of desk time.
	Rate int
	// Code is the close code of Close, 1 to 65535. 1005 is played as a close frame without a code, 1006 and 1015, which no frame may carry, as an end of the connection without
	// a close frame.
	Code int
	// Reason is what Close gives as the reason: at most 123 bytes, none with 1005, 1006 and 1015.
	Reason string
	// How is what Corrupt breaks: HowText (or empty), HowUTF8 or HowHeader.
	How string
}

// Kinds are all kinds, in the order of the table in the package documentation.
func Kinds() []Kind {
	all := make([]Kind, len(kinds))
	for i, k := range kinds {
		all[i] = k.name
	}
	return all
}

// Moments are the moments at which a kind can be played; none of what is no kind.
func (k Kind) Moments() []Moment {
	spec, _ := specOf(k)
	return append([]Moment(nil), spec.moments...)
}

// Validate checks that the fault can be played. Its error is a *FieldError.
func (f Fault) Validate() error {
	spec, err := specOf(f.Kind)
	if err != nil {
		return err
	}
	rest := f
	for _, p := range spec.parameters {
		p.clear(&rest)
		if p.isZero(f) && p.optional {
			continue
		}
		if complaint := p.check(f); complaint != "" {
			return wrong(p.name, "%s", complaint)
		}
	}
	for _, p := range parameters {
		if !p.isZero(rest) {
			return wrong(p.name, "a fault of kind %q has no such field; it has %s", f.Kind, spec.fieldNames())
		}
	}
	return nil
}

// String says in a few words for a person what the desk does, such as "answer 503" or "reset the connection after the effect".
func (f Fault) String() string {
	spec, err := specOf(f.Kind)
	if err != nil {
		return fmt.Sprintf("unknown fault %q", string(f.Kind))
	}
	return spec.says(f)
}

// MarshalJSON writes the kind and the parameters that are set.
func (f Fault) MarshalJSON() ([]byte, error) {
	o := object{{"kind", f.Kind}}
	for _, p := range parameters {
		if !p.isZero(f) {
			o = append(o, member{p.name, p.value(&f)})
		}
	}
	return o.MarshalJSON()
}

// UnmarshalJSON reads a fault and validates it. Its error is a *FieldError that names the field, or one of encoding/json if the text is no JSON object.
func (f *Fault) UnmarshalJSON(data []byte) error {
	raw, err := membersOf(data)
	if err != nil {
		return err
	}
	var read Fault
	if err := raw.take("kind", &read.Kind); err != nil {
		return err
	}
	spec, err := specOf(read.Kind)
	if err != nil {
		return err
	}
	for _, p := range spec.parameters {
		if err := raw.take(p.name, p.value(&read)); err != nil {
			return err
		}
	}
	if name, left := raw.first(); left {
		return wrong(name, "a fault of kind %q has no such field; it has %s", read.Kind, spec.fieldNames())
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*f = read
	return nil
}

// MarshalYAML writes what MarshalJSON writes, as YAML.
func (f Fault) MarshalYAML() ([]byte, error) { return toYAML(f) }

// UnmarshalYAML reads what UnmarshalJSON reads, as YAML.
func (f *Fault) UnmarshalYAML(data []byte) error { return fromYAML(data, f) }

var (
	_ json.Marshaler   = Fault{}
	_ json.Unmarshaler = (*Fault)(nil)
)

func quoted[T ~string](words []T) string {
	var all []string
	for _, w := range words {
		all = append(all, fmt.Sprintf("%q", string(w)))
	}
	return strings.Join(all, ", ")
}
