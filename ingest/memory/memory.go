// Package memory keeps items in memory, for tests. It has the conditions, transactions, indexes and limits of a real
// store, and no change feed.
package memory

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
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

// Query returns a page of a partition of the table or an index.
func (s *Store) Query(ctx context.Context, q ingest.Query) (ingest.Page, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.table(ctx, q.Table)
	if err != nil {
		return ingest.Page{}, err
	}
	on := t.Key
	if q.Index != "" {
		i := slices.IndexFunc(t.Indexes, func(x ingest.TableIndex) bool { return x.Name == q.Index })
		if i < 0 {
			return ingest.Page{}, fault.New(fault.NotFound, "no index %s", q.Index)
		}
		on = t.Indexes[i].Key
	}
	var found []record.Item
	for _, item := range t.items {
		v, ok := item[on.Partition]
		_, sorted := item[on.Sort]
		if ok && v.Equal(q.Partition) && (on.Sort == "" || sorted) {
			found = append(found, item)
		}
	}
	order := func(a, b record.Item) int {
		if c := compare(a[on.Sort], b[on.Sort]); c != 0 {
			return c
		}
		return t.compare(a, b)
	}
	if q.Descending {
		up := order
		order = func(a, b record.Item) int { return up(b, a) }
	}
	return t.cut(found, order, q.After, q.Limit, on), nil
}

// Scan returns a page of a table.
func (s *Store) Scan(ctx context.Context, q ingest.Scan) (ingest.Page, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, err := s.table(ctx, q.Table)
	if err != nil {
		return ingest.Page{}, err
	}
	var found []record.Item
	for key, item := range t.items {
		if segment(key, max(q.Segments, 1)) == q.Segment {
			found = append(found, item)
		}
	}
	return t.cut(found, t.compare, q.After, q.Limit, t.Key), nil
}

// compare orders items by their keys.
func (t *table) compare(a, b record.Item) int {
	x, _ := t.id(t.keyOf(a)) // a stored key is sound, and a stranger's After is only a place
	y, _ := t.id(t.keyOf(b))
	return strings.Compare(x, y)
}

func segment(key string, of int) int {
	h := 0
	for _, c := range []byte(key) {
		h = (h*31 + int(c)) % 1_000_003
	}
	return h % of
}

func (t *table) cut(found []record.Item, order func(a, b record.Item) int, after record.Item, limit int, on ingest.TableKey) ingest.Page {
	slices.SortFunc(found, order)
	if after != nil {
		found = slices.DeleteFunc(found, func(i record.Item) bool { return order(i, after) <= 0 })
	}
	if limit == 0 {
		limit = 100
	}
	page := ingest.Page{}
	for _, item := range found[:min(limit, len(found))] {
		page.Items = append(page.Items, item.Clone())
	}
	if len(found) > limit {
		last, at := record.Item{}, found[limit-1]
		for _, name := range []string{t.Key.Partition, t.Key.Sort, on.Partition, on.Sort} {
			if v, ok := at[name]; ok && name != "" {
				last[name] = v
			}
		}
		page.Last = last
	}
	return page
}

// compare orders sort values: numbers by value, all else by bytes.
func compare(a, b record.Value) int {
	if a.Kind == record.N && b.Kind == record.N {
		x, _ := strconv.ParseFloat(a.Text, 64)
		y, _ := strconv.ParseFloat(b.Text, 64)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	}
	return strings.Compare(a.Text+string(a.Bytes), b.Text+string(b.Bytes))
}

// Write does all actions or none.
func (s *Store) Write(ctx context.Context, actions ...ingest.Action) error {
	next := func() error { return s.write(ctx, actions) }
	if s.WriteFunc != nil {
		return s.WriteFunc(ctx, next)
	}
	return next()
}

