package embedded

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"github.com/cockroachdb/pebble/v2"
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

const (
	defaultLimit = 100
	maxPageBytes = 1 << 20 // of item JSON, as DynamoDB
	maxSegments  = 4096
)

// Get returns the item as the newest write left it.
func (s *Store) Get(ctx context.Context, name string, key ingest.Key) (record.Item, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := s.catalog.Load().table(name)
	if err != nil {
		return nil, err
	}
	k, _, err := t.itemKey(key)
	if err != nil {
		return nil, err
	}
	if err := s.enter(); err != nil {
		return nil, err
	}
	defer s.leave()
	image, _, err := fetch(s.db, k)
	if err != nil {
		return nil, err
	}
	if image == nil {
		return nil, fault.New(fault.NotFound, "there is no such item in table %s", name)
	}
	return record.ParseItem(image)
}

// Query returns one page of a partition. A page ends after Limit items or 1 MB.
func (s *Store) Query(ctx context.Context, q ingest.Query) (ingest.Page, error) {
	t, err := s.catalog.Load().table(q.Table)
	if err != nil {
		return ingest.Page{}, err
	}
	w := walk{table: t, key: t.Def.Key, limit: q.Limit, descending: q.Descending}
	var id uint16
	if q.Index != "" {
		if w.key, id, err = t.index(q.Index); err != nil {
			return ingest.Page{}, err
		}
		w.index = true
	}
	if err := checkKey(w.key.Partition, w.key.PartitionKind, q.Partition, maxPartitionBytes); err != nil {
		return ingest.Page{}, err
	}
	partition := appendKey(nil, q.Partition)
	prefix := appendItemKey(nil, t.ID, hashKey(partition), partition, nil)
	if w.index {
		prefix = append(appendIndexPrefix(nil, t.ID, id), partition...)
	}
	w.low, w.high = prefix, after(prefix)
	if q.After != nil {
		if err := w.begin(q.After, id, prefix); err != nil {
			return ingest.Page{}, err
		}
	}
	return s.page(ctx, &w)
}

// Scan returns one page of a table, in the order of the hashes of the partition keys.
func (s *Store) Scan(ctx context.Context, sc ingest.Scan) (ingest.Page, error) {
	t, err := s.catalog.Load().table(sc.Table)
	if err != nil {
		return ingest.Page{}, err
	}
	n, i := max(sc.Segments, 1), sc.Segment
	if i < 0 || i >= n || n > maxSegments {
		return ingest.Page{}, fault.New(fault.Invalid, "segment %d of %d: want 0 ≤ segment < segments ≤ %d", i, n, maxSegments)
	}
	w := walk{table: t, key: t.Def.Key, limit: sc.Limit}
	const hashes = 1 << 16
	w.low = appendItemKey(nil, t.ID, uint32(i*hashes/n)<<16, nil, nil)
	if i == n-1 {
		w.high = after(t.prefix(itemSpace))
	} else {
		w.high = appendItemKey(nil, t.ID, uint32((i+1)*hashes/n)<<16, nil, nil)
	}
	if sc.After != nil {
		if err := w.begin(sc.After, 0, nil); err != nil {
			return ingest.Page{}, err
		}
	}
	return s.page(ctx, &w)
}

// walk is a way through items or through entries of an index.
type walk struct {
	table      *table
	key        ingest.TableKey // by which it goes
	index      bool
	low, high  []byte
	limit      int
	descending bool
}

// begin narrows the walk to what comes after an item that an earlier page ended with.
func (w *walk) begin(last record.Item, index uint16, prefix []byte) error {
	item, _, err := w.table.itemKey(w.table.keyOf(last))
	if err != nil {
		return err
	}
	at := item
	if w.index {
		sort := last[w.key.Sort]
		if w.key.Sort != "" {
			if err := checkKey(w.key.Sort, w.key.SortKind, sort, maxSortBytes); err != nil {
				return err
			}
		}
		if err := checkKey(w.key.Partition, w.key.PartitionKind, last[w.key.Partition], maxPartitionBytes); err != nil {
			return err
		}
		at = w.table.indexKey(index, last[w.key.Partition], sort, item)
	}
	if !bytes.HasPrefix(at, prefix) {
		return fault.New(fault.Invalid, "the page to go on from is of another query")
	}
	if w.descending {
		w.high = at
	} else {
		w.low = append(at, 0)
	}
	return nil
}

// page reads along the walk, in one state of the store.
func (s *Store) page(ctx context.Context, w *walk) (page ingest.Page, err error) {
	if err := s.enter(); err != nil {
		return page, err
	}
	defer s.leave()
	snap := s.db.NewSnapshot()
	defer func() { err = joinClose(err, snap) }()
	it, err := snap.NewIter(&pebble.IterOptions{LowerBound: w.low, UpperBound: w.high})
	if err != nil {
		return page, errEngine(err)
	}
	defer func() { err = joinClose(err, it) }()
	first, next := it.First, it.Next
	if w.descending {
		first, next = it.Last, it.Prev
	}
	limit, size := w.limit, 0
	if limit <= 0 {
		limit = defaultLimit
	}
	for ok := first(); ok; ok = next() {
		if err := ctx.Err(); err != nil {
			return ingest.Page{}, err
		}
		if len(page.Items) == limit || size >= maxPageBytes {
			page.Last = w.last(page.Items[len(page.Items)-1])
			break
		}
		image, err := w.image(snap, it.Value())
		if err != nil {
			return ingest.Page{}, err
		}
		item, err := record.ParseItem(image)
		if err != nil {
			return ingest.Page{}, errDamaged(err.Error())
		}
		page.Items = append(page.Items, item)
		size += len(image)
	}
	if err := it.Error(); err != nil {
		return ingest.Page{}, errEngine(err)
	}
	return page, nil
}

func (w *walk) image(r reader, value []byte) (image []byte, err error) {
	if w.index {
		image, _, err = fetch(r, value)
	} else {
		image, _, err = fetchValue(r, value)
	}
	if err == nil && image == nil {
		err = errDamaged("an entry without its item")
	}
	return image, err
}

// last is what the next page begins after.
func (w *walk) last(item record.Item) record.Item {
	last := w.table.keyItem(w.table.keyOf(item))
	for _, name := range []string{w.key.Partition, w.key.Sort} {
		if name != "" {
			last[name] = item[name]
		}
	}
	return last
}

func joinClose(err error, c io.Closer) error {
	if closeErr := c.Close(); closeErr != nil && err == nil {
		return fmt.Errorf("end reading the store: %w", closeErr)
	}
	return err
}
