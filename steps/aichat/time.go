package aichat

import "time"

var timeSteps = []definition{
	define(`(\d+) seconds pass`, func(p *Player) any { return func(n int) error { return p.Pass(seconds(n)) } }),
	define(`(\d+) minutes pass at the desk`, func(p *Player) any { return p.minutesAtDesk }),
}

// minutesAtDesk advances the desk's clock alone: the page may have gone.
func (p *Player) minutesAtDesk(n int) error {
	return p.Desk.Advance(int((time.Duration(n) * time.Minute).Milliseconds()))
}
