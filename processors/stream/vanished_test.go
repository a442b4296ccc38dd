package stream_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/stream"
)

// A shard that vanished with records that nobody has read is a hole, because no batch will ever come behind it.
func TestVanishedShardsAreHoles(t *testing.T) {
	t.Parallel()
	at, looked := time.Unix(500, 0), time.Unix(900, 0).UTC()
	live := &shard{Shard: stream.Shard{Label: "l", ID: "live"}, seqs: []int{9}}
	for _, c := range []struct {
		name   string
		shards []*shard
		from   map[string]stream.Position
		landed int // batches before then
		then   func(s *source)
		want   []lake.Hole
	}{
		{"nothing did", []*shard{live}, map[string]stream.Position{"l/live": {Seq: pad(3), At: at}}, 1, nil, nil},
		{"between two runs, after an outage longer than retention", []*shard{live},
			map[string]stream.Position{"l/old": {Seq: pad(3), At: at}, "l/done": {Seq: pad(2), At: at, Done: true}, "load/abc": {Seq: pad(2), At: at}}, 1, nil,
			[]lake.Hole{{Lane: "l/old", After: pad(3), From: at, Reason: "its shard vanished between two runs; it may have held more"}}},
		{"a child before its parent was read", []*shard{live, {Shard: stream.Shard{Label: "l", ID: "parent"}, seqs: []int{1}},
			{Shard: stream.Shard{Label: "l", ID: "child", Parents: []string{"parent"}}, seqs: []int{5}}}, nil, 2,
			func(s *source) { s.shards = s.shards[:2] },
			[]lake.Hole{{Lane: "l/child", Reason: "its shard vanished before it was read"}}},
		{"one that is being read", []*shard{live, {Shard: stream.Shard{Label: "l", ID: "a"}, seqs: []int{1}}}, nil, 2,
			func(s *source) { s.shards = s.shards[:1] },
			[]lake.Hole{{Lane: "l/a", After: pad(1), Reason: "its shard vanished before all of it was read"}}},
		{"all records of a closed shard are trimmed", []*shard{live, {Shard: stream.Shard{Label: "l", ID: "a", Closed: true}, seqs: []int{1, 2, 3}, trimmed: 3}},
			map[string]stream.Position{"l/a": {Seq: pad(1)}}, 1, nil,
			[]lake.Hole{{Lane: "l/a", After: pad(1), Reason: "its shard vanished before all of it was read"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			one := *live
			shards := slices.Clone(c.shards)
			shards[0] = &one
			src := newSource(shards...)
			found := make(chan lake.Hole, 10)
			failed := false
			o := stream.Options{Now: func() time.Time { return looked }, Wait: noWait, Every: time.Millisecond, Hole: func(_ context.Context, h lake.Hole) error {
				if !failed { // the ledger is away for a moment
					failed = true
					return fault.New(fault.Transient, "away")
				}
				found <- h
				return nil
			}}
			sh := &shore{each: make(chan string, 100)}
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- stream.New(src, sh, stream.NewProgress(), o).Run(ctx, "s", c.from) }()
			for range c.landed {
				<-sh.each
			}
			if c.then != nil {
				src.change(func() { c.then(src) })
			}
			var got []lake.Hole
			for range c.want {
				h := <-found
				if h.From = h.From.Round(0); h.To != looked {
					t.Errorf("the hole ends at %v, want the look that found it, %v", h.To, looked)
				}
				h.To = time.Time{}
				got = append(got, h)
			}
			cancel()
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			for i := range c.want {
				c.want[i].Stream = "s"
				c.want[i] = c.want[i].Named()
				if c.want[i].From.IsZero() {
					got[i].From = time.Time{}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || len(found) > 0 {
				t.Errorf("(-want +got):\n%s, and %d more", diff, len(found))
			}
		})
	}
}

// A shard that is first seen when the feed has trimmed records of its time may have lost its beginning: the outage was
// longer than the feed keeps records, the parent had been read to its end, and the child begins within what is left.
func TestAShardSeenTooLateMayHaveLostItsBeginning(t *testing.T) {
	t.Parallel()
	stopped, now := time.Unix(1_000_000, 0).UTC(), time.Unix(1_000_000, 0).UTC().Add(30*time.Hour)
	parent := map[string]stream.Position{"l/parent": {Seq: pad(4), At: stopped, Done: true}}
	lost := lake.Hole{Stream: "s", Lane: "l/child", From: stopped, To: now.Add(-24 * time.Hour), Reason: "its shard was first seen when its oldest records were trimmed already; it may have held more"}
	for _, c := range []struct {
		name  string
		from  map[string]stream.Position
		keeps time.Duration
		want  []lake.Hole
	}{
		{"after a longer outage", parent, 24 * time.Hour, []lake.Hole{lost.Named()}},
		{"after a shorter outage", parent, 31 * time.Hour, nil},
		{"where it was read before", map[string]stream.Position{"l/child": {Seq: pad(5), At: stopped}}, 24 * time.Hour, nil},
		{"of a stream that nobody has read", nil, 24 * time.Hour, nil},
		{"beside what only a repair brought", map[string]stream.Position{"repair/a": {At: stopped}}, 24 * time.Hour, nil},
		{"of a feed that says so itself", parent, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			src := newSource(&shard{Shard: stream.Shard{Label: "l", ID: "child", Parents: []string{"parent"}}, seqs: []int{5, 8}, trimmed: 5})
			var got []lake.Hole
			o := stream.Options{Keeps: c.keeps, Now: func() time.Time { return now }, Hole: func(_ context.Context, h lake.Hole) error {
				got = append(got, h)
				return nil
			}}
			run(t, src, &shore{}, stream.NewProgress(), c.from, 1, o)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
