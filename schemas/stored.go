package schemas

import "github.com/tarn-lake/tarn/internal/record"

// Epoch reports whether the field is a time that travels as a number.
func (f *Field) Epoch() bool {
	return f.Type == Timestamp && (f.Format == "epoch" || f.Format == "epoch-ms")
}

// Numeric reports whether the field is stored as a number.
func (f *Field) Numeric() bool {
	return f.Type == Int32 || f.Type == Int64 || f.Type == Decimal || f.Epoch()
}

// Stored returns the kind of value that the field is stored as.
func (f *Field) Stored() record.Kind {
	switch {
	case f.Numeric():
		return record.N
	case f.Type == Boolean:
		return record.BOOL
	case f.Type == Binary:
		return record.B
	case f.Type == List:
		return record.L
	case f.Type == Set:
		return f.storedSet()
	case f.Type == Map, f.Type == Object:
		return record.M
	default:
		return record.S
	}
}

// storedSet returns the store's set of the element, or a list where the store has none for it.
func (f *Field) storedSet() record.Kind {
	switch f.Elem.Stored() {
	case record.S:
		return record.SS
	case record.N:
		return record.NS
	case record.B:
		return record.BS
	default:
		return record.L
	}
}

// KeyKind returns the kind of value that a key attribute is stored as; one that is no field is a text.
func (d *Dataset) KeyKind(name string) record.Kind {
	if f, ok := d.Field(name); ok {
		return f.Stored()
	}
	return record.S
}
