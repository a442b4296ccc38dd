package columns_test

import (
	"bytes"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// nested is a small layout with everything in it.
func nested() []schemas.Column {
	price := col(12, "price", schemas.Decimal)
	price.Precision, price.Scale = 22, 2
	attrs := col(4, "attrs", schemas.Map)
	attrs.Key = &schemas.Column{ID: 5, Name: "key", Type: schemas.String, Required: true}
	attrs.Elem = &schemas.Column{ID: 6, Name: "value", Type: schemas.Int64}
	address := col(7, "address", schemas.Object)
	address.Fields = []schemas.Column{col(8, "state", schemas.String), col(9, "ok", schemas.Boolean)}
	return []schemas.Column{must(col(1, "id", schemas.Int64)), listOf(col(2, "tags", schemas.List), must(col(3, "", schemas.String))),
		attrs, address, col(10, "day", schemas.Day), col(11, "note", schemas.String), price}
}

func nestedRows(b *columns.Batch, n int) {
	for i := range n {
		row := object{int64(i), nil, nil, nil, int32(i % 7), []byte("note"), nil}
		switch i % 3 {
		case 1:
			row[1], row[2] = []any{[]byte("a"), []byte("b")}, []pair{{[]byte("k"), int64(i)}, {[]byte("l"), nil}}
			row[3], row[6] = object{[]byte("Dhaka"), i%2 == 0}, bytes.Repeat([]byte{byte(i)}, 10)
		case 2:
			row[1], row[2], row[3], row[5] = []any{}, []pair{}, object{nil, nil}, nil
		}
		appendRows(b, []object{row})
	}
}

func nestedFile(t testing.TB, n int, opt columns.EncoderOptions) []byte {
	t.Helper()
	b := columns.New(nested())
	nestedRows(b, n)
	file, _, err := columns.NewEncoder(nested(), opt).Encode(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestEdgesAtVolume(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 2, 20_001} {
		for name, fill := range map[string]func(*columns.Leaf){
			"all null": func(l *columns.Leaf) {},
			"all empty": func(l *columns.Leaf) {
				switch l.Kind {
				case columns.Bool:
					l.AppendBool(false)
				case columns.Int32:
					l.AppendInt32(0)
				case columns.Int64:
					l.AppendInt64(0)
				case columns.Fixed:
					l.AppendDecimal(0, 0)
				default:
					l.AppendString("")
				}
			},
		} {
			for _, opt := range []columns.EncoderOptions{{}, {Codec: columns.Zstd}, {Codec: columns.None, Delta: true}} {
				b := columns.New(nested())
				for i := range n {
					b.Leaf("id").AppendInt64(int64(i))
					for _, l := range b.Leaves()[1:] {
						fill(l)
					}
					b.EndRow()
				}
				want := map[string][]entry{}
				for _, l := range b.Leaves() {
					want[l.Path] = entries(l)
				}
				file, stats, err := columns.NewEncoder(nested(), opt).Encode(nil, b)
				if err != nil || stats.Rows != int64(n) {
					t.Fatalf("%d rows %s: %v", n, name, err)
				}
				back := columns.New(nested())
				if err := columns.Read(bytes.NewReader(file), int64(len(file)), back); err != nil {
					t.Fatalf("%d rows %s: %v", n, name, err)
				}
				sameBatch(t, name, back, want)
				checkOracle(t, file, b, want)
			}
		}
	}
}

func TestReadTakesParquetGoFiles(t *testing.T) {
	t.Parallel()
	const n = 300
	ours := nestedFile(t, n, columns.EncoderOptions{})
	f, err := parquet.OpenFile(bytes.NewReader(ours), int64(len(ours)))
	if err != nil {
		t.Fatal(err)
	}
	want := columns.New(nested())
	nestedRows(want, n)
	for name, options := range map[string][]parquet.WriterOption{
		"v1 snappy":  {parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy)},
		"v2 zstd":    {parquet.DataPageVersion(2), parquet.Compression(&parquet.Zstd)},
		"v2 plain":   {parquet.DataPageVersion(2), parquet.Compression(&parquet.Uncompressed)},
		"row groups": {parquet.MaxRowsPerRowGroup(37)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			w := parquet.NewWriter(&out, append(options, f.Schema())...)
			if _, err := parquet.CopyRows(w, f.RowGroups()[0].Rows()); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got := columns.New(nested())
			if err := columns.Read(bytes.NewReader(out.Bytes()), int64(out.Len()), got); err != nil {
				t.Fatal(err)
			}
			for i, l := range got.Leaves() {
				sameEntries(t, name, l.Path, entries(l), entries(want.Leaves()[i]))
			}
		})
	}
}

