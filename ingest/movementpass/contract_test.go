package movementpass_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest/movementpass"
	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/schemas"
)

// set returns the JSON with a member's value replaced.
func set(body, name, value string) string {
	at := strings.Index(body, `"`+name+`":`) + len(name) + 3
	end := at + strings.IndexAny(body[at:], ",}")
	return body[:at] + value + body[end:]
}

func TestRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	w.join(phone)
	for _, c := range []struct{ name, body, want string }{
		{"a phone that is taken", person(phone), "Mobile phone is already registered!"},
		{"nothing", `{}`, "mobilePhone is required; name is required; district is required"},
		{"a phone of another country", person("+441234567890"), "mobilePhone must match"},
		{"a phone as a number", set(person("01612345678"), "mobilePhone", "1612345678"), "mobilePhone must be text"},
		{"somebody of 17", set(person("01612345678"), "dateOfBirth", `"2008-11-21"`), "dateOfBirth an applicant must be 18 or older"},
		{"a gender that is none", set(person("01612345678"), "gender", `"X"`), "gender must be one of"},
		{"an id type that is none", set(person("01612345678"), "idType", `"XX"`), "idType must be one of"},
		{"a district that is none", set(person("01612345678"), "district", "999"), "district must be at least 1001"},
		{"a district as text", set(person("01612345678"), "district", `"1001"`), "district must be a number, not text"},
		{"a name too long", set(person("01612345678"), "name", `"`+strings.Repeat("x", 65)+`"`), "name must have at most 64 characters, has 65"},
		{"a photo that is no address", set(person("01612345678"), "photo", `"a.jpg"`), "photo must be an address"},
		{"an unknown field", strings.TrimSuffix(person("01612345678"), "}") + `,"admin":true}`, "admin is not a field of a registration"},
		{"counters of one's own", strings.TrimSuffix(person("01612345678"), "}") + `,"approvedCount":9}`, "approvedCount is not a field"},
		{"not JSON", "name=x", "body must be one JSON object"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := w.want(400, "POST", "/identity/register", c.body).errors(t); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for _, ok := range []string{
		set(person("01612345671"), "dateOfBirth", `"2008-11-20"`),               // 18 today
		set(person("01612345672"), "dateOfBirth", `"1990-02-03T00:00:00.000Z"`), // as some clients send a day
		set(person("01612345673"), "thana", "10600"),                            // of another district
	} {
		w.want(200, "POST", "/identity/register", ok)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	w.join(phone)
	for _, c := range []struct {
		name, body, want string
		status           int
	}{
		{"right", `{"mobilePhone":"` + phone + `","dateOfBirth":"03021990"}`, "", 200},
		{"another day", `{"mobilePhone":"` + phone + `","dateOfBirth":"04021990"}`, "Invalid credentials!", 400},
		{"nobody", `{"mobilePhone":"01912345678","dateOfBirth":"03021990"}`, "Invalid credentials!", 400},
		{"a day written otherwise", `{"mobilePhone":"` + phone + `","dateOfBirth":"1990-02-03"}`, "dateOfBirth must match", 400},
		{"nothing", `{}`, "mobilePhone is required; dateOfBirth is required", 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.want(c.status, "POST", "/identity/login", c.body)
			if c.status == 400 && !strings.Contains(got.errors(t), c.want) {
				t.Errorf("got %s", got.body)
			}
		})
	}
}

func TestApplyAnswersByWhereTheTokenIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	token := w.join(phone)
	body := w.want(200, "POST", "/passes", application(`,"token":"`+token+`"`)).json(t)
	if body["success"] != true || len(body["id"].(string)) != 32 {
		t.Errorf("token in the body: %v", body)
	}
	header := w.want(201, "POST", "/passes", application(""), "Authorization", "Bearer "+token).json(t)
	if len(header["id"].(string)) != 32 || header["success"] != nil {
		t.Errorf("token in the header: %v", header)
	}
	w.want(200, "POST", "/passes", application(`,"token":"`+token+`"`), "Authorization", "nonsense") // the body's wins
	for _, c := range []struct {
		name, body, header string
		want               int
	}{
		{"no token at all", application(""), "", 403},
		{"a header without a token", application(""), "Bearer", 403},
		{"a header of another scheme", application(""), "Basic abc", 403},
		{"a bad token in the header", application(""), "Bearer abc", 401},
		{"a bad token in the body", application(`,"token":"abc"`), "", 401},
		{"a bad token in the body, a good one in the header", application(`,"token":"abc"`), "Bearer " + token, 401},
		{"a vast token", application(`,"token":"` + strings.Repeat("a", 9000) + `"`), "", 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			headers := []string{}
			if c.header != "" {
				headers = append(headers, "Authorization", c.header)
			}
			w.want(c.want, "POST", "/passes", c.body, headers...).errors(t)
		})
	}
}

