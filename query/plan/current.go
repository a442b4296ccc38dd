package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Present is a condition that is true of rows that leave a record where it is.
var Present = "_op NOT IN (" + literal(string(record.Remove)) + ", " + literal(string(record.Expire)) + ", " + literal(string(record.Leave)) + ")"

// leaves orders the mark that a record has left behind its row of the same change.
var leaves = "CASE WHEN _op = " + literal(string(record.Leave)) + " THEN 1 ELSE 0 END"

// current is the base without the records that have changed since, and the latest row of those that have. A record that
// is gone, or has left for a region unseen, stays hidden: its mark is the latest row.
//
// As a rule whatever is above a base is newer. Once loads, repairs or backfills have brought rows above it, which may be
// older, the base's own rows of those records take part.
func (v *views) current(d *schemas.Dataset) {
	through, hasBase := v.env.Through[d.Name]
	keys, cols := Keys(d), colsOf(d)
	seen, args := v.regions()
	late := v.env.Late[d.Name] > through
	source, where := d.ChangesTable(), seen
	if hasBase {
		where += " AND _commit > " + strconv.FormatInt(through, 10)
		if v.env.Dialect.delta {
			source = d.Name + deltaSuffix
		}
	}
	delta := "SELECT " + cols + " FROM " + v.from(source) + " WHERE " + where
	if !late {
		delta = "SELECT " + cols + ", row_number() OVER (PARTITION BY " + strings.Join(keys, ", ") + " ORDER BY _seq DESC, " + leaves + ") AS \"_rank\" FROM " +
			v.from(source) + " WHERE " + where
	}
	sql := "WITH d" + v.env.Dialect.inline + "(" + delta + ") "
	all, latest := slices.Clone(args), "d"
	if hasBase {
		var joins []string
		for _, k := range keys {
			joins = append(joins, "d."+k+" = b."+k)
		}
		base := "SELECT " + cols + " FROM " + v.from(d.BaseTable()) + " b WHERE " + seen
		changed := "EXISTS (SELECT 1 FROM d WHERE " + strings.Join(joins, " AND ") + ")"
		if late {
			latest = "(SELECT " + cols + " FROM d UNION ALL " + base + " AND " + changed + ")"
		}
		sql += base + " AND " + Present + " AND NOT " + changed + " UNION ALL "
		all = append(all, args...)
		if late {
			all = append(all, args...)
		}
	}
	if late {
		latest = ranked(keys, latest)
	}
	v.put(d.Name, sql+"SELECT "+cols+" FROM "+latest+" WHERE \"_rank\" = 1 AND "+Present, all...)
}

// Latest returns a relation of the latest row of each record among the rows of a relation with the dataset's columns,
// with those that leave no record.
func Latest(d *schemas.Dataset, from string) string {
	return "(SELECT " + colsOf(d) + " FROM " + ranked(Keys(d), from) + " WHERE \"_rank\" = 1)"
}

// ranked numbers each record's rows, the latest first. Rows of a backfill are newer than all changes made before their
// instant and older than all others; changes have the order of their numbers among themselves, never that of their times.
func ranked(keys []string, from string) string {
	record := "PARTITION BY " + strings.Join(keys, ", ")
	placed := "(CASE WHEN _shard LIKE " + literal(lake.BackfillLane+"%") + " THEN 1 ELSE 0 END)"
	return "(SELECT *, row_number() OVER (" + record + " ORDER BY CASE WHEN \"_placed\" = 0 THEN 1 WHEN _at > \"_newest\" THEN 0 ELSE 2 END, " +
		"CASE WHEN \"_placed\" = 1 THEN _at END DESC, _seq DESC, " + leaves + ", _shard) AS \"_rank\" " +
		"FROM (SELECT *, " + placed + " AS \"_placed\", first_value(_at) OVER (" + record + " ORDER BY " + placed + ", _seq DESC) AS \"_newest\" FROM " + from + ") AS p) AS r"
}

// Keys returns the columns of the key, quoted.
func Keys(d *schemas.Dataset) []string {
	keys := []string{Ident(d.Key.Partition)}
	if d.Key.Sort != "" {
		keys = append(keys, Ident(d.Key.Sort))
	}
	return keys
}

func colsOf(d *schemas.Dataset) string {
	var names []string
	for _, c := range d.StateColumns() {
		names = append(names, Ident(c.Name))
	}
	return strings.Join(names, ", ")
}
