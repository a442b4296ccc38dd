package node_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/processors/heartbeat"
	"github.com/tarn-lake/tarn/schemas"
)

// TestHeartbeatsHaveTheKeysOfTheStore: what writes heartbeats does not link the store of the records, and still knows its
// tables as the store does.
func TestHeartbeatsHaveTheKeysOfTheStore(t *testing.T) {
	t.Parallel()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	var want []heartbeat.Table
	for _, x := range ingest.Tables(registry) {
		if x.Stream != "" {
			want = append(want, heartbeat.Table{Name: x.Name, Stream: x.Stream, Key: heartbeat.Key(x.Key)})
		}
	}
	if diff := cmp.Diff(want, heartbeat.Tables(registry)); diff != "" || len(want) == 0 {
		t.Error(diff)
	}
}
