// Package packed writes values one after the other as bytes, and reads them back: numbered fields, laid out as protocol buffers are. A field that says nothing takes no room, and
// one that a reader does not know is passed over. It is for what is written far more often than it is read, and by nobody but ourselves.
package packed

import (
	"fmt"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

// Text appends a text under a number from 1, nothing for an empty one.
func Text[T ~string](dst []byte, number int, text T) []byte {
	if text == "" {
		return dst
	}
	return Item(dst, number, string(text))
}

// Item appends one text of a list under the number of the list, also an empty one.
func Item(dst []byte, number int, text string) []byte {
	return protowire.AppendString(tag(dst, number, protowire.BytesType), text)
}

// Bytes appends bytes under a number from 1, nothing if there are none.
func Bytes(dst []byte, number int, bytes []byte) []byte {
	if len(bytes) == 0 {
		return dst
	}
	return protowire.AppendBytes(tag(dst, number, protowire.BytesType), bytes)
}

// Int appends a whole number, below zero as well, under a number from 1, nothing for 0.
func Int[T ~int | ~int64](dst []byte, number int, n T) []byte {
	if n == 0 {
		return dst
	}
	return protowire.AppendVarint(tag(dst, number, protowire.VarintType), uint64(n))
}

// Truth appends a truth value under a number from 1, nothing for false.
func Truth(dst []byte, number int, truth bool) []byte {
	if !truth {
		return dst
	}
	return Int(dst, number, 1)
}

func tag(dst []byte, number int, kind protowire.Type) []byte {
	return protowire.AppendTag(dst, protowire.Number(number), kind) //nolint:gosec // The numbers are constants of those who write.
}

// Field is one value with its number.
type Field struct {
	// Number is what it was written under.
	Number int
	// Bytes are those of Bytes, or of a text; they are part of what is read. Int is a whole number, or 1 for true.
	Bytes []byte
	Int   int
}

// Text is the text that was written.
func (f Field) Text() string { return string(f.Bytes) }

// Fields are the fields in their order. It ends with an error if the bytes are none that were written here.
func Fields(packed []byte) iter.Seq2[Field, error] {
	return func(yield func(Field, error) bool) {
		for len(packed) > 0 {
			f, length, err := first(packed)
			if err != nil {
				yield(f, err)
				return
			}
			if packed = packed[length:]; !yield(f, nil) {
				return
			}
		}
	}
}

// first is the field that the bytes begin with, and how many of them it takes.
func first(packed []byte) (f Field, length int, err error) {
	number, kind, tagged := protowire.ConsumeTag(packed)
	if tagged < 0 {
		return f, 0, damaged(tagged)
	}
	f.Number = int(number)
	switch kind {
	case protowire.VarintType:
		var n uint64
		n, length = protowire.ConsumeVarint(packed[tagged:])
		f.Int = int(n) //nolint:gosec // It was an int before.
	case protowire.BytesType:
		f.Bytes, length = protowire.ConsumeBytes(packed[tagged:])
	default:
		length = protowire.ConsumeFieldValue(number, kind, packed[tagged:])
	}
	if length < 0 {
		return f, 0, damaged(length)
	}
	return f, tagged + length, nil
}

func damaged(code int) error {
	return fmt.Errorf("the fields are damaged: %w", protowire.ParseError(code))
}
