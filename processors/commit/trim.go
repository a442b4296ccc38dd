package commit

import (
	"context"
	"slices"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/schemas"
)

// trim returns which of the rows are not in the table. Rows come lane by lane and batch by batch. Those of a shard or
// a load are there if they lie at or below its watermark: a batch that landed twice, or again with more, is cut where the
// one before it ended. For rows of repairs, and for those that repairs may have brought before their lane did, the
// watermark does not say it: they are sought in the table by identity. So are those that lie in a hole that is open: what
// comes late is not thrown away. The hole stays open until its receipt is noted.
func (p *pass) trim(ctx context.Context, t *target, base *base) ([]int32, error) {
	at := map[string]lake.Seq{}
	seqs := t.rows.Leaf(schemas.ColSeq)
	keep := make([]int32, 0, t.rows.Rows())
	t.brought = map[string]int{}
	var suspects, repairs []int32
	for _, s := range p.ranges[t] {
		m := base.mark(t.lane(s.Stream, s.Lane))
		mark, repair, kept := max(m.Seq, at[s.Lane]), lake.IsRepair(s.Lane), len(keep)
		for i := s.from; i < s.to; i++ {
			switch {
			case repair:
				if s.Last > mark {
					repairs = append(repairs, int32(i))
				}
			case string(seqs.BytesAt(i)) <= string(mark):
				if p.inHole(s.Lane, string(seqs.BytesAt(i))) {
					suspects = append(suspects, int32(i))
				}
			case string(seqs.BytesAt(i)) <= string(m.Ahead):
				suspects = append(suspects, int32(i))
			default:
				keep = append(keep, int32(i))
			}
		}
		if n := len(keep) - kept; n > 0 {
			t.brought[s.Lane] += n
		}
		at[s.Lane] = max(mark, s.Last)
	}
	if len(suspects)+len(repairs) > 0 {
		fresh, err := p.absent(ctx, t, base, keep, append(suspects, repairs...))
		if err != nil {
			return nil, err
		}
		keep = append(keep, fresh...)
		for _, i := range fresh {
			at, _ := slices.BinarySearchFunc(p.ranges[t], int(i)+1, func(s span, end int) int { return s.to - end })
			t.brought[p.ranges[t][at].Lane]++
		}
	}
	return keep, nil
}
