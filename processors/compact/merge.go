package compact

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// Merge merges small files of the history, as many as one commit should replace. It reports whether it merged any; then
// another round may find more.
func (c *Compactor) Merge(ctx context.Context, h History) (bool, error) {
	sort := append(slices.Clone(h.Dataset.Sort), schemas.ColAt, schemas.ColSeq)
	return c.merge(ctx, h.Changes, h.Dataset.ChangeColumns(), sort, bloom(h.Dataset))
}

// MergeQuarantine merges small files of the quarantine table.
func (c *Compactor) MergeQuarantine(ctx context.Context, t *tables.Table) (bool, error) {
	return c.merge(ctx, t, schemas.QuarantineColumns(), []string{schemas.ColAt, schemas.ColSeq}, nil)
}

// MergeHeartbeats merges small files of the heartbeats.
func (c *Compactor) MergeHeartbeats(ctx context.Context, t *tables.Table) (bool, error) {
	return c.merge(ctx, t, schemas.HeartbeatColumns(), []string{schemas.ColAt, schemas.ColSeq}, nil)
}

// MergeLedger merges small files of the ledger.
func (c *Compactor) MergeLedger(ctx context.Context, t *tables.Table) (bool, error) {
	return c.merge(ctx, t, schemas.LedgerColumns(), []string{"table", "commit", schemas.ColLane}, nil)
}

func bloom(d *schemas.Dataset) []string {
	if f, ok := d.Field(d.Key.Partition); ok && f.Type == schemas.String {
		return []string{d.Key.Partition}
	}
	return nil
}

