package schemas_test

import (
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// TestOnlySomeDatasets: what is left out is nowhere, and what is left is what it was.
func TestOnlySomeDatasets(t *testing.T) {
	t.Parallel()
	all, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"passes", "applicants"} {
		only, err := all.Only([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		if len(only.Datasets()) != 1 || only.Datasets()[0].Name != name || only.Daily(name) != all.Daily(name) || len(only.CodeLists()) != len(all.CodeLists()) {
			t.Errorf("%s: %v", name, only.Datasets())
		}
		tiles := 0
		for _, page := range only.Dashboards() {
			for _, tile := range page.Tiles {
				tiles++
				if _, d, ok := all.Metric(tile.Metric); !ok || d.Name != name {
					t.Errorf("%s: the tile %s shows %s", name, tile.ID, tile.Metric)
				}
			}
			if len(page.Tiles) == 0 {
				t.Errorf("%s: the page %s is empty", name, page.Name)
			}
		}
		want := 0
		for _, page := range all.Dashboards() {
			for _, tile := range page.Tiles {
				if _, d, _ := all.Metric(tile.Metric); d != nil && d.Name == name {
					want++
				}
			}
		}
		if tiles != want {
			t.Errorf("%s: %d tiles, want %d", name, tiles, want)
		}
	}
	if _, err := all.Only([]string{"passes", "ferries", "trams"}); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), `"ferries", "trams"; there are applicants, passes`) {
		t.Errorf("got %v", err)
	}
}
