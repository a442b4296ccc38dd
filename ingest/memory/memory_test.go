package memory_test

import (
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/memory"
	"github.com/tarn-lake/tarn/ingest/storetest"
)

var _ ingest.Store = (*memory.Store)(nil)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(testing.TB) ingest.Store { return memory.NewStore(storetest.Tables()...) })
}
