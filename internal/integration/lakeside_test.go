//go:build integration

package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/blob/blobtest"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/schemas"
)

// onAWS is the bucket of lakes whose tables are in Glue.
const onAWS = "tarn-lake"

// cloudSide is S3, Glue, and the engine that reads what is there.
type cloudSide struct {
	objects integration.Objects
	glue    string
	trino   *integration.Engine
}

func newCloudSide(t *testing.T) *cloudSide {
	t.Helper()
	c := &cloudSide{objects: integration.S3(t), glue: integration.Glue(t)}
	for _, bucket := range []string{onAWS, lake.Bucket} {
		if err := os.Mkdir(filepath.Join(c.objects.Folder, bucket), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c.trino = integration.Trino(t, c.glue, c.objects)
	return c
}

func (c *cloudSide) config(t *testing.T, endpoint string) aws.Config {
	t.Helper()
	config, err := cloud.Load(t.Context(), cloud.Settings{Region: integration.Region, Endpoint: endpoint, Key: integration.Key, Secret: integration.Secret})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// side is a lake that is filled.
type side struct {
	files     blobtest.Store
	catalog   *tables.Catalog
	registry  *schemas.Registry
	lander    *land.Lander
	committer *commit.Committer
	compactor *compact.Compactor
	history   compact.History
}

// bucket is a lake in a folder of the bucket and a Glue database, both of that name.
func (c *cloudSide) bucket(t *testing.T, name string, opts tables.Options) *side {
	t.Helper()
	files := s3.Open(s3.Client(c.config(t, c.objects.Endpoint)), onAWS, s3.Options{Prefix: name})
	catalog, err := tables.OpenGlue(t.Context(), sdk.NewFromConfig(c.config(t, c.glue)), tables.Place{
		Database: name, Root: "s3://" + onAWS + "/" + name + "/", Objects: files, Mirror: filepath.Join(c.objects.Folder, onAWS, name),
	}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return newSide(t, files, catalog)
}

// folder is a lake in a data folder, which is shown to engines as the bucket that its locations name.
func (c *cloudSide) folder(t *testing.T) *side {
	t.Helper()
	root := filepath.Join(c.objects.Folder, lake.Bucket)
	files, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := tables.OpenFolder(t.Context(), root, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return newSide(t, files, catalog)
}

func newSide(t *testing.T, files blobtest.Store, catalog *tables.Catalog) *side {
	t.Helper()
	registry, err := synthetic.Registry()
	if err != nil {
		t.Fatal(err)
	}
	s := &side{files: files, catalog: catalog, registry: registry}
	if s.lander, err = land.New(files, registry, land.Options{}); err != nil {
		t.Fatal(err)
	}
	s.committer = commit.New(files, catalog, registry, commit.Options{})
	later := func() time.Time { return time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC) } // the stream's days are over
	s.compactor = compact.New(files, compact.Options{BaseRows: 1, Now: later})
	d, _ := registry.Dataset(synthetic.Dataset)
	s.history.Dataset = d
	if s.history.Changes, err = catalog.Table(t.Context(), tables.Changes(d)); err != nil {
		t.Fatal(err)
	}
	if s.history.Base, err = catalog.Table(t.Context(), compact.BaseSpec(d)); err != nil {
		t.Fatal(err)
	}
	return s
}

// fill lands and commits rounds of a ring's batches, and compacts.
func (s *side) fill(t *testing.T, ring *synthetic.Ring, rounds int) {
	t.Helper()
	for range rounds {
		s.land(t, ring)
	}
	s.keep(t)
}

// land lands the next batch of each lane, twice, and commits.
func (s *side) land(t *testing.T, ring *synthetic.Ring) {
	t.Helper()
	for _, l := range ring.Lanes() {
		b := l.Next()
		batch := land.Batch{Stream: synthetic.Source, Lane: b.Lane, Begin: b.After == "", Body: b.Body}
		if b.After != "" {
			var err error
			if batch.After, err = lake.ParseSeq(b.After); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if landed, err := s.lander.Land(t.Context(), batch); err != nil || landed.Bad > 0 {
				t.Fatalf("%+v, %v", landed, err)
			}
		}
	}
	report, err := s.committer.Commit(t.Context())
	if err != nil || len(report.Holes)+len(report.Unreadable) > 0 {
		t.Fatalf("%+v, %v", report, err)
	}
}

// keep compacts and brings the base up to the history.
func (s *side) keep(t *testing.T) {
	t.Helper()
	for name, do := range map[string]func(context.Context, compact.History) (bool, error){"compaction": s.compactor.Merge, "base": s.compactor.MergeBase} {
		if _, err := do(t.Context(), s.history); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// cell is a count by day, region and status, with its fees in hundredths.
type cell struct {
	dt, region, status string
	rows, fee          int64
}

func truth(ring *synthetic.Ring) []cell {
	by := map[synthetic.Cell]synthetic.Sum{}
	for c, sum := range ring.Truth().History() {
		c.Op = ""
		by[c] = synthetic.Sum{Rows: by[c].Rows + sum.Rows, Fee: by[c].Fee + sum.Fee}
	}
	var all []cell
	for c, sum := range by {
		all = append(all, cell{c.Dt, c.Region, c.Status, sum.Rows, sum.Fee})
	}
	return sorted(all)
}

func sorted(all []cell) []cell {
	slices.SortFunc(all, func(a, b cell) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return all
}

// byTrino counts a table as Trino reads it.
func (c *cloudSide) byTrino(t *testing.T, table string) []cell {
	t.Helper()
	rows := c.trino.Query(t, `select cast(dt as varchar), region, coalesce(status, ''), count(*), coalesce(cast(sum(fee) * 100 as bigint), 0) from lake.`+table+` group by 1, 2, 3`)
	var all []cell
	for _, r := range rows {
		all = append(all, cell{r[0].(string), r[1].(string), r[2].(string), whole(t, r[3]), whole(t, r[4])})
	}
	return sorted(all)
}

func whole(t *testing.T, v any) int64 {
	t.Helper()
	n, err := v.(json.Number).Int64()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const countByPython = `
import json, sys
from collections import defaultdict
from decimal import Decimal
rows = lake.load_table(sys.argv[1]).scan(selected_fields=("dt", "region", "status", "fee")).to_arrow().to_pylist()
sums = defaultdict(lambda: [0, Decimal(0)])
for r in rows:
    s = sums[(str(r["dt"]), r["region"], r["status"] or "")]
    s[0] += 1
    s[1] += r["fee"] or 0
print(json.dumps([[*key, n, int(fee * 100)] for key, (n, fee) in sums.items()]))
`

// byPyIceberg counts a table as PyIceberg and pyarrow read it.
func (c *cloudSide) byPyIceberg(t *testing.T, table string) []cell {
	t.Helper()
	var rows [][]any
	decoder := json.NewDecoder(strings.NewReader(integration.PyIceberg(t, c.glue, c.objects, countByPython, table)))
	decoder.UseNumber()
	if err := decoder.Decode(&rows); err != nil {
		t.Fatal(err)
	}
	var all []cell
	for _, r := range rows {
		all = append(all, cell{r[0].(string), r[1].(string), r[2].(string), whole(t, r[3]), whole(t, r[4])})
	}
	return sorted(all)
}

func equal(t *testing.T, who string, want, got []cell) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(cell{})); diff != "" {
		t.Errorf("%s counts otherwise (-truth +%s):\n%s", who, who, diff)
	}
}
