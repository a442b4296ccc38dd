package verify_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/memory"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/processors/verify"
)

func micros(tb testing.TB, at string) string {
	tb.Helper()
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		tb.Fatal(err)
	}
	return fmt.Sprint(t.UnixMicro())
}

// member is a member of a shop who was born on a day and joined at an instant.
func member(id, born, joined string) record.Item {
	return record.Item{"id": record.String(id), "name": record.String("n"), "shop": record.String("north"), "born": record.String(born), "joined": record.String(joined)}
}

// club returns a store and a lake with the same members, whose rows are of many instants: m3 was born at the turn of a band.
func club(tb testing.TB, n int) (*memory.Store, *lake) {
	tb.Helper()
	s, l := mustStore(tb, "shop_members"), &lake{rows: map[string]map[string]string{}}
	for i := range n {
		id, born := fmt.Sprintf("m%d", i), fmt.Sprintf("%d-05-17", 1950+i%70)
		mustPut(tb, s, "shop_members", member(id, born, "2020-03-01T00:00:00Z"))
		at := time.Date(2021+i%4, 5, 16+i%3, 0, 0, 0, 0, time.UTC).UnixMicro()
		l.rows[id] = map[string]string{
			"id": id, "name": "n", "shop": "north", verify.RegionField: "north", "_at": fmt.Sprint(at),
			"born": verify.Age(born, []int{18, 65}, at), "joined": "1-9",
		}
	}
	l.rows["m3"]["born"], l.rows["m3"]["_at"] = "65+", micros(tb, "2018-05-17T00:00:00Z") // born in 1953
	l.rows["m3"]["joined"] = "<1"
	return s, l
}

func mustClub(tb testing.TB, s verify.Source, l verify.Lake, o verify.Options) verify.Report {
	tb.Helper()
	return mustCompare(tb, dataset(tb, "members"), s, l, o)
}

// TestAgeBandsOfStateAreCompared: bands are reckoned to the instants of the lake's own rows, whichever these are, and any other is
// a difference.
func TestAgeBandsOfStateAreCompared(t *testing.T) {
	t.Parallel()
	other := func(field, store, lake string) []verify.Difference {
		return []verify.Difference{{Key: "m3", What: "different", Field: field, Store: store, Lake: lake}}
	}
	set := func(field, text string) func(*testing.T, *lake) {
		return func(_ *testing.T, l *lake) { l.rows["m3"][field] = text }
	}
	for _, c := range []struct {
		name   string
		change func(t *testing.T, l *lake)
		want   []verify.Difference
	}{
		{"the same", func(*testing.T, *lake) {}, nil},
		{"a row written later, in the same bands", func(t *testing.T, l *lake) { set("_at", micros(t, "2018-12-31T23:59:59Z"))(t, l) }, nil},
		{"a row written later, in other bands", func(t *testing.T, l *lake) {
			set("_at", micros(t, "2030-03-01T00:00:00Z"))(t, l)
			set("joined", "10+")(t, l)
		}, nil},
		{"a band by hand", set("born", "18-64"), other("born", "65+", "18-64")},
		{"a band of a time by hand", set("joined", "10+"), other("joined", "<1", "10+")},
		{"no band", func(_ *testing.T, l *lake) { delete(l.rows["m3"], "born") }, other("born", "65+", "")},
		{"a birth", set("born", "1953-05-17"), other("born", "65+", "1953-05-17")},
		{"the row is older than its band", func(t *testing.T, l *lake) { set("_at", micros(t, "2018-05-16T23:59:59Z"))(t, l) }, other("born", "18-64", "65+")},
		{"another field", set("name", "o"), other("name", "n", "o")},
		{"another region", set(verify.RegionField, "south"), other(verify.RegionField, "north", "south")},
		{"missing", func(_ *testing.T, l *lake) { delete(l.rows, "m3") }, []verify.Difference{{Key: "m3", What: "missing"}}},
		{"extra", func(_ *testing.T, l *lake) { l.rows["x"] = maps.Clone(l.rows["m3"]) }, []verify.Difference{{Key: "x", What: "extra"}}},
		{"doubled", func(_ *testing.T, l *lake) { l.twice = map[string]int{"m3": 1} }, []verify.Difference{{Key: "m3", What: "doubled"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s, l := club(t, 1200)
			c.change(t, l)
			for _, parts := range []int64{0, 10_000_000} {
				l.parts = parts
				r := mustClub(t, s, l, verify.Options{Dir: t.TempDir()})
				if diff := cmp.Diff(c.want, r.Differences, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(verify.Difference{}, "Record")); diff != "" {
					t.Errorf("%s, again %d", diff, r.Again)
				}
				if same := r.StoreSum == r.LakeSum; same != (len(c.want) == 0) || len(r.Skipped) != 0 || r.Again > 1 {
					t.Errorf("got %+v", r)
				}
			}
		})
	}
}

// TestMissingBirths: a record without a birth has no band, on either side.
func TestMissingBirths(t *testing.T) {
	t.Parallel()
	s, l := club(t, 5)
	item := member("m3", "", "")
	item["born"] = record.Value{Kind: record.NULL}
	delete(item, "joined")
	mustPut(t, s, "shop_members", item)
	if r := mustClub(t, s, l, verify.Options{}); r.Different != 1 || r.Differences[0].Lake != "65+" {
		t.Errorf("got %+v", r)
	}
	delete(l.rows["m3"], "born")
	delete(l.rows["m3"], "joined")
	if r := mustClub(t, s, l, verify.Options{}); !r.Clean() || r.StoreSum != r.LakeSum {
		t.Errorf("got %+v", r)
	}
}

// TestBirthsThatChangeMeanwhile: the record that the store had is in the lake as a change that came in between, with bands of its
// own instant, or it differs.
func TestBirthsThatChangeMeanwhile(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		s, l := club(t, 6)
		years := []int{1990, 2010, 2015, 1940, 1980, 2012}
		put := func(round int, lose bool) {
			year := years[round]
			mustPut(t, s, "shop_members", member("m3", fmt.Sprintf("%d-01-01", year), "2020-03-01T00:00:00Z"))
			at := micros(t, fmt.Sprintf("2026-01-0%dT00:00:00Z", round+1))
			row := maps.Clone(l.rows["m3"])
			row["_at"], row["joined"] = at, "1-9"
			row["born"] = map[bool]string{true: "<18", false: "18-64"}[year > 2008]
			if year == 1940 {
				row["born"] = "65+"
			}
			if lose {
				row["born"] = "lost"
			}
			l.set("m3", row)
		}
		look := 0
		l.AwaitFunc = func(round int) error {
			look = round
			put(round, false)
			return nil
		}
		src := restless{s, func(key ingest.Key) {
			if key.Partition.Text == "m3" {
				put(look+2, lost)
			}
		}}
		r := mustClub(t, src, l, verify.Options{})
		if r.Clean() == lost || lost && (r.Different != 1 || r.Differences[0].Field != "born") {
			t.Errorf("lost %t: got %+v", lost, r)
		}
	}
}

