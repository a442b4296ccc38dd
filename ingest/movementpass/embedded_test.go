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

func TestManyApplyAtOnceOnTheEmbeddedStore(t *testing.T) {
	t.Parallel()
	const many = 40
	w := newWorld(t, schemas.Lenient, openStore(t))
	auth := []string{"Authorization", "Bearer " + w.join(phone)}
	answers := make(chan answer, many)
	for range many {
		go func() { answers <- w.do("POST", "/passes", application(""), auth...) }()
	}
	id := ""
	for range many {
		if got := <-answers; got.status != 201 {
			t.Errorf("%d %s", got.status, got.body)
		} else {
			id = got.json(t)["id"].(string)
		}
	}
	got := w.want(200, "GET", "/passes/"+id, "", auth...).json(t)["applicant"].(map[string]any)
	if got["appliedCount"] != float64(many) {
		t.Errorf("appliedCount %v", got["appliedCount"])
	}
}
