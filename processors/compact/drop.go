package compact

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// Identity is what a change is known by.
type Identity struct{ Shard, Seq string }

// Drop takes rows out of a history by their identity and returns how many. Of each identity so many rows stay as stay
// says, those of the oldest commits; the mark that a move leaves behind stays with its row. Files that hold none of them
// are not touched.
func (c *Compactor) Drop(ctx context.Context, h History, stay map[Identity]int) (int64, error) {
	return c.drop(ctx, h.Changes, h.Dataset.ChangeColumns(), bloom(h.Dataset), stay, nil)
}

// DropQuarantined takes records out of the quarantine that are in their histories now.
func (c *Compactor) DropQuarantined(ctx context.Context, t *tables.Table, ids []Identity) (int64, error) {
	return c.drop(ctx, t, schemas.QuarantineColumns(), nil, none(ids), nil)
}

// DiscardQuarantined takes records out of the quarantine that are nowhere else. The same commit says of whom they were.
func (c *Compactor) DiscardQuarantined(ctx context.Context, t *tables.Table, ids []Identity, of lake.Discarded) (int64, error) {
	c.discards.Lock() // each adds to what the table says
	defer c.discards.Unlock()
	return c.drop(ctx, t, schemas.QuarantineColumns(), nil, none(ids), func(base *tables.Snapshot) map[string]string {
		all := lake.ParseDiscarded(base.Properties[lake.PropDiscarded])
		for _, name := range of.Datasets {
			all = all.With(name, "")
		}
		for _, name := range of.Streams {
			all = all.With("", name)
		}
		return map[string]string{lake.PropDiscarded: all.String()}
	})
}

// none is that no row of the identities stays.
func none(ids []Identity) map[Identity]int {
	stay := map[Identity]int{}
	for _, id := range ids {
		stay[id] = 0
	}
	return stay
}

// drop takes rows out. What the table is to say besides, if anything, is asked of say.
func (c *Compactor) drop(ctx context.Context, t *tables.Table, cols []schemas.Column, bloom []string, stay map[Identity]int, say func(*tables.Snapshot) map[string]string) (int64, error) {
	defer c.works.begin()()
	base, err := t.Snapshot(ctx)
	if err != nil || len(stay) == 0 {
		return 0, err
	}
	files, err := base.Having(ctx, tables.Filter{}, mayHoldAny(stay))
	if err != nil {
		return 0, err
	}
	slices.SortFunc(files, func(a, b tables.File) int {
		return cmp.Or(cmp.Compare(a.LowerCommit, b.LowerCommit), cmp.Compare(a.URL, b.URL))
	})
	d := dropping{Compactor: c, stay: stay, seen: map[seenRow]int{}, cols: cols}
	d.enc = columns.NewEncoder(d.cols, columns.EncoderOptions{Codec: columns.Zstd, Bloom: bloom})
	for _, f := range files {
		if err := d.file(ctx, f); err != nil {
			return 0, c.discardOn(ctx, fmt.Errorf("take rows out of %s: %w", f.URL, err), d.files)
		}
	}
	if d.rows == 0 {
		return 0, nil
	}
	u := tables.Update{Marker: c.opts.NewID()}
	if say != nil {
		u.Properties = say(base)
	}
	return d.rows, c.replace(ctx, t, base, d.old, d.files, u)
}

// Forget takes files out of a table whose bytes are gone or cannot be read.
func (c *Compactor) Forget(ctx context.Context, t *tables.Table, gone func(tables.File) bool) ([]tables.File, error) {
	base, err := t.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	all, err := base.Files(ctx, tables.Filter{})
	if err != nil {
		return nil, err
	}
	lost := slices.DeleteFunc(all, func(f tables.File) bool { return !gone(f) })
	if len(lost) == 0 {
		return nil, nil
	}
	return lost, c.replace(ctx, t, base, lost, nil, tables.Update{Marker: c.opts.NewID()})
}

// mayHoldAny tells by the bounds of a file whether it may hold one of the identities.
func mayHoldAny(ids map[Identity]int) func(tables.Bounds) bool {
	span := map[string][2]string{}
	for id := range ids {
		w, ok := span[id.Shard]
		if !ok {
			w = [2]string{id.Seq, id.Seq}
		}
		span[id.Shard] = [2]string{min(w[0], id.Seq), max(w[1], id.Seq)}
	}
	return func(bounds tables.Bounds) bool {
		for shard, w := range span {
			if within(bounds, schemas.ColShard, shard, shard) && within(bounds, schemas.ColSeq, w[0], w[1]) {
				return true
			}
		}
		return false
	}
}

func within(bounds tables.Bounds, column, low, high string) bool {
	least, most := bounds(column)
	return (least == nil || string(least) <= high) && (most == nil || string(most) >= low)
}

// seenRow is an identity and whether it is the mark that a move left.
type seenRow struct {
	Identity
	leave bool
}

// dropping is one call of Drop.
type dropping struct {
	*Compactor
	cols  []schemas.Column
	stay  map[Identity]int
	seen  map[seenRow]int
	enc   *columns.Encoder
	old   []tables.File
	files []tables.NewFile
	rows  int64
}

func (d *dropping) file(ctx context.Context, f tables.File) error {
	key, err := lake.ParseURL(f.URL)
	if err != nil {
		return err
	}
	all, err := d.load(ctx, key)
	if err != nil {
		return err
	}
	kept := d.kept(all)
	if len(kept) == all.Rows() {
		return nil
	}
	d.rows += int64(all.Rows() - len(kept))
	d.old = append(d.old, f)
	if len(kept) == 0 {
		return nil
	}
	few := columns.New(d.cols)
	if err := few.Gather(all, kept); err != nil {
		return err
	}
	body, stats, err := d.enc.Encode(nil, few)
	if err != nil {
		return err
	}
	to := path.Join(path.Dir(key), "r-"+d.opts.NewID()+".parquet")
	if err := d.Compactor.files.Put(ctx, to, body); err != nil {
		return err
	}
	d.files = append(d.files, tables.NewFile{URL: lake.URL(to), Rows: stats.Rows, Size: stats.Size, Dt: f.Dt, Region: f.Region, Bucket: f.Bucket, Stats: toStats(stats)})
	return nil
}

func (d *dropping) load(ctx context.Context, key string) (_ *columns.Batch, err error) {
	r, size, err := d.Compactor.files.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	all := columns.New(d.cols)
	return all, columns.Read(r, size, all)
}

// kept returns the rows that stay.
func (d *dropping) kept(b *columns.Batch) []int32 {
	op, shard, seq := b.Leaf(schemas.ColOp), b.Leaf(schemas.ColShard), b.Leaf(schemas.ColSeq)
	kept := make([]int32, 0, b.Rows())
	for i := range b.Rows() {
		row := seenRow{Identity{string(shard.BytesAt(i)), string(seq.BytesAt(i))}, string(op.BytesAt(i)) == string(record.Leave)}
		if stay, named := d.stay[row.Identity]; named {
			if d.seen[row]++; d.seen[row] > stay {
				continue
			}
		}
		kept = append(kept, int32(i))
	}
	return kept
}
