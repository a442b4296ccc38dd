package ingest_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
)

func TestLifeOfAPass(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{})
	if !strings.HasPrefix(path, passes+"/") {
		t.Errorf("Location %s", path)
	}
	got := w.want(200, "GET", path, "")
	if got.header.Get("ETag") != `"1"` {
		t.Errorf("ETag %s", got.header.Get("ETag"))
	}
	m := got.json(t)
	if m["status"] != "APPLIED" || m["createdAt"] != "2026-11-20T06:00:00.000Z" || m["startAt"] != "2026-11-20T08:00:00.000Z" || m["selfDriven"] != false {
		t.Errorf("got %v", m)
	}
	if n := w.item("movement-pass_applicants_v1", phone)["appliedCount"].Text; n != "1" {
		t.Errorf("appliedCount %s", n)
	}
	w.clock.advance(time.Minute)
	got = w.want(200, "POST", path+"/approve", "{}", "Test-Viewer", "approver")
	m = got.json(t)
	if m["status"] != "APPROVED" || m["decidedBy"] != "approver" || m["decidedAt"] != "2026-11-20T06:01:00.000Z" || got.header.Get("ETag") != `"2"` {
		t.Errorf("got %v", m)
	}
	if n := w.item("movement-pass_applicants_v1", phone)["approvedCount"].Text; n != "1" {
		t.Errorf("approvedCount %s", n)
	}
	w.want(409, "POST", path+"/reject", "", "Test-Viewer", "approver")
	w.want(409, "POST", path+"/approve", "", "Test-Viewer", "approver")
	w.want(204, "DELETE", path, "")
	w.want(404, "GET", path, "")
	w.want(404, "DELETE", path, "")
	w.want(404, "PATCH", path, `{}`)
	w.want(404, "POST", path+"/approve", "")
}

func TestDoor(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{})
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		want                     int
	}{
		{"nothing there", "GET", "/v1/nothing", "", nil, 404},
		{"an unknown dataset", "GET", "/v1/datasets/ghosts/records", "", nil, 404},
		{"an unknown dataset's record", "GET", "/v1/datasets/ghosts/records/1", "", nil, 404},
		{"an unknown record", "GET", passes + "/" + strings.Repeat("0", 32), "", nil, 404},
		{"two key fields too many", "GET", path + "/x", "", nil, 404},
		{"an unknown step", "POST", path + "/burn", "", nil, 404},
		{"a key with a slash in it", "GET", passes + "/a%2Fb", "", nil, 404},
		{"a key that is not UTF-8", "GET", passes + "/%ff", "", nil, 404},
		{"nobody reads", "GET", path, "", []string{"Test-Viewer", "nobody"}, 401},
		{"nobody lists", "GET", passes, "", []string{"Test-Viewer", "nobody"}, 401},
		{"nobody creates", "POST", passes, pass, []string{"Test-Viewer", "nobody"}, 401},
		{"nobody learns of datasets", "GET", "/v1/datasets/ghosts/records", "", []string{"Test-Viewer", "nobody"}, 401},
		{"everybody reads the description", "GET", "/v1/openapi.json", "", []string{"Test-Viewer", "nobody"}, 200},
		{"a reader reads", "GET", path, "", []string{"Test-Viewer", "reader"}, 200},
		{"a reader does not write", "POST", passes, pass, []string{"Test-Viewer", "reader"}, 403},
		{"a reader does not change", "PATCH", path, `{}`, []string{"Test-Viewer", "reader"}, 403},
		{"a reader does not delete", "DELETE", path, "", []string{"Test-Viewer", "reader"}, 403},
		{"a writer does not read", "GET", path, "", []string{"Test-Viewer", "writer"}, 403},
		{"a writer does not approve", "POST", path + "/approve", "", []string{"Test-Viewer", "writer"}, 403},
		{"a step takes no fields", "POST", path + "/approve", `{"status":"APPROVED"}`, nil, 400},
		{"a step with a bad body", "POST", path + "/approve", `{`, nil, 400},
		{"a method of another path", "DELETE", passes, "", nil, 405},
		{"a method nobody knows", "BREW", path, "", nil, 405},
		{"posting to a record", "POST", path, "", nil, 405},
		{"an answer as XML", "GET", path, "", []string{"Accept", "text/xml"}, 406},
		{"a list as CSV", "GET", passes, "", []string{"Accept", "text/csv, application/json;q=0"}, 406},
		{"an answer as a browser asks", "GET", path, "", []string{"Accept", "text/html,*/*;q=0.8"}, 200},
		{"a form", "POST", passes, pass, []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"no type", "POST", passes, pass, []string{"Content-Type", ""}, 415},
		{"another character set", "POST", passes, pass, []string{"Content-Type", "application/json; charset=latin1"}, 415},
		{"UTF-8 said aloud", "POST", passes, pass, []string{"Content-Type", "application/json;charset=UTF-8"}, 201},
		{"a patch as a merge patch", "PATCH", path, `{"reason":"Work"}`, []string{"Content-Type", "application/merge-patch+json"}, 200},
		{"a patch as a JSON patch", "PATCH", path, `[]`, []string{"Content-Type", "application/json-patch+json"}, 415},
		{"an old version", "PATCH", path, `{"reason":"Home"}`, []string{"If-Match", `"77"`}, 412},
		{"deleting an old version", "DELETE", path, "", []string{"If-Match", `"77"`}, 412},
		{"approving an old version", "POST", path + "/approve", "", []string{"If-Match", `"77"`}, 412},
		{"any version, but of a record that is there", "PATCH", passes + "/" + strings.Repeat("0", 32), `{}`, []string{"If-Match", "*"}, 404},
		{"If-Match that is no ETag", "PATCH", path, `{}`, []string{"If-Match", "77"}, 400},
		{"If-Match of two", "PATCH", path, `{}`, []string{"If-Match", `"1","2"`}, 400},
		{"a page too long", "GET", passes + "?limit=1001", "", nil, 400},
		{"a page of none", "GET", passes + "?limit=0", "", nil, 400},
		{"a limit twice", "GET", passes + "?limit=1&limit=2", "", nil, 400},
		{"a parameter nobody knows", "GET", passes + "?colour=red", "", nil, 400},
		{"an index that is none", "GET", passes + "?index=ix&partition=1", "", nil, 400},
		{"an index without a partition", "GET", passes + "?index=ix_applicantId-endAt", "", nil, 400},
		{"a whole table backwards", "GET", passes + "?order=desc", "", nil, 400},
		{"a bad escape in the query", "GET", passes + "?limit=%zz", "", nil, 400},
		{"a cursor that is none", "GET", passes + "?cursor=abc", "", nil, 400},
		{"a phone that is taken", "POST", people, person, nil, 409},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.want(c.want, c.method, c.path, c.body, c.headers...)
			if kind := got.header.Get("Content-Type"); c.want >= 400 && kind != "application/problem+json" {
				t.Errorf("a problem came as %s", kind)
			}
			if c.want == 405 && got.header.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
			if c.want == 401 && got.header.Get("WWW-Authenticate") == "" {
				t.Error("401 without WWW-Authenticate")
			}
		})
	}
}

