package embedded_test

import (
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/processors/stream"
)

var (
	_ ingest.Store = (*embedded.Store)(nil)
	_ stream.Feed  = (*embedded.Store)(nil)
)

// open returns a store with the suite's tables in a folder of the test's.
func open(t testing.TB, opts embedded.Options) *embedded.Store {
	t.Helper()
	return reopen(t, t.TempDir(), opts)
}

func reopen(t testing.TB, dir string, opts embedded.Options) *embedded.Store {
	t.Helper()
	s, err := embedded.Open(dir, storetest.Tables(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) ingest.Store { return open(t, embedded.Options{}) })
}
