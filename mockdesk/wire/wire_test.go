package wire_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"deskcheck/mockdesk/wire"
)

func TestTheNativeWireCompiles(t *testing.T) {
	w, err := wire.Parse("native.wire.yaml", wire.NativeFile())
	require.NoError(t, err)
	assert.Equal(t, "native", w.Name)
}
