package rules

import (
	"errors"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Weight is what a problem of a body means to whoever is to act on the body.
type Weight int

// The weights, from the lightest.
const (
	Mild         Weight = iota // it is told and has no effect
	Undocumented               // a field that no document has; what the rest says is clear
	Invalid                    // a field that is not as documented; what the rest says is clear
	Senseless                  // nothing can be done with such a body
)

// Problem is something wrong with a body.
type Problem struct {
	Breach
	Weight Weight
}

// Start is what the body of a start says (DC-CONV-01).
type Start struct {
	TouchpointID, Email string
	Subject             *string
	// Arguments are the context_parameters, nil if there are none.
	Arguments map[string]any
	Previous  []Previous
}

// Previous is a message of the dialogue before the hand-over (DC-CONV-07).
type Previous struct {
	Type      string `json:"type"`
	Content   string `json:"content"`
	CreatedAt string `json:"created_at"`
}

// Message is what the body of a message says (DC-MSG-01).
type Message struct {
	Content *string
	Files   []File
}

// File is an attachment in a message (DC-ATT-02).
type File struct {
	ID, Name, Type string
	// Size is in bytes, as the connector has it.
	Size float64
}

// reader reads one body and gathers what is wrong with it.
type reader struct {
	// operation is the requirement that the whole body belongs to.
	operation string
	problems  []Problem
}

func (r *reader) wrong(weight Weight, requirement, pointer, expected, recorded string) {
	r.problems = append(r.problems, Problem{Weight: weight, Breach: Breach{Requirement: requirement, Pointer: pointer, Expected: expected, Recorded: recorded}})
}

// object reads the body as a JSON object with keys exactly as they are written. nil is none.
func (r *reader) object(contentType string, body []byte) map[string]any {
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != "application/json" {
		r.wrong(Invalid, r.operation, "Content-Type", "application/json", shown(contentType))
	}
	var value any
	err := json.Unmarshal(body, &value)
	if errors.Is(err, jsontext.ErrDuplicateName) {
		where := ""
		if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			where = string(syntax.JSONPointer)
		}
		r.wrong(Invalid, r.operation, where, "each key once in an object", "the same key twice")
		err = json.Unmarshal(body, &value, jsontext.AllowDuplicateNames(true))
	}
	if err != nil && len(body) >= LongestBody {
		r.wrong(Senseless, r.operation, "", fmt.Sprintf("a body of at most %d bytes, which is all that is read of one", LongestBody), "a longer one")
		return nil
	}
	if err != nil {
		r.wrong(Senseless, r.operation, "", "a body in JSON", "a body that is no JSON: "+strings.TrimPrefix(err.Error(), "json: "))
		return nil
	}
	object, is := value.(map[string]any)
	if !is {
		r.wrong(Senseless, r.operation, "", "an object", kindOf(value))
		return nil
	}
	return object
}

// LongestBody is how much of a body in JSON is read, in bytes. No document says how long one may be.
const LongestBody = 1 << 20

// unknown tells the keys of an object that are not documented (DC-CONV-20), with those that are alike but for their case.
func (r *reader) unknown(object map[string]any, pointer string, documented ...string) {
	for _, key := range sorted(object) {
		if slices.Contains(documented, key) {
			continue
		}
		expected := "one of the documented fields: " + strings.Join(documented, ", ")
		if i := slices.IndexFunc(documented, func(one string) bool { return strings.EqualFold(one, key) }); i >= 0 {
			expected = documented[i] + ", in this case"
		}
		r.wrong(Undocumented, "DC-CONV-20", below(pointer, key), expected, "the field "+strconv.Quote(key))
	}
}

// text reads a field that must be a text.
func (r *reader) text(object map[string]any, pointer, key, requirement string, weight Weight) string {
	value, there := object[key]
	text, is := value.(string)
	switch {
	case !there:
		r.wrong(weight, requirement, below(pointer, key), "a text", "nothing")
	case !is:
		r.wrong(weight, requirement, below(pointer, key), "a text", kindOf(value))
	}
	return text
}

// address is what looks like one e-mail address (DC-CONV-04).
var address = regexp.MustCompile(`^[^@\s,;<>]+@[^@\s,;<>]+$`)

