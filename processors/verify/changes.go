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

// Feed is the store's change feed, which can be read again from any position that it still keeps.
type Feed interface {
	Shards(ctx context.Context, stream string) ([]feed.Shard, error)
	Read(ctx context.Context, stream string, shard feed.Shard, after lake.Seq, limit int) (feed.Page, error)
}

// Span is changes of a shard from First to Last, both included, made from From on and before To; a zero From is open.
type Span struct {
	Shard       string
	First, Last lake.Seq
	From, To    time.Time
	Region      string // empty: all; else those that leave a record, which is in the region
}

// Change is one row of the history.
type Change struct {
	Seq  lake.Seq
	Hash uint64 // of its operation, its time, its key and, where it leaves a record, its row
	Key  string
	Day  string // of the source, where the dataset's day comes from a field: the change's partition; empty: that of its time
}

// History is the changes of a Held.
type History interface {
	Held
	// Changes hands over the changes of a span in the order of their numbers, each with the canonical texts of all that is
	// compared of it, and of its key.
	Changes(ctx context.Context, s Span, each func(seq lake.Seq, text, key string)) error
	// Parked hands over the numbers of those that are held back: in quarantine, or discarded from there.
	Parked(ctx context.Context, s Span, each func(seq lake.Seq, discarded bool)) error
	// Change returns what a change says: its operation, its time in microseconds, and its comparable fields, none where
	// it leaves no record.
	Change(ctx context.Context, shard string, seq lake.Seq) (op, at string, values []Value, err error)
}

// ChangeOptions tune a comparison of changes.
type ChangeOptions struct {
	Options
	From, To time.Time // of the changes' own times; zero: all that the feed has
}

const (
	feedLimit  = 5_000  // records of one read
	windowRows = 50_000 // changes that are compared at once
)

// Changes compares the change feed with the history by identity: as far back as the feed goes, and as far forward as the
// lake is complete.
func Changes(ctx context.Context, d *schemas.Dataset, src Feed, lk Lake, o ChangeOptions) (Report, error) {
	if d.Stream == "" {
		return Report{}, fault.New(fault.Invalid, "%s has no change stream to be compared with", d.Name)
	}
	o.Options = o.filled()
	h := &changes{d: d, src: src, o: o, reader: newReader(d, o.Mask)}
	h.report = Report{Dataset: d.Name, Mode: "changes", Region: o.Region, From: o.From, Skipped: Skipped(d), Differences: []Difference{}, Began: o.Now()}
	h.explain = h.different
	now := o.Now().UTC().Truncate(time.Millisecond)
	if h.report.To = now; !o.To.IsZero() && o.To.Before(now) {
		h.report.To = o.To
	}
	if err := lk.Await(ctx, d, now); err != nil {
		return Report{}, err
	}
	h.report.CompleteTo = now
	held, err := lk.Hold(ctx, d)
	if err != nil {
		return Report{}, fmt.Errorf("read the lake: %w", err)
	}
	var ok bool
	if h.lake, ok = held.(History); !ok {
		return Report{}, fault.New(fault.Internal, "this lake does not tell its history")
	}
	h.report.Pin = held.About()
	return h.run(ctx)
}

type changes struct {
	d      *schemas.Dataset
	src    Feed
	lake   History
	o      ChangeOptions
	reader *reader
	report Report
	store  Sum
	sum    Sum
	read   int64
	text   []byte

	explain func(ctx context.Context, s feed.Shard, span Span, c Change) error // notes how a change differs
}

func (h *changes) run(ctx context.Context) (Report, error) {
	shards, err := h.src.Shards(ctx, h.d.Stream)
	if err != nil {
		return Report{}, fmt.Errorf("read the feed: %w", err)
	}
	for _, s := range shards {
		if err := h.shard(ctx, s); err != nil {
			return Report{}, fmt.Errorf("compare shard %s: %w", s.ID, err)
		}
	}
	r := &h.report
	r.Store, r.StoreSum, r.Lake, r.LakeSum = h.store.Rows, h.store.String(), h.sum.Rows, h.sum.String()
	r.Ended = h.o.Now()
	r.ElapsedMS = r.Ended.Sub(r.Began).Milliseconds()
	return *r, nil
}

// shard compares one shard, window after window.
func (h *changes) shard(ctx context.Context, s feed.Shard) error {
	r := Range{Shard: s.Lane()}
	var window []Change
	var after, first, last lake.Seq
	for more := true; more; {
		page, err := h.src.Read(ctx, h.d.Stream, s, after, feedLimit)
		if fault.Is(err, fault.NotFound) && after != "" { // the feed has forgotten what was not read yet: go on where it begins now
			after = ""
			first = ""
			window = window[:0]
			continue
		}
		if err != nil {
			return err
		}
		more = page.Records > 0 && !page.End
		if page.Records == 0 {
			break
		}
		records, err := parsePage(page.Body)
		if err != nil {
			return err
		}
		if first == "" {
			first = records[0].seq
		}
		for i := range records {
			c, ours, err := h.change(&records[i])
			if err != nil {
				return err
			}
			if ours {
				window = append(window, c)
				r.First, r.Last = cmp.Or(r.First, c.Seq.Short()), c.Seq.Short()
				r.Changes++
			}
		}
		after, last = page.Last, page.Last
		if len(window) >= windowRows || !more {
			if err := h.window(ctx, s, window, first, last); err != nil {
				return err
			}
			window, first = window[:0], last.Next()
		}
	}
	if len(window) > 0 {
		if err := h.window(ctx, s, window, first, last); err != nil {
			return err
		}
	}
	if r.Changes > 0 {
		h.report.Shards = append(h.report.Shards, r)
	}
	return nil
}

