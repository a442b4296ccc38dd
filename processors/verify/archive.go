package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/schemas"
)

// Archive is landed objects that were kept after their commit, read without the code that wrote them.
type Archive interface {
	// Batches hands over what each object has of the dataset, a lane's objects in order. Objects that cannot be read are
	// Invalid.
	Batches(ctx context.Context, d *schemas.Dataset, each func(Batch) error) error
	// Skipped returns the names of the fields that neither it nor the lake's texts have.
	Skipped(d *schemas.Dataset) []string
}

// Batch is what one object has of a dataset.
type Batch struct {
	Lane               string
	After, First, Last lake.Seq // After is what its reader took before it; empty: unknown
	Changes            []Archived
}

// Archived is one change of it, hashed as a Change is of the texts that History hands over.
type Archived struct {
	Change
	Shard  string // of its identity; in a repair another than the lane
	At     time.Time
	Region string
	Gone   bool // it leaves no record
}

// ArchivedChanges compares what the archive has with the history by identity: each change is there once and says the
// same. Between the first and the last change of a run of a shard's batches the history has no other.
func ArchivedChanges(ctx context.Context, d *schemas.Dataset, src Archive, lk Lake, o ChangeOptions) (Report, error) {
	o.Options = o.filled()
	a := &archived{changes: changes{d: d, o: o}}
	a.report = Report{Skipped: src.Skipped(d), Dataset: d.Name, Mode: "archive", Region: o.Region, From: o.From, To: o.To, Differences: []Difference{}, Began: o.Now()}
	a.explain = func(_ context.Context, _ feed.Shard, span Span, c Change) error {
		a.report.note(Difference{What: Different, Key: c.Key, Shard: span.Shard, Seq: c.Seq.Short()}, o.Named)
		return nil
	}
	held, err := lk.Hold(ctx, d)
	if err != nil {
		return Report{}, fmt.Errorf("read the lake: %w", err)
	}
	if a.report.To.IsZero() {
		a.report.To = o.Now().UTC().Add(time.Hour) // clocks of readers may be behind
	}
	var ok bool
	if a.lake, ok = held.(History); !ok {
		return Report{}, fault.New(fault.Internal, "this lake does not tell its history")
	}
	a.report.Pin = held.About()
	if err := src.Batches(ctx, d, func(b Batch) error { return a.batch(ctx, b) }); err != nil {
		return Report{}, fmt.Errorf("read the archive: %w", err)
	}
	if err := a.flush(ctx); err != nil {
		return Report{}, err
	}
	r := &a.report
	r.Store, r.StoreSum, r.Lake, r.LakeSum = a.store.Rows, a.store.String(), a.sum.Rows, a.sum.String()
	r.Ended = o.Now()
	r.ElapsedMS = r.Ended.Sub(r.Began).Milliseconds()
	return *r, nil
}

// archived compares run after run: batches of one lane between which nothing is missing.
type archived struct {
	changes
	lane        string
	first, last lake.Seq
	run         []Archived
}

func (a *archived) batch(ctx context.Context, b Batch) error {
	follows := b.Lane == a.lane && b.After == a.last && a.last != ""
	if !follows || len(a.run) >= windowRows {
		if err := a.flush(ctx); err != nil {
			return err
		}
		a.lane, a.first = b.Lane, b.First
	}
	a.last = b.Last
	for _, c := range b.Changes {
		if c.At.Before(a.o.From) || !c.At.Before(a.report.To) || a.o.Region != "" && (c.Gone || c.Region != a.o.Region) {
			continue
		}
		a.run = append(a.run, c)
	}
	return nil
}

// flush compares a run, shard by shard.
func (a *archived) flush(ctx context.Context) error {
	slices.SortStableFunc(a.run, func(x, y Archived) int { return cmp.Or(cmp.Compare(x.Shard, y.Shard), cmp.Compare(x.Seq, y.Seq)) })
	for len(a.run) > 0 {
		n := slices.IndexFunc(a.run, func(c Archived) bool { return c.Shard != a.run[0].Shard })
		if n < 0 {
			n = len(a.run)
		}
		if err := a.shard(ctx, a.run[:n]); err != nil {
			return fmt.Errorf("compare what lane %s has of shard %s: %w", a.lane, a.run[0].Shard, err)
		}
		a.run = a.run[n:]
	}
	a.run = a.run[:0:0]
	return nil
}

// shard compares the changes of one shard. Those of a repair are not all that the history has between them.
func (a *archived) shard(ctx context.Context, run []Archived) error {
	shard, only := run[0].Shard, run[0].Shard != a.lane
	span := Span{Shard: shard, First: run[0].Seq, Last: run[len(run)-1].Seq, From: a.o.From, To: a.report.To, Region: a.o.Region}
	if !only {
		span.First, span.Last = a.first, a.last
	}
	source := make([]Change, 0, len(run))
	wanted := map[lake.Seq]bool{}
	for _, c := range run {
		if wanted[c.Seq] {
			continue // a batch that came twice is one
		}
		wanted[c.Seq] = true
		source = append(source, c.Change)
		a.store.Add(c.Digest(shard))
	}
	var have []Change
	err := a.lake.Changes(ctx, span, func(seq lake.Seq, text, key string) {
		if only && !wanted[seq] {
			return
		}
		c := Change{Seq: seq, Hash: Hash([]byte(text)), Key: key}
		a.sum.Add(c.Digest(shard))
		have = append(have, c)
	})
	if err != nil {
		return err
	}
	a.ranges(shard, span, len(source))
	a.read += int64(len(source) + len(have))
	a.o.Tell(a.read)
	if slices.EqualFunc(source, have, func(x, y Change) bool { return x.Seq == y.Seq && x.Hash == y.Hash }) {
		return nil
	}
	return a.name(ctx, feed.Shard{}, span, source, have)
}

// ranges notes what was compared of a shard.
func (a *archived) ranges(shard string, s Span, changes int) {
	i := slices.IndexFunc(a.report.Shards, func(r Range) bool { return r.Shard == shard })
	if i < 0 {
		a.report.Shards = append(a.report.Shards, Range{Shard: shard, First: s.First.Short()})
		i = len(a.report.Shards) - 1
	}
	r := &a.report.Shards[i]
	r.Last, r.Changes = s.Last.Short(), r.Changes+int64(changes)
}
