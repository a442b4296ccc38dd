package compact

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
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

// MergeBase brings the base up to the history when the changes above it pass an eighth of it, so that on average each
// row is rewritten a bounded number of times for each change; and at once when rows out of their order have come, which
// make questions dear until they are merged. It reports whether it did.
func (c *Compactor) MergeBase(ctx context.Context, h History) (bool, error) {
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
	var above int64
	for _, f := range delta {
		above += f.Rows
	}
	if late := base.ID != 0 && history.Late > base.Through; above < max(c.opts.BaseRows, base.Rows/8) && !late {
		return false, nil
	}
	m := c.newBaseMerge(h, base)
	if err := m.run(ctx, delta, history.Commit); err != nil {
		return false, fmt.Errorf("merge %s: %w", h.Base.Name(), err)
	}
	return true, nil
}

// baseMerge is one merge of a base with the changes above it.
type baseMerge struct {
	*Compactor
	h     History
	base  *tables.Snapshot
	cols  []schemas.Column
	keys  []columns.SortKey
	names []string // key columns
	enc   *columns.Encoder
	old   []tables.File
	files []tables.NewFile
	rows  int64
}

func (c *Compactor) newBaseMerge(h History, base *tables.Snapshot) *baseMerge {
	m := &baseMerge{Compactor: c, h: h, base: base, cols: h.Dataset.StateColumns(), names: []string{h.Dataset.Key.Partition}}
	if h.Dataset.Key.Sort != "" {
		m.names = append(m.names, h.Dataset.Key.Sort)
	}
	for _, n := range m.names {
		m.keys = append(m.keys, columns.SortKey{Path: n})
	}
	m.keys = append(m.keys, columns.SortKey{Path: schemas.ColSeq, Desc: true})
	m.enc = columns.NewEncoder(m.cols, columns.EncoderOptions{Codec: columns.Zstd, Bloom: bloom(h.Dataset)})
	return m
}

func (m *baseMerge) run(ctx context.Context, delta []tables.File, through int64) error {
	began := m.opts.Now()
	above, err := m.above(ctx, delta)
	if err != nil {
		return err
	}
	have, err := m.base.Files(ctx, tables.Filter{})
	if err != nil {
		return err
	}
	byBucket := map[int][]tables.File{}
	for _, f := range have {
		byBucket[f.Bucket] = append(byBucket[f.Bucket], f)
	}
	for bucket, rows := range m.spread(above) {
		if len(rows) == 0 {
			continue
		}
		if err := m.bucket(ctx, bucket, byBucket[bucket], above, rows, through); err != nil {
			return m.discardOn(ctx, err, m.files)
		}
	}
	if err := m.commit(ctx, through); err != nil {
		return err
	}
	m.opts.Observe(Compacted{Table: m.h.Base.Name(), In: len(m.old) + len(delta), Out: len(m.files), Rows: m.rows, Elapsed: m.opts.Now().Sub(began)})
	return nil
}

func (m *baseMerge) commit(ctx context.Context, through int64) error {
	u := tables.Update{Marker: m.opts.NewID(), Through: through}
	switch {
	case len(m.files) == 0:
		return nil // nothing but rows that leave: the base is as current as before, and the next merge looks again
	case len(m.old) > 0:
		return m.replace(ctx, m.h.Base, m.base, m.old, m.files, u)
	}
	_, err := m.h.Base.Append(ctx, m.base, m.files, u)
	return m.discardOn(ctx, err, m.files)
}

// above reads the changes above the base, without those that only leave a partition.
func (m *baseMerge) above(ctx context.Context, delta []tables.File) (*columns.Batch, error) {
	all := columns.New(m.cols)
	for _, f := range delta {
		if err := m.read(ctx, f, all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// spread divides the rows above the base by the bucket of their key.
func (m *baseMerge) spread(b *columns.Batch) map[int][]int32 {
	key, op, commit := b.Leaf(m.names[0]), b.Leaf(schemas.ColOp), b.Leaf(schemas.ColCommit)
	buckets := map[int][]int32{}
	for row := range b.Rows() {
		if string(op.BytesAt(row)) == string(record.Leave) || commit.Int64At(row) <= m.base.Through {
			continue
		}
		n := -1
		if byText(m.h.Dataset) {
			n = tables.Bucket(string(key.BytesAt(row)), Buckets)
		}
		buckets[n] = append(buckets[n], int32(row))
	}
	return buckets
}

// bucket writes one part anew: the latest row of each key of the old part and the changes above it.
func (m *baseMerge) bucket(ctx context.Context, bucket int, old []tables.File, above *columns.Batch, rows []int32, through int64) error {
	all, latest := columns.New(m.cols), columns.New(m.cols)
	for _, f := range old {
		if err := m.read(ctx, f, all); err != nil {
			return err
		}
	}
	if err := all.Gather(above, rows); err != nil {
		return err
	}
	if err := latest.Gather(all, m.latest(all)); err != nil {
		return err
	}
	key := lake.DataKey(m.h.Base.Name(), fmt.Sprintf("bucket=%d", bucket), fmt.Sprintf("b-%d-%s", through, m.opts.NewID()))
	f, err := m.write(ctx, m.enc, latest, key)
	if err != nil {
		return err
	}
	f.Bucket = bucket
	m.rows += f.Rows
	m.old, m.files = append(m.old, old...), append(m.files, f)
	return nil
}

// latest returns the rows that win, in the order of keys. Tombstones that nothing can bring an older row for any more are
// left out.
func (m *baseMerge) latest(b *columns.Batch) []int32 {
	leaves := make([]*columns.Leaf, len(m.names))
	for i, n := range m.names {
		leaves[i] = b.Leaf(n)
	}
	op, at := b.Leaf(schemas.ColOp), b.Leaf(schemas.ColAt)
	horizon := m.opts.Now().Add(-m.opts.Tombstones).UnixMicro()
	choose := winnersOf(b)
	var win []int32
	order := b.SortOrder(m.keys)
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && sameKey(leaves, order[from], order[to]) {
			to++
		}
		row := choose.of(order[from:to])
		from = to
		if record.Op(op.BytesAt(int(row))).Gone() && at.Int64At(int(row)) < horizon {
			continue
		}
		win = append(win, row)
	}
	return win
}

func sameKey(leaves []*columns.Leaf, i, j int32) bool {
	for _, l := range leaves {
		switch l.Kind {
		case columns.Bytes, columns.Fixed:
			if !bytes.Equal(l.BytesAt(int(i)), l.BytesAt(int(j))) {
				return false
			}
		default:
			if l.Int64At(int(i)) != l.Int64At(int(j)) {
				return false
			}
		}
	}
	return true
}

// Upkeep merges small manifests and lets go of old snapshots, of files that only they had, and of what crashes left.
func (c *Compactor) Upkeep(ctx context.Context, t *tables.Table) error {
	if _, err := t.RewriteManifests(ctx, c.opts.NewID()); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("rewrite the manifests of %s: %w", t.Name(), err)
	}
	if _, err := t.Expire(ctx, c.opts.Keep, c.opts.Grace); err != nil && !fault.Is(err, fault.Conflict) {
		return fmt.Errorf("expire snapshots of %s: %w", t.Name(), err)
	}
	return nil
}

// Sweep removes files that no snapshot has and that are older than a grace that no commit outlasts.
func (c *Compactor) Sweep(ctx context.Context, t *tables.Table) error {
	_, err := t.Sweep(ctx, max(c.opts.Grace, 15*time.Minute))
	return err
}
