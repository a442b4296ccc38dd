package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/demo"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/query/plan"
)

const probes = 200

// answers measures the time from a write's answer to the first answer of a metric that counts it.
func (b *bench) answers(ctx context.Context) ([]Result, error) {
	rounds := probes
	if b.Quick {
		rounds = probes / 10
	}
	var n *node.Node
	ready := make(chan struct{})
	run := func(ctx context.Context, served *node.Node) error {
		n = served
		close(ready)
		return served.Run(ctx)
	}
	var seen, asked []time.Duration
	err := b.served(ctx, run, func(ctx context.Context, addr string, people []caller) error {
		<-ready
		c, err := dial(addr)
		if err != nil {
			return err
		}
		defer c.Close()
		for i := range rounds {
			if err := c.send(people[i%len(people)].request); err != nil {
				return err
			}
			began := time.Now()
			for {
				before := time.Now()
				count, err := applications(ctx, n)
				if err != nil {
					return err
				}
				asked = append(asked, time.Since(before))
				if count > i {
					break
				}
				time.Sleep(5 * time.Millisecond)
			}
			seen = append(seen, time.Since(began))
		}
		return nil
	})
	return []Result{
		{Name: "write → answer", Value: percentile(seen, 0.99), Unit: "ms p99", Target: "p99 ≤ 2,000 ms",
			Note: fmt.Sprintf("p50 %.0f ms, of %d", percentile(seen, 0.5), len(seen))},
		{Name: "metric over a small lake", Value: percentile(asked, 0.5), Unit: "ms p50"},
	}, err
}

func applications(ctx context.Context, n *node.Node) (int, error) {
	var t node.Table
	q := plan.Query{Metric: "applications", Measures: []string{"applications"}, Range: plan.Range{Name: "all"}}
	if err := n.Do(ctx, "metric", node.MetricArgs{Query: q}, &t, node.Silent); err != nil {
		return 0, err
	}
	var a struct{ Rows [][]json.Number }
	dec := json.NewDecoder(strings.NewReader(string(t.JSON)))
	dec.UseNumber()
	if err := dec.Decode(&a); err != nil || len(a.Rows) != 1 || len(a.Rows[0]) != 1 {
		return 0, fmt.Errorf("the answer is not one number: %s: %w", t.JSON, err)
	}
	v, err := a.Rows[0][0].Int64()
	return int(v), err
}

// pipeline measures decode, land and commit of a history that is in the store already, with the base kept up beside it.
func (b *bench) pipeline(ctx context.Context) ([]Result, error) {
	s, err := b.settings("")
	if err != nil {
		return nil, err
	}
	n, err := node.Open(ctx, s, node.Options{Version: "bench"})
	if err != nil {
		return nil, err
	}
	plan := demo.Default(time.Now().UTC().Truncate(time.Minute))
	if b.Quick {
		plan.Applicants, plan.Passes = plan.Applicants/8, plan.Passes/8
	}
	changes, wrote, err := b.history(ctx, n, plan)
	if err != nil {
		return nil, errors.Join(err, n.Close(ctx))
	}
	began := time.Now()
	run, cancel := context.WithCancel(ctx)
	g, run := errgroup.WithContext(run)
	g.Go(func() error { return n.Run(run) })
	err = n.Settled(ctx)
	took := time.Since(began)
	cancel()
	err = errors.Join(err, g.Wait(), n.Close(ctx))
	return []Result{
		{Name: "store: bulk changes", Value: float64(changes) / wrote.Seconds(), Unit: "changes/s", Note: fmt.Sprintf("%d changes", changes)},
		{Name: "feed → decode → land → commit", Value: float64(changes) / took.Seconds(), Unit: "changes/s", Note: fmt.Sprintf("%d changes in %.1f s, compaction beside it", changes, took.Seconds())},
	}, err
}

func (b *bench) history(ctx context.Context, n *node.Node, p demo.Plan) (changes int, took time.Duration, err error) {
	h, err := demo.NewHistory(n.Registry(), p)
	if err != nil {
		return 0, 0, err
	}
	began := time.Now()
	batch := make([]embedded.Bulk, 0, 2000)
	for _, e := range h.All(0) {
		changes += e.Changes
		if batch = append(batch, embedded.Bulk{At: e.At, Actions: e.Actions}); len(batch) < cap(batch) {
			continue
		}
		if err := n.WriteBulk(ctx, batch); err != nil {
			return 0, 0, err
		}
		batch = batch[:0]
	}
	return changes, time.Since(began), n.WriteBulk(ctx, batch)
}

// flights measures the load of a Parquet file, from the command to merged files.
func (b *bench) flights(ctx context.Context) ([]Result, error) {
	if b.Flights == "" {
		return nil, nil
	}
	s, err := b.settings(b.Schemas)
	if err != nil {
		return nil, err
	}
	n, err := node.Open(ctx, s, node.Options{Version: "bench"})
	if err != nil {
		return nil, err
	}
	var r load.Report
	began := time.Now()
	err = n.Do(ctx, "load", node.LoadArgs{Path: b.Flights, Dataset: "flights"}, &r, node.Silent)
	took := time.Since(began)
	return []Result{{Name: "load of a Parquet file", Value: took.Seconds(), Unit: "s", Target: "≤ 30 s for 3,000,000 rows",
		Note: fmt.Sprintf("%d rows, %.0f rows/s", r.Rows, float64(r.Rows)/took.Seconds())}}, errors.Join(err, n.Close(ctx))
}
