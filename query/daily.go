package query

import (
	"context"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

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
	env := plan.Env{Registry: s.registry, Dialect: s.engine.Dialect(), Through: pinned.Through, Late: pinned.Late, Many: pinned.many(s.opts.Kept), Now: s.opts.Now()}
	r := refresh{s: s, pinned: pinned, q: q, Refresh: plan.Refresh{Daily: kept, Above: q.Above, Env: env}}
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
