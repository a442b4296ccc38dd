package compact

import (
	"context"
	"errors"

	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// stretch is the rows of each run from one place to another: ranges of the keys that fit the memory together.
type stretch struct {
	from, to []int64
	packed   int64 // bytes that they take in the runs' files, about
}

// of returns the stretch's part of each run.
func (s stretch) of(runs []run) []run {
	part := make([]run, len(runs))
	for i, r := range runs {
		part[i] = run{r.file, s.from[i], s.to[i]}
	}
	return part
}

// stretches returns the runs' rows between the cuts, as many ranges at once as surely fit the memory.
func (m *merger) stretches(runs []run, cuts [][]int64) (list []stretch, err error) {
	part := columns.NewSources(m.cols)
	for from, to := 0, 1; to < len(cuts); to++ {
		if to+1 < len(cuts) {
			need, err := m.fill(part, stretch{from: cuts[from], to: cuts[to+1]}.of(runs))
			if err != nil {
				return nil, err
			}
			if need <= m.room()*2/3 {
				continue
			}
		}
		s := stretch{from: cuts[from], to: cuts[to]}
		if _, err := m.fill(part, s.of(runs)); err != nil {
			return nil, err
		}
		s.packed = part.Packed()
		list, from = append(list, s), to
	}
	return list, nil
}

// merge makes files of the stretches, which the team takes in turns. Each opens for itself what they are read from, and of
// returns a stretch's part of that.
func (s *section) merge(ctx context.Context, team []*merger, open func(context.Context, *merger) (*input, error), of func([]run, int) []run) ([]made, error) {
	did, left := make([]made, len(s.list)), queue(numbers(len(s.list)))
	return did, share(ctx, team, func(ctx context.Context, w *merger) (err error) {
		in, err := open(ctx, w)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, in.close()) }()
		for i := range left {
			if _, err := w.fill(in.sources, of(in.runs(), i)); err != nil {
				return err
			}
			if in.sources.Rows() == 0 {
				continue
			}
			if did[i], err = w.write(ctx, in.sources, s.list[i].packed, s.g); err != nil {
				return err
			}
		}
		return nil
	})
}

// side makes files of the stretches of a group, each read from the group's files, as apart does.
func (m *merger) side(ctx context.Context, g group, runs []run, list []stretch) error {
	s, team := section{m, g, runs, list}, m.mates()
	return m.keepAll(s.merge(ctx, team, func(ctx context.Context, w *merger) (*input, error) {
		if w == team[0] {
			return opened(m.cols, runs), nil
		}
		return w.input(ctx, g.files, m.cols)
	}, func(runs []run, i int) []run { return list[i].of(runs) }))
}

// opened returns the runs' files as an input that somebody else closes.
func opened(cols []schemas.Column, runs []run) *input {
	in := &input{sources: columns.NewSources(cols)}
	for _, r := range runs {
		in.files = append(in.files, r.file)
	}
	return in
}
