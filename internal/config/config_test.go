package config_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/config"
)

type sample struct {
	Bucket string        `env:"LAKE_BUCKET" doc:"The bucket."`
	After  time.Duration `env:"FLUSH_AFTER" default:"5s" doc:"When."`
	Key    config.Secret `env:"KEY" default:"" doc:"A secret."`
	Limit  int           `env:"LIMIT" default:"10" doc:"How many."`
	On     bool          `env:"ON" default:"true" doc:"Whether."`
	Names  []string      `env:"NAMES" default:"" doc:"Which."`
}

func TestLoadReportsEveryFault(t *testing.T) {
	t.Parallel()
	env := map[string]string{"FLUSH_AFTER": "5", "LIMIT": "many", "ON": "perhaps"}
	_, err := config.Load[sample](func(k string) string { return env[k] })
	want := `LAKE_BUCKET: missing: The bucket.; FLUSH_AFTER: "5" has no unit: write 300ms, 5s or 2h; ` +
		`LIMIT: "many" is not a whole number of 64 bits; ON: "perhaps" is neither true nor false`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestEnvironIsWhatLoadReads(t *testing.T) {
	t.Parallel()
	want := sample{Bucket: "b", After: time.Minute, Key: "k", Limit: 3, On: false, Names: []string{"x", "y"}}
	env := config.Environ(want)
	got, err := config.Load[sample](func(k string) string { return env[k] })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSecretsStayHidden(t *testing.T) {
	t.Parallel()
	s := sample{Key: "hunter2"}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{fmt.Sprint(s), fmt.Sprintf("%+v %#v %s %q", s, s, s.Key, s.Key), string(text)} {
		if strings.Contains(form, "hunter2") {
			t.Errorf("the secret shows in %s", form)
		}
	}
}

func TestDefaultsOfUp(t *testing.T) {
	t.Parallel()
	up, err := config.Load[config.Up](func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	if up.Addr != "127.0.0.1:8080" || up.CommitEvery != 500*time.Millisecond || !up.Demo {
		t.Errorf("defaults are %+v", up)
	}
}
