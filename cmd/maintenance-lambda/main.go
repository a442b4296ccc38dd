// Command maintenance-lambda keeps the lake's tables in shape, one task of one dataset, or of all, at each call: small
// files become few, bases and rollups follow their histories, the ledger is told, old snapshots and lost files go.
package main

import (
	"context"
	"io"
	"os"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/internal/warehouse"
	"github.com/tarn-lake/tarn/processors/compact"
	"github.com/tarn-lake/tarn/processors/rollup"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/query/athena"
	"github.com/tarn-lake/tarn/query/rollups"
)

func main() { os.Exit(function.Main(run)) }

// run opens what the function needs, once, and returns what answers its events.
func run(ctx context.Context, getenv func(string) string, out io.Writer) (any, error) {
	settings, err := config.Load[config.Maintenance](getenv)
	if err != nil {
		return nil, err
	}
	base, err := function.Open(ctx, settings.Function, out)
	if err != nil {
		return nil, err
	}
	lake, err := warehouse.Open(ctx, base, settings.Lake, settings.Database)
	if err != nil {
		return nil, err
	}
	h := &handler{base: base, lake: lake, settings: settings, glue: glue.NewFromConfig(base.AWS), hearts: hearts(settings, base)}
	h.compactor = compact.New(lake.Files, compact.Options{
		MemoryBytes: int64(settings.MemoryMB) << 20, Keep: settings.Snapshots, Grace: settings.KeepFor, Observe: base.Observe,
	})
	if settings.WorkGroup != "" {
		h.source, err = source(settings, base, lake)
	}
	return h, err
}

// source returns what rollups are counted by: Athena, in a workgroup of its own.
func source(s config.Maintenance, base *function.Base, lake *warehouse.Warehouse) (rollup.Source, error) {
	engine, err := athena.New(sdk.NewFromConfig(base.AWS), athena.Options{Database: s.Database, WorkGroup: s.WorkGroup, Results: s.Results.Folder(), Read: base.Read})
	if err != nil {
		return nil, err
	}
	service := query.New(base.Registry, query.NewLake(lake.Catalog, base.Registry, query.Marked{}), engine, query.Options{Timeout: counting})
	return rollups.Source(service), nil
}

// counting is how long one count of a rollup may take.
const counting = 10 * time.Minute
