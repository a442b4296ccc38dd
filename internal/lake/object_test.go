package lake_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

func mustSeq(tb testing.TB, text string) lake.Seq {
	tb.Helper()
	s, err := lake.ParseSeq(text)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func sample(tb testing.TB) *lake.Landed {
	tb.Helper()
	return &lake.Landed{
		LandedName: lake.LandedName{Stream: "passes", Lane: "2026-11-20T00:00:00.000/shard-1", First: mustSeq(tb, "7"), Last: mustSeq(tb, "9"), Version: lake.LandedVersion},
		After:      mustSeq(tb, "6"), Records: 3, Bad: 1, Expired: 1,
		Through:  time.Date(2026, 11, 20, 4, 5, 6, 789_000_000, time.UTC),
		Sections: []lake.Section{{Dataset: "passes", Rows: 2, Body: []byte("PAR1 rows PAR1")}, {Dataset: "quarantine", Rows: 1, Body: []byte("PAR1 bad PAR1")}},
	}
}

func TestLandedObjectReadsBack(t *testing.T) {
	t.Parallel()
	first := sample(t)
	first.After, first.Begin, first.Sections, first.Through = "", true, nil, time.Time{}
	for _, c := range []struct {
		name string
		want *lake.Landed
	}{
		{"two sections", sample(t)},
		{"no section, a shard's beginning", first},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body := lake.AppendLanded(nil, c.want)
			got, err := lake.ParseLanded(c.want.LandedName, body)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if !bytes.Equal(body, lake.AppendLanded(nil, got)) {
				t.Error("the same object has other bytes the second time")
			}
			prefix := lake.AppendLanded([]byte("before"), c.want)
			if !bytes.Equal(prefix, append([]byte("before"), body...)) {
				t.Error("what stands before the object changes its bytes")
			}
		})
	}
}

func TestLandedObjectRefusals(t *testing.T) {
	t.Parallel()
	l := sample(t)
	body := lake.AppendLanded(nil, l)
	other := l.LandedName
	other.Lane = "elsewhere"
	newer := bytes.Clone(body)
	binary.LittleEndian.PutUint32(newer[len(newer)-12:], 2)
	unsorted := sample(t)
	unsorted.Sections[0], unsorted.Sections[1] = unsorted.Sections[1], unsorted.Sections[0]
	for _, c := range []struct {
		name string
		at   lake.LandedName
		body []byte
	}{
		{"empty", l.LandedName, nil},
		{"cut short", l.LandedName, body[:len(body)-1]},
		{"only the tail", l.LandedName, body[len(body)-20:]},
		{"another's name", other, body},
		{"a newer format", l.LandedName, newer},
		{"sections out of order", l.LandedName, lake.AppendLanded(nil, unsorted)},
		{"bytes behind it", l.LandedName, append(bytes.Clone(body), ' ')},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if _, err := lake.ParseLanded(c.at, c.body); !fault.Is(err, fault.Invalid) {
				t.Errorf("got %v, want an invalid fault", err)
			}
		})
	}
}

func TestLandedObjectNoticesEveryFlippedBit(t *testing.T) {
	t.Parallel()
	l := sample(t)
	body := lake.AppendLanded(nil, l)
	for i := range body {
		damaged := bytes.Clone(body)
		damaged[i] ^= 0x10
		if _, err := lake.ParseLanded(l.LandedName, damaged); !fault.Is(err, fault.Invalid) {
			t.Errorf("byte %d flipped: got %v, want an invalid fault", i, err)
		}
	}
}

func FuzzParseLanded(f *testing.F) {
	l := sample(f)
	f.Add(lake.AppendLanded(nil, l))
	f.Add(lake.AppendLanded(nil, &lake.Landed{LandedName: l.LandedName}))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := lake.ParseLanded(l.LandedName, body)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("got %v, want an invalid fault", err)
			}
			return
		}
		again, err := lake.ParseLanded(l.LandedName, lake.AppendLanded(nil, got))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, again); diff != "" {
			t.Error(diff)
		}
	})
}