// ReadStart reads the body of a start and says all that is wrong with it by itself (DC-CONV-01 to 07, 20, DC-ARG-03, 08).
func ReadStart(contentType string, body []byte) (Start, []Problem) {
	r := &reader{operation: "DC-CONV-01"}
	s, _ := r.start(contentType, body)
	return s, r.problems
}

func (r *reader) start(contentType string, body []byte) (s Start, object map[string]any) {
	if object = r.object(contentType, body); object == nil {
		return s, nil
	}
	s.TouchpointID = r.text(object, "", "touchpoint_id", "DC-CONV-02", Senseless)
	if object["touchpoint_id"] == "" {
		r.wrong(Mild, "DC-CONV-02", "/touchpoint_id", "the Touchpoint ID", kindOf(""))
	}
	switch contact := object["contact_person"].(type) {
	case map[string]any:
		s.Email = r.text(contact, "/contact_person", "email", "DC-CONV-03", Invalid)
		if _, is := contact["email"].(string); is && !address.MatchString(s.Email) {
			r.wrong(Mild, "DC-CONV-04", "/contact_person/email", "an e-mail address", "a text that is none")
		}
		r.unknown(contact, "/contact_person", "email")
	default:
		r.wrong(Invalid, "DC-CONV-03", "/contact_person", "an object with email", recorded(object, "contact_person"))
	}
	if subject, there := object["subject"]; there {
		if text, is := subject.(string); is {
			s.Subject = &text
		} else {
			r.wrong(Invalid, "DC-CONV-05", "/subject", "a text, or no field at all", kindOf(subject))
		}
	}
	s.Arguments = r.arguments(object)
	s.Previous = r.previous(object)
	r.unknown(object, "", "touchpoint_id", "contact_person", "subject", "context_parameters", "previous_messages")
	return s, object
}

// arguments reads context_parameters (DC-CONV-06, DC-ARG-03, DC-ARG-08).
func (r *reader) arguments(object map[string]any) map[string]any {
	value, there := object["context_parameters"]
	if !there || value == nil {
		return nil
	}
	arguments, is := value.(map[string]any)
	if !is {
		const pointer, expected = "/context_parameters", "an object of names and values, or null"
		r.wrong(Invalid, "DC-CONV-06", pointer, expected, kindOf(value))
		if value == "" {
			r.wrong(Mild, "DC-ARG-08", pointer, "no field, {} or null where there is nothing to send", kindOf(value))
		}
		return nil
	}
	for _, name := range sorted(arguments) {
		if _, is := arguments[name].(string); !is {
			r.wrong(Mild, "DC-ARG-03", below("/context_parameters", name), "a text", kindOf(arguments[name]))
		}
	}
	return arguments
}

// previous reads previous_messages (DC-CONV-07).
func (r *reader) previous(object map[string]any) []Previous {
	value, there := object["previous_messages"]
	if !there {
		return nil
	}
	items, is := value.([]any)
	if !is {
		r.wrong(Invalid, "DC-CONV-07", "/previous_messages", "a list of messages, or no field at all", kindOf(value))
		return nil
	}
	var all []Previous
	for i, item := range items {
		pointer := fmt.Sprintf("/previous_messages/%d", i)
		message, is := item.(map[string]any)
		if !is {
			r.wrong(Invalid, "DC-CONV-07", pointer, "an object", kindOf(item))
			continue
		}
		p := Previous{
			Type:    r.text(message, pointer, "type", "DC-CONV-07", Invalid),
			Content: r.text(message, pointer, "content", "DC-CONV-07", Invalid), CreatedAt: r.text(message, pointer, "created_at", "DC-CONV-07", Invalid),
		}
		if _, is := message["type"].(string); is && !slices.Contains([]string{"user", "external"}, strings.ToLower(p.Type)) {
			r.wrong(Invalid, "DC-CONV-07", below(pointer, "type"), "user or external, in whichever case", strconv.Quote(p.Type))
		}
		r.unknown(message, pointer, "type", "content", "created_at")
		all = append(all, p)
	}
	return all
}

