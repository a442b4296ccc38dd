package columns

import (
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tarn-lake/tarn/schemas"
)

// writeSchema writes the footer's schema: the one physical mapping of the lake's columns.
func writeSchema(w *thriftWriter, lay *layout) {
	n := 1
	for _, t := range lay.tops {
		n += elements(t)
	}
	w.list(2, thriftStruct, n)
	w.begin()
	w.text(4, "table")
	w.i32(5, int32(len(lay.tops)))
	w.end()
	for _, t := range lay.tops {
		writeNode(w, t)
	}
}

// elements counts the schema elements of a node and what is below it.
func elements(n *Node) int {
	total := 1
	if n.Column.Elem != nil {
		total++ // the repeated group
	}
	for _, k := range n.Kids {
		total += elements(k)
	}
	return total
}

func writeNode(w *thriftWriter, n *Node) {
	c := &n.Column
	w.begin()
	if len(n.Kids) == 0 {
		w.i32(1, int32(physical(n.Leaves[0].Kind)))
		if width := n.Leaves[0].Width; width > 0 {
			w.i32(2, int32(width))
		}
	}
	if c.Required {
		w.i32(3, int32(format.Required))
	} else {
		w.i32(3, int32(format.Optional))
	}
	w.text(4, c.Name)
	switch {
	case c.Elem != nil:
		w.i32(5, 1)
	case len(n.Kids) > 0:
		w.i32(5, int32(len(n.Kids)))
	}
	annotate(w, c)
	w.end()
	if c.Elem != nil {
		w.begin()
		w.i32(3, int32(format.Repeated))
		w.text(4, middle(c))
		w.i32(5, int32(len(n.Kids)))
		w.end()
	}
	for _, k := range n.Kids {
		writeNode(w, k)
	}
}

// middle returns the name of the repeated group inside a list or map.
func middle(c *schemas.Column) string {
	if c.Key != nil {
		return "key_value"
	}
	return "list"
}

// annotate writes the converted type, for old readers, the field id, and the logical type.
func annotate(w *thriftWriter, c *schemas.Column) {
	converted := map[schemas.Type]deprecated.ConvertedType{
		schemas.String: deprecated.UTF8, schemas.Enum: deprecated.UTF8, schemas.Day: deprecated.Date,
		schemas.Timestamp: deprecated.TimestampMicros, schemas.Decimal: deprecated.Decimal,
		schemas.List: deprecated.List, schemas.Set: deprecated.List, schemas.Map: deprecated.Map,
	}
	if t, ok := converted[c.Type]; ok {
		w.i32(6, int32(t))
	}
	if c.Type == schemas.Decimal {
		w.i32(7, int32(c.Scale))
		w.i32(8, int32(c.Precision))
	}
	if c.ID > 0 {
		w.i32(9, int32(c.ID))
	}
	if logical := logicalID(c.Type); logical > 0 {
		w.structure(10)
		w.structure(logical)
		switch c.Type {
		case schemas.Decimal:
			w.i32(1, int32(c.Scale))
			w.i32(2, int32(c.Precision))
		case schemas.Timestamp:
			w.boolean(1, true)
			w.structure(2)
			w.structure((*format.MicroSeconds)(nil).FieldID())
			w.end()
			w.end()
		}
		w.end()
		w.end()
	}
}

// logicalID returns the member of Parquet's logical type union, 0 for none.
func logicalID(t schemas.Type) int16 {
	switch t {
	case schemas.String, schemas.Enum:
		return (*format.StringType)(nil).FieldID()
	case schemas.Map:
		return (*format.MapType)(nil).FieldID()
	case schemas.List, schemas.Set:
		return (*format.ListType)(nil).FieldID()
	case schemas.Decimal:
		return (*format.DecimalType)(nil).FieldID()
	case schemas.Day:
		return (*format.DateType)(nil).FieldID()
	case schemas.Timestamp:
		return (*format.TimestampType)(nil).FieldID()
	}
	return 0
}

func physical(k Kind) format.Type {
	return [...]format.Type{format.Boolean, format.Int32, format.Int64, format.ByteArray, format.FixedLenByteArray}[k]
}

// physicalPath returns the names from the root to the leaf, the repeated groups included.
func physicalPath(n *Node) []string {
	var path []string
	for ; n != nil; n = n.parent {
		path = append([]string{n.Column.Name}, path...)
		if p := n.parent; p != nil && p.Column.Elem != nil {
			path = append([]string{middle(&p.Column)}, path...)
		}
	}
	return path
}
