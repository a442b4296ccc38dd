package load_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/load"
)

// mustParquet writes rows, a row group of each n.
func mustParquet[T any](tb testing.TB, rows []T, n int, options ...parquet.WriterOption) string {
	tb.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, options...)
	for len(rows) > 0 {
		k := min(n, len(rows))
		if _, err := w.Write(rows[:k]); err != nil {
			tb.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			tb.Fatal(err)
		}
		rows = rows[k:]
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(tb.TempDir(), "x.parquet")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func TestFlightsParquet(t *testing.T) {
	t.Parallel()
	const sample = "../../examples/flights/flights-sample.parquet"
	one, two := mustFlights(t), mustFlights(t)
	r := one.mustLoad(t, sample, load.Options{BatchRows: 999})
	if r.Format != "parquet" || r.Rows != 10_000 || r.Loaded != 10_000 || r.Bad != 0 {
		t.Errorf("got %+v", r)
	}
	two.mustLoad(t, sample, load.Options{})
	want, got := two.rows(t, "flights"), one.rows(t, "flights")
	if !cmp.Equal(want, got) {
		t.Error("where the batches are cut changes the rows")
	}
	if want := "1: date=978307260000000 delay=33 distance=2176 origin=LAS destination=PHL"; got[0] != want {
		t.Errorf("got %s, want %s", got[0], want)
	}
	if again := one.mustLoad(t, sample, load.Options{}); again.Before != 10_000 || again.Loaded != 0 {
		t.Errorf("again: %+v", again)
	}
}

// everything has a column of each logical type that can stand for a field.
type everything struct {
	Text  *string   `parquet:"text,optional"`
	N     *uint64   `parquet:"n,optional"`
	Small int16     `parquet:"small"`
	Price int64     `parquet:"price,decimal(2:10)"`
	OK    bool      `parquet:"ok"`
	Day   int32     `parquet:"day,date"`
	At    time.Time `parquet:"at,timestamp(millisecond)"`
	Raw   []byte    `parquet:"raw"`
}

func TestParquetTypes(t *testing.T) {
	t.Parallel()
	text, n, huge := "hé", uint64(7), uint64(1)<<63
	at := time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC)
	rows := []everything{
		{Text: &text, N: &n, Small: -3, Price: -1250, OK: true, Day: -1, At: at, Raw: []byte{0xff, 0}},
		{Small: 1, Price: 5, At: time.UnixMilli(1795132800123).UTC(), Raw: []byte("x")},
		{N: &huge, Raw: []byte{0xff}},
	}
	for _, size := range []int{1, 3} {
		w := mustThings(t)
		r := w.mustLoad(t, mustParquet(t, rows, size), load.Options{})
		w.want(t, []string{
			"1: text=hé n=7 small=-3 price=-1250 ok=true day=-1 at=-1000 raw=\xff\x00",
			"2: small=1 price=5 ok=false day=0 at=1795132800123000 raw=x",
		}, []string{"3: stream=things dataset=things reason=n: it is out of the range of its type field=n payload=" +
			`{"at":"0001-01-01T00:00:00Z","day":"1970-01-01","n":"9223372036854775808","ok":"false","price":"0.00","raw":"/w==","small":"0"}`})
		if r.Bad != 1 || r.First[0].Line != 0 {
			t.Errorf("got %+v", r)
		}
	}
}

// strange has columns that the dataset does not know, of the types that are left.
type strange struct {
	N      int64            `parquet:"n"`
	Micros int64            `parquet:"micros,timestamp(microsecond)"`
	Nanos  int64            `parquet:"nanos,timestamp(nanosecond)"`
	Old    deprecated.Int96 `parquet:"old"`
	Wide   [16]byte         `parquet:"wide,decimal(3:38)"`
	Small  int32            `parquet:"short,decimal(1:5)"`
	ID     [16]byte         `parquet:"id,uuid"`
	Clock  int32            `parquet:"clock,time(millisecond)"`
	U32    uint32           `parquet:"u32"`
	Float  float32          `parquet:"float"`
	Double float64          `parquet:"double"`
	Enum   string           `parquet:"enum,enum"`
	JSON   string           `parquet:"json,json"`
	Bytes  []byte           `parquet:"bytes"`
}

func TestParquetColumnsThatTheSchemaDoesNotKnow(t *testing.T) {
	t.Parallel()
	var wide [16]byte
	for i := range wide {
		wide[i] = 0xff // -1
	}
	row := strange{N: 1, Micros: 1, Nanos: 1_000_001_000, Old: deprecated.Int96{1_000_000_000, 0, 2_440_589}, Wide: wide, Small: -15,
		ID: [16]byte{0xde, 0xad, 0xbe, 0xef, 15: 1}, Clock: 3_723_004, U32: 4_294_967_295, Float: 0.1, Double: 1e-7, Enum: "E", JSON: `{"a":1}`, Bytes: []byte{0xfe}}
	w := mustThings(t)
	r := w.mustLoad(t, mustParquet(t, []strange{row}, 1), load.Options{})
	if len(r.Unknown) != 13 {
		t.Errorf("unknown: %v", r.Unknown)
	}
	w.want(t, []string{`1: n=1 _extra={"bytes":{"B":"/g=="},"clock":{"S":"01:02:03.004"},"double":{"S":"0.0000001"},"enum":{"S":"E"},"float":{"S":"0.1"},` +
		`"id":{"S":"deadbeef-0000-0000-0000-000000000001"},"json":{"S":"{\"a\":1}"},"micros":{"S":"1970-01-01T00:00:00.000001Z"},` +
		`"nanos":{"S":"1970-01-01T00:00:01.000001Z"},"old":{"S":"1970-01-02T00:00:01Z"},"short":{"S":"-1.5"},"u32":{"S":"4294967295"},"wide":{"S":"-0.001"}}`}, nil)
}

type texts struct {
	Text string `parquet:"text"`
	N    int64  `parquet:"n"`
}

func TestParquetOfManyGroupsAndPages(t *testing.T) {
	t.Parallel()
	rows := make([]texts, 9_001)
	var want []string
	for i := range rows {
		rows[i] = texts{Text: fmt.Sprintf("text number %d", i), N: int64(i)}
		want = append(want, fmt.Sprintf("%d: text=text number %d n=%d", i+1, i, i))
	}
	w := mustThings(t)
	w.mustLoad(t, mustParquet(t, rows, 4_000, parquet.PageBufferSize(512)), load.Options{BatchRows: 1_234})
	w.want(t, want, nil)
}

type nested struct {
	N    int64 `parquet:"n"`
	Tags []string
}

func TestNestedParquetIsRefused(t *testing.T) {
	t.Parallel()
	w := mustThings(t)
	_, err := w.load(t.Context(), mustParquet(t, []nested{{N: 1}}, 1), load.Options{})
	if !fault.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}
