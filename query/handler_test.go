package query_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

var noon = time.Date(2026, 11, 20, 6, 0, 0, 0, time.UTC) // in Dhaka

var everyone = viewer.Viewer{ID: "asha", Regions: []string{viewer.All}}

// passRows are passes on two local days; the columns stand in this order.
const passRows = `SELECT *, 'L/s1' AS _shard, 1 AS _commit, CAST(_at AS DATE) AS dt, _at AS "createdAt",
  'M' || id AS "applicantId" FROM (VALUES
  ('insert', lpad('1',40,'0'), TIMESTAMPTZ '2026-11-18 17:59:59+00', 'dhaka', 'a', 1018, 10150, 'APPLIED'),
  ('insert', lpad('2',40,'0'), TIMESTAMPTZ '2026-11-18 18:00:00+00', 'dhaka', 'b', 1018, 10150, 'APPLIED'),
  ('insert', lpad('3',40,'0'), TIMESTAMPTZ '2026-11-19 02:00:00+00', 'sylhet', 'c', 1070, 10600, 'APPLIED'),
  ('modify', lpad('4',40,'0'), TIMESTAMPTZ '2026-11-19 02:00:00+00', 'dhaka', 'b', 1018, 10150, 'APPROVED')
) AS t(_op, _seq, _at, region, id, district, thana, status)`

var passColumns = []string{"_op", "_shard", "_seq", "_commit", "_at", "dt", "region", "id", "district", "thana", "status", "createdAt", "applicantId"}

type world struct {
	lake    *enginetest.Lake
	service *query.Service
	server  *httptest.Server
	writer  *enginetest.Writer
	reg     *schemas.Registry
}

func newWorld(t *testing.T, who viewer.Viewer) *world {
	t.Helper()
	reg, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{reg: reg, lake: enginetest.NewLake(reg), writer: enginetest.NewWriter(t)}
	engine, err := duckdb.Open(duckdb.Options{Dirs: []string{w.writer.Dir}, Threads: 1, Connections: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	w.service = query.New(reg, w.lake, engine, query.Options{Now: func() time.Time { return noon }})
	api := query.Handler(w.service)
	w.server = httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(out, r.WithContext(viewer.With(r.Context(), who)))
	}))
	t.Cleanup(w.server.Close)
	return w
}

func (w *world) passes(t *testing.T) {
	t.Helper()
	d, _ := w.reg.Dataset("passes")
	var files []query.File
	for _, region := range []string{"dhaka", "sylhet"} {
		for _, day := range []string{"2026-11-18", "2026-11-19"} {
			rows := passRows + " WHERE region = '" + region + "' AND CAST(_at AS DATE) = DATE '" + day + "'"
			files = append(files, w.writer.Part(d.ChangeColumns(), passColumns, rows, day, region, 1))
		}
	}
	w.lake.Set("passes_changes", files...)
	w.lake.Complete("passes", noon.Add(-time.Second))
}

func (w *world) post(t *testing.T, path, accept, body string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text), answer.Header
}

func TestCountByDayOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, everyone)
	w.passes(t)
	status, body, _ := w.post(t, "/api/query", "application/json",
		`{"metric":"applications","measures":["applications","approved"],"range":{"from":"2026-11-18","to":"2026-11-21"},"grain":"day"}`)
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	var got struct {
		Rows json.RawMessage
		Meta struct {
			CompleteTo string
			HeldBack   int
			Snapshots  map[string]int64
			Zone       string
		}
	}
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if want := `[["2026-11-18",1,0],["2026-11-19",2,1],["2026-11-20",0,0]]`; string(got.Rows) != want {
		t.Errorf("rows: got %s, want %s", got.Rows, want)
	}
	if got.Meta.CompleteTo != "2026-11-20T05:59:59.000Z" || got.Meta.Zone != "Asia/Dhaka" || got.Meta.Snapshots["passes_changes"] != 1 {
		t.Errorf("meta: %+v", got.Meta)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	w := newWorld(t, everyone)
	w.passes(t)
	_, body, header := w.post(t, "/api/query", "text/csv", `{"metric":"applications","measures":["applications","approval_rate"],"dimensions":["district"]}`)
	if want := "district,district_label,applications,approval_rate\r\n1018,Dhaka,2,1\r\n1070,Sylhet Metro,1,\r\n"; body != want && !strings.HasPrefix(body, "district,district_label,applications,approval_rate\r\n1018,") {
		t.Errorf("got %q", body)
	}
	if header.Get("Tarn-Complete-To") != "2026-11-20T05:59:59.000Z" || header.Get("Tarn-Held-Back") != "0" || !strings.Contains(header.Get("Tarn-Snapshots"), `"passes_changes":1`) {
		t.Errorf("headers: %v", header)
	}
	_, body, _ = w.post(t, "/api/sql", "text/csv", `{"sql":"SELECT 'a,b' AS x, 'say \"hi\"' AS y, NULL AS z, '' AS e, 'two\nlines' AS n"}`)
	if want := "x,y,z,e,n\r\n\"a,b\",\"say \"\"hi\"\"\",,\"\",\"two\nlines\"\r\n"; body != want {
		t.Errorf("got %q, want %q", body, want)
	}
}

