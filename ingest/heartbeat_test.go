package ingest_test

import (
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
)

// TestHeartbeatsAreNoRecords: what keeps a quiet stream alive stands beside the records, and nobody is shown it.
func TestHeartbeatsAreNoRecords(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	d, _ := registry(t).Dataset("passes")
	name := record.HeartbeatKey + "0"
	beat := record.Item{d.Key.Partition: record.String(name), record.Heartbeat: record.Sent(time.Now())}
	if err := w.store.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: d.Table, Item: beat}); err != nil {
		t.Fatal(err)
	}
	key := ingest.Key{Partition: record.String(name)}
	if _, err := w.store.Get(t.Context(), d.Table, key); err != nil {
		t.Fatal(err)
	}
	ctx := viewer.With(t.Context(), viewer.System())
	if page, err := w.service.List(ctx, "passes", ingest.Listing{Partition: name}); err != nil || len(page.Records) != 0 {
		t.Errorf("the list has %+v, %v", page.Records, err)
	}
	if r, err := w.service.Read(ctx, "passes", key); !fault.Is(err, fault.NotFound) {
		t.Errorf("read a heartbeat: %+v, %v", r, err)
	}
}
