package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/ingest"
)

// Write does all actions or none, and returns when they are on disk. An error of kind Full, ReadOnly or Internal that
// says so leaves unknown whether the actions were done; every other error means that none was.
func (s *Store) Write(ctx context.Context, actions ...ingest.Action) error {
	if len(actions) == 0 {
		return nil
	}
	steps, err := prepare(s.catalog.Load(), actions)
	if err != nil {
		return err
	}
	r := &request{txns: []txn{{steps: steps}}}
	if err := s.submit(ctx, r); err != nil {
		return err
	}
	return r.txns[0].err
}

// Bulk is one transaction of many, with the time at which its changes shall have been made.
type Bulk struct {
	At      time.Time // zero: now
	Actions []ingest.Action
}

// bulkChunk is how many transactions share a sync.
const bulkChunk = 1000

// WriteBulk does many transactions, each whole or not at all, with a sync for some hundreds of them, and returns when
// all are on disk. The feed shows the injected times; keep them in order and before those of other writes, or what a
// reader was told to be complete is not. A refused transaction does not stop the others; the error names the first.
func (s *Store) WriteBulk(ctx context.Context, writes []Bulk) error {
	type answer struct {
		err  error
		from int
		r    *request
	}
	var first error
	note := func(a answer) {
		if first == nil {
			first = a.err
		}
		for i := range a.r.txns {
			if err := a.r.txns[i].err; err != nil && first == nil {
				first = fmt.Errorf("write %d: %w", a.from+i, err)
			}
		}
	}
	// One chunk is decided while the next is made ready.
	answers := make(chan answer, 1)
	pending := 0
	for from := 0; from < len(writes) && first == nil; from += bulkChunk {
		r, err := s.bulk(writes[from:min(from+bulkChunk, len(writes))])
		if pending > 0 {
			note(<-answers)
			pending--
		}
		if err != nil {
			if first == nil {
				first = fmt.Errorf("writes from %d: %w", from, err)
			}
			break
		}
		pending++
		go func() { answers <- answer{s.submit(ctx, r), from, r} }()
	}
	if pending > 0 {
		note(<-answers)
	}
	return first
}

func (s *Store) bulk(writes []Bulk) (*request, error) {
	cat := s.catalog.Load()
	r := &request{txns: make([]txn, len(writes))}
	for i, w := range writes {
		steps, err := prepare(cat, w.Actions)
		if err != nil {
			return nil, err
		}
		r.txns[i].steps = steps
		if !w.At.IsZero() {
			r.txns[i].at = w.At.UnixMilli()
		}
	}
	return r, nil
}