func (s *Store) write(ctx context.Context, actions []ingest.Action) error {
	if len(actions) > maxActions {
		return fault.New(fault.Exceeded, "a transaction of %d actions; the limit is %d", len(actions), maxActions)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	type change struct {
		to   *table
		id   string
		item record.Item // nil: removed
		keep bool        // nothing changes
	}
	changes := make([]change, len(actions))
	for i := range actions {
		a := &actions[i]
		t, err := s.table(ctx, a.Table)
		if err != nil {
			return err
		}
		key := a.Key
		if a.Kind == ingest.Put {
			key = t.keyOf(a.Item)
		}
		at, err := t.id(key)
		if err != nil {
			return err
		}
		c := change{to: t, id: at, keep: a.Kind == ingest.Check}
		if slices.ContainsFunc(changes[:i], func(o change) bool { return o.to == t && o.id == c.id }) {
			return fault.New(fault.Invalid, "an item stands twice in one transaction")
		}
		old, had := t.items[c.id]
		if !holds(a.If, old, had) {
			return &fault.Error{Kind: fault.Conflict, Message: "a condition did not hold", Cause: &ingest.ConditionError{Action: i, Item: old.Clone()}}
		}
		if c.item, err = t.after(a, old, key); err != nil {
			return err
		}
		changes[i] = c
	}
	for _, c := range changes {
		switch {
		case c.keep:
		case c.item == nil:
			delete(c.to.items, c.id)
		default:
			c.to.items[c.id] = c.item
		}
	}
	return nil
}

func holds(conds []ingest.Condition, old record.Item, had bool) bool {
	for _, c := range conds {
		v, there := old[c.Attribute]
		if c.Attribute == "" {
			there = had
		}
		switch c.Test {
		case ingest.Exists:
			if !there {
				return false
			}
		case ingest.Missing:
			if there {
				return false
			}
		case ingest.Equal:
			if !there || !equal(v, c.Value) {
				return false
			}
		}
	}
	return true
}

// equal compares values, numbers by what they say.
func equal(v, w record.Value) bool {
	if v.Kind != record.N || w.Kind != record.N {
		return v.Equal(w)
	}
	a, errA := record.ParseDecimal(v.Text)
	b, errB := record.ParseDecimal(w.Text)
	return errA == nil && errB == nil && a == b
}

// after returns the item as the action leaves it, nil where it is gone.
func (t *table) after(a *ingest.Action, old record.Item, key ingest.Key) (record.Item, error) {
	switch a.Kind {
	case ingest.Put:
		return t.sound(a.Item.Clone())
	case ingest.Update:
		return t.updated(a, old, key)
	default:
		return nil, nil //nolint:nilnil // no item is what a delete leaves
	}
}

func (t *table) updated(a *ingest.Action, old record.Item, key ingest.Key) (record.Item, error) {
	next := record.Item{t.Key.Partition: key.Partition}
	if t.Key.Sort != "" {
		next[t.Key.Sort] = key.Sort
	}
	maps.Copy(next, old)
	touched := append(a.Set.Names(), a.Unset...)
	touched = slices.Sorted(slices.Values(slices.AppendSeq(touched, maps.Keys(a.Add))))
	if slices.Contains(touched, t.Key.Partition) || t.Key.Sort != "" && slices.Contains(touched, t.Key.Sort) || len(slices.Compact(touched)) != len(a.Set)+len(a.Unset)+len(a.Add) {
		return nil, fault.New(fault.Invalid, "an update touches the key, or an attribute twice")
	}
	maps.Copy(next, a.Set)
	for _, name := range a.Unset {
		delete(next, name)
	}
	for name, n := range a.Add {
		was, ok := next[name]
		if !ok {
			was = record.Number("0")
		}
		if was.Kind != record.N {
			return nil, fault.New(fault.Invalid, "the attribute %s is no number to add to", name)
		}
		sum, err := record.AddInt(was.Text, n)
		if err != nil {
			return nil, err
		}
		next[name] = record.Number(sum)
	}
	return t.sound(next)
}

// sound refuses what no store would take.
func (t *table) sound(item record.Item) (record.Item, error) {
	if err := item.Check(); err != nil {
		return nil, err
	}
	if n := item.Size(); n > maxItem {
		return nil, fault.New(fault.Exceeded, "an item of %d bytes; the limit is %d", n, maxItem)
	}
	for _, k := range append([]ingest.TableIndex{{Key: t.Key}}, t.Indexes...) {
		for name, kind := range map[string]record.Kind{k.Key.Partition: k.Key.PartitionKind, k.Key.Sort: k.Key.SortKind} {
			v, ok := item[name]
			if name == "" || !ok && k.Name != "" {
				continue
			}
			if v.Kind != kind || v.Text == "" && len(v.Bytes) == 0 {
				return nil, fault.New(fault.Invalid, "the key attribute %s is missing, empty or of another kind", name)
			}
		}
	}
	return item, nil
}
