package plan

import (
	"strconv"
	"strings"
	"time"
)

// maxOffsets bounds the pieces of a zone written as plain arithmetic, which is three times as fast as an engine's own
// time zones.
const maxOffsets = 8

// local returns the zone's wall-clock timestamp of an instant that lies in [from, to); zero ends are open.
func (d Dialect) local(expr string, zone *time.Location, from, to time.Time) string {
	if d.shifted != nil {
		if off, ok := offsets(d.epoch(expr), zone, from, to); ok {
			return d.shifted(expr, off)
		}
	}
	return "cast(" + expr + " at time zone " + literal(zone.String()) + " as timestamp)"
}

// offsets writes the zone's distance from UTC in microseconds as an expression of the epoch.
func offsets(epoch string, zone *time.Location, from, to time.Time) (string, bool) {
	if from.IsZero() {
		from = time.Unix(0, 0)
	}
	if to.IsZero() || to.Before(from) {
		to = from.AddDate(150, 0, 0)
	}
	micros := func(t time.Time) string {
		_, sec := t.In(zone).Zone()
		return strconv.Itoa(sec * 1_000_000)
	}
	var cases strings.Builder
	at, n := from.In(zone), 0
	for {
		_, end := at.ZoneBounds()
		if end.IsZero() || !end.Before(to) {
			break
		}
		if n++; n > maxOffsets {
			return "", false
		}
		cases.WriteString(" WHEN " + epoch + " < " + strconv.FormatInt(end.UnixMicro(), 10) + " THEN " + micros(at))
		at = end
	}
	if n == 0 {
		return micros(at), true
	}
	return "CASE" + cases.String() + " ELSE " + micros(at) + " END", true
}
