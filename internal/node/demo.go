package node

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/demo"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// stateTable is a table of the store that no stream feeds: what Tarn itself must remember beside records.
const stateTable = "tarn_state"

var stateDefinition = ingest.Table{Name: stateTable, Key: ingest.TableKey{Partition: "id", PartitionKind: record.S}}

// chunk is how many transactions of the history are written at once.
const chunk = 1000

// whileSeeding is the time between two commits while the history is written: fewer, larger files.
const whileSeeding = 4 * time.Second

// HasDemo reports whether the datasets are those that the demo can fill.
func (n *Node) HasDemo() bool {
	_, passes := n.registry.Dataset("passes")
	_, applicants := n.registry.Dataset("applicants")
	return passes && applicants
}

// HasPast reports whether a history can be written: a store that is a service gives every change its own time.
func (n *Node) HasPast() bool { return n.past != nil }

// Seed writes the demo's history into an empty store, or goes on where it was stopped: how far it is stands in the same
// transaction as the events. It returns once the history is in the lake.
func (n *Node) Seed(ctx context.Context, tell Tell) error {
	plan, next, err := n.demoState(ctx)
	if err != nil {
		return err
	}
	if next == finished {
		return nil
	}
	h, err := demo.NewHistory(n.registry, plan)
	if err != nil {
		return err
	}
	n.seeding.Store(true)
	defer n.seeding.Store(false)
	n.commitEvery.Store(int64(whileSeeding))
	defer n.commitEvery.Store(int64(n.settings.CommitEvery))
	batch := make([]embedded.Bulk, 0, chunk)
	for i, e := range h.All(next) {
		batch = append(batch, embedded.Bulk{At: e.At, Actions: e.Actions})
		if len(batch) < chunk {
			continue
		}
		if err := n.writeHistory(ctx, batch, plan, i+1); err != nil {
			return err
		}
		batch = batch[:0]
		tell(Step{What: "events of history", Done: int64(i + 1), Total: int64(h.Estimate())})
	}
	if err := n.writeHistory(ctx, batch, plan, finished); err != nil {
		return err
	}
	return n.settled(ctx, tell)
}

// finished is the number of the next event when there is none.
const finished = -1

// writeHistory writes events, and in the last one's transaction how far the history now is.
func (n *Node) writeHistory(ctx context.Context, batch []embedded.Bulk, plan demo.Plan, next int) error {
	if len(batch) == 0 {
		batch = append(batch, embedded.Bulk{})
	}
	last := &batch[len(batch)-1]
	last.Actions = append(last.Actions, demoMark(plan, next))
	if err := n.WriteBulk(ctx, batch); err != nil {
		return fmt.Errorf("write the demo's history: %w", err)
	}
	return nil
}

// settled returns once the lake holds all that the store has.
func (n *Node) settled(ctx context.Context, tell Tell) error {
	now := time.Now()
	for _, d := range n.registry.Datasets() {
		if err := n.await(ctx, d, now); err != nil {
			return err
		}
	}
	tell(Step{What: "in the lake", Done: 1, Total: 1})
	return nil
}

// demoState returns the plan of the history and the number of the next event to write. A store that holds something else is
// left alone.
func (n *Node) demoState(ctx context.Context) (demo.Plan, int, error) {
	item, err := n.store.Get(ctx, stateTable, ingest.Key{Partition: record.String("demo")})
	if err == nil {
		end, errEnd := strconv.ParseInt(item["end"].Text, 10, 64)
		next, errNext := strconv.Atoi(item["next"].Text)
		if errEnd != nil || errNext != nil {
			return demo.Plan{}, 0, fault.New(fault.Internal, "the state of the demo cannot be read: start with --fresh")
		}
		return demo.Default(time.UnixMilli(end).UTC()), next, nil
	}
	if !fault.Is(err, fault.NotFound) {
		return demo.Plan{}, 0, err
	}
	empty, err := n.storeIsEmpty(ctx)
	if err != nil || !empty {
		return demo.Plan{}, finished, err
	}
	return demo.Default(time.Now().UTC().Truncate(time.Minute)), 0, nil
}

func (n *Node) storeIsEmpty(ctx context.Context) (bool, error) {
	for _, t := range ingest.Tables(n.registry) {
		page, err := n.store.Scan(ctx, ingest.Scan{Table: t.Name, Limit: 1})
		if err != nil || len(page.Items) > 0 {
			return false, err
		}
	}
	return true, nil
}

func demoMark(p demo.Plan, next int) ingest.Action {
	return ingest.Action{Kind: ingest.Put, Table: stateTable, Item: record.Item{
		"id":   record.String("demo"),
		"end":  record.Number(strconv.FormatInt(p.End.UnixMilli(), 10)),
		"next": record.Number(strconv.Itoa(next)),
	}}
}

// Settled returns once the lake holds all that the store has now.
func (n *Node) Settled(ctx context.Context) error { return n.settled(ctx, Silent) }

// WriteBulk writes transactions of the past, for histories and benchmarks. A store that keeps its own time refuses them.
func (n *Node) WriteBulk(ctx context.Context, writes []embedded.Bulk) error {
	if n.past == nil {
		return fault.New(fault.Invalid, "this store gives every change its own time: no history can be written into it")
	}
	return n.past.WriteBulk(ctx, writes)
}
