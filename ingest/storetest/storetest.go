// Package storetest is what every ingest.Store must do, and every change feed over one.
package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// Stream is the change stream of the table "passes".
const Stream = "passes"

// Tables returns the tables that a store under test must have.
func Tables() []ingest.Table {
	text := func(partition, sort string) ingest.TableKey {
		return ingest.TableKey{Partition: partition, PartitionKind: record.S, Sort: sort, SortKind: record.S}
	}
	return []ingest.Table{
		{
			Name: "passes", Stream: Stream, TTL: "expires",
			Key: ingest.TableKey{Partition: "id", PartitionKind: record.S},
			Indexes: []ingest.TableIndex{
				{Name: "byApplicant", Key: text("applicant", "start")},
				{Name: "byScore", Key: ingest.TableKey{Partition: "applicant", PartitionKind: record.S, Sort: "score", SortKind: record.N}},
				{Name: "byStatus", Key: ingest.TableKey{Partition: "status", PartitionKind: record.S}},
			},
		},
		{Name: "counters", Key: ingest.TableKey{Partition: "area", PartitionKind: record.S, Sort: "day", SortKind: record.N}},
		{Name: "blobs", Key: ingest.TableKey{Partition: "hash", PartitionKind: record.B, Sort: "part", SortKind: record.B}},
	}
}

// Run holds a store against the contract of ingest.Store. Open returns an empty store with Tables, which it closes by
// the test's Cleanup.
func Run(t *testing.T, open func(testing.TB) ingest.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, ingest.Store)
	}{
		{"what is put is got", putIsGot},
		{"a put replaces the whole item", putReplaces},
		{"conditions hold or refuse", conditions},
		{"a refusal names the action and shows the item", refusalShows},
		{"a transaction is all or nothing, over tables", allOrNothing},
		{"no item stands in two actions", itemTwice},
		{"an update sets, unsets, adds and creates", updates},
		{"what an update may not do", badUpdates},
		{"a delete of nothing is no error", deletes},
		{"keys are checked", keys},
		{"limits", limits},
		{"unknown tables and indexes", unknown},
		{"a done context", doneContext},
		{"counters lose nothing", counters},
		{"only one of many creates", oneCreates},
		{"sort keys order a partition", sortOrder},
		{"numbers are ordered by size", numberOrder},
		{"bytes are ordered as bytes", byteOrder},
		{"an index is paged in both directions", indexPages},
		{"items of equal index keys are all found", indexTies},
		{"an index holds only items with its attributes", sparseIndex},
		{"an index follows its items", indexFollows},
		{"a scan sees every item once", scans},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, open(t))
		})
	}
}

// Short forms for the tests.
type (
	item  = record.Item
	value = record.Value
)

func str(s string) value { return record.String(s) }

func num(s string) value { return record.Number(s) }

func key(id string) ingest.Key { return ingest.Key{Partition: str(id)} }

func put(id string, attrs item, conds ...ingest.Condition) ingest.Action {
	all := item{"id": str(id)}
	for name, v := range attrs {
		all[name] = v
	}
	return ingest.Action{Kind: ingest.Put, Table: "passes", Item: all, If: conds}
}

func update(id string, conds ...ingest.Condition) ingest.Action {
	return ingest.Action{Kind: ingest.Update, Table: "passes", Key: key(id), If: conds}
}

func remove(id string, conds ...ingest.Condition) ingest.Action {
	return ingest.Action{Kind: ingest.Delete, Table: "passes", Key: key(id), If: conds}
}

func check(id string, conds ...ingest.Condition) ingest.Action {
	return ingest.Action{Kind: ingest.Check, Table: "passes", Key: key(id), If: conds}
}

func exists(attr string) ingest.Condition {
	return ingest.Condition{Test: ingest.Exists, Attribute: attr}
}

func missing(attr string) ingest.Condition {
	return ingest.Condition{Test: ingest.Missing, Attribute: attr}
}

func equal(attr string, v value) ingest.Condition {
	return ingest.Condition{Test: ingest.Equal, Attribute: attr, Value: v}
}

func mustWrite(t testing.TB, s ingest.Store, actions ...ingest.Action) {
	t.Helper()
	if err := s.Write(context.Background(), actions...); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func wantKind(t testing.TB, err error, want fault.Kind) {
	t.Helper()
	if !fault.Is(err, want) {
		t.Errorf("got the error %v of kind %s, want kind %s", err, fault.Of(err), want)
	}
}

// wantRefused holds an error against the ConditionError that it must carry.
func wantRefused(t testing.TB, err error, action int, found item) {
	t.Helper()
	wantKind(t, err, fault.Conflict)
	var refused *ingest.ConditionError
	if !errors.As(err, &refused) {
		t.Errorf("no ConditionError in %v", err)
		return
	}
	if refused.Action != action || !refused.Item.Equal(found) || (refused.Item == nil) != (found == nil) {
		t.Errorf("refused action %d on %v, want action %d on %v", refused.Action, refused.Item, action, found)
	}
}

// wantItem holds a pass against what it must be; nil: it must not be there.
func wantItem(t testing.TB, s ingest.Store, id string, want item) {
	t.Helper()
	got, err := s.Get(context.Background(), "passes", key(id))
	if want == nil {
		wantKind(t, err, fault.NotFound)
		return
	}
	if err != nil {
		t.Errorf("get %s: %v", id, err)
		return
	}
	want = want.Clone()
	want["id"] = str(id)
	if !got.Equal(want) {
		t.Errorf("item %s (-want +got):\n%s", id, cmp.Diff(want, got))
	}
}
