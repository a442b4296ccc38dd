package verify_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/memory"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
	"github.com/tarn-lake/tarn/schemas"
)

const orders = `
name: orders
title: Orders
stream: shop_orders
table: shop_orders
zone: UTC
key: {partition: customer, sort: id}
fields:
  - {name: customer, type: string}
  - {name: id, type: int64}
  - {name: total, type: decimal, precision: 12, scale: 2}
  - {name: status, type: enum, codes: [NEW, DONE]}
  - {name: mail, type: string, privacy: {rule: mask}}
  - {name: note, type: string, privacy: {rule: drop}}
  - {name: labels, type: list, elem: {type: string}}
  - {name: placedOn, type: date}
  - {name: placedAt, type: timestamp}
  - {name: expires, type: timestamp, format: epoch}
  - {name: seen, type: timestamp, format: epoch-ms}
  - {name: gift, type: bool}
region: {from: constant, value: all}
date: {from: change}
`

const people = `
name: people
title: People
stream: shop_people
table: shop_people
zone: UTC
key: {partition: phone}
fields:
  - {name: phone, type: string, privacy: {rule: mask}}
  - {name: age, type: int32}
region: {from: constant, value: all}
date: {from: change}
`

const members = `
name: members
title: Members
stream: shop_members
table: shop_members
zone: UTC
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: born, type: date, privacy: {rule: band, bands: [18, 65]}}
  - {name: name, type: string}
  - {name: joined, type: timestamp, privacy: {rule: band, bands: [1, 10]}}
  - {name: shop, type: string}
region: {from: field, field: shop, unknown: unknown}
date: {from: change}
`

const facts = `
name: facts
title: Facts
zone: UTC
fields:
  - {name: n, type: int32}
region: {from: constant, value: all}
date: {from: change}
`

func mustRegistry(tb testing.TB) *schemas.Registry {
	tb.Helper()
	r, err := schemas.Load(fstest.MapFS{"shop/orders.yaml": {Data: []byte(orders)}, "shop/people.yaml": {Data: []byte(people)}, "shop/members.yaml": {Data: []byte(members)}, "shop/facts.yaml": {Data: []byte(facts)}})
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func dataset(tb testing.TB, name string) *schemas.Dataset {
	tb.Helper()
	d, ok := mustRegistry(tb).Dataset(name)
	if !ok {
		tb.Fatalf("no dataset %s", name)
	}
	return d
}

// lake is a lake of texts. Its hooks, if set, are called before it answers.
type lake struct {
	AwaitFunc func(round int) error

	mu      sync.Mutex
	rows    map[string]map[string]string // by key: the fields that are not null
	twice   map[string]int               // by key: how many rows there are too many
	doubled int64
	awaits  int
	parts   int64    // records that it takes itself to have; 0: as many as it has
	log     []logged // what came in commits of its own
}

// logged is a record as one commit brought it; nil: it was gone.
type logged struct {
	key string
	row map[string]string
}

// set is a change that came into the lake.
func (l *lake) set(key string, row map[string]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, logged{key, row})
	if l.rows[key] = row; row == nil {
		delete(l.rows, key)
	}
}

func (l *lake) Await(context.Context, *schemas.Dataset, time.Time) error {
	l.awaits++
	if l.AwaitFunc != nil {
		return l.AwaitFunc(l.awaits)
	}
	return nil
}

func (l *lake) Hold(_ context.Context, d *schemas.Dataset) (verify.Held, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h := &held{d: d, doubled: l.doubled, parts: l.parts, log: slices.Clone(l.log)}
	for _, key := range slices.Sorted(maps.Keys(l.rows)) {
		for range 1 + l.twice[key] {
			h.keys = append(h.keys, key)
			h.rows = append(h.rows, values(d, l.rows[key]))
		}
	}
	return h, nil
}

// held is the rows of a lake as they were.
type held struct {
	d       *schemas.Dataset
	keys    []string
	rows    [][]verify.Value
	doubled int64
	parts   int64
	log     []logged
}

func values(d *schemas.Dataset, row map[string]string) []verify.Value {
	fields := append(verify.Comparable(d), verify.AgeBands(d)...)
	all := make([]verify.Value, len(fields))
	for i, f := range fields {
		text, ok := row[f.Name]
		if f.Name == verify.RegionField && !ok {
			text, ok = "all", true
		}
		all[i] = verify.Value{Text: text, Set: ok}
	}
	return all
}

