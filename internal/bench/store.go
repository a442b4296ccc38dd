package bench

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/demo"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
)

const applicants = 2000

// store measures durable creates without HTTP: a pass and its applicant's counter in one transaction, two index
// entries, two feed records.
func (b *bench) store(ctx context.Context) ([]Result, error) {
	registry, err := node.LoadSchemas("")
	if err != nil {
		return nil, err
	}
	store, err := embedded.Open(b.folder(), ingest.Tables(registry), embedded.Options{})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	world, err := demo.NewWorld(1, registry)
	if err != nil {
		return nil, err
	}
	people := make([]demo.Person, applicants)
	for i := range people {
		people[i] = world.Person(i, time.Now())
		if err := store.WriteBulk(ctx, []embedded.Bulk{{Actions: []ingest.Action{{Kind: ingest.Put, Table: "movement-pass_applicants_v1", Item: people[i].Item()}}}}); err != nil {
			return nil, err
		}
	}
	items := make([]record.Item, 4096)
	for i := range items {
		items[i] = world.Pass(people[i%applicants], time.Now(), 1).Item()
	}
	count, times, err := b.clients(ctx, func(ctx context.Context, client, n int) error {
		item := items[(client*977+n)%len(items)].Clone()
		item["id"] = record.String(fmt.Sprintf("%08x%024x", client, n))
		return store.Write(ctx,
			ingest.Action{Kind: ingest.Put, Table: "movement-pass_passes_v1", Item: item, If: []ingest.Condition{{Test: ingest.Missing}}},
			ingest.Action{Kind: ingest.Update, Table: "movement-pass_applicants_v1", Key: ingest.Key{Partition: item["applicantId"]},
				Add: map[string]int64{"appliedCount": 1, "version": 1}, If: []ingest.Condition{{Test: ingest.Exists}}})
	})
	return rate("store: durable creates", count, times, b.For, "≥ 18,000/s, goal 30,000/s; p99 ≤ 25 ms"), err
}

// clients runs do from many clients for the time of a run, and returns how often it was done and how long each took.
func (b *bench) clients(ctx context.Context, do func(ctx context.Context, client, n int) error) (int, []time.Duration, error) {
	var mu sync.Mutex
	var all []time.Duration
	end := time.Now().Add(b.For)
	g, ctx := errgroup.WithContext(ctx)
	for c := range b.Clients {
		g.Go(func() error {
			var times []time.Duration
			for n := 0; time.Now().Before(end); n++ {
				began := time.Now()
				if err := do(ctx, c, n); err != nil {
					return err
				}
				times = append(times, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, times...)
			return nil
		})
	}
	err := g.Wait()
	return len(all), all, err
}

func rate(name string, count int, times []time.Duration, d time.Duration, target string) []Result {
	return []Result{
		{Name: name, Value: float64(count) / d.Seconds(), Unit: "/s", Target: target,
			Note: fmt.Sprintf("p50 %.1f ms, p99 %.1f ms", percentile(times, 0.5), percentile(times, 0.99))},
	}
}
