package aichat

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"slices"
	"strings"

	"deskcheck/mockdesk"
	"deskcheck/mockdesk/driver"
	"deskcheck/steps"
	"deskcheck/steps/expect"
)

// What agents send besides words.
var richSteps = []definition{
	define(`"([^"]*)" sends the picture "([^"]*)"`, func(p *Player) any { return p.sendsPicture }),
	define(`"([^"]*)" sends the video "([^"]*)"`, func(p *Player) any { return p.sendsVideo }),
	define(`"([^"]*)" sends the file "([^"]*)"`, func(p *Player) any { return p.sendsFile }),
	define(`"([^"]*)" sends custom content that reads "([^"]*)"`, func(p *Player) any { return p.sendsCustom }),
	define(`"([^"]*)" sends a kind of her own that reads "([^"]*)"`, func(p *Player) any { return p.sendsUnknownKind }),
	define(`"([^"]*)" lets the user choose "([^"]*)" from "([^"]*)"`, func(p *Player) any { return p.sendsChoice }),
	define(`"([^"]*)" sends "([^"]*)", the picture "([^"]*)" and "([^"]*)" in one`, func(p *Player) any { return p.sendsSeveral }),
	define(`the desk sends the error notice "([^"]*)"`, func(p *Player) any { return p.sendsError }),
}

// What the user sees of it.
var richChecks = []definition{
	define(`the user sees the picture "([^"]*)"`, func(p *Player) any { return p.seesPicture }),
	define(`the user is offered the video "([^"]*)"`, func(p *Player) any { return p.seesVideo }),
	define(`the user is offered the file "([^"]*)"`, func(p *Player) any { return p.seesFile }),
	define(`the user sees the error notice "([^"]*)"`, func(p *Player) any { return p.seesError }),
	define(`the user reads of the custom content "([^"]*)", whether or not the page can show it`, func(p *Player) any { return p.seesCustom }),
	define(`the user reads "([^"]*)" somewhere in the agent's words`, func(p *Player) any { return p.readsSomewhere }),
	define(`the user gets "([^"]*)", the picture "([^"]*)" and "([^"]*)" in this order`, func(p *Player) any { return p.getsInOrder }),
	define(`every item is a text or an error`, func(p *Player) any { return p.onlyTextAndErrors }),
	define(`no message holds what the chat would not show`, func(p *Player) any { return p.noViolationOf("TYPE-07", "items of a type that the chat knows") }),
	define(`no message holds what the contract leaves out`, func(p *Player) any { return p.noViolationOf("TYPE-08", "items of a type that the contract has") }),
	define(`no message would speak in the user's name`, func(p *Player) any { return p.noViolationOf("TYPE-05", "no button but a link") }),
	define(`the user sees (\d+) items? in one message: (.*)`, func(p *Player) any { return p.seesItems }),
	define(`the user sees "([^"]*)" in bold`, func(p *Player) any { return p.seesBold }),
	define(`the user sees a picture described as "([^"]*)"`, func(p *Player) any { return p.seesAlt("image") }),
	define(`the user sees a video described as "([^"]*)"`, func(p *Player) any { return p.seesAlt("video") }),
	define(`the user sees the link "([^"]*)" to "([^"]*)"`, func(p *Player) any { return p.seesLink }),
	define(`the user sees the error "([^"]*)", which is nobody's words`, func(p *Player) any { return p.seesNobodysError }),
}

// asset gives the address at which the desk serves a file of that name: it is published the first time. What is published is what its name says, as far as a chat looks.
func (p *Player) asset(name string) (string, error) {
	if address, ok := p.published[name]; ok {
		return address, nil
	}
	file, mediaType, content := slug(name), "application/pdf", []byte("%PDF-1.4\n")
	switch {
	case strings.HasPrefix(name, "picture "):
		file, mediaType, content = file+".png", "image/png", smallPicture()
	case strings.HasPrefix(name, "video "):
		file, mediaType, content = file+".mp4", "video/mp4", []byte("a film")
	}
	address, err := p.Desk.Publish(file, mediaType, content)
	if err != nil {
		return "", err
	}
	p.published[name] = address
	return address, nil
}

var notForAddresses = regexp.MustCompile(`[^a-z0-9.]+`)

func slug(name string) string { return notForAddresses.ReplaceAllString(strings.ToLower(name), "-") }

// smallPicture is a picture that loads.
func smallPicture() []byte {
	square := image.NewRGBA(image.Rect(0, 0, 8, 8))
	square.Set(3, 3, color.RGBA{R: 200, G: 30, B: 60, A: 255})
	var b bytes.Buffer
	// Writing to memory cannot fail, and nor can encoding a picture of this kind.
	_ = png.Encode(&b, square)
	return b.Bytes()
}

func (p *Player) sendsItems(name string, items ...mockdesk.Item) error {
	return p.acts(name, driver.Act{Verb: driver.AgentSay, Variant: "items", Items: items})
}

