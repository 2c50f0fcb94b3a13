package main

import (
	"os"
	"testing"

	"deskcheck"
	"deskcheck/mockdesk/wire"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const smallWire = `wire: 1
name: small
routes:
  - {on: POST /rooms, means: start}
  - on: POST /rooms/{id}
    means: message
    body: text
    conversation: path.id
    give: {text: body}
  - on: SOCKET /rooms/{id}
    means: events
    conversation: path.id
    socket:
      takes:
        - {name: bye, when: body.bye == true, means: end}
events:
  agent.joined: {text: hello}
  agent.typing: none
  message: {text: "${event.text}"}
  conversation.ended: {text: bye}
`

func TestWireCommands(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.WriteFile("small.wire.yaml", []byte(smallWire), 0o600))
	assert.Zero(t, b.does("wire", "check", "small.wire.yaml"), b.stderr.String())
	golden(t, "wire-check.txt", b.stdout.String())

	for subject, want := range map[string][]byte{"schema": wire.Schema(), "guide": wire.Guide()} {
		b.stdout.Reset()
		assert.Zero(t, b.does("wire", subject))
		assert.Equal(t, string(want), b.stdout.String())
	}
	b.stdout.Reset()
	assert.Zero(t, b.does("wire", "print", "native"))
	assert.Equal(t, string(wire.NativeFile()), b.stdout.String())
	assert.Equal(t, 2, b.does("wire", "print", "foreign"))
	assert.Contains(t, b.stderr.String(), `error: there is no wire "foreign"`)
}

func TestMistakesInWireFiles(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.WriteFile("bad.wire.yaml", []byte("wire: 1\nname: bad\nroutes:\n  - {on: POST /rooms, mean: start}\nevents: {}\n"), 0o600))
	require.NoError(t, os.WriteFile("tab.wire.yaml", []byte("wire: 1\n\tname: bad\n"), 0o600))
	require.NoError(t, os.WriteFile("deskcheck.yaml", []byte("desk:\n  wire: bad.wire.yaml\n"), 0o600))
	const mistake = "error: bad.wire.yaml:4:23: routes[0].mean: unknown key; did you mean routes[0].means?\n"
	assert.Equal(t, 2, b.does("wire", "check", "bad.wire.yaml"))
	assert.Contains(t, b.stderr.String(), mistake)
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("config", "check"))
	assert.Contains(t, b.stderr.String(), mistake, "the place is that in the wire file")
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("wire", "check", "tab.wire.yaml"))
	assert.Equal(t, "error: tab.wire.yaml:2:1: a tab where YAML allows only spaces\nfix:   indent with spaces\n", b.stderr.String())
	b.stderr.Reset()
	assert.Equal(t, 2, b.does("wire", "check", "absent.wire.yaml"))
	assert.Equal(t, "error: the wire absent.wire.yaml does not exist\nfix:   name the file of a wire; \"deskcheck wire print native\" prints one to begin with\n", b.stderr.String())
	require.NoError(t, os.WriteFile("open.wire.yaml", []byte("wire: 1\nname: [a\n"), 0o600))
	require.NoError(t, os.WriteFile("deskcheck.yaml", []byte("desk: {wire: open.wire.yaml}\n"), 0o600))
	for _, args := range [][]string{{"wire", "check", "open.wire.yaml"}, {"config", "check"}} {
		b.stderr.Reset()
		assert.Equal(t, 2, b.does(args...))
		assert.Regexp(t, `^error: open\.wire\.yaml:2:\d+: .*\nfix:   mend the YAML there or just before it`, b.stderr.String())
	}
}

func TestTheWireOfARun(t *testing.T) {
	b := newBench(t)
	require.NoError(t, os.Mkdir("sub", 0o700))
	require.NoError(t, os.WriteFile("sub/small.wire.yaml", []byte(smallWire), 0o600))
	require.NoError(t, os.WriteFile("sub/deskcheck.yaml", []byte("desk: {wire: small.wire.yaml}\n"), 0o600))
	c, err := deskcheck.Load("sub/deskcheck.yaml")
	require.NoError(t, err)
	assert.Equal(t, "sub/small.wire.yaml", c.Desk.Wire, "beside the configuration")
	require.NoError(t, c.Validate())
	assert.Zero(t, b.does("config", "check", "sub/deskcheck.yaml"), b.stderr.String())
}
