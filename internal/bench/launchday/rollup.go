package launchday

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/rollups"
)

// refreshEvery is how often the rollup is made current at most; a refresh asks the engine and writes a file.
const refreshEvery = 2 * time.Second

// openRollup opens the daily table of the stream's metrics, and the engine that counts what changes contribute.
func (w *way) openRollup(ctx context.Context) error {
	engine, err := duckdb.Open(duckdb.Options{MemoryMB: 160, Threads: 1, TempDir: filepath.Join(w.Folder, "temp"), Dirs: []string{w.files.Root()}})
	if err != nil {
		return fmt.Errorf("open the query engine: %w", err)
	}
	w.closers = append(w.closers, engine.Close)
	service := query.New(w.registry, query.NewLake(w.catalog, w.registry, nil), engine, query.Options{})
	kept := w.registry.Daily(w.dataset.Name)
	w.rollup, err = rollup.Open(ctx, w.catalog, kept, w.files, rollups.Source(service), rollup.Options{Rest: 1})
	return err
}

// refresh keeps the rollup near the commits until everything is committed, and then makes it current.
func (w *way) refresh(ctx context.Context, full <-chan struct{}) error {
	wait, last := refreshEvery, false
	for {
		select {
		case <-full:
			last = true
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		err := w.timed(stageRollup, func() error {
			_, err := w.rollup.Refresh(ctx)
			if err == nil {
				_, err = w.rollup.Merge(ctx)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("refresh the rollup: %w", err)
		}
		current, err := w.rollupIsCurrent(ctx)
		if err != nil || last && current {
			return err
		}
		if last {
			wait = refreshEvery / 20 // a recomputation is followed by a rest
			full = nil
		}
	}
}

func (w *way) rollupIsCurrent(ctx context.Context) (bool, error) {
	changes, err := w.history.Changes.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	daily, err := w.rollup.Table().Snapshot(ctx)
	return err == nil && daily.Through == changes.Commit, err
}