// sendsAsset sends a line with a file in it that the desk serves: item is the file's part, to which the address is added.
func (p *Player) sendsAsset(name, file string, item mockdesk.Item, around ...string) error {
	address, err := p.asset(file)
	if err != nil {
		return err
	}
	item.URL = address
	items := []mockdesk.Item{item}
	if len(around) == 2 {
		items = []mockdesk.Item{{Kind: mockdesk.ItemText, Text: around[0]}, item, {Kind: mockdesk.ItemText, Text: around[1]}}
	}
	return p.sendsItems(name, items...)
}

func picture(title string) mockdesk.Item {
	return mockdesk.Item{Kind: mockdesk.ItemPicture, Title: title, Alt: "a picture of " + title}
}

func (p *Player) sendsPicture(name, title string) error {
	return p.sendsAsset(name, "picture "+title, picture(title))
}

func (p *Player) sendsVideo(name, title string) error {
	return p.sendsAsset(name, "video "+title, mockdesk.Item{Kind: mockdesk.ItemVideo, Title: title})
}

func (p *Player) sendsFile(name, file string) error {
	return p.sendsAsset(name, file, mockdesk.Item{Kind: mockdesk.ItemFile, Name: file})
}

func (p *Player) sendsCustom(name, text string) error {
	return p.sendsItems(name, mockdesk.Item{Kind: mockdesk.ItemCustom, Text: text, Data: map[string]any{"offer": "a month for free", "code": 4711}})
}

func (p *Player) sendsUnknownKind(name, text string) error {
	return p.sendsItems(name, mockdesk.Item{Kind: "card_v2", Text: text})
}

func (p *Player) sendsChoice(name, question, answers string) error {
	return p.sendsItems(name, mockdesk.Item{Kind: mockdesk.ItemChoice, Text: question, Choices: strings.Split(answers, ", ")})
}

func (p *Player) sendsSeveral(name, before, title, after string) error {
	return p.sendsAsset(name, "picture "+title, picture(title), before, after)
}

func (p *Player) sendsError(text string) error {
	return p.inQueue(driver.Act{Verb: driver.DeskSay, Variant: "items", Items: []mockdesk.Item{{Kind: mockdesk.ItemError, Text: text}}})
}

// sent gives the items of a type in all messages so far.
func (p *Player) sent(kind string) []map[string]any {
	var all []map[string]any
	for _, s := range p.sayings() {
		output, _ := s.object["output"].(map[string]any)
		items, _ := output["generic"].([]any)
		for _, item := range items {
			if one, ok := item.(map[string]any); ok && one["response_type"] == kind {
				all = append(all, one)
			}
		}
	}
	return all
}

// said tells whether a message so far holds a text, in whatever item.
func (p *Player) saidAnywhere(text string) bool {
	return slices.ContainsFunc(p.sayings(), func(s saying) bool { return strings.Contains(s.words(), text) })
}

// rich waits for an item of a type that the user sees as wanted. Where the integration sends no such item, what it says instead decides: the same in words is its right, and
// the scenario does not apply; nothing at all is a message that was lost.
func (p *Player) rich(kind, expected, inWords string, wanted func(Item) bool) error {
	err := p.Until(func() bool { return slices.ContainsFunc(p.screen(p.widget).items(), wanted) }, p.Deadlines.Event)
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	switch {
	case len(p.sent(kind)) > 0:
		return &steps.Failure{Expected: expected, Recorded: "the user sees " + p.screen(p.widget).describe(), Hint: p.trouble()}
	case p.saidAnywhere(inWords):
		return p.without("rich", "it says it in words, without an item of the type "+kind)
	}
	return &steps.Failure{Requirements: []string{"MSG-01"}, Expected: expected + ", or the same in words", Recorded: p.callbacksSince(), Hint: p.trouble()}
}

func (p *Player) seesPicture(title string) error {
	address, err := p.asset("picture " + title)
	if err != nil {
		return err
	}
	return p.rich("image", "the picture "+quote(title)+", loaded", address, func(i Item) bool {
		return i.Type == "image" && i.Loaded == "yes" && i.Alt != ""
	})
}

func (p *Player) seesVideo(title string) error {
	address, err := p.asset("video " + title)
	if err != nil {
		return err
	}
	return p.rich("video", "the video "+quote(title), address, func(i Item) bool { return i.Type == "video" && i.Src != "" })
}

func (p *Player) seesFile(name string) error {
	address, err := p.asset(name)
	if err != nil {
		return err
	}
	return p.rich("button", "a link to the file "+quote(name), address, func(i Item) bool {
		return i.Type == "button" && i.Href != "" && (i.Href == address || strings.Contains(i.Text, name))
	})
}

func (p *Player) seesError(text string) error {
	err := p.rich("inline_error", "the error notice "+quote(text), text, func(i Item) bool { return i.Type == "inline_error" && i.Text == text })
	// A desk's own voice is no agent: nobody has to pass it on.
	if f := (*steps.Failure)(nil); errors.As(err, &f) && slices.Contains(f.Requirements, "MSG-01") {
		return p.without("rich", "it passes on no error notices")
	}
	return err
}

