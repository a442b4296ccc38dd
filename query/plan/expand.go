package plan

import (
	"strings"
	"time"
)

// The portable subset has five functions of its own, because engines' own differ in name or rounding, or are several
// times slower:
//
//	seconds_between(a, b)  seconds from a to b, a double
//	minute_of(t)           the start of the minute of an instant, an instant
//	local_day(t)           the date of an instant in the dataset's zone
//	range_from()           the beginning of the query's range, an instant; long ago where it is open
//	range_until()          its end
//
// expander writes them in a dialect.
type expander struct {
	dialect Dialect
	zone    *time.Location
	span    span
}

var ownFunctions = map[string]int{"seconds_between": 2, "minute_of": 1, "local_day": 1, "range_from": 0, "range_until": 0}

func (x expander) expand(sql string) string {
	var b strings.Builder
	done := 0
	words(sql, func(name string, from, to int) {
		want, ok := ownFunctions[name]
		if !ok || from < done || to >= len(sql) || sql[to] != '(' {
			return
		}
		args, end := arguments(sql, to+1)
		if len(args) != want {
			return
		}
		b.WriteString(sql[done:from])
		for i := range args {
			args[i] = x.expand(args[i])
		}
		b.WriteString(x.call(name, args))
		done = end
	})
	return b.String() + sql[done:]
}

func (x expander) call(name string, args []string) string {
	switch name {
	case "seconds_between":
		return "(cast(" + x.dialect.epoch(args[1]) + " - " + x.dialect.epoch(args[0]) + " as double) / 1000000)"
	case "minute_of":
		return x.dialect.minute(args[0])
	case "local_day":
		return "cast(" + x.dialect.local(args[0], x.zone, time.Time{}, time.Time{}) + " as date)"
	case "range_from":
		if x.span.from.IsZero() {
			return x.dialect.instant(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC))
		}
		return x.dialect.instant(x.span.from)
	}
	if x.span.to.IsZero() {
		return x.dialect.instant(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC))
	}
	return x.dialect.instant(x.span.to)
}

// arguments splits a call's arguments from the index after its bracket, and returns the index after the closing one.
func arguments(sql string, from int) (args []string, end int) {
	depth, start := 0, from
	for i := from; i < len(sql); i++ {
		switch sql[i] {
		case '\'', '"':
			i = skip(sql, i, sql[i]) - 1
		case '(':
			depth++
		case ')':
			if depth > 0 {
				depth--
				continue
			}
			if last := strings.TrimSpace(sql[start:i]); last != "" || len(args) > 0 {
				args = append(args, last)
			}
			return args, i + 1
		case ',':
			if depth == 0 {
				args, start = append(args, strings.TrimSpace(sql[start:i])), i+1
			}
		}
	}
	return []string{""}, len(sql)
}
