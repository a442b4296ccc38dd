package plan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

// maxBuckets bounds the buckets of one answer's time axis.
const maxBuckets = 3_000

// span is a resolved range; zero ends are open.
type span struct{ from, to time.Time }

// resolve reads a range in the zone at now.
func resolve(r Range, zone *time.Location, now time.Time) (span, error) {
	if r.Name != "" {
		if r.From != "" || r.To != "" {
			return span{}, fault.New(fault.Invalid, "range: give either a name or from and to")
		}
		return named(r.Name, zone, now)
	}
	from, err := bound("range.from", r.From, zone)
	if err != nil {
		return span{}, err
	}
	to, err := bound("range.to", r.To, zone)
	if err != nil {
		return span{}, err
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return span{}, fault.New(fault.Invalid, "range: from %s is not before to %s", r.From, r.To)
	}
	return span{from, to}, nil
}

func bound(field, text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return inEra(field, t)
		}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.New(fault.Invalid, "%s: %q is neither a day (2026-11-20) nor an RFC 3339 instant", field, text)
	}
	return inEra(field, t)
}

// inEra refuses what engines' timestamps or our arithmetic would not hold.
func inEra(field string, t time.Time) (time.Time, error) {
	if t.Year() < 1900 || t.Year() > 2200 {
		return time.Time{}, fault.New(fault.Invalid, "%s: the year %d is not between 1900 and 2200", field, t.Year())
	}
	return t, nil
}

// relative is a span counted from now: last-24h ends with this minute, last-7d with today; next-12h begins with this
// minute.
var relative = regexp.MustCompile(`^(last|next)-(\d{1,5})([hd])$`)

// maxRelative bounds the hours or days of a relative span.
const maxRelative = 10_000

// named resolves a span that hangs on now. Spans are cut to whole minutes, so that a page of tiles asks one question.
func named(name string, zone *time.Location, now time.Time) (span, error) {
	local := now.In(zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, zone)
	minute := local.Truncate(time.Minute)
	switch name {
	case "all":
		return span{}, nil
	case "today":
		return span{day, day.AddDate(0, 0, 1)}, nil
	case "yesterday":
		return span{day.AddDate(0, 0, -1), day}, nil
	case "this-week":
		monday := bucket(day, "week")
		return span{monday, monday.AddDate(0, 0, 7)}, nil
	case "this-month":
		first := bucket(day, "month")
		return span{first, first.AddDate(0, 1, 0)}, nil
	}
	m := relative.FindStringSubmatch(name)
	if m == nil {
		return span{}, unknown("range", name, []string{"all", "today", "yesterday", "this-week", "this-month", "last-24h",
			"last-7d", "last-30d", "next-12h"})
	}
	n, err := strconv.Atoi(m[2])
	if err != nil || n == 0 || n > maxRelative {
		return span{}, fault.New(fault.Invalid, "range: %s is not between 1 and %d", quoteShort(m[2]), maxRelative)
	}
	switch {
	case m[1] == "last" && m[3] == "d":
		return span{day.AddDate(0, 0, 1-n), day.AddDate(0, 0, 1)}, nil
	case m[1] == "last":
		end := minute.Add(time.Minute)
		return span{end.Add(-time.Duration(n) * time.Hour), end}, nil
	case m[3] == "d":
		return span{minute, minute.AddDate(0, 0, n)}, nil
	}
	return span{minute, minute.Add(time.Duration(n) * time.Hour)}, nil
}

// previous is the span of equal length before s. Where s is unfinished at now, it stops after the same part, so that
// the two may be compared.
func (s span) previous(zone *time.Location, now time.Time) (span, error) {
	if s.from.IsZero() || s.to.IsZero() {
		return span{}, fault.New(fault.Invalid, "compare: the range must have a beginning and an end")
	}
	var p span
	if days, ok := wholeDays(s, zone); ok {
		p = span{s.from.In(zone).AddDate(0, 0, -days), s.from}
	} else {
		p = span{s.from.Add(-s.to.Sub(s.from)), s.from}
	}
	if now.Before(s.to) && now.After(s.from) {
		p.to = p.from.Add(now.Sub(s.from))
	}
	return p, nil
}

// wholeDays counts the days of a span that begins and ends at local midnights.
func wholeDays(s span, zone *time.Location) (int, bool) {
	from, to := s.from.In(zone), s.to.In(zone)
	midnight := func(t time.Time) bool {
		return t.Hour() == 0 && t.Minute() == 0 && t.Second() == 0 && t.Nanosecond() == 0
	}
	if !midnight(from) || !midnight(to) {
		return 0, false
	}
	return int(to.Sub(from).Hours()+12) / 24, true
}

// bucket returns the start of the grain's bucket that holds t, as wall-clock time in t's zone.
func bucket(t time.Time, grain string) time.Time {
	y, m, d := t.Date()
	switch grain {
	case "minute":
		return time.Date(y, m, d, t.Hour(), t.Minute(), 0, 0, t.Location())
	case "hour":
		return time.Date(y, m, d, t.Hour(), 0, 0, 0, t.Location())
	case "week":
		d -= (int(t.Weekday()) + 6) % 7
	case "month":
		d = 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// next returns the start of the following bucket, in wall-clock time.
func next(t time.Time, grain string) time.Time {
	switch grain {
	case "minute":
		return t.Add(time.Minute)
	case "hour":
		return t.Add(time.Hour)
	case "week":
		return t.AddDate(0, 0, 7)
	case "month":
		return t.AddDate(0, 1, 0)
	}
	return t.AddDate(0, 0, 1)
}

// grid returns the starts of the buckets that touch the span, none of them at or after end. Wall-clock times that the
// zone skips or repeats stand once.
func grid(s span, grain string, zone *time.Location, end time.Time) ([]time.Time, error) {
	var all []time.Time
	for t := bucket(s.from.In(zone), grain); t.Before(s.to) && t.Before(end); t = next(t, grain) {
		if n := len(all); n > 0 && stamp(all[n-1]) == stamp(t) {
			continue
		}
		if all = append(all, t); len(all) > maxBuckets {
			return nil, fault.New(fault.Exceeded, "the range has more than %d buckets of one %s: choose a coarser grain or a shorter range", maxBuckets, grain)
		}
	}
	return all, nil
}

// bucketSQL is the bucket of a local timestamp expression.
func bucketSQL(local, grain string) string {
	if grain == "minute" || grain == "hour" {
		return fmt.Sprintf("date_trunc('%s', %s)", grain, local)
	}
	if grain == "day" {
		return "cast(" + local + " as date)"
	}
	return fmt.Sprintf("cast(date_trunc('%s', %s) as date)", grain, local)
}

// gridSQL is the buckets as rows of one column, "time".
func gridSQL(buckets []time.Time, grain string) string {
	var b strings.Builder
	b.WriteString("SELECT * FROM (VALUES ")
	for i, t := range buckets {
		if i > 0 {
			b.WriteString(", ")
		}
		if grain == "minute" || grain == "hour" {
			b.WriteString("(" + stamp(t) + ")")
		} else {
			b.WriteString("(date '" + t.Format(time.DateOnly) + "')")
		}
	}
	return b.String() + ") AS g(" + Ident(TimeColumn) + ")"
}

// Grains lists the grains, finest first.
func Grains() []string { return []string{"minute", "hour", "day", "week", "month"} }
