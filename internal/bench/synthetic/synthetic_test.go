package synthetic_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
)

// value is a value of DynamoDB as encoding/json reads it.
type value struct {
	S, N string
	BOOL *bool
	L    []value
	M    map[string]value
}

type image map[string]value

type event struct {
	Records []struct {
		EventName string
		Dynamodb  struct {
			ApproximateCreationDateTime int64
			Keys, NewImage, OldImage    image
			SequenceNumber              string
		}
	}
}

// recount tells the slow way what events come to, and that each change fits what was before it.
type recount struct {
	region  map[string]string
	items   map[string]image
	history map[synthetic.Cell]synthetic.Sum
	last    map[string]string // sequence number by lane
	ops     map[string]int
	records int
	bytes   int
}

func newRecount(tb testing.TB) *recount {
	tb.Helper()
	registry, err := synthetic.Registry()
	if err != nil {
		tb.Fatal(err)
	}
	d, ok := registry.Dataset(synthetic.Dataset)
	if !ok {
		tb.Fatal("no dataset")
	}
	r := &recount{region: map[string]string{}, items: map[string]image{}, history: map[synthetic.Cell]synthetic.Sum{}, last: map[string]string{}, ops: map[string]int{}}
	for _, row := range d.Lists["districts"].Rows {
		r.region[row[0]] = row[2]
	}
	return r
}

func (r *recount) regionOf(im image) string {
	if name, ok := r.region[im["district"].N]; ok {
		return name
	}
	return "unknown"
}

func fee(im image) int64 {
	f, err := strconv.ParseFloat(im["fee"].N, 64)
	if err != nil {
		panic(err)
	}
	return int64(math.Round(f * 100))
}

func (r *recount) add(tb testing.TB, lane string, body []byte) {
	tb.Helper()
	var e event
	dec := json.NewDecoder(bytes.NewReader(body))
	if err := dec.Decode(&e); err != nil {
		tb.Fatal(err)
	}
	r.bytes += len(body)
	for i, rec := range e.Records {
		d := &rec.Dynamodb
		if len(d.SequenceNumber) != 21 || d.SequenceNumber <= r.last[lane] {
			tb.Fatalf("record %d: sequence number %s after %s", i, d.SequenceNumber, r.last[lane])
		}
		r.last[lane] = d.SequenceNumber
		r.records++
		r.ops[rec.EventName]++
		id := d.Keys["id"].S
		if was := r.items[id]; !reflect.DeepEqual(was, d.OldImage) {
			tb.Fatalf("record %d, %s of %s: the old image is not what was: %s", i, rec.EventName, id, cmp.Diff(was, d.OldImage))
		}
		c := synthetic.Cell{Dt: time.Unix(d.ApproximateCreationDateTime, 0).UTC().Format(time.DateOnly)}
		switch rec.EventName {
		case "INSERT", "MODIFY":
			c.Op = map[string]string{"INSERT": "insert", "MODIFY": "modify"}[rec.EventName]
			if d.NewImage["id"].S != id {
				tb.Fatalf("record %d: the image's key is not %s", i, id)
			}
			if rec.EventName == "MODIFY" && r.regionOf(d.OldImage) != r.regionOf(d.NewImage) {
				r.count(synthetic.Cell{Dt: c.Dt, Region: r.regionOf(d.OldImage), Op: "leave"}, 0)
			}
			c.Region, c.Status = r.regionOf(d.NewImage), d.NewImage["status"].S
			r.count(c, fee(d.NewImage))
			r.items[id] = d.NewImage
		case "REMOVE":
			c.Op, c.Region = "remove", r.regionOf(d.OldImage)
			r.count(c, 0)
			delete(r.items, id)
		}
	}
}

func (r *recount) count(c synthetic.Cell, fee int64) {
	s := r.history[c]
	r.history[c] = synthetic.Sum{Rows: s.Rows + 1, Fee: s.Fee + fee}
}

func (r *recount) current(tb testing.TB) map[synthetic.Place]synthetic.Sum {
	tb.Helper()
	out := map[synthetic.Place]synthetic.Sum{}
	for _, im := range r.items {
		created, err := time.Parse(time.RFC3339, im["createdAt"].S)
		if err != nil {
			tb.Fatal(err)
		}
		p := synthetic.Place{Day: created.Add(6 * time.Hour).Format(time.DateOnly), Region: r.regionOf(im), Status: im["status"].S}
		s := out[p]
		out[p] = synthetic.Sum{Rows: s.Rows + 1, Fee: s.Fee + fee(im)}
	}
	return out
}

