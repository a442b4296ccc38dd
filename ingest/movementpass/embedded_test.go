package movementpass_test

import (
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/schemas"
)

// openStore returns the store that `tarn up` uses.
func openStore(tb testing.TB) ingest.Store {
	tb.Helper()
	store, err := embedded.Open(tb.TempDir(), ingest.Tables(registry(tb)), embedded.Options{MinFree: -1})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := store.Close(); err != nil {
			tb.Error(err)
		}
	})
	return store
}

func TestLoadClientOnTheEmbeddedStore(t *testing.T) {
	t.Parallel()
	loadClient(t, newWorld(t, schemas.Lenient, openStore(t)), "/v1")
}
