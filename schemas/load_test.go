package schemas_test

import (
	"testing"

	"github.com/tarn-lake/tarn/schemas"
)

func TestEmbeddedFilesLoad(t *testing.T) {
	t.Parallel()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"applicants", "passes"} {
		d, ok := registry.Dataset(name)
		if !ok {
			t.Fatalf("no dataset %s", name)
		}
		if d.Domain != "movement-pass" || d.Zone.String() != "Asia/Dhaka" {
			t.Errorf("%s: domain %s, zone %s", name, d.Domain, d.Zone)
		}
		if got, want := len(d.Region.Values), 9; got != want {
			t.Errorf("%s has regions %v, want %d", name, d.Region.Values, want)
		}
	}
}
