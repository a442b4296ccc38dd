package ingest

import (
	"context"
	"slices"
	"strconv"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
)

// How many records a page has.
const (
	usualPage = 100
	maxPage   = 1000
)

// Listing asks for a page of records.
type Listing struct {
	Index      string      // of whose partition; empty: of the table's own
	Partition  string      // the value of the partition field as text; empty without an index: every record
	Descending bool        // from the last by the sort field to the first
	Limit      int         // 0: 100; 1,000 at most
	Cursor     string      // the Next of an earlier page of the same listing; empty: from the start
	After      record.Item // the same as attributes: primary key and index key; it wins
}

// Records is a page of records, and where to go on.
type Records struct {
	Records []Record
	Next    string      // opaque; empty: there is nothing more
	Last    record.Item // the same as attributes, for After
}

// Read returns the record; NotFound where there is none that the viewer may see.
func (s *Service) Read(ctx context.Context, dataset string, key Key) (Record, error) {
	p, who, err := s.allowed(ctx, dataset, Reader)
	if err != nil {
		return Record{}, err
	}
	item, err := s.get(ctx, p, who, key)
	if err != nil {
		return Record{}, err
	}
	return Record{Item: item, Version: p.version(item)}, nil
}

func (s *Service) get(ctx context.Context, p *plan, who viewer.Viewer, key Key) (record.Item, error) {
	if key.Partition.Text == "" && len(key.Partition.Bytes) == 0 {
		return nil, fault.New(fault.NotFound, "there is no %s", p.named(key))
	}
	item, err := s.store.Get(ctx, p.Table, key)
	if fault.Is(err, fault.NotFound) || err == nil && !s.visible(p, who, item) {
		return nil, fault.Wrap(fault.NotFound, err, "there is no %s", p.named(key))
	}
	return item, err
}

// visible reports whether the item is a record of the dataset that lives and that the viewer may see.
func (s *Service) visible(p *plan, who viewer.Viewer, item record.Item) bool {
	if record.IsHeartbeat(item) {
		return false
	}
	if d := p.Discriminator; d != nil && !slices.Contains(d.Values, item[d.Attribute].Text) {
		return false
	}
	if v, ok := item[p.TTL]; ok && p.TTL != "" { // expired items stay in the store for a while
		if at, err := strconv.ParseInt(v.Text, 10, 64); err == nil && at > 0 && at <= s.Now().Unix() {
			return false
		}
	}
	return p.seenBy(who, item)
}

// List returns one page. Records that the viewer may not see are left out, so a page may be shorter than its limit
// although there is more.
func (s *Service) List(ctx context.Context, dataset string, l Listing) (Records, error) {
	p, who, err := s.allowed(ctx, dataset, Reader)
	if err != nil {
		return Records{}, err
	}
	if l.Limit < 0 || l.Limit > maxPage {
		return Records{}, fault.WithFields("the listing is not valid", []fault.Field{{Name: "limit", Message: "must be 1 to " + strconv.Itoa(maxPage)}})
	}
	if l.Limit == 0 {
		l.Limit = usualPage
	}
	page, last, err := s.page(ctx, p, l)
	if err != nil {
		return Records{}, err
	}
	out := Records{Records: make([]Record, 0, len(page.Items)), Last: page.Last}
	for _, item := range page.Items {
		if s.visible(p, who, item) {
			out.Records = append(out.Records, Record{Item: item, Version: p.version(item)})
		}
	}
	if page.Last != nil {
		out.Next = last.encode(page.Last)
	}
	return out, nil
}

func (s *Service) page(ctx context.Context, p *plan, l Listing) (Page, cursor, error) {
	at := cursor{dataset: p.Name, index: l.Index, partition: l.Partition, descending: l.Descending}
	attrs := []TableKey{p.table.Key}
	target := p.table.Key
	if l.Index != "" {
		i := slices.IndexFunc(p.table.Indexes, func(t TableIndex) bool { return t.Name == l.Index })
		if i < 0 {
			return Page{}, at, fault.WithFields("the listing is not valid", []fault.Field{{Name: "index", Message: "is not an index of " + p.Name}})
		}
		target = p.table.Indexes[i].Key
		attrs = append(attrs, target)
	}
	after, err := at.decode(l.Cursor, attrs)
	if err != nil {
		return Page{}, at, err
	}
	if l.After != nil {
		after = l.After
	}
	if l.Partition == "" && l.Index == "" {
		if l.Descending {
			return Page{}, at, fault.WithFields("the listing is not valid", []fault.Field{{Name: "order", Message: "needs a partition: a whole table has no order"}})
		}
		page, err := s.store.Scan(ctx, Scan{Table: p.Table, After: after, Limit: l.Limit})
		return page, at, err
	}
	partition, why := keyValue(target.PartitionKind, l.Partition)
	if why != "" {
		return Page{}, at, fault.WithFields("the listing is not valid", []fault.Field{{Name: "partition", Message: why}})
	}
	page, err := s.store.Query(ctx, Query{
		Table: p.Table, Index: l.Index, Partition: partition, Descending: l.Descending, After: after, Limit: l.Limit,
	})
	return page, at, err
}

// ParseKey returns the key of the dataset's record whose key fields have these texts, as they stand in a path.
func (s *Service) ParseKey(dataset string, parts ...string) (Key, error) {
	p, err := s.plan(dataset)
	if err != nil {
		return Key{}, err
	}
	wanted := 1
	if p.Key.Sort != "" {
		wanted = 2
	}
	if len(parts) != wanted {
		return Key{}, fault.New(fault.NotFound, "a record of %s has %d key fields, the path has %d", p.Name, wanted, len(parts))
	}
	var k Key
	var why string
	if k.Partition, why = keyValue(p.table.Key.PartitionKind, parts[0]); why == "" && wanted == 2 {
		k.Sort, why = keyValue(p.table.Key.SortKind, parts[1])
	}
	if why != "" {
		return Key{}, fault.New(fault.NotFound, "there is no such record of %s: its key %s", p.Name, why)
	}
	return k, nil
}
