package check_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
	"github.com/tarn-lake/tarn/schemas/check"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// pass is a pass without a vehicle that breaks nothing.
func pass() record.Item {
	return record.Item{
		"id": record.String("0123456789abcdef0123456789abcdef"), "fromLocation": record.String("home"), "toLocation": record.String("market"),
		"district": record.Number("1001"), "thana": record.Number("10001"), "startAt": record.String("2026-11-20T14:00:00.000Z"),
		"endAt": record.String("2026-11-20T16:00:00.000Z"), "type": record.String("R"), "reason": record.String("groceries"),
		"includeVehicle": record.Bool(false), "applicantId": record.String("01712345678"), "status": record.String("APPLIED"),
	}
}

func applicant() record.Item {
	return record.Item{
		"id": record.String("01712345678"), "name": record.String("A. Rahman"), "district": record.Number("1001"), "thana": record.Number("10001"),
		"dateOfBirth": record.String("1990-01-31"), "gender": record.String("F"), "idType": record.String("NID"),
		"idNumber": record.String("19901234567"), "photo": record.String("https://photos.example.com/a.png"),
	}
}

func TestMovementPassRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		dataset         string
		set             record.Item
		lenient, strict []string // fields that are refused
	}{
		{name: "a good pass", dataset: "passes"},
		{name: "a vehicle needs a plate and a driver", dataset: "passes", set: record.Item{"includeVehicle": record.Bool(true)},
			lenient: []string{"vehicleNo", "driverName", "driverLicenseNo"}, strict: []string{"vehicleNo", "driverName", "driverLicenseNo"}},
		{name: "a self-driven vehicle needs a plate only", dataset: "passes",
			set:     record.Item{"includeVehicle": record.Bool(true), "selfDriven": record.Bool(true)},
			lenient: []string{"vehicleNo"}, strict: []string{"vehicleNo"}},
		{name: "no driver without a vehicle", dataset: "passes", set: record.Item{"selfDriven": record.Bool(false)}},
		{name: "an empty plate is no plate", dataset: "passes",
			set:     record.Item{"includeVehicle": record.Bool(true), "selfDriven": record.Bool(true), "vehicleNo": record.String("")},
			lenient: []string{"vehicleNo"}, strict: []string{"vehicleNo"}},
		{name: "at most 12 hours", dataset: "passes", set: record.Item{"endAt": record.String("2026-11-21T02:00:01Z")},
			lenient: []string{"endAt"}, strict: []string{"endAt"}},
		{name: "12 hours are allowed", dataset: "passes", set: record.Item{"endAt": record.String("2026-11-21T02:00:00Z")}},
		{name: "less than an hour ahead", dataset: "passes", set: record.Item{"startAt": record.String("2026-11-20T12:59:59Z"),
			"endAt": record.String("2026-11-20T14:00:00Z")}, strict: []string{"startAt"}},
		{name: "more than a day ahead", dataset: "passes", set: record.Item{"startAt": record.String("2026-11-21T12:00:01Z"),
			"endAt": record.String("2026-11-21T14:00:00Z")}, strict: []string{"startAt"}},
		{name: "the window is seen from the application", dataset: "passes", set: record.Item{"createdAt": record.String("2026-11-18T00:00:00Z"),
			"startAt": record.String("2026-11-18T02:00:00Z"), "endAt": record.String("2026-11-18T04:00:00Z")}},
		{name: "a thana of another district", dataset: "passes", set: record.Item{"thana": record.Number("10011")}, strict: []string{"thana"}},
		{name: "an unknown thana is the range's business", dataset: "passes", set: record.Item{"thana": record.Number("99999")},
			lenient: []string{"thana"}, strict: []string{"thana"}},
		{name: "a good applicant", dataset: "applicants"},
		{name: "18 today", dataset: "applicants", set: record.Item{"dateOfBirth": record.String("2008-11-20")}},
		{name: "18 tomorrow", dataset: "applicants", set: record.Item{"dateOfBirth": record.String("2008-11-21")},
			lenient: []string{"dateOfBirth"}, strict: []string{"dateOfBirth"}},
		{name: "birth dates arrive as UTC midnight", dataset: "applicants", set: record.Item{"dateOfBirth": record.String("2008-11-20T00:00:00.000Z")}},
		{name: "two centuries old", dataset: "applicants", set: record.Item{"dateOfBirth": record.String("1826-11-20")}, strict: []string{"dateOfBirth"}},
		{name: "no birth date", dataset: "applicants", set: record.Item{"dateOfBirth": record.Null()},
			lenient: []string{"dateOfBirth"}, strict: []string{"dateOfBirth"}},
		{name: "a phone of another country", dataset: "applicants", set: record.Item{"id": record.String("+4917012345678")},
			lenient: []string{"id"}, strict: []string{"id"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ds, rules := compiled(t, c.dataset)
			item := map[string]func() record.Item{"passes": pass, "applicants": applicant}[c.dataset]()
			for name, v := range c.set {
				item[name] = v
			}
			for mode, want := range map[schemas.Mode][]string{schemas.Lenient: c.lenient, schemas.Strict: c.strict} {
				var got []string
				for _, f := range append(schemas.Check(ds, item, mode), rules.Eval(item, noon, mode)...) {
					got = append(got, f.Name)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("mode %d (-want +got):\n%s", mode, diff)
				}
			}
		})
	}
}

func compiled(tb testing.TB, name string) (*schemas.Dataset, *check.Rules) {
	tb.Helper()
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	ds, ok := registry.Dataset(name)
	if !ok {
		tb.Fatalf("no dataset %s", name)
	}
	rules, err := check.Compile(ds)
	if err != nil {
		tb.Fatal(err)
	}
	return ds, rules
}

func BenchmarkCheckPass(b *testing.B) {
	ds, rules := compiled(b, "passes")
	item := pass()
	b.ReportAllocs()
	for b.Loop() {
		if bad := append(schemas.Check(ds, item, schemas.Strict), rules.Eval(item, noon, schemas.Strict)...); bad != nil {
			b.Fatal(bad)
		}
	}
}
