// Package function is what the functions on AWS share: how one starts, what its log lines carry, where its metrics go,
// and what it reads once. It links nothing that a function which must start in milliseconds could not bear.
package function

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/internal/xray"
	"github.com/tarn-lake/tarn/schemas"
)

// opening is how long a function may take to open what it needs: Lambda itself ends it after ten seconds, and then
// nobody knows why.
const opening = 9 * time.Second

// Exit codes: what is wrong with the settings is mended elsewhere than what is wrong with the world.
const (
	exitFailed   = 1
	exitSettings = 2
)

// Main runs a function: open is called once and returns what answers its events, as lambda.Start takes it. It returns
// only if that fails, with the exit code; the reason is in the log.
func Main(open func(ctx context.Context, getenv func(string) string, out io.Writer) (any, error)) int {
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), opening)
	defer cancel()
	handler, err := open(ctx, os.Getenv, os.Stdout)
	if err != nil {
		return refuse(os.Stdout, err)
	}
	// Lambda tells how long a start took in all; this is the part that is ours, what it asked others for included.
	telemetry.NewLogger(os.Stdout, slog.LevelInfo, telemetry.JSON).Info("the function is ready", "init_ms", float64(time.Since(began).Microseconds())/1000)
	lambda.Start(handler)
	return exitFailed
}

// refuse says in the log why the function does not start, setting by setting where they are wrong.
func refuse(out io.Writer, err error) int {
	log := telemetry.NewLogger(out, slog.LevelError, telemetry.JSON)
	var told *fault.Error
	if !errors.As(err, &told) || told.Kind != fault.Invalid {
		log.Error("the function does not start", telemetry.Err, err)
		return exitFailed
	}
	log.Error("the function does not start: its settings are wrong", telemetry.Err, err, "settings", told.Fields)
	return exitSettings
}

// Base is what every function has once it has started. It is read-only.
type Base struct {
	Log      *slog.Logger
	Observe  telemetry.Observe // measures, and logs at debug level
	AWS      aws.Config
	Registry *schemas.Registry
}

// Open makes a function's base of its settings. Log lines and metrics go to out.
func Open(ctx context.Context, s config.Function, out io.Writer) (*Base, error) {
	b := &Base{Log: newLogger(out, s.LogLevel)}
	b.Observe = telemetry.Fan(telemetry.NewEMF(out, s.Metrics, s.Environment).Observe, telemetry.Logged(b.Log, slog.LevelDebug))
	var err error
	if b.AWS, err = cloud.Load(ctx, cloud.Settings{}); err != nil {
		return nil, err
	}
	// Lambda itself sets this one, like those that the SDK reads.
	xray.Open(os.Getenv(xray.Variable)).Watch(&b.AWS)
	if b.Registry, err = b.schemas(ctx, s.Schemas); err != nil {
		return nil, fmt.Errorf("read the dataset files: %w", err)
	}
	return b, nil
}

// Bucket returns the objects of a place.
func (b *Base) Bucket(at config.Location) *s3.Bucket {
	name, folder := at.Bucket()
	return s3.Open(s3.Client(b.AWS), name, s3.Options{Prefix: folder})
}

// Read returns the bytes of an object, by its location s3://bucket/key.
func (b *Base) Read(ctx context.Context, location string) ([]byte, error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(location, "s3://"), "/")
	if !ok {
		return nil, fault.New(fault.Internal, "%q is not the location of an object", location)
	}
	return b.Bucket(config.Location("s3://"+bucket)).Get(ctx, key)
}

// Within returns ctx with what remains of its time less grace, which is kept for the answer.
func Within(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline.Add(-grace))
}
