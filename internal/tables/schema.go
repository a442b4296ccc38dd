package tables

import (
	"github.com/apache/iceberg-go"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// fields returns the Iceberg fields of columns, with their ids as they are.
func fields(cols []schemas.Column) []iceberg.NestedField {
	all := make([]iceberg.NestedField, len(cols))
	for i, c := range cols {
		all[i] = iceberg.NestedField{ID: c.ID, Name: c.Name, Type: icebergType(c), Required: c.Required}
	}
	return all
}

func icebergType(c schemas.Column) iceberg.Type {
	switch c.Type {
	case schemas.String:
		return iceberg.PrimitiveTypes.String
	case schemas.Int32:
		return iceberg.PrimitiveTypes.Int32
	case schemas.Int64:
		return iceberg.PrimitiveTypes.Int64
	case schemas.Boolean:
		return iceberg.PrimitiveTypes.Bool
	case schemas.Day:
		return iceberg.PrimitiveTypes.Date
	case schemas.Timestamp:
		return iceberg.PrimitiveTypes.TimestampTz
	case schemas.Binary:
		return iceberg.PrimitiveTypes.Binary
	case schemas.Decimal:
		return iceberg.DecimalTypeOf(c.Precision, c.Scale)
	case schemas.List:
		return &iceberg.ListType{ElementID: c.Elem.ID, Element: icebergType(*c.Elem), ElementRequired: c.Elem.Required}
	case schemas.Map:
		return &iceberg.MapType{KeyID: c.Key.ID, KeyType: icebergType(*c.Key), ValueID: c.Elem.ID, ValueType: icebergType(*c.Elem), ValueRequired: c.Elem.Required}
	case schemas.Object:
		return &iceberg.StructType{FieldList: fields(c.Fields)}
	default:
		panic("no column has the type " + string(c.Type))
	}
}

// reconcile compares the table's fields with the wanted ones, by id. It returns the fields that the table should have:
// its own, and those of want that are new to it. Another name, type or requiredness under an id it knows is Invalid,
// because files already written would be read wrongly.
func reconcile(table, path string, have, want []iceberg.NestedField, lastID int) (merged []iceberg.NestedField, grew bool, err error) {
	known := map[int]int{}
	names := map[string]int{}
	for i, f := range have {
		known[f.ID], names[f.Name] = i, f.ID
	}
	merged = append(merged, have...)
	for _, w := range want {
		i, ok := known[w.ID]
		if !ok {
			if err := mayAdd(table, path, w, names, lastID); err != nil {
				return nil, false, err
			}
			merged, grew = append(merged, w), true
			continue
		}
		h := have[i]
		if h.Name != w.Name || h.Required != w.Required {
			return nil, false, fault.New(fault.Invalid, "table %s: field %d is %s %q there and %s %q in the schema; restore its line in the schema's lock file",
				table, w.ID, need(h), path+h.Name, need(w), path+w.Name)
		}
		typ, deeper, err := reconcileType(table, path+w.Name, h.Type, w.Type, lastID)
		if err != nil {
			return nil, false, err
		}
		merged[i].Type, grew = typ, grew || deeper
	}
	return merged, grew, nil
}

func mayAdd(table, path string, w iceberg.NestedField, names map[string]int, lastID int) error {
	if id, taken := names[w.Name]; taken {
		return fault.New(fault.Invalid, "table %s: column %q has field id %d there and %d in the schema; restore the schema's lock file", table, path+w.Name, id, w.ID)
	}
	if w.ID <= lastID {
		return fault.New(fault.Invalid, "table %s: new column %q has field id %d, which the table has given before (its last is %d); give it a new one in the schema's lock file",
			table, path+w.Name, w.ID, lastID)
	}
	if w.Required {
		return fault.New(fault.Invalid, "table %s: new column %q is required, but the files already written do not have it", table, path+w.Name)
	}
	return nil
}

// reconcileType returns the type that a column should have: the table's own, grown where the schema has grown it.
func reconcileType(table, path string, have, want iceberg.Type, lastID int) (iceberg.Type, bool, error) {
	switch h := have.(type) {
	case *iceberg.StructType:
		if w, ok := want.(*iceberg.StructType); ok {
			merged, grew, err := reconcile(table, path+".", h.FieldList, w.FieldList, lastID)
			return &iceberg.StructType{FieldList: merged}, grew, err
		}
	case *iceberg.ListType:
		if w, ok := want.(*iceberg.ListType); ok && h.ElementID == w.ElementID && h.ElementRequired == w.ElementRequired {
			elem, grew, err := reconcileType(table, path+".element", h.Element, w.Element, lastID)
			return &iceberg.ListType{ElementID: h.ElementID, Element: elem, ElementRequired: h.ElementRequired}, grew, err
		}
	case *iceberg.MapType:
		if w, ok := want.(*iceberg.MapType); ok && h.KeyID == w.KeyID && h.ValueID == w.ValueID && h.ValueRequired == w.ValueRequired && h.KeyType.Equals(w.KeyType) {
			value, grew, err := reconcileType(table, path+".value", h.ValueType, w.ValueType, lastID)
			return &iceberg.MapType{KeyID: h.KeyID, KeyType: h.KeyType, ValueID: h.ValueID, ValueType: value, ValueRequired: h.ValueRequired}, grew, err
		}
	}
	switch {
	case have.Equals(want):
		return have, false, nil
	case promotes(have, want):
		return want, true, nil
	}
	return nil, false, fault.New(fault.Invalid, "table %s: column %q is %s there and %s in the schema; a column's ids stay as they are and its type may only become wider, so declare a new column instead",
		table, path, have, want)
}

// promotes reports whether files of the one type may be read as the other: Iceberg's own type promotions.
func promotes(have, want iceberg.Type) bool {
	if h, ok := have.(iceberg.DecimalType); ok {
		w, ok := want.(iceberg.DecimalType)
		return ok && h.Scale() == w.Scale() && h.Precision() < w.Precision()
	}
	return have.Equals(iceberg.PrimitiveTypes.Int32) && want.Equals(iceberg.PrimitiveTypes.Int64)
}

func need(f iceberg.NestedField) string {
	if f.Required {
		return "required"
	}
	return "optional"
}
