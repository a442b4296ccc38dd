//go:build integration

package console_test

import (
	"maps"
	"math"
	"slices"
	"time"
)

// members are a dimension's values with their share of everything.
type member struct {
	code, label string
	share       float64
}

var members = map[string][]member{
	"division": {{"dhaka", "Dhaka", .41}, {"chattogram", "Chattogram", .2}, {"rajshahi", "Rajshahi", .09}, {"khulna", "Khulna", .08}, {"sylhet", "Sylhet", .07}, {"rangpur", "Rangpur", .06}, {"mymensingh", "Mymensingh", .05}, {"barishal", "Barishal", .04}},
	"home":     {{"dhaka", "Dhaka", .38}, {"chattogram", "Chattogram", .22}, {"rajshahi", "Rajshahi", .1}, {"khulna", "Khulna", .08}, {"sylhet", "Sylhet", .07}, {"rangpur", "Rangpur", .06}, {"mymensingh", "Mymensingh", .05}, {"barishal", "Barishal", .04}},
	"district": {{"1014", "Dhaka Metro", .26}, {"1009", "Chattogram Metro", .11}, {"1020", "Gazipur", .07}, {"1045", "Narayanganj", .06}, {"1012", "Comilla", .05}, {"1031", "Khulna Metro", .04}, {"1062", "Sylhet Metro", .038}, {"1055", "Rajshahi Metro", .03}, {"1042", "Mymensingh", .028}, {"1066", "Tangail", .02}},
	"reason":   {{"m", "Medical treatment, check-up or hospital visit of a family member", .31}, {"g", "Groceries", .24}, {"w", "Agricultural and essential work", .17}, {"f", "Funeral or burial", .11}, {"b", "Banking", .09}, {"o", "", .08}},
	"status":   {{"APPROVED", "Approved", .76}, {"REJECTED", "Rejected", .13}, {"APPLIED", "Applied", .11}},
	"hour":     nil,
}

var titles = map[string][4]string{ // title, unit, format, better
	"applications": {"Applications", "", "integer", ""}, "approved": {"Approved", "", "integer", ""}, "rejected": {"Rejected", "", "integer", ""},
	"approval_rate": {"Approval rate", "%", "percent", "up"}, "median_decision": {"Median time to decision", "s", "duration", "down"},
	"p95_decision": {"95th percentile", "s", "duration", "down"}, "on_the_move": {"People on the move", "people", "integer", ""},
}

var hourly = [24]float64{.25, .15, .1, .1, .2, .6, 1.4, 2.6, 4, 5.2, 5.8, 5.4, 4.6, 3.8, 3.9, 4.2, 4.4, 4, 3.2, 2.6, 2, 1.4, .8, .4}

// volume is the applications of an hour.
func volume(at time.Time) float64 {
	day := float64(at.Unix() / 86400)
	v := hourly[at.Hour()] * 44 * (1 + .18*math.Sin(day*1.7) + .1*math.Sin(day*.61))
	if at.Weekday() == time.Friday {
		v *= .55
	}
	return v * (1 + .12*math.Sin(float64(at.Hour())*2.3+day*3.1))
}

func total(from, to time.Time) float64 {
	sum := 0.0
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		sum += volume(at) * math.Min(1, to.Sub(at).Hours())
	}
	return sum
}

func measure(name string, n float64, at time.Time) any {
	wave := math.Sin(float64(at.Unix()/3600) * .37)
	switch name {
	case "approved":
		return math.Round(n * .76)
	case "rejected":
		return math.Round(n * .13)
	case "approval_rate":
		return .853 + .02*wave
	case "median_decision":
		return 2520 + 600*wave
	case "p95_decision":
		return 15800 + 2400*wave
	case "on_the_move":
		return math.Round(n * .9)
	}
	return math.Round(n)
}

func (f *fake) span(q question) (time.Time, time.Time) {
	local := f.now.In(f.zone)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, f.zone)
	switch q.Range.Name {
	case "today":
		return day, day.AddDate(0, 0, 1)
	case "last-24h":
		return local.Truncate(time.Hour).Add(-23 * time.Hour), local.Truncate(time.Hour).Add(time.Hour)
	case "last-30d":
		return day.AddDate(0, 0, -29), day.AddDate(0, 0, 1)
	case "next-12h":
		return local.Truncate(time.Hour), local.Truncate(time.Hour).Add(12 * time.Hour)
	}
	from, err := time.ParseInLocation(time.DateOnly, q.Range.From, f.zone)
	to, err2 := time.ParseInLocation(time.DateOnly, q.Range.To, f.zone)
	if err != nil || err2 != nil {
		return day.AddDate(0, 0, -6), day.AddDate(0, 0, 1)
	}
	return from, to
}

