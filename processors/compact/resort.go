package compact

import (
	"context"
	"errors"

	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
)

// resort rewrites those of the input's files that are in another order than their table, because the order has changed
// since or another program wrote them, each for itself and in pieces that fit the memory. The next merge takes them with
// the others, range by range. It returns what it rewrote, and how many rows that has.
func (m *merger) resort(ctx context.Context, in *input, g group) (old []tables.File, rows int64, err error) {
	scan, pieces := m.scanner(), group{g.files, mergedPrefix}
	for i, f := range in.files {
		err := scan.keysOf([]run{{f, 0, f.Rows()}}, func(int, int64, *columns.Batch) error { return nil })
		if err == nil {
			continue
		}
		if !errors.Is(err, errUnsorted) {
			return nil, 0, err
		}
		if err := m.pieces(f, func(s *columns.Sources) error { return m.keep(m.write(ctx, s, s.Packed(), pieces)) }); err != nil {
			return nil, 0, err
		}
		old, rows = append(old, g.files[i]), rows+f.Rows()
	}
	return old, rows, nil
}

// pieces hands over a file's rows, as many at a time as fit the memory.
func (m *merger) pieces(f *columns.File, write func(*columns.Sources) error) error {
	part := columns.NewSources(m.cols)
	if err := part.AddRows(f, 0, f.Rows()); err != nil {
		return err
	}
	n := int64(1)
	if need, room := part.Memory(m.paths...), m.room(); need > room {
		n = need*3/(room*2) + 1
	}
	for i := range n {
		part.Reset()
		if err := part.AddRows(f, f.Rows()*i/n, f.Rows()*(i+1)/n); err != nil {
			return err
		}
		if part.Rows() == 0 {
			continue
		}
		if err := write(part); err != nil {
			return err
		}
	}
	return nil
}