func TestMethodsThatAskAboutMethods(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{})
	for p, want := range map[string]string{
		passes: "GET, HEAD, OPTIONS, POST", path: "DELETE, GET, HEAD, OPTIONS, PATCH, PUT", "/v1/openapi.json": "GET, HEAD, OPTIONS",
	} {
		if got := w.want(204, "OPTIONS", p, "").header.Get("Allow"); got != want {
			t.Errorf("%s allows %s, want %s", p, got, want)
		}
	}
	server := httptest.NewServer(w.handler)
	defer server.Close()
	got, err := http.Head(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	body, _ := io.ReadAll(got.Body)
	if got.StatusCode != 200 || got.ContentLength <= 0 || len(body) != 0 || got.Header.Get("ETag") != `"1"` {
		t.Errorf("HEAD: %d, length %d, body %q", got.StatusCode, got.ContentLength, body)
	}
}

func TestCopyThatIsCurrent(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{})
	if got := w.want(304, "GET", path, "", "If-None-Match", `"1"`); got.body != "" {
		t.Errorf("304 with a body: %s", got.body)
	}
	w.want(200, "PATCH", path, `{"reason":"Work"}`)
	w.want(200, "GET", path, "", "If-None-Match", `"1"`)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	entered, leave, done := make(chan struct{}), make(chan struct{}), make(chan answer)
	w := newWorld(t, setup{opts: ingest.HandlerOptions{Limits: ingest.Limits{InFlight: 1, Body: 512}}})
	w.store.WriteFunc = func(context.Context, func() error) error {
		close(entered)
		<-leave
		return nil
	}
	go func() { done <- w.do("POST", people, person) }()
	<-entered
	if got := w.want(503, "GET", people, ""); got.header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	close(leave)
	if got := <-done; got.status != 201 {
		t.Errorf("the first request was answered %d", got.status)
	}
	w.want(413, "POST", people, strings.Repeat(" ", 513))
	w.want(400, "POST", people, strings.Repeat(" ", 512))
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{opts: ingest.HandlerOptions{Limits: ingest.Limits{Timeout: time.Millisecond}}})
	w.store.WriteFunc = func(ctx context.Context, _ func() error) error {
		<-ctx.Done()
		return ctx.Err()
	}
	w.want(503, "POST", people, person)
}

