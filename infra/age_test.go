package main_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// The age of data is looked at all the time, and not knowing it rings too: heartbeats keep what nobody writes to young.
func TestTheAgeOfDataIsAlwaysLookedAt(t *testing.T) {
	registry, err := schemas.Load(schemas.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, w *world, env string) {
		rings := map[string]bool{}
		for _, a := range w.of(env, "AWS::CloudWatch::Alarm") {
			_, dataset, ok := strings.Cut(a.Properties["AlarmName"].(string), "data-age:")
			if !ok {
				continue
			}
			rings[dataset] = true
			if a.Properties["TreatMissingData"] != "breaching" || a.Properties["Metrics"] != nil || a.Properties["MetricName"] != "DataAge" || !strings.Contains(text(a.Properties["Dimensions"]), `"`+dataset+`"`) {
				t.Errorf("%s: %s", a, text(a.Properties))
			}
		}
		for _, d := range registry.Datasets() {
			if d.Stream != "" && !rings[d.Name] {
				t.Errorf("nothing rings when %s grows old", d.Name)
			}
		}
		e, err := read(env)
		if err != nil {
			t.Fatal(err)
		}
		want := map[bool]string{true: "rate(2 minutes)", false: "rate(5 minutes)"}[env == "prod"]
		for _, s := range w.of(env, "AWS::Scheduler::Schedule") {
			if strings.Contains(text(s.Properties["Target"]), "heartbeat") && s.Properties["ScheduleExpression"] != want {
				t.Errorf("heartbeats are written %v, want %s (%d)", s.Properties["ScheduleExpression"], want, e.Commit.Heartbeat)
			}
		}
	})
}

// What the rights say of heartbeats is what heartbeats are.
func TestHeartbeatsAreNamedAsTheyAreWritten(t *testing.T) {
	code, err := os.ReadFile("internal/deploy/beats.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`beatAttribute = "` + record.Heartbeat + `"`, `beatKeys      = "` + record.HeartbeatKey + `*"`} {
		if !strings.Contains(string(code), want) {
			t.Errorf("there is no %s", want)
		}
	}
}
