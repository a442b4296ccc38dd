package compact

import (
	"context"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/tables"
)

// heartbeatsKept is how long the rows of heartbeats stay. How far they are is a watermark and needs no row; the rows only
// tell how long they were on their way, to whoever wonders what last week was like.
const heartbeatsKept = 7 * 24 * time.Hour

// ForgetHeartbeats drops the days of the heartbeats that are older than a week, and returns how many rows went.
func (c *Compactor) ForgetHeartbeats(ctx context.Context, t *tables.Table) (int64, error) {
	before := c.opts.Now().UTC().Add(-heartbeatsKept).Format(time.DateOnly)
	for range maxTries {
		base, err := t.Snapshot(ctx)
		if err != nil {
			return 0, err
		}
		old, err := base.Files(ctx, tables.Filter{DtTo: before})
		if err != nil || len(old) == 0 {
			return 0, err
		}
		var rows int64
		for _, f := range old {
			rows += f.Rows
		}
		if _, err = t.Remove(ctx, base, old, tables.Update{Marker: c.opts.NewID()}); !fault.Is(err, fault.Conflict) {
			return rows, err
		}
	}
	return 0, fault.New(fault.Transient, "%s was committed to %d times while old days were dropped", t.Name(), maxTries)
}
