package rollup

import (
	"context"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Hold takes the table out of use while rows of the history below it are rewritten, which their commits do not tell: it is
// voided, and nothing makes it anew until release is called. Who dies meanwhile leaves a table that nobody reads, which is
// made anew from what the history is then. Release voids it once more where another process has made it anew; the context
// of its call may be done.
func (r *Rollup) Hold(ctx context.Context) (release func(context.Context) error, err error) {
	r.mu.Lock()
	r.held++
	r.mu.Unlock()
	done := func() {
		r.mu.Lock()
		r.held--
		r.mu.Unlock()
	}
	if err := r.Void(ctx); err != nil {
		done()
		return nil, err
	}
	snap, err := r.table.Snapshot(ctx)
	if err != nil {
		done()
		return nil, err
	}
	voided := snap.ID
	return func(ctx context.Context) error {
		defer done()
		ctx = context.WithoutCancel(ctx)
		snap, err := r.table.Snapshot(ctx)
		if err != nil || snap.ID == voided {
			return err
		}
		return r.Void(ctx)
	}, nil
}

// errHeld is what those are told who cannot do without a table that is held.
func (r *Rollup) errHeld() error {
	return fault.New(fault.Conflict, "%s waits until rows below it have been rewritten: try again then", r.table.Name())
}
