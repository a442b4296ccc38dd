package commit

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

const writers = 4 // puts in flight, each waiting for the disk

// write makes one sorted file of each day and region's rows, or several of many rows, and returns them once all are
// durable. Their names are unique to the attempt, so nobody ever writes over a file that a snapshot has.
func (p *pass) write(ctx context.Context, t *target, rows []int32, number int64) ([]tables.NewFile, error) {
	groups, err := columns.Divide(t.rows, rows, schemas.ColDate, schemas.ColRegion)
	if err != nil {
		return nil, err
	}
	var drafts []*columns.Draft
	var of []columns.Group
	packed := t.sources.Packed()
	for _, g := range groups {
		t.rows.Sort(g.Rows, t.sort)
		for part := range chunks(g.Rows, p.opts.MaxRows) {
			d := t.encs[len(drafts)%len(t.encs)].Draft(part)
			d.Grow(packed * int64(len(part)) / int64(t.sources.Rows()))
			drafts, of = append(drafts, d), append(of, g)
		}
	}
	if err := t.sources.Write(drafts, map[string]int64{schemas.ColCommit: number}); err != nil {
		return nil, damage(err)
	}
	return p.put(ctx, t, drafts, of, number)
}

// put finishes the files and makes them durable, several at a time.
func (p *pass) put(ctx context.Context, t *target, drafts []*columns.Draft, of []columns.Group, number int64) ([]tables.NewFile, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	slots := make(chan struct{}, writers)
	var files []tables.NewFile
	var bodies [][]byte
	for i, d := range drafts {
		file, body, err := p.finished(t, d, of[i], number)
		if err != nil {
			cancel(err)
			break
		}
		files, bodies, drafts[i] = append(files, file), append(bodies, body), nil
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			key, err := lake.ParseURL(file.URL)
			if err == nil {
				err = p.files.Put(ctx, key, body)
			}
			if err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	t.reuse(bodies)
	if err := context.Cause(ctx); err != nil {
		p.discard(context.WithoutCancel(ctx), files)
		return nil, err
	}
	return files, nil
}

// reuse lets the next files be made in the memory of these. The same encoder's drafts are where they were, mostly.
func (t *target) reuse(bodies [][]byte) {
	for i, enc := range t.encs {
		var own [][]byte
		for n := i; n < len(bodies); n += len(t.encs) {
			own = append(own, bodies[n])
		}
		enc.Reuse(own)
	}
}

func chunks(rows []int32, size int) func(func([]int32) bool) {
	return func(yield func([]int32) bool) {
		for len(rows) > 0 {
			n := min(size, len(rows))
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// finished returns a draft as a file of its group, and what it holds.
func (p *pass) finished(t *target, d *columns.Draft, g columns.Group, number int64) (tables.NewFile, []byte, error) {
	body, stats, err := d.Bytes(nil)
	if err != nil {
		return tables.NewFile{}, nil, err
	}
	dt := time.Unix(int64(g.Date)*86400, 0).UTC().Format(time.DateOnly)
	name := fmt.Sprintf("%010d-%s", number, p.opts.NewID())
	key := lake.DataKey(t.table.Name(), lake.DayPartition(dt, url.PathEscape(g.Region)), name)
	return tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Dt: dt, Region: g.Region, Stats: statistics(stats)}, body, nil
}

// statistics copies what the encoder knows, because its memory is used again for the next file.
func statistics(s columns.FileStats) tables.Stats {
	s = s.Clone()
	out := tables.NewStats(s.SplitOffsets)
	for _, l := range s.Leaves {
		out.Add(l.ID, l.Size, l.Values, l.Nulls, l.Lower, l.Upper)
	}
	return out
}

// discard removes files that no commit will have. What stays is an orphan, swept later.
func (p *pass) discard(ctx context.Context, files []tables.NewFile) {
	var errs []error
	for _, f := range files {
		key, err := lake.ParseURL(f.URL)
		if err == nil {
			err = p.files.Delete(ctx, key)
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		p.opts.Log.WarnContext(ctx, "files not removed", telemetry.Files, len(files), telemetry.Err, err)
	}
}