func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	var logged strings.Builder
	w := newWorld(t, setup{opts: ingest.HandlerOptions{Log: slog.New(slog.NewTextHandler(&logged, nil))}})
	w.store.WriteFunc = func(context.Context, func() error) error { panic("Rahima's secret") }
	if got := w.want(500, "POST", people, person); strings.Contains(got.body, "secret") {
		t.Errorf("the answer tells: %s", got.body)
	}
	if !strings.Contains(logged.String(), "panic while answering") {
		t.Error("the panic was not logged")
	}
}

func TestFaultsOfTheStore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind fault.Kind
		want int
	}{{fault.Transient, 503}, {fault.Full, 507}, {fault.ReadOnly, 503}, {fault.Exceeded, 413}, {fault.Internal, 500}} {
		t.Run(c.kind.String(), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, setup{})
			w.store.WriteFunc = func(context.Context, func() error) error { return fault.New(c.kind, "the store says no") }
			w.want(c.want, "POST", people, person)
		})
	}
}

func TestRegionsHideRecords(t *testing.T) {
	t.Parallel()
	w, path := withPass(t, setup{}) // district 1001 lies in Khulna
	khulna, dhaka := []string{"Test-Viewer", "region:khulna"}, []string{"Test-Viewer", "region:dhaka"}
	w.want(200, "GET", path, "", khulna...)
	w.want(404, "GET", path, "", dhaka...)
	w.want(404, "DELETE", path, "", dhaka...)
	w.want(404, "POST", path+"/approve", "", dhaka...)
	w.want(403, "POST", passes, pass, dhaka...)
	w.want(403, "PATCH", path, `{"district":1002}`, khulna...) // out of one's own sight
	if got := w.want(200, "GET", passes, "", dhaka...).json(t)["records"].([]any); len(got) != 0 {
		t.Errorf("Dhaka sees %v", got)
	}
	if got := w.want(200, "GET", passes, "", khulna...).json(t)["records"].([]any); len(got) != 1 {
		t.Errorf("Khulna sees %v", got)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	w := newWorld(t, setup{})
	w.want(201, "POST", people, person)
	var ends []string
	for i := range 7 {
		end := noon.Add(time.Duration(3+i) * time.Hour).Format("2006-01-02T15:04:05.000Z")
		ends = append(ends, end)
		w.want(201, "POST", passes, with("endAt", `"`+end+`"`))
	}
	for _, order := range []string{"asc", "desc"} {
		want := slices.Clone(ends)
		if order == "desc" {
			slices.Reverse(want)
		}
		if got := w.pages(passes+"?index=ix_applicantId-endAt&partition="+phone+"&limit=3&order="+order, "endAt"); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", order, got, want)
		}
	}
	got := w.pages(passes+"?limit=2", "endAt")
	if slices.Sort(got); !slices.Equal(got, ends) {
		t.Errorf("scan: got %v, want %v", got, ends)
	}
	if got := w.pages(passes+"?partition="+strings.Repeat("0", 32), "endAt"); len(got) != 0 {
		t.Errorf("an empty partition has %v", got)
	}
}

// pages follows a list to its end and returns the field of every record.
func (w *world) pages(path, field string) []string {
	w.tb.Helper()
	var out []string
	for next := path; ; {
		m := w.want(200, "GET", next, "").json(w.tb)
		for _, r := range m["records"].([]any) {
			out = append(out, r.(map[string]any)[field].(string))
		}
		cursor, ok := m["next"].(string)
		if !ok {
			return out
		}
		next = path + "&cursor=" + cursor
	}
}

func TestCursorBelongsToItsList(t *testing.T) {
	t.Parallel()
	w, _ := withPass(t, setup{})
	w.want(201, "POST", passes, pass)
	list := passes + "?limit=1&index=ix_applicantId-endAt&partition=" + phone
	cursor := "&cursor=" + w.want(200, "GET", list, "").json(t)["next"].(string)
	w.want(200, "GET", list+cursor, "")
	for _, other := range []string{
		list + "&order=desc", passes + "?limit=1", strings.Replace(list, phone, "01812345678", 1), people + "?limit=1",
		strings.Replace(list, "endAt", "status", 1),
	} {
		if got := w.want(400, "GET", other+cursor, "").fields(t); !slices.Equal(got, []string{"cursor"}) {
			t.Errorf("%s: %v", other, got)
		}
	}
}
