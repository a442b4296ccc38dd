package verify

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/lake"
)

// against reads the same changes of the lake and names what is not the same.
func (h *changes) against(ctx context.Context) error {
	err := h.lake.Every(ctx, h.spans, func(shard, seq, text, key []byte) error {
		h.id = append(append(append(h.id[:0], shard...), ':'), seq...)
		h.tell()
		return h.lakes.add(entry{Digest{Hash(h.id), Hash(text)}, h.id, key})
	})
	if err != nil {
		return fmt.Errorf("read the lake: %w", err)
	}
	h.o.Tell(h.read)
	for part := range h.stored.files {
		store, err := h.stored.differing(part, h.lakes)
		if err != nil {
			return err
		}
		have, err := h.lakes.differing(part, h.stored)
		if err != nil {
			return err
		}
		if err := h.byShard(ctx, store, have); err != nil {
			return err
		}
	}
	return nil
}

// byShard compares entries of both sides shard by shard.
func (h *changes) byShard(ctx context.Context, store, have []entry) error {
	type both struct{ store, have []Change }
	all := map[string]both{}
	for _, e := range store {
		shard, c := e.change()
		i := strings.LastIndexByte(c.Key, fieldMark)
		c.Key, c.Day = c.Key[:i], c.Key[i+1:]
		b := all[shard]
		b.store = append(b.store, c)
		all[shard] = b
	}
	for _, e := range have {
		shard, c := e.change()
		b := all[shard]
		b.have = append(b.have, c)
		all[shard] = b
	}
	for _, shard := range slices.Sorted(maps.Keys(all)) {
		b, bySeq := all[shard], func(x, y Change) int { return cmp.Or(cmp.Compare(x.Seq, y.Seq), cmp.Compare(x.Hash, y.Hash)) }
		slices.SortFunc(b.store, bySeq)
		slices.SortFunc(b.have, bySeq)
		span := Span{Shard: shard}
		for _, side := range [][]Change{b.store, b.have} {
			if n := len(side); n > 0 {
				span.First, span.Last = min(cmp.Or(span.First, side[0].Seq), side[0].Seq), max(span.Last, side[n-1].Seq)
			}
		}
		if err := h.name(ctx, h.shards[shard], span, b.store, b.have); err != nil {
			return fmt.Errorf("compare shard %s: %w", shard, err)
		}
	}
	return nil
}

// change returns what an entry is of.
func (e *entry) change() (shard string, c Change) {
	i := len(e.text) - lake.SeqDigits
	return string(e.text[:i-1]), Change{Seq: lake.Seq(e.text[i:]), Hash: e.Row, Key: string(e.key)}
}
