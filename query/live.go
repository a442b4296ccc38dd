package query

import (
	"sync"
	"time"
)

// Commit tells that a dataset has new rows, or that it is known to be complete to a later instant.
type Commit struct {
	Dataset    string
	Number     int64
	CompleteTo time.Time
}

// live passes commits on to whoever listens. A listener that is slow keeps the newest of each dataset.
type live struct {
	mu        sync.Mutex
	listeners map[*listener]bool
	newest    map[string]Commit
}

type listener struct {
	wake    chan struct{}
	mu      sync.Mutex
	pending map[string]Commit
}

func newLive() *live { return &live{listeners: map[*listener]bool{}, newest: map[string]Commit{}} }

// Notify tells every listener of a commit. It never waits.
func (s *Service) Notify(dataset string, commit int64, completeTo time.Time) {
	c := Commit{Dataset: dataset, Number: commit, CompleteTo: completeTo}
	s.live.mu.Lock()
	defer s.live.mu.Unlock()
	s.live.newest[dataset] = c
	for l := range s.live.listeners {
		l.put(c)
	}
}

// listen returns a listener that begins with the newest commit of every dataset, and how to end it.
func (v *live) listen() (*listener, func()) {
	l := &listener{wake: make(chan struct{}, 1), pending: map[string]Commit{}}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.listeners[l] = true
	for _, c := range v.newest {
		l.put(c)
	}
	return l, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.listeners, l)
	}
}

func (l *listener) put(c Commit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.pending[c.Dataset] = c
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// take returns what has come since, by dataset.
func (l *listener) take() map[string]Commit {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.pending
	l.pending = map[string]Commit{}
	return all
}
