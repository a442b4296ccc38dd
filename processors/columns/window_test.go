package columns_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// Who reads a run of a file's rows pays for the pages they lie in and no others: damage in others is not even seen.
func TestARunOfRowsTakesItsPages(t *testing.T) {
	t.Parallel()
	cols := []schemas.Column{must(col(1, "n", schemas.Int64))}
	b := columns.New(cols)
	for i := range 1000 {
		b.Leaf("n").AppendInt64(int64(i) << 40)
		b.EndRow()
	}
	file, _, err := columns.NewEncoder(cols, columns.EncoderOptions{Codec: columns.None, PageRows: 100}).Encode(nil, b)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(file, binary.LittleEndian.AppendUint64(nil, 250<<40))
	file[at+2] ^= 1
	rows := []struct {
		name     string
		from, to int64
		damaged  bool
	}{
		{name: "before the damaged page", from: 20, to: 200},
		{name: "one row of the damaged page", from: 200, to: 201, damaged: true},
		{name: "around it", from: 150, to: 400, damaged: true},
		{name: "behind it", from: 300, to: 1000},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			f, err := columns.Open(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				t.Fatal(err)
			}
			s, got := columns.NewSources(cols), columns.New(cols)
			if err := s.AddRows(f, row.from, row.to); err != nil {
				t.Fatal(err)
			}
			err = s.Keys(got, "n")
			if fault.Is(err, fault.Invalid) != row.damaged {
				t.Fatalf("got %v, want damage %t", err, row.damaged)
			}
			for i := range got.Rows() {
				if n := got.Leaf("n").Int64At(i); n != (row.from+int64(i))<<40 {
					t.Fatalf("row %d is %d", i, n>>40)
				}
			}
		})
	}
}
