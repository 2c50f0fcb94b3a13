package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Binary is bytes that cross as an attachment rather than in JSON.
type Binary []byte

// MarshalJSON is the error that Binary stands where Compose does not look for it: it takes it out of []any and map[string]any, at any depth.
func (Binary) MarshalJSON() ([]byte, error) {
	return nil, errors.New("binary data can only stand in []any and map[string]any")
}

// placeholder stands in JSON for an attachment.
type placeholder struct {
	Placeholder bool `json:"_placeholder"`
	Num         *int `json:"num"`
}

// Compose is the values as a JSON array, and what was taken out of them as attachments. The error names the value, counted from 1, that JSON cannot say.
func Compose(values ...any) (data json.RawMessage, attachments [][]byte, err error) {
	taken := make([]any, len(values))
	for i, v := range values {
		taken[i] = takeOut(v, &attachments)
		if _, err := json.Marshal(taken[i]); err != nil {
			return nil, nil, fmt.Errorf("value %d cannot be said in JSON: %w", i+1, err)
		}
	}
	data, err = json.Marshal(taken)
	return data, attachments, err
}

// takeOut is the value with a placeholder for each Binary in it.
func takeOut(v any, attachments *[][]byte) any {
	switch v := v.(type) {
	case Binary:
		num := len(*attachments)
		*attachments = append(*attachments, v)
		return placeholder{Placeholder: true, Num: &num}
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = takeOut(v[i], attachments)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(v))
		// In an order, so that the same value is the same packet.
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all[key] = takeOut(v[key], attachments)
		}
		return all
	}
	return v
}

// Payload is the arguments of an event or an acknowledgement.
type Payload struct {
	// Items are the arguments as JSON, with a placeholder for each attachment.
	Items []json.RawMessage
	// Attachments are what the placeholders stand for, by their number.
	Attachments [][]byte
}

// Decode reads argument i, from 0, as json.Unmarshal does. The error says that there is no such argument, or what is wrong with it.
func (p Payload) Decode(i int, into any) error {
	if i < 0 || i >= len(p.Items) {
		return fmt.Errorf("there is no argument %d, but %d of them, from 0", i, len(p.Items))
	}
	if err := json.Unmarshal(p.Items[i], into); err != nil {
		return fmt.Errorf("argument %d: %w", i, err)
	}
	return nil
}

// Values are the arguments as json.Unmarshal reads them into any, with each attachment in its place as Binary.
func (p Payload) Values() []any {
	all := make([]any, len(p.Items))
	for i, item := range p.Items {
		// An Item that is no JSON is nothing.
		_ = json.Unmarshal(item, &all[i])
		if len(p.Attachments) > 0 {
			all[i] = p.putIn(all[i])
		}
	}
	return all
}

// putIn is the value with each placeholder replaced.
func (p Payload) putIn(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = p.putIn(v[i])
		}
	case map[string]any:
		if num, is := numberOf(v); is && num < len(p.Attachments) {
			return Binary(p.Attachments[num])
		}
		for key := range v {
			v[key] = p.putIn(v[key])
		}
	}
	return v
}

// numberOf is the number in an object that is a placeholder; one that is no index is greater than all.
func numberOf(object map[string]any) (num int, is bool) {
	if marked, _ := object["_placeholder"].(bool); !marked {
		return 0, false
	}
	const none = int(^uint(0) >> 1)
	number, ok := object["num"].(float64)
	if !ok || number < 0 || number > maxID || number != float64(int(number)) {
		return none, true
	}
	return int(number), true
}

// outOfRange says whether a placeholder in the value stands for none of so many attachments.
func outOfRange(v any, attachments int) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return outOfRange(item, attachments) })
	case map[string]any:
		if num, is := numberOf(v); is {
			return num >= attachments
		}
		for _, item := range v {
			if outOfRange(item, attachments) {
				return true
			}
		}
	}
	return false
}
