package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// aboveSuffix ends the name of the relation of the changes above a rollup, of every region: what has left a region is
// written in the row of the region that it went to. Only contributions are taken from it, under the viewer's predicate.
const aboveSuffix = "_above"

// Names of what contributions are taken over: the changes with both images, those that took a record out of its region,
// the rows that records had before and after each change, and the changes.
const (
	stepImages = "_images"
	stepLeft   = "_left"
	stepMoves  = "_moves"
	stepEvents = "_events"
	colSign    = "_sign" // 1 for a row that is there now, -1 for one that is not any more
	colFrom    = "_from" // the region that a record left
)

// contributor writes what changes, or all current rows, add to a rollup table.
type contributor struct {
	env   Env
	daily *schemas.Daily
	put   map[string]bool
	text  string // every expression that rows are needed for
	blind bool   // some changes may lack the old image that they should have: those take nothing out
	doubt string // a condition of changes, to be counted; empty: none
}

// newContributor returns a contributor for the metrics, in the slices and measures that they are given with.
func newContributor(env Env, daily *schemas.Daily, metrics ...schemas.DailyMetric) *contributor {
	var all strings.Builder
	for _, m := range metrics {
		all.WriteString(m.Time + " " + m.Filter)
		for _, s := range m.Slices {
			all.WriteString(" " + s.Name)
		}
		for _, x := range m.Measures {
			all.WriteString(" " + x.Of + " " + x.Where)
		}
	}
	return &contributor{env: env, daily: daily, put: map[string]bool{}, text: all.String()}
}

// above is the changes above the rollup's commit.
func (c *contributor) above(v *views, through int64) string {
	d := c.daily.Dataset
	source := d.ChangesTable()
	if c.env.Dialect.delta {
		source = d.Name + aboveSuffix
	}
	return "(SELECT * FROM " + v.from(source) + " WHERE _commit > " + strconv.FormatInt(through, 10) + ")"
}

// changed writes the source of the metric's contributions by the changes above a commit.
func (c *contributor) changed(v *views, m *schemas.DailyMetric, through int64) string {
	seen, args := v.regions()
	v.datasets[c.daily.Dataset.Name] = true
	name := stepEvents
	if c.records(m) {
		name = stepMoves
	}
	switch {
	case c.put[name]:
	case name == stepEvents:
		v.put(name, "SELECT 1 AS "+Ident(colSign)+", * FROM "+c.above(v, through)+" WHERE _op <> "+literal(string(record.Leave))+" AND "+seen, args...)
	default:
		c.moves(v, through, seen, args)
	}
	c.put[name] = true
	return name
}

// moves writes the rows before and after each change. Few changes are read once and kept. Of many each part reads the
// columns that it needs from the files: that is less work than to keep all of them, above all where they do not fit into memory.
func (c *contributor) moves(v *views, through int64, seen string, args []any) {
	hold := v.keep
	if c.env.Many[c.daily.Dataset.Name] {
		hold = v.put
	}
	hold(stepImages, c.images(v, through))
	v.keep(stepLeft, c.left())
	hold(stepMoves, "SELECT * FROM ("+c.asserted()+" UNION ALL "+c.retracted()+" UNION ALL "+c.moved()+") WHERE "+seen, args...)
}

// images is both images of every change.
func (c *contributor) images(v *views, through int64) string {
	cols := []string{"_op", "_shard", "_seq", schemas.ColRegion}
	for _, f := range c.fields() {
		cols = append(cols, Ident(f))
		if !c.key(f) {
			cols = append(cols, Ident(schemas.OldPrefix+f))
		}
	}
	if c.blind {
		cols = append(cols, blind(c.daily.Dataset)+" AS \"_blind\"")
	}
	if c.doubt != "" {
		cols = append(cols, "("+c.doubt+") AS \"_doubtful\"")
	}
	return "SELECT " + strings.Join(cols, ", ") + " FROM " + c.above(v, through)
}

func (c *contributor) key(field string) bool {
	return field == c.daily.Dataset.Key.Partition || field == c.daily.Dataset.Key.Sort
}

// records reports whether the metric counts records, which are taken back, or changes, which never are.
func (c *contributor) records(m *schemas.DailyMetric) bool {
	return m.Source == "current" && !c.daily.Dataset.Key.IsZero()
}

// fields is every field that is known of a record both before and after a change, and that rows are needed for.
func (c *contributor) fields() []string {
	d := c.daily.Dataset
	var names []string
	for _, name := range append([]string{d.Key.Partition, d.Key.Sort}, d.Track...) {
		f, ok := d.Field(name)
		if ok && f.Privacy.Rule != "drop" && !slices.Contains(names, name) && strings.Contains(strings.ToLower(c.text), strings.ToLower(name)) {
			names = append(names, name)
		}
	}
	return names
}

