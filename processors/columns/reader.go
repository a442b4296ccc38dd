package columns

import (
	"io"

	"github.com/tarn-lake/tarn/internal/fault"
)

// File is a Parquet file open for reading. Damage is an Invalid error, never a panic.
type File struct {
	groups []int64
}

// Open reads the footer of the file. Its memory is bounded by the file's size.
func Open(r io.ReaderAt, size int64) (*File, error) {
	return nil, fault.New(fault.Internal, "the reader is not there yet")
}

// Rows returns the rows of the file, as its footer says.
func (f *File) Rows() int64 { return 0 }

// RowGroups returns how many row groups there are.
func (f *File) RowGroups() int { return len(f.groups) }

// RowGroupRows returns the rows of row group i, as the footer says.
func (f *File) RowGroupRows(i int) int64 { return f.groups[i] }

// ReadRowGroup appends the rows of row group i to b; see Read. After an error b is as it was.
func (f *File) ReadRowGroup(i int, b *Batch, paths ...string) error {
	return fault.New(fault.Internal, "the reader is not there yet")
}

// Read appends all rows of a Parquet file to b, column by column. Leaves are matched by field id, as AppendFrom matches
// them. With paths, only those columns or parts of columns are read and everything else is null (or zero). After an error
// b is as it was.
func Read(r io.ReaderAt, size int64, b *Batch, paths ...string) error {
	f, err := Open(r, size)
	if err != nil {
		return err
	}
	for i := range f.RowGroups() {
		if err := f.ReadRowGroup(i, b, paths...); err != nil {
			return err
		}
	}
	return nil
}
