package fault

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"deskcheck/fixtures/document"
)

const (
	// closeTLSHandshake is the code for a connection that failed before it was one; no frame may carry it.
	closeTLSHandshake = 1015
	// maxReason is what a close frame has room for beside its code, in bytes.
	maxReason = 123
	// maxBytes bounds what a fault can make the desk send, in bytes.
	maxBytes = 64 << 20
	// maxRate is the fastest that is called slow, in bytes per second.
	maxRate = 1 << 30
)

// spec is what there is to know about a kind.
type spec struct {
	name       Kind
	moments    []Moment
	parameters []parameter
	says       func(Fault) string
}

// parameter is a field that the faults of a kind have.
type parameter struct {
	name     string
	value    func(*Fault) any
	isZero   func(Fault) bool
	optional bool
	// check says in a sentence what is wrong with the field, empty if nothing is.
	check func(Fault) string
}

// clear sets the field to its zero value.
func (p parameter) clear(f *Fault) {
	switch v := p.value(f).(type) {
	case *int:
		*v = 0
	case *string:
		*v = ""
	case *duration:
		*v = 0
	}
}

func (p parameter) or() parameter {
	p.optional = true
	return p
}

func number(name string, at func(*Fault) *int, check func(int) string) parameter {
	return parameter{
		name: name, value: func(f *Fault) any { return at(f) },
		isZero: func(f Fault) bool { return *at(&f) == 0 }, check: func(f Fault) string { return check(*at(&f)) },
	}
}

func text(name string, at func(*Fault) *string, check func(string) string) parameter {
	return parameter{
		name: name, value: func(f *Fault) any { return at(f) },
		isZero: func(f Fault) bool { return *at(&f) == "" }, check: func(f Fault) string { return check(*at(&f)) },
	}
}

func within(least, most int, unit string) func(int) string {
	return func(n int) string {
		if n < least || n > most {
			return fmt.Sprintf("must be a %s from %d to %d, not %d", unit, least, most, n)
		}
		return ""
	}
}

func oneOf[T comparable](allowed ...T) func(T) string {
	return func(v T) string {
		if slices.Contains(allowed, v) {
			return ""
		}
		return fmt.Sprintf("must be one of %v, not %v", allowed, v)
	}
}

func anything(string) string { return "" }

func mediaType(v string) string {
	if _, _, err := mime.ParseMediaType(v); err != nil {
		return fmt.Sprintf("must be a media type such as text/html, not %q", v)
	}
	return ""
}

func reference(v string) string {
	if _, err := url.Parse(v); v == "" || err != nil || strings.ContainsAny(v, "\r\n") {
		return fmt.Sprintf("must be an address or a path to redirect to, not %q", v)
	}
	return ""
}

var (
	ofStatus      = func(f *Fault) *int { return &f.Status }
	refusalStatus = number("status", ofStatus, within(400, 599, "status"))
	title         = text("title", func(f *Fault) *string { return &f.Title }, anything)
	contentType   = text("contentType", func(f *Fault) *string { return &f.ContentType }, mediaType)
	bodyText      = text("text", func(f *Fault) *string { return &f.Text }, anything)
	lasting       = parameter{
		name: "for", value: func(f *Fault) any { return (*duration)(&f.For) },
		isZero: func(f Fault) bool { return f.For == 0 },
		check: func(f Fault) string {
			if f.For <= 0 {
				return fmt.Sprintf("must be a time above zero such as 5s or 250ms, not %s", f.For)
			}
			return ""
		},
	}
	written   = text("as", func(f *Fault) *string { return &f.As }, oneOf(AsSeconds, AsDate))
	ofBytes   = func(f *Fault) *int { return &f.Bytes }
	sentBytes = number("bytes", ofBytes, within(1, maxBytes, "number"))
	location  = text("location", func(f *Fault) *string { return &f.Location }, reference)
	rate      = number("rate", func(f *Fault) *int { return &f.Rate }, within(1, maxRate, "number of bytes per second"))
	code      = number("code", func(f *Fault) *int { return &f.Code }, within(1, 65535, "close code"))
	reason    = parameter{
		name: "reason", value: func(f *Fault) any { return &f.Reason },
		isZero: func(f Fault) bool { return f.Reason == "" },
		check: func(f Fault) string {
			switch {
			case len(f.Reason) > maxReason:
				return fmt.Sprintf("must have %d bytes at most, not %d", maxReason, len(f.Reason))
			case !utf8.ValidString(f.Reason):
				return "must be text in UTF-8"
			case f.Reason != "" && !carriesCode(f.Code):
				return fmt.Sprintf("cannot be sent with %d, which is played without a code", f.Code)
			}
			return ""
		},
	}
	how = text("how", func(f *Fault) *string { return &f.How }, oneOf(HowText, HowUTF8, HowHeader))
)

// parameters are the fields that any fault may have beside its kind, in the order in which they are written.
var parameters = []parameter{refusalStatus, title, contentType, bodyText, lasting, written, sentBytes, location, rate, code, reason, how}

var (
	requests  = []Moment{Request, Upgrade}
	asking    = []Moment{Request, Upgrade, Ask}
	streaming = []Moment{Open, Frame}
)