// TestBandsOfWhatIsHeldBack: the lake has to show the bands of the record before a change that is held back.
func TestBandsOfWhatIsHeldBack(t *testing.T) {
	t.Parallel()
	s, l := club(t, 6)
	good, bad := member("m3", "1953-05-17", "2020-03-01T00:00:00Z"), member("m3", "long ago", "2020-03-01T00:00:00Z")
	mustPut(t, s, "shop_members", bad)
	w := event(1, "MODIFY", image(good), image(bad))
	w.Payload = []byte(strings.Replace(string(w.Payload), `{"customer":{"S":"c"},"id":{"N":"5"}}`, `{"id":{"S":"m3"}}`, 1))
	held := &withholding{l, []verify.Withheld{w}}
	if r := mustClub(t, s, held, verify.Options{}); !r.Clean() || r.Quarantined != 1 {
		t.Errorf("got %+v", r)
	}
	l.rows["m3"]["born"] = "18-64"
	r := mustClub(t, s, held, verify.Options{})
	want := []verify.Difference{{Key: "m3", What: "different", Field: "born", Store: "65+", Lake: "18-64"}}
	if diff := cmp.Diff(want, r.Differences, cmpopts.IgnoreFields(verify.Difference{}, "Record", "Held")); diff != "" {
		t.Error(diff)
	}
}

// TestBandsOfOneRegion: a comparison of one region compares its bands, and no others.
func TestBandsOfOneRegion(t *testing.T) {
	t.Parallel()
	s, l := club(t, 20)
	south := member("m4", "1954-05-17", "2020-03-01T00:00:00Z")
	south["shop"] = record.String("south")
	mustPut(t, s, "shop_members", south)
	l.rows["m4"]["shop"], l.rows["m4"][verify.RegionField], l.rows["m4"]["born"] = "south", "south", "<18"
	if r := mustClub(t, s, l, verify.Options{Region: "north"}); !r.Clean() || r.Store != 19 || r.StoreSum != r.LakeSum {
		t.Errorf("got %+v", r)
	}
	if r := mustClub(t, s, l, verify.Options{Region: "south"}); r.Different != 1 || r.Store != 1 {
		t.Errorf("got %+v", r)
	}
	l.awaits = 0
	l.AwaitFunc = func(round int) error {
		if round != 1 {
			return nil
		}
		moves := member("m5", "1955-05-17", "2020-03-01T00:00:00Z")
		moves["shop"] = record.String("south")
		mustPut(t, s, "shop_members", moves)
		row := maps.Clone(l.rows["m5"])
		row["shop"], row[verify.RegionField] = "south", "south"
		l.set("m5", row)
		return nil
	}
	if r := mustClub(t, s, l, verify.Options{Region: "north"}); !r.Clean() || r.Again != 1 {
		t.Errorf("one that moves meanwhile: got %+v", r)
	}
}
