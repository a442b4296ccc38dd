package load_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/processors/land"
	"github.com/tarn-lake/tarn/processors/load"
	"github.com/tarn-lake/tarn/schemas"
)

// things has a field of each type.
const things = `
name: things
title: Things
zone: UTC
fields:
  - {name: text, type: string}
  - {name: n, type: int64}
  - {name: small, type: int32}
  - {name: price, type: decimal, precision: 10, scale: 2}
  - {name: ok, type: bool}
  - {name: day, type: date}
  - {name: at, type: timestamp}
  - {name: raw, type: binary}
  - {name: tags, type: list, elem: {type: string}}
region: {from: constant, value: all}
date: {from: change}
`

// memory keeps what is landed. PutFunc, if set, decides first.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	PutFunc func(puts int) error
	puts    int
}

func (m *memory) Put(_ context.Context, key string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.puts++
	if m.PutFunc != nil {
		if err := m.PutFunc(m.puts); err != nil {
			return err
		}
	}
	if m.objects == nil {
		m.objects = map[string][]byte{}
	}
	m.objects[key] = bytes.Clone(body)
	return nil
}

// position is how far a lane has landed.
func (m *memory) position(lane string) (lake.Seq, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var last lake.Seq
	for key := range m.objects {
		name, err := lake.ParseLandedName(key)
		if err != nil {
			return "", err
		}
		if name.Lane == lane {
			last = max(last, name.Last)
		}
	}
	return last, nil
}

// where is a dataset, and what lands in it.
type where struct {
	dataset *schemas.Dataset
	lander  *land.Lander
	files   *memory
}

func mustPlace(tb testing.TB, registry *schemas.Registry, dataset string) *where {
	tb.Helper()
	files := &memory{}
	lander, err := land.New(files, registry, land.Options{MaskKey: []byte("a key of the test")})
	if err != nil {
		tb.Fatal(err)
	}
	d, ok := registry.Dataset(dataset)
	if !ok {
		tb.Fatalf("no dataset %s", dataset)
	}
	return &where{dataset: d, lander: lander, files: files}
}

func mustThings(tb testing.TB) *where {
	tb.Helper()
	registry, err := schemas.Load(fstest.MapFS{"shop/things.yaml": {Data: []byte(things)}})
	if err != nil {
		tb.Fatal(err)
	}
	return mustPlace(tb, registry, "things")
}

func mustFlights(tb testing.TB) *where {
	tb.Helper()
	registry, err := schemas.LoadDir("../../examples/flights")
	if err != nil {
		tb.Fatal(err)
	}
	return mustPlace(tb, registry, "flights")
}