func TestApply(t *testing.T) {
	t.Parallel()
	const driven = `,"vehicleNo":"Dhaka-1","driverName":"Karim","driverLicenseNo":"L1"`
	vehicle := func(more string) string { return set(application(more), "includeVehicle", "true") }
	for _, c := range []struct {
		name, body      string
		lenient, strict string // part of the errors; empty: accepted
		kept, dropped   []string
	}{
		{name: "no vehicle, and nobody asks for a driver", body: application(""), kept: []string{`"selfDriven":false`}, dropped: []string{"driverName", "vehicleNo"}},
		{name: "no vehicle, but its fields", body: application(driven + `,"selfDriven":true`), kept: []string{`"selfDriven":false`}, dropped: []string{"driverName", "vehicleNo", "driverLicenseNo"}},
		{name: "no vehicle, and empty fields", body: application(`,"vehicleNo":"","driverName":null`), dropped: []string{"driverName", "vehicleNo"}},
		{name: "a vehicle with a driver", body: vehicle(driven), kept: []string{"vehicleNo", "driverName", "driverLicenseNo"}},
		{name: "a vehicle that one drives", body: vehicle(`,"selfDriven":true` + driven), kept: []string{`"selfDriven":true`, "vehicleNo"}, dropped: []string{"driverName", "driverLicenseNo"}},
		{name: "a vehicle without anything", body: vehicle(""), lenient: "vehicleNo is required when a vehicle is included; driverName", strict: "driverLicenseNo"},
		{name: "a thana of another district", body: set(application(""), "thana", "10626"), kept: []string{"10626"}},
		{name: "a start too soon", body: set(application(""), "dateTime", `"2026-11-20T06:59:59Z"`), strict: "dateTime must be 1 to 24 hours from now"},
		{name: "a start too late", body: set(application(""), "dateTime", `"2026-11-21T06:00:01Z"`), strict: "dateTime must be 1 to 24 hours from now"},
		{name: "a start in another zone", body: set(application(""), "dateTime", `"2026-11-20T14:00:00+06:00"`), kept: []string{`"startAt":"2026-11-20T08:00:00.000Z"`}},
		{name: "no hours", body: set(application(""), "durationInHour", "0"), lenient: "durationInHour must be at least 1", strict: "durationInHour"},
		{name: "13 hours", body: set(application(""), "durationInHour", "13"), lenient: "durationInHour must be at most 12", strict: "durationInHour"},
		{name: "half an hour more", body: set(application(""), "durationInHour", "1.5"), lenient: "durationInHour must be a whole number", strict: "durationInHour"},
		{name: "a type that is none", body: set(application(""), "type", `"X"`), lenient: "type must be one of", strict: "type"},
		{name: "an empty reason", body: set(application(""), "reason", `""`), lenient: "reason is required", strict: "reason"},
		{name: "an unknown field", body: application(`,"colour":"red"`), lenient: "colour is not a field of an application", strict: "colour"},
		{name: "somebody else's name", body: application(`,"applicantId":"01912345678"`), lenient: "applicantId is not a field", strict: "applicantId"},
		{name: "everything bad at once", body: `{"district":"x","dateTime":"now"}`, lenient: "district must be a number, not text; fromLocation is required", strict: "dateTime must be a time"},
	} {
		for mode, want := range map[schemas.Mode]string{schemas.Lenient: c.lenient, schemas.Strict: c.strict} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, mode, nil)
				token := w.join(phone)
				auth := []string{"Authorization", "Bearer " + token}
				if want != "" {
					if got := w.want(400, "POST", "/passes", c.body, auth...).errors(t); !strings.Contains(got, want) {
						t.Errorf("got %q, want %q", got, want)
					}
					return
				}
				id := w.want(201, "POST", "/passes", c.body, auth...).json(t)["id"].(string)
				got := w.want(200, "GET", "/passes/"+id, "", auth...).body
				for _, kept := range c.kept {
					if !strings.Contains(got, kept) {
						t.Errorf("no %s in %s", kept, got)
					}
				}
				for _, gone := range append(c.dropped, "token", "dateTime", "durationInHour", "applicantId") {
					if strings.Contains(got, gone) {
						t.Errorf("%s is in %s", gone, got)
					}
				}
			})
		}
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	token := w.join(phone)
	other := w.join("01612345678")
	auth := []string{"Authorization", "Bearer " + token}
	for i := range 60 {
		at := noon.Add(time.Duration(60+i%30) * time.Minute).Format(time.RFC3339) // ends in pairs
		w.want(201, "POST", "/passes", set(application(""), "dateTime", `"`+at+`"`), auth...)
		if i%10 == 0 {
			w.want(201, "POST", "/passes", application(""), "Authorization", "Bearer "+other)
		}
	}
	var ends, ids []string
	sizes := []int{}
	for path := "/passes"; path != ""; {
		m := w.want(200, "GET", path, "", auth...).json(t)
		list := m["passes"].([]any)
		sizes = append(sizes, len(list))
		for _, p := range list {
			ends = append(ends, p.(map[string]any)["endAt"].(string))
			ids = append(ids, p.(map[string]any)["id"].(string))
		}
		path = ""
		if next, ok := m["nextKey"].(map[string]any); ok {
			path = "/passes?id=" + next["id"].(string) + "&endAt=" + next["endAt"].(string)
		}
	}
	if !slices.Equal(sizes, []int{25, 25, 10}) {
		t.Errorf("pages of %v", sizes)
	}
	if !slices.IsSortedFunc(ends, func(a, b string) int { return strings.Compare(b, a) }) {
		t.Errorf("not from the newest: %v", ends)
	}
	if slices.Sort(ids); len(slices.Compact(ids)) != 60 {
		t.Errorf("%d passes", len(slices.Compact(ids)))
	}
	for path, want := range map[string]string{
		"/passes?id=x&endAt=2026-11-20T08:00:00.000Z": "id must be", "/passes?id=" + ids[0] + "&endAt=x": "endAt must be",
	} {
		if got := w.want(400, "GET", path, "", auth...).errors(t); !strings.Contains(got, want) {
			t.Errorf("%s: %s", path, got)
		}
	}
	w.want(200, "GET", "/passes?id="+ids[0], "", auth...) // both or neither
}

