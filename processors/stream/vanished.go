package stream

import (
	"context"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
)

// vanished notes the shards that are gone with records that nobody has read: those that an earlier look showed and that
// still waited for their parents, and, at the first look, those whose lanes were not read to their end in an earlier run.
// No batch will ever come behind such a hole, so nothing else would show it.
func (r *run) vanished(ctx context.Context, now []Shard) error {
	listed := map[string]bool{}
	for _, s := range now {
		listed[s.Lane()] = true
	}
	first := r.from
	if r.looked {
		first = nil
	}
	for _, lane := range sorted(first) {
		at := first[lane]
		if listed[lane] || at.Done || !lake.IsShard(lane) {
			continue
		}
		h := lake.Hole{Lane: lane, After: at.Seq, From: at.At, To: r.opts.Now().UTC(), Reason: "its shard vanished between two runs; it may have held more"}
		if err := r.keep(ctx, h); err != nil {
			return err
		}
	}
	r.looked = true
	for id, s := range r.seen {
		if r.state[id] != waiting || listed[s.Lane()] {
			continue
		}
		if err := r.keep(ctx, lake.Hole{Lane: s.Lane(), From: r.progress.Complete(), To: r.opts.Now().UTC(), Reason: "its shard vanished before it was read"}); err != nil {
			return err
		}
		r.state[id] = ended
	}
	clear(r.seen)
	for _, s := range now {
		r.seen[s.ID] = s
	}
	return nil
}

// late returns since when nothing is known of the stream, where a shard that was never read is seen so late that its first
// records may be gone: it is younger than that instant, and older records are trimmed without a word. Otherwise it returns
// the zero Time.
func (r *run) late(s Shard) time.Time {
	if _, known := r.from[s.Lane()]; known || r.opts.Keeps <= 0 {
		return time.Time{}
	}
	since := r.progress.Complete()
	if r.known.After(since) {
		since = r.known
	}
	if since.IsZero() || !since.Before(r.opts.Now().Add(-r.opts.Keeps)) {
		return time.Time{}
	}
	return since
}

func newest(from map[string]Position) (at time.Time) {
	for lane, p := range from {
		if lake.IsShard(lane) && p.At.After(at) {
			at = p.At
		}
	}
	return at
}

// lostBeginning keeps the hole that a shard seen too late may have before its first record.
func (r *run) lostBeginning(ctx context.Context, s Shard, since time.Time) error {
	if since.IsZero() {
		return nil
	}
	h := lake.Hole{Lane: s.Lane(), From: since, To: r.opts.Now().Add(-r.opts.Keeps).UTC(), Reason: "its shard was first seen when its oldest records were trimmed already; it may have held more"}
	return r.keep(ctx, h)
}

func sorted(from map[string]Position) []string {
	var lanes []string
	for lane := range from {
		lanes = append(lanes, lane)
	}
	slices.Sort(lanes)
	return lanes
}

// keep keeps a hole, however long that takes.
func (r *run) keep(ctx context.Context, h lake.Hole) error {
	return r.persist(ctx, h.Lane, func() error { return r.hole(ctx, h) })
}

func (r *run) hole(ctx context.Context, h lake.Hole) error {
	h.Stream = r.stream
	h = h.Named()
	if err := r.opts.Hole(ctx, h); err != nil {
		return err
	}
	r.opts.Observe(h)
	return nil
}
