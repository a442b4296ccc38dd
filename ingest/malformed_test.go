package ingest_test

import (
	"slices"
	"strings"
	"testing"
)

// with returns the pass with one more member, or with a member's value replaced.
func with(name, value string) string {
	if at := strings.Index(pass, `"`+name+`":`); at >= 0 {
		rest := pass[at+len(name)+3:]
		end := strings.IndexAny(rest, ",}")
		return pass[:at] + `"` + name + `":` + value + rest[end:]
	}
	return strings.TrimSuffix(pass, "}") + `,"` + name + `":` + value + "}"
}

func TestMalformedBodies(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 65)
	for _, c := range []struct {
		name, body string
		status     int
		fields     []string
	}{
		{"nothing but space", " ", 400, []string{"body"}},
		{"null", "null", 400, []string{"body"}},
		{"a text", `"pass"`, 400, []string{"body"}},
		{"a number", "1", 400, []string{"body"}},
		{"an array", "[" + pass + "]", 400, []string{"body"}},
		{"not JSON", "district=1001", 400, []string{"body"}},
		{"single quotes", "{'district':1001}", 400, []string{"body"}},
		{"a name without quotes", "{district:1001}", 400, []string{"body"}},
		{"a comma too many", `{"district":1001,}`, 400, []string{"district"}},
		{"no comma", `{"district":1001 "thana":10001}`, 400, []string{"district"}},
		{"no colon", `{"district" 1001}`, 400, []string{"district"}},
		{"breaks off", pass[:len(pass)-1], 400, []string{"applicantId"}},
		{"breaks off in a text", pass[:24], 400, []string{"fromLocation"}},
		{"trailing bytes", pass + "x", 400, []string{"body"}},
		{"two objects", pass + pass, 400, []string{"body"}},
		{"a comment", "/* */" + pass, 400, []string{"body"}},
		{"a byte order mark", "\ufeff" + pass, 400, []string{"body"}},
		{"NaN", with("district", "NaN"), 400, []string{"district"}},
		{"infinity", with("district", "1e999"), 400, []string{"district"}},
		{"a leading zero", with("district", "01001"), 400, []string{"district"}},
		{"a plus", with("district", "+1001"), 400, []string{"district"}},
		{"hexadecimal", with("district", "0x3e9"), 400, []string{"district"}},
		{"a lone point", with("district", "1001."), 400, []string{"district"}},
		{"a raw line break in a text", with("reason", "\"a\nb\""), 400, []string{"reason"}},
		{"an unknown escape", with("reason", `"\x41"`), 400, []string{"reason"}},
		{"half a surrogate pair", with("reason", `"\ud83d"`), 400, []string{"reason"}},
		{"bad UTF-8 in a value", with("reason", "\"\xff\xfe\""), 400, []string{"reason"}},
		{"bad UTF-8 in a name", strings.TrimSuffix(pass, "}") + ",\"\xff\":1}", 400, []string{"applicantId"}},
		{"an overlong encoding", with("reason", "\"\xc0\xaf\""), 400, []string{"reason"}},
		{"a name twice", strings.TrimSuffix(pass, "}") + `,"district":1002}`, 400, []string{"district"}},
		{"a name twice, once escaped", strings.TrimSuffix(pass, "}") + `,"d\u0069strict":1002}`, 400, []string{"district"}},
		{"an unknown field", with("colour", `"red"`), 400, []string{"colour"}},
		{"an unknown field deep inside", with("colour", strings.Repeat("[", 500)+strings.Repeat("]", 500)), 400, []string{"colour"}},
		{"nesting without end", with("colour", strings.Repeat("[", 20_000)), 400, []string{"colour.0.0.0.0.0.0.0"}},
		{"objects without end", strings.Repeat(`{"a":`, 20_000), 400, []string{"a.a.a.a.a.a.a.a"}},
		{"a field of another case", with("District", "1001"), 400, []string{"District"}},
		{"a number as text", with("district", `"1001"`), 400, []string{"district"}},
		{"text as a number", with("reason", "7"), 400, []string{"reason"}},
		{"an object for a text", with("reason", `{"a":1}`), 400, []string{"reason"}},
		{"an array for a number", with("district", "[1001]"), 400, []string{"district"}},
		{"text for a truth", with("includeVehicle", `"false"`), 400, []string{"includeVehicle"}},
		{"a number for a truth", with("includeVehicle", "0"), 400, []string{"includeVehicle"}},
		{"null for a required field", with("district", "null"), 400, []string{"district"}},
		{"an empty required text", with("reason", `""`), 400, []string{"reason"}},
		{"a fraction of a district", with("district", "1001.5"), 400, []string{"district"}},
		{"a district below the range", with("district", "1000"), 400, []string{"district"}},
		{"a district above the range", with("district", "1076"), 400, []string{"district"}},
		{"a district beyond int32", with("district", "3000000000"), 400, []string{"district"}},
		{"39 digits", with("district", strings.Repeat("1", 39)), 400, []string{"district"}},
		{"39 digits after the point", with("district", "1001."+strings.Repeat("3", 39)), 400, []string{"district"}},
		{"a vast exponent", with("district", "1e999999999999"), 400, []string{"district"}},
		{"a tiny exponent", with("district", "1e-131"), 400, []string{"district"}},
		{"a text too long", with("reason", `"`+long+`"`), 400, []string{"reason"}},
		{"an unknown code", with("type", `"X"`), 400, []string{"type"}},
		{"a phone that is none", with("applicantId", `"12345"`), 400, []string{"applicantId"}},
		{"a phone with a line break", with("applicantId", `"01712345678\n"`), 400, []string{"applicantId"}},
		{"a time without a zone", with("startAt", `"2026-11-20T08:00:00"`), 400, []string{"startAt"}},
		{"a day that is none", with("startAt", `"2026-02-30T08:00:00Z"`), 400, []string{"startAt"}},
		{"a time as a number", with("startAt", "1763690000"), 400, []string{"startAt"}},
		{"an id of the client's own", with("id", `"`+strings.Repeat("a", 32)+`"`), 400, []string{"id"}},
		{"a status of the client's own", with("status", `"APPROVED"`), 400, []string{"status"}},
		{"a version of the client's own", with("version", "7"), 400, []string{"version"}},
		{"a creation time of the client's own", with("createdAt", `"2026-11-20T08:00:00Z"`), 400, []string{"createdAt"}},
		{"everything at once", `{"district":"x","thana":1,"colour":1,"status":"APPLIED","type":"X"}`, 400, []string{
			"district", "colour", "status", "fromLocation", "toLocation", "thana", "startAt", "endAt", "type", "reason", "includeVehicle", "applicantId",
		}},
		{"somebody who does not exist", with("applicantId", `"01812345678"`), 400, []string{"applicantId"}},
		{"13 hours", with("endAt", `"2026-11-20T21:00:00Z"`), 400, []string{"endAt"}},
		{"a vehicle without a number", with("includeVehicle", "true"), 400, []string{"vehicleNo", "driverName", "driverLicenseNo"}},
		{"10 MB of space", strings.Repeat(" ", 10<<20), 413, []string{"body"}},
		{"10 MB of text", with("reason", `"`+strings.Repeat("x", 10<<20)+`"`), 413, []string{"body"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, setup{})
			w.want(201, "POST", people, person)
			got := w.want(c.status, "POST", passes, c.body)
			if names := got.fields(t); !slices.Equal(names, c.fields) {
				t.Errorf("got %q, want %q: %s", names, c.fields, got.body)
			}
			if n := w.store.Len("movement-pass_passes_v1"); n != 0 {
				t.Errorf("%d passes were stored", n)
			}
		})
	}
}
