package plan

import (
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// Days are business days of a metric's time. The zero Days are none.
type Days struct {
	All  bool
	List []string // "2026-11-20", sorted
	Null bool     // and rows without one
}

// None reports whether there is no day.
func (d Days) None() bool { return !d.All && !d.Null && len(d.List) == 0 }

// condition holds for rows of the days.
func (d Days) condition() string {
	if d.All {
		return "1 = 1"
	}
	day := Ident(schemas.ColDay)
	var parts []string
	if len(d.List) > 0 {
		parts = append(parts, day+" IN (date '"+strings.Join(d.List, "', date '")+"')")
	}
	if d.Null {
		parts = append(parts, day+" IS NULL")
	}
	if len(parts) == 0 {
		return "1 = 0"
	}
	return "coalesce(" + strings.Join(parts, " OR ") + ", false)"
}

// Refresh is what the statements about a rollup depend on.
type Refresh struct {
	Daily *schemas.Daily
	Env   Env
	Above int64 // the commit that the rollup is current to
	Worth lake.Rollup

	portion portion
}

func (r Refresh) views() *views {
	r.Env.Regions = []string{viewer.All}
	v := newViews(r.Env)
	v.only = r.portion.condition(r.Daily.Dataset, r.Env.Dialect)
	return v
}

func (r Refresh) contributor() *contributor {
	r.Env.Regions = []string{viewer.All}
	return newContributor(r.Env, r.Daily, r.metrics()...)
}

// statement is all parts as one; nil where there are none.
func statement(v *views, parts []string) *Statement {
	if len(parts) == 0 {
		return nil
	}
	text := ""
	if len(v.text) > 0 {
		text = "WITH " + strings.Join(v.text, ",\n") + "\n"
	}
	return &Statement{SQL: text + strings.Join(parts, "\nUNION ALL\n"), Args: v.args, Relations: sorted(v.physical)}
}

// doubtful is the condition of changes whose old image is not known to be what the history had before: it is missing, or
// the change did not come down its stream in order, or it may be older than what a backfill brought.
func (r Refresh) doubtful() string {
	if r.Worth.Doubted {
		return "_op <> " + literal(string(record.Leave))
	}
	placed := ""
	if !r.Worth.Placed.IsZero() {
		placed = " OR _at <= " + r.Env.Dialect.instant(r.Worth.Placed)
	}
	return "(_op = " + literal(string(record.Snapshot)) + " OR " + blind(r.Daily.Dataset) + " OR _op <> " + literal(string(record.Leave)) +
		" AND (_shard LIKE " + literal(lake.RepairLane+"%") + " OR _shard LIKE " + literal(lake.LoadLane+"%") +
		" OR _shard LIKE " + literal(lake.BackfillLane+"%") + placed + "))"
}

// Suspects reports whether Changed counts more changes as doubtful than are.
func (r Refresh) Suspects() bool { return r.Env.Many[r.Daily.Dataset.Name] && !r.Worth.Doubted }

// suspect is a condition that every doubtful change meets, and of many changes is found out from few columns: of those that
// came down their stream, the ones that lack the field that records surely have.
func (r Refresh) suspect() string {
	d := r.Daily.Dataset
	if !r.Suspects() || r.Env.Late[d.Name] > r.Above || !r.Worth.Placed.IsZero() {
		return r.doubtful()
	}
	lacks := ""
	if name := r.surely(); name != "" {
		lacks = " AND " + Ident(schemas.OldPrefix+name) + " IS NULL"
	}
	return "_op = " + literal(string(record.Snapshot)) + " OR _op IN " + ops(record.Modify, record.Remove, record.Expire) + lacks
}

// surely is the tracked field that the fewest records lack, as far as the schema says.
func (r Refresh) surely() string {
	d := r.Daily.Dataset
	best, most := "", -1
	for _, name := range d.Track {
		f, ok := d.Field(name)
		if !ok || f.Privacy.Rule == "drop" {
			continue
		}
		sure := 0
		if slices.ContainsFunc(r.Daily.Metrics, func(m schemas.DailyMetric) bool { return m.Time == name }) {
			sure = 1
		}
		if f.Required {
			sure = 2
		}
		if sure > most {
			best, most = name, sure
		}
	}
	return best
}

// Doubtful counts the changes above the rollup that contribute nothing certain.
func (r Refresh) Doubtful() *Statement {
	v, c := r.views(), r.contributor()
	return statement(v, []string{"SELECT count(*) AS \"n\" FROM " + c.above(v, r.Above) + " WHERE " + r.doubtful()})
}

// Placed is the newest instant of backfilled rows, in microseconds, null where there are none: those above the rollup, or
// all.
func (r Refresh) Placed(all bool) *Statement {
	v, c := r.views(), r.contributor()
	from := c.above(v, r.Above)
	if all {
		from = v.from(r.Daily.Dataset.ChangesTable())
	}
	return statement(v, []string{"SELECT max(" + r.Env.Dialect.epoch("_at") + ") AS \"at\" FROM " + from + " WHERE _shard LIKE " + literal(lake.BackfillLane+"%")})
}

// Marked lists the days that the records of doubtful changes have ever been in, by the metrics' times: columns "time"
// and "day".
func (r Refresh) Marked() *Statement {
	v, c, d := r.views(), r.contributor(), r.Daily.Dataset
	keys := []string{d.Key.Partition}
	if d.Key.Sort != "" {
		keys = append(keys, d.Key.Sort)
	}
	var names, on []string
	for _, k := range keys {
		names, on = append(names, Ident(k)), append(on, "q."+Ident(k)+" = r."+Ident(k))
	}
	v.put("_doubtful", "SELECT DISTINCT "+strings.Join(names, ", ")+" FROM "+c.above(v, r.Above)+" WHERE "+r.doubtful())
	held := " r WHERE EXISTS (SELECT 1 FROM \"_doubtful\" q WHERE " + strings.Join(on, " AND ") + ") AND r._op "
	there := held + "NOT IN " + ops(record.Remove, record.Expire, record.Leave)
	before := held + "IN " + ops(record.Modify, record.Remove, record.Expire) + " AND NOT " + blind(d)
	var parts []string
	for _, time := range r.times(c) {
		m := &schemas.DailyMetric{Metric: &schemas.Metric{Time: time}}
		old := &schemas.DailyMetric{Metric: &schemas.Metric{}}
		if time != "" {
			old.Time = schemas.OldPrefix + time
		}
		for _, from := range []string{v.from(d.ChangesTable()) + there, v.from(d.BaseTable()) + there} {
			parts = append(parts, "SELECT DISTINCT "+literal(time)+" AS \"time\", "+c.day(m)+" AS \"day\" FROM "+from)
		}
		parts = append(parts, "SELECT DISTINCT "+literal(time)+", "+c.day(old)+" FROM "+c.above(v, r.Above)+before)
	}
	return statement(v, parts)
}

// times is the times of the metrics of records.
func (r Refresh) times(c *contributor) []string {
	set := map[string]bool{}
	for i := range r.Daily.Metrics {
		if m := &r.Daily.Metrics[i]; c.records(m) {
			set[m.Time] = true
		}
	}
	return sorted(set)
}

// Changed sums what the changes above the rollup contribute to days that are not marked: rows of the rollup's columns. Where
// nothing is marked and the rollup has metrics of records, the rows of no metric count the changes that may be doubtful:
// unless there are none, or Doubtful says that none is, marks are needed.
func (r Refresh) Changed(marked map[string]Days) *Statement {
	v, c, metrics := r.views(), r.contributor(), r.metrics()
	c.doubt, c.blind = r.suspect(), len(marked) > 0
	var parts []string
	for i := range metrics {
		m := &metrics[i]
		where := ""
		if days := marked[m.Time]; c.records(m) && !days.None() {
			where = "NOT " + days.condition()
		}
		parts = append(parts, c.sum(m, c.changed(v, m, r.Above), m.Slices, r.Daily.Columns(nil), where))
	}
	if len(marked) == 0 && c.put[stepMoves] {
		parts = append(parts, c.doubts())
	}
	return statement(v, parts)
}

// doubts counts the doubtful changes, in a row of no metric.
func (c *contributor) doubts() string {
	var cols []string
	for _, col := range c.daily.Columns(nil) {
		expr := "cast(null as " + sqlType(col) + ")"
		switch col.Name {
		case schemas.ColMetric, schemas.ColBy, schemas.ColRegion:
			expr = literal("")
		case schemas.ColRows:
			expr = "count(*) FILTER (WHERE \"_doubtful\")"
		}
		cols = append(cols, expr)
	}
	return "SELECT " + strings.Join(cols, ", ") + " FROM " + Ident(stepImages)
}

// Present sums what there is on marked days: rows of the rollup's columns; nil where no metric has any.
func (r Refresh) Present(marked map[string]Days) *Statement {
	v, c, metrics := r.views(), r.contributor(), r.metrics()
	var parts []string
	for i := range metrics {
		m := &metrics[i]
		if days := marked[m.Time]; c.records(m) && !days.None() {
			parts = append(parts, c.sum(m, c.present(v, m), m.Slices, r.Daily.Columns(nil), days.condition()))
		}
	}
	return statement(v, parts)
}

// Whole sums all that there is: the rollup made anew.
func (r Refresh) Whole() *Statement {
	v, c, metrics := r.views(), r.contributor(), r.metrics()
	var parts []string
	for i := range metrics {
		m := &metrics[i]
		parts = append(parts, c.sum(m, c.present(v, m), m.Slices, r.Daily.Columns(nil), ""))
	}
	return statement(v, parts)
}