func (h *held) About() verify.Pin {
	return verify.Pin{Rows: max(h.parts, int64(len(h.keys))), Commit: int64(len(h.log))}
}

func (h *held) Since(_ context.Context, commit int64, keys []string, each func(string, []verify.Value)) error {
	for _, one := range h.log[commit:] {
		switch {
		case !slices.Contains(keys, one.key):
		case one.row == nil:
			each(one.key, nil)
		default:
			each(one.key, values(h.d, one.row))
		}
	}
	return nil
}

func (h *held) Rows(_ context.Context, region string, each func(key, row []byte) error) error {
	return h.Aged(context.Background(), region, func(key, row, _ []byte, _ int64) error { return each(key, row) })
}

func (h *held) Aged(_ context.Context, region string, each func(key, row, bands []byte, at int64) error) error {
	own := len(verify.Comparable(h.d))
	for i, key := range h.keys {
		all, at := h.rows[i], int64(0)
		if region != "" && all[own-1].Text != region {
			continue
		}
		row, bands := all[:own], all[own:]
		if last := len(bands) - 1; last > 0 {
			at, _ = strconv.ParseInt(bands[last].Text, 10, 64)
			bands = bands[:last]
		}
		if err := each([]byte(key), joined(row), joined(bands), at); err != nil {
			return err
		}
	}
	return nil
}

func joined(values []verify.Value) []byte {
	texts := make([]string, len(values))
	for f, v := range values {
		if texts[f] = v.Text; !v.Set {
			texts[f] = "\x1e"
		}
	}
	return []byte(strings.Join(texts, "\x1f"))
}

func (h *held) Records(_ context.Context, keys []string, each func(string, []verify.Value)) error {
	for i, key := range h.keys {
		if slices.Contains(keys, key) {
			each(key, h.rows[i])
		}
	}
	return nil
}

func (h *held) Identities(context.Context) (rows, doubled int64, some []verify.Identity, err error) {
	for range h.doubled {
		some = append(some, verify.Identity{Shard: "s", Seq: "1"})
	}
	return int64(len(h.keys)) + h.doubled, h.doubled, some, nil
}

func mask(text string) string { return "hash of " + text }

func mustStore(tb testing.TB, table string, items ...record.Item) *memory.Store {
	tb.Helper()
	s := memory.NewStore(ingest.Tables(mustRegistry(tb))...)
	for _, item := range items {
		mustPut(tb, s, table, item)
	}
	return s
}

func mustPut(tb testing.TB, s *memory.Store, table string, item record.Item) {
	tb.Helper()
	if err := s.Write(tb.Context(), ingest.Action{Kind: ingest.Put, Table: table, Item: item}); err != nil {
		tb.Fatal(err)
	}
}

func order(n int) record.Item {
	return record.Item{"customer": record.String("c"), "id": record.Number(fmt.Sprint(n)), "total": record.Number("12.5"), "note": record.String("dropped")}
}

func orderKey(n int) string { return fmt.Sprintf("c\x1f%d", n) }

func orderRow(n int) map[string]string {
	return map[string]string{"customer": "c", "id": fmt.Sprint(n), "total": "12.50"}
}

func with(row map[string]string, field, text string) map[string]string {
	row[field] = text
	return row
}

// shop returns a store and a lake with the same n orders.
func shop(tb testing.TB, n int) (*memory.Store, *lake) {
	tb.Helper()
	s, l := mustStore(tb, "shop_orders"), &lake{rows: map[string]map[string]string{}}
	for i := range n {
		mustPut(tb, s, "shop_orders", order(i))
		l.rows[orderKey(i)] = orderRow(i)
	}
	return s, l
}

