package journal_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"deskcheck/mockdesk/journal"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABoundedJournalKeepsTheNewest(t *testing.T) {
	j := journal.NewBounded(3)
	assert.Equal(t, 1, j.First())
	for range 10 {
		j.Append(journal.Entry{Kind: journal.Act})
	}
	assert.Equal(t, 10, j.Len())
	assert.Equal(t, 8, j.First())
	kept := j.Since(0)
	require.Len(t, kept, 3)
	assert.Equal(t, 8, kept[0].Seq)
	assert.Len(t, j.Since(9), 1)
	assert.Empty(t, j.Since(10))
	assert.Empty(t, j.Since(99))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	e, err := j.Wait(ctx, 0, func(e journal.Entry) bool { return e.Seq == 9 })
	require.NoError(t, err)
	assert.Equal(t, 9, e.Seq)
	go func() {
		for range 50 {
			j.Append(journal.Entry{Kind: journal.Act})
		}
		j.Append(journal.Entry{Kind: journal.Clock})
	}()
	e, err = j.Wait(ctx, 10, func(e journal.Entry) bool { return e.Kind == journal.Clock })
	require.NoError(t, err)
	assert.Equal(t, 61, e.Seq)
}

// TestAJournalThatIsSavedWaitsForThat drops nothing that is not saved, and goes on where another ended.
func TestAJournalThatIsSavedWaitsForThat(t *testing.T) {
	j := journal.NewBounded(3)
	began := time.Now().Add(-time.Hour)
	j.Continue(began, 40)
	assert.Equal(t, 41, j.First())
	assert.Equal(t, 40, j.Len())
	for range 10 {
		j.Append(journal.Entry{Kind: journal.Act})
	}
	kept := j.Since(0)
	require.Len(t, kept, 10, "none of them is saved")
	assert.Equal(t, 41, kept[0].Seq)
	assert.GreaterOrEqual(t, kept[0].At, time.Hour)
	j.Saved(45)
	assert.Equal(t, 46, j.First())
	j.Saved(50)
	assert.Equal(t, 48, j.First(), "the newest are kept")
	j.Append(journal.Entry{Kind: journal.Act})
	assert.Len(t, j.Since(0), 3, "what goes was saved")
}

func TestSecretsAreReplaced(t *testing.T) {
	r := journal.NewRedactor("Order-Pin")
	for given, want := range map[string]string{
		`{"password":"p","user":"u"}`:                         `{"password":"[redacted]","user":"u"}`,
		`{"body":{"Access_Token":"abc","tokens":3}}`:          `{"body":{"Access_Token":"[redacted]","tokens":3}}`,
		`{"headers":{"X-API-Key":"k","Accept":"a"}}`:          `{"headers":{"X-API-Key":"[redacted]","Accept":"a"}}`,
		`{"query":"queue=billing&token=abc%20d&x=1"}`:         `{"query":"queue=billing&token=[redacted]&x=1"}`,
		`{"body":"user=u&password=geheim"}`:                   `{"body":"user=u&password=[redacted]"}`,
		`{"note":"Authorization: Bearer abcdefgh.ijk"}`:       `{"note":"Authorization: [redacted]"}`,
		`{"x":["eyJhbGciOiJI.eyJzdWIiOiIx.c2ln"]}`:            `{"x":["[redacted]"]}`,
		`{"inner":"{\"secret\":\"s\",\"a\":1}"}`:              `{"inner":"{\"a\":1,\"secret\":\"[redacted]\"}"}`,
		`{"orderPin":"1234","order":"1234"}`:                  `{"order":"1234","orderPin":"[redacted]"}`,
		`{"password":{"old":"a","new":"b"},"password2":null}`: `{"password":"[redacted]","password2":null}`,
		`{"key":"k1","text":"my token of love"}`:              `{"key":"k1","text":"my token of love"}`,
	} {
		got := r.Redact(journal.Entry{Data: json.RawMessage(given)})
		assert.JSONEq(t, want, string(got.Data))
	}
	assert.Equal(t, "it said [redacted]", r.Redact(journal.Entry{Note: "it said bearer abcdefghij"}).Note)
	untouched := json.RawMessage(`{"b":1,  "a":2}`)
	assert.Equal(t, string(untouched), string(r.Redact(journal.Entry{Data: untouched}).Data), "what holds no secret stays byte for byte")
	j := journal.New()
	j.Filter(r.Redact)
	assert.JSONEq(t, `{"secret":"[redacted]"}`, string(j.Append(journal.Entry{Data: json.RawMessage(`{"secret":"s"}`)}).Data))
}

// TestSecretsAreFoundWhateverTheirLetters has names with letters that only become those of a name when their case is folded: the sign for Kelvin is one.
func TestSecretsAreFoundWhateverTheirLetters(t *testing.T) {
	r := journal.NewRedactor("Straße", "PİN")
	for _, name := range []string{"to\u212Aen", "STRAßE", "Str-aße", "PİN"} {
		data, err := json.Marshal(map[string]string{name: "s", "text": strings.Repeat("long ", 200)})
		require.NoError(t, err)
		assert.NotContains(t, string(r.Redact(journal.Entry{Data: data}).Data), `:"s"`, name)
	}
}

func BenchmarkRedactNothing(b *testing.B) {
	r := journal.NewRedactor()
	e := journal.Entry{Note: "Ada says something.", Data: json.RawMessage(`{"conversation":"6f1c2f0e-5d0b-4b8e-9a65-0d8a3c1f7b11","socket":17,"body":{"t":"say","text":"Why did my bill double this month, and who can tell me?"}}`)}
	b.ReportAllocs()
	for b.Loop() {
		r.Redact(e)
	}
}

// TestABoundedJournalKeepsTheNewestAcrossBlocks holds what a journal keeps against a list, beyond whatever it is kept in.
func TestABoundedJournalKeepsTheNewestAcrossBlocks(t *testing.T) {
	for _, limit := range []int{1, 127, 128, 129, 300} {
		j := journal.NewBounded(limit)
		for n := 1; n <= 1000; n++ {
			j.Append(journal.Entry{Kind: journal.Act})
			kept := j.Since(0)
			require.Len(t, kept, min(n, limit))
			for i, e := range kept {
				require.Equal(t, n-len(kept)+1+i, e.Seq)
			}
		}
		for mark := 1000 - limit; mark <= 1000; mark++ {
			require.Len(t, j.Since(mark), 1000-mark)
		}
		assert.Nil(t, j.Since(1001))
	}
}

func BenchmarkAppendToABoundedJournal(b *testing.B) {
	j := journal.NewBounded(20_000)
	b.ReportAllocs()
	for b.Loop() {
		j.Append(journal.Entry{Kind: journal.Act})
	}
}
