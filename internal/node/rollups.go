package node

import (
	"context"
	"errors"
	"fmt"

	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/query/rollups"
)

// openRollups opens the daily tables of the datasets that have metrics which can be kept up.
func (n *Node) openRollups(ctx context.Context) error {
	for _, d := range n.registry.Datasets() {
		kept := n.registry.Daily(d.Name)
		if kept == nil {
			continue
		}
		r, err := rollup.Open(ctx, n.catalog, kept, n.files, rollups.Source(n.query), rollup.Options{Observe: n.observe})
		if err != nil {
			return fmt.Errorf("open %s: %w", d.DailyTable(), err)
		}
		n.rollups = append(n.rollups, r)
	}
	return nil
}

// whileSeedingRefresh is how many refreshes are left out for each one made while the history is written.
const whileSeedingRefresh = 3

// refresh makes the rollups current, one after the other.
func (n *Node) refresh(ctx context.Context) error {
	if n.refreshes++; n.seeding.Load() && n.refreshes%(whileSeedingRefresh+1) != 0 {
		return nil
	}
	return n.refreshRollups(ctx)
}

func (n *Node) refreshRollups(ctx context.Context) error {
	var failed error
	for _, r := range n.rollups {
		_, err := r.Refresh(ctx)
		if err == nil {
			_, err = r.Merge(ctx)
		}
		failed = errors.Join(failed, err)
	}
	return failed
}

// holdRollup takes a dataset's rollup out of use until rows of the history below it have been rewritten.
func (n *Node) holdRollup(ctx context.Context, dataset string) (release func(context.Context) error, err error) {
	for _, r := range n.rollups {
		if r.Dataset().Name != dataset {
			continue
		}
		if release, err = r.Hold(ctx); err != nil {
			return nil, fmt.Errorf("void %s: %w", r.Table().Name(), err)
		}
		return release, nil
	}
	return func(context.Context) error { return nil }, nil
}
