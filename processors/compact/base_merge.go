package compact

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// baseMerge is one merge of a base with the changes above it, bucket by bucket.
type baseMerge struct {
	*merger
	h     History
	base  *tables.Snapshot
	names []string // key columns
	have  map[int][]tables.File
	spill *columns.Encoder // of files that nobody but this merge reads

	spillRow int64 // bytes of a row in them, about
}

func (c *Compactor) newBaseMerge(h History, base *tables.Snapshot) *baseMerge {
	cols := h.Dataset.StateColumns()
	b := &baseMerge{h: h, base: base, names: []string{h.Dataset.Key.Partition}, have: map[int][]tables.File{}}
	if h.Dataset.Key.Sort != "" {
		b.names = append(b.names, h.Dataset.Key.Sort)
	}
	b.merger = &merger{Compactor: c, table: h.Base, cols: cols, memory: c.opts.MemoryBytes}
	b.encoders()
	for _, n := range b.names {
		b.keys = append(b.keys, columns.SortKey{Path: n})
	}
	b.sort = slices.Clone(b.keys)
	b.keys = append(b.keys, columns.SortKey{Path: schemas.ColSeq, Desc: true}, columns.SortKey{Path: schemas.ColCommit})
	b.paths = append(slices.Clone(b.names), schemas.ColSeq, schemas.ColCommit, schemas.ColOp, schemas.ColAt, schemas.ColShard)
	return b
}

// A base that is written for speed is read in ranges soon, with more than a range's rows where its pages go on.
const quickPage = 4096

// spillRows is how many rows of a spill are worth a row group of their own.
const spillRows = 512

// encoders gives the merge encoders of its own.
func (b *baseMerge) encoders() {
	packing := columns.EncoderOptions{Codec: columns.Zstd, Bloom: bloom(b.h.Dataset)}
	if b.opts.QuickBase {
		packing.Codec, packing.PageRows = columns.Snappy, quickPage
	}
	b.enc = columns.NewEncoder(b.cols, packing)
	b.spill = columns.NewEncoder(b.cols, columns.EncoderOptions{Bare: true})
}

func (b *baseMerge) run(ctx context.Context, delta []tables.File, through int64) error {
	began := b.opts.Now()
	have, err := b.base.Files(ctx, tables.Filter{})
	if err != nil {
		return err
	}
	for _, f := range have {
		b.have[f.Bucket] = append(b.have[f.Bucket], f)
	}
	if err := b.merge(ctx, delta, through); err != nil {
		return b.discardOn(ctx, err, b.files)
	}
	if err := b.commit(ctx, through); err != nil {
		return err
	}
	b.opts.Observe(Compacted{Table: b.h.Base.Name(), In: len(b.old) + len(delta), Out: len(b.files), Rows: b.rows, Elapsed: b.opts.Now().Sub(began)})
	return nil
}

func (b *baseMerge) commit(ctx context.Context, through int64) error {
	u := tables.Update{Marker: b.opts.NewID(), Through: through}
	switch {
	case len(b.files) == 0 && len(b.old) == 0:
		return nil // nothing but rows that leave: the base is as current as before, and the next merge looks again
	case len(b.old) > 0:
		return b.replace(ctx, b.h.Base, b.base, b.old, b.files, u)
	}
	_, err := b.h.Base.Append(ctx, b.base, b.files, u)
	return b.discardOn(ctx, err, b.files)
}

// merge writes the buckets that the changes touch anew: in one go where all of it fits the memory, else one after the
// other, from changes that were divided by bucket before.
func (b *baseMerge) merge(ctx context.Context, delta []tables.File, through int64) error {
	in, err := b.input(ctx, delta, b.cols)
	if err != nil {
		return err
	}
	if in.sources.Memory(b.paths...) > b.room() {
		return errors.Join(in.close(), b.divided(ctx, delta, through))
	}
	keys := columns.New(b.cols)
	if err := in.sources.Keys(keys, b.names[0], schemas.ColOp, schemas.ColCommit); err != nil {
		return errors.Join(err, in.close())
	}
	buckets := b.spread(keys)
	changes := in.sources.Files()
	for _, bucket := range slices.Sorted(maps.Keys(buckets)) {
		for _, f := range b.have[bucket] {
			if err := b.add(ctx, in, f); err != nil {
				return errors.Join(err, in.close())
			}
		}
	}
	if in.sources.Memory(b.paths...) > b.room() {
		return errors.Join(in.close(), b.divided(ctx, delta, through))
	}
	return errors.Join(b.together(ctx, in, changes, buckets, through), in.close())
}

