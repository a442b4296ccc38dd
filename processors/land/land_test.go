package land_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/schemas"
)

const passes = "movement-pass_passes_v1"

// memory keeps what is put. PutFunc, if set, decides first.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	PutFunc func() error
}

func (m *memory) Put(_ context.Context, key string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.PutFunc != nil {
		if err := m.PutFunc(); err != nil {
			return err
		}
	}
	if m.objects == nil {
		m.objects = map[string][]byte{}
	}
	m.objects[key] = bytes.Clone(body)
	return nil
}

func mustRegistry(tb testing.TB) *schemas.Registry {
	tb.Helper()
	r, err := schemas.Load(schemas.Embedded())
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func mustLander(tb testing.TB, files land.Files, opts land.Options) *land.Lander {
	tb.Helper()
	opts.MaskKey = []byte("a key of the test")
	l, err := land.New(files, mustRegistry(tb), opts)
	if err != nil {
		tb.Fatal(err)
	}
	return l
}

// change returns the i-th record of a stream; every fifth is a removal, every seventh is bad.
func change(i int) string {
	keys := fmt.Sprintf(`"Keys":{"id":{"S":"%032x"}}`, i)
	image := fmt.Sprintf(`{"id":{"S":"%032x"},"district":{"N":"%d"},"type":{"S":"R"},"status":{"S":"APPLIED"},"startAt":{"S":"2026-11-20T%02d:00:00.000Z"},"applicantId":{"S":"0171%07d"}}`,
		i, 1001+i%75, i%24, i)
	head := fmt.Sprintf(`"ApproximateCreationDateTime":%d,"SequenceNumber":"%021d"`, 1795132800+i, 1000+i)
	switch {
	case i%7 == 6:
		return fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{%s,%s,"NewImage":{"id":{"N":"1"}}}}`, head, keys)
	case i%5 == 4:
		return fmt.Sprintf(`{"eventName":"REMOVE","dynamodb":{%s,%s,"OldImage":%s}}`, head, keys, image)
	default:
		return fmt.Sprintf(`{"eventName":"INSERT","dynamodb":{%s,%s,"NewImage":%s}}`, head, keys, image)
	}
}

func body(from, to int) []byte {
	var all []string
	for i := from; i < to; i++ {
		all = append(all, change(i))
	}
	return []byte(`{"Records":[` + strings.Join(all, ",") + `]}`)
}

func TestLandedObjectHoldsTheBatch(t *testing.T) {
	t.Parallel()
	files := &memory{}
	l := mustLander(t, files, land.Options{})
	after, err := lake.ParseSeq("999")
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.Land(t.Context(), land.Batch{Stream: passes, Lane: "label/shard-1", After: after, Body: body(0, 35)})
	if err != nil {
		t.Fatal(err)
	}
	object, err := lake.ParseLanded(got.LandedName, files.objects[got.Key()])
	if err != nil {
		t.Fatal(err)
	}
	if got.Records != 35 || got.Bad != 5 || got.First.Short() != "1000" || got.Last.Short() != "1034" || object.After != after {
		t.Errorf("got %+v", got)
	}
	if want := "2026-11-20T00:00:34Z"; got.Through.Format("2006-01-02T15:04:05Z07:00") != want {
		t.Errorf("through: got %v, want %s", got.Through, want)
	}
	rows := map[string]int{}
	for _, s := range object.Sections {
		rows[s.Dataset] = s.Rows
		if n := len(read(t, s)); n != s.Rows {
			t.Errorf("%s: got %d rows, want %d", s.Dataset, n, s.Rows)
		}
	}
	if want := map[string]int{"passes": 30, "quarantine": 5}; !cmp.Equal(rows, want) {
		t.Errorf("got %v, want %v", rows, want)
	}
}

// read returns the rows of a section as text.
func read(tb testing.TB, s lake.Section) []string {
	tb.Helper()
	cols := schemas.QuarantineColumns()
	if s.Dataset != schemas.QuarantineTable {
		d, ok := mustRegistry(tb).Dataset(s.Dataset)
		if !ok {
			tb.Fatalf("no dataset %s", s.Dataset)
		}
		cols = d.LandedColumns()
	} else {
		cols = append(cols[:3:3], cols[4:]...) // all but _commit
	}
	b := columns.New(cols)
	if err := columns.Read(bytes.NewReader(s.Body), int64(len(s.Body)), b); err != nil {
		tb.Fatal(err)
	}
	rows := make([]string, b.Rows())
	for _, l := range b.Leaves() {
		for i := range rows {
			if l.IsNull(i) {
				continue
			}
			from, to := l.Values(i)
			for v := from; v < to; v++ {
				switch l.Kind {
				case columns.Bool:
					rows[i] += fmt.Sprintf("%s=%v ", l.Path, l.Bools[v])
				case columns.Int32:
					rows[i] += fmt.Sprintf("%s=%v ", l.Path, l.Int32s[v])
				case columns.Int64:
					rows[i] += fmt.Sprintf("%s=%v ", l.Path, l.Int64s[v])
				default:
					rows[i] += fmt.Sprintf("%s=%q ", l.Path, l.Value(v))
				}
			}
		}
	}
	return rows
}

func TestSameBatchSameBytes(t *testing.T) {
	t.Parallel()
	one, two := &memory{}, &memory{}
	l := mustLander(t, one, land.Options{})
	batch := land.Batch{Stream: passes, Lane: "label/shard-1", Begin: true, Body: body(0, 100)}
	for range 3 {
		if _, err := l.Land(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		if _, err := l.Land(t.Context(), land.Batch{Stream: passes, Lane: "label/shard-2", Body: body(100, 103)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, lane := range []string{"label/shard-2", "label/shard-1"} {
		b := batch
		if b.Lane = lane; lane == "label/shard-2" {
			b.Begin, b.Body = false, body(100, 103)
		}
		if _, err := mustLander(t, two, land.Options{}).Land(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(one.objects, two.objects); diff != "" {
		t.Error("the same batches gave other objects")
	}
	if len(one.objects) != 2 {
		t.Errorf("got %d objects, want 2", len(one.objects))
	}
}

func TestWhereBatchesAreCutChangesNothing(t *testing.T) {
	t.Parallel()
	const n = 60
	var want []string
	for cut := 1; cut <= n; cut += 7 {
		files := &memory{}
		l := mustLander(t, files, land.Options{})
		var keys []string
		for from := 0; from < n; from += cut {
			got, err := l.Land(t.Context(), land.Batch{Stream: passes, Lane: "label/shard", Body: body(from, min(n, from+cut))})
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, got.Key())
		}
		sections := map[string][]string{}
		for _, key := range keys {
			name, err := lake.ParseLandedName(key)
			if err != nil {
				t.Fatal(err)
			}
			object, err := lake.ParseLanded(name, files.objects[key])
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range object.Sections {
				sections[s.Dataset] = append(sections[s.Dataset], read(t, s)...)
			}
		}
		got := append(sections["passes"], sections["quarantine"]...)
		if want == nil {
			want = got
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("batches of %d: %s", cut, diff)
		}
	}
}

func TestLandRefusals(t *testing.T) {
	t.Parallel()
	down := fault.New(fault.Transient, "the bucket does not answer")
	for _, c := range []struct {
		name  string
		batch land.Batch
		put   error
		want  fault.Kind
	}{
		{"an unknown stream", land.Batch{Stream: "nobody", Lane: "a", Body: body(0, 1)}, nil, fault.NotFound},
		{"too large", land.Batch{Stream: passes, Lane: "a", Body: body(0, 50)}, nil, fault.Exceeded},
		{"no sequence number anywhere", land.Batch{Stream: passes, Lane: "a", Body: []byte(`{"Records":[1]}`)}, nil, fault.Invalid},
		{"a bucket that is down", land.Batch{Stream: passes, Lane: "a", Body: body(0, 1)}, down, fault.Transient},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := mustLander(t, &memory{PutFunc: func() error { return c.put }}, land.Options{MaxBatchBytes: 10_000})
			_, err := l.Land(t.Context(), c.batch)
			if !fault.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if c.put != nil && !errors.Is(err, c.put) {
				t.Errorf("%v does not keep its cause", err)
			}
		})
	}
}

func TestEmptyBatchLeavesNothing(t *testing.T) {
	t.Parallel()
	files := &memory{}
	got, err := mustLander(t, files, land.Options{}).Land(t.Context(), land.Batch{Stream: passes, Lane: "a", Body: []byte(`{"Records":[]}`)})
	if err != nil || got.Records != 0 || len(files.objects) != 0 {
		t.Errorf("got %+v, %v and %d objects", got, err, len(files.objects))
	}
}

func TestShardsLandAtOnce(t *testing.T) {
	t.Parallel()
	files := &memory{}
	l := mustLander(t, files, land.Options{})
	var wg sync.WaitGroup
	for shard := range 8 {
		wg.Go(func() {
			for from := 0; from < 40; from += 10 {
				b := land.Batch{Stream: passes, Lane: fmt.Sprintf("label/shard-%d", shard), Body: body(from, from+10)}
				if _, err := l.Land(t.Context(), b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(files.objects) != 32 {
		t.Errorf("got %d objects, want 32", len(files.objects))
	}
}