func ops(list ...record.Op) string {
	var texts []string
	for _, op := range list {
		texts = append(texts, literal(string(op)))
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

func (c *contributor) asserted() string {
	cols := []string{"1 AS " + Ident(colSign), schemas.ColRegion}
	for _, f := range c.fields() {
		cols = append(cols, Ident(f))
	}
	return "SELECT " + strings.Join(cols, ", ") + " FROM " + Ident(stepImages) + " WHERE _op NOT IN " + ops(record.Remove, record.Expire, record.Leave)
}

// retracted is the old images that are known, taken out of the region that the change is in.
func (c *contributor) retracted() string {
	cols := append([]string{"-1 AS " + Ident(colSign), schemas.ColRegion}, c.olds()...)
	return "SELECT " + strings.Join(cols, ", ") + " FROM " + Ident(stepImages) + " WHERE " + c.retracts()
}

// retracts is the condition of changes whose old image is known.
func (c *contributor) retracts() string {
	known := "_op IN " + ops(record.Modify, record.Remove, record.Expire)
	if c.blind {
		known += " AND NOT \"_blind\""
	}
	return known
}

// olds is the fields as they were before a change, under their own names.
func (c *contributor) olds() []string {
	var cols []string
	for _, f := range c.fields() {
		if c.key(f) {
			cols = append(cols, Ident(f))
		} else {
			cols = append(cols, Ident(schemas.OldPrefix+f)+" AS "+Ident(f))
		}
	}
	return cols
}

// left is the old images of changes whose record was in another region before: the mark that it left tells in which. They
// are few, and kept: of all others nobody asks for the identity.
func (c *contributor) left() string {
	cols := append([]string{"_op", "a." + schemas.ColRegion, "l." + schemas.ColRegion + " AS " + Ident(colFrom)}, c.olds()...)
	if c.blind {
		cols = append(cols, "\"_blind\"")
	}
	mark := "_op = " + literal(string(record.Leave))
	// An engine that does not know how many there are looks up what it takes to be fewer: marks, beside all that are none.
	return "SELECT " + strings.Join(cols, ", ") + " FROM " + Ident(stepImages) + " a JOIN (SELECT _shard, _seq, " + schemas.ColRegion + " FROM " +
		Ident(stepImages) + " WHERE " + mark + ") l ON l._seq = a._seq AND l._shard = a._shard WHERE NOT a." + mark
}

// moved puts what was taken out of the region that a record is in now back, and takes it out of the one that it left.
func (c *contributor) moved() string {
	sign := "m." + Ident(colSign)
	cols := []string{sign, "CASE WHEN " + sign + " > 0 THEN " + schemas.ColRegion + " ELSE " + Ident(colFrom) + " END"}
	for _, f := range c.fields() {
		cols = append(cols, Ident(f))
	}
	return "SELECT " + strings.Join(cols, ", ") + " FROM " + Ident(stepLeft) + " CROSS JOIN (VALUES (1), (-1)) AS m(" + Ident(colSign) + ") WHERE " + c.retracts()
}

// blind is the condition of changes without the old image that they should have.
func blind(d *schemas.Dataset) string {
	var old []string
	for _, name := range d.Track {
		if f, ok := d.Field(name); ok && f.Privacy.Rule != "drop" {
			old = append(old, Ident(schemas.OldPrefix+name)+" IS NULL")
		}
	}
	lost := "1 = 1"
	if len(old) > 0 {
		lost = strings.Join(old, " AND ")
	}
	return "(_op = " + literal(string(record.Modify)) + " AND _changed IS NULL OR _op IN " + ops(record.Remove, record.Expire) + " AND " + lost + ")"
}

// present writes the source of all that the metric counts now.
func (c *contributor) present(v *views, m *schemas.DailyMetric) string {
	d, name, relation := c.daily.Dataset, stepEvents, c.daily.Dataset.ChangesTable()
	if c.records(m) {
		name, relation = stepMoves, d.Name
	}
	if !c.put[name] {
		v.add(relation)
		v.put(name, "SELECT 1 AS "+Ident(colSign)+", * FROM "+Ident(relation))
	}
	c.put[name] = true
	return name
}

// zone is where the dataset's days are counted.
func zoneOf(d *schemas.Dataset) *time.Location {
	if d.Zone == nil {
		return time.UTC
	}
	return d.Zone
}

func (c *contributor) expand(sql string) string {
	return expander{dialect: c.env.Dialect, zone: zoneOf(c.daily.Dataset)}.expand(sql)
}

// day is the business day of the metric's time.
func (c *contributor) day(m *schemas.DailyMetric) string {
	if m.Time == "" {
		return "cast(null as date)"
	}
	return "cast(" + c.local(m) + " as date)"
}

func (c *contributor) local(m *schemas.DailyMetric) string {
	return c.env.Dialect.local(column(m.Time), zoneOf(c.daily.Dataset), time.Time{}, time.Time{})
}

// rows is a metric's rows of a source, with their day and hour.
func (c *contributor) rows(m *schemas.DailyMetric, source string, split []schemas.Slice) string {
	hour := "cast(null as integer)"
	if m.Time != "" && slices.ContainsFunc(split, func(s schemas.Slice) bool { return s.Hour }) {
		hour = "cast(extract(hour from " + c.local(m) + ") as integer)"
	}
	text := "SELECT *, " + c.day(m) + " AS " + Ident(schemas.ColDay) + ", " + hour + " AS " + Ident(schemas.ColHour) + " FROM " + Ident(source)
	if m.Filter != "" {
		text += " WHERE (" + c.expand(m.Filter) + ")"
	}
	return text
}

// sum writes the rollup rows of a metric's rows for some slices, with the given columns of the table. where narrows the
// days; empty: all.
func (c *contributor) sum(m *schemas.DailyMetric, source string, split []schemas.Slice, cols []schemas.Column, where string) string {
	all := splitColumns(split)
	var list, nonzero []string
	for _, col := range cols {
		expr, adds := c.columnSQL(m, col, all, split)
		list = append(list, expr+" AS "+Ident(col.Name))
		if adds {
			nonzero = append(nonzero, expr+" <> 0")
		}
	}
	if where != "" {
		where = " WHERE " + where
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM (" + c.rows(m, source, split) + ")" + where + " GROUP BY " + groupingSets(split) +
		" HAVING " + strings.Join(nonzero, " OR ")
}

// columnSQL is one column of the table for a metric, and whether it is one that adds up.
func (c *contributor) columnSQL(m *schemas.DailyMetric, col schemas.Column, all []string, split []schemas.Slice) (string, bool) {
	none := "cast(null as " + sqlType(col) + ")"
	switch col.Name {
	case schemas.ColMetric:
		return literal(m.Name), false
	case schemas.ColBy:
		return byName(all, split), false
	case schemas.ColDay, schemas.ColRegion:
		return Ident(col.Name), false
	case schemas.ColRows:
		return "cast(sum(" + Ident(colSign) + ") as bigint)", true
	}
	if slices.Contains(all, col.Name) {
		return Ident(col.Name), false
	}
	for _, x := range m.Measures {
		if x.Column == col.Name {
			return c.measure(x, col), true
		}
	}
	return none, false
}

func (c *contributor) measure(x schemas.DailyMeasure, col schemas.Column) string {
	of, cond := column(x.Of), x.Where
	sign := Ident(colSign)
	term := sign
	if x.Agg == "sum" {
		wide := fmt.Sprintf("cast(%s as decimal(38, %d))", of, col.Scale)
		term = "CASE WHEN " + sign + " < 0 THEN -" + wide + " ELSE " + wide + " END"
	} else if x.Of != "" {
		if cond != "" {
			cond = "(" + cond + ") AND "
		}
		cond += "(" + of + ") IS NOT NULL"
	}
	call := c.expand("sum(" + term + ")")
	if cond != "" {
		call += " FILTER (WHERE " + c.expand(cond) + ")"
	}
	return "cast(coalesce(" + call + ", 0) as " + sqlType(col) + ")"
}

// splitColumns is every column that one of the slices has.
func splitColumns(split []schemas.Slice) []string {
	var all []string
	for _, s := range split {
		for _, name := range s.Columns {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
		if s.Hour && !slices.Contains(all, schemas.ColHour) {
			all = append(all, schemas.ColHour)
		}
	}
	return all
}

// members is a slice's columns of the table.
func members(s schemas.Slice) []string {
	if s.Hour {
		return append(slices.Clone(s.Columns), schemas.ColHour)
	}
	return s.Columns
}

// groupingSets groups by day, region and each slice's columns, in one pass over the rows.
func groupingSets(split []schemas.Slice) string {
	var sets []string
	for _, s := range split {
		names := []string{Ident(schemas.ColDay), schemas.ColRegion}
		for _, name := range members(s) {
			names = append(names, Ident(name))
		}
		sets = append(sets, "("+strings.Join(names, ", ")+")")
	}
	return "GROUPING SETS (" + strings.Join(sets, ", ") + ")"
}

// byName tells by the columns that a row is grouped by which slice it belongs to.
func byName(all []string, split []schemas.Slice) string {
	if len(all) == 0 {
		return literal("")
	}
	var names []string
	for _, name := range all {
		names = append(names, Ident(name))
	}
	var b strings.Builder
	b.WriteString("CASE grouping(" + strings.Join(names, ", ") + ")")
	for _, s := range split {
		bits, have := 0, members(s)
		for _, name := range all {
			bits <<= 1
			if !slices.Contains(have, name) {
				bits |= 1
			}
		}
		fmt.Fprintf(&b, " WHEN %d THEN %s", bits, literal(s.Name))
	}
	return b.String() + " END"
}
