package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
)

const stationsYAML = `stream: stations
table: stations
key: {partition: id}
fields:
  - {name: id, type: string}
  - {name: area, type: string}
  - {name: n, type: int64}
region: {from: field, field: area, values: [north, south, unknown]}
date: {from: change}
track: [area, n]
`

// TestThirtyHoursWithoutReaders: the store is written to for thirty hours while nothing reads its feed, which keeps
// twenty-four. What was forgotten is a hole, every answer says so, and it heals by itself.
func TestThirtyHoursWithoutReaders(t *testing.T) {
	t.Parallel()
	schema, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(filepath.Join(schema, "stations.yaml"), []byte(stationsYAML), 0o600); err != nil {
		t.Fatal(err)
	}
	o := &outage{t: t, schema: schema, data: data, rng: rand.New(rand.NewPCG(7, 7)), there: map[int]bool{}}
	now := time.Now().UTC()
	if err := mustOpen(t, data, schema).Close(t.Context()); err != nil { // makes the folder
		t.Fatal(err)
	}

	// The outage lies ahead of the clock, because a store that was read to an instant makes no change before it.
	o.write("before", now.Add(-10*time.Hour), now, 2000)
	n, stop := o.run()
	if err := n.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustTell(t, n, "verify", node.VerifyArgs{}, `"differences":[]`)
	stop()
	o.told(now, "the readers stop; everything is in the lake and agrees")

	after := now.Add(30 * time.Hour)
	forgotten := o.write("during", now.Add(time.Minute), after, 6000)
	o.told(after, fmt.Sprintf("the feed has forgotten %d records that nobody read", forgotten))
	if forgotten == 0 {
		t.Fatal("the feed has forgotten nothing")
	}
	n, stop = o.run()
	defer stop()
	holes := o.until(n, "a hole is found", func(open []lake.Hole) bool { return len(open) > 0 })
	for _, h := range holes {
		o.told(after, fmt.Sprintf("hole %s in %s after %s: %s", h.ID, h.Lane, h.After.Short(), h.Reason))
		if h.From.IsZero() || h.To.Before(h.From) {
			t.Errorf("the hole has no size in time: %+v", h)
		}
	}
	mustTell(t, n, "sql", node.SQLArgs{SQL: "SELECT count(*) AS n FROM stations"}, `"holes":`)
	o.until(n, "no hole is open", func(open []lake.Hole) bool { return len(open) == 0 })
	o.told(after, "the holes are closed")
	for _, changes := range []bool{false, true} {
		mustTell(t, n, "verify", node.VerifyArgs{Changes: changes}, `"differences":[]`)
	}
	o.told(after, "store and lake agree, state and changes")

	var certified node.Certified
	if err := n.Do(t.Context(), "certify", node.VerifyArgs{}, &certified, node.Silent); err != nil {
		t.Fatal(err)
	}
	mustTell(t, n, "certificate", node.CertificateArgs{Certificate: certified.Certificate}, `"clean":true`)
	o.told(after, "the certificate is clean")

	var rows []node.LedgerRow
	if err := n.Do(t.Context(), "ledger", node.LedgerArgs{}, &rows, node.Silent); err != nil {
		t.Fatal(err)
	}
	closed := map[string]bool{}
	for _, r := range rows {
		var h lake.Hole
		if r.Kind != "closed" || json.Unmarshal([]byte(r.Detail), &h) != nil {
			continue
		}
		closed[r.Hole] = true
		o.told(after, "ledger: hole "+h.ID+" was closed by "+h.Receipt)
		if !strings.Contains(h.Receipt, "landed as they are") || strings.Contains(h.Receipt, " 0 records landed as they are") {
			t.Errorf("the receipt of %s does not tell what was mended: %s", h.ID, h.Receipt)
		}
	}
	for _, h := range holes {
		if !closed[h.ID] {
			t.Errorf("the ledger has no receipt of hole %s", h.ID)
		}
	}
}

type outage struct {
	t            *testing.T
	schema, data string
	rng          *rand.Rand
	there        map[int]bool
}

func (o *outage) told(at time.Time, what string) { o.t.Logf("%s  %s", at.Format("Jan 02 15:04"), what) }

// write writes changes into the store while no process has it, and lets the feed forget what is older than a day. It
// returns how many records that were.
func (o *outage) write(what string, from, to time.Time, count int) int {
	o.t.Helper()
	registry, err := node.LoadSchemas(o.schema)
	if err != nil {
		o.t.Fatal(err)
	}
	clock := from
	store, err := embedded.Open(filepath.Join(o.data, "store"), ingest.Tables(registry), embedded.Options{MinFree: -1, Now: func() time.Time { return clock }})
	if err != nil {
		o.t.Fatal(err)
	}
	for i := range count {
		clock = from.Add(to.Sub(from) * time.Duration(i) / time.Duration(count))
		if err := store.WriteBulk(o.t.Context(), []embedded.Bulk{{At: clock, Actions: []ingest.Action{o.action()}}}); err != nil {
			o.t.Fatal(err)
		}
	}
	o.told(to, fmt.Sprintf("%s: %d changes written in %s", what, count, to.Sub(from).Round(time.Minute)))
	gone, err := store.Trim(o.t.Context(), to)
	if err := errors.Join(err, store.Close()); err != nil {
		o.t.Fatal(err)
	}
	return gone
}

// action creates, changes, moves or removes a station.
func (o *outage) action() ingest.Action {
	k := o.rng.IntN(20_000)
	id := record.String(fmt.Sprintf("s%05d", k))
	if o.there[k] && o.rng.IntN(5) == 0 {
		delete(o.there, k)
		return ingest.Action{Kind: ingest.Delete, Table: "stations", Key: ingest.Key{Partition: id}}
	}
	o.there[k] = true
	return ingest.Action{Kind: ingest.Put, Table: "stations", Item: record.Item{
		"id": id, "area": record.String([]string{"north", "south"}[o.rng.IntN(2)]), "n": record.Number(fmt.Sprint(o.rng.IntN(1000))),
	}}
}

// run opens the folder and lets it work until stop.
func (o *outage) run() (n *node.Node, stop func()) {
	o.t.Helper()
	n = mustOpen(o.t, o.data, o.schema)
	ctx, cancel := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return n.Run(ctx) })
	return n, func() {
		cancel()
		if err := errors.Join(g.Wait(), n.Close(context.Background())); err != nil && !errors.Is(err, context.Canceled) {
			o.t.Errorf("stop: %v", err)
		}
	}
}

// until returns the open holes once they are as wanted.
func (o *outage) until(n *node.Node, what string, wanted func([]lake.Hole) bool) []lake.Hole {
	o.t.Helper()
	limit := time.NewTimer(2 * time.Minute)
	defer limit.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var open []lake.Hole
		if err := n.Do(o.t.Context(), "holes", struct{}{}, &open, node.Silent); err != nil {
			o.t.Fatal(err)
		}
		if wanted(open) {
			return open
		}
		select {
		case <-tick.C:
		case <-limit.C:
			text, _ := json.Marshal(open)
			o.t.Fatalf("this did not come: %s; open are %s", what, text)
		}
	}
}
