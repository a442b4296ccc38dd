package embedded

import (
	"context"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/record"
)

// Rotate closes all open shards of a stream and opens a child of each.
func (s *Store) Rotate(ctx context.Context, stream string) error {
	return s.restructure(ctx, func(d *decider, when at) (*catalog, error) { return d.cat.rotated(stream, when) })
}

// Split closes an open shard and opens two children that share its keys.
func (s *Store) Split(ctx context.Context, stream, shard string) error {
	return s.restructure(ctx, func(d *decider, when at) (*catalog, error) { return d.cat.split(stream, shard, when) })
}

// Merge closes two open shards whose keys adjoin and opens one child for both.
func (s *Store) Merge(ctx context.Context, stream, left, right string) error {
	return s.restructure(ctx, func(d *decider, when at) (*catalog, error) { return d.cat.merged(stream, left, right, when) })
}

// AddTable adds a table, or to a stored table what is new in the definition: indexes, which are filled, a stream where
// there was none, another time-to-live attribute. Writes wait meanwhile.
func (s *Store) AddTable(ctx context.Context, def ingest.Table) error {
	return s.restructure(ctx, func(d *decider, when at) (*catalog, error) {
		next, err := d.cat.withTable(def, s.opts.Shards, when.now)
		if err != nil {
			return nil, err
		}
		if old := d.cat.tables[def.Name]; old != nil {
			err = d.reindex(old, next.tables[def.Name])
		}
		return next, err
	})
}

func (s *Store) restructure(ctx context.Context, change func(*decider, at) (*catalog, error)) error {
	return s.submit(ctx, &request{change: change, frees: true})
}

// reindexBytes is how much of an index is written at once.
const reindexBytes = 1 << 20

// reindex fills what the new definition has and the old one has not. The group's earlier writes go first, so that the
// table is read whole. What an interrupted attempt left is cleared.
func (d *decider) reindex(old, now *table) error {
	fresh := now.IndexIDs[len(old.IndexIDs):]
	ttl := now.Def.TTL != old.Def.TTL
	if len(fresh) == 0 && !ttl {
		return nil
	}
	if err := d.flush(); err != nil {
		return err
	}
	b := d.s.db.NewBatch()
	for _, id := range fresh {
		prefix := appendIndexPrefix(nil, now.ID, id)
		if err := b.DeleteRange(prefix, after(prefix), nil); err != nil {
			return errEngine(err)
		}
	}
	if prefix := now.prefix(expirySpace); ttl {
		if err := b.DeleteRange(prefix, after(prefix), nil); err != nil {
			return errEngine(err)
		}
	}
	b, err := d.fill(b, now, len(old.IndexIDs), ttl)
	if err != nil {
		return err
	}
	if err := d.s.db.Apply(b, pebble.Sync); err != nil {
		return errEngine(err)
	}
	d.cells.forget()
	return b.Close()
}

// fill appends the entries of all items for the indexes from a position on, and for expiry where asked.
func (d *decider) fill(b *pebble.Batch, t *table, from int, ttl bool) (_ *pebble.Batch, err error) {
	prefix := t.prefix(itemSpace)
	it, err := d.s.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return nil, errEngine(err)
	}
	defer func() { err = joinClose(err, it) }()
	for ok := it.First(); ok; ok = it.Next() {
		image, _, err := fetchValue(d.s.db, it.Value())
		if err != nil {
			return nil, err
		}
		item, err := record.ParseItem(image)
		if err != nil {
			return nil, errDamaged(err.Error())
		}
		entries, err := t.entries(item, it.Key())
		if err != nil {
			return nil, fmt.Errorf("index table %s: %w", t.Def.Name, err)
		}
		for i, e := range entries {
			last := i == len(entries)-1
			if e == nil || i < from || last && !ttl {
				continue
			}
			if err := b.Set(e, it.Key(), nil); err != nil {
				return nil, errEngine(err)
			}
		}
		if b.Len() >= reindexBytes {
			if err := d.s.db.Apply(b, pebble.NoSync); err != nil {
				return nil, errEngine(err)
			}
			b = d.s.db.NewBatch()
		}
	}
	return b, it.Error()
}
