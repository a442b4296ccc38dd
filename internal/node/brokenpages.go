package node

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// broken reports whether a data file cannot be read to its end. The library panics at some damage.
func broken(r io.ReaderAt, size int64) (bad bool) {
	defer func() {
		if recover() != nil {
			bad = true
		}
	}()
	p, err := parquet.OpenFile(r, size)
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
