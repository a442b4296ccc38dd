package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/record"
)

// pages reads a query to its end and returns an attribute of all items.
func pages(t testing.TB, s ingest.Store, q ingest.Query, attr string) []string {
	t.Helper()
	var all []string
	for range 10_000 {
		page, err := s.Query(context.Background(), q)
		if err != nil {
			t.Fatalf("query: %v", err)
		}
		if q.Limit > 0 && len(page.Items) > q.Limit {
			t.Fatalf("%d items in a page of at most %d", len(page.Items), q.Limit)
		}
		for _, it := range page.Items {
			all = append(all, plain(t, it[attr]))
		}
		if page.Last == nil {
			return all
		}
		q.After = page.Last
	}
	t.Fatal("the pages do not end")
	return nil
}

// plain is a value as text; equal numbers have one text, because a store may write them otherwise than they came.
func plain(t testing.TB, v value) string {
	t.Helper()
	if v.Kind != record.N {
		return v.Text + string(v.Bytes)
	}
	d, err := record.ParseDecimal(v.Text)
	if err != nil {
		t.Fatal(err)
	}
	return d.Text()
}

func wantOrder(t testing.TB, s ingest.Store, q ingest.Query, attr string, want []string) {
	t.Helper()
	for _, limit := range []int{0, 1, 2, 3, 100} {
		q.Limit = limit
		q.Descending = false
		if diff := cmp.Diff(want, pages(t, s, q, attr)); diff != "" {
			t.Errorf("upwards, %d a page (-want +got):\n%s", limit, diff)
		}
		q.Descending = true
		down := slices.Clone(want)
		slices.Reverse(down)
		if diff := cmp.Diff(down, pages(t, s, q, attr)); diff != "" {
			t.Errorf("downwards, %d a page (-want +got):\n%s", limit, diff)
		}
	}
}

func sortOrder(t *testing.T, s ingest.Store) {
	want := []string{"-100", "-1", "0", "0.5", "9", "10", "1000"}
	for _, day := range []string{"9", "10", "-1", "0", "1000", "0.5", "-100"} {
		for _, area := range []string{"dhaka", "dhaka2", "dhak"} {
			k := ingest.Key{Partition: str(area), Sort: num(day)}
			mustWrite(t, s, ingest.Action{Kind: ingest.Update, Table: "counters", Key: k})
		}
	}
	wantOrder(t, s, ingest.Query{Table: "counters", Partition: str("dhaka")}, "day", want)
	if got := pages(t, s, ingest.Query{Table: "counters", Partition: str("dha")}, "day"); got != nil {
		t.Errorf("an empty partition has %v", got)
	}
}

func numberOrder(t *testing.T, s ingest.Store) {
	want := []string{"-9.9E+125", "-12345678901234567890123456789012345678", "-100", "-12.5", "-12.4", "-1E-130", "0", "1E-130", "0.001", "0.01", "0.12", "1", "1.5", "2", "10", "11", "100", "1E+10", "9.9E+125"}
	order := slices.Clone(want)
	slices.Sort(order)
	for i, score := range order {
		mustWrite(t, s, put(fmt.Sprint("p", i), item{"applicant": str("a"), "score": num(score)}))
	}
	for i := range want {
		want[i] = plain(t, num(want[i]))
	}
	wantOrder(t, s, ingest.Query{Table: "passes", Index: "byScore", Partition: str("a")}, "score", want)
}

