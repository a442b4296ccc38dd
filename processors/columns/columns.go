// Package columns holds rows as typed column buffers, in the shape Parquet itself gives them, and makes Parquet files of
// them and reads those back. Every data file of the lake is written here; there is one physical mapping and this is it.
package columns

import (
	"github.com/tarn-lake/tarn/schemas"
)

// Kind is how a leaf's values are stored, here and in Parquet.
type Kind uint8

// The kinds and the field of Leaf that holds their values.
const (
	Bool  Kind = iota // Bools
	Int32             // Int32s: int32, dates, decimals up to 9 digits
	Int64             // Int64s: int64, timestamps (UTC microseconds), decimals up to 18 digits
	Bytes             // Arena and Offsets: strings, enums, binaries
	Fixed             // Arena, Width bytes a value: longer decimals, big-endian two's complement
)

// String returns the kind's name in messages.
func (k Kind) String() string {
	return [...]string{"bool", "int32", "int64", "bytes", "fixed"}[k]
}

// kindOf returns the kind and, for Fixed, the width of a primitive column.
func kindOf(c *schemas.Column) (Kind, int) {
	switch c.Type {
	case schemas.Boolean:
		return Bool, 0
	case schemas.Int32, schemas.Day:
		return Int32, 0
	case schemas.Int64, schemas.Timestamp:
		return Int64, 0
	case schemas.String, schemas.Enum, schemas.Binary:
		return Bytes, 0
	case schemas.Decimal:
		switch {
		case c.Precision <= 9:
			return Int32, 0
		case c.Precision <= 18:
			return Int64, 0
		}
		return Fixed, decimalWidth(c.Precision)
	}
	panic("columns: " + c.Name + " has type " + string(c.Type) + ", which is no leaf")
}

// decimalWidth returns the least number of bytes that hold any decimal of that many digits, as Iceberg demands:
// 10^p < 2^(8n-1).
func decimalWidth(precision int) int {
	const log2of10 = 3.3219280948873626
	bits := int(float64(precision)*log2of10) + 2 // the digits, rounded up, and a sign
	return (bits + 7) / 8
}
