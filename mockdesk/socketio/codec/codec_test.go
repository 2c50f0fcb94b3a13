package codec_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"deskcheck/mockdesk/socketio/codec"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func text(s string) codec.Frame { return codec.Frame{Data: []byte(s)} }

func binary(bytes ...byte) codec.Frame { return codec.Frame{Binary: true, Data: bytes} }

func TestEnginePackets(t *testing.T) {
	for wire, p := range map[string]codec.EnginePacket{
		`0{"sid":"a"}`: {Type: codec.Open, Data: []byte(`{"sid":"a"}`)},
		"1":            {Type: codec.Close, Data: []byte{}},
		"2probe":       {Type: codec.Ping, Data: []byte("probe")},
		"3probe":       {Type: codec.Pong, Data: []byte("probe")},
		"4ä€𐐷":         {Type: codec.Message, Data: []byte("ä€𐐷")},
		"5":            {Type: codec.Upgrade, Data: []byte{}},
		"6":            {Type: codec.Noop, Data: []byte{}},
	} {
		got, err := codec.DecodeEngine(text(wire))
		require.NoError(t, err)
		assert.Equal(t, p, got)
		assert.Equal(t, text(wire), p.Frame())
	}
	got, err := codec.DecodeEngine(binary(1, 2, 3))
	require.NoError(t, err)
	assert.Equal(t, codec.EnginePacket{Type: codec.Message, Binary: true, Data: []byte{1, 2, 3}}, got)
	assert.Equal(t, binary(1, 2, 3), got.Frame())
}

func TestEnginePacketsThatCannotBeRead(t *testing.T) {
	for wire, says := range map[string]string{
		"":       "a packet is empty",
		"7":      `begins with '7', which is no type`,
		"hello":  `begins with 'h'`,
		"ähm":    `begins with 'ä'`,
		"4\xff":  "not in UTF-8",
		"bAQID":  `begins with 'b'`,
		"\x1e4a": "which is no type",
	} {
		_, err := codec.DecodeEngine(text(wire))
		require.ErrorContains(t, err, says, "%q", wire)
	}
}

func TestPayloads(t *testing.T) {
	for wire, frames := range map[string][]codec.Frame{
		"4hello":              {text("4hello")},
		"4hello\x1e2\x1e4€":   {text("4hello"), text("2"), text("4€")},
		"4hello\x1ebAQIDBA==": {text("4hello"), binary(1, 2, 3, 4)},
		"b":                   {binary()},
		"4a\x1e":              {text("4a"), text("")},
	} {
		got, err := codec.DecodePayload([]byte(wire))
		require.NoError(t, err)
		require.Len(t, got, len(frames))
		for i := range frames {
			assert.Equal(t, frames[i].Binary, got[i].Binary)
			assert.Equal(t, string(frames[i].Data), string(got[i].Data))
		}
		assert.Equal(t, wire, string(codec.EncodePayload(frames)))
	}
	for _, wire := range []string{"bA", "4a\x1eb!!!!", "bAQIDBB==", "bAQ ID", "bAQID\n"} {
		_, err := codec.DecodePayload([]byte(wire))
		require.ErrorContains(t, err, "not in Base64", "%q", wire)
	}
	_, err := codec.DecodePayload([]byte("4a\x1eb!"))
	require.ErrorContains(t, err, "packet 2 of 2")
}