func byteOrder(t *testing.T, s ingest.Store) {
	want := []string{"\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "a\x00b", "ab", "\xff", "\xff\x00", "\xff\xff"}
	for i := range want {
		b := want[(i*5)%len(want)]
		mustWrite(t, s, ingest.Action{Kind: ingest.Put, Table: "blobs", Item: item{
			"hash": {Kind: record.B, Bytes: []byte{0}}, "part": {Kind: record.B, Bytes: []byte(b)},
		}})
	}
	wantOrder(t, s, ingest.Query{Table: "blobs", Partition: value{Kind: record.B, Bytes: []byte{0}}}, "part", want)
}

func indexPages(t *testing.T, s ingest.Store) {
	var want []string
	for i := range 25 {
		start := fmt.Sprintf("2026-11-%02d", i+1)
		want = append(want, start)
		mustWrite(t, s, put(fmt.Sprint("p", (i*7)%25), item{"applicant": str("a"), "start": str(start)}))
		mustWrite(t, s, put(fmt.Sprint("q", i), item{"applicant": str("b"), "start": str(start)}))
	}
	wantOrder(t, s, ingest.Query{Table: "passes", Index: "byApplicant", Partition: str("a")}, "start", want)
}

func indexTies(t *testing.T, s ingest.Store) {
	for i := range 9 {
		mustWrite(t, s, put(fmt.Sprint("p", i), item{"applicant": str("a"), "start": str("same"), "status": str("APPLIED")}))
	}
	want := []string{"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"}
	for _, q := range []ingest.Query{
		{Table: "passes", Index: "byApplicant", Partition: str("a")},
		{Table: "passes", Index: "byStatus", Partition: str("APPLIED")},
	} {
		for _, limit := range []int{1, 2, 4, 9, 10} {
			q.Limit = limit
			q.Descending = limit%2 == 0
			got := pages(t, s, q, "id")
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("index %s, %d a page (-want +got):\n%s", q.Index, limit, diff)
			}
		}
	}
}

func sparseIndex(t *testing.T, s ingest.Store) {
	mustWrite(t, s, put("a", item{"applicant": str("x")}))
	mustWrite(t, s, put("b", item{"start": str("1")}))
	mustWrite(t, s, put("c", item{"applicant": str("x"), "start": str("1")}))
	got := pages(t, s, ingest.Query{Table: "passes", Index: "byApplicant", Partition: str("x")}, "id")
	if diff := cmp.Diff([]string{"c"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func indexFollows(t *testing.T, s ingest.Store) {
	q := func(applicant string) ingest.Query {
		return ingest.Query{Table: "passes", Index: "byApplicant", Partition: str(applicant)}
	}
	want := func(applicant string, ids ...string) {
		t.Helper()
		if diff := cmp.Diff(ids, pages(t, s, q(applicant), "id")); diff != "" {
			t.Errorf("passes of %s (-want +got):\n%s", applicant, diff)
		}
	}
	mustWrite(t, s, put("a", item{"applicant": str("x"), "start": str("1")}), put("b", item{"applicant": str("x"), "start": str("2")}))
	want("x", "a", "b")
	move := update("a")
	move.Set = item{"start": str("3")}
	mustWrite(t, s, move)
	want("x", "b", "a")
	move.Set = item{"applicant": str("y")}
	mustWrite(t, s, move)
	want("x", "b")
	want("y", "a")
	leave := update("a")
	leave.Unset = []string{"start"}
	mustWrite(t, s, leave)
	want("y")
	mustWrite(t, s, remove("b"))
	want("x")
	page, err := s.Query(context.Background(), q("x"))
	if err != nil || page.Last != nil || len(page.Items) != 0 {
		t.Errorf("an empty partition: %v, %v", page, err)
	}
}

func scans(t *testing.T, s ingest.Store) {
	want := map[string]int{}
	for i := range 10 {
		var actions []ingest.Action
		for j := range 20 {
			id := fmt.Sprintf("p-%d-%d", i, j)
			want[id] = 1
			actions = append(actions, put(id, nil))
		}
		mustWrite(t, s, actions...)
	}
	for _, segments := range []int{0, 1, 2, 7} {
		for _, limit := range []int{0, 1, 13} {
			got := map[string]int{}
			var mu sync.Mutex
			var wg sync.WaitGroup
			for segment := range max(segments, 1) {
				wg.Go(func() {
					scanSegment(t, s, ingest.Scan{Table: "passes", Segment: segment, Segments: segments, Limit: limit}, &mu, got)
				})
			}
			wg.Wait()
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%d segments, %d a page (-want +got):\n%s", segments, limit, diff)
			}
		}
	}
}

func scanSegment(t *testing.T, s ingest.Store, sc ingest.Scan, mu *sync.Mutex, got map[string]int) {
	for {
		page, err := s.Scan(context.Background(), sc)
		if err != nil {
			t.Errorf("scan: %v", err)
			return
		}
		mu.Lock()
		for _, it := range page.Items {
			got[it["id"].Text]++
		}
		mu.Unlock()
		if page.Last == nil {
			return
		}
		sc.After = page.Last
	}
}
