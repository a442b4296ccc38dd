package compact

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
)

// maxSamples is how many keys of a merge are looked at, about, to find out how they lie.
const maxSamples = 1 << 16

// plan is how a base merge divides the keys: by bucket, and each bucket into ranges of which one fits the memory.
type plan struct {
	mu      sync.Mutex
	every   int                    // of so many rows one is a sample
	samples map[int]*columns.Batch // by bucket
	changes int64                  // bytes of memory that they take
	of      map[int]*fences
}

// plan looks at some of the keys of the changes and of the base.
func (b *baseMerge) plan(ctx context.Context, team []*baseMerge, delta []tables.File) (*plan, error) {
	rows := b.base.Rows + above(delta, b.base.Through)
	p := &plan{every: int(max(sampleRows, rows/maxSamples)), samples: map[int]*columns.Batch{}, of: map[int]*fences{}}
	files := queue(delta)
	if err := share(ctx, team, func(ctx context.Context, w *baseMerge) error {
		for f := range files {
			if err := w.sampleChanges(ctx, p, f); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	buckets := queue(slices.Sorted(maps.Keys(p.samples)))
	return p, share(ctx, team, func(ctx context.Context, w *baseMerge) error {
		for bucket := range buckets {
			if err := w.sampleBase(ctx, p, bucket); err != nil {
				return err
			}
		}
		return nil
	})
}

// queue returns the things for several workers to take.
func queue[T any](things []T) <-chan T {
	q := make(chan T, len(things))
	for _, t := range things {
		q <- t
	}
	close(q)
	return q
}

// sampleChanges adds samples of one file of the history, from its middle: it is in another order than the keys'.
func (b *baseMerge) sampleChanges(ctx context.Context, p *plan, f tables.File) error {
	in, err := b.input(ctx, []tables.File{f}, b.cols)
	if err != nil {
		return err
	}
	defer in.close()
	share := float64(above([]tables.File{f}, b.base.Through)) / float64(max(f.Rows, 1))
	need := int64(float64(in.sources.Memory(b.paths...)) * share)
	scan := b.scanner()
	sources, keys := columns.NewSources(scan.cols), columns.New(scan.cols)
	n := f.Rows/int64(p.every) + 1
	from := (f.Rows - n) / 2
	if err := sources.AddRows(in.files[0], from, min(from+n, f.Rows)); err != nil {
		return err
	}
	if err := sources.Keys(keys, scan.paths...); err != nil {
		return err
	}
	of := map[int][]int32{}
	for row := range keys.Rows() {
		bucket := b.bucketOf(keys.Leaf(b.names[0]), row)
		of[bucket] = append(of[bucket], int32(row))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes += need
	for bucket, rows := range of {
		if p.samples[bucket] == nil {
			p.samples[bucket] = columns.New(scan.cols)
		}
		if err := p.samples[bucket].Gather(keys, rows); err != nil {
			return err
		}
	}
	return nil
}

// sampleBase adds samples of a bucket of the base, and settles its ranges.
func (b *baseMerge) sampleBase(ctx context.Context, p *plan, bucket int) error {
	in, err := b.input(ctx, b.have[bucket], b.cols)
	if err != nil {
		return err
	}
	defer in.close()
	p.mu.Lock()
	samples, changes := p.samples[bucket], p.changes/int64(len(p.samples))
	p.mu.Unlock()
	if err := b.scanner().sample(samples, in.runs(), p.every); err != nil {
		return err
	}
	need := in.sources.Memory(b.paths...) + changes
	f := b.fences(samples, int(need*3/(b.room()*2))+1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[bucket] = f
	return nil
}

// fences returns those of a bucket, none for one that had no samples.
func (p *plan) fences(b *baseMerge, bucket int) *fences {
	if f := p.of[bucket]; f != nil {
		return f
	}
	return b.merger.fences(columns.New(b.scanner().cols), 1)
}
