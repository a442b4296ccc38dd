package embedded

import (
	"context"

	"github.com/cockroachdb/pebble/v2"
	"github.com/tarn-lake/tarn/internal/fault"
)

// Checkpoint makes a copy of the store in dir, which must not exist and be on the store's own disk: it takes no room
// worth mentioning. The copy holds every write that was answered before the call, and opens as a store of its own.
func (s *Store) Checkpoint(ctx context.Context, dir string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.disk.refuse(); err != nil {
		return err
	}
	if s.disk.low() {
		return s.disk.errLow()
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if err := s.db.Checkpoint(dir, pebble.WithFlushedWAL()); err != nil {
		return fault.Wrap(fault.Disk(err), err, "copy the store to %s", dir)
	}
	return nil
}