// ReadMessage reads the body of a message and says all that is wrong with it by itself (DC-MSG-01, DC-MSG-06, DC-ATT-02, DC-ATT-03, DC-CONV-20).
func ReadMessage(contentType string, body []byte) (Message, []Problem) {
	r := &reader{operation: "DC-MSG-01"}
	return r.message(contentType, body), r.problems
}

func (r *reader) message(contentType string, body []byte) (m Message) {
	object := r.object(contentType, body)
	if object == nil {
		return m
	}
	content, hasContent := object["content"]
	if hasContent {
		if text, is := content.(string); is {
			m.Content = &text
		} else {
			r.wrong(Invalid, "DC-MSG-01", "/content", "a text, or no field at all", kindOf(content))
		}
	}
	attachments, hasFiles := object["attachments"]
	if hasFiles {
		m.Files = r.attachments(attachments)
	}
	r.unknown(object, "", "content", "attachments")
	switch {
	case !hasContent && !hasFiles && len(object) > 0:
		r.wrong(Invalid, "DC-MSG-01", "", "content, attachments or both", "an object with "+strings.Join(sorted(object), ", "))
	case (!hasContent || isBlank(content)) && (!hasFiles || isNoFile(attachments)):
		r.wrong(Mild, "DC-MSG-06", "", "a text or an attachment", "a message with neither")
	}
	return m
}

// isBlank says whether a value is a text of nothing but blanks, isNoFile whether it is an empty list. What is of another type is no empty message, but something else that is wrong.
func isBlank(content any) bool {
	text, is := content.(string)
	return is && strings.TrimSpace(text) == ""
}

func isNoFile(attachments any) bool {
	items, is := attachments.([]any)
	return is && len(items) == 0
}

func (r *reader) attachments(value any) []File {
	items, is := value.([]any)
	if !is {
		r.wrong(Invalid, "DC-MSG-01", "/attachments", "a list, or no field at all", kindOf(value))
		return nil
	}
	var all []File
	for i, item := range items {
		pointer := fmt.Sprintf("/attachments/%d", i)
		one, is := item.(map[string]any)
		if !is {
			r.wrong(Invalid, "DC-ATT-02", pointer, "an object", kindOf(item))
			continue
		}
		f := File{
			ID:   r.text(one, pointer, "id", "DC-ATT-02", Invalid),
			Name: r.text(one, pointer, "name", "DC-ATT-02", Invalid), Type: r.text(one, pointer, "type", "DC-ATT-02", Invalid),
		}
		if one["id"] == "" {
			r.wrong(Invalid, "DC-ATT-02", below(pointer, "id"), "the id of an attachment", kindOf(""))
		}
		f.Size = r.size(one, below(pointer, "size"))
		r.unknown(one, pointer, "id", "name", "type", "size")
		all = append(all, f)
	}
	return all
}

// decimal is a number that is written as a text.
var decimal = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// size reads the size of a file; -1 is none.
func (r *reader) size(item map[string]any, pointer string) float64 {
	value, there := item["size"]
	if size, is := value.(float64); is {
		if size < 0 {
			r.wrong(Mild, "DC-ATT-04", pointer, "a number of bytes", kindOf(size))
		}
		return size
	}
	if text, is := value.(string); is && decimal.MatchString(text) {
		// The documents show both, so this is no more than told (DC-ATT-03).
		r.wrong(Mild, "DC-ATT-03", pointer, "a number", "a number as a text")
		size, _ := strconv.ParseFloat(text, 64) // it is one, or more than there can be
		return size
	}
	found := "nothing"
	if there {
		found = kindOf(value)
	}
	r.wrong(Invalid, "DC-ATT-02", pointer, "a number of bytes", found)
	return -1
}

// kindOf words a value without repeating what it says, which may be anybody's.
func kindOf(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case string:
		if v == "" {
			return "an empty text"
		}
		return "a text"
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return "the number " + strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

// recorded words what a key has.
func recorded(object map[string]any, key string) string {
	value, there := object[key]
	if !there {
		return "nothing"
	}
	return kindOf(value)
}

func shown(text string) string {
	if text == "" {
		return "nothing"
	}
	return strconv.Quote(text)
}

func below(pointer, key string) string {
	return pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(key)
}

func sorted[V any](object map[string]V) []string {
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
