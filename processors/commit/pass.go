package commit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

// pass is one commit to each table of a stream that has rows: some batches of its lanes, in order, as many as memory
// allows.
type pass struct {
	*Committer
	stream  string
	targets []*target
	batches []*batch
	ranges  map[*target][]span
	holes   []Hole
	settled lake.Watermarks // of shards without a batch
	report  *Report
	told    map[string]bool   // holes that were reported
	open    []Hole            // of the stream, where a batch lies below its lane's watermark
	began   map[*target]int64 // the snapshots at which those were looked for
	sought  map[*target]*sought
	chain   lake.Watermarks // where the passes before ended: a batch without rows moves no watermark, and is none the less there
	ends    lake.Watermarks // where this one ends
	careful bool            // every section is decoded before any is used: one of them is damaged
}

// span is where a batch's rows lie in a target's.
type span struct {
	*batch
	from, to int
}

// take moves batches into the pass, as many as it may hold, and returns the rest: the first of every lane, those that wait
// longest before others, and then what landed first. So every lane gets on with every pass, unless there are more lanes
// than it holds; and how far all of them are, which the one that is furthest behind says, moves as fast as it can. The pass
// has them lane after lane. The list is used on for the rest.
func (p *pass) take(from []*batch) []*batch {
	taken, lanes := make([]bool, len(from)), map[string]bool{}
	var bytes int64
	room := func(i int) bool {
		bytes += from[i].size
		taken[i] = len(p.batches) == 0 || bytes <= p.opts.MaxBytes
		if taken[i] {
			p.batches = append(p.batches, from[i])
		}
		return taken[i]
	}
	full := false
	for i := 0; i < len(from) && !full; i++ {
		if !lanes[from[i].Lane] {
			lanes[from[i].Lane], full = true, !room(i)
		}
	}
	for i := 0; i < len(from) && !full; i++ {
		full = !taken[i] && !room(i)
	}
	slices.SortFunc(p.batches, byLane)
	rest := from[:0]
	for i, b := range from {
		if !taken[i] {
			rest = append(rest, b)
		}
	}
	clear(from[len(rest):]) // the list lives on, and what they bring must not
	return rest
}

// run does the pass. Sections are read column by column where they are written, which shows damage late and not whose it
// is: then the pass begins again and looks at each batch alone. What was committed by then is trimmed.
func (p *pass) run(ctx context.Context) error {
	p.told = map[string]bool{}
	err := p.once(ctx)
	if errors.Is(err, errDamaged) {
		p.careful = true
		err = p.once(ctx)
	}
	return err
}

var errDamaged = errors.New("a landed section cannot be read")

func (p *pass) once(ctx context.Context) error {
	p.sought = map[*target]*sought{}
	if err := p.read(ctx); err != nil {
		return err
	}
	// Only now, after the objects were read: one that another committer has removed meanwhile is in its watermarks.
	bases, err := p.bases(ctx)
	if err != nil {
		return err
	}
	at := p.position(bases)
	if p.open, err = p.openHoles(ctx, at); err != nil {
		return err
	}
	p.began = map[*target]int64{}
	for t, b := range bases {
		p.began[t] = b.ID
	}
	unread, err := p.missing(ctx, at)
	if err != nil {
		return err
	}
	if err := p.unreadable(ctx, unread); err != nil {
		return err
	}
	for _, t := range p.targets {
		if err := p.commit(ctx, t); err != nil {
			return err
		}
	}
	return p.clear(ctx)
}

// read decodes every batch of the pass. Of an object that cannot be read it keeps the reason.
func (p *pass) read(ctx context.Context) error {
	p.ranges = map[*target][]span{}
	for _, t := range p.targets {
		t.reset()
	}
	next, stop := p.ahead(ctx)
	defer stop()
	found := p.batches[:0:0]
	for _, b := range p.batches {
		err := p.readOne(b, next)
		switch {
		case fault.Is(err, fault.NotFound): // another committer is done with it
			continue
		case fault.Is(err, fault.Invalid):
			p.drop(b)
			b.reason = err.Error()
		case err != nil:
			return err
		}
		found = append(found, b)
	}
	p.batches = found
	for _, t := range p.targets {
		if err := t.look(); err != nil {
			return damage(err)
		}
	}
	return nil
}

