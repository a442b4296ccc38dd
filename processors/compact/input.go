package compact

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// input is files that are open for reading.
type input struct {
	sources *columns.Sources // all of them
	files   []*columns.File
	closers []io.Closer
}

// input opens the files. Small ones are read at once and their handles given back.
func (c *Compactor) input(ctx context.Context, files []tables.File, cols []schemas.Column) (*input, error) {
	in := &input{sources: columns.NewSources(cols)}
	for _, f := range files {
		if err := c.add(ctx, in, f); err != nil {
			return nil, errors.Join(err, in.close())
		}
	}
	return in, nil
}

func (c *Compactor) add(ctx context.Context, in *input, f tables.File) error {
	key, err := lake.ParseURL(f.URL)
	if err != nil {
		return err
	}
	r, size, err := c.files.Open(ctx, key)
	if err != nil {
		return fmt.Errorf("open %s: %w", key, err)
	}
	file, err := in.sources.Open(r, size)
	if err == nil {
		err = in.sources.AddRows(file, 0, file.Rows())
	}
	if err != nil {
		return errors.Join(fmt.Errorf("read %s: %w", key, err), r.Close())
	}
	in.files = append(in.files, file)
	if file.Held() {
		return r.Close()
	}
	in.closers = append(in.closers, r)
	return nil
}

func (in *input) close() error {
	var err error
	for _, c := range in.closers {
		err = errors.Join(err, c.Close())
	}
	return err
}
