//go:build integration

package endtoend_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// bad is a body that no handler may accept.
type bad struct {
	name, body string
	field      string // that the answer names; empty: none need be named
	status     int    // 0: any of 4xx
}

// spoil returns bad bodies made of a good one, an object of which text is a member that holds a text and number one that
// holds a whole number.
func spoil(good, text, number string) []bad {
	with := func(member, value string) string {
		return strings.TrimSuffix(good, "}") + `,"` + member + `":` + value + "}"
	}
	digits := strings.Repeat("9", 39)
	all := []bad{
		{name: "nothing", body: " "},
		{name: "half", body: good[:len(good)/2]},
		{name: "not JSON", body: "<xml/>"},
		{name: "a list", body: "[" + good + "]"},
		{name: "null", body: "null"},
		{name: "two values", body: good + good},
		{name: "unknown member", body: with("colour", `"red"`), field: "colour"},
		{name: "member given twice", body: with(text, `"again"`)},
		{name: "deep", body: with("deep", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000))},
		{name: "deep and unclosed", body: strings.Repeat(`{"a":`, 200_000)},
		{name: "ten megabytes", body: with("long", `"`+strings.Repeat("x", 10<<20)+`"`), status: http.StatusRequestEntityTooLarge},
		{name: "bad UTF-8", body: with("t", "\"\xff\xfe\"")},
		{name: "lone surrogate", body: with("t", `"\ud800"`)},
		{name: "NUL", body: good[:len(good)-1] + "\x00}"},
		{name: "a text is a number", body: replaceMember(good, text, "17"), field: text},
		{name: "a text is bad UTF-8", body: replaceMember(good, text, "\"\xc3\x28\"")},
		{name: "a text is an object", body: replaceMember(good, text, `{"S":"x"}`), field: text},
	}
	if number != "" {
		all = append(all,
			bad{name: "39 digits", body: replaceMember(good, number, digits), field: number},
			bad{name: "a number is a text", body: replaceMember(good, number, `"many"`), field: number},
			bad{name: "a fraction", body: replaceMember(good, number, "1.5"), field: number},
			bad{name: "an exponent", body: replaceMember(good, number, "1e400"), field: number},
			bad{name: "NaN", body: replaceMember(good, number, "NaN")})
	}
	return all
}

// replaceMember gives a member of a flat object another value.
func replaceMember(object, name, value string) string {
	i := strings.Index(object, `"`+name+`":`) + len(name) + 3
	end := i + strings.IndexAny(object[i:], ",}")
	if object[i] == '"' {
		end = i + 2 + strings.Index(object[i+1:], `"`)
	}
	return object[:i] + value + object[end:]
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	p := start(t, data)
	token := p.register(1)
	applicant := strings.Replace(person(2), `"mobilePhone"`, `"id"`, 1)
	paths := []struct{ name, path, token, good, text, number string }{
		{"apply", "/v1/passes", token, application(1, "x"), "toLocation", "district"},
		{"register", "/v1/identity/register", "", person(3), "name", "thana"},
		{"login", "/v1/identity/login", "", `{"mobilePhone":"01711111111","dateOfBirth":"03021990"}`, "mobilePhone", ""},
		{"create", "/v1/datasets/applicants/records", p.token, applicant, "name", "district"},
		{"metric", "/api/query", p.token, `{"metric":"applications","range":{"name":"all"},"limit":5}`, "metric", "limit"},
		{"sql", "/api/sql", p.token, `{"sql":"SELECT 1","limit":5}`, "sql", "limit"},
	}
	for _, path := range paths {
		for _, b := range spoil(path.good, path.text, path.number) {
			t.Run(path.name+"/"+b.name, func(t *testing.T) {
				a := p.ask(call{path: path.path, token: path.token, body: b.body})
				if a.status < 400 || a.status > 499 || b.status != 0 && a.status != b.status {
					t.Errorf("got %d, want 4xx: %.300s", a.status, a.body)
					return
				}
				said := a.problem(t)
				if said.Detail == "" && len(said.Errors) == 0 {
					t.Errorf("%d says nothing: %.300s", a.status, a.body)
				}
				if b.field != "" && !said.names(b.field) && !strings.Contains(said.Detail, b.field) {
					t.Errorf("%d does not name %s: %.300s", a.status, b.field, a.body)
				}
				if len(a.body) > 4<<10 {
					t.Errorf("the answer has %d bytes", len(a.body))
				}
			})
		}
	}
	p.apply(token, 1, "after all that")
	verify(t, data)
	if got := p.passes(); got != "1" {
		t.Errorf("%s passes, want 1", got)
	}
}

func TestHarmfulSQLIsRefused(t *testing.T) {
	t.Parallel()
	p := start(t, filepath.Join(t.TempDir(), "data"))
	p.apply(p.register(1), 1, "x")
	for _, text := range []string{
		"", "SELECT", "DROP TABLE passes", "SELECT 1; SELECT 2", "CREATE TABLE x (i INT)", "COPY (SELECT 1) TO '/dev/shm/tarn.csv'", "SET memory_limit='10GB'",
		"INSTALL httpfs", "LOAD httpfs", "ATTACH '/dev/shm/x.db'", "PRAGMA database_list", "SELECT * FROM read_csv('/etc/passwd', header=false)",
		"SELECT * FROM '/etc/passwd'", "SELECT content FROM read_text('/etc/hostname')", "SELECT * FROM glob('/*')", "SELECT getenv('HOME')",
		"SELECT * FROM duckdb_settings()", "SELECT * FROM no_such_table", "SELECT no_such_column FROM passes", "DELETE FROM passes", "EXPORT DATABASE '/dev/shm/x'",
		"SELECT * FROM query('DROP TABLE passes')", "CALL pragma_version()", "SELECT * FROM sniff_csv('/etc/passwd')",
	} {
		a := p.ask(call{path: "/api/sql", token: p.token, body: toJSON(map[string]any{"sql": text})})
		if a.status < 400 || a.status > 499 {
			t.Errorf("%q: %d %.300s", text, a.status, a.body)
		}
	}
	p.until("the pass is still there", func() bool { return p.passes() == "1" })
}

func TestNobodyIsLetInWithoutAToken(t *testing.T) {
	t.Parallel()
	p := start(t, filepath.Join(t.TempDir(), "data"))
	for _, token := range []string{"", "0", strings.Repeat("0", 32), p.token + "0", p.token[1:]} {
		for _, c := range []call{
			{path: "/api/catalog"}, {path: "/api/query", body: `{"metric":"applications"}`}, {path: "/api/sql", body: `{"sql":"SELECT 1"}`}, {path: "/api/live"},
			{path: "/v1/datasets/passes/records"}, {path: "/v1/passes"}, {path: "/v1/passes", body: application(1, "x")}, {path: "/admin/verify", body: "{}"},
			{path: "/v1/datasets/passes/records", body: "{}"}, {method: http.MethodDelete, path: "/v1/datasets/applicants/records/01711111111"},
		} {
			c.token = token
			if a := p.ask(c); a.status != http.StatusUnauthorized && a.status != http.StatusForbidden {
				t.Errorf("%s with %q: %d %.200s", c.path, token, a.status, a.body)
			}
		}
	}
}
