package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

func limits(t *testing.T, s ingest.Store) {
	ctx := context.Background()
	almost := strings.Repeat("x", 400<<10-len("id")-len("a")-len("t"))
	mustWrite(t, s, put("a", item{"t": str(almost)}))
	wantKind(t, s.Write(ctx, put("b", item{"t": str(almost + "x")})), fault.Exceeded)
	grown := update("a")
	grown.Set = item{"u": str("x")}
	wantKind(t, s.Write(ctx, grown), fault.Exceeded)
	wantItem(t, s, "a", item{"t": str(almost)})
	var many []ingest.Action
	for i := range 101 {
		many = append(many, put(fmt.Sprint("m", i), nil))
	}
	mustWrite(t, s, many[:100]...)
	wantKind(t, s.Write(ctx, many...), fault.Exceeded)
	wantItem(t, s, "m99", item{})
	wantItem(t, s, "m100", nil)
	wantKind(t, s.Write(ctx, put(strings.Repeat("k", 2049), nil)), fault.Exceeded)
	wantKind(t, s.Write(ctx, put("c", item{"n": num(strings.Repeat("1", 39))})), fault.Invalid)
	wantKind(t, s.Write(ctx, put("c", item{"t": str("\xff")})), fault.Invalid)
	deep := str("x")
	for range 33 {
		deep = value{Kind: record.L, List: []value{deep}}
	}
	wantKind(t, s.Write(ctx, put("c", item{"d": deep})), fault.Invalid)
}

func doneContext(t *testing.T, s ingest.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Write(ctx, put("a", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("write: %v", err)
	}
	wantItem(t, s, "a", nil)
	if _, err := s.Scan(ctx, ingest.Scan{Table: "passes"}); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("scan: %v", err)
	}
}

func counters(t *testing.T, s ingest.Store) {
	const writers, each = 16, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				a := update("sum")
				a.Add = map[string]int64{"n": 1}
				if err := s.Write(context.Background(), a, put(fmt.Sprintf("%d-%d", w, i), nil, missing(""))); err != nil {
					t.Errorf("writer %d: %v", w, err)
				}
			}
		})
	}
	wg.Wait()
	wantItem(t, s, "sum", item{"n": num(fmt.Sprint(writers * each))})
	for w := range writers {
		for i := range each {
			wantItem(t, s, fmt.Sprintf("%d-%d", w, i), item{})
		}
	}
}

func oneCreates(t *testing.T, s ingest.Store) {
	const writers = 32
	var wg sync.WaitGroup
	var mu sync.Mutex
	var winners []int
	for w := range writers {
		wg.Go(func() {
			err := s.Write(context.Background(), put("a", item{"by": num(fmt.Sprint(w))}, missing("")))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				winners = append(winners, w)
			} else if !fault.Is(err, fault.Conflict) {
				t.Errorf("writer %d: %v", w, err)
			}
		})
	}
	wg.Wait()
	if len(winners) != 1 {
		t.Fatalf("%v have created the item", winners)
	}
	wantItem(t, s, "a", item{"by": num(fmt.Sprint(winners[0]))})
}
