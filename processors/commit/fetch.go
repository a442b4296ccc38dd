package commit

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// fetched is what came of reading an object.
type fetched struct {
	body []byte
	err  error
}

// ahead reads the batches' objects some at once, before they are asked for: over a network each read is mostly waiting. Next
// returns them in order; stop ends what is still being read, and must be called. No more bodies lie about than are read at
// once.
func (p *pass) ahead(ctx context.Context) (next func(*batch) ([]byte, error), stop func()) {
	if p.opts.AtOnce <= 1 {
		return func(b *batch) ([]byte, error) { return p.files.Get(ctx, b.key) }, func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var reading sync.WaitGroup
	queue := make(chan chan fetched, p.opts.AtOnce-1) // of those that are read: one more waits to get in
	reading.Go(func() {
		defer close(queue)
		for _, b := range p.batches {
			came := make(chan fetched, 1)
			select {
			case queue <- came:
			case <-ctx.Done():
				return
			}
			reading.Go(func() {
				body, err := p.files.Get(ctx, b.key)
				came <- fetched{body, err}
			})
		}
	})
	next = func(*batch) ([]byte, error) {
		came, ok := <-queue
		if !ok {
			return nil, ctx.Err()
		}
		f := <-came
		return f.body, f.err
	}
	return next, func() { cancel(); reading.Wait() }
}

// each does something with every key, some at once, and returns the first error; then the others are given up.
func (p *pass) each(ctx context.Context, keys []string, do func(context.Context, string) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(p.opts.AtOnce, 1))
	for _, key := range keys {
		g.Go(func() error { // waits for its turn
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(ctx, key)
		})
	}
	return g.Wait()
}
