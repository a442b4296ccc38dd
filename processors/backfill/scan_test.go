package backfill_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/memory"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/backfill"
)

const table = "shop"

func mustStore(tb testing.TB, items int) *memory.Store {
	tb.Helper()
	s := memory.NewStore(ingest.Table{Name: table, Key: ingest.TableKey{Partition: "id", PartitionKind: record.S}})
	for i := range items {
		if err := s.Write(tb.Context(), ingest.Action{Kind: ingest.Put, Table: table, Item: record.Item{"id": record.String(fmt.Sprintf("%05d", i))}}); err != nil {
			tb.Fatal(err)
		}
	}
	return s
}

func noWait(context.Context, time.Duration) error { return nil }

// TestScanGoesOn breaks a scan off at every page in turn: what was handed over before and what comes after is everything,
// and only the pages since the progress was kept come twice.
func TestScanGoesOn(t *testing.T) {
	t.Parallel()
	s, broken := mustStore(t, 3210), errors.New("broken off")
	for after := range 8 {
		p := backfill.NewProgress("x", time.Unix(1, 0), 3)
		seen, kept := map[string]int{}, []byte(nil)
		pages, read := 0, 0
		each := func(got ingest.Page) error {
			var err error
			if kept, err = json.Marshal(p); err != nil {
				return err
			}
			if pages++; pages == after+1 {
				return broken
			}
			for _, item := range got.Items {
				seen[item["id"].Text]++
				read++
			}
			return nil
		}
		err := backfill.Scan(t.Context(), s, table, p, noWait, each)
		if pages > after && !errors.Is(err, broken) {
			t.Fatalf("got %v", err)
		}
		if p, err = backfill.ParseProgress(kept); err != nil {
			t.Fatal(err)
		}
		if p.Read != int64(read) {
			t.Errorf("the progress says %d, %d were read", p.Read, read)
		}
		pages = 100
		if err := backfill.Scan(t.Context(), s, table, p, noWait, each); err != nil {
			t.Fatal(err)
		}
		for id, n := range seen {
			if n != 1 {
				t.Errorf("broken off after page %d: %s was read %d times", after, id, n)
			}
		}
		if len(seen) != 3210 || p.Read != 3210 {
			t.Errorf("broken off after page %d: %d items, progress %d", after, len(seen), p.Read)
		}
	}
}

// busy is a store that is too busy for the first requests.
type busy struct {
	*memory.Store
	left atomic.Int64
	err  error
}

func (b *busy) Scan(ctx context.Context, q ingest.Scan) (ingest.Page, error) {
	if b.left.Add(-1) >= 0 {
		return ingest.Page{}, b.err
	}
	return b.Store.Scan(ctx, q)
}

func TestScanIsPatientWithABusyStore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		busy int64
		err  error
		want fault.Kind
	}{
		{"busy for a while", 5, fault.New(fault.Transient, "throttled"), 0},
		{"busy for long", 1000, fault.New(fault.Transient, "throttled"), fault.Transient},
		{"not allowed", 1, fault.New(fault.ReadOnly, "no"), fault.ReadOnly},
	} {
		s := &busy{Store: mustStore(t, 10), err: c.err}
		s.left.Store(c.busy)
		n := 0
		err := backfill.Scan(t.Context(), s, table, backfill.NewProgress("x", time.Unix(1, 0), 1), noWait, func(p ingest.Page) error { n += len(p.Items); return nil })
		if c.want == 0 && (err != nil || n != 10) || c.want != 0 && !fault.Is(err, c.want) {
			t.Errorf("%s: got %d, %v", c.name, n, err)
		}
	}
}

func TestProgressOfUnknownFormIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{}", `{"format":2,"id":"x","segments":[{}]}`, `{"format":1,"id":"x"}`, `{"format":1,"segments":[{}]}`} {
		if _, err := backfill.ParseProgress([]byte(text)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		pace backfill.Pace
		want []time.Duration // slept after each page of 500 records and 100 units
	}{
		{"no limit", backfill.Pace{}, nil},
		{"by records", backfill.Pace{Rate: 1000}, []time.Duration{500e6, 500e6, 500e6}},
		{"by capacity", backfill.Pace{Capacity: 50}, []time.Duration{2e9, 2e9, 2e9}},
		{"by the stricter of both", backfill.Pace{Rate: 100, Capacity: 50}, []time.Duration{5e9, 5e9, 5e9}},
	} {
		var slept []time.Duration
		now := time.Unix(1, 0)
		p := c.pace
		p.Now = func() time.Time { return now }
		p.Wait = func(_ context.Context, d time.Duration) error { slept, now = append(slept, d), now.Add(d); return nil }
		for range 3 {
			if err := p.Took(t.Context(), 500, 100); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(slept, c.want) {
			t.Errorf("%s: slept %v, want %v", c.name, slept, c.want)
		}
	}
}
