package node

import (
	"context"
	"fmt"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// finish marks as gone what a full source did not have, and the partitions that records are no longer in.
func (f *filling) finish(ctx context.Context) error {
	held, err := (lakeView{f.n}).hold(ctx, f.d)
	if err != nil {
		return err
	}
	m, err := f.marks(ctx, held)
	if err != nil {
		return err
	}
	lane, micros := quote(f.done.Lane), f.done.At.UnixMicro()
	bad, err := held.asked.Whole(ctx, "SELECT count(*)::BIGINT FROM "+plan.Ident(schemas.QuarantineTable)+" WHERE _shard = "+lane)
	if err != nil {
		return err
	}
	place := fmt.Sprintf("%s, epoch(%s)::BIGINT, %s", keySQL(f.d), schemas.ColDate, schemas.ColRegion)
	switch {
	case f.full && bad.Columns[0].Ints[0] > 0: // of an earlier run too
		f.done.Why = "some records of the source are in quarantine, so what the lake has beyond the others may be they"
	case f.full:
		absent := func(part string) string {
			return fmt.Sprintf("SELECT %s, %[4]d::BIGINT FROM %[2]s WHERE _shard <> %[3]s AND epoch_us(_at) < %[4]d AND %[5]s", place, held.state, lane, micros, part)
		}
		if f.done.Absent, err = m.mark(ctx, record.Remove, absent); err != nil {
			return err
		}
	}
	history := plan.Ident(f.d.ChangesTable())
	// A mark is of the moment before its record's row, which it must not hide from who sees both.
	moved := func(part string) string {
		return fmt.Sprintf("SELECT _key, _dt, _was, max(_then) - 1 FROM (SELECT %s AS _key, epoch(%s)::BIGINT AS _dt, %s AS _was, min(epoch_us(_at)) AS _since FROM %s WHERE _shard <> %s AND %[6]s GROUP BY ALL) "+
			"JOIN (SELECT %[1]s AS _now, %[3]s AS _is, epoch_us(_at) AS _then FROM %[4]s WHERE _shard = %[5]s AND _op = 'snapshot' AND %[6]s) ON _key = _now AND _was <> _is AND _since < _then GROUP BY ALL",
			keySQL(f.d), schemas.ColDate, schemas.ColRegion, history, lane, part)
	}
	if f.done.Moved, err = m.mark(ctx, record.Leave, moved); err != nil {
		return err
	}
	if _, err := m.rows.Land(ctx, true); err != nil {
		return err
	}
	if err := f.n.commit(ctx); err != nil {
		return err
	}
	// Only now is a scan over: one that died on the way comes through here again.
	if f.a.Scan {
		if err := f.n.files.Delete(ctx, (&scanSource{filling: f}).key()); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	if f.hole.ID == "" {
		return nil
	}
	f.done.Receipt = fmt.Sprintf("%s of %s: %d records of the hole's time landed, %d of them gone", f.done.Lane, f.d.Name, f.done.Landed+f.done.Gone, f.done.Gone)
	return f.close(ctx)
}

// firstMark is where the numbers of marks begin, far above a backfill's rows.
const firstMark = 1_000_000_000_000

// marks land in a repair's lane. Those of a run that died keep their numbers, so this run's follow them.
type marks struct {
	f    *filling
	held *held
	rows *land.Rows
	next int
}

func (f *filling) marks(ctx context.Context, held *held) (*marks, error) {
	rows, err := f.n.lander.Repair(f.d, f.id+"-marks")
	if err != nil {
		return nil, err
	}
	lane, err := lake.RepairName(f.id + "-marks")
	if err != nil {
		return nil, err
	}
	from, err := f.n.landedTo(ctx, f.d, lane)
	if err != nil {
		return nil, err
	}
	rows.After(from)
	next, err := following(from)
	return &marks{f: f, held: held, rows: rows, next: int(next)}, err
}

// mark lands a mark for each row of a question for keys, days, regions and instants, which is asked of some keys at a time.
func (m *marks) mark(ctx context.Context, op record.Op, ask func(part string) string) (marked int64, err error) {
	first := firstMark
	if op == record.Leave {
		first *= 2
	}
	err = m.held.inParts(ctx, m.held.About().Rows, ask, func(r *query.Result) error {
		marked += int64(r.Rows)
		for i := range r.Rows {
			id := decode.Identity{Op: op, Lane: m.f.done.Lane, Seq: number(first + m.next), At: time.UnixMicro(r.Columns[3].Ints[i]).UTC()}
			m.next++
			mark := land.Mark{Identity: id, Day: time.Unix(r.Columns[1].Ints[i], 0).UTC(), Region: r.Columns[2].Texts[i], Key: m.f.keyOf(r.Columns[0].Texts[i])}
			if err := m.rows.Mark(mark); err != nil {
				return err
			}
			if m.rows.Records() < landEvery {
				continue
			}
			if _, err := m.rows.Land(ctx, false); err != nil {
				return err
			}
		}
		return nil
	})
	return marked, err
}