func TestDetail(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	auth := []string{"Authorization", "Bearer " + w.join(phone)}
	stranger := []string{"Authorization", "Bearer " + w.join("01612345678")}
	id := w.want(201, "POST", "/v1/passes", application(""), auth...).json(t)["id"].(string)
	got := w.want(200, "GET", "/v1/passes/"+id, "", auth...)
	if got.header.Get("Cache-Control") != "private,max-age=300" {
		t.Errorf("cached %s", got.header.Get("Cache-Control"))
	}
	for name, a := range map[string]answer{
		"another person's": w.want(404, "GET", "/passes/"+id, "", stranger...),
		"unknown":          w.want(404, "GET", "/passes/"+strings.Repeat("0", 32), "", auth...),
		"no id":            w.want(404, "GET", "/passes/x", "", auth...),
	} {
		if text := a.errors(t); text != "Pass does not exist!" {
			t.Errorf("%s: %s", name, text)
		}
	}
	w.want(403, "GET", "/passes/"+id, "")
	w.want(401, "GET", "/passes/"+id, "", "Authorization", "Bearer x.y.z")
	key, err := w.service.ParseKey("passes", id)
	if err != nil {
		t.Fatal(err)
	}
	clerk := viewer.Viewer{ID: "clerk-1", Regions: []string{viewer.All}, Roles: []string{"approver"}}
	if _, err := w.service.Transition(viewer.With(t.Context(), clerk), "passes", key, "approve", ""); err != nil {
		t.Fatal(err)
	}
	got = w.want(200, "GET", "/passes/"+id, "", auth...)
	m := got.json(t)
	if m["status"] != "APPROVED" || m["applicant"].(map[string]any)["approvedCount"] != 1.0 || got.header.Get("Cache-Control") != "private,max-age=2592000" {
		t.Errorf("%s %v", got.header.Get("Cache-Control"), m)
	}
}

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	auth := []string{"Authorization", "Bearer " + w.join(phone)}
	w.clock.advance(59 * time.Minute)
	w.want(200, "GET", "/passes", "", auth...)
	w.clock.advance(time.Minute)
	w.want(401, "GET", "/passes", "", auth...)
}

