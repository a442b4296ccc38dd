package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// trimChunk is how many records are trimmed at once.
const trimChunk = 2000

// Trim drops feed records that were made longer than the retention before now, and the images that only they still
// needed, and shards that were closed before that. It returns how many records are gone.
func (s *Store) Trim(ctx context.Context, now time.Time) (records int, err error) {
	cutoff := now.Add(-s.opts.Retention).UnixMilli()
	for name, st := range s.catalog.Load().streams {
		var gone []uint32
		for _, sh := range st.Shards { // parents first: a version's predecessor is in its own shard or an ancestor
			for {
				n, err := s.trimShard(ctx, name, sh, cutoff)
				records += n
				if err != nil {
					return records, err
				}
				if n < trimChunk {
					break
				}
			}
			if sh.closed() && sh.Closed < cutoff {
				gone = append(gone, sh.Number)
			}
		}
		if len(gone) == 0 {
			continue
		}
		err := s.submit(ctx, &request{frees: true, change: func(d *decider, _ at) (*catalog, error) {
			return d.cat.without(name, gone), nil
		}})
		if err != nil {
			return records, err
		}
	}
	return records, nil
}

// trimShard drops one chunk of a shard's oldest records. A record stays as long as it is the newest version of its item
// or the one before a record that is kept; what it replaced goes.
func (s *Store) trimShard(ctx context.Context, stream string, sh shard, cutoff int64) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if err := s.disk.refuse(); err != nil {
		return 0, err
	}
	if err := s.enter(); err != nil {
		return 0, err
	}
	defer s.leave()
	s.mu.Lock()
	from, visible := s.feeds[stream].trimmed[sh.Number], s.durable
	s.mu.Unlock()
	it, err := s.db.NewIter(&pebble.IterOptions{
		LowerBound: place{sh.Number, from + 1}.key(), UpperBound: place{sh.Number, visible + 1}.key(),
	})
	if err != nil {
		return 0, errEngine(err)
	}
	defer func() { err = joinClose(err, it) }()
	b := s.db.NewBatch()
	through := from
	for ok := it.First(); ok && n < trimChunk; ok = it.Next() {
		v, err := parseVersion(it.Value())
		if err != nil {
			return 0, err
		}
		if v.written >= cutoff {
			break
		}
		p := parsePlace(it.Key()[1:])
		if err := dropVersion(b, p, &v); err != nil {
			return 0, errEngine(err)
		}
		through = p.seq
		n++
	}
	if n == 0 {
		return 0, b.Close()
	}
	return n, s.trimmed(b, stream, sh.Number, through)
}

func dropVersion(b *pebble.Batch, p place, v *version) error {
	if v.before.place != (place{}) {
		if err := b.Delete(v.before.place.key(), nil); err != nil {
			return err
		}
	}
	if len(v.image) > 0 {
		return nil
	}
	return b.Delete(p.key(), nil)
}

// trimmed makes a chunk's end known before the records go, in memory and on disk.
func (s *Store) trimmed(b *pebble.Batch, stream string, shard uint32, through uint64) error {
	s.mu.Lock()
	s.feeds[stream].trimmed[shard] = through
	s.mu.Unlock()
	if err := b.Set(trimKey(shard), binary.BigEndian.AppendUint64(nil, through), nil); err != nil {
		return errEngine(err)
	}
	if err := s.db.Apply(b, pebble.NoSync); err != nil {
		return errEngine(err)
	}
	return b.Close()
}

// sweepChunk is how many expired items are removed with one sync.
const sweepChunk = 500

// SweepTTL removes the items whose time to live had passed at now, and returns how many. The feed shows them as removed
// by the service. An item that was changed meanwhile and no longer expires stays.
func (s *Store) SweepTTL(ctx context.Context, now time.Time) (removed int, err error) {
	for name, t := range s.catalog.Load().tables {
		for t.Def.TTL != "" {
			found, gone, err := s.sweep(ctx, t, now)
			removed += gone
			if err != nil {
				return removed, fmt.Errorf("sweep %s: %w", name, err)
			}
			if found < sweepChunk || gone == 0 {
				break
			}
		}
	}
	return removed, nil
}

func (s *Store) sweep(ctx context.Context, t *table, now time.Time) (found, gone int, err error) {
	r := &request{frees: true}
	low := t.prefix(expirySpace)
	high := appendExpiryKey(nil, t.ID, uint64(max(now.Unix(), 0))+1, nil)
	page, err := s.page(ctx, &walk{table: t, key: t.Def.Key, index: true, low: low, high: high, limit: sweepChunk})
	if err != nil {
		return 0, 0, err
	}
	for _, item := range page.Items {
		expire := ingest.Action{
			Kind: ingest.Delete, Table: t.Def.Name, Key: t.keyOf(item),
			If: []ingest.Condition{{Test: ingest.Equal, Attribute: t.Def.TTL, Value: record.Number(item[t.Def.TTL].Text)}},
		}
		steps, err := prepare(s.catalog.Load(), []ingest.Action{expire})
		if err != nil {
			return 0, 0, err
		}
		r.txns = append(r.txns, txn{steps: steps, ttl: true})
	}
	if len(r.txns) == 0 {
		return 0, 0, nil
	}
	if err := s.submit(ctx, r); err != nil {
		return 0, 0, err
	}
	for i := range r.txns {
		switch err := r.txns[i].err; {
		case err == nil:
			gone++
		case !fault.Is(err, fault.Conflict):
			return len(r.txns), gone, err
		}
	}
	return len(r.txns), gone, nil
}
