package baseline_test

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/bench/baseline"
	"github.com/tarn-lake/tarn/internal/bench/synthetic"
)

const lane = "label/shard-1"

func rows(tb testing.TB, file []byte) []baseline.Row {
	tb.Helper()
	all, err := parquet.Read[baseline.Row](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		tb.Fatal(err)
	}
	slices.SortFunc(all, func(a, b baseline.Row) int { return cmp.Or(cmp.Compare(a.Seq, b.Seq), cmp.Compare(a.Op, b.Op)) })
	return all
}

// TestSameRowsAsOurs holds every baseline's rows against ours, in order and shuffled.
func TestSameRowsAsOurs(t *testing.T) {
	t.Parallel()
	regions, err := baseline.NewRegions()
	if err != nil {
		t.Fatal(err)
	}
	ours, err := baseline.NewOurs()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	duck, err := baseline.NewDuck(t.Context(), 1, "1GB", dir)
	if err != nil {
		t.Fatal(err)
	}
	defer duck.Close()
	typed := &baseline.Typed{Regions: regions}
	for name, shuffled := range map[string]bool{"ordered": false, "shuffled": true} {
		stream, err := synthetic.New(synthetic.Options{Seed: 3, Shuffled: shuffled})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // again, with memory that is used again
			body := stream.Event(nil, 1500)
			file, err := ours.Parquet(body, lane)
			if err != nil {
				t.Fatal(err)
			}
			want := rows(t, file)
			if len(want) <= 1500 {
				t.Errorf("%s: got %d rows; a moved record should give two", name, len(want))
			}
			for what, do := range map[string]func() ([]byte, error){
				"naive": func() ([]byte, error) { return baseline.Naive{Regions: regions}.Parquet(body, lane) },
				"typed": func() ([]byte, error) { return typed.Parquet(body, lane) },
				"duck": func() ([]byte, error) {
					in, out := filepath.Join(dir, "events.json"), filepath.Join(dir, "rows.parquet")
					lines, err := baseline.Lines(body)
					if err != nil {
						return nil, err
					}
					if err := os.WriteFile(in, lines, 0o644); err != nil {
						return nil, err
					}
					if err := duck.Parquet(t.Context(), in, out, lane); err != nil {
						return nil, err
					}
					return os.ReadFile(out)
				},
			} {
				got, err := do()
				if err != nil {
					t.Fatalf("%s, %s: %v", name, what, err)
				}
				if diff := gocmp.Diff(want, rows(t, got)); diff != "" {
					t.Errorf("%s, %s: ours -, theirs +: %.2000s", name, what, diff)
				}
			}
		}
	}
}
