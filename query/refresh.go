package query

import (
	"context"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// maxMarked bounds the days that are recomputed one by one; more are all of them.
const maxMarked = 2_000

// refresh is one reading of what a rollup lacks.
type refresh struct {
	plan.Refresh
	s      *Service
	pinned *Pinned
	q      DailyQuestion
}

// place moves the newest instant of a backfill up to those of the rows that the rollup takes in.
func (r *refresh) place(ctx context.Context, a *DailyAnswer) error {
	if r.pinned.Late[r.q.Dataset] <= r.q.Above {
		return nil
	}
	result, err := r.run(ctx, r.Placed(r.q.Whole))
	if err != nil || result.Rows != 1 || result.Columns[0].IsNull(0) {
		return err
	}
	if at := time.UnixMicro(result.Columns[0].Ints[0]).UTC(); at.After(a.Worth.Placed) {
		a.Worth.Placed = at
	}
	return nil
}

func (r *refresh) answer(ctx context.Context, a *DailyAnswer) error {
	if r.q.Whole {
		return r.add(ctx, a, plan.Refresh.Whole)
	}
	changed, err := r.sums(ctx, r.Refresh, func(p plan.Refresh) *plan.Statement { return p.Changed(nil) })
	if err != nil {
		return err
	}
	doubted := slices.ContainsFunc(changed, doubtful)
	if doubted && r.Suspects() {
		doubted, err = r.doubted(ctx)
	}
	if err != nil {
		return err
	}
	if !doubted {
		a.Results = changed
		return nil
	}
	if a.Marked, err = r.markedDays(ctx); err != nil {
		return err
	}
	if err := r.add(ctx, a, func(p plan.Refresh) *plan.Statement { return p.Present(a.Marked) }); err != nil {
		return err
	}
	return r.add(ctx, a, func(p plan.Refresh) *plan.Statement { return p.Changed(a.Marked) })
}

// doubted reports whether some change above the rollup is doubtful.
func (r *refresh) doubted(ctx context.Context) (bool, error) {
	result, err := r.run(ctx, r.Doubtful())
	return err == nil && (result.Rows != 1 || result.Columns[0].Ints[0] > 0), err
}

// doubtful reports whether the rows of no metric count anything.
func doubtful(r *Result) bool {
	metric, rows := column(r, schemas.ColMetric), column(r, schemas.ColRows)
	for row := range r.Rows {
		if metric.Texts[row] == "" && rows.Ints[row] > 0 {
			return true
		}
	}
	return false
}

func column(r *Result, name string) *Column {
	return &r.Columns[slices.IndexFunc(r.Columns, func(c Column) bool { return c.Name == name })]
}

func (r *refresh) add(ctx context.Context, a *DailyAnswer, st func(plan.Refresh) *plan.Statement) error {
	results, err := r.sums(ctx, r.Refresh, st)
	a.Results = append(a.Results, results...)
	return err
}

// sums runs the statement of what the refresh asks for. Where the engine may not use what that needs, it asks for less at a
// time: what a rollup keeps adds up, and all portions read the same snapshot.
func (r *refresh) sums(ctx context.Context, of plan.Refresh, st func(plan.Refresh) *plan.Statement) ([]*Result, error) {
	asked := st(of)
	if asked == nil {
		return nil, nil
	}
	result, err := r.run(ctx, asked)
	if err == nil {
		return []*Result{result}, nil
	}
	portions := of.Split()
	if !fault.Is(err, fault.Exceeded) || ctx.Err() != nil || len(portions) == 0 {
		return nil, err
	}
	var all []*Result
	for _, p := range portions {
		some, err := r.sums(ctx, p, st)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// run runs a statement over every region's rows, without limits but the engine's own; nothing is kept.
func (r *refresh) run(ctx context.Context, st *plan.Statement) (*Result, error) {
	req := Request{SQL: st.SQL, Args: st.Args}
	for _, name := range st.Relations {
		rel, _, err := r.pinned.relation(name, []string{viewer.All}, st.Prune)
		if err != nil {
			return nil, err
		}
		req.Relations = append(req.Relations, rel)
	}
	return r.s.engine.Run(ctx, req)
}

// markedDays reads the days that records of doubtful changes have been in.
func (r *refresh) markedDays(ctx context.Context) (map[string]plan.Days, error) {
	marked := map[string]plan.Days{}
	if err := r.mark(ctx, r.Refresh, marked); err != nil {
		return nil, err
	}
	for clock, days := range marked {
		slices.Sort(days.List)
		if days.List = slices.Compact(days.List); len(days.List) > maxMarked {
			days = plan.Days{All: true}
		}
		marked[clock] = days
	}
	return marked, nil
}

// mark adds the days, by metrics' times. Where the engine may not use what that needs, it asks about fewer records at a time.
func (r *refresh) mark(ctx context.Context, of plan.Refresh, marked map[string]plan.Days) error {
	result, err := r.run(ctx, of.Marked())
	if halves := of.Halve(); fault.Is(err, fault.Exceeded) && ctx.Err() == nil && len(halves) > 0 {
		for _, half := range halves {
			if err := r.mark(ctx, half, marked); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	for row := range result.Rows {
		clock := result.Columns[0].Texts[row]
		days := marked[clock]
		if result.Columns[1].IsNull(row) {
			days.Null = true
		} else {
			days.List = append(days.List, result.Columns[1].Format(row, time.UTC))
		}
		marked[clock] = days
	}
	return nil
}
