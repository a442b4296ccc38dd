package query

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// deltaSuffix ends the name of the relation of the changes above a base.
const deltaSuffix = "_delta"

// aboveSuffix ends the name of the relation of the changes above a rollup, of every region: what has left a region is
// written in the row of the region that it went to.
const aboveSuffix = "_above"

// table returns the table that a physical relation's rows come from.
func (p *Pinned) table(relation string) string {
	for _, suffix := range []string{deltaSuffix, aboveSuffix} {
		if d, ok := strings.CutSuffix(relation, suffix); ok {
			return (&schemas.Dataset{Name: d}).ChangesTable()
		}
	}
	return relation
}

// relation returns a physical relation with the files that may hold rows of the regions and dates, and a text that is
// equal for equal rows.
func (p *Pinned) relation(name string, regions []string, prune plan.Prune) (Relation, string, error) {
	table := p.table(name)
	rel, ok := p.Relations[table]
	if !ok {
		return Relation{}, "", fault.New(fault.Internal, "relation %s is not pinned", table)
	}
	above := int64(-1)
	if d, ok := strings.CutSuffix(name, deltaSuffix); ok {
		above = p.Through[d]
	}
	all := slices.Contains(regions, viewer.All)
	if d, ok := strings.CutSuffix(name, aboveSuffix); ok {
		above, all = p.Daily[d], true
	}
	dated := strings.HasSuffix(name, "_changes")
	var kept []File
	for _, f := range rel.Files {
		switch {
		case !all && f.Region != "" && !slices.Contains(regions, f.Region):
		case f.Upper > 0 && f.Upper <= above:
		case dated && !f.Date.IsZero() && outside(f.Date, prune):
		default:
			kept = append(kept, f)
		}
	}
	rel.Name, rel.Files = name, kept
	return rel, name + "@" + strconv.FormatInt(p.Snapshots[table], 10), nil
}

// outside reports whether a partition's day lies beyond the bounds.
func outside(day time.Time, p plan.Prune) bool {
	return !p.From.IsZero() && day.Before(p.From.Truncate(24*time.Hour)) || !p.To.IsZero() && day.After(p.To)
}

// many returns the datasets with more than so many changes above their rollup, as far as the files tell.
func (p *Pinned) many(most int) map[string]bool {
	many := map[string]bool{}
	for d, above := range p.Daily {
		var rows int64
		for _, f := range p.Relations[(&schemas.Dataset{Name: d}).ChangesTable()].Files {
			if f.Upper == 0 || f.Upper > above {
				rows += f.Rows
			}
		}
		many[d] = rows > int64(most)
	}
	return many
}

// behind reports whether a base or a rollup was pinned before it had changes that retention has dropped since.
func (p *Pinned) behind() bool {
	for d, dropped := range p.dropped {
		if _, pinned := p.Relations[(&schemas.Dataset{Name: d}).BaseTable()]; pinned && p.Through[d] < dropped {
			return true
		}
		if through, pinned := p.Daily[d]; pinned && through < dropped {
			return true
		}
	}
	return false
}

// completeTo is the earliest instant to which the datasets are complete; zero where one is unknown.
func (p *Pinned) completeTo(datasets []string) time.Time {
	var earliest time.Time
	for _, d := range datasets {
		at := p.Complete[d]
		if at.IsZero() {
			return time.Time{}
		}
		if earliest.IsZero() || at.Before(earliest) {
			earliest = at
		}
	}
	return earliest
}
