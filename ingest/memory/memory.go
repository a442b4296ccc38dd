// Package memory keeps items in memory, for tests. It has the conditions, transactions, indexes and limits of a real
// store, and no change feed.
package memory

import (
	"context"
	"sync"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// Limits of a store.
const (
	maxActions = 100
	maxItem    = 400 << 10

	maxPartition = 2048 // bytes
	maxSort      = 1024
)

// Store is an ingest.Store in memory. It is safe for concurrent use.
type Store struct {
	// WriteFunc, where set, stands in for Write; it may call next. It is set before the store is used.
	WriteFunc func(ctx context.Context, next func() error) error

	mu     sync.RWMutex
	tables map[string]*table
}

type table struct {
	ingest.Table
	items map[string]record.Item // by the key's own text
}

// NewStore returns an empty store with the tables.
func NewStore(tables ...ingest.Table) *Store {
	s := &Store{tables: map[string]*table{}}
	for _, t := range tables {
		s.tables[t.Name] = &table{Table: t, items: map[string]record.Item{}}
	}
	return s
}

// Len returns how many items the table has.
func (s *Store) Len(name string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.tables[name].items)
}

// Get returns the item.
func (s *Store) Get(ctx context.Context, name string, key ingest.Key) (record.Item, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.table(ctx, name)
	if err != nil {
		return nil, err
	}
	at, err := t.id(key)
	if err != nil {
		return nil, err
	}
	item, ok := t.items[at]
	if !ok {
		return nil, fault.New(fault.NotFound, "no item in %s", name)
	}
	return item.Clone(), nil
}

func (s *Store) table(ctx context.Context, name string) (*table, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, ok := s.tables[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "no table %s", name)
	}
	return t, nil
}

// id returns a key as text, one for equal keys. A key that is not of the table's kinds, or empty, is Invalid.
func (t *table) id(k ingest.Key) (string, error) {
	var b []byte
	for _, part := range []struct {
		name  string
		kind  record.Kind
		v     record.Value
		limit int
	}{{t.Key.Partition, t.Key.PartitionKind, k.Partition, maxPartition}, {t.Key.Sort, t.Key.SortKind, k.Sort, maxSort}} {
		n := len(part.v.Text) + len(part.v.Bytes)
		switch {
		case part.v.Kind != part.kind || part.name != "" && n == 0:
			return "", fault.New(fault.Invalid, "the key attribute %q is missing, empty or of another kind", part.name)
		case n > part.limit:
			return "", fault.New(fault.Exceeded, "the key attribute %q has %d bytes; the limit is %d", part.name, n, part.limit)
		case part.name == "":
			continue
		}
		if part.kind == record.N {
			d, err := record.ParseDecimal(part.v.Text)
			if err != nil {
				return "", err
			}
			part.v.Text = d.Text()
		}
		b = record.AppendValue(b, part.v)
	}
	return string(b), nil
}

func (t *table) keyOf(item record.Item) ingest.Key {
	return ingest.Key{Partition: item[t.Key.Partition], Sort: item[t.Key.Sort]}
}
