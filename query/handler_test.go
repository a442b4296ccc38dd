package query_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/enginetest"
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