func TestCORS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Lenient, nil)
	for _, path := range []string{"/identity/photo", "/identity/register", "/identity/login", "/passes", "/v1/passes/x", "/v1/passes"} {
		got := w.want(204, "OPTIONS", path, "", "Origin", "https://movement-pass.com", "Access-Control-Request-Method", "POST")
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET,POST",
			"Access-Control-Allow-Headers": "Authorization,Content-Type", "Access-Control-Max-Age": "31536000",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s %s: %s", path, name, got.header.Get(name))
			}
		}
	}
	for _, a := range []answer{
		w.do("GET", "/passes", ""), w.do("POST", "/identity/login", "{}"), w.do("GET", "/nothing", ""), w.do("DELETE", "/passes", ""),
	} {
		if a.status < 400 || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%d without CORS: %s", a.status, a.body)
		}
		a.errors(t)
	}
	if got := w.want(405, "GET", "/identity/login", "").header.Get("Allow"); got != "POST, OPTIONS" {
		t.Errorf("Allow %s", got)
	}
}

func TestRejectedApplicationsAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, schemas.Strict, nil)
	token := w.join(phone)
	w.do("POST", "/passes", "{")
	w.do("POST", "/passes", application(`,"token":"abc"`))
	w.do("POST", "/passes", set(application(`,"token":"`+token+`"`), "reason", `"Rahima's secret `+strings.Repeat("x", 64)+`"`))
	w.do("POST", "/passes", application(`,"Rahima's secret":1,"token":"`+token+`"`))
	w.do("POST", "/passes", set(application(`,"token":"`+token+`"`), "dateTime", `"2026-11-20T06:00:00Z"`))
	w.do("POST", "/passes", set(application(`,"token":"`+token+`"`), "district", `9999`))
	w.want(200, "POST", "/passes", application(`,"token":"`+token+`"`))
	want := []movementpass.Rejected{
		{Reason: "malformed", Field: "body", Division: "unknown"},
		{Reason: "token", District: "1002", Division: "chattogram"},
		{Reason: "schema", Field: "reason", District: "1002", Division: "chattogram"},
		{Reason: "schema", District: "1002", Division: "chattogram"},
		{Reason: "window", Field: "dateTime", District: "1002", Division: "chattogram"},
		{Reason: "schema", Field: "district", District: "9999", Division: "unknown"},
	}
	if !slices.Equal(w.rejected, want) {
		t.Errorf("got %+v", w.rejected)
	}
	if log := w.logged.String(); strings.Contains(log, "secret") || strings.Count(log, "application rejected") != len(want) || !strings.Contains(log, "division=chattogram") {
		t.Errorf("log: %s", log)
	}
}

func TestWaivedRulesExist(t *testing.T) {
	t.Parallel()
	reg := registry(t)
	if got := movementpass.Waived(); len(got) != 2 {
		t.Fatalf("waived %v", got)
	}
	for _, name := range movementpass.Waived() {
		dataset, rule, _ := strings.Cut(name, ".")
		ds, ok := reg.Dataset(dataset)
		if !ok || !slices.ContainsFunc(ds.Rules, func(r schemas.Rule) bool { return r.Name == rule }) {
			t.Errorf("there is no rule %s to waive", name)
		}
	}
}
