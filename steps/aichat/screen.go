package aichat

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"deskcheck/mockdesk/journal"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// Screen is what the user sees of one chat, as the host page's driver describes it.
type Screen struct {
	Open bool `json:"open"`
	// Launcher says, of a chat that is not ours, that the button which opens it is there.
	Launcher bool      `json:"launcher"`
	Banner   *Banner   `json:"banner"`
	Typing   bool      `json:"typing"`
	Messages []Message `json:"messages"`
	Card     *Card     `json:"card"`
	Input    Input     `json:"input"`
	Files    Files     `json:"files"`
	Dialog   *Dialog   `json:"dialog"`
	Loading  bool      `json:"loading"`
	// Failure is the text shown when the integration could not be loaded or initialised.
	Failure string `json:"failure"`
}

// Banner is the strip above the conversation.
type Banner struct {
	Line1  string `json:"line1"`
	Line2  string `json:"line2"`
	Button string `json:"button"`
	Busy   bool   `json:"busy"`
	// Sharing says that the button to stop sharing the screen is there.
	Sharing bool `json:"sharing"`
}

// Message is one line of the conversation.
type Message struct {
	From   string `json:"from"`
	Author string `json:"author"`
	Text   string `json:"text"`
	Kind   string `json:"kind"`
	Status string `json:"status"`
	// Face says that the line has the picture of whoever speaks, or initials in its place.
	Face bool `json:"face"`
	// Items are the parts of the line in order, where it is more than plain words.
	Items []Item `json:"items"`
}

// Item is one part of a line as it is drawn.
type Item struct {
	// Type is the response type.
	Type string `json:"type"`
	Text string `json:"text"`
	// Src and Alt are address and description of a picture or a video; Loaded is "yes" for a picture that the browser has loaded, "no" for one that it could not.
	Src    string `json:"src"`
	Alt    string `json:"alt"`
	Loaded string `json:"loaded"`
	// Href is the address of the first link in it.
	Href string `json:"href"`
	// Bold are the words in bold.
	Bold []string `json:"bold"`
}

// Card is the newest offer to connect to an agent.
type Card struct {
	Text    string `json:"text"`
	Button  string `json:"button"`
	Enabled bool   `json:"enabled"`
	Label   string `json:"label"`
}

// Input is the field that the user types into.
type Input struct {
	Enabled     bool   `json:"enabled"`
	Placeholder string `json:"placeholder"`
	Text        string `json:"text"`
}

// Files is what the user can do with files, and has chosen.
type Files struct {
	// Offered says that there is a control to attach files, Enabled that it works now, Multiple that it takes several at once.
	Offered  bool `json:"offered"`
	Enabled  bool `json:"enabled"`
	Multiple bool `json:"multiple"`
	// Accept is the filter of the file chooser.
	Accept string `json:"accept"`
	// Staged are the files that were chosen and not sent.
	Staged []StagedFile `json:"staged"`
	// Sendable says that the user can press send now.
	Sendable bool `json:"sendable"`
}

// StagedFile is a file that was chosen and not sent; Error is what the user reads against it, nil if nothing.
type StagedFile struct {
	Name  string  `json:"name"`
	Error *string `json:"error"`
}

// Dialog is the question that the host asks before it ends something.
type Dialog struct {
	Title   string `json:"title"`
	Confirm string `json:"confirm"`
	Keep    string `json:"keep"`
}

// lines gives the messages of one sort: from agent, user, assistant or system.
func (s Screen) lines(from string) []string {
	var texts []string
	for _, m := range s.Messages {
		if m.From == from {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// items gives the parts of all lines that an agent sent and that are more than plain words.
func (s Screen) items() []Item {
	var all []Item
	for _, m := range s.Messages {
		if m.From == "agent" {
			all = append(all, m.Items...)
		}
	}
	return all
}

// position is where a message with that text stands, -1 if it does not.
func (s Screen) position(match func(Message) bool) int {
	for i, m := range s.Messages {
		if match(m) {
			return i
		}
	}
	return -1
}

// describe says what is on the screen in a sentence.
func (s Screen) describe() string {
	var parts []string
	if s.Failure != "" {
		parts = append(parts, "failure "+quote(s.Failure))
	}
	if s.Banner != nil {
		parts = append(parts, "banner "+quote(strings.TrimSpace(s.Banner.Line1+" / "+s.Banner.Line2)))
	}
	if s.Dialog != nil {
		parts = append(parts, "dialog "+quote(s.Dialog.Title))
	}
	for _, f := range s.Files.Staged {
		if f.Error != nil {
			parts = append(parts, "chosen file "+quote(f.Name)+" refused: "+quote(*f.Error))
		} else {
			parts = append(parts, "chosen file "+quote(f.Name))
		}
	}
	last := s.Messages
	if len(last) > 4 {
		last = last[len(last)-4:]
	}
	for _, m := range last {
		parts = append(parts, fmt.Sprintf("%s (%s) %s", m.From, m.Kind, quote(expect.Clip(m.Text))))
	}
	if len(parts) == 0 {
		return "an empty chat"
	}
	return strings.Join(parts, ", ")
}

func quote(s string) string { return "“" + s + "”" }

// isScreen matches the screens of one chat.
func isScreen(widget int) journal.Match {
	return func(e journal.Entry) bool { return e.Kind == journal.Screen && e.Widget == widget }
}

// screen is what the user sees now.
func (p *Player) screen(widget int) Screen {
	all := p.Journal.All(0, isScreen(widget))
	if len(all) == 0 {
		return Screen{}
	}
	return screenOf(all[len(all)-1])
}

func screenOf(e journal.Entry) Screen {
	var s Screen
	// The driver of the host page is ours; a screen that does not decode would read as an empty chat in every failure.
	_ = json.Unmarshal(e.Data, &s)
	return s
}

// sees waits until the screen of the chat is as wanted; expected ends the sentence "expected the user to see …".
func (p *Player) sees(widget int, expected string, wanted func(Screen) bool) error {
	return p.seesWithin(widget, expected, wanted, p.Deadlines.Sight)
}

func (p *Player) seesWithin(widget int, expected string, wanted func(Screen) bool, within time.Duration) error {
	err := p.Until(func() bool { return wanted(p.screen(widget)) }, within)
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	return &steps.Failure{Expected: expected, Recorded: "the user sees " + p.screen(widget).describe(), Hint: p.trouble()}
}