func mustWrite(tb testing.TB, name, text string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func (w *where) load(ctx context.Context, path string, o load.Options) (load.Report, error) {
	return load.File(ctx, path, w.dataset, w.lander, w.files.position, o)
}

func (w *where) mustLoad(tb testing.TB, path string, o load.Options) load.Report {
	tb.Helper()
	r, err := w.load(tb.Context(), path, o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// rows returns what has landed in a section, by sequence number and in its order. A row that landed twice fails the test.
func (w *where) rows(tb testing.TB, section string) []string {
	tb.Helper()
	all := map[string]string{}
	for key, body := range w.files.objects {
		name, err := lake.ParseLandedName(key)
		if err != nil {
			tb.Fatal(err)
		}
		object, err := lake.ParseLanded(name, body)
		if err != nil {
			tb.Fatal(err)
		}
		for _, s := range object.Sections {
			if s.Dataset == section {
				w.read(tb, s, all)
			}
		}
	}
	var rows []string
	for n := 1; len(rows) < len(all); n++ {
		if row, ok := all[fmt.Sprintf("%0*d", lake.SeqDigits, n)]; ok {
			rows = append(rows, fmt.Sprintf("%d:%s", n, row))
		}
	}
	return rows
}

func (w *where) read(tb testing.TB, s lake.Section, into map[string]string) {
	tb.Helper()
	cols := w.dataset.LandedColumns()
	if s.Dataset == schemas.QuarantineTable {
		cols = schemas.QuarantineColumns()
		cols = append(cols[:3:3], cols[4:]...) // all but _commit
	}
	b := columns.New(cols)
	if err := columns.Read(bytes.NewReader(s.Body), int64(len(s.Body)), b); err != nil {
		tb.Fatal(err)
	}
	for i := range b.Rows() {
		seq, row := "", ""
		for _, l := range b.Leaves() {
			switch {
			case l.Path == schemas.ColSeq:
				seq = string(l.BytesAt(i))
			case !strings.HasPrefix(l.Path, "_") && l.Path != schemas.ColRegion && l.Path != schemas.ColDate || l.Path == schemas.ColExtra:
				row += cell(l, i)
			}
		}
		if _, twice := into[seq]; twice {
			tb.Errorf("row %s landed twice in %s", seq, s.Dataset)
		}
		into[seq] = row
	}
}

// cell prints the values of a leaf in one row; nothing for null.
func cell(l *columns.Leaf, row int) string {
	from, to := l.Values(row)
	text := ""
	for v := from; v < to; v++ {
		switch l.Kind {
		case columns.Bool:
			text += fmt.Sprintf(" %s=%v", l.Path, l.Bools[v])
		case columns.Int32:
			text += fmt.Sprintf(" %s=%v", l.Path, l.Int32s[v])
		case columns.Int64:
			text += fmt.Sprintf(" %s=%v", l.Path, l.Int64s[v])
		default:
			text += fmt.Sprintf(" %s=%s", l.Path, l.Value(v))
		}
	}
	return text
}

func (w *where) want(tb testing.TB, good, bad []string) {
	tb.Helper()
	if diff := cmp.Diff(good, w.rows(tb, w.dataset.Name)); diff != "" {
		tb.Errorf("rows: %s", diff)
	}
	if diff := cmp.Diff(bad, w.rows(tb, schemas.QuarantineTable)); diff != "" {
		tb.Errorf("quarantine: %s", diff)
	}
}

func TestLoadTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	w := mustFlights(t)
	const sample = "../../examples/flights/flights-sample.csv"
	first := w.mustLoad(t, sample, load.Options{BatchRows: 64})
	puts := w.files.puts
	second := w.mustLoad(t, sample, load.Options{BatchRows: 64})
	if first.Rows != 500 || first.Loaded != 500 || first.Before != 0 || first.Bad != 0 || first.Format != "csv" {
		t.Errorf("the first load: %+v", first)
	}
	if second.Rows != 500 || second.Loaded != 0 || second.Before != 500 || w.files.puts != puts {
		t.Errorf("the second load: %+v with %d more objects", second, w.files.puts-puts)
	}
	if n := len(w.rows(t, "flights")); n != 500 {
		t.Errorf("%d rows landed", n)
	}
}

func TestInterruptedLoadGoesOn(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("text,n\n")
	for i := range 40 {
		if i%7 == 3 {
			fmt.Fprintf(&text, "row %d,bad\n", i)
		} else {
			fmt.Fprintf(&text, "row %d,%d\n", i, i)
		}
	}
	path := mustWrite(t, "rows.csv", text.String())
	whole := mustThings(t)
	all := whole.mustLoad(t, path, load.Options{BatchRows: 6})
	down := fault.New(fault.Transient, "the bucket does not answer")
	for name, stop := range map[string]func(w *where, cancel func()) load.Options{
		"cancelled": func(_ *where, cancel func()) load.Options {
			batches := 0
			return load.Options{BatchRows: 6, Landed: func() {
				if batches++; batches == 3 {
					cancel()
				}
			}}
		},
		"the store is down": func(w *where, _ func()) load.Options {
			w.files.PutFunc = func(puts int) error {
				if puts == 4 {
					return down
				}
				return nil
			}
			return load.Options{BatchRows: 6}
		},
		"down at once": func(w *where, _ func()) load.Options {
			w.files.PutFunc = func(puts int) error {
				if puts == 1 {
					return down
				}
				return nil
			}
			return load.Options{BatchRows: 6}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := mustThings(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if _, err := w.load(ctx, path, stop(w, cancel)); !errors.Is(err, context.Canceled) && !errors.Is(err, down) {
				t.Fatalf("got %v", err)
			}
			before := int64(len(w.rows(t, "things")) + len(w.rows(t, schemas.QuarantineTable)))
			r := w.mustLoad(t, path, load.Options{BatchRows: 9})
			if r.Before != before || r.Rows != all.Rows || r.Before+r.Loaded+r.Bad != r.Rows {
				t.Errorf("%d rows were there; got %+v", before, r)
			}
			w.want(t, whole.rows(t, "things"), whole.rows(t, schemas.QuarantineTable))
		})
	}
}

func TestLastBatchIsFinal(t *testing.T) {
	t.Parallel()
	w := mustThings(t)
	w.mustLoad(t, mustWrite(t, "rows.csv", "n\n1\n2\n3\n"), load.Options{BatchRows: 2})
	finals, begins := 0, 0
	for key, body := range w.files.objects {
		name, err := lake.ParseLandedName(key)
		if err != nil {
			t.Fatal(err)
		}
		object, err := lake.ParseLanded(name, body)
		if err != nil {
			t.Fatal(err)
		}
		if object.Final {
			finals++
		}
		if object.Begin {
			begins++
		}
		if object.Final != (object.Last.Short() == "3") || object.Begin != (object.First.Short() == "1") {
			t.Errorf("%s: %+v", key, object)
		}
	}
	if finals != 1 || begins != 1 {
		t.Errorf("%d final and %d first batches", finals, begins)
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, file, text, format, want string
		kind                           fault.Kind
	}{
		{"no known column", "x.csv", "a,b\n1,2\n", "", "no column of", fault.Invalid},
		{"empty", "x.csv", "", "", "has no first line", fault.Invalid},
		{"a column twice", "x.csv", "n,n\n1,2\n", "", `two columns named "n"`, fault.Invalid},
		{"names that are not UTF-8", "x.csv", "n,caf\xe9\n1,2\n", "", "is not valid UTF-8", fault.Invalid},
		{"an unknown ending", "x.xlsx", "n\n1\n", "", "say --format", fault.Invalid},
		{"an unknown format", "x.csv", "n\n1\n", "xml", `no format "xml"`, fault.Invalid},
		{"not gzip", "x.csv.gz", "n\n1\n", "", "is not a gzip file", fault.Invalid},
		{"not Parquet", "x.parquet", "n\n1\n", "", "is not a Parquet file", fault.Invalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := mustThings(t)
			_, err := w.load(t.Context(), mustWrite(t, c.file, c.text), load.Options{Format: c.format})
			if !fault.Is(err, c.kind) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if len(w.files.objects) > 0 {
				t.Error("a refused file landed")
			}
		})
	}
	for name, path := range map[string]string{"a missing file": "no-such-file.csv", "a folder": t.TempDir()} {
		if _, err := mustThings(t).load(t.Context(), path, load.Options{}); !fault.Is(err, fault.NotFound) && !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
