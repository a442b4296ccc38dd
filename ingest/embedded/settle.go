package embedded

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// request is what the deciding goroutine is asked to do.
type request struct {
	txns   []txn
	change func(*decider, at) (*catalog, error) // instead of txns: a change of the catalog
	frees  bool                                 // it makes room, so it may go on when there is little
	state  atomic.Int32
	done   chan struct{}
	err    error
}

// States of a request: whoever moves it first decides whether it is done or given up.
const (
	waiting = iota
	taken
	givenUp
)

func (r *request) take() bool { return r.state.CompareAndSwap(waiting, taken) }

func (r *request) giveUp() bool { return r.state.CompareAndSwap(waiting, givenUp) }

// submit hands a request to the deciding goroutine and waits for the answer. A done ctx gives up a request that has not
// been taken; one that has is waited for, unless the disk keeps it from becoming durable.
func (s *Store) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return errGivenUp(err)
	}
	if err := s.disk.refuse(); err != nil {
		return err
	}
	r.done = make(chan struct{})
	stuck := s.disk.stuck()
	select {
	case s.queue <- r:
	case <-ctx.Done():
		return errGivenUp(ctx.Err())
	case <-s.closed:
		return errClosed()
	}
	var why error
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		why = errGivenUp(ctx.Err())
	case <-stuck:
		why = s.disk.refuse()
	case <-s.closed:
		why = errClosed()
	}
	if why == nil {
		why = s.disk.errUnknown() // the trouble has passed in between
	}
	if r.giveUp() {
		return why
	}
	select {
	case <-r.done:
		return r.err
	case <-stuck:
	}
	select {
	case <-r.done: // both came
		return r.err
	default:
		return s.disk.errUnknown()
	}
}

func errGivenUp(cause error) error {
	return fault.Wrap(fault.Transient, cause, "the write was given up before it began")
}

// begin opens a group: it returns the time of its changes, before which no reader may have been told that all is there.
func (s *Store) begin() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.floor = max(s.floor, s.opts.Now().UnixMilli())
	s.inflight = append(s.inflight, s.floor)
	return s.floor
}

// settle makes groups durable, shows them to the feed's readers and answers their requests, in order.
func (s *Store) settle() {
	for g := range s.groups {
		var took time.Duration
		if g.applied {
			start := time.Now()
			if err := g.batch.SyncWait(); err != nil {
				s.disk.fail(err)
			}
			took = time.Since(start)
		}
		if s.disk.broken() {
			s.abandon(g)
			continue
		}
		s.publish(g, took)
		for _, r := range g.requests {
			close(r.done)
		}
		_ = g.batch.Close() // it only returns memory
	}
}

// abandon answers nothing that may not be durable. The requests are told by the disk's trouble.
func (s *Store) abandon(g *group) {
	for _, r := range g.requests {
		if r.err == nil {
			r.err = s.disk.errUnknown()
		}
		close(r.done)
	}
}

// publish lets readers see a durable group.
func (s *Store) publish(g *group, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.catalog != nil {
		s.catalog.Store(g.catalog)
		for name := range g.catalog.streams {
			if s.feeds[name] == nil {
				s.feeds[name] = newFeedState()
			}
			s.feeds[name].wake(g.last)
		}
	}
	s.durable = g.last
	s.inflight = s.inflight[1:]
	for name := range g.streams {
		s.feeds[name].wake(g.last)
	}
	s.stats.Writes += g.writes
	s.stats.Refused += g.refused
	s.stats.Changes += g.changes
	if g.applied {
		s.stats.Syncs++
		s.stats.SyncTime += took
	}
}
