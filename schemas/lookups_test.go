package schemas_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/schemas"
)

func TestEveryDistrictHasADivision(t *testing.T) {
	t.Parallel()
	registry := embedded(t)
	districts, divisions := codes(t, registry, "districts"), codes(t, registry, "divisions")
	if districts.Columns[0].Type != schemas.Int32 || len(districts.Rows) != 75 {
		t.Fatalf("%d districts of type %s", len(districts.Rows), districts.Columns[0].Type)
	}
	names, metro := districts.Map("name"), districts.Map("metro")
	// Four places are destinations of tourists, not districts of the state.
	resorts := []string{"Jaflong", "Saint Martin", "Srimangal", "Teknaf"}
	got := map[string]int{}
	metros := 0
	for id, division := range districts.Map("division") {
		if !divisions.Has(division) || division == "unknown" {
			t.Errorf("district %s has the division %q", names[id], division)
		}
		switch {
		case metro[id] == "true":
			metros++
		case !slices.Contains(resorts, names[id]):
			got[division]++
		}
	}
	want := map[string]int{"dhaka": 13, "chattogram": 11, "khulna": 10, "rajshahi": 8, "rangpur": 8, "barishal": 6, "mymensingh": 4, "sylhet": 4}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("districts by division (-want +got):\n%s", diff)
	}
	if metros != 7 {
		t.Errorf("%d metros, want 7", metros)
	}
}

func TestDivisionsOfSomeDistricts(t *testing.T) {
	t.Parallel()
	division := codes(t, embedded(t), "districts").Map("division")
	for id, want := range map[string]string{"1001": "khulna", "1007": "rajshahi", "1012": "chattogram", "1014": "chattogram", "1017": "dhaka",
		"1018": "rangpur", "1023": "dhaka", "1026": "sylhet", "1035": "dhaka", "1046": "mymensingh", "1064": "chattogram", "1073": "dhaka"} {
		if division[id] != want {
			t.Errorf("district %s is in %s, want %s", id, division[id], want)
		}
	}
}

func TestEveryThanaHasADistrict(t *testing.T) {
	t.Parallel()
	registry := embedded(t)
	districts, thanas := codes(t, registry, "districts"), codes(t, registry, "thanas")
	if len(thanas.Rows) != 626 {
		t.Errorf("%d thanas, want 626", len(thanas.Rows))
	}
	used := map[string]bool{}
	for id, district := range thanas.Map("district") {
		if !districts.Has(district) {
			t.Errorf("thana %s is in the district %q, which does not exist", id, district)
		}
		used[district] = true
	}
	if len(used) != 75 {
		t.Errorf("%d districts have thanas, want 75", len(used))
	}
	if name, ok := thanas.Value("10626", "name"); !ok || name == "" {
		t.Errorf("the last thana is %q", name)
	}
	if _, ok := thanas.Value("10627", "name"); ok {
		t.Error("there is a thana 10627")
	}
}

func TestEveryAirportHasARegion(t *testing.T) {
	t.Parallel()
	registry, err := schemas.LoadDir("../examples/flights")
	if err != nil {
		t.Fatal(err)
	}
	airports, regions := codes(t, registry, "airports"), codes(t, registry, "us_regions")
	for iata, region := range airports.Map("region") {
		if !regions.Has(region) {
			t.Errorf("airport %s has the region %q", iata, region)
		}
	}
	for iata, want := range map[string]string{"JFK": "northeast", "ORD": "midwest", "ATL": "south", "DFW": "south", "LAX": "west", "HNL": "west",
		"ANC": "west", "SJU": "territories", "ROP": "unknown"} {
		if got, _ := airports.Value(iata, "region"); got != want {
			t.Errorf("%s is in %s, want %s", iata, got, want)
		}
	}
}

func TestLocksAreCurrent(t *testing.T) {
	t.Parallel()
	flights, err := schemas.LoadDir("../examples/flights")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		registry *schemas.Registry
		dir      string
	}{{embedded(t), "movement-pass/"}, {flights, "../examples/flights/"}} {
		for _, d := range c.registry.Datasets() {
			golden(t, c.dir+d.Name+".lock.json", schemas.Lock(d))
		}
	}
}

func TestLockKeepsIDsForEver(t *testing.T) {
	t.Parallel()
	d := *dataset(t, embedded(t), "passes")
	d.IDs = nil
	first := read(t, schemas.Lock(&d))
	d.IDs = first
	d.Fields = slices.Clone(d.Fields)
	d.Fields[8].Name = "motive" // was reason
	d.Track = slices.DeleteFunc(slices.Clone(d.Track), func(n string) bool { return n == "reason" })
	second := read(t, schemas.Lock(&d))
	for table, was := range first {
		now := second[table]
		seen := map[int]string{}
		for path, id := range now {
			if other, twice := seen[id]; twice {
				t.Errorf("%s: %s and %s have the id %d", table, path, other, id)
			}
			seen[id] = path
		}
		for path, id := range was {
			if path != "reason" && path != "old_reason" && now[path] != id {
				t.Errorf("%s: %s had the id %d, has %d", table, path, id, now[path])
			}
		}
		if now["motive"] <= was["version"] || seen[was["reason"]] != "reason~"+itoa(was["reason"]) {
			t.Errorf("%s: motive has %d; %d belongs to %q", table, now["motive"], was["reason"], seen[was["reason"]])
		}
	}
	d.IDs = second
	d.Fields[8].Name = "reason" // back again, with other contents
	third := read(t, schemas.Lock(&d))
	if got := third["passes_changes"]["reason"]; got <= second["passes_changes"]["motive"] {
		t.Errorf("reason has the id %d again", got)
	}
}

func TestSameDatasetSameLock(t *testing.T) {
	t.Parallel()
	d := dataset(t, embedded(t), "applicants")
	if diff := cmp.Diff(schemas.Lock(d), schemas.Lock(d)); diff != "" {
		t.Error(diff)
	}
}

func read(t *testing.T, lock []byte) map[string]map[string]int {
	t.Helper()
	var file struct {
		Tables map[string]map[string]int `json:"tables"`
	}
	if err := json.Unmarshal(lock, &file); err != nil {
		t.Fatal(err)
	}
	return file.Tables
}

func itoa(n int) string { text, _ := json.Marshal(n); return string(text) }

func codes(t *testing.T, registry *schemas.Registry, name string) *schemas.Codes {
	t.Helper()
	c, ok := registry.Codes(name)
	if !ok {
		t.Fatalf("there is no code list %s", name)
	}
	return c
}
