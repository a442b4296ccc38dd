package lake_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/lake"
)

func TestBeyond(t *testing.T) {
	t.Parallel()
	at := func(n int) time.Time { return time.Unix(int64(n), 0).UTC() }
	seq := func(n string) lake.Seq { s, _ := lake.ParseSeq(n); return s }
	history := lake.Watermarks{
		"label/1": {Seq: seq("10"), At: at(10), Ahead: seq("30")},
		"label/2": {Seq: seq("50"), At: at(50)},
		"load/x":  {Seq: seq("1"), At: at(1), Done: true},
	}
	beats := lake.Watermarks{
		"s/label/1":     {Seq: seq("20"), At: at(20)},
		"s/label/2":     {Seq: seq("40"), At: at(40), Done: true}, // the history is further, and knows better
		"s/label/3":     {Seq: seq("60"), At: at(60)},
		"other/label/1": {Seq: seq("99"), At: at(99)},
		"s/repair/1":    {Seq: seq("99"), At: at(99)},
	}
	want := lake.Watermarks{
		"label/1": {Seq: seq("20"), At: at(20), Ahead: seq("30")},
		"label/2": {Seq: seq("50"), At: at(50)},
		"label/3": {Seq: seq("60"), At: at(60)},
		"load/x":  {Seq: seq("1"), At: at(1), Done: true},
	}
	got := history.Beyond(beats, "s")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if to, open := got.CompleteTo(); !open || !to.Equal(at(20)) {
		t.Errorf("got %v, %v", to, open)
	}
}
