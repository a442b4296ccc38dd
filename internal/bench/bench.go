// Package bench measures the machine it runs on: the store, the API, the way from a write to an answer, and loading.
// Every run works on a folder of its own that is removed afterwards, and prints how long a sync of the disk takes beside
// its figures, because most of them hang on that.
package bench

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/machine"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/node"
)

// Result is one figure.
type Result struct {
	Name   string  `json:"name"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Target string  `json:"target,omitempty"`
	Note   string  `json:"note,omitempty"`
}

// Options say what is measured and for how long.
type Options struct {
	Folder  string        // where the work is done; its disk is what is measured
	For     time.Duration // of each run; 0: 5 s
	Clients int           // 0: 64
	Flights string        // a Parquet file of flights to load; empty: that run is left out
	Schemas string        // the dataset files of the flights
	Quick   bool          // without the long runs
	Tell    node.Tell
}

// Machine is what the figures were taken on.
type Machine struct {
	CPUs       int     `json:"cpus"`
	Go         string  `json:"go"`
	SyncMedian float64 `json:"fdatasyncMedianMs"`
	Load       string  `json:"loadAverage,omitempty"`
}

// Report is every figure of one run.
type Report struct {
	Machine Machine  `json:"machine"`
	Results []Result `json:"results"`
}

// Run measures.
func Run(ctx context.Context, o Options) (Report, error) {
	o.For = cmp.Or(o.For, 5*time.Second)
	o.Clients = cmp.Or(o.Clients, 64)
	if o.Tell == nil {
		o.Tell = node.Silent
	}
	root, err := os.MkdirTemp(o.Folder, "tarn-bench-")
	if err != nil {
		return Report{}, fmt.Errorf("make a folder to measure in: %w", err)
	}
	defer os.RemoveAll(root)
	b := &bench{Options: o, root: root}
	report := Report{Machine: Machine{CPUs: runtime.NumCPU(), Go: runtime.Version(), Load: machine.Load()}}
	if report.Machine.SyncMedian, err = syncMedian(root); err != nil {
		return Report{}, err
	}
	runs := []func(context.Context) ([]Result, error){b.store, b.httpAlone, b.httpWhole, b.answers, b.pipeline, b.flights}
	for i, run := range runs {
		o.Tell(node.Step{What: "runs", Done: int64(i), Total: int64(len(runs))})
		got, err := run(ctx)
		if err != nil {
			return report, err
		}
		report.Results = append(report.Results, got...)
	}
	return report, ctx.Err()
}

type bench struct {
	Options
	root string
	made int
}

// folder returns a new data folder's path.
func (b *bench) folder() string {
	b.made++
	return fmt.Sprintf("%s/%d", b.root, b.made)
}

// settings are a machine's without demo.
func (b *bench) settings(schemas string) (config.Up, error) {
	s, err := config.Load[config.Up](func(string) string { return "" })
	s.Data, s.Schemas, s.Demo, s.LogLevel = b.folder(), schemas, false, "error"
	return s, err
}

// syncMedian is the median time that a small append takes to reach the disk.
func syncMedian(dir string) (float64, error) {
	file, err := os.CreateTemp(dir, "sync")
	if err != nil {
		return 0, fmt.Errorf("make a file to sync: %w", err)
	}
	defer file.Close()
	const rounds = 200
	times := make([]time.Duration, rounds)
	for i := range times {
		if _, err := file.Write(make([]byte, 4096)); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := datasync(file); err != nil {
			return 0, err
		}
		times[i] = time.Since(began)
	}
	return percentile(times, 0.5), nil
}

// percentile returns the p-th of the times, in milliseconds.
func percentile(times []time.Duration, p float64) float64 {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	i := min(len(times)-1, int(p*float64(len(times))))
	return float64(times[i].Microseconds()) / 1000
}