func (c *Compactor) merge(ctx context.Context, t *tables.Table, cols []schemas.Column, sort, bloom []string) (bool, error) {
	defer c.works.begin()()
	began := c.opts.Now()
	base, err := t.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	all, err := base.Files(ctx, tables.Filter{})
	if err != nil {
		return false, err
	}
	m := c.newMerger(t, cols, sort, bloom)
	if err := m.groups(ctx, c.choose(all)); err != nil {
		return false, c.discardOn(ctx, err, m.files)
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
	table  *tables.Table
	cols   []schemas.Column
	sort   []columns.SortKey // what every file of the table is sorted by
	keys   []columns.SortKey // and what makes that a total order
	paths  []string          // of keys
	enc    *columns.Encoder
	bloom  []string
	memory int64               // bytes that it may have
	shared *semaphore.Weighted // bytes of the memory, where others merge beside it; or nil

	old           []tables.File
	files         []tables.NewFile
	rows, dropped int64
}

func (c *Compactor) newMerger(t *tables.Table, cols []schemas.Column, sort, bloom []string) *merger {
	m := &merger{Compactor: c, table: t, cols: cols, bloom: bloom, memory: c.opts.MemoryBytes}
	shape := columns.New(cols)
	for i, name := range append(slices.Clone(sort), schemas.ColShard, schemas.ColOp, schemas.ColCommit) {
		if l := shape.Leaf(name); l == nil || l.MaxRep > 0 || slices.Contains(m.paths, name) {
			continue
		}
		m.keys, m.paths = append(m.keys, columns.SortKey{Path: name}), append(m.paths, name)
		if i < len(sort) {
			m.sort = m.keys
		}
	}
	return m
}

// groups merges each group, as many at a time as there are workers. What was made is in m, error or not, in the groups' order.
func (m *merger) groups(ctx context.Context, groups []group) error {
	did := make([]merger, len(groups))
	var next atomic.Int64
	team, shared := make([]*merger, min(m.opts.Workers, len(groups))), semaphore.NewWeighted(m.memory)
	for i := range team {
		w := *m
		w.shared = shared
		w.enc = columns.NewEncoder(m.cols, columns.EncoderOptions{Codec: columns.Zstd, Bloom: m.bloom})
		team[i] = &w
	}
	err := share(ctx, team, func(ctx context.Context, w *merger) error {
		for i := next.Add(1) - 1; i < int64(len(groups)); i = next.Add(1) - 1 {
			w.old, w.files, w.rows, w.dropped = nil, nil, 0, 0
			err := w.group(ctx, groups[i])
			did[i] = *w
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, d := range did {
		m.old, m.files, m.rows, m.dropped = append(m.old, d.old...), append(m.files, d.files...), m.rows+d.rows, m.dropped+d.dropped
	}
	return err
}

// group merges the files of one partition. Where they do not fit the memory together, it goes through the keys range by
// range, so that the files it makes follow each other in the order of the keys.
func (m *merger) group(ctx context.Context, g group) error {
	in, err := m.input(ctx, g.files, m.cols)
	if err != nil {
		return err
	}
	m.memory = m.opts.MemoryBytes
	if g.prefix == closedPrefix {
		m.memory = m.share() // whatever it is: it goes range by range
	}
	if g.prefix == mergedPrefix {
		if g.files = g.files[:m.fit(in)]; len(g.files) < 2 {
			return in.close()
		}
	}
	before, rows := m.rows+m.dropped, int64(in.sources.Rows())
	done, err := m.hold(ctx, in.sources.Memory(m.paths...))
	if err != nil {
		return errors.Join(err, in.close())
	}
	defer done()
	err = m.ranges(in.runs(), func(s *columns.Sources) error { return m.write(ctx, s, g) })
	if errors.Is(err, errUnsorted) { // which comes before anything is written
		g.files, rows, err = m.resort(ctx, in, g)
	}
	if err := errors.Join(err, in.close()); err != nil {
		return err
	}
	if got := m.rows + m.dropped - before; got != rows {
		panic("compact: a merge lost rows") // rather than commit that
	}
	m.old = append(m.old, g.files...)
	return nil
}

// hold waits for memory for rows that take that many bytes, or for all of it.
func (m *merger) hold(ctx context.Context, need int64) (done func(), err error) {
	if m.shared == nil {
		return func() {}, nil
	}
	bytes := min(m.memory, 2*(need+fixedMemory)) // as room says it
	if err := m.shared.Acquire(ctx, bytes); err != nil {
		return nil, err
	}
	return func() { m.shared.Release(bytes) }, nil
}

// fit takes the largest files, which come last, out of the input until it fits the memory, and returns how many stay.
// Only a closed day goes range by range: elsewhere there would be as many files after a merge as before.
func (m *merger) fit(in *input) int {
	n := len(in.files)
	for n > 1 && in.sources.Memory(m.paths...) > m.room() {
		n -= (n + 3) / 4
		in.sources.Truncate(n)
	}
	in.files = in.files[:n]
	return n
}

// write sorts the rows of the sources into files of the target size.
func (m *merger) write(ctx context.Context, s *columns.Sources, g group) error {
	keys, err := m.look(s)
	if err != nil {
		return err
	}
	order := distinct(keys, keys.SortOrder(m.keys))
	m.dropped += int64(s.Rows() - len(order))
	m.rows += int64(len(order))
	if len(order) == 0 {
		return nil
	}
	dt, region := g.files[0].Dt, g.files[0].Region
	return m.output(ctx, s, order, func(f tables.NewFile) {
		f.Dt, f.Region = dt, region
		m.files = append(m.files, f)
	}, func() string {
		return lake.DataKey(m.table.Name(), lake.DayPartition(dt, region), g.prefix+m.opts.NewID())
	})
}

// look reads the keys of the sources' rows. Whoever has the order lets go of them: their memory serves the columns.
func (m *merger) look(s *columns.Sources) (*columns.Batch, error) {
	keys := columns.New(m.cols)
	return keys, s.Keys(keys, m.paths...)
}

// distinct keeps the first row of each identity: shard, sequence number and operation, since the row that leaves a
// partition shares the first two with the row of the change itself. The ledger's rows have no identity, and all stay.
func distinct(b *columns.Batch, order []int32) []int32 {
	shard, seq, op := b.Leaf(schemas.ColShard), b.Leaf(schemas.ColSeq), b.Leaf(schemas.ColOp)
	if shard == nil {
		return order
	}
	same := func(i, j int32) bool {
		return bytes.Equal(seq.BytesAt(int(i)), seq.BytesAt(int(j))) && bytes.Equal(shard.BytesAt(int(i)), shard.BytesAt(int(j))) &&
			bytes.Equal(op.BytesAt(int(i)), op.BytesAt(int(j)))
	}
	return slices.CompactFunc(order, same)
}
