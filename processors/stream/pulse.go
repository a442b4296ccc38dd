package stream

import "sync"

// pulse wakes everybody who waits, as often as it beats.
type pulse struct {
	mu sync.Mutex
	c  chan struct{}
}

func newPulse() *pulse { return &pulse{c: make(chan struct{})} }

// next returns a channel that is closed by the next beat. Ask for it before looking at what it announces.
func (p *pulse) next() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.c
}

func (p *pulse) beat() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.c)
	p.c = make(chan struct{})
}