func (r *recount) check(tb testing.TB, truth *synthetic.Truth) {
	tb.Helper()
	if diff := cmp.Diff(r.history, truth.History()); diff != "" {
		tb.Errorf("history: counted -, truth +: %s", diff)
	}
	if diff := cmp.Diff(r.current(tb), truth.Current()); diff != "" {
		tb.Errorf("current state: counted -, truth +: %s", diff)
	}
	if got, want := truth.Changes, int64(r.records); got != want {
		tb.Errorf("changes: got %d, want %d", got, want)
	}
	if got, want := truth.Keys, int64(len(r.items)); got != want {
		tb.Errorf("keys: got %d, want %d", got, want)
	}
}

// The rate makes the streams of the tests pass midnight.
func options(seed uint64) synthetic.Options {
	return synthetic.Options{Seed: seed, Rate: 0.03, Start: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
}

func TestTruthEqualsARecount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		o := options(seed)
		o.Shuffled = seed == 2
		s, err := synthetic.New(o)
		if err != nil {
			t.Fatal(err)
		}
		r := newRecount(t)
		for _, n := range []int{1, 1000, 99, 2900} {
			r.add(t, "", s.Event(nil, n))
		}
		r.check(t, s.Truth())
	}
}

func TestShapeOfTheStream(t *testing.T) {
	t.Parallel()
	s, err := synthetic.New(synthetic.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecount(t)
	r.add(t, "", s.Event(nil, 10_000))
	for op, want := range map[string]float64{"INSERT": 0.52, "MODIFY": 0.46, "REMOVE": 0.02} {
		if got := float64(r.ops[op]) / float64(r.records); math.Abs(got-want) > 0.015 {
			t.Errorf("%s: got %.3f of the records, want %.2f", op, got, want)
		}
	}
	if got := r.bytes / r.records; got < 1540 || got > 1700 {
		t.Errorf("got %d bytes a record, want about 1,619", got)
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	var all [][]byte
	for _, seed := range []uint64{1, 1, 2} {
		s, err := synthetic.New(synthetic.Options{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, append(s.Event(nil, 50), s.Event(nil, 50)...))
	}
	if !bytes.Equal(all[0], all[1]) {
		t.Error("the same seed gives other bytes")
	}
	if bytes.Equal(all[0], all[2]) {
		t.Error("another seed gives the same bytes")
	}
}

func TestRingGoesRoundWithNewKeysAndTimes(t *testing.T) {
	t.Parallel()
	ring, err := synthetic.NewRing(synthetic.RingOptions{Options: options(5), Bytes: 1 << 20, Lanes: 3, Batch: 50})
	if err != nil {
		t.Fatal(err)
	}
	defer ring.Close()
	r := newRecount(t)
	for r.records < 4*ring.Records() {
		for _, l := range ring.Lanes() {
			last := r.last[l.Name()]
			b := l.Next()
			if b.After != last {
				t.Fatalf("after: got %s, want %s", b.After, last)
			}
			r.add(t, l.Name(), b.Body)
		}
	}
	r.check(t, ring.Truth())
	days := map[string]bool{}
	for c := range r.history {
		days[c.Dt] = true
	}
	if len(days) < 2 {
		t.Errorf("got %v, want more than one day", fmt.Sprint(days))
	}
}

func TestRingThatReachesTooFarIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := synthetic.NewRing(synthetic.RingOptions{Options: synthetic.Options{Rate: 0.0001}, Bytes: 1 << 20}); err == nil {
		t.Error("got no error")
	}
}

func BenchmarkPatch(b *testing.B) {
	ring, err := synthetic.NewRing(synthetic.RingOptions{Bytes: 256 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer ring.Close()
	l, n := ring.Lanes()[0], 0
	for b.Loop() {
		n += l.Next().Records
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/record")
}

func BenchmarkEvent(b *testing.B) {
	s, err := synthetic.New(synthetic.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	for b.Loop() {
		buf = s.Event(buf[:0], 1000)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*1000), "ns/record")
	b.ReportMetric(float64(len(buf))/1000, "bytes/record")
}
