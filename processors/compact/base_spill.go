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
func (b *baseMerge) divided(ctx context.Context, delta []tables.File, through int64) (err error) {
	spilled := map[int][]tables.NewFile{}
	defer func() {
		for _, files := range spilled {
			_ = b.discardOn(ctx, errSpilled, files) // what a crash leaves is an orphan of the table
		}
	}()
	for len(delta) > 0 {
		n, err := b.divide(ctx, delta, spilled)
		if err != nil {
			return err
		}
		delta = delta[n:]
	}
	for _, bucket := range slices.Sorted(maps.Keys(spilled)) {
		if err := b.bucket(ctx, bucket, spilled[bucket], through); err != nil {
			return err
		}
	}
	return nil
}

var errSpilled = errors.New("the merge is over")

// divide spills as many of the files as fit the memory and returns how many those were.
func (b *baseMerge) divide(ctx context.Context, delta []tables.File, spilled map[int][]tables.NewFile) (int, error) {
	in, err := b.input(ctx, delta[:1], b.cols)
	if err != nil {
		return 0, err
	}
	n := 1
	for ; n < len(delta); n++ {
		if err := b.add(ctx, in, delta[n]); err != nil {
			return 0, errors.Join(err, in.close())
		}
		if in.sources.Memory(b.paths...) > b.room() {
			in.sources.Truncate(n)
			break
		}
	}
	// One file alone may be too large: then a run of its rows after the other.
	runs := int(in.sources.Memory(b.paths...)/(b.room())) + 1
	if n > 1 || runs == 1 {
		return n, errors.Join(b.spillRows(ctx, in.sources, spilled), in.close())
	}
	f, part := in.files[0], columns.NewSources(b.cols)
	for r := int64(0); r < int64(runs); r++ {
		part.Reset()
		err := part.AddRows(f, r*f.Rows()/int64(runs), (r+1)*f.Rows()/int64(runs))
		if err == nil {
			err = b.spillRows(ctx, part, spilled)
		}
		if err != nil {
			return 0, errors.Join(err, in.close())
		}
	}
	return n, in.close()
}

// spillRows writes the rows that may win sorted by key, one file a bucket.
func (b *baseMerge) spillRows(ctx context.Context, s *columns.Sources, spilled map[int][]tables.NewFile) error {
	buckets, err := b.spread(s)
	if err != nil {
		return err
	}
	keys, err := b.look(s)
	if err != nil {
		return err
	}
	of := slices.Sorted(maps.Keys(buckets))
	drafts := make([]*columns.Draft, len(of))
	for i, bucket := range of {
		rows := buckets[bucket]
		keys.Sort(rows, b.keys)
		drafts[i] = b.spill.Draft(b.candidates(keys, rows))
	}
	if err := s.Write(drafts, nil); err != nil {
		return err
	}
	for i, d := range drafts {
		f, err := b.put(ctx, d, lake.DataKey(b.h.Base.Name(), "spill", fmt.Sprintf("s-%d-%s", of[i], b.opts.NewID())))
		if err != nil {
			return err
		}
		spilled[of[i]] = append(spilled[of[i]], f)
	}
	return nil
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
