package browser

import (
	"context"
	"fmt"
	"sync"
)

// attachTries is how often a tab is tried to be made: under load a browser now and then refuses one.
const attachTries = 3

// Pool is one browser and the tabs in it. Its methods are safe for any number of goroutines. A nil Pool is that of a run without a browser: it has no version, no deaths and no tabs to
// lease, and there is nothing to close.
type Pool struct {
	options   Options
	installed Installation
	slots     chan struct{} // holds one token for each tab that is leased
	done      chan struct{} // closed by Close
	work      sync.WaitGroup
	closeOnce sync.Once

	// starting is a lock that can be waited for with a context; whoever holds it may replace the browser.
	starting chan struct{}

	mu      sync.Mutex
	current *process
	mourned *process // the last browser whose death was counted
	deaths  int
	idle    []*session
	closed  bool
}

// Launch finds and starts a browser. ctx bounds only the start; the browser runs until Close. Errors wrap ErrNoBrowser when there is none to start.
func Launch(ctx context.Context, o Options) (*Pool, error) {
	installed, err := locate(o.Path, o.Headed)
	if err != nil {
		return nil, err
	}
	if o.Tabs < 0 {
		return nil, fmt.Errorf("a pool of %d tabs cannot be; give 1 or more, or 0 for the default", o.Tabs)
	}
	if o.Tabs == 0 {
		o.Tabs = 4
	}
	p := &Pool{options: o, slots: make(chan struct{}, o.Tabs), done: make(chan struct{}), starting: make(chan struct{}, 1)}
	if p.current, err = startProcess(ctx, installed, o); err != nil {
		return nil, err
	}
	installed.Version = p.current.version
	p.installed = installed
	return p, nil
}

// Installation is the browser that runs, with the version that it gave itself.
func (p *Pool) Installation() Installation {
	if p == nil {
		return Installation{}
	}
	return p.installed
}

// Pids are the operating system's ids of the browser's processes, the browser itself first; for measurements and for tests that kill it.
func (p *Pool) Pids(ctx context.Context) ([]int, error) {
	p.mu.Lock()
	current := p.current
	p.mu.Unlock()
	return current.pids(ctx)
}

// Lease answers a tab that nobody else has, waiting for one until ctx ends. If the browser has died it starts a new one; a second death is the end, and the error
// wraps ErrBrowserDied. After Close it wraps ErrClosed.
func (p *Pool) Lease(ctx context.Context) (*Tab, error) {
	select {
	case p.slots <- struct{}{}:
	case <-p.done:
		return nil, fmt.Errorf("lease a tab: %w", ErrClosed)
	case <-ctx.Done():
		return nil, fmt.Errorf("lease a tab: all %d are in use: %w", cap(p.slots), ctx.Err())
	}
	s, err := p.session(ctx)
	if err != nil {
		<-p.slots
		return nil, fmt.Errorf("lease a tab: %w", err)
	}
	return &Tab{pool: p, session: s}, nil
}

// session answers an idle tab or makes one.
func (p *Pool) session(ctx context.Context) (*session, error) {
	var failed error
	for range attachTries {
		current, err := p.alive(ctx)
		if err != nil {
			return nil, err
		}
		if s := p.pick(); s != nil {
			return s, nil
		}
		s, err := current.attach(ctx)
		if err == nil {
			return s, nil
		}
		failed = err
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}

// pick takes an idle tab that is still good.
func (p *Pool) pick() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 && !p.closed {
		s := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if s.lostReason() == nil {
			return s
		}
		p.work.Go(s.discard)
	}
	return nil
}

// alive answers a running browser: the present one, or after its first death a new one.
func (p *Pool) alive(ctx context.Context) (*process, error) {
	select {
	case p.starting <- struct{}{}:
		defer func() { <-p.starting }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	current, closed := p.current, p.closed
	if !closed && current.dead() && p.mourned != current {
		p.mourned = current
		p.deaths++
		p.work.Go(current.stop)
	}
	deaths := p.deaths
	p.mu.Unlock()
	switch {
	case closed:
		return nil, ErrClosed
	case deaths >= 2:
		return nil, fmt.Errorf("%w; run again with fewer tabs at once, or look at the memory of this machine", ErrBrowserDied)
	case !current.dead():
		return current, nil
	}
	fresh, err := startProcess(ctx, p.installed, p.options)
	if err != nil {
		return nil, fmt.Errorf("replace the browser that died: %w", err)
	}
	p.mu.Lock()
	closed = p.closed
	if !closed {
		p.current = fresh
	}
	p.mu.Unlock()
	if closed {
		fresh.stop()
		return nil, ErrClosed
	}
	return fresh, nil
}

// take receives a released tab.
func (p *Pool) take(s *session, good bool) {
	p.mu.Lock()
	switch {
	case p.closed:
		// The browser is going or gone, and the tab with it; Close waits for no more work.
		go s.discard()
	case good && s.process == p.current:
		p.idle = append(p.idle, s)
	default:
		p.work.Go(s.discard)
	}
	p.mu.Unlock()
	<-p.slots
}

// Close ends the browser and everything in it, and waits until its process and its profile directory are gone. Tabs that are still leased are lost. Further calls do
// nothing.
func (p *Pool) Close() error {
	if p == nil {
		return nil
	}
	p.closeOnce.Do(func() {
		p.mu.Lock()
		p.closed = true
		current, mourned := p.current, p.mourned
		p.mu.Unlock()
		close(p.done)
		current.stop()
		p.work.Wait()
		current.closeProxies()
		if mourned != nil {
			mourned.closeProxies()
		}
	})
	return nil
}
