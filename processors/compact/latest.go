package compact

import (
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// winners chooses the row that says what a record is. The views of current state choose by the same rule.
type winners struct{ shard, at *columns.Leaf }

func winnersOf(b *columns.Batch) winners {
	return winners{b.Leaf(schemas.ColShard), b.Leaf(schemas.ColAt)}
}

// of returns the latest of one record's rows, which are given by their numbers, the newest first: the newest change, or
// the newest row of a backfill where that is of a later instant.
func (w winners) of(rows []int32) int32 {
	change, placed := w.both(rows)
	if change < 0 || placed >= 0 && w.at.Int64At(int(placed)) > w.at.Int64At(int(change)) {
		return placed
	}
	return change
}

// both returns the newest change and the newest row of a backfill, less than zero where there is none. No other row of a
// record can win, whatever else there is of it.
func (w winners) both(rows []int32) (change, placed int32) {
	change, placed = -1, -1
	if len(rows) == 1 { // most records have one, and what it is does not matter
		return rows[0], -1
	}
	for _, row := range rows {
		switch {
		case !lake.IsBackfill(string(w.shard.BytesAt(int(row)))):
			if change < 0 {
				change = row
			}
		case placed < 0 || w.at.Int64At(int(row)) > w.at.Int64At(int(placed)):
			placed = row
		}
	}
	return change, placed
}
