package ingest

import (
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// stampLayout is how times are written in the store and on the wire: UTC, to the millisecond.
const stampLayout = "2006-01-02T15:04:05.000Z"

// Stamp returns the stored value of an instant: ISO 8601 in UTC, to the millisecond.
func Stamp(t time.Time) record.Value { return record.String(t.UTC().Format(stampLayout)) }

// stamp returns the field's stored value of an instant.
func (f *field) stamp(t time.Time) record.Value {
	switch {
	case f.Format == "epoch":
		return record.Number(strconv.FormatInt(t.Unix(), 10))
	case f.Format == "epoch-ms":
		return record.Number(strconv.FormatInt(t.UnixMilli(), 10))
	case f.Type == schemas.Day:
		return record.String(t.UTC().Format(time.DateOnly))
	default:
		return Stamp(t)
	}
}

// settle returns a checked value with its days and times in their one form.
func (f *field) settle(v record.Value) record.Value {
	switch {
	case v.Kind == record.S && f.Type == schemas.Day:
		if t, ok := schemas.Date8601(v.Text); ok && len(v.Text) != len(time.DateOnly) {
			return record.String(t.Format(time.DateOnly))
		}
	case v.Kind == record.S && f.Type == schemas.Timestamp:
		if len(v.Text) == len(stampLayout) && v.Text[len(v.Text)-1] == 'Z' {
			return v
		}
		if t, ok := schemas.Time8601(v.Text); ok {
			return Stamp(t)
		}
	case v.Kind == record.L && f.elem != nil:
		list := make([]record.Value, len(v.List))
		for i, one := range v.List {
			list[i] = f.elem.settle(one)
		}
		v.List = list
	case v.Kind == record.SS && f.elem != nil:
		set := make([]string, len(v.Set))
		for i, one := range v.Set {
			set[i] = f.elem.settle(record.String(one)).Text
		}
		v.Set = set
	case v.Kind == record.M:
		v.Map = f.settleMap(v.Map)
	}
	return v
}

func (f *field) settleMap(item record.Item) record.Item {
	out := item.Clone()
	for name, one := range item {
		switch {
		case f.elem != nil:
			out[name] = f.elem.settle(one)
		case f.members != nil:
			if m := f.members.named(name); m != nil {
				out[name] = m.settle(one)
			}
		}
	}
	return out
}
