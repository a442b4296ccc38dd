package compact

import (
	"context"
	"errors"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
)

// section is stretches of a group that follow each other.
type section struct {
	*merger
	g    group
	runs []run
	list []stretch
}

// make returns what was made of each stretch.
func (s *section) make(ctx context.Context, team []*merger) (did []made, err error) {
	parts, err := s.parts()
	if err != nil {
		return nil, err
	}
	spills := make([]spill, len(parts))
	defer func() {
		for _, f := range spills {
			_ = s.discardOn(ctx, errSpilled, []tables.NewFile{f.NewFile}) // what a crash leaves is an orphan of the table
		}
	}()
	left := queue(numbers(len(parts)))
	if err := share(ctx, team, func(ctx context.Context, w *merger) error {
		defer func() { w.spills = spilling{} }() // its memory is the stretches'
		for i := range left {
			if err := errors.Join(ctx.Err(), s.spill(ctx, w, parts[i], &spills[i])); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return s.merge(ctx, team, func(ctx context.Context, w *merger) (*input, error) { return w.spilled(ctx, spills) },
		func(runs []run, i int) []run {
			for f := range runs {
				if runs[f].to = spills[f].ends[i]; i > 0 {
					runs[f].from = spills[f].ends[i-1]
				}
			}
			return runs
		})
}

// spilled opens the spills.
func (m *merger) spilled(ctx context.Context, spills []spill) (*input, error) {
	in := &input{sources: columns.NewSources(m.cols)}
	for _, f := range spills {
		if err := m.addSpill(ctx, in, f); err != nil {
			return nil, errors.Join(err, in.close())
		}
	}
	return in, nil
}

func numbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// portion is some of a run's rows.
type portion struct {
	run      int
	from, to int64
}

// parts divides the section's rows, which follow each other in each run, by what fits the memory.
func (s *section) parts() (parts [][]portion, err error) {
	first, last := s.list[0], s.list[len(s.list)-1]
	sources := columns.NewSources(s.cols)
	var part []portion
	for i := range s.runs {
		for at, end := first.from[i], last.to[i]; at < end; {
			if err := sources.AddRows(s.runs[i].file, at, end); err != nil {
				return nil, err
			}
			to := end
			if need := sources.Memory(s.paths...); need > s.partRoom() {
				if sources.Truncate(len(part)); len(part) > 0 {
					parts, part = append(parts, part), nil
					sources.Reset()
					continue
				}
				to = s.some(i, at, end, need)
			}
			part, at = append(part, portion{i, at, to}), to
			if to < end {
				parts, part = append(parts, part), nil
				sources.Reset()
			}
		}
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts, nil
}

// partRoom is what the rows of a spill may take: as with a stretch, some of the room is for what estimates miss.
func (s *section) partRoom() int64 { return s.room() * 2 / 3 }

// some returns where rows of one run end that fit the memory, if possible with a page. All of them, to end, need so much.
func (s *section) some(i int, at, end, need int64) int64 {
	n := max(1, int64(float64(end-at)*float64(s.partRoom())/float64(need)))
	if page := (at + n) / pageRows * pageRows; page > at {
		return page
	}
	return min(end, at+n)
}

// spilling is what a merger writes spills with, one after the other.
type spilling struct {
	sources *columns.Sources
	enc     *columns.Encoder
	row     int64 // bytes of a row in them, about
}

// spill copies the part's rows to a file, stretch by stretch, each in the order of the runs.
func (s *section) spill(ctx context.Context, w *merger, part []portion, to *spill) (err error) {
	if w.spills.enc == nil {
		w.spills = spilling{sources: columns.NewSources(s.cols), enc: columns.NewEncoder(s.cols, columns.EncoderOptions{Bare: true})}
	}
	in := &input{sources: w.spills.sources}
	defer func() { err = errors.Join(err, in.close()) }()
	for _, p := range part {
		if err := w.add(ctx, in, s.g.files[p.run]); err != nil {
			return err
		}
	}
	in.sources.Reset()
	for i, p := range part {
		if err := in.sources.AddRows(in.files[i], p.from, p.to); err != nil {
			return err
		}
	}
	defer in.sources.Reset()
	var rows []int32
	rows, to.ends = s.order(part)
	d := w.spills.enc.DraftGroups(rows, groups(to.ends))
	d.Grow(max(int64(len(rows))*w.spills.row, in.sources.Packed()))
	if err := in.sources.Write([]*columns.Draft{d}, nil); err != nil {
		return err
	}
	key := lake.DataKey(s.table.Name(), "spill", "s-"+s.opts.NewID())
	to.URL = lake.URL(key)
	body, stats, err := s.putSpill(ctx, d, key)
	w.spills.row = (stats.Size + stats.Rows) / max(stats.Rows, 1)
	w.spills.enc.Reuse([][]byte{body})
	return err
}

// order returns the numbers of the part's rows stretch by stretch, and where each stretch's end.
func (s *section) order(part []portion) (rows []int32, ends []int64) {
	for _, stretch := range s.list {
		first := int64(0)
		for _, p := range part {
			for at := max(p.from, stretch.from[p.run]); at < min(p.to, stretch.to[p.run]); at++ {
				rows = append(rows, int32(first+at-p.from))
			}
			first += p.to - p.from
		}
		ends = append(ends, int64(len(rows)))
	}
	return rows, ends
}
