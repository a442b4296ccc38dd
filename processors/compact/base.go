package compact

import (
	"context"
	"fmt"

	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/schemas"
)

// Buckets is how many parts a base has. It is fixed when the table is created.
const Buckets = 8

// BaseSpec returns the base table of a dataset with a key: one row a key, the latest change as of some commit.
func BaseSpec(d *schemas.Dataset) tables.Spec {
	spec := tables.Spec{Name: d.BaseTable(), Columns: d.StateColumns()}
	if byText(d) {
		spec.Partition = tables.ByBucket(d.Key.Partition, Buckets)
	}
	return spec
}

func byText(d *schemas.Dataset) bool {
	f, ok := d.Field(d.Key.Partition)
	return ok && (f.Type == schemas.String || f.Type == schemas.Enum)
}

// MergeBase brings the base up to the history when the changes above it pass an eighth of it or another share, so that on average each
// row is rewritten a bounded number of times for each change; and at once when rows out of their order have come, which
// make questions dear until they are merged. It reports whether it did.
func (c *Compactor) MergeBase(ctx context.Context, h History) (bool, error) {
	return c.mergeBase(ctx, h, func(rows int64) int64 {
		if c.opts.BaseTimes > 0 {
			return max(c.opts.BaseRows, rows*c.opts.BaseTimes)
		}
		return max(c.opts.BaseRows, rows/c.opts.BaseShare)
	})
}

// CompleteBase is MergeBase at the end of a bulk load, whose options let the base fall far behind: now the ordinary share
// of changes may be above it and no more.
func (c *Compactor) CompleteBase(ctx context.Context, h History) (bool, error) {
	return c.mergeBase(ctx, h, func(rows int64) int64 { return max(baseRows, rows/baseShare) })
}

// mergeBase merges when at least so many changes are above the base's rows.
func (c *Compactor) mergeBase(ctx context.Context, h History, due func(rows int64) int64) (bool, error) {
	if h.Base == nil {
		return false, nil
	}
	history, err := h.Changes.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	base, err := h.Base.Snapshot(ctx)
	if err != nil || history.Commit == base.Through {
		return false, err
	}
	delta, err := history.Files(ctx, tables.Filter{CommitAbove: base.Through})
	if err != nil {
		return false, err
	}
	if late := base.ID != 0 && history.Late > base.Through; above(delta, base.Through) < due(base.Rows) && !late {
		return false, nil
	}
	defer c.works.begin()()
	m := c.newBaseMerge(h, base)
	if err := m.run(ctx, delta, history.Commit); err != nil {
		return false, fmt.Errorf("merge %s: %w", h.Base.Name(), err)
	}
	return true, nil
}

// above returns how many rows of the files are above the commit, about: files that were merged hold older ones too.
func above(files []tables.File, through int64) (rows int64) {
	for _, f := range files {
		share := 1.0
		if f.LowerCommit > 0 && f.LowerCommit <= through {
			share = float64(f.UpperCommit-through) / float64(f.UpperCommit-f.LowerCommit+1)
		}
		rows += int64(share * float64(f.Rows))
	}
	return rows
}
