package query

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// Limits of a question, unless Options says otherwise.
const (
	maxPageRows   = 10_000  // of an answer that a page shows
	maxExportRows = 200_000 // of an answer that leaves as a file
)

// Options tunes a service. The zero value works.
type Options struct {
	Timeout     time.Duration // of one statement; 0: 30 s
	Concurrency int           // statements at once; 0: 4
	Kept        int           // changes above a rollup that are kept in memory while they are summed, some 200 bytes each; 0: 100,000
	CacheBytes  int           // what results may hold in memory; 0: 32 MB
	AdHoc       Engine        // for questions that people write in SQL, with limits of its own; nil: the same engine
	Again       time.Duration // listeners to commits are answered at once and asked to come again after so long, because no answer can stay open; 0: they stay
	Now         func() time.Time
	Holes       func(context.Context) ([]lake.Hole, error) // those that are open; nil: nobody knows of any
	Alarms      func() []string                            // what people should look at, told to those who listen; nil: nobody knows
}

// Service answers questions for the viewer in the context. It is safe for concurrent use.
type Service struct {
	registry *schemas.Registry
	lake     Lake
	engine   Engine
	opts     Options
	runs     *runs
	typed    *runs // of questions in SQL
	live     *live
}

// New returns a service over the lake.
func New(registry *schemas.Registry, lake Lake, engine Engine, opts Options) *Service {
	if opts.Timeout == 0 {
		opts.Timeout = 30 * time.Second
	}
	if opts.Concurrency == 0 {
		opts.Concurrency = 4
	}
	if opts.CacheBytes == 0 {
		opts.CacheBytes = 32 << 20
	}
	if opts.Kept == 0 {
		opts.Kept = 100_000
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	s := &Service{registry: registry, lake: lake, engine: engine, opts: opts, live: newLive(),
		runs: newRuns(engine, opts.Timeout, opts.Concurrency, opts.CacheBytes)}
	if s.typed = s.runs; opts.AdHoc != nil {
		s.typed = newRuns(opts.AdHoc, opts.Timeout, opts.Concurrency, opts.CacheBytes)
	}
	return s
}

// Answer is the answer to one question. Its results are shared: they are read-only.
type Answer struct {
	Columns []Field
	Result  *Result
	Compare *Comparison // nil: none asked for
	Meta    Meta
	Zone    *time.Location
}

// Field is what an answer says of a column.
type Field struct {
	Name   string `json:"name"`
	Title  string `json:"title"`
	Type   string `json:"type"`           // string, integer, double, decimal, bool, date, timestamp, local, json
	Role   string `json:"role,omitempty"` // time, dimension, label, measure
	Of     string `json:"of,omitempty"`   // label: the dimension whose values it names
	Unit   string `json:"unit,omitempty"`
	Format string `json:"format,omitempty"`
	Better string `json:"better,omitempty"` // up or down: which way is good
}

// Comparison is the answer for the period before, with what that one lacks.
type Comparison struct {
	Result   *Result
	From, To time.Time
	HeldBack int64
	Holes    []lake.Hole
}

// Meta says what an answer rests on.
type Meta struct {
	Snapshots  map[string]int64 // by table
	Commits    map[string]int64
	CompleteTo time.Time   // every change made before is in the answer; zero: unknown
	HeldBack   int64       // rows of these datasets in quarantine
	Holes      []lake.Hole // open ones that may hold changes which the answer should have
	Cached     bool
	Elapsed    time.Duration
	Source     string // what a metric is answered from: rollup, current, changes, view; empty: not a metric
	SQL        string
	Truncated  bool
	From, To   time.Time // the range; zero ends are open
}

// Metric answers a metric query with at most as many rows as a page shows.
func (s *Service) Metric(ctx context.Context, q plan.Query) (*Answer, error) {
	return s.metric(ctx, q, maxPageRows)
}

// ExportMetric answers a metric query with at most as many rows as a file may have.
func (s *Service) ExportMetric(ctx context.Context, q plan.Query) (*Answer, error) {
	return s.metric(ctx, q, maxExportRows)
}

func (s *Service) metric(ctx context.Context, q plan.Query, maxRows int) (*Answer, error) {
	begun := s.opts.Now()
	who, err := viewer.From(ctx)
	if err != nil {
		return nil, err
	}
	env := plan.Env{Registry: s.registry, Dialect: s.engine.Dialect(), Regions: regions(who), Now: begun, MaxRows: maxRows + 1}
	draft, err := plan.Metric(q, env)
	if err != nil {
		return nil, err
	}
	pinned, err := s.pin(ctx, draft.Datasets, draft.Relations)
	if err != nil {
		return nil, err
	}
	complete := pinned.completeTo(draft.Datasets)
	env.Through, env.Late, env.Daily, env.Many = pinned.Through, pinned.Late, pinned.Daily, pinned.many(s.opts.Kept)
	// A period compared with another ends where the data does.
	if !complete.IsZero() && complete.Before(begun) {
		env.Now = complete
	}
	p, err := s.certain(ctx, q, env, pinned)
	if err != nil {
		return nil, err
	}
	result, cached, err := s.run(ctx, s.runs, p.Statement, pinned, env.Regions, maxRows)
	if err != nil {
		return nil, err
	}
	a := &Answer{Columns: fields(p.Columns, result), Result: result, Zone: p.Zone}
	if p.Compare != nil {
		before, also, err := s.run(ctx, s.runs, p.Compare.Statement, pinned, env.Regions, maxRows)
		if err != nil {
			return nil, err
		}
		m, err := s.meta(ctx, pinned, p.Compare.Statement, p.Compare.Datasets, s.changesOf(q, p.Compare))
		if err != nil {
			return nil, err
		}
		a.Compare, cached = &Comparison{before, p.Compare.From, p.Compare.To, m.HeldBack, m.Holes}, cached && also
	}
	a.Meta, err = s.meta(ctx, pinned, p.Statement, p.Datasets, s.changesOf(q, p))
	a.Meta.Cached, a.Meta.CompleteTo, a.Meta.Truncated, a.Meta.From, a.Meta.To = cached, complete, result.Truncated, p.From, p.To
	a.Meta.Source = p.Source
	a.Meta.Elapsed = s.opts.Now().Sub(begun)
	return a, err
}

// SQL answers an ad hoc question: one SELECT over the viewer's relations. A limit of 0 is that of a page.
func (s *Service) SQL(ctx context.Context, text string, limit int) (*Answer, error) {
	if limit <= 0 || limit > maxPageRows {
		limit = maxPageRows
	}
	return s.adHoc(ctx, text, limit)
}

// ExportSQL is SQL with at most as many rows as a file may have.
func (s *Service) ExportSQL(ctx context.Context, text string, limit int) (*Answer, error) {
	if limit <= 0 || limit > maxExportRows {
		limit = maxExportRows
	}
	return s.adHoc(ctx, text, limit)
}

func (s *Service) adHoc(ctx context.Context, text string, maxRows int) (*Answer, error) {
	begun := s.opts.Now()
	who, err := viewer.From(ctx)
	if err != nil {
		return nil, err
	}
	used, err := s.engine.Gate(ctx, text, plan.Relations(s.registry))
	if err != nil {
		return nil, err
	}
	env := plan.Env{Registry: s.registry, Dialect: s.engine.Dialect(), Regions: regions(who), Now: begun, MaxRows: maxRows + 1}
	st, datasets, pinned, err := s.prepare(ctx, text, used, env)
	if err != nil {
		return nil, err
	}
	result, cached, err := s.run(ctx, s.typed, *st, pinned, env.Regions, maxRows)
	if err != nil {
		return nil, err
	}
	a := &Answer{Columns: fields(nil, result), Result: result, Zone: time.UTC}
	a.Meta, err = s.meta(ctx, pinned, *st, datasets, span{})
	a.Meta.Cached, a.Meta.CompleteTo, a.Meta.Truncated = cached, pinned.completeTo(datasets), result.Truncated
	a.Meta.Elapsed = s.opts.Now().Sub(begun)
	return a, err
}

// prepare makes a statement of a text over the relations it reads, and pins what the statement needs. Only the pinned
// bases tell where the changes above them begin, so the text is planned twice.
func (s *Service) prepare(ctx context.Context, text string, used []string, env plan.Env) (*plan.Statement, []string, *Pinned, error) {
	draft, datasets, err := plan.AdHoc(text, used, env)
	if err != nil {
		return nil, nil, nil, err
	}
	pinned, err := s.pin(ctx, datasets, draft.Relations)
	if err != nil {
		return nil, nil, nil, err
	}
	env.Through, env.Late = pinned.Through, pinned.Late
	st, _, err := plan.AdHoc(text, used, env)
	return st, datasets, pinned, err
}

// regions returns the viewer's regions, sorted, so that equal viewers ask equal questions.
func regions(who viewer.Viewer) []string {
	if who.SeesAll() {
		return []string{viewer.All}
	}
	return slices.Sorted(slices.Values(who.Regions))
}

// pin pins the histories, bases and rollups of the datasets, and the quarantine.
func (s *Service) pin(ctx context.Context, datasets, relations []string) (*Pinned, error) {
	names := map[string]bool{schemas.QuarantineTable: true}
	for _, r := range relations {
		names[r] = true
	}
	for _, name := range datasets {
		if d, ok := s.registry.Dataset(name); ok {
			names[d.ChangesTable()] = true
			if !d.Key.IsZero() {
				names[d.BaseTable()] = true
			}
			if s.registry.Daily(name) != nil {
				names[d.DailyTable()] = true
			}
		}
	}
	list := make([]string, 0, len(names))
	for n := range names {
		list = append(list, n)
	}
	slices.Sort(list)
	return s.lake.Pin(ctx, list)
}

// run runs a statement over the pinned files that the regions and its dates leave.
func (s *Service) run(ctx context.Context, on *runs, st plan.Statement, p *Pinned, regions []string, maxRows int) (*Result, bool, error) {
	r := Request{SQL: st.SQL, Args: st.Args, MaxRows: maxRows}
	var ids []string
	for _, name := range st.Relations {
		rel, id, err := p.relation(name, regions, st.Prune)
		if err != nil {
			return nil, false, err
		}
		r.Relations, ids = append(r.Relations, rel), append(ids, id)
	}
	return on.do(ctx, r, strings.Join(append(ids, regions...), "\n"))
}

func (s *Service) meta(ctx context.Context, p *Pinned, st plan.Statement, datasets []string, changes span) (Meta, error) {
	m := Meta{SQL: st.SQL, Snapshots: map[string]int64{}, Commits: map[string]int64{}}
	for _, name := range st.Relations {
		name = p.table(name)
		m.Snapshots[name] = p.Snapshots[name]
		if n, ok := p.Commits[name]; ok {
			m.Commits[name] = n
		}
	}
	var err error
	if m.HeldBack, err = s.heldBack(ctx, p, datasets, changes); err != nil {
		return m, err
	}
	if m.Holes, err = s.holes(ctx, datasets, changes); err != nil {
		return m, err
	}
	m.Holes = append(m.Holes, s.dropped(p, st.Relations, changes)...)
	return m, nil
}

// heldBack counts the quarantined rows of the datasets that were made in the span, whatever their region: the number is no
// secret, and without it a figure would look more certain than it is.
func (s *Service) heldBack(ctx context.Context, p *Pinned, datasets []string, changes span) (int64, error) {
	if len(p.Relations[schemas.QuarantineTable].Files) == 0 || len(datasets) == 0 {
		return 0, nil
	}
	env := plan.Env{Registry: s.registry, Dialect: s.engine.Dialect(), Regions: []string{viewer.All}}
	st, err := plan.HeldBack(datasets, changes.from, changes.to, env)
	if err != nil {
		return 0, err
	}
	result, _, err := s.run(ctx, s.typed, *st, p, env.Regions, 1)
	if err != nil {
		return 0, err
	}
	if result.Rows != 1 || len(result.Columns) != 1 || len(result.Columns[0].Ints) != 1 {
		return 0, fault.New(fault.Internal, "the count of rows held back is not one number")
	}
	return result.Columns[0].Ints[0], nil
}

// fields joins what the plan says of the columns with the types that the engine found.
func fields(planned []plan.Column, r *Result) []Field {
	out := make([]Field, len(r.Columns))
	for i, c := range r.Columns {
		out[i] = Field{Name: c.Name, Title: c.Name, Type: c.Kind.String()}
		if i < len(planned) {
			p := planned[i]
			out[i] = Field{Name: p.Name, Title: p.Title, Type: c.Kind.String(), Role: p.Role, Of: p.Of, Unit: p.Unit, Format: p.Format, Better: p.Better}
		}
	}
	return out
}
