package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

// Holes returns the open holes: those that the ledger has, and those that a commit to one of the tables has passed and
// that are not copied yet. It is cheap: no file is read, unless an entry did not fit into its summary.
func (b *Book) Holes(ctx context.Context, of ...*tables.Table) ([]lake.Hole, error) {
	base, err := b.table.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	open, err := holesOf(base)
	if err != nil {
		return nil, err
	}
	for _, t := range of {
		now, err := t.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range now.Stories(number(base.Watermarks[t.Name()].Seq)) {
			if s.Entry == "" {
				continue
			}
			e, err := b.entry(ctx, s)
			if fault.Is(err, fault.NotFound) { // it was copied meanwhile
				return b.Holes(ctx, of...)
			}
			if err != nil {
				return nil, err
			}
			for _, h := range e.Holes {
				if !slices.ContainsFunc(open, func(o lake.Hole) bool { return o.ID == h.ID }) {
					h.Table, h.Commit, h.Found = t.Name(), count(s.Summary[lake.PropCommit]), s.At
					open = append(open, h)
				}
			}
		}
	}
	return open, nil
}

// Open notes a hole that no commit passes, such as a shard that vanished unread. One that was noted before is left as it
// is, open or closed: who finds it again does not know what has filled it meanwhile.
func (b *Book) Open(ctx context.Context, h lake.Hole) error {
	h = h.Named()
	return b.write(ctx, func(ctx context.Context, base *tables.Snapshot) (page, error) {
		known, err := b.noted(ctx, base, h.Stream, h.Lane)
		if err != nil || slices.ContainsFunc(known, func(o lake.Hole) bool { return o.ID == h.ID }) {
			return page{}, err
		}
		open, err := holesOf(base)
		if err != nil {
			return page{}, err
		}
		h.Found = b.opts.Now().UTC()
		r := row{kind: kindHole, at: h.Found, hole: h.ID, detail: h, lane: lake.LaneEntry{Lane: h.Lane, First: h.After, Last: h.Last, To: h.To}}
		return page{rows: []row{r}, holes: append(open, h)}, nil
	})
}

// Close notes that a hole is filled, and by what. NotFound where no such hole is open. The tables are those that may have
// found it.
func (b *Book) Close(ctx context.Context, id, receipt string, of ...*tables.Table) (lake.Hole, error) {
	if receipt == "" {
		return lake.Hole{}, fault.New(fault.Invalid, "hole %s is closed by a receipt: say which repair or backfill filled it", id)
	}
	if err := b.Copy(ctx, of...); err != nil {
		return lake.Hole{}, err
	}
	var closed lake.Hole
	err := b.write(ctx, func(_ context.Context, base *tables.Snapshot) (page, error) {
		open, err := holesOf(base)
		if err != nil {
			return page{}, err
		}
		i := slices.IndexFunc(open, func(h lake.Hole) bool { return h.ID == id })
		if i < 0 {
			return page{}, fault.New(fault.NotFound, "no hole %s is open; `tarn holes` lists those that are", id)
		}
		closed = open[i]
		closed.Closed, closed.Receipt = b.opts.Now().UTC(), receipt
		r := row{kind: kindClosed, at: closed.Closed, hole: id, detail: closed, lane: lake.LaneEntry{Lane: closed.Lane, First: closed.After, Last: closed.Last, To: closed.To}}
		return page{rows: []row{r}, holes: slices.Delete(slices.Clone(open), i, i+1)}, nil
	})
	return closed, err
}

// holesOf returns the holes that are open in the ledger's snapshot.
func holesOf(s *tables.Snapshot) ([]lake.Hole, error) {
	text := s.Properties[lake.PropHoles]
	if text == "" {
		return nil, nil
	}
	var open []lake.Hole
	if err := json.Unmarshal([]byte(text), &open); err != nil {
		return nil, fmt.Errorf("read the open holes of the ledger: %w", err)
	}
	return open, nil
}

func holesProperty(open []lake.Hole) (map[string]string, error) {
	text, err := json.Marshal(open)
	if err != nil {
		return nil, fmt.Errorf("write the open holes of the ledger: %w", err)
	}
	return map[string]string{lake.PropHoles: string(text)}, nil
}
