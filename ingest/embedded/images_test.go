package embedded_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/record"
)

// TestImagesAreTheItemsOfAScan compares both ways of reading a table, of which items were written, changed and removed,
// some of them so long ago that their feed records are gone.
func TestImagesAreTheItemsOfAScan(t *testing.T) {
	t.Parallel()
	s := openBench(t)
	put := func(id int, name string) {
		item := record.Item{"id": record.String(fmt.Sprintf("applicant-%08d", id)), "name": record.String(name)}
		if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Put, Table: "applicants", Item: item}); err != nil {
			t.Fatal(err)
		}
	}
	benchApplicants(t, s, 300)
	for i := range 50 {
		put(i, "changed")
	}
	if _, err := s.Trim(t.Context(), time.Now().Add(48*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for i := 40; i < 80; i++ {
		put(i, "changed again")
	}
	key := ingest.Key{Partition: record.String("applicant-00000007")}
	if err := s.Write(t.Context(), ingest.Action{Kind: ingest.Delete, Table: "applicants", Key: key}); err != nil {
		t.Fatal(err)
	}
	page, err := s.Scan(t.Context(), ingest.Scan{Table: "applicants", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, item := range page.Items {
		want = append(want, string(record.AppendItem(nil, item)))
	}
	err = s.Images(t.Context(), "applicants", func(image []byte) error {
		got = append(got, string(image))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" || len(want) != 299 {
		t.Errorf("%d of %d: %s", len(got), len(want), diff)
	}
}
