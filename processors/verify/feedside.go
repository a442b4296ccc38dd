package verify

import (
	"context"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

// shard reads one shard of the feed.
func (h *changes) shard(ctx context.Context, s feed.Shard) error {
	r, span := Range{Shard: s.Lane()}, Span{Shard: s.Lane(), From: h.o.From, To: h.report.To, Region: h.o.Region}
	h.first = ""
	var after lake.Seq
	end := func() {
		if span.First != "" {
			span.Last = after
			h.spans = append(h.spans, span)
		}
		span.First, after = "", ""
	}
	for {
		page, err := h.page(ctx, s, after, func(e *event) error {
			if after != "" && e.seq <= after {
				return nil // a feed may say a thing twice
			}
			if span.First == "" {
				span.First = e.seq
			}
			return h.keep(e, &r)
		})
		if fault.Is(err, fault.NotFound) && after != "" { // the feed has forgotten what was not read yet: go on where it begins now
			end()
			continue
		}
		if err != nil {
			return err
		}
		if page.Records > 0 {
			after = page.Last
		}
		if page.Records == 0 || page.End {
			break
		}
	}
	end()
	if r.Changes > 0 {
		r.First, r.Last = h.first.Short(), h.last.Short()
		h.report.Shards = append(h.report.Shards, r)
	}
	return nil
}

// page reads what comes after a number.
func (h *changes) page(ctx context.Context, s feed.Shard, after lake.Seq, each func(*event) error) (feed.Page, error) {
	if src, ok := h.src.(Records); ok {
		var e event
		return src.Records(ctx, h.d.Stream, s, after, feedLimit, func(r *feed.Record) error {
			if err := e.stored(r); err != nil {
				return err
			}
			return each(&e)
		})
	}
	page, err := h.src.Read(ctx, h.d.Stream, s, after, feedLimit)
	if err != nil || page.Records == 0 {
		return page, err
	}
	all, err := parsePage(page.Body)
	for i := range all {
		if err := each(&all[i]); err != nil {
			return page, err
		}
	}
	return page, err
}

// keep takes a change of the feed, if it is one that is compared.
func (h *changes) keep(e *event, r *Range) error {
	ours, err := h.change(e)
	if err != nil || !ours {
		return err
	}
	if r.Changes++; h.first == "" {
		h.first = e.seq
	}
	h.last = e.seq
	h.id = append(append(append(h.id[:0], r.Shard...), ':'), e.seq...)
	h.key = append(append(h.key, fieldMark), h.day()...)
	h.tell()
	return h.stored.add(entry{Digest{Hash(h.id), Hash(h.text)}, h.id, h.key})
}

func (h *changes) tell() {
	if h.read++; h.read%10_000 == 0 {
		h.o.Tell(h.read)
	}
}
