package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
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

// Records is a Feed that hands over its records as they are stored, which is quicker than its pages.
type Records interface {
	// Records hands over what Read would; the page has no body.
	Records(ctx context.Context, stream string, shard feed.Shard, after lake.Seq, limit int, each func(*feed.Record) error) (feed.Page, error)
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
	// Every hands over the changes of some spans in any order, each with the same texts as Changes. They are only valid
	// during the call of each.
	Every(ctx context.Context, all []Span, each func(shard, seq, text, key []byte) error) error
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
	windowRows = 50_000 // changes of an archive that are compared at once
)

// Changes compares the change feed with the history by identity: as far back as the feed goes, and as far forward as the
// lake is complete.
func Changes(ctx context.Context, d *schemas.Dataset, src Feed, lk Lake, o ChangeOptions) (Report, error) {
	if d.Stream == "" {
		return Report{}, fault.New(fault.Invalid, "%s has no change stream to be compared with", d.Name)
	}
	o.Options = o.filled()
	h := &changes{d: d, src: src, o: o, reader: newChangeReader(d, o.Mask), shards: map[string]feed.Shard{}}
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
	key    []byte

	stored *spill // both sides' changes
	lakes  *spill
	id     []byte
	spans  []Span                // what was read of the feed
	shards map[string]feed.Shard // by lane
	first  lake.Seq              // of the changes of a shard that are compared; empty: none yet
	last   lake.Seq

	explain func(ctx context.Context, s feed.Shard, span Span, c Change) error // notes how a change differs
}

func (h *changes) run(ctx context.Context) (_ Report, err error) {
	for _, side := range []**spill{&h.stored, &h.lakes} {
		if *side, err = newSpill(h.o.Dir, h.report.Pin.Rows); err != nil {
			return Report{}, err
		}
		defer func() { err = errors.Join(err, (*side).close()) }()
	}
	shards, err := h.src.Shards(ctx, h.d.Stream)
	if err != nil {
		return Report{}, fmt.Errorf("read the feed: %w", err)
	}
	for _, s := range shards {
		h.shards[s.Lane()] = s
		if err := h.shard(ctx, s); err != nil {
			return Report{}, fmt.Errorf("read shard %s of the feed: %w", s.ID, err)
		}
	}
	if err := h.against(ctx); err != nil {
		return Report{}, err
	}
	r := &h.report
	slices.SortStableFunc(r.Differences, func(a, b Difference) int { return cmp.Or(cmp.Compare(a.Shard, b.Shard), bySeq(a.Seq, b.Seq)) })
	r.Store, r.StoreSum, r.Lake, r.LakeSum = h.stored.total.Rows, h.stored.total.String(), h.lakes.total.Rows, h.lakes.total.String()
	r.Ended = h.o.Now()
	r.ElapsedMS = r.Ended.Sub(r.Began).Milliseconds()
	return *r, nil
}

// bySeq orders numbers without zeros in front.
func bySeq(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) }

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
	if _, err := h.change(&records[0]); err != nil {
		return err
	}
	op, at, values, err := h.lake.Change(ctx, s.Lane(), c.Seq)
	if err != nil {
		return err
	}
	names := []string{schemas.ColOp, schemas.ColAt}
	want := []Value{{string(records[0].op), true}, {strconv.FormatInt(records[0].at, 10), true}}
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
