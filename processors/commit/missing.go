package commit

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
)

// unread is an object that cannot be read, and the hole that it leaves: none where all of its range was passed, or noted,
// before.
type unread struct {
	*batch
	hole *Hole
}

// missing walks the lanes' batches from the position. Gaps between them are the holes of the pass: a commit passes them and
// tells of them. What lies in an object that cannot be read is a hole of its own, whatever comes behind it.
func (p *pass) missing(ctx context.Context, at lake.Watermarks) (bad []unread, err error) {
	p.holes, p.ends = nil, at
	for lane, m := range p.chain {
		if _, ours := at[lane]; ours && m.Seq > at[lane].Seq {
			at[lane] = m
		}
	}
	for _, b := range p.batches {
		m := at[b.Lane]
		var hole *Hole
		switch {
		case b.landed == nil:
			if hole, err = p.between(ctx, b, m, b.Last, p.opts.Now().UTC(), "its landed object could not be read and was set aside as "+aside(b.key)); err != nil {
				return nil, err
			}
			bad = append(bad, unread{b, hole})
			m.Seq = max(m.Seq, b.Last)
		case b.Last > m.Seq:
			if !b.landed.Begin && !lake.IsRepair(b.Lane) {
				if hole, err = p.between(ctx, b, m, b.landed.After, b.landed.Through, "its batches never landed"); err != nil {
					return nil, err
				}
			}
			if hole != nil {
				p.holes = append(p.holes, *hole)
			}
			m = lake.Watermark{Seq: b.Last, At: b.landed.Through}
		}
		at[b.Lane] = m
	}
	return bad, nil
}

// between returns the hole of the batch's lane that lies above a mark, from where holes that are known of already end, and
// at or below a number; nil where that is nothing.
func (p *pass) between(ctx context.Context, b *batch, m lake.Watermark, last lake.Seq, to time.Time, reason string) (*Hole, error) {
	if last <= m.Seq {
		return nil, nil
	}
	after, err := p.noted(ctx, b.Lane, m.Seq)
	if err != nil || last <= after {
		return nil, err
	}
	hole := Hole{Stream: b.Stream, Lane: b.Lane, After: after, Last: last, From: m.At, To: to, Reason: reason}.Named()
	return &hole, nil
}

// noted returns how far from a number on the lane's records are in holes that the ledger has noted, open or closed. No
// watermark has passed those of objects that were set aside while nothing came behind them.
func (p *pass) noted(ctx context.Context, lane string, from lake.Seq) (lake.Seq, error) {
	holes, err := p.book.Noted(ctx, p.stream, lane)
	if err != nil {
		return "", fmt.Errorf("look which holes of lane %s are known: %w", lane, err)
	}
	holes = slices.SortedFunc(slices.Values(holes), func(a, b Hole) int { return cmp.Compare(a.After, b.After) })
	for _, h := range holes {
		if h.After <= from {
			from = max(from, h.Last)
		}
	}
	return from, nil
}

// unreadable sets objects aside. The hole of each is in the ledger before the object is gone from the landing: its lane may
// stay silent, and then no commit tells of it.
func (p *pass) unreadable(ctx context.Context, all []unread) error {
	for _, one := range all {
		if one.hole != nil {
			if err := p.book.Open(ctx, *one.hole); err != nil {
				return fmt.Errorf("note the hole of %s: %w", one.key, err)
			}
			p.tell([]Hole{*one.hole})
		}
		if err := p.setAside(ctx, one.key, one.reason, p.report); err != nil {
			return err
		}
	}
	return nil
}
