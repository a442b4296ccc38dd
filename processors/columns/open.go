package columns

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

const wholeFile = 1 << 20 // bytes of a file that is read in one go

// File is a Parquet file open for reading. Damage is an Invalid error, never a panic. It is not safe for concurrent use.
type File struct {
	r      io.ReaderAt
	size   int64
	whole  []byte // the file, when it is small
	rows   int64
	lay    *layout
	groups []fileGroup
	buf    []byte
}

// Open reads the footer of the file. Its memory is bounded by the file's size.
func Open(r io.ReaderAt, size int64) (*File, error) { return open(r, size, &schemaCache{}) }

// schemaCache is the last file's schema. Files of one table are read after one another, so most have the same.
type schemaCache struct {
	elements []element
	lay      *layout
}

func (c *schemaCache) layout(elements []element) (*layout, error) {
	if c.lay != nil && slices.Equal(c.elements, elements) {
		return c.lay, nil
	}
	cols, err := readSchema(elements)
	if err != nil {
		return nil, err
	}
	c.elements, c.lay = elements, newLayout(cols)
	return c.lay, nil
}

func open(r io.ReaderAt, size int64, known *schemaCache) (*File, error) {
	f := &File{r: r, size: size}
	if size <= wholeFile && size > 0 {
		var err error
		if f.whole, err = f.section(0, size); err != nil {
			return nil, err
		}
		f.buf = nil // it is whole's now
	}
	return f.begin(known)
}

func openBytes(body []byte, known *schemaCache) (*File, error) {
	return (&File{size: int64(len(body)), whole: body}).begin(known)
}

// begin reads the footer.
func (f *File) begin(known *schemaCache) (_ *File, err error) {
	defer tame(&err)
	size := f.size
	if size < int64(2*len(magic)+4) {
		return nil, fault.New(fault.Invalid, "%d bytes are no Parquet file", size)
	}
	tail, err := f.section(size-8, 8)
	if err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if string(tail[4:]) != magic || length > min(maxFooter, size-12) {
		return nil, fault.New(fault.Invalid, "the file does not end like a Parquet file: it was cut short or damaged")
	}
	raw, err := f.section(size-8-length, length)
	if err != nil {
		return nil, err
	}
	meta, err := readFooter(raw)
	if err != nil {
		return nil, err
	}
	return f, f.adopt(meta, known)
}

// adopt checks the footer against itself and the file.
func (f *File) adopt(meta *footer, known *schemaCache) error {
	lay, err := known.layout(meta.elements)
	if err != nil {
		return err
	}
	f.lay, f.rows, f.groups = lay, meta.rows, meta.groups
	total := int64(0)
	for i := range f.groups {
		g := &f.groups[i]
		if g.rows < 0 || g.rows > maxRows || len(g.chunks) != len(f.lay.leaves) {
			return fault.New(fault.Invalid, "row group %d of the Parquet file has %d rows and %d columns", i, g.rows, len(g.chunks))
		}
		total += g.rows
		for j := range g.chunks {
			c, l := &g.chunks[j], f.lay.leaves[j]
			if !c.hasMeta || c.physical != int32(physical(l.Kind)) || c.begin() < 0 || c.packed < 0 || c.begin() > f.size-c.packed ||
				c.entries < g.rows || c.entries > maxEntries || l.MaxRep == 0 && c.entries != g.rows {
				return fault.New(fault.Invalid, "column %s of the Parquet file is described wrongly", l.Path)
			}
		}
	}
	if total != f.rows {
		return fault.New(fault.Invalid, "the Parquet file claims %d rows and its row groups %d", f.rows, total)
	}
	return nil
}

// Rows returns the rows of the file, as its footer says.
func (f *File) Rows() int64 { return f.rows }

// Held reports whether the whole file is in memory, so that its reader is no longer needed.
func (f *File) Held() bool { return f.whole != nil }

// Columns returns the file's columns with their field ids; they must not be changed.
func (f *File) Columns() []schemas.Column { return f.lay.cols }

// RowGroups returns how many row groups there are.
func (f *File) RowGroups() int { return len(f.groups) }

// RowGroupRows returns the rows of row group i, as the footer says.
func (f *File) RowGroupRows(i int) int64 { return f.groups[i].rows }

// section returns bytes of the file, valid until the next call.
func (f *File) section(at, n int64) ([]byte, error) {
	if f.whole != nil {
		return f.whole[at : at+n : at+n], nil
	}
	if int64(cap(f.buf)) < n {
		f.buf = make([]byte, n)
	}
	f.buf = f.buf[:n]
	got, err := f.r.ReadAt(f.buf, at)
	switch {
	case int64(got) == n:
		return f.buf, nil
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fault.New(fault.Invalid, "the Parquet file ends early: %d bytes at %d are not there", n, at)
	}
	return nil, fmt.Errorf("read parquet: %w", err)
}

// tame turns a panic over a damaged file, in a decoder that trusted it, into an error.
func tame(err *error) {
	if p := recover(); p != nil {
		*err = fault.New(fault.Invalid, "the Parquet file is damaged: %v", p)
	}
}
