package columns

import (
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

const maxNesting = 16 // columns in columns

// schemaReader turns a footer's schema back into columns. It knows the one mapping that the encoder writes and refuses
// every other, by name.
type schemaReader struct {
	list []element
	next int
}

func readSchema(list []element) ([]schemas.Column, error) {
	if len(list) == 0 {
		return nil, fault.New(fault.Invalid, "the Parquet file has no schema")
	}
	r := schemaReader{list: list, next: 1}
	cols, err := r.columns(int(list[0].children), 0)
	if err != nil {
		return nil, err
	}
	if r.next != len(list) {
		return nil, fault.New(fault.Invalid, "the Parquet file's schema has %d elements and uses %d", len(list), r.next)
	}
	return cols, nil
}

func (r *schemaReader) columns(n, depth int) ([]schemas.Column, error) {
	if n < 1 || n > len(r.list)-r.next || depth > maxNesting {
		return nil, fault.New(fault.Invalid, "the Parquet file's schema is damaged")
	}
	cols := make([]schemas.Column, n)
	for i := range cols {
		var err error
		if cols[i], err = r.column(depth); err != nil {
			return nil, err
		}
	}
	return cols, nil
}

func (r *schemaReader) take() (*element, bool) {
	if r.next >= len(r.list) {
		return nil, false
	}
	r.next++
	return &r.list[r.next-1], true
}

func (r *schemaReader) column(depth int) (schemas.Column, error) {
	e, ok := r.take()
	if !ok || e.repetition == int32(format.Repeated) {
		return schemas.Column{}, fault.New(fault.Invalid, "the Parquet file's schema is damaged, or has a repeated column outside a list")
	}
	c := schemas.Column{Name: e.name, ID: int(e.id), Required: e.repetition == int32(format.Required)}
	if e.physical >= 0 {
		return c, e.leaf(&c)
	}
	list := e.logical == (*format.ListType)(nil).FieldID() || e.converted == int32(deprecated.List)
	pairs := e.logical == (*format.MapType)(nil).FieldID() || e.converted == int32(deprecated.Map)
	if !list && !pairs {
		c.Type = schemas.Object
		var err error
		c.Fields, err = r.columns(int(e.children), depth+1)
		return c, err
	}
	return r.repeated(c, e, pairs, depth)
}

// repeated reads what is inside a list or map, below the repeated group.
func (r *schemaReader) repeated(c schemas.Column, e *element, pairs bool, depth int) (schemas.Column, error) {
	mid, ok := r.take()
	want := int32(1)
	if c.Type = schemas.List; pairs {
		c.Type, want = schemas.Map, 2
	}
	if !ok || e.children != 1 || mid.repetition != int32(format.Repeated) || mid.physical >= 0 || mid.children != want {
		return c, fault.New(fault.Invalid, "column %q of the Parquet file is a list or map of another form than ours", c.Name)
	}
	inside, err := r.columns(int(want), depth+1)
	if err != nil {
		return c, err
	}
	if c.Elem = &inside[want-1]; pairs {
		if c.Key = &inside[0]; c.Key.Type != schemas.String || !c.Key.Required {
			return c, fault.New(fault.Invalid, "map %q of the Parquet file has keys that are no required strings", c.Name)
		}
	}
	return c, nil
}

// leaf sets the column's type.
func (e *element) leaf(c *schemas.Column) error {
	decimal := e.converted == int32(deprecated.Decimal) || e.logical == (*format.DecimalType)(nil).FieldID()
	c.Type = ""
	switch format.Type(e.physical) {
	case format.Boolean:
		c.Type = schemas.Boolean
	case format.Int32:
		c.Type = e.int32Type()
	case format.Int64:
		c.Type = e.int64Type()
	case format.ByteArray:
		switch {
		case e.converted == int32(deprecated.UTF8) || e.logical == (*format.StringType)(nil).FieldID():
			c.Type = schemas.String
		case e.converted < 0 && e.logical == 0:
			c.Type = schemas.Binary
		}
	}
	if decimal {
		c.Type, c.Precision, c.Scale = schemas.Decimal, int(e.precision), int(e.scale)
		if e.precision < 1 || e.precision > 38 || e.scale < 0 || e.scale > e.precision {
			c.Type = ""
		} else if kind, width := kindOf(c); int32(physical(kind)) != e.physical || kind == Fixed && int(e.width) != width {
			c.Type = ""
		}
	}
	if c.Type == "" {
		return fault.New(fault.Invalid, "column %q of the Parquet file has a type that the lake does not use", c.Name)
	}
	return nil
}

func (e *element) int32Type() schemas.Type {
	switch {
	case e.converted == int32(deprecated.Date) || e.logical == (*format.DateType)(nil).FieldID():
		return schemas.Day
	case e.logical == 0 && e.converted < 0, e.converted == int32(deprecated.Int32), e.bits == 32:
		return schemas.Int32
	}
	return ""
}

func (e *element) int64Type() schemas.Type {
	micros := e.logical == (*format.TimestampType)(nil).FieldID() && e.utc && e.unit == (*format.MicroSeconds)(nil).FieldID()
	switch {
	case micros, e.logical == 0 && e.converted == int32(deprecated.TimestampMicros):
		return schemas.Timestamp
	case e.logical == 0 && e.converted < 0, e.converted == int32(deprecated.Int64), e.bits == 64:
		return schemas.Int64
	}
	return ""
}
