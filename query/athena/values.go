package athena

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/query"
)

// appender adds one value, which is not null, to a column.
type appender func(c *query.Column, text string) error

// columnOf returns the empty column for a type of Athena's, and how its values are read. Lists, maps and rows keep the
// text that Athena writes, which is no JSON.
func columnOf(info types.ColumnInfo) (query.Column, appender) {
	c := query.Column{Name: aws.ToString(info.Name)}
	name, _, _ := strings.Cut(aws.ToString(info.Type), "(")
	zoned := strings.HasSuffix(aws.ToString(info.Type), "with time zone")
	switch name = strings.TrimSpace(name); {
	case name == "boolean":
		c.Kind = query.Bool
		return c, boolean
	case name == "tinyint" || name == "smallint" || name == "integer" || name == "int" || name == "bigint":
		c.Kind = query.Integer
		return c, integer
	case name == "double" || name == "float" || name == "real":
		c.Kind = query.Float
		return c, float
	case name == "decimal":
		c.Kind, c.Scale = query.Decimal, int(info.Scale)
		return c, text
	case name == "date":
		c.Kind = query.Day
		return c, day
	case strings.HasPrefix(name, "timestamp") && zoned:
		c.Kind = query.Instant
		return c, instant
	case strings.HasPrefix(name, "timestamp"):
		c.Kind = query.Local
		return c, local
	case name == "json":
		c.Kind = query.JSON
	case name == "varbinary":
		return c, binary
	}
	return c, text
}

func text(c *query.Column, v string) error { c.AppendText(v); return nil }

func unread(c *query.Column, v string, err error) error {
	return fault.Wrap(fault.Internal, err, "athena: the value %.40q of column %s is no %s", v, c.Name, c.Kind)
}

func boolean(c *query.Column, v string) error {
	yes, err := strconv.ParseBool(v)
	if err != nil {
		return unread(c, v, err)
	}
	if yes {
		c.AppendInt(1)
	} else {
		c.AppendInt(0)
	}
	return nil
}

func integer(c *query.Column, v string) error {
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return unread(c, v, err)
	}
	c.AppendInt(n)
	return nil
}

func float(c *query.Column, v string) error {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return unread(c, v, err)
	}
	c.AppendFloat(f)
	return nil
}

func day(c *query.Column, v string) error {
	t, err := time.Parse(time.DateOnly, v)
	if err != nil {
		return unread(c, v, err)
	}
	c.AppendInt(t.Unix() / 86_400)
	return nil
}

const clock = "2006-01-02 15:04:05.999999999"

func local(c *query.Column, v string) error {
	t, err := time.Parse(clock, v)
	if err != nil {
		return unread(c, v, err)
	}
	c.AppendInt(t.UnixMicro())
	return nil
}

// instant reads a time and the zone behind it: UTC, a distance from UTC, or a place.
func instant(c *query.Column, v string) error {
	at := strings.LastIndexByte(v, ' ')
	if at < 0 {
		return unread(c, v, nil)
	}
	zone, err := zoneOf(v[at+1:])
	if err != nil {
		return unread(c, v, err)
	}
	t, err := time.ParseInLocation(clock, v[:at], zone)
	if err != nil {
		return unread(c, v, err)
	}
	c.AppendInt(t.UnixMicro())
	return nil
}

func zoneOf(name string) (*time.Location, error) {
	if t, err := time.Parse("-07:00", name); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(name, offset), nil
	}
	return time.LoadLocation(name)
}

// binary reads what Athena writes of bytes, hexadecimal in pairs, and keeps it as answers have it.
func binary(c *query.Column, v string) error {
	raw, err := hex.DecodeString(strings.ReplaceAll(v, " ", ""))
	if err != nil {
		return unread(c, v, err)
	}
	c.AppendText(base64.StdEncoding.EncodeToString(raw))
	return nil
}
