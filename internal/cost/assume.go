package cost

import (
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Assumption is a figure that the bill rests on and that differs from one system to the next.
type Assumption struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Why   string  `json:"why"`
}

// assumed are the assumptions unless somebody says otherwise. Settings are those of infra/environments/prod.json.
func assumed() []Assumption {
	return []Assumption{
		{"shards", 4, "shards of the streams at least; a new on-demand table has four partitions"},
		{"shard-writes", 1000, "writes a second that a partition, and so a shard, takes"},
		{"peak", 3, "the busiest second against the mean one"},
		{"capture-seconds", 30, "how long a batch may gather (capture.seconds)"},
		{"capture-mb", 512, "memory of the processor (capture.memoryMB)"},
		{"put-ms", 30, "time of one PUT to S3 as a function sees it"},
		{"commit-seconds", 60, "how long landings gather before they wake the committer (commit.seconds)"},
		{"commit-mb", 1769, "memory of the committer and of maintenance (commit.memoryMB)"},
		{"commit-ms", 1500, "time of one commit beside the work on rows: its requests one after another"},
		{"maintain-ms", 3000, "time of one task of maintenance beside the work on rows"},
		{"slower", 1.5, "a Lambda core against the core that the measured times are of"},
		{"regions", 9, "regions that changes fall into, each a file of a commit"},
		{"lake-bytes", 124, "bytes of a change in the lake"},
		{"months", 12, "months of history that are kept"},
		{"questions", 900, "questions of a viewer in a month that no kept answer has"},
		{"question-mb", 50, "megabytes that a question reads; Athena counts 10 at least"},
		{"log-bytes", 600, "log of one invocation"},
		{"firehose-packed", 0, "1: the function packs several changes into one record of Firehose, so that nothing is rounded up to 5 KB"},
		{"firehose-seconds", 60, "how long Firehose gathers; 60 is the least with format conversion of 64 MB that keeps data about as fresh"},
		{"naive-us", 58, "microseconds of a core for a change that is read by the SDK's types and written again as JSON"},
		{"dpu-gb", 20, "gigabytes of small Parquet files that one DPU-hour compacts"},
		{"state-minutes", 60, "minutes between two runs of a Glue job that merges current state, where the way has none"},
		{"state-dpu", 2, "DPUs of such a job"},
		{"state-run-minutes", 4, "minutes that it runs"},
		{"etl-minutes", 15, "minutes between two refreshes of zero-ETL"},
		{"etl-dpu", 2, "DPUs of one refresh"},
		{"etl-run-minutes", 2, "minutes that it runs"},
		{"table-gb", 0, "gigabytes of the source's tables; 0: a tenth of a year's changes, half an event each"},
	}
}

// names looks assumptions up.
type names map[string]float64

// Assume returns the assumptions with others in the place of some. A name that is none, or a value below zero, is Invalid.
func Assume(other map[string]float64) ([]Assumption, error) {
	all := assumed()
	for name, value := range other {
		i := slices.IndexFunc(all, func(a Assumption) bool { return a.Name == name })
		if i < 0 {
			var known []string
			for _, a := range all {
				known = append(known, a.Name)
			}
			return nil, fault.New(fault.Invalid, "there is no assumption %q; there are: %s", name, strings.Join(known, ", "))
		}
		if value < 0 || value != value {
			return nil, fault.New(fault.Invalid, "assumption %s: %g is below zero", name, value)
		}
		all[i].Value, all[i].Why = value, "as given"
	}
	n := valuesOf(all)
	for _, name := range []string{"shards", "shard-writes", "capture-seconds", "capture-mb", "commit-seconds", "commit-mb", "firehose-seconds", "dpu-gb", "state-minutes", "etl-minutes"} {
		if n[name] == 0 {
			return nil, fault.New(fault.Invalid, "assumption %s cannot be zero", name)
		}
	}
	return all, nil
}

func valuesOf(all []Assumption) names {
	n := names{}
	for _, a := range all {
		n[a.Name] = a.Value
	}
	return n
}
