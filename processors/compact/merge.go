package compact

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// Merge merges small files of the history, as many as one round may hold, in one commit. It reports whether it merged
// any; then another round may find more.
func (c *Compactor) Merge(ctx context.Context, h History) (bool, error) {
	sort := append(slices.Clone(h.Dataset.Sort), schemas.ColAt, schemas.ColSeq)
	return c.merge(ctx, h.Changes, h.Dataset.ChangeColumns(), sort, bloom(h.Dataset))
}

// MergeQuarantine merges small files of the quarantine table.
func (c *Compactor) MergeQuarantine(ctx context.Context, t *tables.Table) (bool, error) {
	return c.merge(ctx, t, schemas.QuarantineColumns(), []string{schemas.ColAt, schemas.ColSeq}, nil)
}

func bloom(d *schemas.Dataset) []string {
	if f, ok := d.Field(d.Key.Partition); ok && f.Type == schemas.String {
		return []string{d.Key.Partition}
	}
	return nil
}

func (c *Compactor) merge(ctx context.Context, t *tables.Table, cols []schemas.Column, sort, bloom []string) (bool, error) {
	began := c.opts.Now()
	base, err := t.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	all, err := base.Files(ctx, tables.Filter{})
	if err != nil {
		return false, err
	}
	m := &merger{
		Compactor: c, table: t, batch: columns.New(cols), sorted: columns.New(cols), keys: sortKeys(sort),
		enc: columns.NewEncoder(cols, columns.EncoderOptions{Codec: columns.Zstd, Bloom: bloom}),
	}
	for _, group := range c.choose(all) {
		if err := m.group(ctx, group); err != nil {
			return false, c.discardOn(ctx, err, m.files)
		}
	}
	if len(m.old) == 0 {
		return false, nil
	}
	if err := c.replace(ctx, t, base, m.old, m.files, tables.Update{Marker: c.opts.NewID()}); err != nil {
		return false, err
	}
	c.opts.Observe(Compacted{Table: t.Name(), In: len(m.old), Out: len(m.files), Rows: m.rows, Dropped: m.dropped, Elapsed: c.opts.Now().Sub(began)})
	return true, nil
}

// merger collects what one commit replaces.
type merger struct {
	*Compactor
	table         *tables.Table
	batch, sorted *columns.Batch
	keys          []columns.SortKey
	enc           *columns.Encoder
	old           []tables.File
	files         []tables.NewFile
	rows, dropped int64
}

// group merges the files of one partition into one.
func (m *merger) group(ctx context.Context, files []tables.File) error {
	m.batch.Reset()
	m.sorted.Reset()
	for _, f := range files {
		if err := m.read(ctx, f, m.batch); err != nil {
			return err
		}
	}
	order := distinct(m.batch, m.batch.SortOrder(m.keys))
	m.dropped += int64(m.batch.Rows() - len(order))
	m.rows += int64(len(order))
	if err := m.sorted.Gather(m.batch, order); err != nil {
		return err
	}
	dt, region := files[0].Dt, files[0].Region
	key := lake.DataKey(m.table.Name(), lake.DayPartition(dt, region), "c-"+m.opts.NewID())
	f, err := m.write(ctx, m.enc, m.sorted, key)
	if err != nil {
		return err
	}
	f.Dt, f.Region = dt, region
	m.old, m.files = append(m.old, files...), append(m.files, f)
	return nil
}

// sortKeys ends in what makes equal identities neighbours, the one of the lowest commit first.
func sortKeys(names []string) []columns.SortKey {
	var keys []columns.SortKey
	for _, n := range append(slices.Clone(names), schemas.ColShard, schemas.ColOp, schemas.ColCommit) {
		if !slices.ContainsFunc(keys, func(k columns.SortKey) bool { return k.Path == n }) {
			keys = append(keys, columns.SortKey{Path: n})
		}
	}
	return keys
}

// distinct keeps the first row of each identity: shard, sequence number and operation, since the row that leaves a
// partition shares the first two with the row of the change itself.
func distinct(b *columns.Batch, order []int32) []int32 {
	shard, seq, op := b.Leaf(schemas.ColShard), b.Leaf(schemas.ColSeq), b.Leaf(schemas.ColOp)
	same := func(i, j int32) bool {
		return bytes.Equal(seq.BytesAt(int(i)), seq.BytesAt(int(j))) && bytes.Equal(shard.BytesAt(int(i)), shard.BytesAt(int(j))) &&
			bytes.Equal(op.BytesAt(int(i)), op.BytesAt(int(j)))
	}
	return slices.CompactFunc(order, same)
}

// choose returns groups of files of one partition that are worth merging, as many as a round may hold.
func (c *Compactor) choose(all []tables.File) [][]tables.File {
	type partition struct{ dt, region string }
	byPartition := map[partition][]tables.File{}
	for _, f := range all {
		if f.Size < c.opts.TargetBytes {
			p := partition{f.Dt, f.Region}
			byPartition[p] = append(byPartition[p], f)
		}
	}
	var groups [][]tables.File
	for p, files := range byPartition {
		if g := c.group(p.dt, files); len(g) > 1 {
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b []tables.File) int { return len(b) - len(a) })
	room := c.opts.RoundBytes
	for i, g := range groups {
		for _, f := range g {
			room -= f.Size
		}
		if room < 0 && i > 0 {
			return groups[:i]
		}
	}
	return groups
}

// group returns the files of one partition to merge. In an open day files are merged when enough of one size have come
// together, so that each row is rewritten only a logarithmic number of times; a closed day becomes one file.
func (c *Compactor) group(dt string, files []tables.File) []tables.File {
	slices.SortFunc(files, func(a, b tables.File) int { return int(a.Rows - b.Rows) })
	if c.closed(dt) {
		return c.fitting(files)
	}
	for n := len(files); n >= c.opts.FanIn; n-- {
		if tier(files[n-1].Rows) == tier(files[n-c.opts.FanIn].Rows) {
			return c.fitting(files[:n])
		}
	}
	return nil
}

// fitting returns as many of the files, smallest first, as fit a target file and a round.
func (c *Compactor) fitting(files []tables.File) []tables.File {
	room := min(c.opts.TargetBytes, c.opts.RoundBytes)
	for i, f := range files {
		if room -= f.Size; room < 0 {
			return files[:i]
		}
	}
	return files
}

func (c *Compactor) closed(dt string) bool {
	day, err := time.Parse(time.DateOnly, dt)
	return err == nil && c.opts.Now().After(day.Add(24*time.Hour+c.opts.ClosedAfter))
}

// tier is the size class of a file: each is four times the one below.
func tier(rows int64) int {
	n := 0
	for ; rows > 256; rows /= 4 {
		n++
	}
	return n
}
