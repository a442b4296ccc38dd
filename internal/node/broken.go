package node

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/schemas"
)

// findBroken reads every data file of a dataset to its end, which is worth it only once something could not be read, and returns how
// many cannot be. They are lost from then on.
func (n *Node) findBroken(ctx context.Context, d *schemas.Dataset) (found int, err error) {
	if n.copies != nil {
		return 0, nil // a bucket's objects are checked by the bucket
	}
	h := n.history(d)
	for _, t := range []*tables.Table{h.Changes, h.Base} {
		if t == nil {
			continue
		}
		snap, err := t.Snapshot(ctx)
		if err != nil {
			return found, err
		}
		files, err := snap.Files(ctx, tables.Filter{})
		if err != nil {
			return found, err
		}
		for _, f := range files {
			if err := ctx.Err(); err != nil {
				return found, err
			}
			if _, known := n.broken.Load(f.Path); !known && broken(f.Path) {
				n.broken.Store(f.Path, true)
				found++
			}
		}
	}
	return found, nil
}

// broken reports whether a file that is there cannot be read to its end. The library panics at some damage.
func broken(path string) (bad bool) {
	f, err := os.Open(path)
	if err != nil {
		return false // that it is gone is known without reading
	}
	defer f.Close()
	defer func() {
		if recover() != nil {
			bad = true
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return true
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		return true
	}
	for _, group := range p.RowGroups() {
		for _, chunk := range group.ColumnChunks() {
			if err := readPages(chunk.Pages()); err != nil {
				return true
			}
		}
	}
	return false
}

func readPages(pages parquet.Pages) (err error) {
	defer func() { err = errors.Join(err, pages.Close()) }()
	values := make([]parquet.Value, 1024)
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for rows := page.Values(); err == nil; {
			_, err = rows.ReadValues(values)
		}
		parquet.Release(page)
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
}
