package verify_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/memory"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
)

// restless is a store in which something happens just before a record is read again.
type restless struct {
	*memory.Store
	before func(key ingest.Key)
}

func (r restless) Get(ctx context.Context, table string, key ingest.Key) (record.Item, error) {
	r.before(key)
	return r.Store.Get(ctx, table, key)
}

// way changes a record in the store, and brings the change into the lake unless it is lost on the way.
type way struct {
	t *testing.T
	s *memory.Store
	l *lake
}

func (w way) put(n int, total string) {
	w.lose(n, total)
	w.l.set(orderKey(n), with(orderRow(n), "total", verify.Fixed(total, 2)))
}

func (w way) lose(n int, total string) {
	item := order(n)
	item["total"] = record.Number(total)
	mustPut(w.t, w.s, "shop_orders", item)
}

func (w way) remove(n int) {
	w.t.Helper()
	key := ingest.Key{Partition: record.String("c"), Sort: record.Number(fmt.Sprint(n))}
	if err := w.s.Write(w.t.Context(), ingest.Action{Kind: ingest.Delete, Table: "shop_orders", Key: key}); err != nil {
		w.t.Error(err)
	}
	w.l.set(orderKey(n), nil)
}

// TestPartsWaitTogether: however many parts differ, the lake is waited for once at the end of reading the store, and once for
// each look at all that differs.
func TestPartsWaitTogether(t *testing.T) {
	t.Parallel()
	s, l := shop(t, 300)
	l.parts = 10_000_000 // so many that they are compared in parts
	var want []verify.Difference
	for n := range 40 {
		delete(l.rows, orderKey(n))
		want = append(want, verify.Difference{Key: orderKey(n), What: "missing"})
	}
	r := mustCompare(t, dataset(t, "orders"), s, l, verify.Options{Dir: t.TempDir()})
	sorted := cmpopts.SortSlices(func(a, b verify.Difference) bool { return a.Key < b.Key })
	if diff := cmp.Diff(want, r.Differences, sorted, cmpopts.IgnoreFields(verify.Difference{}, "Record")); diff != "" {
		t.Error(diff)
	}
	if l.awaits != 3 || r.Again != 40 {
		t.Errorf("%d waits for %d suspects, want 3 for 40", l.awaits, r.Again)
	}
}

// TestWhatNeverStandsStill changes a record whenever it is looked at, in the store before it is read and again before the
// lake is: the two never agree, and nothing is wrong unless a change is lost.
func TestWhatNeverStandsStill(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		first  func(w way)        // when the store has been read, before the lake is for the first time
		before func(w way, n int) // before the store is read at a look
		during func(w way, n int) // when it has been read, before the lake is
		want   []verify.Difference
	}{
		{"it changes on and on", func(w way) { w.put(3, "1") }, func(w way, n int) { w.put(3, fmt.Sprint(10+n)) }, func(w way, n int) { w.put(3, fmt.Sprint(20+n)) }, nil},
		{"there and back", func(w way) { w.put(3, "2") }, func(w way, _ int) { w.put(3, "1") }, func(w way, _ int) { w.put(3, "2") }, nil},
		{"it comes and goes", func(w way) { w.remove(3) }, func(w way, _ int) { w.put(3, "12.5") }, func(w way, _ int) { w.remove(3) }, nil},
		{"it goes and comes", func(w way) { w.put(3, "1") }, func(w way, _ int) { w.remove(3) }, func(w way, n int) { w.put(3, fmt.Sprint(n)) }, nil},
		{"only between the first two reads of the lake", func(w way) { w.put(3, "1") }, func(way, int) {}, func(w way, n int) { w.put(3, fmt.Sprint(n)) }, nil},
		{"each change before it is read is lost", func(w way) { w.put(3, "1") }, func(w way, n int) { w.lose(3, fmt.Sprint(10+n)) }, func(w way, n int) { w.put(3, fmt.Sprint(20+n)) },
			[]verify.Difference{{Key: orderKey(3), What: "different", Field: "total"}}},
		{"one was lost before", func(way) {}, func(way, int) {}, func(way, int) {},
			[]verify.Difference{{Key: orderKey(3), What: "different", Field: "total"}}},
		{"one was lost before, and others change", func(w way) { w.put(4, "1") }, func(w way, n int) { w.put(4, fmt.Sprint(10+n)) }, func(w way, n int) { w.put(4, fmt.Sprint(20+n)) },
			[]verify.Difference{{Key: orderKey(3), What: "different", Field: "total"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, l := shop(t, 6)
			w, look := way{t, s, l}, 0
			if strings.HasPrefix(c.name, "one was lost") {
				w.lose(3, "7")
			}
			l.AwaitFunc = func(round int) error {
				if look = round; round == 1 {
					c.first(w)
				} else {
					c.during(w, round)
				}
				return nil
			}
			read := map[int]bool{}
			src := restless{s, func(ingest.Key) {
				if !read[look] { // once a look
					read[look] = true
					c.before(w, look)
				}
			}}
			r := mustCompare(t, dataset(t, "orders"), src, l, verify.Options{})
			if diff := cmp.Diff(c.want, r.Differences, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(verify.Difference{}, "Record", "Store", "Lake")); diff != "" {
				t.Error(diff)
			}
			if l.awaits > 3 {
				t.Errorf("%d waits", l.awaits)
			}
		})
	}
}

// TestADifferenceIsSeenTwice: what the lake brings only just behind the moment that it had passed is no difference.
func TestADifferenceIsSeenTwice(t *testing.T) {
	t.Parallel()
	s, l := shop(t, 6)
	w := way{t, s, l}
	w.lose(3, "7")
	l.AwaitFunc = func(round int) error {
		if round == 3 { // later than it said
			w.l.set(orderKey(3), with(orderRow(3), "total", "7.00"))
		}
		return nil
	}
	if r := mustCompare(t, dataset(t, "orders"), s, l, verify.Options{}); !r.Clean() || r.Again != 1 {
		t.Errorf("got %+v", r)
	}
}
