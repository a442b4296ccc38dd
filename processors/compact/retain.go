package compact

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/schemas"
)

// Horizon returns the day that the dataset's history begins with at now; empty: it keeps everything. A partition goes as
// a whole, so what is in it is kept until its last moment is old enough.
func Horizon(d *schemas.Dataset, now time.Time) string {
	if d.Keep <= 0 {
		return ""
	}
	first := now.UTC().Add(-d.Keep)
	if d.Date.Grain == "month" {
		return first.Format("2006-01") + "-01"
	}
	return first.Format(time.DateOnly)
}

// Retained is what retention drops, or dropped, from a history.
type Retained struct {
	Table string `json:"table"`
	lake.Dropped
	Waiting int `json:"waiting"` // old files with changes that current state or the rollup does not have yet
}

// Attrs returns the event as a log line.
func (e Retained) Attrs() (string, []slog.Attr) {
	return "history dropped by retention", []slog.Attr{slog.String(telemetry.Table, e.Table), slog.String("before", e.Before),
		slog.Int("files", e.Files), slog.Int64(telemetry.Rows, e.Rows), slog.Int64("late", e.Late)}
}

// Retainable returns what Retain would drop.
func (c *Compactor) Retainable(ctx context.Context, h History, through int64) (Retained, error) {
	r, _, _, err := c.old(ctx, h, through)
	return r, err
}

// Retain drops the partitions that lie before the dataset's horizon, in one commit that says so. Only files go whose
// changes the base has taken in, and whatever else is current to the commit through (such as a rollup); 0: nothing else
// is. So neither current state nor a rollup changes. Rows that come for a day that was dropped go the same way, later:
// current state has them by then, and they are counted.
func (c *Compactor) Retain(ctx context.Context, h History, through int64) (Retained, error) {
	for range maxTries {
		r, base, files, err := c.old(ctx, h, through)
		if err != nil || len(files) == 0 {
			return r, err
		}
		text, object, err := lake.Entry{Dataset: h.Dataset.Name, Dropped: &r.Dropped}.Summary("")
		if err != nil || object != nil {
			return r, fmt.Errorf("tell what retention dropped from %s: %w", r.Table, err)
		}
		dropped := base.Dropped
		for _, f := range files {
			dropped = max(dropped, f.UpperCommit)
		}
		_, err = h.Changes.Remove(ctx, base, files, tables.Update{Marker: c.opts.NewID(), Entry: text,
			Properties: map[string]string{lake.PropHorizon: r.Before, lake.PropDropped: strconv.FormatInt(dropped, 10)}})
		if !fault.Is(err, fault.Conflict) {
			if err == nil {
				c.opts.Observe(r)
			}
			return r, err
		}
	}
	return Retained{}, fault.New(fault.Transient, "%s was committed to %d times while old partitions were dropped", h.Changes.Name(), maxTries)
}

// old returns the files that are to go, in the newest snapshot.
func (c *Compactor) old(ctx context.Context, h History, through int64) (Retained, *tables.Snapshot, []tables.File, error) {
	r := Retained{Table: h.Changes.Name(), Dropped: lake.Dropped{Before: Horizon(h.Dataset, c.opts.Now())}}
	base, err := h.Changes.Snapshot(ctx)
	if err != nil || r.Before == "" {
		return r, base, nil, err
	}
	r.Before = max(r.Before, base.Horizon) // it never goes back: what was dropped stays dropped
	if h.Base != nil {
		state, err := h.Base.Snapshot(ctx)
		if err != nil {
			return r, base, nil, err
		}
		if through == 0 || state.Through < through {
			through = state.Through
		}
	} else if through == 0 {
		through = base.Commit
	}
	all, err := base.Files(ctx, tables.Filter{DtTo: r.Before})
	if err != nil {
		return r, base, nil, err
	}
	var gone []tables.File
	for _, f := range all {
		if f.Dt == "" || f.UpperCommit == 0 || f.UpperCommit > through {
			r.Waiting++
			continue
		}
		gone = append(gone, f)
		r.Files++
		r.Rows += f.Rows
		r.Bytes += f.Size
		if f.Dt < base.Horizon {
			r.Late += f.Rows
		}
	}
	return r, base, gone, nil
}
