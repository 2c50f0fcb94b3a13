package serving

import (
	"fmt"
	"strconv"
)

// Whole reads a whole number of the query.
func Whole(c *Call, name string, least, most, otherwise int) (int, error) {
	given := c.URL.Query().Get(name)
	if given == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(given)
	if err != nil || n < least || n > most {
		return 0, Invalid(fmt.Sprintf("%s: expected a whole number from %d to %d, found %q.", name, least, most, given))
	}
	return n, nil
}

const (
	mostLimit    = 1000
	defaultLimit = 100
	// MostSeq is the largest number of an entry or an event.
	MostSeq = 1 << 53
)

// Limit reads how many are wanted at most.
func Limit(c *Call) (int, error) { return Whole(c, "limit", 1, mostLimit, defaultLimit) }
