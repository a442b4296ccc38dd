package duckdb

import (
	"database/sql/driver"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	duck "github.com/duckdb/duckdb-go/v2"

	"github.com/tarn-lake/tarn/query"
)

// appender adds one value, which is not null, to a column.
type appender func(c *query.Column, v driver.Value)

// column returns the empty column for a DuckDB type, and how its values are added.
func column(name, typ string) (query.Column, appender) {
	c := query.Column{Name: name}
	switch typ {
	case "BOOLEAN":
		c.Kind = query.Bool
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER":
		c.Kind = query.Integer
	case "UBIGINT", "HUGEINT", "UHUGEINT", "BIGNUM":
		c.Kind = query.Decimal
	case "FLOAT", "DOUBLE":
		c.Kind = query.Float
	case "DATE":
		c.Kind = query.Day
	case "TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE":
		c.Kind = query.Instant
	case "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS":
		c.Kind = query.Local
	case "VARCHAR", "BLOB", "UUID", "TIME", "TIMETZ", "INTERVAL", "ENUM", "SQLNULL":
		return c, appendText
	default:
		if scale, ok := decimalScale(typ); ok {
			c.Kind, c.Scale = query.Decimal, scale
			break
		}
		if strings.HasPrefix(typ, "ENUM") {
			return c, appendText
		}
		c.Kind = query.JSON
		return c, func(c *query.Column, v driver.Value) { c.AppendText(document(v)) }
	}
	return c, appendScalar
}

func decimalScale(typ string) (int, bool) {
	inner, ok := strings.CutPrefix(typ, "DECIMAL(")
	if !ok {
		return 0, false
	}
	_, scale, _ := strings.Cut(strings.TrimSuffix(inner, ")"), ",")
	n, err := strconv.Atoi(strings.TrimSpace(scale))
	return n, err == nil
}

func appendScalar(c *query.Column, v driver.Value) {
	switch x := v.(type) {
	case bool:
		if x {
			c.AppendInt(1)
		} else {
			c.AppendInt(0)
		}
	case int8:
		c.AppendInt(int64(x))
	case int16:
		c.AppendInt(int64(x))
	case int32:
		c.AppendInt(int64(x))
	case int64:
		c.AppendInt(x)
	case uint8:
		c.AppendInt(int64(x))
	case uint16:
		c.AppendInt(int64(x))
	case uint32:
		c.AppendInt(int64(x))
	case uint64:
		c.AppendText(strconv.FormatUint(x, 10))
	case *big.Int:
		c.AppendText(x.String())
	case float32:
		c.AppendFloat(float64(x))
	case float64:
		c.AppendFloat(x)
	case duck.Decimal:
		c.AppendText(fixed(x.Value, c.Scale))
	case time.Time:
		if c.Kind == query.Day {
			c.AppendInt(x.Unix() / 86_400)
		} else {
			c.AppendInt(x.UnixMicro())
		}
	default:
		c.AppendNull()
	}
}

// fixed writes an unscaled number with scale digits after the point.
func fixed(unscaled *big.Int, scale int) string {
	text := unscaled.String()
	if scale == 0 {
		return text
	}
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	if len(text) <= scale {
		text = strings.Repeat("0", scale-len(text)+1) + text
	}
	return sign + text[:len(text)-scale] + "." + text[len(text)-scale:]
}

func appendText(c *query.Column, v driver.Value) {
	switch x := v.(type) {
	case string:
		c.AppendText(x)
	case []byte:
		c.AppendText(base64.StdEncoding.EncodeToString(x))
	case time.Time:
		c.AppendText(x.Format("15:04:05.999999"))
	case duck.Interval:
		c.AppendText(fmt.Sprintf("P%dM%dDT%gS", x.Months, x.Days, float64(x.Micros)/1e6))
	default:
		c.AppendText(fmt.Sprint(x))
	}
}

// document writes a nested value as JSON.
func document(v any) string {
	text, err := json.Marshal(plain(v))
	if err != nil {
		return strconv.Quote(err.Error())
	}
	return string(text)
}

// plain replaces what JSON has no form for.
func plain(v any) any {
	switch x := v.(type) {
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = plain(x[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = plain(e)
		}
		return out
	case duck.Map:
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[fmt.Sprint(k)] = plain(e)
		}
		return out
	case duck.OrderedMap:
		out := make(map[string]any, x.Len())
		for i, k := range x.Keys() {
			out[fmt.Sprint(k)] = plain(x.Values()[i])
		}
		return out
	case duck.Decimal:
		return json.Number(fixed(x.Value, int(x.Scale)))
	case *big.Int:
		return json.Number(x.String())
	}
	return v
}