func TestDamageIsAnError(t *testing.T) {
	t.Parallel()
	file := nestedFile(t, 100, columns.EncoderOptions{RowGroupRows: 50})
	for name, bad := range map[string][]byte{
		"empty":          {},
		"short":          []byte("PAR1PAR1"),
		"cut":            file[:len(file)-1],
		"another magic":  append(bytes.Clone(file[:len(file)-4]), "PARE"...),
		"footer too big": append(bytes.Clone(file[:len(file)-8]), 0xff, 0xff, 0xff, 0x7f, 'P', 'A', 'R', '1'),
	} {
		b := columns.New(nested())
		if err := columns.Read(bytes.NewReader(bad), int64(len(bad)), b); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
	b := columns.New(nested())
	nestedRows(b, 5)
	for at := range file {
		bad := bytes.Clone(file)
		bad[at] ^= 0x55
		if err := columns.Read(bytes.NewReader(bad), int64(len(bad)), b); err == nil {
			b.Reset() // it does not matter to every byte
			nestedRows(b, 5)
		} else if fault.Of(err) != fault.Invalid && fault.Of(err) != fault.Exceeded {
			t.Fatalf("byte %d: %v, want Invalid or Exceeded", at, err)
		}
		if b.Rows() != 5 {
			t.Fatalf("byte %d: %d rows after an error, want the 5 from before", at, b.Rows())
		}
	}
	want := columns.New(nested())
	nestedRows(want, 5)
	for i, l := range b.Leaves() {
		sameEntries(t, "after errors", l.Path, entries(l), entries(want.Leaves()[i]))
	}
}

type brokenDisk struct{ io.ReaderAt }

var errDisk = errors.New("disk on fire")

func (brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, errDisk }

func TestDiskErrorsAreNotDamage(t *testing.T) {
	t.Parallel()
	if err := columns.Read(brokenDisk{}, 100, columns.New(nested())); !errors.Is(err, errDisk) || fault.Is(err, fault.Invalid) {
		t.Errorf("got %v, want the disk's error", err)
	}
}

func FuzzRead(f *testing.F) {
	for _, opt := range []columns.EncoderOptions{{}, {Codec: columns.Zstd}, {Codec: columns.None, Delta: true}, {RowGroupRows: 10, Codec: columns.None}} {
		f.Add(nestedFile(f, 40, opt))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		b := columns.New(nested())
		columns.Trust(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := columns.Read(bytes.NewReader(file), int64(len(file)), b)
		runtime.ReadMemStats(&after)
		// Sixteen million nulls fit a few bytes: memory is bounded by the limits on rows, not by the file alone.
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<30 {
			t.Fatalf("%d bytes were allocated for a file of %d", grown, len(file))
		}
		if err != nil {
			if b.Rows() != 0 {
				t.Fatalf("%d rows after an error", b.Rows())
			}
			return
		}
		// What was read is a batch like any other.
		out, _, err := columns.NewEncoder(nested(), columns.EncoderOptions{}).Encode(nil, b)
		if err != nil {
			t.Fatal(err)
		}
		back := columns.New(nested())
		if err := columns.Read(bytes.NewReader(out), int64(len(out)), back); err != nil {
			t.Fatal(err)
		}
		for i, l := range back.Leaves() {
			sameEntries(t, "again", l.Path, entries(l), entries(b.Leaves()[i]))
		}
	})
}