func mustCompare(tb testing.TB, d *schemas.Dataset, s verify.Source, l verify.Lake, o verify.Options) verify.Report {
	tb.Helper()
	o.Mask = mask
	r, err := verify.State(tb.Context(), d, s, l, o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		change  func(l *lake)
		want    []verify.Difference
		doubled int64
	}{
		{"the same", func(*lake) {}, []verify.Difference{}, 0},
		{"missing", func(l *lake) { delete(l.rows, orderKey(3)) }, []verify.Difference{{Key: orderKey(3), What: "missing"}}, 0},
		{"extra", func(l *lake) { l.rows[orderKey(5000)] = orderRow(5000) }, []verify.Difference{{Key: orderKey(5000), What: "extra"}}, 0},
		{"different", func(l *lake) { l.rows[orderKey(5)]["total"] = "12.51" },
			[]verify.Difference{{Key: orderKey(5), What: "different", Field: "total", Store: "12.50", Lake: "12.51"}}, 0},
		{"null in the lake alone", func(l *lake) { delete(l.rows[orderKey(5)], "total") },
			[]verify.Difference{{Key: orderKey(5), What: "different", Field: "total", Store: "12.50"}}, 0},
		{"null in the store alone", func(l *lake) { l.rows[orderKey(5)]["status"] = "" },
			[]verify.Difference{{Key: orderKey(5), What: "different", Field: "status"}}, 0},
		{"doubled identities", func(l *lake) { l.doubled = 2 },
			[]verify.Difference{{What: "doubled", Shard: "s", Seq: "1"}, {What: "doubled", Shard: "s", Seq: "1"}}, 2},
		{"doubled in current state", func(l *lake) { l.twice = map[string]int{orderKey(9): 1} },
			[]verify.Difference{{Key: orderKey(9), What: "doubled"}}, 1},
		{"in another region", func(l *lake) { l.rows[orderKey(5)][verify.RegionField] = "elsewhere" },
			[]verify.Difference{{Key: orderKey(5), What: "different", Field: verify.RegionField, Store: "all", Lake: "elsewhere"}}, 0},
		{"an empty lake", func(l *lake) { clear(l.rows) }, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, l := shop(t, 1200) // more than a page of the store, more than one question for suspects
			c.change(l)
			r := mustCompare(t, dataset(t, "orders"), s, l, verify.Options{})
			if c.want == nil {
				if r.Missing != 1200 || len(r.Differences) != 100 {
					t.Errorf("%d missing, %d named", r.Missing, len(r.Differences))
				}
				return
			}
			if diff := cmp.Diff(c.want, r.Differences, cmpopts.IgnoreFields(verify.Difference{}, "Record")); diff != "" {
				t.Error(diff)
			}
			if r.Clean() != (len(c.want) == 0) || r.Doubled != c.doubled || r.Store != 1200 || r.Missing+r.Extra+r.Different+r.Doubled != int64(len(c.want)) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// TestWritesThatGoOn changes the store after it has been read, and the lake follows.
func TestWritesThatGoOn(t *testing.T) {
	t.Parallel()
	s, l := shop(t, 20)
	put := func(n int, total string) {
		item := order(n)
		item["total"] = record.Number(total)
		mustPut(t, s, "shop_orders", item)
		l.set(orderKey(n), with(orderRow(n), "total", verify.Fixed(total, 2)))
	}
	l.AwaitFunc = func(round int) error {
		switch round {
		case 1: // the store has been read
			put(3, "99")
			put(77, "1")
			key := ingest.Key{Partition: record.String("c"), Sort: record.Number("8")}
			if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Delete, Table: "shop_orders", Key: key}); err != nil {
				return err
			}
			l.set(orderKey(8), nil)
		case 2, 3: // it changes once more between the two reads
			put(3, fmt.Sprint(99+round))
		}
		return nil
	}
	r := mustCompare(t, dataset(t, "orders"), s, l, verify.Options{})
	if !r.Clean() || l.awaits < 3 {
		t.Errorf("got %+v after %d waits", r, l.awaits)
	}
}

func TestMaskedKeys(t *testing.T) {
	t.Parallel()
	person := func(phone string, age int) record.Item {
		return record.Item{"phone": record.String(phone), "age": record.Number(fmt.Sprint(age))}
	}
	s := mustStore(t, "shop_people", person("1", 20), person("2", 30), person("3", 40))
	l := &lake{rows: map[string]map[string]string{
		"hash of 1": {"phone": "hash of 1", "age": "20"},
		"hash of 2": {"phone": "hash of 2", "age": "31"},
		"hash of 4": {"phone": "hash of 4", "age": "50"},
	}}
	want := []verify.Difference{
		{Key: "hash of 2", What: "different", Field: "age", Store: "30", Lake: "31"},
		{Key: "hash of 3", What: "missing"}, {Key: "hash of 4", What: "extra"},
	}
	r := mustCompare(t, dataset(t, "people"), s, l, verify.Options{})
	if diff := cmp.Diff(want, r.Differences, cmpopts.IgnoreFields(verify.Difference{}, "Record")); diff != "" {
		t.Error(diff)
	}
	for _, d := range r.Differences {
		if strings.HasPrefix(d.Key, "2") {
			t.Error("the key itself is told")
		}
	}
}

func TestFactsAreRefused(t *testing.T) {
	t.Parallel()
	_, err := verify.State(t.Context(), dataset(t, "facts"), mustStore(t, ""), &lake{}, verify.Options{})
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "without a key") {
		t.Errorf("got %v", err)
	}
}

