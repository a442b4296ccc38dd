package node_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
)

// exported is a line of an incremental export; of a record that is gone when n is empty.
func exported(id, n string, at time.Time) string {
	line := fmt.Sprintf(`{"Metadata":{"WriteTimestampMicros":{"N":"%d"}},"Keys":{"id":{"S":%q}}`, at.UnixMicro(), id)
	if n == "" {
		return line + fmt.Sprintf(`,"OldImage":{"id":{"S":%q}}}`, id)
	}
	return line + fmt.Sprintf(`,"NewImage":{"id":{"S":%q},"n":{"N":%q}}}`, id, n)
}

// increment writes an incremental export of the time.
func increment(tb testing.TB, id string, from, to time.Time, lines ...string) string {
	tb.Helper()
	return writeExport(tb, id, fmt.Sprintf(`"exportFromTime":%q,"exportToTime":%q,"exportType":"INCREMENTAL_EXPORT"`,
		from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339)), lines...)
}

// TestAnExportFillsAHole: an export of a hole's time fills it with that time's records and no others, and is its receipt.
// One of less than the hole, or one that does not say what changed, closes nothing.
func TestAnExportFillsAHole(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	f.store(func(s *embedded.Store) {
		for _, id := range []string{"stays", "changes", "goes"} {
			item := record.Item{"id": record.String(id), "n": record.Number("1")}
			long := time.Now().Add(-10 * time.Minute) // change times are seconds, and a tie is the change's
			if err := s.WriteBulk(t.Context(), []embedded.Bulk{{At: long, Actions: []ingest.Action{{Kind: ingest.Put, Table: "shop_things", Item: item}}}}); err != nil {
				t.Fatal(err)
			}
		}
	})
	f.with(func(n *node.Node) { mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}) })
	f.lose(map[string]string{"changes": "2", "comes": "3"}, "goes")
	f.put(many(60)) // behind what was lost, in every shard
	f.with(func(n *node.Node) {
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); r[0].Clean() {
			t.Fatal("nothing was lost")
		}
		holes := mustDo[[]lake.Hole](t, n, "holes", struct{}{})
		if len(holes) == 0 {
			t.Fatal("there is no hole")
		}
		from, to := holes[0].From, holes[0].To
		for _, h := range holes {
			from = earlier(from, h.From)
			if h.To.After(to) {
				to = h.To
			}
		}
		lines := []string{exported("changes", "2", to), exported("comes", "3", to), exported("goes", "", to), exported("stays", "9", to.Add(time.Hour))}
		whole := increment(t, "0200-whole", from.Add(-time.Second), to, lines...)
		short := increment(t, "0201-short", from.Add(time.Hour), to.Add(2*time.Hour), lines...)
		full := writeExport(t, "0202-full", fmt.Sprintf(`"exportTime":%q,"exportType":"FULL_EXPORT"`, to.UTC().Format(time.RFC3339)), `{"Item":{"id":{"S":"x"},"n":{"N":"1"}}}`)
		for _, h := range holes {
			for _, dir := range []string{short, full} {
				err := n.Do(t.Context(), "backfill", node.BackfillArgs{Dataset: "things", Export: dir, Hole: h.ID}, nil, node.Silent)
				if !fault.Is(err, fault.Invalid) {
					t.Errorf("%s: got %v", dir, err)
				}
			}
			done := mustDo[node.Backfilled](t, n, "backfill", node.BackfillArgs{Dataset: "things", Export: whole, Hole: h.ID})
			if done.Landed != 2 || done.Gone != 1 || done.Outside != 1 || done.Closed != h.ID || done.Receipt == "" || done.Absent != 0 {
				t.Errorf("got %+v", done)
			}
		}
		if open := mustDo[[]lake.Hole](t, n, "holes", struct{}{}); len(open) != 0 {
			t.Errorf("these are open: %+v", open)
		}
		if r := mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}); !r[0].Clean() || r[0].Lake != 63 {
			t.Errorf("got %+v", r[0])
		}
		receipts := 0
		for _, row := range mustDo[[]node.LedgerRow](t, n, "ledger", node.LedgerArgs{}) {
			if row.Kind == "closed" {
				receipts++
			}
		}
		if receipts != len(holes) {
			t.Errorf("the ledger has %d receipts of %d holes", receipts, len(holes))
		}
	})
}

