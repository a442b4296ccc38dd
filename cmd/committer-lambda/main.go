// Command committer-lambda commits what has landed. Whatever wakes it, a message about a landed object or a schedule, it
// lists what is there and commits that; when more has landed than there is time for, it asks to be woken again.
package main

import (
	"context"
	"io"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/internal/warehouse"
	"github.com/tarn-lake/tarn/processors/commit"
	feed "github.com/tarn-lake/tarn/processors/stream/dynamo"
)

// version is set when the program is linked.
var version = "unknown"

func main() { os.Exit(function.Main(run)) }

// run opens what the function needs, once, and returns what answers its events.
func run(ctx context.Context, getenv func(string) string, out io.Writer) (any, error) {
	settings, err := config.Load[config.Committer](getenv)
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
	h := &handler{base: base, lake: lake, settings: settings, queue: sqs.NewFromConfig(base.AWS)}
	h.shards = warehouse.NewShards(lake, feed.New(base.AWS, streams(base.Registry, settings.Tables), feed.Options{}))
	h.committer = commit.New(lake.Files, lake.Catalog, base.Registry, commit.Options{
		Log: base.Log, Observe: base.Observe, MaxBytes: int64(settings.PassMB) << 20, Keep: settings.Snapshots, KeepFor: settings.KeepFor,
		Archive: settings.Archive, AtOnce: objectsAtOnce, Spare: settings.Grace, Version: version,
	})
	return h, nil
}
