package ledger

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

// Copy copies what the tables' snapshots say of themselves and the ledger does not have yet. How far it has each table is
// set in the same commit as the rows, so copying again, or dying anywhere, doubles nothing.
func (b *Book) Copy(ctx context.Context, from ...*tables.Table) error {
	return b.write(ctx, func(ctx context.Context, base *tables.Snapshot) (page, error) {
		p := page{marks: lake.Watermarks{}}
		open, err := holesOf(base)
		if err != nil {
			return page{}, err
		}
		for _, t := range from {
			now, err := t.Snapshot(ctx)
			if err != nil {
				return page{}, err
			}
			if err := b.tell(ctx, &p, base, now); err != nil {
				return page{}, fmt.Errorf("copy the story of table %s: %w", t.Name(), err)
			}
		}
		for _, r := range p.rows {
			if h, ok := r.detail.(lake.Hole); ok && r.kind == kindHole {
				open = append(open, h)
				p.holes = open
			}
		}
		return p, nil
	})
}

// tell adds the stories of one table to the page. A hole that several tables pass is one hole.
func (b *Book) tell(ctx context.Context, p *page, base, now *tables.Snapshot) error {
	known, err := holesOf(base)
	if err != nil {
		return err
	}
	for _, s := range now.Stories(number(base.Watermarks[now.Table()].Seq)) {
		if !s.Told() {
			continue
		}
		seq, err := lake.ParseSeq(strconv.FormatInt(s.Sequence, 10))
		if err != nil {
			return err
		}
		p.marks[now.Table()] = lake.Watermark{Seq: seq, At: s.At}
		if s.Foreign {
			p.rows = append(p.rows, row{kind: kindForeign, at: s.At, table: now.Table(), snapshot: s.Snapshot, rows: count(s.Summary["added-records"]), detail: s.Summary})
			continue
		}
		entry, err := b.entry(ctx, s)
		if err != nil {
			return err
		}
		if whole, err := lake.ParseEntry([]byte(s.Entry)); err == nil && whole.Object != "" {
			p.remove = append(p.remove, whole.Object)
		}
		at := row{at: s.At, table: now.Table(), commit: count(s.Summary[lake.PropCommit]), snapshot: s.Snapshot, entry: entry}
		for _, l := range entry.Lanes {
			r := at
			r.kind, r.lane, r.rows = kindCommit, l, int64(l.Rows)
			p.rows = append(p.rows, r)
		}
		if entry.Dropped != nil {
			r := at
			r.kind, r.rows, r.detail = kindDropped, entry.Dropped.Rows, entry.Dropped
			p.rows = append(p.rows, r)
		}
		for _, h := range entry.Holes {
			told := slices.ContainsFunc(p.rows, func(r row) bool { return r.kind == kindHole && r.hole == h.ID })
			if told || slices.ContainsFunc(known, func(o lake.Hole) bool { return o.ID == h.ID }) {
				continue
			}
			h.Table, h.Commit, h.Found = now.Table(), at.commit, s.At
			r := at
			r.kind, r.hole, r.detail, r.lane = kindHole, h.ID, h, lake.LaneEntry{Lane: h.Lane, First: h.After, Last: h.Last, To: h.To}
			p.rows = append(p.rows, r)
		}
	}
	return nil
}

// entry returns the whole entry of a story. One whose object is lost still says what its summary says.
func (b *Book) entry(ctx context.Context, s tables.Story) (lake.Entry, error) {
	e, err := lake.ParseEntry([]byte(s.Entry))
	if err != nil || e.Object == "" {
		return e, err
	}
	body, err := b.files.Get(ctx, e.Object)
	if err != nil {
		return e, fault.Wrap(fault.Of(err), err, "the entry of commit %s", s.Summary[lake.PropCommit])
	}
	return lake.ParseEntry(body)
}

func number(s lake.Seq) int64 {
	if s == "" {
		return 0
	}
	return count(s.Short())
}

// count reads a number of a summary; what is none counts nothing.
func count(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
