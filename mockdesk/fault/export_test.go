package fault

// Rest comes back when the goroutine that writes waits for something to be written.
func (p *Pump) Rest() {
	p.writing.Lock()
	defer p.writing.Unlock()
}
