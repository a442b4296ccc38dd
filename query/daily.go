package query

import (
	"context"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// maxMarked bounds the days that are recomputed one by one; more are all of them.
const maxMarked = 2_000

// DailyQuestion asks what a dataset's rollup lacks.
type DailyQuestion struct {
	Dataset string
	Above   int64       // the commit that the rollup is current to
	Whole   bool        // the rollup is made anew
	Worth   lake.Rollup // what its rows are worth
}

// DailyAnswer is what makes a rollup current to a commit.
type DailyAnswer struct {
	Results []*Result            // rows of the rollup's columns, to be added to it
	Through int64                // the commit of the history that it is then current to
	Marked  map[string]plan.Days // by metrics' time: days of metrics of records whose rows are to be taken out first
	Worth   lake.Rollup
}

// Daily reads, at one pinned snapshot, what the changes above a rollup add to it. Where a change's old image is not to be
// trusted, the days that its record has ever been in are marked, and what there is on them now is in the answer.
func (s *Service) Daily(ctx context.Context, q DailyQuestion) (*DailyAnswer, error) {
	kept := s.registry.Daily(q.Dataset)
	if kept == nil {
		return nil, fault.New(fault.NotFound, "dataset %s has no rollup", q.Dataset)
	}
	pinned, err := s.pin(ctx, []string{q.Dataset}, nil)
	if err != nil {
		return nil, err
	}
	pinned.Daily = map[string]int64{q.Dataset: q.Above}
	r := refresh{s: s, pinned: pinned, q: q, Refresh: plan.Refresh{Daily: kept, Above: q.Above,
		Env: plan.Env{Registry: s.registry, Dialect: s.engine.Dialect(), Through: pinned.Through, Late: pinned.Late, Now: s.opts.Now()}}}
	a := &DailyAnswer{Through: pinned.Commits[kept.Dataset.ChangesTable()], Worth: q.Worth}
	a.Worth.Hash = kept.Hash
	if a.Through == q.Above && !q.Whole {
		return a, nil
	}
	if !a.Worth.Doubted {
		if a.Worth.Doubted, err = s.lacks(ctx, pinned, q.Dataset, q.Above); err != nil {
			return nil, err
		}
	}
	if err := r.place(ctx, a); err != nil {
		return nil, err
	}
	r.Worth = a.Worth
	return a, r.answer(ctx, a)
}

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
		return r.add(ctx, a, r.Whole())
	}
	changed, err := r.run(ctx, r.Changed(nil))
	if err != nil {
		return err
	}
	if !doubtful(changed) {
		a.Results = append(a.Results, changed)
		return nil
	}
	if a.Marked, err = r.marked(ctx); err != nil {
		return err
	}
	if err := r.add(ctx, a, r.Present(a.Marked)); err != nil {
		return err
	}
	return r.add(ctx, a, r.Changed(a.Marked))
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

func (r *refresh) add(ctx context.Context, a *DailyAnswer, st *plan.Statement) error {
	result, err := r.run(ctx, st)
	if err == nil {
		a.Results = append(a.Results, result)
	}
	return err
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

// marked reads the days that records of doubtful changes have been in.
func (r *refresh) marked(ctx context.Context) (map[string]plan.Days, error) {
	result, err := r.run(ctx, r.Marked())
	if err != nil {
		return nil, err
	}
	marked := map[string]plan.Days{}
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
	for clock, days := range marked {
		slices.Sort(days.List)
		if days.List = slices.Compact(days.List); len(days.List) > maxMarked {
			days = plan.Days{All: true}
		}
		marked[clock] = days
	}
	return marked, nil
}

// lacks reports whether changes above the commit are missing from the history, or may be: the next change of the same
// record then takes back a row that was never there.
func (s *Service) lacks(ctx context.Context, p *Pinned, dataset string, above int64) (bool, error) {
	if p.Missing[dataset] > above || above > 0 && p.Oldest[dataset] > above+1 {
		return true, nil
	}
	if d, ok := s.registry.Dataset(dataset); ok && p.Discarded.Touches(d.Name, d.Stream) {
		return true, nil
	}
	held, err := s.heldBack(ctx, p, []string{dataset}, span{})
	return held > 0, err
}

// certain plans the query. Where the changes above a rollup do not say for certain what they take back, it is answered
// without the rollup.
func (s *Service) certain(ctx context.Context, q plan.Query, env plan.Env, p *Pinned) (*plan.Plan, error) {
	planned, err := plan.Metric(q, env)
	if err != nil || planned.Source != plan.FromRollup && (planned.Compare == nil || planned.Compare.Source != plan.FromRollup) {
		return planned, err
	}
	m, d, _ := s.registry.Metric(q.Metric)
	if m.Source != "current" || d.Key.IsZero() {
		return planned, nil
	}
	sure, err := s.sure(ctx, p, env, d)
	if err != nil || sure {
		return planned, err
	}
	env.Daily = nil
	return plan.Metric(q, env)
}

// sure reports whether every change above the rollup can be taken at its word.
func (s *Service) sure(ctx context.Context, p *Pinned, env plan.Env, d *schemas.Dataset) (bool, error) {
	above, _, err := p.relation(d.Name+aboveSuffix, []string{viewer.All}, plan.Prune{})
	if err != nil || len(above.Files) == 0 {
		return err == nil, err
	}
	if p.Worth[d.Name].Doubted {
		return false, nil
	}
	if lacks, err := s.lacks(ctx, p, d.Name, p.Daily[d.Name]); err != nil || lacks {
		return false, err
	}
	r := plan.Refresh{Daily: s.registry.Daily(d.Name), Env: env, Above: p.Daily[d.Name], Worth: p.Worth[d.Name]}
	result, _, err := s.run(ctx, s.runs, *r.Doubtful(), p, []string{viewer.All}, 1)
	return err == nil && result.Rows == 1 && result.Columns[0].Ints[0] == 0, err
}
