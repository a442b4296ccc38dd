package duckdb_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/duckdb"
	"github.com/tarn-lake/tarn/query/enginetest"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// changes is 500,000 changes of 333,334 passes over thirty days, the last tenth of them above the base.
const changes = `CREATE TABLE c AS SELECT CASE WHEN i % 3 = 2 THEN 'modify' ELSE 'insert' END AS _op, 'L/s1' AS _shard,
  lpad(i::VARCHAR, 40, '0') AS _seq, CAST(i // 1700 AS BIGINT) AS _commit, TIMESTAMPTZ '2026-10-21 18:00:00+00' + to_microseconds(i * 5184000) AS _at,
  md5((i - CASE WHEN i % 3 = 2 THEN 2 ELSE 0 END)::VARCHAR) AS id, 1001 + (hash(i - CASE WHEN i % 3 = 2 THEN 2 ELSE 0 END) % 75)::INT AS district,
  ['barishal','chattogram','dhaka','khulna','mymensingh','rajshahi','rangpur','sylhet'][1 + (district % 8)] AS region,
  (10001 + hash(i + 2) % 626)::INT AS thana, 'To ' || (i % 997) AS "toLocation",
  TIMESTAMPTZ '2026-10-21 18:00:00+00' + to_microseconds((i - CASE WHEN i % 3 = 2 THEN 2 ELSE 0 END) * 5184000) AS "createdAt",
  "createdAt" + INTERVAL 2 HOUR AS "startAt", "createdAt" + INTERVAL 5 HOUR AS "endAt", CASE WHEN i % 5 = 0 THEN 'O' ELSE 'R' END AS type,
  ['Grocery shopping','Going to work','Bank','Other thing ' || (i % 50)][1 + (hash(i + 9) % 4)::INT] AS reason, i % 4 = 0 AS "includeVehicle",
  CASE WHEN i % 4 = 0 THEN sha256((i % 5000)::VARCHAR) END AS "vehicleNo", sha256((hash(i + 4) % 40000)::VARCHAR) AS "applicantId",
  CASE WHEN i % 3 = 2 THEN 'APPROVED' ELSE 'APPLIED' END AS status, CASE WHEN i % 3 = 2 THEN _at END AS "decidedAt", CAST(_at AS DATE) AS dt,
  CASE WHEN i % 3 = 2 THEN ['decidedAt', 'status'] END AS _changed FROM range(500000) t(i)`

var passColumns = []string{"_op", "_shard", "_seq", "_commit", "_at", "dt", "region", "id", "district", "thana", "toLocation", "createdAt", "startAt", "endAt",
	"type", "reason", "includeVehicle", "vehicleNo", "applicantId", "status", "decidedAt", "_changed"}

// bigLake is the history in about 300 files, as compaction leaves it and the last commits add to it, and a base of eight.
func bigLake(tb testing.TB, reg *schemas.Registry) (*enginetest.Lake, string) {
	tb.Helper()
	w := enginetest.NewWriter(tb)
	w.Exec(changes)
	lake := enginetest.NewLake(reg)
	d, _ := reg.Dataset("passes")
	var files []query.File
	for day := range 31 {
		date := time.Date(2026, 10, 21, 0, 0, 0, 0, time.UTC).AddDate(0, 0, day).Format(time.DateOnly)
		for _, region := range []string{"barishal", "chattogram", "dhaka", "khulna", "mymensingh", "rajshahi", "rangpur", "sylhet"} {
			for _, part := range []string{"<= 264", "> 264"} {
				if (day < 27) == (part == "> 264") {
					continue
				}
				rows := fmt.Sprintf("SELECT * FROM c WHERE dt = '%s' AND region = '%s' AND _commit %s ORDER BY district, thana, _at", date, region, part)
				upper := int64(264)
				if part == "> 264" {
					upper = 300
				}
				files = append(files, w.Part(d.ChangeColumns(), passColumns, rows, date, region, upper))
			}
		}
	}
	lake.Set("passes_changes", files...)
	var base []query.File
	for b := range 8 {
		rows := fmt.Sprintf("SELECT * FROM c WHERE _commit <= 264 AND hash(id) %% 8 = %d QUALIFY row_number() OVER (PARTITION BY id ORDER BY _seq DESC) = 1 ORDER BY id", b)
		base = append(base, w.File(d.StateColumns(), passColumns, rows))
	}
	lake.SetBase("passes", 264, base...)
	tb.Logf("%d files of changes, %d of the base", len(files), len(base))
	return lake, w.Dir
}

// cpu is the time that this process has computed: unlike the clock, it does not tell of what else the machine does.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDashboard asks what each tile of the page asks, warm, on one core.
func BenchmarkDashboard(b *testing.B) {
	reg, err := schemas.Load(schemas.Embedded())
	if err != nil {
		b.Fatal(err)
	}
	lake, dir := bigLake(b, reg)
	engine, err := duckdb.Open(duckdb.Options{Dirs: []string{dir}, Threads: 1, Connections: 1, TempDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer engine.Close()
	now := time.Date(2026, 11, 20, 16, 0, 0, 0, time.UTC)
	svc := query.New(reg, lake, engine, query.Options{CacheBytes: 1, Now: func() time.Time { return now }})
	ctx := viewer.With(context.Background(), viewer.System())
	for _, t := range reg.Dashboards()[0].Tiles {
		for _, span := range []string{"last-7d", "last-30d"} {
			q := plan.Query{Metric: t.Metric, Measures: t.Measures, Dimensions: t.Dimensions, Filters: t.Filters, Grain: t.Grain,
				Range: plan.Range{Name: span}, Limit: t.Limit}
			if t.Range != "" {
				q.Range.Name = t.Range
			}
			if t.Metric == "counters" {
				q.Range = plan.Range{}
			}
			b.Run(t.ID+"/"+span, func(b *testing.B) {
				if _, err := svc.Metric(ctx, q); err != nil { // warm
					b.Fatal(err)
				}
				b.ResetTimer()
				before := cpu(b)
				for range b.N {
					if _, err := svc.Metric(ctx, q); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64((cpu(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/op")
			})
		}
	}
}
