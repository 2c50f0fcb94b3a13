package digitalconnect_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"deskcheck/steps/digitalconnect"
)

// TestHowManyAnswersMayBeLate holds what scenarios ask of answers to events against DC-ACTION-10: the 95th of a hundred within a second, and of a few each.
func TestHowManyAnswersMayBeLate(t *testing.T) {
	const most = time.Second
	// answers are so many of which the last are late.
	answers := func(all, late int) []time.Duration {
		return slices.Concat(slices.Repeat([]time.Duration{most}, all-late), slices.Repeat([]time.Duration{most + time.Millisecond}, late))
	}
	for name, tc := range map[string]struct {
		all, late, of100 int
		want             int
	}{
		"nothing was asked":                {of100: 95, want: -1},
		"all in time":                      {all: 250, of100: 95, want: -1},
		"as many late as may be":           {all: 250, late: 12, of100: 95, want: -1},
		"one more":                         {all: 250, late: 13, of100: 95, want: 249},
		"all late":                         {all: 250, late: 250, of100: 95, want: 12},
		"one late of twenty":               {all: 20, late: 1, of100: 95, want: -1},
		"one late of nineteen":             {all: 19, late: 1, of100: 95, want: 18},
		"one late where each is to be not": {all: 250, late: 1, of100: 100, want: 249},
		"all in time where each is to be":  {all: 250, of100: 100, want: -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, tc.want, digitalconnect.TooLate(answers(tc.all, tc.late), most, tc.of100))
		})
	}
}
