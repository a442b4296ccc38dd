package check

import (
	"math"
	"strconv"
	"time"

	"cel.dev/cel-go/common/types"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// variables returns what a condition sees of a record. A value that is not of its field's type is seen as missing, for
// schemas.Check has refused it already.
func variables(fields []schemas.Field, item record.Item, now time.Time) map[string]any {
	vars, all := make(map[string]any, len(fields)+2), make(map[string]any, len(fields))
	for i := range fields {
		v := native(&fields[i], item[fields[i].Name])
		vars[fields[i].Name], all[fields[i].Name] = v, v
	}
	vars["now"], vars["record"] = now.UTC(), all
	return vars
}

func native(f *schemas.Field, v record.Value) any {
	switch {
	case f.Type == schemas.Day && v.Kind == record.S:
		if t, ok := schemas.Date8601(v.Text); ok {
			return t
		}
	case f.Type == schemas.Timestamp && v.Kind == record.S:
		if t, ok := schemas.Time8601(v.Text); ok {
			return t
		}
	case f.Type == schemas.Timestamp && v.Kind == record.N:
		return epoch(v.Text, f.Format)
	case f.Type == schemas.Decimal && v.Kind == record.N:
		if d, err := strconv.ParseFloat(v.Text, 64); err == nil {
			return d
		}
	case (f.Type == schemas.Int32 || f.Type == schemas.Int64) && v.Kind == record.N:
		return whole(v.Text)
	case (f.Type == schemas.String || f.Type == schemas.Enum) && v.Kind == record.S:
		return v.Text
	case f.Type == schemas.Boolean && v.Kind == record.BOOL:
		return v.Bool
	case f.Type == schemas.Binary && v.Kind == record.B:
		return v.Bytes
	case v.Kind == record.L || v.Kind == record.M || v.Kind == record.SS || v.Kind == record.NS:
		return loose(v)
	}
	return types.NullValue
}

func whole(text string) any {
	if i, err := strconv.ParseInt(text, 10, 64); err == nil {
		return i
	}
	if d, err := strconv.ParseFloat(text, 64); err == nil && d == math.Trunc(d) && math.Abs(d) < 1<<53 {
		return int64(d)
	}
	return types.NullValue
}

func epoch(text, format string) any {
	d, err := strconv.ParseFloat(text, 64)
	if err != nil || math.Abs(d) > 1e15 {
		return types.NullValue
	}
	if format == "epoch" {
		d *= 1000
	}
	return time.UnixMilli(int64(d)).UTC()
}

// loose is a nested value as CEL sees it without a declared type.
func loose(v record.Value) any {
	switch v.Kind {
	case record.S:
		return v.Text
	case record.N:
		if i := whole(v.Text); i != types.NullValue {
			return i
		}
		d, _ := strconv.ParseFloat(v.Text, 64)
		return d
	case record.BOOL:
		return v.Bool
	case record.B:
		return v.Bytes
	case record.L:
		out := make([]any, len(v.List))
		for i, one := range v.List {
			out[i] = loose(one)
		}
		return out
	case record.SS, record.NS:
		return v.Set
	case record.M:
		out := make(map[string]any, len(v.Map))
		for name, one := range v.Map {
			out[name] = loose(one)
		}
		return out
	default:
		return types.NullValue
	}
}
