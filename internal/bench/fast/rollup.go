package fast

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/rollups"
)

// fresh is how many changes a refresh takes in.
const fresh = 10_000

// rollups measures a refresh after so many changes on a history, and on one of a tenth of its rows.
func (b *bench) rollups(ctx context.Context) error {
	var took [2]series
	for i, rows := range []int{b.Rows / 10, b.Rows} {
		p, err := newPond(ctx, filepath.Join(b.root, fmt.Sprintf("pond-%d", rows)))
		if err != nil {
			return err
		}
		took[i], err = p.refreshes(ctx, rows, b.Rounds)
		if err = errors.Join(err, p.close()); err != nil {
			return err
		}
		b.figure("rollup refresh", fmt.Sprintf("%d changes on %d rows", fresh, rows), "ms", took[i], nil)
	}
	small, large := took[0].median(), took[1].median()
	ratio := large / small
	b.target(Target{
		What: fmt.Sprintf("rollup refresh after %d changes, on %d rows against %d", fresh, b.Rows, b.Rows/10), Floor: "≤ 1.5×, ≤ 500 ms", Goal: "≤ 100 ms",
		Measured: fmt.Sprintf("%.2f×, %.0f ms", ratio, large), Value: ratio, FloorHolds: ratio <= 1.5 && large <= 500, GoalHolds: large <= 100,
	})
	return nil
}

// pond is a small lake with a rollup.
type pond struct {
	*store
	stream    *synthetic.Stream
	lander    *land.Lander
	committer *commit.Committer
	rollup    *rollup.Rollup
	engine    *duckdb.Engine
	after     lake.Seq
	body      []byte
}

func newPond(ctx context.Context, root string) (*pond, error) {
	s, err := openStore(ctx, root)
	if err != nil {
		return nil, err
	}
	p := &pond{store: s, committer: commit.New(s.files, s.catalog, s.registry, commit.Options{})}
	if p.stream, err = synthetic.New(synthetic.Options{Seed: 19}); err != nil {
		return nil, err
	}
	if p.lander, err = land.New(s.files, s.registry, land.Options{}); err != nil {
		return nil, err
	}
	if p.engine, err = duckdb.Open(duckdb.Options{Threads: 1, Dirs: []string{root}}); err != nil {
		return nil, err
	}
	service := query.New(s.registry, query.NewLake(s.catalog, s.registry, nil), p.engine, query.Options{})
	p.rollup, err = rollup.Open(ctx, s.catalog, s.registry.Daily(synthetic.Dataset), s.files, rollups.Source(service), rollup.Options{Rest: 1})
	return p, err
}

func (p *pond) close() error { return errors.Join(p.engine.Close(), os.RemoveAll(p.root)) }

// add lands and commits changes.
func (p *pond) add(ctx context.Context, changes int) error {
	for range changes / batch {
		p.body = p.stream.Event(p.body[:0], batch)
		l, err := p.lander.Land(ctx, land.Batch{Stream: synthetic.Source, Lane: lane, After: p.after, Begin: p.after == "", Body: p.body})
		if err != nil {
			return err
		}
		p.after = l.Last
	}
	_, err := p.committer.Commit(ctx)
	return err
}

// refreshes returns the milliseconds of clock time that each refresh took.
func (p *pond) refreshes(ctx context.Context, rows, rounds int) (series, error) {
	if err := errors.Join(p.add(ctx, rows), p.current(ctx)); err != nil {
		return nil, err
	}
	var took series
	for range rounds {
		if err := p.add(ctx, fresh); err != nil {
			return nil, err
		}
		began := time.Now()
		did, err := p.rollup.Refresh(ctx)
		if err != nil {
			return nil, err
		}
		if !did {
			return nil, errors.New("a refresh had nothing to do")
		}
		took = append(took, float64(time.Since(began).Microseconds())/1000)
	}
	return took, nil
}

// current makes the rollup anew, which is followed by a rest, and waits for the end of that.
func (p *pond) current(ctx context.Context) error {
	began := time.Now()
	if _, err := p.rollup.Refresh(ctx); err != nil {
		return err
	}
	select {
	case <-time.After(time.Since(began) + time.Second/10):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
