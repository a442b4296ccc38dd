package compact

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
)

// divided is merge within any memory: the changes are read once and written again bucket by bucket, sorted by key, to
// files that no snapshot has; then each bucket is merged with its own, range by range of the keys where it must be.
// Workers take parts of the changes, and then buckets, in turns.
func (b *baseMerge) divided(ctx context.Context, delta []tables.File, through int64) error {
	team := b.team()
	plan, err := b.plan(ctx, team, delta)
	if err != nil {
		return err
	}
	parts := &parts{left: delta}
	defer func() {
		for _, spills := range parts.buckets() {
			for _, s := range spills {
				_ = b.discardOn(ctx, errSpilled, []tables.NewFile{s.NewFile}) // what a crash leaves is an orphan of the table
			}
		}
	}()
	if err := share(ctx, team, func(ctx context.Context, w *baseMerge) error { return w.divide(ctx, parts, plan) }); err != nil {
		return err
	}
	spilled := parts.buckets()
	buckets := queue(slices.Sorted(maps.Keys(spilled)))
	err = share(ctx, team, func(ctx context.Context, w *baseMerge) error {
		for bucket := range buckets {
			if err := errors.Join(ctx.Err(), w.bucket(ctx, bucket, spilled[bucket], plan.fences(w, bucket), through)); err != nil {
				return err
			}
		}
		return nil
	})
	b.gather(team)
	return err
}

var errSpilled = errors.New("the merge is over")

// divide spills parts of the changes until none is left.
func (b *baseMerge) divide(ctx context.Context, p *parts, plan *plan) error {
	for {
		number, in, err := p.next(ctx, b)
		if in == nil || err != nil {
			return err
		}
		spills, err := b.spillPart(ctx, in, plan)
		p.done(number, spills)
		if err := errors.Join(err, in.close()); err != nil {
			return err
		}
	}
}

// spillPart writes a part's rows, which may be one file that is too large alone: then a run of them after the other.
func (b *baseMerge) spillPart(ctx context.Context, in *input, plan *plan) (spills []spill, err error) {
	runs := in.sources.Memory(b.paths...)/b.room() + 1
	if len(in.files) > 1 || runs == 1 {
		return b.spillRows(ctx, in.sources, plan)
	}
	f, part := in.files[0], columns.NewSources(b.cols)
	for r := range runs {
		part.Reset()
		if err := part.AddRows(f, r*f.Rows()/runs, (r+1)*f.Rows()/runs); err != nil {
			return spills, err
		}
		more, err := b.spillRows(ctx, part, plan)
		if spills = append(spills, more...); err != nil {
			return spills, err
		}
	}
	return spills, nil
}

// spillRows writes the rows that may win sorted by key, one file a bucket.
func (b *baseMerge) spillRows(ctx context.Context, s *columns.Sources, plan *plan) (spills []spill, err error) {
	keys, err := b.look(s)
	if err != nil {
		return nil, err
	}
	var drafts []*columns.Draft
	var all []spill
	buckets := b.spread(keys)
	for _, bucket := range slices.Sorted(maps.Keys(buckets)) {
		rows := buckets[bucket]
		keys.Sort(rows, b.keys)
		rows = b.candidates(keys, rows)
		ends := plan.fences(b, bucket).ends(keys, len(rows), func(i int) int { return int(rows[i]) })
		d := b.spill.DraftGroups(rows, groups(ends))
		d.Grow(max(int64(len(rows))*b.spillRow, s.Packed()*int64(len(rows))/int64(s.Rows())))
		drafts = append(drafts, d)
		all = append(all, spill{tables.NewFile{Bucket: bucket, Rows: int64(len(rows))}, ends})
	}
	if err := s.Write(drafts, nil); err != nil {
		return nil, err
	}
	var used [][]byte
	for i, d := range drafts {
		key := lake.DataKey(b.h.Base.Name(), "spill", fmt.Sprintf("s-%d-%s", all[i].Bucket, b.opts.NewID()))
		body, stats, err := b.putSpill(ctx, d, key)
		if err != nil {
			return all[:i], err
		}
		all[i].URL, all[i].Size, drafts[i] = lake.URL(key), stats.Size, nil
		b.spillRow = max(b.spillRow, (stats.Size+stats.Rows)/max(stats.Rows, 1))
		used = append(used, body)
	}
	b.spill.Reuse(used)
	return all, nil
}

// groups returns where the row groups of a spill end: with the ranges, so that one is read without its neighbours, where
// their rows are worth it.
func groups(ends []int64) (of []int) {
	at := 0
	for i, end := range ends {
		last := i == len(ends)-1
		if n := int(end) - at; n >= spillRows || last && n > 0 {
			of, at = append(of, int(end)), int(end)
		}
	}
	return of
}

// bucket merges one bucket with its changes.
func (b *baseMerge) bucket(ctx context.Context, bucket int, spills []spill, f *fences, through int64) (err error) {
	in, err := b.input(ctx, b.have[bucket], b.cols)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	cuts, err := b.scanner().cuts(in.runs(), f)
	if err != nil {
		return err
	}
	for _, s := range spills {
		if err := b.addSpill(ctx, in, s); err != nil {
			return err
		}
		cuts[0] = append(cuts[0], 0)
		for r, end := range s.ends {
			cuts[r+1] = append(cuts[r+1], end)
		}
	}
	b.old = append(b.old, b.have[bucket]...)
	runs := in.runs()
	list, err := b.stretches(runs, cuts)
	if err != nil {
		return err
	}
	for _, s := range list {
		if err := b.ranges(s.of(runs), func(s *columns.Sources) error { return b.write(ctx, s, bucket, through) }); err != nil {
			return err
		}
	}
	return nil
}

// addSpill adds a spill to the input, of which only the rows at hand are held.
func (c *Compactor) addSpill(ctx context.Context, in *input, s spill) error {
	key, err := lake.ParseURL(s.URL)
	if err != nil {
		return err
	}
	r, size, err := c.files.Open(ctx, key)
	if err != nil {
		return fmt.Errorf("open %s: %w", key, err)
	}
	in.closers = append(in.closers, r)
	file, err := in.sources.OpenApart(r, size)
	if err != nil {
		return fmt.Errorf("read %s: %w", key, err)
	}
	in.files = append(in.files, file)
	return nil
}

// write writes those of a bucket's rows that win.
func (b *baseMerge) write(ctx context.Context, s *columns.Sources, bucket int, through int64) error {
	if s.Rows() == 0 {
		return nil
	}
	keys, err := b.look(s)
	if err != nil {
		return err
	}
	rows := b.latest(keys, keys.SortOrder(b.keys))
	b.rows += int64(len(rows))
	if len(rows) == 0 {
		return nil
	}
	return b.output(ctx, ordered{s, rows, s.Packed()}, func(f tables.NewFile) {
		f.Bucket = bucket
		b.files = append(b.files, f)
	}, func() string { return b.name(bucket, through) })
}
