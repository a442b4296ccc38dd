package compact

import (
	"context"
	"fmt"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
)

// read appends the rows of a file to the batch; with paths, only those columns.
func (c *Compactor) read(ctx context.Context, f tables.File, into *columns.Batch, paths ...string) error {
	key, err := lake.ParseURL(f.URL)
	if err != nil {
		return err
	}
	r, size, err := c.files.Open(ctx, key)
	if err != nil {
		return fmt.Errorf("open %s: %w", key, err)
	}
	defer r.Close()
	if err := columns.Read(r, size, into, paths...); err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	return nil
}

// write makes one file of the batch's rows.
func (c *Compactor) write(ctx context.Context, enc *columns.Encoder, b *columns.Batch, key string) (tables.NewFile, error) {
	body, stats, err := enc.Encode(nil, b)
	if err != nil {
		return tables.NewFile{}, fmt.Errorf("encode %s: %w", key, err)
	}
	if err := c.files.Put(ctx, key, body); err != nil {
		return tables.NewFile{}, fmt.Errorf("put %s: %w", key, err)
	}
	return tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Bucket: -1, Stats: toStats(stats)}, nil
}
