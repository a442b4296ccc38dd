package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// exactInt is the greatest integer that every JSON reader keeps exactly.
const exactInt = 1 << 53

// exactDigits is how many decimal digits a JSON reader's doubles keep.
const exactDigits = 15

// WriteJSON writes the answer as one JSON object. Integers and decimals are numbers where a double keeps them exactly,
// and texts beyond; instants and local times are RFC 3339 texts, days "2026-11-20"; NaN and infinities are null.
func WriteJSON(w io.Writer, a *Answer) error {
	var b bytes.Buffer
	b.WriteString(`{"columns":`)
	if err := appendJSON(&b, a.Columns); err != nil {
		return err
	}
	b.WriteString(`,"rows":`)
	jsonRows(&b, a.Result, a.Zone)
	if c := a.Compare; c != nil {
		b.WriteString(`,"compare":{"rows":`)
		jsonRows(&b, c.Result, a.Zone)
		b.WriteString(`,"range":`)
		if err := appendJSON(&b, jsonRange(c.From, c.To, a.Zone)); err != nil {
			return err
		}
		fmt.Fprintf(&b, `,"heldBack":%d`, c.HeldBack)
		if len(c.Holes) > 0 {
			b.WriteString(`,"holes":`)
			if err := appendJSON(&b, c.Holes); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	}
	b.WriteString(`,"meta":`)
	if err := appendJSON(&b, jsonMeta(a)); err != nil {
		return err
	}
	b.WriteString("}\n")
	_, err := w.Write(b.Bytes())
	return err
}

func appendJSON(b *bytes.Buffer, v any) error {
	text, err := json.Marshal(v)
	b.Write(text)
	return err
}

func jsonRange(from, to time.Time, zone *time.Location) map[string]string {
	r := map[string]string{}
	for name, t := range map[string]time.Time{"from": from, "to": to} {
		if !t.IsZero() {
			r[name] = t.In(zone).Format("2006-01-02T15:04:05.000Z07:00")
		}
	}
	return r
}

func jsonMeta(a *Answer) map[string]any {
	m := map[string]any{"snapshots": a.Meta.Snapshots, "commits": a.Meta.Commits, "heldBack": a.Meta.HeldBack, "cached": a.Meta.Cached,
		"elapsedMs": float64(a.Meta.Elapsed.Microseconds()) / 1000, "sql": a.Meta.SQL, "zone": a.Zone.String(), "truncated": a.Meta.Truncated,
		"completeTo": nil, "range": jsonRange(a.Meta.From, a.Meta.To, a.Zone)}
	if a.Meta.Source != "" {
		m["source"] = a.Meta.Source
	}
	if a.Result.Scanned > 0 {
		m["scannedBytes"] = a.Result.Scanned
	}
	if len(a.Meta.Holes) > 0 {
		m["holes"] = a.Meta.Holes
	}
	if !a.Meta.CompleteTo.IsZero() {
		m["completeTo"] = a.Meta.CompleteTo.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return m
}

func jsonRows(b *bytes.Buffer, r *Result, zone *time.Location) {
	b.WriteByte('[')
	for row := range r.Rows {
		if row > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('[')
		for i := range r.Columns {
			if i > 0 {
				b.WriteByte(',')
			}
			jsonValue(b, &r.Columns[i], row, zone)
		}
		b.WriteByte(']')
	}
	b.WriteByte(']')
}

func jsonValue(b *bytes.Buffer, c *Column, row int, zone *time.Location) {
	if c.IsNull(row) {
		b.WriteString("null")
		return
	}
	switch c.Kind {
	case Integer:
		if v := c.Ints[row]; v > exactInt || v < -exactInt {
			b.WriteString(strconv.Quote(strconv.FormatInt(v, 10)))
			return
		}
		b.WriteString(strconv.FormatInt(c.Ints[row], 10))
	case Float:
		if v := c.Floats[row]; math.IsNaN(v) || math.IsInf(v, 0) {
			b.WriteString("null")
			return
		}
		text, _ := json.Marshal(c.Floats[row])
		b.Write(text)
	case Decimal:
		if digits := strings.Trim(strings.ReplaceAll(c.Texts[row], ".", ""), "-0"); len(digits) > exactDigits {
			b.WriteString(strconv.Quote(c.Texts[row]))
			return
		}
		b.WriteString(c.Texts[row])
	case Bool:
		b.WriteString(strconv.FormatBool(c.Ints[row] != 0))
	case JSON:
		b.WriteString(c.Texts[row])
	default:
		text, _ := json.Marshal(c.Format(row, zone))
		b.Write(text)
	}
}
