package compact

import (
	"bytes"
	"context"
	"errors"
	"slices"

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
	leaves int               // columns and parts of columns
	enc    *columns.Encoder
	bloom  []string
	memory int64               // bytes that it may have
	shared *semaphore.Weighted // bytes of the memory, where others merge beside it; or nil
	team   []*merger           // that merge one group together, this one among them; or nil
	spills spilling

	old           []tables.File
	files         []tables.NewFile
	rows, dropped int64
}

// made is files that were made, and what of.
type made struct {
	files         []tables.NewFile
	rows, dropped int64
}

// keep adds what was made, which is there whether or not there was an error.
func (m *merger) keep(more made, err error) error {
	m.files, m.rows, m.dropped = append(m.files, more.files...), m.rows+more.rows, m.dropped+more.dropped
	return err
}

// keepAll keeps what was made of each stretch.
func (m *merger) keepAll(did []made, err error) error {
	for _, d := range did {
		_ = m.keep(d, nil)
	}
	return err
}

func (c *Compactor) newMerger(t *tables.Table, cols []schemas.Column, sort, bloom []string) *merger {
	m := &merger{Compactor: c, table: t, cols: cols, bloom: bloom, memory: c.opts.MemoryBytes}
	shape := columns.New(cols)
	m.leaves = len(shape.Leaves())
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
	need := in.sources.Memory(m.paths...)
	done, err := m.hold(ctx, need)
	if err != nil {
		return errors.Join(err, in.close())
	}
	defer done()
	err = m.all(ctx, g, in, need)
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

// all makes files of the group's rows, which need so much memory together.
func (m *merger) all(ctx context.Context, g group, in *input, need int64) error {
	if need <= m.room() {
		return m.keep(m.write(ctx, in.sources, in.sources.Packed(), g))
	}
	runs := in.runs()
	list, err := m.divide(runs, need)
	if err != nil {
		return err
	}
	if again(runs, list) > m.worth {
		return m.apart(ctx, g, runs, list)
	}
	return m.side(ctx, g, runs, list)
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

// write sorts the rows of the sources, which take so many bytes in the table's files, into files of the target size. What
// it made it returns with an error too.
func (m *merger) write(ctx context.Context, s *columns.Sources, packed int64, g group) (did made, err error) {
	keys, err := m.look(s)
	if err != nil {
		return did, err
	}
	order := distinct(keys, keys.SortOrder(m.keys))
	did.rows, did.dropped = int64(len(order)), int64(s.Rows()-len(order))
	if len(order) == 0 {
		return did, nil
	}
	dt, region := g.files[0].Dt, g.files[0].Region
	err = m.output(ctx, ordered{s, order, packed}, func(f tables.NewFile) {
		f.Dt, f.Region = dt, region
		did.files = append(did.files, f)
	}, func() string {
		return lake.DataKey(m.table.Name(), lake.DayPartition(dt, region), g.prefix+m.opts.NewID())
	})
	return did, err
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