// kinds is the closed set.
var kinds = []spec{
	{Accept, []Moment{Preflight, Upload, Request, Upgrade, Open, Ask, Ping, Frame}, nil, plainly("let it pass")},
	{Status, asking, []parameter{refusalStatus, title.or()}, func(f Fault) string {
		if f.Title == "" {
			return fmt.Sprintf("answer %d", f.Status)
		}
		return fmt.Sprintf("answer %d %q", f.Status, f.Title)
	}},
	{Body, asking, []parameter{number("status", ofStatus, within(200, 599, "status")), contentType.or(), bodyText.or()}, func(f Fault) string {
		if f.ContentType == "" {
			return fmt.Sprintf("answer %d with %d bytes of no type", f.Status, len(f.Text))
		}
		return fmt.Sprintf("answer %d with %d bytes of %s", f.Status, len(f.Text), f.ContentType)
	}},
	{Hold, asking, nil, plainly("hold before the effect")},
	{HoldReply, asking, nil, plainly("hold the reply after the effect")},
	{Delay, []Moment{Request, Upgrade, Ask, Frame}, []parameter{lasting}, func(f Fault) string { return fmt.Sprintf("delay by %s", f.For) }},
	{Hang, asking, nil, plainly("never answer")},
	{Reset, []Moment{Request, Upgrade, Open, Ask, Frame}, nil, plainly("reset the connection")},
	{ResetAfter, asking, nil, plainly("reset the connection after the effect")},
	{Truncate, []Moment{Request}, []parameter{sentBytes}, func(f Fault) string { return fmt.Sprintf("reset the connection after %d bytes of the body", f.Bytes) }},
	{Malformed, []Moment{Request}, nil, plainly("break the body")},
	{ContentType, []Moment{Request}, []parameter{contentType}, func(f Fault) string { return "call the body " + f.ContentType }},
	{NoCORS, []Moment{Preflight, Request}, nil, plainly("keep the answer from pages of other origins")},
	{TooMany, requests, []parameter{lasting, written.or()}, func(f Fault) string {
		if f.As == AsDate {
			return fmt.Sprintf("answer 429 with the date in %s to retry after", f.For)
		}
		return fmt.Sprintf("answer 429 with %d seconds to retry after", wholeSeconds(f.For))
	}},
	{Redirect, requests, []parameter{number("status", ofStatus, oneOf(301, 302, 303, 307, 308)).or(), location}, func(f Fault) string {
		return fmt.Sprintf("redirect with %d to %s", redirectStatus(f), f.Location)
	}},
	{SlowDownload, []Moment{Request}, []parameter{rate}, func(f Fault) string { return fmt.Sprintf("send the body at %d bytes per second", f.Rate) }},
	{SlowUpload, []Moment{Upload}, []parameter{rate}, func(f Fault) string { return fmt.Sprintf("read the body at %d bytes per second", f.Rate) }},
	{Close, streaming, []parameter{code, reason.or()}, func(f Fault) string {
		if f.Reason == "" {
			return fmt.Sprintf("close the socket with %d", f.Code)
		}
		return fmt.Sprintf("close the socket with %d %q", f.Code, f.Reason)
	}},
	{Silence, streaming, nil, plainly("fall silent on the open socket")},
	{NoPong, []Moment{Ping}, nil, plainly("leave the ping without a pong")},
	{Drop, []Moment{Frame}, nil, plainly("lose the frame")},
	{Duplicate, []Moment{Frame}, nil, plainly("double the frame")},
	{Reorder, []Moment{Frame}, nil, plainly("let the next frame go first")},
	{Corrupt, []Moment{Frame}, []parameter{how.or()}, func(f Fault) string {
		switch f.How {
		case HowUTF8:
			return "break the UTF-8 of the frame"
		case HowHeader:
			return "break the header of the frame"
		default:
			return "break the text of the frame"
		}
	}},
	{Oversize, []Moment{Frame}, []parameter{number("bytes", ofBytes, within(1, maxBytes, "number"))}, func(f Fault) string {
		return fmt.Sprintf("blow the frame up to %d bytes", f.Bytes)
	}},
	{Binary, []Moment{Frame}, nil, plainly("make the frame binary")},
}

func plainly(words string) func(Fault) string { return func(Fault) string { return words } }

func specOf(k Kind) (spec, error) {
	for _, s := range kinds {
		if s.name == k {
			return s, nil
		}
	}
	if k == "" {
		return spec{}, wrong("kind", "is missing; the kinds are %s", quoted(Kinds()))
	}
	var names []string
	for _, known := range Kinds() {
		names = append(names, string(known))
	}
	if near, ok := document.Near(string(k), names); ok {
		return spec{}, wrong("kind", "there is no kind %q; did you mean %s?", string(k), near)
	}
	return spec{}, wrong("kind", "there is no kind %q; the kinds are %s", string(k), quoted(Kinds()))
}

// fieldNames lists the fields of a kind for a person.
func (s spec) fieldNames() string {
	names := []string{`"kind"`}
	for _, p := range s.parameters {
		names = append(names, fmt.Sprintf("%q", p.name))
	}
	return strings.Join(names, ", ")
}

// holds is whether a kind parks what arrives until it is released.
func (k Kind) holds() bool { return k == Hold || k == HoldReply }

func carriesCode(code int) bool {
	return code != websocket.CloseNoStatusReceived && endsWithFrame(code)
}

// endsWithFrame is whether a close with the code is one close frame, not an end of the connection without one.
func endsWithFrame(code int) bool {
	return code != websocket.CloseAbnormalClosure && code != closeTLSHandshake
}

func redirectStatus(f Fault) int {
	if f.Status == 0 {
		return http.StatusTemporaryRedirect
	}
	return f.Status
}

func wholeSeconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
