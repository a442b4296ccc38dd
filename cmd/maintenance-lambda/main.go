// Command maintenance-lambda keeps the lake's tables in shape, one task of one dataset, or of all, at each call: small
// files become few, bases and rollups follow their histories, the ledger is told, old snapshots and lost files go.
package main

import (
	"context"
	"io"
	"os"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/internal/warehouse"
	"github.com/tarn-lake/tarn/processors/compact"
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
	h := &handler{base: base, lake: lake, settings: settings}
	h.compactor = compact.New(lake.Files, compact.Options{
		MemoryBytes: int64(settings.MemoryMB) << 20, Keep: settings.Snapshots, Grace: settings.KeepFor, Observe: base.Observe,
	})
	return h, nil
}
