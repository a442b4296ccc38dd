package compact

import (
	"context"
	"fmt"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
)

// ordered is rows of sources in the order of the files that they become.
type ordered struct {
	*columns.Sources
	rows   []int32
	packed int64 // bytes that the sources take in the table's files, about
}

// output writes the rows to files of the target size or a little more.
func (m *merger) output(ctx context.Context, s ordered, done func(tables.NewFile), name func() string) error {
	n := max(1, int(s.packed/m.opts.TargetBytes))
	drafts := make([]*columns.Draft, n)
	for i := range drafts {
		drafts[i] = m.enc.Draft(s.rows[i*len(s.rows)/n : (i+1)*len(s.rows)/n])
		drafts[i].Grow(s.packed / int64(n))
	}
	if err := s.Write(drafts, nil); err != nil {
		return err
	}
	for i, d := range drafts {
		drafts[i] = nil
		f, err := m.put(ctx, d, name())
		if err != nil {
			return err
		}
		done(f)
	}
	return nil
}

// put makes one file of a draft.
func (c *Compactor) put(ctx context.Context, d *columns.Draft, key string) (tables.NewFile, error) {
	_, stats, err := file(ctx, d, key, c.files.Put)
	if err != nil {
		return tables.NewFile{}, err
	}
	return tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Bucket: -1, Stats: toStats(stats)}, nil
}

// putSpill makes one file of a draft that only this merge reads, and returns its memory, which nobody uses any more.
func (c *Compactor) putSpill(ctx context.Context, d *columns.Draft, key string) ([]byte, columns.FileStats, error) {
	put := c.files.Put
	if s, ok := c.files.(scratch); ok {
		put = s.PutScratch
	}
	return file(ctx, d, key, put)
}

func file(ctx context.Context, d *columns.Draft, key string, put func(context.Context, string, []byte) error) ([]byte, columns.FileStats, error) {
	body, stats, err := d.Bytes(nil)
	if err != nil {
		return body, stats, fmt.Errorf("encode %s: %w", key, err)
	}
	if err := put(ctx, key, body); err != nil {
		return body, stats, fmt.Errorf("put %s: %w", key, err)
	}
	return body, stats, nil
}

func toStats(s columns.FileStats) tables.Stats {
	s = s.Clone()
	out := tables.NewStats(s.SplitOffsets)
	for _, l := range s.Leaves {
		out.Add(l.ID, l.Size, l.Values, l.Nulls, l.Lower, l.Upper)
	}
	return out
}
