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
	parts := &parts{left: delta}
	defer func() {
		for _, files := range parts.buckets() {
			_ = b.discardOn(ctx, errSpilled, files) // what a crash leaves is an orphan of the table
		}
	}()
	if err := share(ctx, team, func(ctx context.Context, w *baseMerge) error { return w.divide(ctx, parts) }); err != nil {
		return err
	}
	spilled := parts.buckets()
	of := make(chan int, len(spilled))
	for _, bucket := range slices.Sorted(maps.Keys(spilled)) {
		of <- bucket
	}
	close(of)
	err := share(ctx, team, func(ctx context.Context, w *baseMerge) error {
		for bucket := range of {
			if err := errors.Join(ctx.Err(), w.bucket(ctx, bucket, spilled[bucket], through)); err != nil {
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
func (b *baseMerge) divide(ctx context.Context, p *parts) error {
	for {
		number, in, err := p.next(ctx, b)
		if in == nil || err != nil {
			return err
		}
		files, err := b.spillPart(ctx, in)
		p.done(number, files)
		if err := errors.Join(err, in.close()); err != nil {
			return err
		}
	}
}

// spillPart writes a part's rows, which may be one file that is too large alone: then a run of them after the other.
func (b *baseMerge) spillPart(ctx context.Context, in *input) (files []tables.NewFile, err error) {
	runs := in.sources.Memory(b.paths...)/b.room() + 1
	if len(in.files) > 1 || runs == 1 {
		return b.spillRows(ctx, in.sources)
	}
	f, part := in.files[0], columns.NewSources(b.cols)
	for r := range runs {
		part.Reset()
		if err := part.AddRows(f, r*f.Rows()/runs, (r+1)*f.Rows()/runs); err != nil {
			return files, err
		}
		more, err := b.spillRows(ctx, part)
		if files = append(files, more...); err != nil {
			return files, err
		}
	}
	return files, nil
}

// spillRows writes the rows that may win sorted by key, one file a bucket.
func (b *baseMerge) spillRows(ctx context.Context, s *columns.Sources) (files []tables.NewFile, err error) {
	keys, err := b.look(s)
	if err != nil {
		return nil, err
	}
	buckets := b.spread(keys)
	of := slices.Sorted(maps.Keys(buckets))
	drafts := make([]*columns.Draft, len(of))
	for i, bucket := range of {
		rows := buckets[bucket]
		keys.Sort(rows, b.keys)
		drafts[i] = roomy(b.spill, s, b.candidates(keys, rows))
	}
	if err := s.Write(drafts, nil); err != nil {
		return nil, err
	}
	for i, d := range drafts {
		f, err := b.put(ctx, d, lake.DataKey(b.h.Base.Name(), "spill", fmt.Sprintf("s-%d-%s", of[i], b.opts.NewID())))
		if err != nil {
			return files, err
		}
		f.Bucket, drafts[i] = of[i], nil
		files = append(files, f)
	}
	return files, nil
}

// bucket merges one bucket with its changes.
func (b *baseMerge) bucket(ctx context.Context, bucket int, changes []tables.NewFile, through int64) error {
	files := slices.Clone(b.have[bucket])
	for _, f := range changes {
		files = append(files, tables.File{URL: f.URL, Rows: f.Rows, Size: f.Size})
	}
	in, err := b.input(ctx, files, b.cols)
	if err != nil {
		return err
	}
	err = b.ranges(in, func(s *columns.Sources) error {
		keys, err := b.look(s)
		if err != nil {
			return err
		}
		rows := b.latest(keys, keys.SortOrder(b.keys))
		b.rows += int64(len(rows))
		if len(rows) == 0 {
			return nil
		}
		return b.output(ctx, s, rows, func(f tables.NewFile) {
			f.Bucket = bucket
			b.files = append(b.files, f)
		}, func() string { return b.name(bucket, through) })
	})
	b.old = append(b.old, b.have[bucket]...)
	return errors.Join(err, in.close())
}
