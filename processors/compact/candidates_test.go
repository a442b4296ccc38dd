package compact_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/schemas"
)

// A spill leaves out rows before it has seen all of a record. However the rows are dealt to spills, the row that wins
// among what they keep is the one that wins among all.
func TestASpillKeepsWhateverMayWin(t *testing.T) {
	t.Parallel()
	p := newPond(t)
	rng := rand.New(rand.NewPCG(7, 7))
	both := 0
	for range 2000 {
		b := columns.New(p.h.Dataset.StateColumns())
		var all []int32
		for i := range 1 + rng.IntN(12) {
			addAny(b, rng, i)
			all = append(all, int32(i))
		}
		parts := dealt(rng, all)
		want := compact.Latest(p.h, b, all)
		var kept []int32
		for _, rows := range parts {
			kept = append(kept, compact.Candidates(p.h, b, rows)...)
		}
		if got := compact.Latest(p.h, b, kept); !slices.Equal(got, want) {
			t.Fatalf("rows %v win among %v, which spills of %v keep; want %v\n%s", got, kept, parts, want, told(b))
		}
		for _, row := range want {
			if lake.IsBackfill(string(b.Leaf(schemas.ColShard).BytesAt(int(row)))) {
				both++
			}
		}
	}
	if both < 100 {
		t.Errorf("a row of a backfill won %d times: too seldom to show anything", both)
	}
}

// dealt deals rows to up to four spills.
func dealt(rng *rand.Rand, rows []int32) [][]int32 {
	parts := make([][]int32, 1+rng.IntN(4))
	for _, r := range rows {
		i := rng.IntN(len(parts))
		parts[i] = append(parts[i], r)
	}
	return parts
}

// addAny adds a change or a row of a backfill, of one of three records.
func addAny(b *columns.Batch, rng *rand.Rand, n int) {
	shard, op := "L/s1", []string{"insert", "modify", "remove"}[rng.IntN(3)]
	if rng.IntN(2) == 0 {
		shard, op = lake.BackfillLane+fmt.Sprint(rng.IntN(2)), "snapshot"
	}
	for _, l := range b.Leaves() {
		switch l.Path {
		case "id":
			l.AppendString(fmt.Sprint("r", rng.IntN(3)))
		case schemas.ColShard:
			l.AppendString(shard)
		case schemas.ColOp:
			l.AppendString(op)
		case schemas.ColSeq:
			l.AppendString(fmt.Sprintf("%040d", 100*rng.IntN(20)+n)) // no two alike
		case schemas.ColAt:
			l.AppendInt64(int64(rng.IntN(10)) * 1_000_000)
		case schemas.ColCommit:
			l.AppendInt64(int64(1 + rng.IntN(5)))
		case schemas.ColDate:
			l.AppendInt32(20_000)
		case schemas.ColRegion:
			l.AppendString("dhaka")
		default:
			l.AppendNull()
		}
	}
	b.EndRow()
}

func told(b *columns.Batch) string {
	text := ""
	for i := range b.Rows() {
		text += fmt.Sprintf("%d: %s %s %s at %d\n", i, b.Leaf("id").BytesAt(i), b.Leaf(schemas.ColShard).BytesAt(i), b.Leaf(schemas.ColSeq).BytesAt(i), b.Leaf(schemas.ColAt).Int64At(i))
	}
	return text
}
