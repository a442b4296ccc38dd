package land_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/klauspost/compress/snappy"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/processors/decode"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/schemas"
)

// nowhere takes objects and keeps none.
type nowhere struct{ size int }

func (n *nowhere) Put(_ context.Context, _ string, body []byte) error {
	n.size = len(body)
	return nil
}

// contestant is one way to deal with a batch.
type contestant struct {
	name    string
	records int // that one run takes
	run     func() error
	size    func() int // of what it writes, nil: nothing
	cost    []float64  // CPU ns a record, by round
}

func (c *contestant) median() float64 {
	s := slices.Clone(c.cost)
	slices.Sort(s)
	return s[len(s)/2]
}

// slice runs the contestant for a while and returns the CPU time of a record. The best stretch of it would flatter those
// whose runs are short.
func (c *contestant) slice(b *testing.B) float64 {
	const while = 40e6 // ns
	from, spent, runs := processorTime(), int64(0), 0
	for ; spent < while; spent = processorTime() - from {
		if err := c.run(); err != nil {
			b.Fatal(c.name, err)
		}
		runs++
	}
	return float64(spent) / float64(runs*c.records)
}

// BenchmarkAgainstNaive runs every way in turn, on one core, and prints the medians of their CPU time: ratios of one run
// hold where absolute times do not. An iteration is a round; use -benchtime 9x or more.
func BenchmarkAgainstNaive(b *testing.B) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	all := contestants(b)
	for _, c := range all { // memory is made once
		if err := c.run(); err != nil {
			b.Fatal(c.name, err)
		}
	}
	for b.Loop() {
		for _, c := range all {
			runtime.GC() // nobody pays for another's garbage
			c.cost = append(c.cost, c.slice(b))
		}
	}
	decoded, filed, packed := all[0].median(), all[1].median(), all[2].median()
	fmt.Fprintf(os.Stderr, "\n%-34s %9s %9s %9s %9s %9s\n", "", "ns/record", "x decode", "x file", "/ snappy", "bytes")
	for _, c := range all {
		size := 0
		if c.size != nil {
			size = c.size() / c.records
		}
		fmt.Fprintf(os.Stderr, "%-34s %9.0f %9.1f %9.1f %9.2f %9d\n", c.name, c.median(), decoded/c.median(), filed/c.median(), c.median()/packed, size)
	}
}

func contestants(b *testing.B) []*contestant {
	const n = 1000
	plain, hidden := mustPasses(b, false), mustPasses(b, true)
	ordered, shuffled := streamEvent(b, n, false), streamEvent(b, n, true)
	var out bytes.Buffer
	block, copied := make([]byte, snappy.MaxEncodedLen(len(ordered))), make([]byte, len(ordered))
	length := 0
	divisions := plain.Lists["districts"].Map("division")
	all := []*contestant{
		{name: "naive decode", records: n, run: func() error { _, err := naiveEvent(ordered); return err }, size: func() int { return len(ordered) }},
		{name: "naive decode, parquet-go", records: n, run: func() error {
			e, err := naiveEvent(ordered)
			if err != nil {
				return err
			}
			out.Reset()
			return naiveFile(&out, e, divisions)
		}, size: func() int { return out.Len() }},
		{name: "snappy of the event", records: n, run: func() error { length = len(snappy.Encode(block, ordered)); return nil }, size: func() int { return length }},
		{name: "copy of the event", records: n, run: func() error { copy(copied, ordered); return nil }, size: func() int { return len(copied) }},
	}
	for _, s := range []struct {
		name    string
		dataset *schemas.Dataset
		body    []byte
		records int
	}{
		{"ordered", plain, ordered, n}, {"shuffled", plain, shuffled, n}, {"ordered, 4 fields masked", hidden, ordered, n},
		{"ordered, batches of 100", plain, streamEvent(b, 100, false), 100}, {"ordered, batches of 1", plain, streamEvent(b, 1, false), 1},
	} {
		all = append(all, decodes(b, "decode, "+s.name, s.dataset, s.body, s.records), lands(b, "land, "+s.name, s.dataset, s.body, s.records))
	}
	return all
}

// mustPasses returns the dataset of the synthetic stream, with four fields masked if hidden, as a deployment would have it.
func mustPasses(b *testing.B, hidden bool) *schemas.Dataset {
	registry, err := synthetic.Registry()
	if err != nil {
		b.Fatal(err)
	}
	d, _ := registry.Dataset(synthetic.Dataset)
	if !hidden {
		return d
	}
	private := *d
	private.Fields = slices.Clone(d.Fields)
	for i := range private.Fields {
		switch private.Fields[i].Name {
		case "applicantId", "applicantName", "vehicleNo", "decidedBy":
			private.Fields[i].Privacy.Rule = "mask"
		}
	}
	return &private
}

// streamEvent returns an event of the synthetic stream from where it has found its mix of changes.
func streamEvent(b *testing.B, n int, isShuffled bool) []byte {
	s, err := synthetic.New(synthetic.Options{Seed: 1, Shuffled: isShuffled})
	if err != nil {
		b.Fatal(err)
	}
	s.Event(nil, 5000)
	return s.Event(nil, n)
}

// BenchmarkEach runs our ways one by one, for profiles.
func BenchmarkEach(b *testing.B) {
	for _, c := range contestants(b)[4:] {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			from := processorTime()
			for b.Loop() {
				if err := c.run(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(processorTime()-from)/float64(b.N*c.records), "cpu-ns/record")
		})
	}
}

var maskKey = []byte("a key of the benchmark")

func decodes(b *testing.B, name string, d *schemas.Dataset, body []byte, n int) *contestant {
	plan, err := decode.Compile([]*schemas.Dataset{d}, decode.Options{MaskKey: maskKey})
	if err != nil {
		b.Fatal(err)
	}
	decoder, out := plan.NewDecoder(), plan.NewOutput()
	return &contestant{name: name, records: n, run: func() error {
		out.Reset()
		info, err := decoder.Event(body, naiveLane, out)
		if err == nil && (info.Bad > 0 || info.Records != n) {
			return fmt.Errorf("%+v", info)
		}
		return err
	}}
}

func lands(b *testing.B, name string, d *schemas.Dataset, body []byte, n int) *contestant {
	files := &nowhere{}
	l, err := land.New(files, schemas.NewRegistry([]*schemas.Dataset{d}, nil, nil), land.Options{MaskKey: maskKey})
	if err != nil {
		b.Fatal(err)
	}
	batch := land.Batch{Stream: d.Stream, Lane: naiveLane, Body: body}
	return &contestant{name: name, records: n, run: func() error { _, err := l.Land(b.Context(), batch); return err }, size: func() int { return files.size }}
}

// processorTime is what the process has used, so that a busy machine does not blur the comparison.
func processorTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