// together writes all touched buckets at once. The first files of the input are the changes.
func (b *baseMerge) together(ctx context.Context, in *input, changes int, buckets map[int][]int32, through int64) error {
	keys, err := b.look(in.sources)
	if err != nil {
		return err
	}
	at := 0
	for _, f := range in.files[:changes] {
		at += int(f.Rows())
	}
	var drafts []*columns.Draft
	var of []int
	for _, bucket := range slices.Sorted(maps.Keys(buckets)) {
		rows := buckets[bucket]
		for range b.have[bucket] {
			n := int(in.files[changes].Rows())
			for r := at; r < at+n; r++ {
				rows = append(rows, int32(r))
			}
			at, changes = at+n, changes+1
		}
		b.old = append(b.old, b.have[bucket]...)
		keys.Sort(rows, b.keys)
		if rows = b.latest(keys, rows); len(rows) > 0 {
			drafts, of = append(drafts, roomy(b.enc.Draft(rows), in.sources, rows)), append(of, bucket)
			b.rows += int64(len(rows))
		}
	}
	if err := in.sources.Write(drafts, nil); err != nil {
		return err
	}
	for i, d := range drafts {
		f, err := b.put(ctx, d, b.name(of[i], through))
		if err != nil {
			return err
		}
		f.Bucket = of[i]
		b.files, drafts[i] = append(b.files, f), nil
	}
	return nil
}

func (b *baseMerge) name(bucket int, through int64) string {
	return lake.DataKey(b.h.Base.Name(), fmt.Sprintf("bucket=%d", bucket), fmt.Sprintf("b-%d-%s", through, b.opts.NewID()))
}

// roomy gives the draft of those rows room for their share of the sources' bytes.
func roomy(d *columns.Draft, s *columns.Sources, rows []int32) *columns.Draft {
	d.Grow(s.Packed() * int64(len(rows)) / int64(s.Rows()))
	return d
}

// spread divides the changes above the base by the bucket of their key, without those that only leave a partition.
func (b *baseMerge) spread(keys *columns.Batch) map[int][]int32 {
	key, op, commit := keys.Leaf(b.names[0]), keys.Leaf(schemas.ColOp), keys.Leaf(schemas.ColCommit)
	buckets := map[int][]int32{}
	for row := range keys.Rows() {
		if commit.Int64At(row) <= b.base.Through || string(op.BytesAt(row)) == string(record.Leave) {
			continue
		}
		n := b.bucketOf(key, row)
		buckets[n] = append(buckets[n], int32(row))
	}
	return buckets
}

// bucketOf returns the bucket of the row's key, -1 where the base has none.
func (b *baseMerge) bucketOf(key *columns.Leaf, row int) int {
	if !byText(b.h.Dataset) {
		return -1
	}
	return tables.Bucket(string(key.BytesAt(row)), Buckets)
}

// latest returns the rows that win, in the order of keys. Tombstones that nothing can bring an older row for any more are
// left out.
func (b *baseMerge) latest(keys *columns.Batch, order []int32) []int32 {
	op, at := keys.Leaf(schemas.ColOp), keys.Leaf(schemas.ColAt)
	horizon := b.opts.Now().Add(-b.opts.Tombstones).UnixMicro()
	choose, win := winnersOf(keys), order[:0]
	b.records(keys, order, func(rows []int32) {
		row := choose.of(rows)
		if !record.Op(op.BytesAt(int(row))).Gone() || at.Int64At(int(row)) >= horizon {
			win = append(win, row)
		}
	})
	return win
}

// candidates returns the rows that may still win against the record's rows elsewhere, in the order of keys.
func (b *baseMerge) candidates(keys *columns.Batch, order []int32) []int32 {
	choose, left := winnersOf(keys), order[:0]
	b.records(keys, order, func(rows []int32) {
		change, placed := choose.both(rows)
		for _, row := range rows {
			if row == change || row == placed {
				left = append(left, row)
			}
		}
	})
	return left
}

// records hands over the rows of each record, from rows that are in the order of keys. What was handed over may be
// written over.
func (b *baseMerge) records(keys *columns.Batch, order []int32, do func(rows []int32)) {
	same := columns.Same(keys, b.sort)
	for from := 0; from < len(order); {
		to := from + 1
		for to < len(order) && same(order[from], order[to]) {
			to++
		}
		rows := order[from:to]
		from = to
		do(rows)
	}
}