func TestPackets(t *testing.T) {
	for wire, p := range map[string]codec.Packet{
		"0":                                      {Type: codec.Connect, Namespace: "/"},
		`0{"token":"123"}`:                       {Type: codec.Connect, Namespace: "/", Data: json.RawMessage(`{"token":"123"}`)},
		"0/admin,":                               {Type: codec.Connect, Namespace: "/admin"},
		`0/admin,{"sid":"a"}`:                    {Type: codec.Connect, Namespace: "/admin", Data: json.RawMessage(`{"sid":"a"}`)},
		"1":                                      {Type: codec.Disconnect, Namespace: "/"},
		"1/admin,":                               {Type: codec.Disconnect, Namespace: "/admin"},
		`2["foo"]`:                               {Type: codec.Event, Namespace: "/", Data: json.RawMessage(`["foo"]`)},
		`2/admin,13["foo"]`:                      {Type: codec.Event, Namespace: "/admin", ID: new(uint64(13)), Data: json.RawMessage(`["foo"]`)},
		`212["foo"]`:                             {Type: codec.Event, Namespace: "/", ID: new(uint64(12)), Data: json.RawMessage(`["foo"]`)},
		`3/admin,0[]`:                            {Type: codec.Ack, Namespace: "/admin", ID: new(uint64(0)), Data: json.RawMessage(`[]`)},
		`39007199254740991["b"]`:                 {Type: codec.Ack, Namespace: "/", ID: new(uint64(1<<53 - 1)), Data: json.RawMessage(`["b"]`)},
		`4{"message":"no"}`:                      {Type: codec.ConnectError, Namespace: "/", Data: json.RawMessage(`{"message":"no"}`)},
		`50-["a"]`:                               {Type: codec.BinaryEvent, Namespace: "/", Data: json.RawMessage(`["a"]`)},
		`2[1]`:                                   {Type: codec.Event, Namespace: "/", Data: json.RawMessage(`[1]`)},
		`2/admin?a=1,["foo"]`:                    {Type: codec.Event, Namespace: "/admin?a=1", Data: json.RawMessage(`["foo"]`)},
		`2["foo",{"_placeholder":true,"num":7}]`: {Type: codec.Event, Namespace: "/", Data: json.RawMessage(`["foo",{"_placeholder":true,"num":7}]`)},
	} {
		got, attachments, err := codec.Decode([]byte(wire))
		require.NoError(t, err, wire)
		assert.Zero(t, attachments)
		assert.Equal(t, p, got, wire)
		assert.Equal(t, []codec.Frame{text("4" + wire)}, p.Frames())
	}
	got, _, err := codec.Decode([]byte("0/admin"))
	require.NoError(t, err, "the comma may be left out at the end")
	assert.Equal(t, "/admin", got.Namespace)
}

func TestPacketsThatTheProtocolDoesNotHave(t *testing.T) {
	for wire, says := range map[string]string{
		"":                                       "is empty",
		"7":                                      `begins with '7'`,
		"abc":                                    `begins with 'a'`,
		"2":                                      "EVENT: the payload must be an array that is not empty",
		"2[]":                                    "EVENT: the payload must be an array that is not empty",
		`2{"a":1}`:                               "an array that is not empty",
		"2[":                                     "the payload is no JSON",
		`2["a"]]`:                                "the payload is no JSON",
		"2[null]":                                "must be the name of the event",
		`2[{"a":1}]`:                             "must be the name of the event",
		"2[true]":                                "must be the name of the event",
		"3[]":                                    "ACK: the acknowledgement id is missing",
		"31":                                     "the payload must be an array",
		`31{"a":1}`:                              "the payload must be an array",
		`29007199254740992["a"]`:                 "the acknowledgement id 9007199254740992 is greater than 9007199254740991",
		"2" + strings.Repeat("9", 400) + `["a"]`: "the acknowledgement id 9999999999999999… is greater",
		`0"token"`:                               "CONNECT: the payload, if there is one, must be an object",
		"0null":                                  "must be an object",
		`0["a"]`:                                 "must be an object",
		"012":                                    "an acknowledgement id has no place here",
		`1{"a":1}`:                               "DISCONNECT: a payload has no place here",
		"4":                                      "must be an object with a message",
		`4"no"`:                                  "must be an object with a message",
		`5["a"]`:                                 "BINARY_EVENT: the number of attachments is missing",
		"5":                                      "the number of attachments is missing",
		"51":                                     "the number of attachments is missing",
		`5-1-["a"]`:                              "the number of attachments is missing",
		`599999999999999999999-["a"]`:            "the number of attachments",
		`61-["a"]`:                               "BINARY_ACK: the acknowledgement id is missing",
	} {
		_, _, err := codec.Decode([]byte(wire))
		require.ErrorContains(t, err, says, "%q", wire)
	}
}