// window compares the changes of a shard from first to last.
func (h *changes) window(ctx context.Context, s feed.Shard, source []Change, first, last lake.Seq) error {
	span := Span{Shard: s.Lane(), First: first, Last: last, From: h.o.From, To: h.report.To, Region: h.o.Region}
	var have []Change
	err := h.lake.Changes(ctx, span, func(seq lake.Seq, text, key string) {
		have = append(have, Change{Seq: seq, Hash: Hash([]byte(text)), Key: key})
	})
	if err != nil {
		return err
	}
	for _, c := range source {
		h.store.Add(c.Digest(span.Shard))
	}
	for _, c := range have {
		h.sum.Add(c.Digest(span.Shard))
	}
	if h.read += int64(len(source) + len(have)); h.read > 0 {
		h.o.Tell(h.read)
	}
	if slices.EqualFunc(source, have, func(a, b Change) bool { return a.Seq == b.Seq && a.Hash == b.Hash }) {
		return nil
	}
	return h.name(ctx, s, span, source, have)
}

// Digest returns what the change adds to a sum.
func (c Change) Digest(shard string) Digest {
	return Digest{Key: Hash([]byte(shard + ":" + string(c.Seq))), Row: c.Hash}
}

// DigestWith returns what a change of a text adds to a sum that is made with another hash.
func DigestWith(hash func([]byte) uint64, shard string, seq lake.Seq, text string) Digest {
	return Digest{Key: hash([]byte(shard + ":" + string(seq))), Row: hash([]byte(text))}
}

// name walks both sides and names what differs.
func (h *changes) name(ctx context.Context, s feed.Shard, span Span, source, have []Change) error {
	parked := map[lake.Seq]string{}
	err := h.lake.Parked(ctx, span, func(seq lake.Seq, discarded bool) {
		if parked[seq] = Quarantined; discarded {
			parked[seq] = Discarded
		}
	})
	if err != nil {
		return err
	}
	note := func(what string, c Change) {
		h.report.note(Difference{What: what, Key: c.Key, Shard: span.Shard, Seq: c.Seq.Short()}, h.o.Named)
	}
	var before lake.Seq
	for len(source) > 0 || len(have) > 0 {
		switch {
		case len(have) > 0 && have[0].Seq == before:
			note(Doubled, have[0])
			have = have[1:]
		case len(have) == 0 || len(source) > 0 && source[0].Seq < have[0].Seq:
			switch day, where := source[0].Day, parked[source[0].Seq]; {
			case where != "":
				h.report.hold(Difference{What: where, Key: source[0].Key, Shard: span.Shard, Seq: source[0].Seq.Short()}, h.o.Named)
			case day != "" && day < h.report.Pin.Horizon:
				h.report.Dropped++
			default:
				note(Missing, source[0])
			}
			source = source[1:]
		case len(source) == 0 || have[0].Seq < source[0].Seq:
			note(Extra, have[0])
			before, have = have[0].Seq, have[1:]
		default:
			if source[0].Hash != have[0].Hash {
				if err := h.explain(ctx, s, span, source[0]); err != nil {
					return err
				}
			}
			before, source, have = have[0].Seq, source[1:], have[1:]
		}
	}
	return nil
}

// different reads a change again on both sides and names the first thing that differs.
func (h *changes) different(ctx context.Context, s feed.Shard, _ Span, c Change) error {
	diff := Difference{What: Different, Key: c.Key, Shard: s.Lane(), Seq: c.Seq.Short()}
	defer func() { h.report.note(diff, h.o.Named) }()
	page, err := h.src.Read(ctx, h.d.Stream, s, c.Seq.Before(), 1)
	if err != nil {
		return fmt.Errorf("read %s again: %w", c.Seq.Short(), err)
	}
	records, err := parsePage(page.Body)
	if err != nil || len(records) != 1 || records[0].seq != c.Seq {
		return fault.Wrap(fault.Transient, err, "the feed has no longer what it had at %s", c.Seq.Short())
	}
	if _, _, err := h.change(&records[0]); err != nil {
		return err
	}
	op, at, values, err := h.lake.Change(ctx, s.Lane(), c.Seq)
	if err != nil {
		return err
	}
	names := []string{schemas.ColOp, schemas.ColAt}
	want := []Value{{string(records[0].op), true}, {records[0].at, true}}
	have := []Value{{op, true}, {at, true}}
	if !records[0].op.Gone() {
		for _, f := range h.reader.fields {
			names = append(names, f.Name)
		}
		want, have = append(want, h.reader.values()...), append(have, values...)
	}
	for i := range names {
		if i < len(have) && want[i] != have[i] {
			diff.Field, diff.Store, diff.Lake = names[i], want[i].Text, have[i].Text
			break
		}
	}
	return nil
}
