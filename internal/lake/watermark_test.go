package lake_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

func TestWatermarksMoveForwardOnly(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	have := lake.Watermarks{"a/1": {Seq: mustSeq(t, "5"), At: noon}, "a/2": {Seq: mustSeq(t, "9"), At: noon, Done: true}}
	for _, c := range []struct {
		name string
		next lake.Watermarks
		want lake.Seq // of a/1; empty: refused
	}{
		{"forward", lake.Watermarks{"a/1": {Seq: mustSeq(t, "6"), At: noon}}, mustSeq(t, "6")},
		{"the same again", lake.Watermarks{"a/1": {Seq: mustSeq(t, "5"), At: noon}}, mustSeq(t, "5")},
		{"another lane", lake.Watermarks{"b/1": {Seq: mustSeq(t, "1"), At: noon}}, mustSeq(t, "5")},
		{"back", lake.Watermarks{"a/1": {Seq: mustSeq(t, "4"), At: noon}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := have.Forward(c.next)
			if c.want == "" {
				if !fault.Is(err, fault.Conflict) {
					t.Fatalf("got %v, want a conflict", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got["a/1"].Seq != c.want || !got["a/2"].Done {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestWatermarksText(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 20, 12, 0, 0, 1000, time.UTC)
	marks := lake.Watermarks{"b/2": {Seq: mustSeq(t, "10"), At: at}, "a/1": {Seq: mustSeq(t, "0"), At: at, Done: true}}
	text, err := json.Marshal(marks)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"a/1":{"s":"0","t":1795176000000001,"d":true},"b/2":{"s":"10","t":1795176000000001}}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	var got lake.Watermarks
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(marks, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzWatermarks(f *testing.F) {
	f.Add([]byte(`{"a/1":{"s":"0","t":1795176000000001,"d":true},"b/2":{"s":"10","t":1}}`))
	f.Add([]byte(`{"a":{"s":""}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var marks lake.Watermarks
		if json.Unmarshal(text, &marks) != nil {
			return
		}
		out, err := json.Marshal(marks)
		if err != nil {
			t.Fatal(err)
		}
		var again lake.Watermarks
		if err := json.Unmarshal(out, &again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(marks, again); diff != "" {
			t.Error(diff)
		}
	})
}
