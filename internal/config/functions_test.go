package config_test

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/fault"
)

func TestFunctionsLoadWhatWasWritten(t *testing.T) {
	t.Parallel()
	roundTrips(t, config.API{Function: function(), Tables: config.Names{"b": "x", "a": "y"}, Profile: "strict", Uploads: "s3://uploads/photos", TokenSecret: "arn:t",
		PublicURL: "https://api", Issuer: "https://i", Clients: []string{"c"}, Grace: time.Second})
	roundTrips(t, config.Processor{Function: function(), Lake: "s3://lake", Tables: config.Names{"a": "y"}, MaskSecret: "arn:m", Grace: time.Second})
	roundTrips(t, config.Committer{Function: function(), Lake: "s3://lake/l", Database: "d", Tables: config.Names{"a": "y"}, Queue: "https://q", PassMB: 8, Snapshots: 9, KeepFor: time.Minute, Archive: true, Grace: time.Second})
	roundTrips(t, config.Maintenance{Function: function(), Lake: "s3://lake", Database: "d", Tables: config.Names{"a": "y"}, Snapshots: 9, KeepFor: time.Minute, MemoryMB: 64,
		WorkGroup: "w", Results: "s3://results/r", Grace: time.Second})
	roundTrips(t, config.Query{Function: function(), Lake: "s3://lake", Database: "d", WorkGroup: "w", AdHoc: "a", Results: "s3://results", Issuer: "https://i", Keys: "https://k",
		Clients: []string{"c", "e"}, SessionSecret: "arn:s", Stream: true, Timeout: time.Minute, Grace: time.Second})
}

func function() config.Function {
	return config.Function{Environment: "test", Schemas: "schemas", LogLevel: slog.LevelWarn, Metrics: "Mine"}
}

func roundTrips[T any](t *testing.T, want T) {
	t.Helper()
	env := config.Environ(want)
	got, err := config.Load[T](func(k string) string { return env[k] })
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%T: %v\n%s", want, err, diff)
	}
}

func TestFunctionsReportEveryFault(t *testing.T) {
	t.Parallel()
	env := map[string]string{"TARN_LAKE": "my-lake", "TARN_TABLES": "a=x,b=x", "TARN_LOG_LEVEL": "loud", "TARN_GRACE": "5"}
	_, err := config.Load[config.Processor](func(k string) string { return env[k] })
	want := `TARN_LOG_LEVEL: slog: level string "loud": unknown name; TARN_LAKE: "my-lake" is no bucket: write s3://my-lake or s3://my-lake/folder; ` +
		`TARN_TABLES: "x" is given to a and to b; TARN_GRACE: "5" has no unit: write 300ms, 5s or 2h`
	if !fault.Is(err, fault.Invalid) || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	_, err = config.Load[config.Query](func(string) string { return "" })
	var told *fault.Error
	if !errors.As(err, &told) || told.Kind != fault.Invalid || len(told.Fields) != 5 {
		t.Errorf("got %v, want the five that are required", err)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"a":       `"a" is no pair: write name=deployed,name=deployed`,
		"a=":      `"a=" is no pair: write name=deployed,name=deployed`,
		"=x":      `"=x" is no pair: write name=deployed,name=deployed`,
		"a=x,":    `"" is no pair: write name=deployed,name=deployed`,
		"a=x,a=y": `"a" is named twice`,
	} {
		var n config.Names
		if err := n.UnmarshalText([]byte(text)); err == nil || err.Error() != says {
			t.Errorf("%s: %v", text, err)
		}
	}
	n := config.Names{"a": "x"}
	if n.Of("a") != "x" || n.Of("b") != "b" || config.Names(nil).Of("c") != "c" {
		t.Errorf("got %s, %s", n.Of("a"), n.Of("b"))
	}
	if bucket, folder := config.Location("s3://b/f/g").Bucket(); bucket != "b" || folder != "f/g" || config.Location("s3://b/f").Folder() != "s3://b/f/" || config.Location("").Folder() != "" {
		t.Errorf("bucket %s, folder %s", bucket, folder)
	}
}
