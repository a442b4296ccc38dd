package ledger

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// Marks returns how far the lanes are in the table, as the ledger knows it. Lanes that it does not know are left out. Its
// cost follows the files that may hold one of the lanes.
func (b *Book) Marks(ctx context.Context, table string, lanes []string) (lake.Watermarks, error) {
	marks := lake.Watermarks{}
	if len(lanes) == 0 {
		return marks, nil
	}
	lanes = slices.Sorted(slices.Values(lanes))
	now, err := b.table.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	files, err := now.Having(ctx, tables.Filter{}, func(bounds tables.Bounds) bool {
		low, high := bounds(schemas.ColLane)
		i, _ := slices.BinarySearch(lanes, string(low))
		return i < len(lanes) && (high == nil || lanes[i] <= string(high))
	})
	if err != nil {
		return nil, err
	}
	at := map[string]int64{} // the commit that says it
	for _, f := range files {
		if err := b.marksIn(ctx, f, table, lanes, marks, at); err != nil {
			return nil, err
		}
	}
	return marks, nil
}

// Mark returns how far a lane is in a table, whether its watermark still stands there or has left it for the ledger; the
// zero Watermark where neither knows the lane.
func (b *Book) Mark(ctx context.Context, t *tables.Table, lane string) (lake.Watermark, error) {
	now, err := t.Snapshot(ctx)
	if err != nil {
		return lake.Watermark{}, err
	}
	if m, ok := now.Watermarks[lane]; ok || now.Closed == 0 {
		return m, nil
	}
	marks, err := b.Marks(ctx, t.Name(), []string{lane})
	return marks[lane], err
}

// marksIn takes the marks of the lanes from one file where they are newer.
func (b *Book) marksIn(ctx context.Context, f tables.File, table string, lanes []string, marks lake.Watermarks, at map[string]int64) error {
	wanted := []string{"kind", "table", "commit", schemas.ColLane, "last", "ahead", "lane_to", "done"}
	return b.read(ctx, f, wanted, func(batch *columns.Batch, i int) error {
		lane := text(batch, schemas.ColLane, i)
		if text(batch, "kind", i) != kindCommit || text(batch, "table", i) != table {
			return nil
		}
		if _, wanted := slices.BinarySearch(lanes, lane); !wanted || at[lane] >= whole(batch, "commit", i) {
			return nil
		}
		m, err := markOf(batch, i)
		if err != nil {
			return err
		}
		marks[lane], at[lane] = m, whole(batch, "commit", i)
		return nil
	})
}

// read hands over the rows of one of the ledger's files, with some columns, one after the other.
func (b *Book) read(ctx context.Context, f tables.File, cols []string, each func(batch *columns.Batch, i int) error) (err error) {
	key, err := lake.ParseURL(f.URL)
	if err != nil {
		return err
	}
	r, size, err := b.files.Open(ctx, key)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	file, err := columns.Open(io.NewSectionReader(r, 0, size), size)
	if err != nil {
		return err
	}
	batch := columns.New(schemas.LedgerColumns())
	for g := range file.RowGroups() {
		batch.Reset()
		if err := file.ReadRowGroup(g, batch, cols...); err != nil {
			return err
		}
		for i := range batch.Rows() {
			if err := each(batch, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func markOf(b *columns.Batch, i int) (m lake.Watermark, err error) {
	for column, to := range map[string]*lake.Seq{"last": &m.Seq, "ahead": &m.Ahead} {
		if t := text(b, column, i); t != "" {
			if *to, err = lake.ParseSeq(t); err != nil {
				return m, err
			}
		}
	}
	if at := whole(b, "lane_to", i); at != 0 {
		m.At = time.UnixMicro(at).UTC()
	}
	l := b.Leaf("done")
	if from, to := l.Values(i); to > from {
		m.Done = l.Bools[from]
	}
	return m, nil
}

func text(b *columns.Batch, column string, i int) string {
	l := b.Leaf(column)
	from, to := l.Values(i)
	if from == to {
		return ""
	}
	return string(l.Value(from))
}

func whole(b *columns.Batch, column string, i int) int64 {
	l := b.Leaf(column)
	from, to := l.Values(i)
	if from == to {
		return 0
	}
	return l.Int64s[from]
}
