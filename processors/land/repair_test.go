package land_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/schemas"
)

func mustRepair(t *testing.T, files land.Files, id string) *land.Rows {
	t.Helper()
	d, _ := mustRegistry(t).Dataset("passes")
	r, err := mustLander(t, files, land.Options{}).Repair(d, id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// identities returns the identities of a landed object's rows, by section.
func identities(t *testing.T, l *lake.Landed) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, s := range l.Sections {
		cols := schemas.QuarantineColumns()
		cols = append(cols[:3:3], cols[4:]...) // all but _commit
		if d, ok := mustRegistry(t).Dataset(s.Dataset); ok {
			cols = d.LandedColumns()
		}
		b := columns.New(cols)
		if err := columns.Read(bytes.NewReader(s.Body), int64(len(s.Body)), b); err != nil {
			t.Fatal(err)
		}
		for i := range b.Rows() {
			id := string(b.Leaf(schemas.ColShard).Value(i)) + " " + lake.Seq(b.Leaf(schemas.ColSeq).Value(i)).Short()
			all[s.Dataset] = append(all[s.Dataset], id)
		}
	}
	return all
}

// Rule 1.2: a repair's rows keep the identities of other lanes; its batches are numbered by a running number of its own.
func TestARepairKeepsIdentities(t *testing.T) {
	t.Parallel()
	files := &memory{}
	r := mustRepair(t, files, "2026-11-20.a")
	at := time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC)
	if err := r.Row().Text(r.Row().Field("id"), fmt.Sprintf("%032x", 1)); err != nil {
		t.Fatal(err)
	}
	seq, _ := lake.ParseSeq("77")
	if err := r.Add(decode.Identity{Op: record.Insert, Lane: "label/shard-3", Seq: seq, At: at}); err != nil {
		t.Fatal(err)
	}
	r.Park(land.Bad{Shard: "label/shard-4", Seq: seq, At: at, Reason: "no", Payload: []byte("{}")})
	if _, err := r.Event(body(5, 8), "label/shard-5"); err != nil { // the seventh is bad
		t.Fatal(err)
	}
	first, err := r.Land(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Event(body(8, 9), "label/shard-5"); err != nil {
		t.Fatal(err)
	}
	last, err := r.Land(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	object, err := lake.ParseLanded(first.LandedName, files.objects[first.Key()])
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"passes": {"label/shard-3 77", "label/shard-5 1005", "label/shard-5 1007"}, "quarantine": {"label/shard-4 77", "label/shard-5 1006"}}
	if diff := cmp.Diff(want, identities(t, object)); diff != "" {
		t.Errorf("identities (-want +got):\n%s", diff)
	}
	if first.Lane != "repair/2026-11-20.a" || first.First.Short() != "0" || first.Last.Short() != "4" || first.Records != 5 || first.Bad != 2 {
		t.Errorf("the first batch is %+v", first)
	}
	if last.After != first.Last || last.First.Short() != "5" || last.Last.Short() != "5" || !last.Final {
		t.Errorf("the last batch is %+v", last)
	}

	on := mustRepair(t, files, "2026-11-20.a")
	on.After(last.Last)
	if _, err := on.Event(body(9, 10), "label/shard-5"); err != nil {
		t.Fatal(err)
	}
	if next, err := on.Land(t.Context(), false); err != nil || next.First.Short() != "6" {
		t.Errorf("it goes on with %+v, %v", next, err)
	}
}

func TestARepairRefuses(t *testing.T) {
	t.Parallel()
	d, _ := mustRegistry(t).Dataset("passes")
	l := mustLander(t, &memory{}, land.Options{})
	for _, id := range []string{"", "..", "a/b", "a b"} {
		if _, err := l.Repair(d, id); !fault.Is(err, fault.Invalid) {
			t.Errorf("id %q: got %v", id, err)
		}
	}
	r := mustRepair(t, &memory{}, "a")
	seq, _ := lake.ParseSeq("1")
	if err := r.Row().Text(r.Row().Field("id"), fmt.Sprintf("%032x", 1)); err != nil {
		t.Fatal(err)
	}
	if err := r.Add(decode.Identity{Op: record.Insert, Seq: seq}); !fault.Is(err, fault.Invalid) {
		t.Errorf("a row without a shard: %v", err)
	}
	if _, err := r.Event(body(0, 1), ""); !fault.Is(err, fault.Invalid) {
		t.Errorf("an event without a shard: %v", err)
	}
	if _, err := r.Event([]byte(`{"Records":[{"dynamodb":{"StreamViewType":"KEYS_ONLY"}}]}`), "label/shard-1"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an event without images: %v", err)
	}
	if r.Records() != 0 {
		t.Errorf("%d records stayed", r.Records())
	}
	load, err := l.Rows(d, "load/abc")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load.Event(body(0, 1), "label/shard-1"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an event in a load: %v", err)
	}
}