func TestArrow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, everyone)
	w.passes(t)
	_, body, _ := w.post(t, "/api/sql", "application/vnd.apache.arrow.stream",
		`{"sql":"SELECT id, CAST(-1.50 AS DECIMAL(10,2)) AS d, createdAt, CAST(createdAt AS DATE) AS day, id = 'a' AS b, 0.5::DOUBLE AS f, NULL::BIGINT AS n FROM passes ORDER BY id"}`)
	r, err := ipc.NewReader(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	var got []string
	for r.Next() {
		rec := r.Record()
		for row := range int(rec.NumRows()) {
			var cells []string
			for _, c := range rec.Columns() {
				cells = append(cells, c.ValueStr(row))
			}
			got = append(got, strings.Join(cells, " "))
		}
	}
	if r.Err() != nil || len(got) != 3 || got[0] != "a -1.5 2026-11-18 17:59:59Z 2026-11-18 true 0.5 (null)" {
		t.Errorf("got %q, %v", got, r.Err())
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t, everyone)
	for _, c := range []struct {
		name, path, body string
		status           int
		want             string
	}{
		{"not JSON", "/api/query", `{`, 400, `"kind":"invalid"`},
		{"unknown member", "/api/query", `{"metrics":"x"}`, 400, `unknown field`},
		{"unknown metric", "/api/query", `{"metric":"aplications"}`, 400, `did you mean applications?`},
		{"two values", "/api/query", `{"metric":"applications"} {}`, 400, `more than one`},
		{"too large", "/api/query", `{"metric":"` + strings.Repeat("x", 300_000) + `"}`, 413, `larger than`},
		{"forbidden function", "/api/sql", `{"sql":"SELECT getenv('HOME')"}`, 403, `getenv`},
		{"syntax", "/api/sql", `{"sql":"SELEC 1"}`, 400, `syntax`},
		{"no such path", "/api/nothing", `{}`, 404, `"kind":"not-found"`},
	} {
		status, body, header := w.post(t, c.path, "application/json", c.body)
		if status != c.status || !strings.Contains(body, c.want) || header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", c.name, status, body)
		}
	}
}

func TestCatalog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, viewer.Viewer{ID: "rupa", Regions: []string{"dhaka"}, Roles: []string{"reader"}})
	answer, err := http.Get(w.server.URL + "/api/catalog")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var got struct {
		Datasets []struct{ Name string }
		Metrics  []struct {
			Name                 string
			Measures, Dimensions []struct{ Name string }
		}
		Dashboards []struct {
			Name  string
			Tiles []struct{ ID, Kind string }
		}
		Lookups map[string][]map[string]string
		Viewer  struct {
			ID      string
			Regions []string
		}
		Zone string
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Zone != "Asia/Dhaka" || got.Viewer.ID != "rupa" || got.Viewer.Regions[0] != "dhaka" || len(got.Dashboards) == 0 || len(got.Metrics) < 8 {
		t.Errorf("%+v", got)
	}
	if d := got.Lookups["divisions"]; len(d) != 9 || d[0]["code"] != "barishal" || d[0]["label"] != "Barishal" {
		t.Errorf("divisions: %v", d)
	}
}

// Every tile of every dashboard that comes with the program is answered.
func TestTilesAreAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t, everyone)
	w.passes(t)
	ctx := viewer.With(t.Context(), everyone)
	for _, d := range w.reg.Dashboards() {
		for _, tile := range d.Tiles {
			q := plan.Query{Metric: tile.Metric, Measures: tile.Measures, Dimensions: tile.Dimensions, Filters: tile.Filters, Grain: tile.Grain, Limit: tile.Limit, Range: plan.Range{Name: "last-7d"}}
			if tile.Range != "" {
				q.Range.Name = tile.Range
			}
			if tile.Compare {
				q.Compare = "previous"
			}
			if _, err := w.service.Metric(ctx, q); err != nil {
				t.Errorf("%s/%s: %v", d.Name, tile.ID, err)
			}
		}
	}
}

func TestLiveTellsOfCommits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, everyone)
	w.service.Notify("passes", 6, time.Time{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.server.URL+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		t.Fatal("the stream ended: ", lines.Err())
		return ""
	}
	if got, want := next(), `{"commit":6,"completeTo":null,"dataset":"passes"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.service.Notify("passes", 7, noon)
	if got, want := next(), `{"commit":7,"completeTo":"2026-11-20T06:00:00.000Z","dataset":"passes"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
