package memory

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

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