// damage marks an error over what a section holds.
func damage(err error) error {
	if fault.Is(err, fault.Invalid) {
		return errors.Join(errDamaged, err)
	}
	return err
}

// readOne reads a batch's object, which is next.
func (p *pass) readOne(b *batch, next func(*batch) ([]byte, error)) error {
	if b.Version > lake.LandedVersion {
		return fault.New(fault.Internal, "%s has a newer format than this program writes (%d); let the newer program commit it", b.key, lake.LandedVersion)
	}
	body, err := next(b)
	if err != nil {
		return err
	}
	landed, err := lake.ParseLanded(b.LandedName, body)
	if err != nil {
		return err
	}
	for _, s := range landed.Sections {
		t := p.taker(s.Dataset)
		if t == nil {
			return fault.New(fault.Internal, "%s holds rows of %q, which no schema of stream %s names; restore the schema", b.key, s.Dataset, b.Stream)
		}
		if p.careful {
			if err := t.check(s.Body); err != nil {
				return err
			}
		}
		from := t.sources.Rows()
		if err := t.sources.AddBytes(s.Body); err != nil {
			return err
		}
		p.ranges[t] = append(p.ranges[t], span{b, from, t.sources.Rows()})
	}
	b.landed = landed
	return nil
}

// taker returns the target of a section, or nil.
func (p *pass) taker(section string) *target {
	for _, t := range p.targets {
		if t.section == section {
			return t
		}
	}
	return nil
}

// drop forgets the sections of a batch that were read before one that cannot be.
func (p *pass) drop(b *batch) {
	for t, spans := range p.ranges {
		if n := len(spans); n > 0 && spans[n-1].batch == b {
			p.ranges[t] = spans[:n-1]
		}
	}
}

// position returns how far each lane of the pass is in the table that is furthest: what lies at or below it has been
// passed, and a batch that says it came after something higher stands behind a hole.
func (p *pass) position(bases map[*target]*base) lake.Watermarks {
	at := lake.Watermarks{}
	for _, b := range p.batches {
		at[b.Lane] = lake.Watermark{}
	}
	for _, b := range p.batches {
		for t, base := range bases {
			if m := base.mark(t.lane(b.Stream, b.Lane)); m.Seq > at[b.Lane].Seq {
				at[b.Lane] = m
			}
		}
	}
	return at
}

// clear removes the objects that every table has passed. One without rows for any table moved no watermark: it stays
// until a later row of its lane does, because the chain of its lane would miss it. A repair has no chain, and what it
// brought is in the tables now, by it or before it.
func (p *pass) clear(ctx context.Context) error {
	bases, err := p.bases(ctx)
	if err != nil {
		return err
	}
	for t, b := range bases {
		p.report.mark(t.table.Name(), b.Watermarks)
	}
	at := p.position(bases)
	var done []string
	for _, b := range p.batches {
		if b.landed != nil && (b.Last <= at[b.Lane].Seq || lake.IsRepair(b.Lane)) {
			done = append(done, b.key)
		}
	}
	var gone atomic.Int64
	err = p.each(ctx, done, func(ctx context.Context, key string) error {
		if err := p.remove(ctx, key); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		gone.Add(1)
		return nil
	})
	p.report.Objects += int(gone.Load())
	return err
}

func (p *pass) remove(ctx context.Context, key string) error {
	if p.opts.Archive {
		return p.files.Move(ctx, key, lake.ArchiveDir+strings.TrimPrefix(key, lake.LandingDir))
	}
	return p.files.Delete(ctx, key)
}

func (p *pass) bases(ctx context.Context) (map[*target]*base, error) {
	bases := map[*target]*base{}
	for _, t := range p.targets {
		b, err := p.base(ctx, t)
		if err != nil {
			return nil, err
		}
		bases[t] = b
	}
	return bases, nil
}
