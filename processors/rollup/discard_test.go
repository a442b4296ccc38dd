package rollup_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/schemas"
)

// quarantine returns the pond's.
func (p *pond) quarantine() *tables.Table {
	p.Helper()
	t, err := p.catalog.Table(p.Context(), tables.Quarantine())
	if err != nil {
		p.Fatal(err)
	}
	return t
}

// park puts a record that nobody could decode into quarantine, and returns by what it is known.
func (p *pond) park(dataset string) compact.Identity {
	p.Helper()
	p.seqs++
	b := columns.New(schemas.QuarantineColumns())
	id := compact.Identity{Shard: "L/s1", Seq: fmt.Sprintf("%040d", p.seqs)}
	for name, text := range map[string]string{"_op": "modify", "_shard": id.Shard, "_seq": id.Seq, "region": "unknown", "stream": "orders", "dataset": dataset, "reason": "bad", "payload": "{}"} {
		if text != "" {
			b.Leaf(name).AppendString(text)
		}
	}
	b.Leaf("_commit").AppendInt64(1)
	b.Leaf("_at").AppendInt64(now.UnixMicro())
	b.Leaf("dt").AppendInt32(int32(now.Unix() / 86400))
	b.EndRow()
	body, stats, err := columns.NewEncoder(schemas.QuarantineColumns(), columns.EncoderOptions{}).Encode(nil, b)
	if err != nil {
		p.Fatal(err)
	}
	dt := now.Format(time.DateOnly)
	key := lake.DataKey(schemas.QuarantineTable, lake.DayPartition(dt, "unknown"), p.id())
	if err := p.files.Put(p.Context(), key, body); err != nil {
		p.Fatal(err)
	}
	q := p.quarantine()
	snap, err := q.Snapshot(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	file := tables.NewFile{URL: lake.URL(key), Rows: stats.Rows, Size: stats.Size, Bucket: -1, Dt: dt, Region: "unknown", Stats: tables.NewStats(stats.SplitOffsets)}
	if _, err := q.Append(p.Context(), snap, []tables.NewFile{file}, tables.Update{Marker: p.id(), Commit: snap.Commit + 1}); err != nil {
		p.Fatal(err)
	}
	return id
}

// held asks how many records are held back from an answer.
func (p *pond) held(want int64) {
	p.Helper()
	a, err := p.with.Metric(viewer.With(p.Context(), all), byKind)
	if err != nil {
		p.Fatal(err)
	}
	if a.Meta.HeldBack != want {
		p.Errorf("%d records are held back, want %d", a.Meta.HeldBack, want)
	}
}

// What was discarded is in no history: the next change of that record takes back what the lake never had, long after the
// quarantine has forgotten it.
func TestAfterADiscardNoOldImageIsTrusted(t *testing.T) {
	for _, dataset := range []string{"orders", ""} {
		t.Run("of "+dataset, func(t *testing.T) {
			p := shop(t)
			a, lost, c := order("A", "2026-11-16", 100), order("B", "2026-11-17", 1), order("A", "2026-11-18", 5)
			p.commit("orders", nil, p.insert(1, a), p.insert(2, a))
			p.refresh("orders")
			id := p.park(dataset)
			p.held(1)
			of := lake.Discarded{}.With(dataset, "orders")
			if n, err := p.compactor.DiscardQuarantined(t.Context(), p.quarantine(), []compact.Identity{id}, of); err != nil || n != 1 {
				t.Fatalf("discarded %d, %v", n, err)
			}
			p.held(0)
			p.same(byKind, true)
			p.commit("orders", nil, p.modify(1, lost, c))
			p.same(byKind, false)
			p.refresh("orders")
			p.same(byKind, true)
			p.commit("orders", nil, p.modify(2, a, c))
			p.refresh("orders")
			p.same(byKind, true)
		})
	}
}

// What was replayed is in its history, so nothing is doubted for its sake.
func TestAfterAReplayTheRollupIsUsedAgain(t *testing.T) {
	p := shop(t)
	a, b, c := order("A", "2026-11-16", 100), order("B", "2026-11-17", 1), order("A", "2026-11-18", 5)
	p.commit("orders", nil, p.insert(1, a))
	p.refresh("orders")
	id := p.park("orders")
	late := p.modify(1, a, b)
	p.commit("orders", nil, p.modify(1, b, c))
	p.held(1)
	p.same(byKind, false)
	p.commit("orders", nil, late)
	if n, err := p.compactor.DropQuarantined(t.Context(), p.quarantine(), []compact.Identity{id}); err != nil || n != 1 {
		t.Fatalf("dropped %d, %v", n, err)
	}
	p.held(0)
	p.refresh("orders")
	if lake.ParseRollup(p.daily("orders").Properties[lake.PropRollup]).Doubted {
		t.Error("the rollup is doubted, though nothing is missing")
	}
}

// A rollup that is made anew knows what the one before knew of its history, of which the summaries are gone.
func TestDoubtsOutliveTheRollup(t *testing.T) {
	p := shop(t)
	a, lost, c := order("A", "2026-11-16", 100), order("B", "2026-11-17", 1), order("A", "2026-11-18", 5)
	p.commit("orders", nil, p.insert(1, a), p.insert(2, a))
	p.commit("orders", map[string]string{"holes": "1"}, p.insert(3, a))
	p.refresh("orders")
	for range 3 {
		p.commit("orders", nil, p.insert(10+p.seqs, a))
	}
	if n, err := p.histories["orders"].Changes.Expire(t.Context(), 1, 0); err != nil || n == 0 {
		t.Fatalf("forgot %d snapshots, %v", n, err)
	}
	p.refresh("orders")
	if err := p.rollups["orders"].Void(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.refresh("orders")
	p.commit("orders", nil, p.modify(1, lost, c))
	p.same(byKind, false)
	p.refresh("orders")
	p.same(byKind, true)
}
