package mockdesk

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestALineIsEncodedAsItsFieldsAre holds the short way to write a line against that which all events go.
func TestALineIsEncodedAsItsFieldsAre(t *testing.T) {
	for _, one := range []*said{
		{key: "m.1", text: "Zürich\n& more", format: "html", by: author{RoleAgent, "ada", `Ada "A" <b>`}, authors: authors{}},
		{key: "u.2", text: "hello", format: "text", by: author{role: RoleUser, name: "Kim"}, authors: authors{}},
		{key: "m.3", format: "text", by: author{role: RoleDesk}, authors: authors{}},
	} {
		short, err := one.encode(nil)
		require.NoError(t, err)
		long, err := one.plain().encode(nil)
		require.NoError(t, err)
		assert.Equal(t, string(long), string(short))
		for name, value := range one.plain() {
			got, plain := one.field(name)
			assert.True(t, plain, name)
			assert.Equal(t, value, got, name)
		}
		got, plain := one.field("cursor")
		assert.True(t, plain)
		assert.Nil(t, got)
	}
}

func TestOnlySoManyAuthorsAreKept(t *testing.T) {
	all := authors{}
	for n := range 3 * mostAuthors {
		name := strconv.Itoa(n)
		assert.Equal(t, map[string]any{"role": RoleUser, "name": name}, all.fields(author{role: RoleUser, name: name}))
		assert.LessOrEqual(t, len(all), mostAuthors)
	}
}