func (f *fake) answer(q question) map[string]any {
	from, to := f.span(q)
	rows := f.rows(q, from, to, float64(f.added))
	if f.mood == "empty" {
		rows = [][]any{}
	}
	out := map[string]any{"columns": columns(q), "rows": rows, "meta": map[string]any{"completeTo": f.complete.UTC().Format("2006-01-02T15:04:05.000Z"),
		"heldBack": f.held * len(q.Dimensions), "sql": "SELECT count(*) AS \"applications\"\nFROM \"passes_changes\"\nWHERE \"_op\" = 'insert'", "zone": "Asia/Dhaka", "commits": map[string]int{"passes_changes": f.commit}}}
	if q.Compare != "" {
		back := to.Sub(from)
		compare := map[string]any{"rows": f.rows(q, from.Add(-back), from, -40), "range": map[string]any{"from": from.Add(-back).Format(time.RFC3339), "to": from.Format(time.RFC3339)}}
		maps.Copy(compare, f.before)
		out["compare"] = compare
	}
	return out
}

func (f *fake) rows(q question, from, to time.Time, extra float64) [][]any {
	buckets := []time.Time{from}
	step := to.Sub(from)
	if q.Grain != "" {
		step = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[q.Grain]
		buckets = nil
		for at := from; at.Before(to) && (at.Before(f.now) || q.Range.Name == "next-12h"); at = at.Add(step) {
			buckets = append(buckets, at)
		}
	}
	var rows [][]any
	for _, at := range buckets {
		end := at.Add(step)
		if end.After(f.now) && at.Before(f.now) {
			end = f.now
		}
		var lead []any
		if q.Grain == "day" {
			lead = []any{at.Format(time.DateOnly)}
		} else if q.Grain != "" {
			lead = []any{at.Format(time.RFC3339)}
		}
		n := total(at, end) * share(q)
		if q.Grain == "" {
			n += extra
		}
		rows = append(rows, split(q, q.Dimensions, lead, n, at)...)
	}
	if q.Limit > 0 && q.Grain == "" && len(rows) > q.Limit {
		rows = rows[:q.Limit]
	}
	return rows
}

// share is the part of everything that the question's divisions are.
func share(q question) float64 {
	sum := 1.0
	for _, flt := range q.Filters {
		if flt.Dimension == "division" {
			sum = 0
			for _, m := range members["division"] {
				if slices.Contains(flt.Values, m.code) {
					sum += m.share
				}
			}
		}
	}
	return sum
}

func split(q question, dims []string, lead []any, n float64, at time.Time) [][]any {
	if len(dims) == 0 {
		row := slices.Clone(lead)
		for _, m := range q.Measures {
			row = append(row, measure(m, n, at))
		}
		return [][]any{row}
	}
	var rows [][]any
	if dims[0] == "hour" {
		for hour, w := range hourly {
			rows = append(rows, split(q, dims[1:], append(slices.Clone(lead), hour), n*w/60, at.Add(time.Duration(hour)*time.Hour))...)
		}
		return rows
	}
	for i, m := range members[dims[0]] {
		near := m.share * (1 + .3*math.Sin(float64(i*len(lead)+i)))
		rows = append(rows, split(q, dims[1:], append(slices.Clone(lead), m.code, m.label), n*near, at.Add(time.Duration(i)*7*time.Hour))...)
	}
	return rows
}

func columns(q question) []map[string]any {
	var all []map[string]any
	if q.Grain != "" {
		all = append(all, map[string]any{"name": "time", "title": "Time", "type": "local", "role": "time"})
	}
	for _, d := range q.Dimensions {
		title := map[string]string{"division": "Division", "home": "Home division", "district": "District", "reason": "Reason", "status": "Status", "hour": "Hour"}[d]
		all = append(all, map[string]any{"name": d, "title": title, "type": "string", "role": "dimension"})
		if d != "hour" {
			all = append(all, map[string]any{"name": d + "_label", "title": title, "type": "string", "role": "label", "of": d})
		}
	}
	for _, m := range q.Measures {
		t := titles[m]
		all = append(all, map[string]any{"name": m, "title": t[0], "type": "integer", "role": "measure", "unit": t[1], "format": t[2], "better": t[3]})
	}
	return all
}
