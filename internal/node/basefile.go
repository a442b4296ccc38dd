package node

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// rowsAtOnce is how many rows of a file are turned into texts together.
const rowsAtOnce = 1024

// groupFilter reports whether a row group may hold rows that are asked for; nil: each may.
type groupFilter func(bounds func(column int) (low, high []byte)) bool

// textsOf hands over the texts of some columns of each row of a file.
func textsOf(ctx context.Context, path string, columns []*textColumn, may groupFilter, each func(row int) error) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return fault.Wrap(fault.Transient, err, "open %s", path)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := textsIn(ctx, f, info.Size(), columns, may, each); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	return nil
}

// textsIn does the same with the bytes of a file.
func textsIn(ctx context.Context, r io.ReaderAt, size int64, columns []*textColumn, may groupFilter, each func(row int) error) error {
	file, err := parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	there := map[int]*parquet.Column{}
	for _, c := range file.Root().Columns() {
		there[c.ID()] = c
	}
	for i, group := range file.RowGroups() {
		if may != nil && !may(boundsOf(file, i, there)) {
			continue
		}
		if err := groupTexts(ctx, group, there, columns, each); err != nil {
			return err
		}
	}
	return nil
}

// boundsOf returns the bounds of a row group's plain columns by field; nil where it does not say them.
func boundsOf(file *parquet.File, group int, there map[int]*parquet.Column) func(column int) (low, high []byte) {
	return func(id int) (low, high []byte) {
		if c := there[id]; c != nil && c.Leaf() {
			stats := file.Metadata().RowGroups[group].Columns[c.Index()].MetaData.Statistics
			return stats.MinValue, stats.MaxValue
		}
		return nil, nil
	}
}

func groupTexts(ctx context.Context, group parquet.RowGroup, there map[int]*parquet.Column, columns []*textColumn, each func(row int) error) (err error) {
	chunks := group.ColumnChunks()
	for _, c := range columns {
		c.pages, c.nest = nil, nil
		switch column := there[c.id]; {
		case column == nil:
		case nested(c.field):
			c.nest = newNest(column, &c.field, 0, 0, chunks)
		case column.Leaf():
			c.pages = chunks[column.Index()].Pages()
		}
	}
	defer func() {
		for _, c := range columns {
			err = errors.Join(err, c.close())
		}
	}()
	for left := int(group.NumRows()); left > 0; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		n := min(left, rowsAtOnce)
		for _, c := range columns {
			if err := c.fill(n); err != nil {
				return fmt.Errorf("column %s: %w", c.field.Name, err)
			}
		}
		for row := range n {
			if err := each(row); err != nil {
				return err
			}
		}
		left -= n
	}
	return nil
}

// appendText appends the canonical text of a value. Files from before a column became wider hold the narrower type.
func appendText(b []byte, f *schemas.Field, v parquet.Value) ([]byte, error) {
	switch f.Type {
	case schemas.String, schemas.Enum:
		return append(b, v.ByteArray()...), nil
	case schemas.Int32, schemas.Int64, schemas.Timestamp:
		return strconv.AppendInt(b, whole(v), 10), nil
	case schemas.Boolean:
		return strconv.AppendBool(b, v.Boolean()), nil
	case schemas.Day:
		return time.Unix(int64(v.Int32())*86_400, 0).UTC().AppendFormat(b, time.DateOnly), nil
	case schemas.Binary:
		return base64.StdEncoding.AppendEncode(b, v.ByteArray()), nil
	case schemas.Decimal:
		if k := v.Kind(); k == parquet.Int32 || k == parquet.Int64 {
			return appendScaled(b, strconv.FormatInt(whole(v), 10), f.Scale), nil
		}
		return appendScaled(b, signed(v.ByteArray()).String(), f.Scale), nil
	}
	return nil, fault.New(fault.Internal, "the field %s is not of plain values", f.Name)
}

func whole(v parquet.Value) int64 {
	if v.Kind() == parquet.Int32 {
		return int64(v.Int32())
	}
	return v.Int64()
}

// signed reads a two's complement number, the highest byte first.
func signed(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	return n
}

// appendScaled appends an unscaled number with its point.
func appendScaled(b []byte, digits string, scale int) []byte {
	if digits[0] == '-' {
		b, digits = append(b, '-'), digits[1:]
	}
	if scale == 0 {
		return append(b, digits...)
	}
	for range scale + 1 - len(digits) {
		digits = "0" + digits
	}
	at := len(digits) - scale
	return append(append(append(b, digits[:at]...), '.'), digits[at:]...)
}