func TestAttachments(t *testing.T) {
	data, attachments, err := codec.Compose("baz", codec.Binary{1, 2}, map[string]any{"z": codec.Binary{3}, "deep": []any{codec.Binary{}, 1.5}})
	require.NoError(t, err)
	p := codec.Packet{Type: codec.BinaryEvent, Namespace: "/admin", ID: new(uint64(7)), Data: data, Attachments: attachments}
	frames := p.Frames()
	assert.Equal(t, `453-/admin,7["baz",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1},1.5],"z":{"_placeholder":true,"num":2}}]`, string(frames[0].Data))
	require.Len(t, frames, 4)
	got := assemble(t, frames)
	assert.Equal(t, p, got)
	name, args, ok := got.Event()
	require.True(t, ok)
	assert.Equal(t, "baz", name)
	assert.Equal(t, []any{codec.Binary{1, 2}, map[string]any{"z": codec.Binary{3}, "deep": []any{codec.Binary{}, 1.5}}}, args.Values())
	_, ok = got.Reply()
	assert.False(t, ok)
}

// assemble puts the one packet in the frames together.
func assemble(t *testing.T, frames []codec.Frame) codec.Packet {
	t.Helper()
	a := codec.Assembler{MaxAttachments: 9, MaxBytes: 99}
	for i, f := range frames {
		m, err := codec.DecodeEngine(f)
		require.NoError(t, err)
		p, complete, err := a.Add(m)
		require.NoError(t, err)
		if i == len(frames)-1 {
			assert.True(t, complete)
			assert.Empty(t, a.Unfinished())
			return p
		}
		require.False(t, complete)
		assert.NotEmpty(t, a.Unfinished())
	}
	return codec.Packet{}
}

func TestAttachmentsThatDoNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		frames []codec.Frame
		says   string
	}{
		"one that no packet announced":  {[]codec.Frame{binary(1)}, "no packet has announced"},
		"one too many":                  {[]codec.Frame{text(`451-["a",{"_placeholder":true,"num":0}]`), binary(1), binary(2)}, "no packet has announced"},
		"a packet in place of one":      {[]codec.Frame{text(`452-/b,["a",{"_placeholder":true,"num":0}]`), binary(1), text(`42["c"]`)}, "in place of an attachment: BINARY_EVENT in /b has 1 of 2 attachments"},
		"too many":                      {[]codec.Frame{text(`4510-["a"]`)}, "10 attachments are announced, and at most 9"},
		"too large":                     {[]codec.Frame{text(`452-["a"]`), binary(make([]byte, 60)...), binary(make([]byte, 60)...)}, "more than 99 bytes"},
		"a number that was not counted": {[]codec.Frame{text(`451-["a",{"_placeholder":true,"num":1}]`)}, "a number that is not below 1"},
		"a number below zero":           {[]codec.Frame{text(`451-["a",[{"_placeholder":true,"num":-1}]]`)}, "not below 1"},
		"a number that is none":         {[]codec.Frame{text(`451-["a",{"b":{"_placeholder":true,"num":"0"}}]`)}, "not below 1"},
		"a fraction":                    {[]codec.Frame{text(`452-["a",{"_placeholder":true,"num":0.5}]`)}, "not below 2"},
		"without any":                   {[]codec.Frame{text(`450-["a",{"_placeholder":true,"num":0}]`)}, "not below 0"},
	} {
		t.Run(name, func(t *testing.T) {
			a := codec.Assembler{MaxAttachments: 9, MaxBytes: 99}
			var err error
			for _, f := range c.frames {
				require.NoError(t, err, "only the last frame is wrong")
				m, engineErr := codec.DecodeEngine(f)
				require.NoError(t, engineErr)
				_, _, err = a.Add(m)
			}
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestCompose(t *testing.T) {
	data, attachments, err := codec.Compose()
	require.NoError(t, err)
	assert.Equal(t, "[]", string(data), "an acknowledgement without arguments is an empty array")
	assert.Empty(t, attachments)
	_, _, err = codec.Compose("a", make(chan int))
	require.ErrorContains(t, err, "value 2 cannot be said in JSON")
	_, _, err = codec.Compose(struct{ B codec.Binary }{codec.Binary{1}})
	require.ErrorContains(t, err, "binary data can only stand in []any and map[string]any")
	data, _, err = codec.Compose("a\x1eb")
	require.NoError(t, err)
	assert.NotContains(t, string(data), "\x1e", "what separates packets is escaped")
}

func TestPayloadDecode(t *testing.T) {
	p, _, err := codec.Decode([]byte(`31["a",2]`))
	require.NoError(t, err)
	args, ok := p.Reply()
	require.True(t, ok)
	var n int
	require.NoError(t, args.Decode(1, &n))
	assert.Equal(t, 2, n)
	require.ErrorContains(t, args.Decode(2, &n), "there is no argument 2, but 2 of them")
	require.ErrorContains(t, args.Decode(-1, &n), "there is no argument -1")
	require.ErrorContains(t, args.Decode(0, &n), "argument 0: ")
}

func TestNamesOfTypes(t *testing.T) {
	assert.Equal(t, "noop", codec.Noop.String())
	assert.Equal(t, "unknown type 'x'", codec.EngineType('x').String())
	assert.Equal(t, "BINARY_ACK", codec.BinaryAck.String())
	assert.Equal(t, "unknown type '9'", codec.Type('9').String())
}

// FuzzDecode shows that whatever is read as a packet is the same packet once it was written and read again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{"0", "0/admin,", `212["foo"]`, `51-/a,1["b",{"_placeholder":true,"num":0}]`, `3/a,12[]`, `4{"message":"no"}`, "1/", "2/,[1e999]", "5", `2 ["a"]`, `2["\ud800"]`, `007["a"]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		p, attachments, err := codec.Decode(wire)
		if err != nil {
			assert.Empty(t, p.Data)
			return
		}
		for range attachments % 8 {
			p.Attachments = append(p.Attachments, []byte("x"))
		}
		frames := p.Frames()
		m, err := codec.DecodeEngine(frames[0])
		if err != nil {
			// Only text is given to Decode in life.
			return
		}
		again, count, err := codec.Decode(m.Data)
		require.NoError(t, err, "%q became %q", wire, m.Data)
		again.Attachments = p.Attachments
		assert.Equal(t, p, again)
		assert.Len(t, p.Attachments, count)
		if _, args, ok := p.Event(); ok {
			assert.Len(t, args.Values(), len(args.Items))
		}
	})
}

// FuzzPayload shows that whatever is read as a payload is the same once it was written and read again, and that an Assembler takes it or says why not.
func FuzzPayload(f *testing.F) {
	for _, seed := range []string{"4hello\x1e2", "bAQIDBA==", "\x1e", "451-[\"a\",{\"_placeholder\":true,\"num\":0}]\x1ebAQ==", "452-[1]\x1ebAQ==\x1e41", "b\x1eb", "4\xff", "b\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		frames, err := codec.DecodePayload(body)
		if err != nil {
			return
		}
		assert.True(t, bytes.Equal(body, codec.EncodePayload(frames)), "%q", body)
		a := codec.Assembler{MaxAttachments: 4, MaxBytes: 64}
		for _, frame := range frames {
			m, err := codec.DecodeEngine(frame)
			if err != nil {
				return
			}
			p, complete, err := a.Add(m)
			if err != nil {
				assert.False(t, complete)
				return
			}
			if complete {
				assert.LessOrEqual(t, len(p.Attachments), 4)
				assert.Empty(t, a.Unfinished())
				_, args, _ := p.Event()
				args.Values()
			}
		}
	})
}
