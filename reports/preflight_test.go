package reports

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPreflightLeavesNoTrace(t *testing.T) {
	parent := t.TempDir()
	require.NoError(t, Preflight(filepath.Join(parent, "not", "there", "yet")))
	entries, err := os.ReadDir(parent)
	require.NoError(t, err)
	assert.Empty(t, entries)

	dir := filepath.Join(parent, "report")
	require.NoError(t, Write(dir, sample()))
	before := tree(t, dir)
	require.NoError(t, Preflight(dir), "our own report is replaced")
	assert.Equal(t, before, tree(t, dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "journals", "mine.ndjson"), []byte("mine"), 0o644))
	require.NoError(t, Preflight(dir), "files of others that are not in the way may stay")
}

func TestPreflightNamesWhatIsInTheWay(t *testing.T) {
	write := func(name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("<h1>mine</h1>"), 0o644))
		}
	}
	link := func(to, name string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.Symlink(to, filepath.Join(dir, name)))
		}
	}
	for _, test := range []struct {
		name  string
		below string
		lay   func(t *testing.T, dir string)
		want  string
	}{
		{"a page of someone else", "", write(IndexFile), "index.html was not written by deskcheck"},
		{"results of someone else", "", write(ResultsFile), "results.json was not written by deskcheck"},
		{"a link for the page", "", link("/etc/hostname", IndexFile), "index.html was not written by deskcheck"},
		{"a link for the results that leads nowhere", "", link("nowhere", ResultsFile), "results.json was not written by deskcheck"},
		{"journals that are a file", "", write("journals"), "journals is not a folder"},
		{"journals that are a link to elsewhere", "", link("..", "journals"), "journals is a link that leads nowhere or out of the report"},
		{"screenshots that are a link to nowhere", "", link("nowhere", "screenshots"), "screenshots is a link that leads nowhere or out of the report"},
		{"a folder below a file", "file/sub", write("file"), "not a directory"},
		{"a link that leads nowhere", "gone", link("nowhere", "gone"), "it is a link that leads nowhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.lay(t, dir)
			before := tree(t, dir)
			require.ErrorContains(t, Preflight(filepath.Join(dir, test.below)), test.want)
			assert.Equal(t, before, tree(t, dir))
			require.Error(t, Write(filepath.Join(dir, test.below), sample()), "it refuses nothing that could be written")
		})
	}
}

func TestPreflightOfAFolderThatTakesNoFiles(t *testing.T) {
	dir, reason := t.TempDir(), "permission denied"
	require.NoError(t, os.Chmod(dir, 0o500))
	if os.WriteFile(filepath.Join(dir, "probe"), nil, 0o600) == nil {
		// This user may write wherever files can be; here they cannot.
		dir, reason = "/proc", "no such file or directory"
	}
	require.ErrorContains(t, Preflight(dir), "no file can be written there: "+reason)
	require.ErrorContains(t, Preflight(filepath.Join(dir, "sub")), reason)
}
