//go:build integration

package rehearsal_test

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/config"
)

// What functions may weigh, packed: those on the way of every record, and the others.
const (
	lightMB = 8
	heavyMB = 20
	larger  = 1.1 // than the binaries for arm64 are those for amd64, which this machine may want
)

// TestFunctionsAreLight packs the binaries of this machine. scripts/functions.sh holds those that are deployed to the
// very limits.
func TestFunctionsAreLight(t *testing.T) {
	t.Parallel()
	dir, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	for name, limit := range map[string]int{"api": lightMB, "processor": lightMB, "committer": heavyMB, "maintenance": heavyMB, "query": heavyMB} {
		packed, plain := pack(t, filepath.Join(dir, name+"-lambda"))
		t.Logf("SUMMARY %-11s %5.1f MB, packed %4.1f MB", name, float64(plain)/(1<<20), float64(packed)/(1<<20))
		if float64(packed) > larger*float64(limit<<20) {
			t.Errorf("%s weighs %d bytes packed, more than %.0f MB", name, packed, larger*float64(limit))
		}
	}
}

// pack returns how large a file is, packed as it is uploaded, and as it is.
func pack(t *testing.T, path string) (packed, plain int64) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var size counter
	z := zip.NewWriter(&size)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return int64(size), int64(len(body))
}

type counter int64

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

// TestSpeed measures the compiled processor and committer: a minute of 10,000 changes a second, in batches of 1,000.
// That a batch costs one PUT is held; times and memory are told.
func TestSpeed(t *testing.T) {
	const seconds, rate, batch = 60, 10_000, 1_000
	w := newSynthetic(t)
	ring, err := synthetic.NewRing(synthetic.RingOptions{Options: synthetic.Options{Seed: 7, Rate: 3_000}, Bytes: 128 << 20, Lanes: 4, Batch: batch})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ring.Close)
	events, bytes := 0, 0
	land := func(n int) {
		for range n {
			b := ring.Lanes()[events%len(ring.Lanes())].Next()
			if _, err := w.processor.Invoke(t.Context(), windowed(b, w.tables.Of("synthetic_passes"))); err != nil {
				t.Fatal(err)
			}
			events, bytes = events+1, bytes+len(b.Body)
		}
	}
	const warm = 20
	land(warm)
	puts, before, began := w.s3.Requests("PUT"), w.processor.Stats(), time.Now()
	land(seconds*rate/batch - warm)
	after, n := w.processor.Stats(), events-warm
	if got := w.s3.Requests("PUT") - puts; got != n {
		t.Errorf("%d batches cost %d PUTs", n, got)
	}
	t.Logf("SUMMARY processor: batches of %d records of %d bytes: %s of CPU and %s each, one PUT each; %.0f MB", batch, bytes/events/batch,
		((after.CPU - before.CPU) / time.Duration(n)).Round(10*time.Microsecond), (time.Since(began) / time.Duration(n)).Round(10*time.Microsecond), after.PeakMB)

	began = time.Now()
	said, err := w.committer.Invoke(t.Context(), []byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	s := w.committer.Stats()
	t.Logf("SUMMARY committer: %d changes in %s with its start (init %s), %s on the processor, %.0f MB: %s", seconds*rate, time.Since(began).Round(time.Millisecond), s.Init.Round(time.Millisecond),
		s.CPU.Round(time.Millisecond), s.PeakMB, said)
	if got := w.rows("passes_changes"); got != ring.Truth().Rows() {
		t.Errorf("the history has %d rows, want %d", got, ring.Truth().Rows())
	}
}

// windowed makes an event of an event source mapping of a batch.
func windowed(b synthetic.Batch, table string) []byte {
	label, shard, _ := strings.Cut(b.Lane, "/")
	state := "{}"
	if b.After != "" {
		state = fmt.Sprintf(`{"after":%q}`, b.After)
	}
	return fmt.Appendf(b.Body[:len(b.Body)-1:len(b.Body)-1], `,"state":%s,"shardId":%q,"eventSourceARN":"arn:aws:dynamodb:eu-west-1:1:table/%s/stream/%s"}`, state, shard, table, label)
}

// newSynthetic is a processor and a committer of the synthetic stream.
func newSynthetic(t *testing.T) *world {
	t.Helper()
	p := &parts{landed: make(chan string, 10_000)}
	p.begin(t)
	registry, err := synthetic.Registry()
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Abs("../bench/synthetic/schema")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, parts: p, name: "speed", registry: registry, tables: config.Names{"synthetic_passes": "speed-passes"}}
	w.makeLake()
	common, lake := config.Function{Schemas: folder, Metrics: "Tarn"}, config.Location("s3://"+w.bucket())
	w.processor = function(w, "processor", config.Environ(config.Processor{Function: common, Lake: lake, Tables: w.tables, MaskSecret: w.secret("mask"), Grace: time.Second}))
	w.committer = function(w, "committer", config.Environ(config.Committer{Function: common, Lake: lake, Database: w.name, Tables: w.tables, PassMB: 32, Snapshots: 300, KeepFor: time.Hour, Grace: 5 * time.Second}))
	return w
}
