package load

import (
	"encoding/base64"
	"fmt"
	"math/big"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"github.com/tarn-lake/tarn/internal/record"
)

// texter returns how a column's values are written as text.
func texter(t parquet.Type) func(parquet.Value) string {
	if t.Kind() == parquet.Int96 {
		return julian
	}
	if t.LogicalType() == nil {
		return plainText
	}
	switch logical := t.LogicalType().Value.(type) {
	case *format.DateType:
		return func(v parquet.Value) string {
			return time.Unix(int64(v.Int32())*86_400, 0).UTC().Format(time.DateOnly)
		}
	case *format.TimestampType:
		unit := unitOf(logical.Unit)
		return func(v parquet.Value) string { return instant(v.Int64(), unit) }
	case *format.TimeType:
		unit := unitOf(logical.Unit)
		return func(v parquet.Value) string { return timeOfDay(v, unit) }
	case *format.IntType:
		if !logical.IsSigned {
			return unsigned
		}
	case *format.UUIDType:
		return uuid
	case *format.DecimalType:
		scale := int(logical.Scale)
		return func(v parquet.Value) string { return decimal(v, scale) }
	}
	return plainText
}

func unitOf(u format.TimeUnit) time.Duration {
	switch u.Value.(type) {
	case *format.MilliSeconds:
		return time.Millisecond
	case *format.MicroSeconds:
		return time.Microsecond
	}
	return time.Nanosecond
}

func timeOfDay(v parquet.Value, unit time.Duration) string {
	n := int64(v.Int32())
	if v.Kind() == parquet.Int64 {
		n = v.Int64()
	}
	return time.Unix(0, 0).UTC().Add(time.Duration(n) * unit).Format("15:04:05.999999")
}

const julianEpoch = 2_440_588 // the Julian day that 1970 began on

// julian reads the instants of old writers: nanoseconds of the day and the Julian day.
func julian(v parquet.Value) string {
	n := v.Int96()
	return time.Unix((int64(n[2])-julianEpoch)*86_400, int64(n[0])|int64(n[1])<<32).UTC().Format(instantLayout)
}

const instantLayout = "2006-01-02T15:04:05.999999Z"

func instant(n int64, unit time.Duration) string {
	per := int64(time.Second / unit)
	sec, rest := n/per, n%per
	if rest < 0 {
		sec, rest = sec-1, rest+per
	}
	return time.Unix(sec, rest*int64(unit)).UTC().Format(instantLayout)
}

func decimal(v parquet.Value, scale int) string {
	n := new(big.Int)
	switch v.Kind() {
	case parquet.Int32, parquet.Int64:
		n.SetInt64(v.Int64())
	default:
		b := v.ByteArray()
		n.SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(n, power).FloatString(scale)
}

func plainText(v parquet.Value) string {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.FormatBool(v.Boolean())
	case parquet.Int32:
		return strconv.FormatInt(int64(v.Int32()), 10)
	case parquet.Int64:
		return strconv.FormatInt(v.Int64(), 10)
	case parquet.Float:
		return strconv.FormatFloat(float64(v.Float()), 'f', -1, 32)
	case parquet.Double:
		return strconv.FormatFloat(v.Double(), 'f', -1, 64)
	default:
		return string(v.ByteArray())
	}
}

func unsigned(v parquet.Value) string {
	if v.Kind() == parquet.Int32 {
		return strconv.FormatUint(uint64(v.Uint32()), 10)
	}
	return strconv.FormatUint(v.Uint64(), 10)
}

func uuid(v parquet.Value) string {
	b := v.ByteArray()
	if len(b) != 16 {
		return plainText(v)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func base64Text(v parquet.Value) string { return base64.StdEncoding.EncodeToString(v.ByteArray()) }

// extra returns what _extra keeps of a column that the schema does not know.
func extra(v parquet.Value, text string) record.Value {
	if utf8.ValidString(text) {
		return record.String(text)
	}
	return record.Value{Kind: record.B, Bytes: v.ByteArray()}
}
