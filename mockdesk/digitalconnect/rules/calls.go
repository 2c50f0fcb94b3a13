package rules

import (
	"fmt"
	"net/http"
	"time"
)

// What is counted of calls.
const (
	fewTokens    = 2                // how many tokens may be asked for within one's life (DC-AUTH-10)
	manyCalls    = 20               // how many calls of the API show that there could have been fewer
	triesAllowed = 3                // how often one user's connector may ask again after its credentials were refused (DC-AUTH-14)
	triesWithin  = 10 * time.Second // and within which time
)

// calls counts calls of the identity server and of the API.
type calls struct {
	// given is when tokens were given, life the shortest of theirs.
	given []time.Duration
	life  time.Duration
	// refused is when token requests were refused, told says that this was told.
	refused []time.Duration
	told    bool
	// taken counts calls of the API that were not answered with 401, unauthorized those that were.
	taken, unauthorized int
}

// token counts a token request; life is that of the token which was given. It is DC-AUTH-14, where it is known for how many users the connector asks: each of them may have it ask anew.
func (c *calls) token(v *verdict, x Exchange, life time.Duration, users int) {
	switch x.Status {
	case http.StatusOK:
		c.given = append(c.given, x.At)
		if c.life == 0 || life < c.life {
			c.life = life
		}
	case http.StatusBadRequest, http.StatusUnauthorized:
		c.refused = append(c.refused, x.At)
		recent := 0
		for _, at := range c.refused {
			if x.At-at < triesWithin {
				recent++
			}
		}
		if users > 0 && recent > triesAllowed*users && !c.told {
			c.told = true
			v.breach("DC-AUTH-14", "", fmt.Sprintf("at most %d requests in %s for each user once the credentials are refused", triesAllowed, triesWithin), fmt.Sprintf("%d, for %d users", recent, users))
		}
	}
}

func (c *calls) api(x Exchange) {
	if x.Status == http.StatusUnauthorized {
		c.unauthorized++
		return
	}
	c.taken++
}

// end is DC-AUTH-10: tokens are kept. It is judged only where every token was good for the whole time: none was refused, and none can have come to its end.
func (c *calls) end(v *verdict) {
	if len(c.given) <= fewTokens || c.unauthorized > 0 || c.taken < manyCalls {
		return
	}
	if span := c.given[len(c.given)-1] - c.given[0]; span >= c.life/2 {
		return
	}
	v.breach("DC-AUTH-10", "", fmt.Sprintf("a token that is used for its life: at most %d token requests", fewTokens), fmt.Sprintf("%d for %d calls", len(c.given), c.taken))
}
