package lake_test

import (
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

func TestLandedNames(t *testing.T) {
	t.Parallel()
	zero, nine := strings.Repeat("0", 40), strings.Repeat("0", 39)+"9"
	for _, c := range []struct {
		name, key string
		want      lake.LandedName // zero: refused
	}{
		{"a shard's", "landing/passes/label/shard-1/" + zero + "-" + nine + "-v1",
			lake.LandedName{Stream: "passes", Lane: "label/shard-1", First: lake.Seq(zero), Last: lake.Seq(nine), Version: 1}},
		{"a load's", "landing/flights/load/" + nine + "-" + nine + "-v12",
			lake.LandedName{Stream: "flights", Lane: "load", First: lake.Seq(nine), Last: lake.Seq(nine), Version: 12}},
		{name: "no lane", key: "landing/passes/" + zero + "-" + nine + "-v1"},
		{name: "another folder", key: "archive/passes/label/" + zero + "-" + nine + "-v1"},
		{name: "a relative segment", key: "landing/passes/../" + zero + "-" + nine + "-v1"},
		{name: "an empty segment", key: "landing/passes//" + zero + "-" + nine + "-v1"},
		{name: "short numbers", key: "landing/passes/label/1-2-v1"},
		{name: "backwards", key: "landing/passes/label/" + nine + "-" + zero + "-v1"},
		{name: "no format", key: "landing/passes/label/" + zero + "-" + nine},
		{name: "format zero", key: "landing/passes/label/" + zero + "-" + nine + "-v0"},
		{name: "a padded format", key: "landing/passes/label/" + zero + "-" + nine + "-v01"},
		{name: "a suffix", key: "landing/passes/label/" + zero + "-" + nine + "-v1.parquet"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := lake.ParseLandedName(c.key)
			if c.want == (lake.LandedName{}) {
				if !fault.Is(err, fault.Invalid) {
					t.Fatalf("got %v, want an invalid fault", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got != c.want || got.Key() != c.key {
				t.Errorf("got %+v with key %s, want %+v", got, got.Key(), c.want)
			}
		})
	}
}

func FuzzParseLandedName(f *testing.F) {
	f.Add("landing/passes/label/shard/" + strings.Repeat("0", 40) + "-" + strings.Repeat("9", 40) + "-v1")
	f.Fuzz(func(t *testing.T, key string) {
		n, err := lake.ParseLandedName(key)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want an invalid fault", err)
			}
			return
		}
		if got := n.Key(); got != key {
			t.Errorf("got %q, want %q", got, key)
		}
	})
}

func TestSeqNeighbours(t *testing.T) {
	t.Parallel()
	zero, top := lake.Seq(strings.Repeat("0", 40)), lake.Seq(strings.Repeat("9", 40))
	for _, c := range []struct {
		name       string
		seq        lake.Seq
		next, prev lake.Seq
	}{
		{"a carry", mustSeq(t, "1999"), mustSeq(t, "2000"), mustSeq(t, "1998")},
		{"a borrow", mustSeq(t, "2000"), mustSeq(t, "2001"), mustSeq(t, "1999")},
		{"the first", zero, mustSeq(t, "1"), zero},
		{"the last", top, top, lake.Seq(strings.Repeat("9", 39) + "8")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.seq.Next(); got != c.next {
				t.Errorf("next: got %s, want %s", got, c.next)
			}
			if got := c.seq.Before(); got != c.prev {
				t.Errorf("previous: got %s, want %s", got, c.prev)
			}
		})
	}
	if got := lake.Seq("").Next(); got != zero {
		t.Errorf("next of none: got %s, want %s", got, zero)
	}
}

func FuzzParseSeq(f *testing.F) {
	f.Add("0")
	f.Add("123456789012345678901")
	f.Add(strings.Repeat("9", 41))
	f.Fuzz(func(t *testing.T, text string) {
		s, err := lake.ParseSeq(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || s != "" {
				t.Fatalf("got %q, %v, want an invalid fault", s, err)
			}
			return
		}
		if !s.Valid() {
			t.Fatalf("%q is not valid", s)
		}
		if want := strings.TrimLeft(text, "0"); want != "" && s.Short() != want {
			t.Errorf("got %q, want %q", s.Short(), want)
		}
		if n := s.Next(); n != s && (n.Before() != s || n < s) {
			t.Errorf("the number before %s is %s, want %s", n, n.Before(), s)
		}
	})
}
