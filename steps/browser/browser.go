// Package browser is the user's hands and eyes: a pool of tabs in one real Chromium, in which a host page runs an integration. It opens pages, clicks, types, lets
// time pass, and hands over everything that the recorder in the page saw. It is the only package that knows the DevTools protocol.
//
// A tab must survive whatever an integration does to it. So every command to the browser is bounded, a tab that misbehaves is thrown away with all it had, and what
// happened to it is told by [LostError].
package browser

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrNoBrowser says that no usable browser is on this machine. The error that wraps it names what was looked for and what to install.
var ErrNoBrowser = errors.New("no browser found")

// ErrBrowserDied says that the browser process ended on its own twice during one run; after the first death a new one is started.
var ErrBrowserDied = errors.New("the browser died twice")

// ErrClosed says that the pool was closed.
var ErrClosed = errors.New("the browser was closed")

// ErrReleased says that a tab was used after it was given back.
var ErrReleased = errors.New("the tab was released")

// ErrMovedOn says that a page that may roam (see Tab.OpenRoaming) went on to another document before the one that was asked could answer.
var ErrMovedOn = errors.New("the page went on to another document meanwhile")

// Installation is a browser on this machine.
type Installation struct {
	// Path is the program that starts it.
	Path string
	// Version is what the browser calls itself, such as "Chromium 156.0.8078.79"; empty when it would not say.
	Version string
	// Kind is "headless-shell" (the small build without windows, several times faster), "chromium", "chrome" or "edge".
	Kind string
}

// Options say which browser runs and how.
type Options struct {
	// Path names the browser; empty looks for one as Find does.
	Path string
	// Headed shows the windows. It needs a full browser and a display.
	Headed bool
	// Tabs is the number of tabs that can be leased at once; 0 means 4, and more rarely pays: the processor is the limit.
	Tabs int
	// SlowMo is a pause before every act of the user, so that a person can follow a headed run.
	SlowMo time.Duration
	// Network says through what the tabs reach anything but the loopback; its zero value is the network of the machine.
	Network Network
	// Logf receives what the browser's driver complains about; nil drops it.
	Logf func(format string, args ...any)
}

// Message is one thing that the recorder in the page saw, in the order of the page. Data by Kind:
//
//   - call: {"args":[…],"instance":n}; for the name "factory" also "callbacks":[names]. instance numbers the factory calls of a page from 1.
//   - settled, returned: {"outcome":"fulfilled"|"rejected"|"threw","value" or "error":…,"sync":true,"ms":…,"instance":n}; value is left out when it is undefined, sync when
//     a promise was waited for; ms is by the page's own clock. A fulfilled factory has "type" and "methods":{name: type} instead of the value.
//   - callback: {"args":[…],"instance":n}
//   - probe: nothing; Name is the name of a callback that was looked for and is not there, which is allowed.
//   - violation: {"args":[…],"instance":n} for CB-01; for CB-04, a call of what a probe (Ref) did not find, {"at":place in the script} or {"message":of its error}; nothing
//     for the name "flood", after which nothing is recorded any more, "deskcheck", a use of the kit's own object on the page, "tampered", a change of what the page's
//     programs share, and "unreadable", a message that could not be read.
//   - screen: what the host page's ui.look answered, whenever that changed.
//   - console: {"text":…}, Name is the level, or (no Data) "dropped" where it says more than is recorded, which is no fault, and "flooded" where it says more than a page
//     can bear.
//   - error: {"message","name","source","line","column","stack"}, Name is "uncaught" or "unhandledrejection", From whose script the stack names first: "integration", "host",
//     or "page" if it names none. Name "resource" is no error of a script but something that an element could not load: {"message","element":its tag,"source"}, From is
//     "integration" if it is a script of the integration, otherwise "page". Nothing for "flooded".
//   - dialog: {"text":…}, Name is "alert", "confirm", "prompt", "print" or "beforeunload".
//   - popup: {"url","target","features"}, Name is "open".
//   - notification: {"options"}, Name is the title; only while pushes are stood in for.
//   - navigation: {"url","type","form":bool,"kept":bool}, Name is "within" (the document stays), "onward" (to another document of its origin, of a page that may roam), "away" (it would go; the tab is lost), "download", "other" (an address such
//     as mailto:) or "close" (no Data).
//   - any other kind is the host page's own, by deskcheck.record, with whatever it gave.
//
// Values that JSON cannot say are objects with a "$type": undefined, number, bigint, symbol, function, date, error, file, blob, element, map, set, promise, regexp, cycle,
// cut (left out for its size), threw (a getter), unreadable, or the class of an object without properties. Properties that are undefined are left out.
type Message struct {
	// ID numbers the messages of one Tab.Open from 1, and Ref is the ID of the message that this one answers (settled→call, returned→callback), 0 if none. IDs go on
	// rising over a Reload. What the browser saw and not the page script (a dialog of a frame, a window opened by a link) has ID 0.
	ID, Ref int
	// Kind, Name, From and To are those of the journal's entry.
	Kind, Name, From, To string
	// Note is one sentence for a person, Requirement the ID that a violation breaks.
	Note, Requirement string
	// Attempt is the chat attempt that the host had announced, 0 while no chat runs; Widget tells two chats on one page apart.
	Attempt, Widget int
	// At is when it happened by the real clock of the page, whatever the page's own clock shows.
	At time.Time
	// Data is the payload as JSON, at most 64 KiB; nil if there is none.
	Data json.RawMessage
}

// LostKind says how a tab was lost.
type LostKind string

// The ways in which a tab can be lost.
const (
	// Crashed: the process of the page died.
	Crashed LostKind = "crashed"
	// Navigated: the page left, or tried to leave, for another document; Detail is the address.
	Navigated LostKind = "navigated"
	// Closed: the tab was closed under us.
	Closed LostKind = "closed"
	// BrowserGone: the browser process ended.
	BrowserGone LostKind = "browser"
	// Unresponsive: the page did not answer, as with an endless loop.
	Unresponsive LostKind = "unresponsive"
)

// LostError says that a tab can no longer be used for its scenario, and why.
type LostError struct {
	Kind LostKind
	// Detail is the address for Navigated, otherwise a few words for a person; it may be empty.
	Detail string
}

// Error tells the kind in words and the detail.
func (e *LostError) Error() string {
	words := map[LostKind]string{
		Crashed:      "the page crashed",
		Navigated:    "the page went to another document",
		Closed:       "the tab was closed",
		BrowserGone:  "the browser process ended",
		Unresponsive: "the page does not answer",
	}[e.Kind]
	if e.Detail == "" {
		return words
	}
	return fmt.Sprintf("%s: %s", words, e.Detail)
}

// ScriptError is what JavaScript threw, or a promise was rejected with, while Go was evaluating something in the page.
type ScriptError struct {
	// Text is the message with the first lines of the stack.
	Text string
}

// Error is the text, marked as the page's own.
func (e *ScriptError) Error() string { return "the page threw " + e.Text }

const (
	// callBound ends every single command to the browser that has no nearer deadline: a command that takes this long is never answered.
	callBound = 30 * time.Second
	// healthBound is how long a released tab has to show that it still answers. With discardBound it keeps Release under two seconds.
	healthBound = time.Second
	// removeBound is how long a page that has just been opened may take to let go of a script that was for its opening.
	removeBound = 5 * time.Second
	// endBound is how long a full browser may take to end in order before it is killed.
	endBound = 3 * time.Second
	// discardBound is how long a hung page may resist being stopped before its tab is closed over its head.
	discardBound = 300 * time.Millisecond
)
