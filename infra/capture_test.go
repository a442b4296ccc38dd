package main_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// gathers is for how many seconds changes and landings gather: where people try things out they want them soon, elsewhere
// cheap (docs/decisions/048).
var gathers = map[string]struct{ capture, commit float64 }{"sandbox": {10, 30}, "test": {30, 60}, "prod": {30, 60}, other: {10, 30}}

// Each property of a stream's mapping is one that docs/lake.md needs: without one of them rows are lost or doubled.
func TestStreamsAreMappedAsTheLakeNeeds(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		want := map[string]any{
			"StartingPosition":               "TRIM_HORIZON",
			"TumblingWindowInSeconds":        900.0, // the event says of which shard it is, and carries a state
			"ParallelizationFactor":          1.0,   // more would interleave ranges inside a shard
			"MaximumRetryAttempts":           -1.0,  // nothing is ever skipped
			"MaximumRecordAgeInSeconds":      -1.0,
			"BisectBatchOnFunctionError":     false,
			"FunctionResponseTypes":          []any{"ReportBatchItemFailures"},
			"BatchSize":                      10_000.0, // what cuts a batch is its payload, or the window
			"MaximumBatchingWindowInSeconds": gathers[env].capture,
			"Enabled":                        true,
		}
		streams := 0
		for _, m := range w.of(env, "AWS::Lambda::EventSourceMapping") {
			if m.Properties["StartingPosition"] == nil {
				continue // of a queue
			}
			streams++
			for name, value := range want {
				if diff := cmp.Diff(value, m.Properties[name]); diff != "" {
					t.Errorf("%s: %s: %s", m, name, diff)
				}
			}
			for _, name := range []string{"DestinationConfig", "FilterCriteria"} { // both drop records
				if m.Properties[name] != nil {
					t.Errorf("%s has a %s", m, name)
				}
			}
		}
		tables := 0
		for _, table := range w.of(env, "AWS::DynamoDB::Table") {
			if stream, ok := table.Properties["StreamSpecification"].(map[string]any); ok {
				tables++
				if stream["StreamViewType"] != "NEW_AND_OLD_IMAGES" {
					t.Errorf("%s streams %v", table, stream)
				}
			}
		}
		if streams != tables || streams == 0 {
			t.Errorf("%d streams are mapped, and %d tables have one", streams, tables)
		}
	})
}

func TestLandingsWakeTheCommitter(t *testing.T) {
	each(t, func(t *testing.T, w *world, env string) {
		queues := 0
		for _, m := range w.of(env, "AWS::Lambda::EventSourceMapping") {
			if m.Properties["StartingPosition"] != nil {
				continue
			}
			queues++
			want := map[string]any{"BatchSize": 10_000.0, "MaximumBatchingWindowInSeconds": gathers[env].commit, "ScalingConfig": map[string]any{"MaximumConcurrency": 2.0}}
			for name, value := range want {
				if diff := cmp.Diff(value, m.Properties[name]); diff != "" {
					t.Errorf("%s: %s: %s", m, name, diff)
				}
			}
		}
		if queues != 1 {
			t.Errorf("%d queues are mapped, want 1", queues)
		}
	})
}
