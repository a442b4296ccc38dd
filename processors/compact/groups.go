package compact

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/semaphore"

	"github.com/tarn-lake/tarn/processors/columns"
)

// groups merges each group, as many at a time as there are workers; one that surely does not fit the memory of a worker is
// merged by all of them together. What was made is in m, error or not, in the groups' order.
func (m *merger) groups(ctx context.Context, groups []group) error {
	did := make([]merger, len(groups))
	team := m.workers(groups)
	one := func(ctx context.Context, w *merger, i int) error {
		w.old, w.files, w.rows, w.dropped = nil, nil, 0, 0
		err := w.group(ctx, groups[i])
		did[i] = *w
		return err
	}
	err := func() error {
		var alone []int
		for i, g := range groups {
			if !m.large(g) {
				alone = append(alone, i)
				continue
			}
			all := *team[0]
			all.team = team
			if err := one(ctx, &all, i); err != nil {
				return err
			}
		}
		next := queue(alone)
		return share(ctx, team, func(ctx context.Context, w *merger) error {
			for i := range next {
				if err := errors.Join(ctx.Err(), one(ctx, w, i)); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	for _, d := range did {
		m.old = append(m.old, d.old...)
		_ = m.keep(made{d.files, d.rows, d.dropped}, nil)
	}
	return err
}

// large reports whether a closed day's files surely do not fit a worker's memory, by what they become alone.
func (m *merger) large(g group) bool { return g.prefix == closedPrefix && g.size() > m.share()/2 }

// workers returns mergers that share the memory, each with an encoder.
func (m *merger) workers(groups []group) []*merger {
	n := min(m.opts.Workers, len(groups))
	if slices.ContainsFunc(groups, m.large) {
		n = m.opts.Workers
	}
	team, shared := make([]*merger, n), semaphore.NewWeighted(m.memory)
	for i := range team {
		w := *m
		w.shared = shared
		w.enc = columns.NewEncoder(m.cols, columns.EncoderOptions{Codec: columns.Zstd, Bloom: m.bloom})
		team[i] = &w
	}
	return team
}

// mates returns who merges a group together.
func (m *merger) mates() []*merger {
	if m.team == nil {
		return []*merger{m}
	}
	return m.team
}

// hold waits for memory for rows that take that many bytes, or for all of it.
func (m *merger) hold(ctx context.Context, need int64) (done func(), err error) {
	if m.shared == nil {
		return func() {}, nil
	}
	bytes := min(m.memory, 2*(need+fixedMemory)) // as room says it
	if err := m.shared.Acquire(ctx, bytes); err != nil {
		return nil, err
	}
	return func() { m.shared.Release(bytes) }, nil
}