func TestErrorsOfBothSides(t *testing.T) {
	t.Parallel()
	late := fault.New(fault.Transient, "the lake was not complete in time")
	s, l := shop(t, 2)
	l.AwaitFunc = func(int) error { return late }
	if _, err := verify.State(t.Context(), dataset(t, "orders"), s, l, verify.Options{}); !fault.Is(err, fault.Transient) {
		t.Errorf("got %v", err)
	}
	if _, err := verify.State(t.Context(), dataset(t, "orders"), memory.NewStore(), l, verify.Options{}); !fault.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}

// TestCanonical compares the forms in which a store may hold a value with the one that the lake has.
func TestCanonical(t *testing.T) {
	t.Parallel()
	const micros = "1795132800123456"
	for _, c := range []struct {
		name, field string
		value       record.Value
		want        string
	}{
		{"a decimal with fewer digits", "total", record.Number("12.5"), "12.50"},
		{"a decimal with all", "total", record.Number("12.50"), "12.50"},
		{"a decimal with an exponent", "total", record.Number("1.25e1"), "12.50"},
		{"a negative decimal", "total", record.Number("-0.01"), "-0.01"},
		{"a date", "placedOn", record.String("2026-11-20"), "2026-11-20"},
		{"a date given as an instant", "placedOn", record.String("2026-11-20T05:59:59+06:00"), "2026-11-19"},
		{"an instant in UTC", "placedAt", record.String("2026-11-20T00:00:00.123456Z"), micros},
		{"finer than microseconds", "placedAt", record.String("2026-11-20T00:00:00.123456999Z"), micros},
		{"an instant of a zone", "placedAt", record.String("2026-11-20T06:00:00.123456+06:00"), micros},
		{"a zone without a colon", "placedAt", record.String("2026-11-19T19:00:00.123456-0500"), micros},
		{"no fraction", "placedAt", record.String("2026-11-20T00:00:00Z"), "1795132800000000"},
		{"small letters", "placedAt", record.String("2026-11-20t00:00:00.123456z"), micros},
		{"before 1970", "placedAt", record.String("1969-12-31T23:59:59.999Z"), "-1000"},
		{"seconds", "expires", record.Number("1795132800"), "1795132800000000"},
		{"seconds with a fraction", "expires", record.Number("1795132800.1234569"), micros},
		{"seconds with an exponent", "expires", record.Number("1.7951328e9"), "1795132800000000"},
		{"milliseconds", "seen", record.Number("1795132800123"), "1795132800123000"},
		{"true", "gift", record.Bool(true), "true"},
		{"false", "gift", record.Bool(false), "false"},
		{"a masked text", "mail", record.String("a@b"), "hash of a@b"},
		{"a list", "labels", record.Value{Kind: record.L, List: []record.Value{record.String("b"), record.String("a")}}, "[b\x1da"},
		{"an empty list", "labels", record.Value{Kind: record.L}, "["},
		{"quotes and escapes", "status", record.String("N\"E\\W\n"), "N\"E\\W\n"},
		{"an enum", "status", record.String("NEW"), "NEW"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, l := shop(t, 0)
			item := order(1)
			item[c.field] = c.value
			mustPut(t, s, "shop_orders", item)
			l.rows[orderKey(1)] = orderRow(1)
			l.rows[orderKey(1)][c.field] = c.want
			if r := mustCompare(t, dataset(t, "orders"), s, l, verify.Options{}); !r.Clean() {
				t.Errorf("got %+v", r.Differences)
			}
		})
	}
}

func TestWhichFieldsAreComparable(t *testing.T) {
	t.Parallel()
	var got []string
	for _, f := range verify.Comparable(dataset(t, "orders")) {
		got = append(got, f.Name)
	}
	want := []string{"customer", "id", "total", "status", "mail", "labels", "placedOn", "placedAt", "expires", "seen", "gift", verify.RegionField}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFixed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		scale int
		want  string
	}{
		{"1e2", 0, "100"}, {"100", 0, "100"}, {"100.0", 0, "100"}, {"12.5", 2, "12.50"}, {"-0", 2, "0.00"}, {"no number", 2, "no number"}, {"", 0, ""},
	} {
		if got := verify.Fixed(c.text, c.scale); got != c.want {
			t.Errorf("%q with %d digits: got %q, want %q", c.text, c.scale, got, c.want)
		}
	}
}