func (p *Player) seesCustom(text string) error {
	fallback := func() bool {
		return slices.ContainsFunc(p.screen(p.widget).Messages, func(m Message) bool { return m.From == "agent" && strings.Contains(m.Text, text) })
	}
	err := p.Until(fallback, p.Deadlines.Event)
	if err != nil && !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	switch custom := len(p.sent("user_defined")) > 0; {
	case err == nil && custom:
		return nil
	case err == nil:
		return p.without("rich", "it says it in words, without an item of the type user_defined")
	case custom:
		return &steps.Failure{Expected: "the words " + quote(text) + " beside the content that only the page can show", Recorded: "the user sees " + p.screen(p.widget).describe(), Hint: "without a handler on the page a user_defined item is not seen: send a text item with it"}
	}
	return &steps.Failure{Requirements: []string{"MSG-01"}, Expected: "the custom content, or the same in words", Recorded: p.callbacksSince(), Hint: p.trouble()}
}

func (p *Player) readsSomewhere(text string) error {
	return p.sees(p.widget, "the words "+quote(text)+" of the agent", func(s Screen) bool {
		return slices.ContainsFunc(s.Messages, func(m Message) bool { return m.From == "agent" && strings.Contains(m.Text, text) })
	})
}

// getsInOrder looks at all that the user sees of the agent, whether in one message or in several, as pictures or as words.
func (p *Player) getsInOrder(before, title, after string) error {
	address, err := p.asset("picture " + title)
	if err != nil {
		return err
	}
	flow := func() string {
		var b strings.Builder
		for _, m := range p.screen(p.widget).Messages {
			if m.From != "agent" {
				continue
			}
			if len(m.Items) == 0 {
				b.WriteString(m.Text + "\n")
			}
			for _, i := range m.Items {
				b.WriteString(i.Text + " " + i.Src + " " + i.Href + "\n")
			}
		}
		return b.String()
	}
	inOrder := func() bool {
		all := flow()
		at := func(s string) int { return strings.Index(all, s) }
		shown := at(address)
		if shown < 0 { // A copy of the picture has another address.
			shown = at(title)
		}
		return at(before) >= 0 && shown > at(before) && strings.LastIndex(all, after) > shown
	}
	err = p.Until(inOrder, p.Deadlines.Event)
	if !errors.Is(err, steps.ErrAbsent) {
		return err
	}
	return &steps.Failure{Expected: fmt.Sprintf("%s, then the picture %s, then %s", quote(before), quote(title), quote(after)), Recorded: "the user sees " + quote(expect.Clip(flow())), Hint: p.trouble()}
}

// onlyTextAndErrors is about a chat that shows no other items, whatever its later versions show.
func (p *Player) onlyTextAndErrors() error {
	for _, s := range p.sayings() {
		output, _ := s.object["output"].(map[string]any)
		items, _ := output["generic"].([]any)
		for _, item := range items {
			one, _ := item.(map[string]any)
			if kind := one["response_type"]; kind != "text" && kind != "inline_error" {
				return &steps.Failure{Expected: "items of the types text and inline_error alone", Recorded: expect.Short(kind), Entry: s.entry.Seq, Hint: "other types came with later versions of the chat: ask for the version, or say it in words"}
			}
		}
	}
	return nil
}

// ---- the host alone ----

func (p *Player) seesItems(n int, kinds string) error {
	want := strings.Split(kinds, ", ")
	return p.sees(p.widget, fmt.Sprintf("one message of %d items: %s", n, kinds), func(s Screen) bool {
		return slices.ContainsFunc(s.Messages, func(m Message) bool {
			have := make([]string, 0, len(m.Items))
			for _, i := range m.Items {
				have = append(have, i.Type)
			}
			return slices.Equal(have, want)
		})
	})
}

func (p *Player) seesItem(expected string, wanted func(Item) bool) error {
	return p.sees(p.widget, expected, func(s Screen) bool { return slices.ContainsFunc(s.items(), wanted) })
}

func (p *Player) seesBold(text string) error {
	return p.seesItem(quote(text)+" in bold", func(i Item) bool { return slices.Contains(i.Bold, text) })
}

func (p *Player) seesAlt(kind string) any {
	return func(alt string) error {
		return p.seesItem("an item of the type "+kind+" described as "+quote(alt), func(i Item) bool { return i.Type == kind && i.Alt == alt && i.Src != "" })
	}
}

func (p *Player) seesLink(text, address string) error {
	return p.seesItem("the link "+quote(text), func(i Item) bool { return i.Text == text && i.Href == address })
}

func (p *Player) seesNobodysError(text string) error {
	return p.sees(p.widget, "the error "+quote(text), func(s Screen) bool {
		return slices.ContainsFunc(s.Messages, func(m Message) bool { return m.Kind == "error" && m.Text == text && !m.Face })
	})
}
