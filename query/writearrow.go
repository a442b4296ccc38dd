package query

import (
	"io"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// arrowRows is how many rows a record batch has.
const arrowRows = 8_192

// WriteArrow writes the answer as an Arrow IPC stream. Decimals are decimal128, instants microseconds in UTC, local
// times microseconds without a zone, nested values JSON texts.
func WriteArrow(w io.Writer, a *Answer) (err error) {
	fields := make([]arrow.Field, len(a.Result.Columns))
	for i := range a.Result.Columns {
		c := &a.Result.Columns[i]
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	out := ipc.NewWriter(w, ipc.WithSchema(schema))
	defer func() {
		if cerr := out.Close(); err == nil {
			err = cerr
		}
	}()
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for from := 0; from < a.Result.Rows; from += arrowRows {
		to := min(from+arrowRows, a.Result.Rows)
		for i := range a.Result.Columns {
			appendArrow(b.Field(i), &a.Result.Columns[i], from, to)
		}
		batch := b.NewRecord()
		err := out.Write(batch)
		batch.Release()
		if err != nil {
			return err
		}
	}
	return nil
}

func arrowType(c *Column) arrow.DataType {
	switch c.Kind {
	case Integer:
		return arrow.PrimitiveTypes.Int64
	case Float:
		return arrow.PrimitiveTypes.Float64
	case Decimal:
		return &arrow.Decimal128Type{Precision: 38, Scale: int32(c.Scale)}
	case Bool:
		return arrow.FixedWidthTypes.Boolean
	case Day:
		return arrow.FixedWidthTypes.Date32
	case Instant:
		return &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	case Local:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	}
	return arrow.BinaryTypes.String
}

func appendArrow(to array.Builder, c *Column, from, until int) {
	for row := from; row < until; row++ {
		if c.IsNull(row) {
			to.AppendNull()
			continue
		}
		switch b := to.(type) {
		case *array.Int64Builder:
			b.Append(c.Ints[row])
		case *array.Float64Builder:
			b.Append(c.Floats[row])
		case *array.BooleanBuilder:
			b.Append(c.Ints[row] != 0)
		case *array.Date32Builder:
			b.Append(arrow.Date32(c.Ints[row]))
		case *array.TimestampBuilder:
			b.Append(arrow.Timestamp(c.Ints[row]))
		case *array.Decimal128Builder:
			n, err := decimal128.FromString(c.Texts[row], 38, int32(c.Scale))
			if err != nil {
				b.AppendNull()
				continue
			}
			b.Append(n)
		case *array.StringBuilder:
			b.Append(strings.ToValidUTF8(c.Format(row, time.UTC), "\uFFFD"))
		}
	}
}
