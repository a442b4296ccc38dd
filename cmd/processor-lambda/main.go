// Command processor-lambda lands what the event source mappings of tables' streams deliver: one object in the lake's
// bucket for each batch. It links no table library, so that it starts in milliseconds.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/function"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/stream/lambda"
	"github.com/tarn-lake/tarn/schemas"
)

func main() { os.Exit(function.Main(run)) }

// run opens what the function needs, once, and returns what answers its events.
func run(ctx context.Context, getenv func(string) string, out io.Writer) (any, error) {
	settings, err := config.Load[config.Processor](getenv)
	if err != nil {
		return nil, err
	}
	base, err := function.Open(ctx, settings.Function, out)
	if err != nil {
		return nil, err
	}
	var opts land.Options
	if settings.MaskSecret != "" {
		secret, err := base.Secret(ctx, settings.MaskSecret)
		if err != nil {
			return nil, err
		}
		opts.MaskKey = secret.Key("mask")
	}
	lander, err := land.New(base.Bucket(settings.Lake), base.Registry, opts)
	if err != nil {
		return nil, fmt.Errorf("compile the schemas (masked fields need TARN_MASK_SECRET): %w", err)
	}
	return lambda.New(lander, streams(base.Registry, settings.Tables), lambda.Options{Log: base.Log, Observe: base.Observe, Grace: settings.Grace}), nil
}

// streams returns the stream that each deployed table feeds.
func streams(registry *schemas.Registry, deployed config.Names) map[string]string {
	all := map[string]string{}
	for _, d := range registry.Datasets() {
		if d.Table != "" && d.Stream != "" {
			all[deployed.Of(d.Table)] = d.Stream
		}
	}
	return all
}