// TestNobodyHealsBesideWhoMends: the loop that heals leaves holes alone while somebody fills one, who would find it closed at
// the end, and while somebody repairs, who would land again what it lands again. The next turn heals what is left.
func TestNobodyHealsBesideWhoMends(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	all := many(60)
	f.put(all)
	f.with(func(n *node.Node) { mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{}) })
	f.lose(map[string]string{"comes": "3"})
	for id := range all {
		all[id] = "7"
	}
	f.put(all) // behind what was lost, in every shard
	f.with(func(n *node.Node) {
		mustDo[[]verify.Report](t, n, "verify", node.VerifyArgs{})
		open := func() []lake.Hole {
			t.Helper()
			return mustDo[[]lake.Hole](t, n, "holes", struct{}{})
		}
		holes := open()
		if len(holes) == 0 {
			t.Fatal("there is no hole")
		}
		looked := 0
		heal := func(node.Step) {
			looked++
			if err := n.Heal(t.Context()); err != nil {
				t.Error(err)
			}
		}
		err := n.Do(t.Context(), "repair", node.RepairArgs{}, nil, heal)
		if err != nil || looked == 0 || len(open()) != len(holes) {
			t.Errorf("a repair ends with %v after %d looks; open are %+v", err, looked, open())
		}
		looked = 0
		h := holes[0]
		whole := increment(t, "0210-whole", h.From.Add(-time.Second), h.To, exported("comes", "3", h.To))
		var done node.Backfilled
		err = n.Do(t.Context(), "backfill", node.BackfillArgs{Dataset: "things", Export: whole, Hole: h.ID}, &done, heal)
		if err != nil || done.Closed != h.ID || looked == 0 || len(open()) != len(holes)-1 {
			t.Errorf("got %+v after %d looks, %v; open are %+v", done, looked, err, open())
		}
		if heal(node.Step{}); len(open()) != 0 {
			t.Errorf("after it these are open: %+v", open())
		}
	})
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// TestTheStepsOfAnExportTellItsEnd: what is read is told with how much there is, from which the time that is left follows.
func TestTheStepsOfAnExportTellItsEnd(t *testing.T) {
	t.Parallel()
	f := newThings(t, "int64")
	hour := time.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	var lines []string
	for id := range many(10_500) {
		lines = append(lines, fmt.Sprintf(`{"Item":{"id":{"S":%q},"n":{"N":"1"}}}`, id))
	}
	lines = append(lines, `{"Item":{"id":{"S":"tarn_heartbeat#7"},"tarn_heartbeat":{"N":"1795132800000"}}}`) // is read, and lands nowhere
	dir := writeExport(t, "0300-long", fmt.Sprintf(`"exportTime":%q,"exportType":"FULL_EXPORT"`, hour.Format(time.RFC3339)), lines...)
	f.with(func(n *node.Node) {
		var steps []node.Step
		err := n.Do(t.Context(), "backfill", node.BackfillArgs{Dataset: "things", Export: dir}, nil, func(s node.Step) {
			if s.What == "records read" {
				steps = append(steps, s)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range steps {
			if s.Total != 10_501 || i > 0 && s.Done < steps[i-1].Done {
				t.Errorf("step %d: got %+v", i, s)
			}
		}
		if len(steps) < 2 || steps[0].Done >= 10_501 || steps[len(steps)-1].Done != 10_501 {
			t.Errorf("got %+v", steps)
		}
		got := mustDo[node.Table](t, n, "sql", node.SQLArgs{SQL: "SELECT count(*) AS n FROM things"})
		if text := strings.Join(strings.Fields(string(got.JSON)), ""); !strings.Contains(text, "[[10500]]") {
			t.Errorf("got %s", text)
		}
	})
}
