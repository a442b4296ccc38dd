package commit

import (
	"context"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/ledger"
)

// base is what a commit is made on: a table as it is, and the lanes that have left its watermarks for the ledger.
type base struct {
	*tables.Snapshot
	closed lake.Watermarks
}

// mark returns how far the lane of that name in the table is.
func (b *base) mark(name string) lake.Watermark {
	if m, ok := b.Watermarks[name]; ok {
		return m
	}
	return b.closed[name]
}

// Ledger returns the ledger that the commits are told to.
func (c *Committer) Ledger(ctx context.Context) (*ledger.Book, error) {
	c.opening.Lock()
	defer c.opening.Unlock()
	if c.book == nil {
		book, err := ledger.Open(ctx, c.files, c.tables, ledger.Options{Now: c.opts.Now, NewID: c.opts.NewID})
		if err != nil {
			return nil, err
		}
		c.book = book
	}
	return c.book, nil
}

// base returns the table as it is now. A lane of the pass that the watermarks do not know is looked up in the ledger
// before it counts as new. A table that no lane has left needs no look, and what the ledger did not know it does not know
// before another lane leaves.
func (p *pass) base(ctx context.Context, t *target) (*base, error) {
	now, err := t.table.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	b := &base{Snapshot: now}
	if now.Closed == 0 {
		return b, nil
	}
	var ask []string
	for name := range p.names(t) {
		_, known := now.Watermarks[name]
		if left, asked := p.unknown[lane{t.table.Name(), name}]; !known && (!asked || left != now.Closed) {
			ask = append(ask, name)
		}
	}
	if b.closed, err = p.book.Marks(ctx, t.table.Name(), ask); err != nil {
		return nil, err
	}
	for _, name := range ask {
		if _, found := b.closed[name]; !found {
			p.unknown[lane{t.table.Name(), name}] = now.Closed
		}
	}
	return b, nil
}

// names returns the lanes that the pass moves or brings rows of, by their name in the table.
func (p *pass) names(t *target) map[string]bool {
	names := map[string]bool{}
	repair := false
	for _, b := range p.batches {
		names[t.lane(b.Stream, b.Lane)] = true
		repair = repair || lake.IsRepair(b.Lane)
	}
	if repair {
		ids := identitiesOf(t.rows)
		for _, s := range p.ranges[t] {
			for i := s.from; i < s.to && lake.IsRepair(s.Lane); i++ {
				names[t.lane(p.stream, string(ids.shard.Value(i)))] = true
			}
		}
	}
	return names
}

// idle returns the lanes whose watermarks are of no more use: closed, or still for so long that their records are past any
// retention.
func (p *pass) idle(now *tables.Snapshot) []string {
	old := p.opts.Now().Add(-p.opts.Idle)
	var names []string
	for name, m := range now.Watermarks {
		if m.Done || m.At.Before(old) {
			names = append(names, name)
		}
	}
	return names
}

// choose chooses the idle lanes whose watermarks the next commit leaves out: those that the ledger knows exactly as they
// are. One that comes back is looked up there. Of the others the next commit tells.
func (p *pass) choose(ctx context.Context, t *target, now *tables.Snapshot) error {
	names := p.idle(now)
	told, err := p.book.Marks(ctx, t.table.Name(), names)
	if err != nil {
		return err
	}
	t.leaving, t.telling = lake.Watermarks{}, lake.Watermarks{}
	for _, name := range names {
		m, was := told[name], now.Watermarks[name]
		if m.Seq == was.Seq && m.Ahead == was.Ahead && m.Done == was.Done {
			t.leaving[name] = was
		} else {
			t.telling[name] = was
		}
	}
	return nil
}

// End says that a shard was read to its end, which is at last. Commits then tell that its lane is done, in every table
// that is there. It is kept in memory: a reader says it again when it starts again.
func (c *Committer) End(stream, shard string, last lake.Seq) {
	c.ending.Lock()
	defer c.ending.Unlock()
	c.ended[lane{stream, shard}] = last
}

// close marks the ended lanes of the stream that are wholly in the table as done.
func (p *pass) close(t *target, base *base, marks lake.Watermarks) {
	p.ending.Lock()
	defer p.ending.Unlock()
	for l, last := range p.ended {
		if l.stream != p.stream {
			continue
		}
		name := t.lane(l.stream, l.lane)
		m, moved := marks[name]
		if !moved {
			m = base.Watermarks[name]
		}
		if m.Seq != "" && m.Seq >= last && !m.Done {
			m.Done = true
			marks[name] = m
		}
	}
}
