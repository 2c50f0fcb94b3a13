package browser

// Replaced is how many browsers of the pool have died and were replaced, or are about to be.
func (p *Pool) Replaced() int {
	if p == nil {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.deaths
}
