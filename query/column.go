package query

import (
	"strconv"
	"strings"
	"time"
)

// Kind is what a column's values are.
type Kind uint8

// The kinds.
const (
	Text    Kind = iota // Texts
	Integer             // Ints
	Float               // Floats
	Decimal             // Texts: exact, with Scale digits after the point
	Bool                // Ints: 0 or 1
	Day                 // Ints: days since 1970-01-01
	Instant             // Ints: UTC microseconds since 1970
	Local               // Ints: microseconds since 1970 on the wall clock of the answer's zone
	JSON                // Texts: one JSON document each
)

// String returns the kind's name as answers spell it.
func (k Kind) String() string {
	return [...]string{"string", "integer", "double", "decimal", "bool", "date", "timestamp", "local", "json"}[k]
}

// Column is one column of a result. Exactly one of Ints, Floats and Texts is as long as the result, by its kind.
type Column struct {
	Name   string
	Kind   Kind
	Scale  int // Decimal
	Ints   []int64
	Floats []float64
	Texts  []string
	Null   []bool // nil: no value is null
}

// IsNull reports whether the row's value is null.
func (c *Column) IsNull(row int) bool { return c.Null != nil && c.Null[row] }

// AppendNull adds a null.
func (c *Column) AppendNull() {
	n := c.len()
	for len(c.Null) < n {
		c.Null = append(c.Null, false)
	}
	c.Null = append(c.Null, true)
	switch c.Kind {
	case Float:
		c.Floats = append(c.Floats, 0)
	case Text, Decimal, JSON:
		c.Texts = append(c.Texts, "")
	default:
		c.Ints = append(c.Ints, 0)
	}
}

// AppendInt adds a value of a kind that keeps Ints.
func (c *Column) AppendInt(v int64) { c.Ints = append(c.Ints, v); c.valid() }

// AppendFloat adds a value of a Float column.
func (c *Column) AppendFloat(v float64) { c.Floats = append(c.Floats, v); c.valid() }

// AppendText adds a value of a kind that keeps Texts.
func (c *Column) AppendText(v string) { c.Texts = append(c.Texts, v); c.valid() }

func (c *Column) valid() {
	if c.Null != nil {
		c.Null = append(c.Null, false)
	}
}

func (c *Column) len() int { return len(c.Ints) + len(c.Floats) + len(c.Texts) }

// Size returns about how many bytes the column holds.
func (c *Column) Size() int {
	n := 8*len(c.Ints) + 8*len(c.Floats) + len(c.Null)
	for _, t := range c.Texts {
		n += 16 + len(t)
	}
	return n
}

// Format returns the value as text: instants in RFC 3339 with milliseconds (microseconds where there are any), local
// times with their zone's distance from UTC, no null.
func (c *Column) Format(row int, zone *time.Location) string {
	switch c.Kind {
	case Integer:
		return strconv.FormatInt(c.Ints[row], 10)
	case Float:
		return strings.TrimSuffix(strconv.FormatFloat(c.Floats[row], 'g', -1, 64), "+Inf")
	case Bool:
		return strconv.FormatBool(c.Ints[row] != 0)
	case Day:
		return time.Unix(c.Ints[row]*86_400, 0).UTC().Format(time.DateOnly)
	case Instant:
		return formatInstant(time.UnixMicro(c.Ints[row]).UTC())
	case Local:
		return wall(c.Ints[row], zone).Format(time.RFC3339)
	}
	return c.Texts[row]
}

func formatInstant(t time.Time) string {
	if t.Nanosecond()%1_000_000 != 0 {
		return t.Format("2006-01-02T15:04:05.000000Z07:00")
	}
	return t.Format("2006-01-02T15:04:05.000Z07:00")
}

// wall returns the first instant at which the zone's clocks show the local time.
func wall(micros int64, zone *time.Location) time.Time {
	t := time.UnixMicro(micros).UTC()
	at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	// Where clocks go back, a local time comes twice.
	if begun, _ := at.ZoneBounds(); !begun.IsZero() {
		_, after := at.Zone()
		_, before := begun.Add(-time.Second).Zone()
		if first := at.Add(time.Duration(after-before) * time.Second); first.Before(begun) && before > after {
			return first
		}
	}
	return at
}
