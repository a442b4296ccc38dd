package node_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/node"
	"github.com/tarn-lake/tarn/schemas"
)

// cells is a row with a column of each kind, in several encodings, with and without nulls.
type cells struct {
	Text    string  `parquet:"text,id(1)"`
	Named   *string `parquet:"named,id(2),dict"`
	Joined  string  `parquet:"joined,id(3),delta"`
	Small   *int32  `parquet:"small,id(4)"`
	Few     int32   `parquet:"few,id(5),dict"`
	Large   int64   `parquet:"large,id(6),delta"`
	Wider   int32   `parquet:"wider,id(7)"`
	Day     *int32  `parquet:"day,id(8),dict"`
	Date    int32   `parquet:"date,id(9)"`
	Cents   *int64  `parquet:"cents,id(10),dict"`
	Price   *int64  `parquet:"price,id(11)"`
	Flag    *bool   `parquet:"flag,id(12)"`
	Raw     []byte  `parquet:"raw,id(13)"`
	Nothing *string `parquet:"nothing,id(14),dict"`
}

func cellFields() []schemas.Field {
	return []schemas.Field{
		{Name: "text", Type: schemas.String}, {Name: "named", Type: schemas.Enum}, {Name: "joined", Type: schemas.String},
		{Name: "small", Type: schemas.Int32}, {Name: "few", Type: schemas.Int32}, {Name: "large", Type: schemas.Timestamp}, {Name: "wider", Type: schemas.Int64},
		{Name: "day", Type: schemas.Day}, {Name: "date", Type: schemas.Day}, {Name: "cents", Type: schemas.Decimal, Scale: 2}, {Name: "price", Type: schemas.Decimal, Scale: 0},
		{Name: "flag", Type: schemas.Boolean}, {Name: "raw", Type: schemas.Binary}, {Name: "nothing", Type: schemas.String}, {Name: "absent", Type: schemas.String},
	}
}

// TestTextsOfPages reads columns of every kind and encoding, cut into pages and row groups here and there.
func TestTextsOfPages(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	const whole = 3000 // rows that are one row group, so that pages are seen while they are half read
	for _, rows := range []int{0, 1, 7, 1023, 1024, 1025, whole, 5000} {
		var file bytes.Buffer
		w := parquet.NewGenericWriter[cells](&file, parquet.PageBufferSize(200+r.IntN(5000)), parquet.DataPageVersion(1+r.IntN(2)))
		var want [][]string
		for range rows {
			c, texts := randomCells(r)
			want = append(want, texts)
			if _, err := w.Write([]cells{c}); err != nil {
				t.Fatal(err)
			}
			if rows != whole && r.IntN(700) == 0 {
				if err := w.Flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var got [][]string
		flat, err := node.TextsIn(t.Context(), bytes.NewReader(file.Bytes()), int64(file.Len()), cellFields(), func(texts []string) { got = append(got, texts) })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%d rows: %s", rows, diff)
		}
		if rows == whole && (flat < 9 || flat > 10) { // days, decimals, truth values and bytes outside of dictionaries are not
			t.Errorf("%d columns were read the quick way", flat)
		}
	}
}

const null = "null"

// randomCells returns a row and its texts.
func randomCells(r *rand.Rand) (c cells, texts []string) {
	some := func() bool { return r.IntN(4) > 0 }
	text := func(to **string, s string) {
		if !some() {
			texts = append(texts, null)
			return
		}
		*to = &s
		texts = append(texts, s)
	}
	number := func(to **int64, n int64, s string) {
		if !some() {
			texts = append(texts, null)
			return
		}
		*to = &n
		texts = append(texts, s)
	}
	c.Text = fmt.Sprint("text ", r.Uint32())
	texts = append(texts, c.Text)
	text(&c.Named, fmt.Sprint("name ", r.IntN(9)))
	c.Joined = fmt.Sprint("joined ", r.IntN(90))
	texts = append(texts, c.Joined)
	if n := int32(r.Uint32()); some() {
		c.Small = &n
		texts = append(texts, strconv.Itoa(int(n)))
	} else {
		texts = append(texts, null)
	}
	c.Few = int32(r.IntN(5) - 2)
	texts = append(texts, strconv.Itoa(int(c.Few)))
	c.Large = int64(r.Uint64())
	texts = append(texts, strconv.FormatInt(c.Large, 10))
	c.Wider = int32(r.Uint32())
	texts = append(texts, strconv.Itoa(int(c.Wider)))
	if day := int32(r.IntN(40_000) - 20_000); some() {
		c.Day = &day
		texts = append(texts, time.Unix(int64(day)*86_400, 0).UTC().Format(time.DateOnly))
	} else {
		texts = append(texts, null)
	}
	c.Date = int32(r.IntN(30_000))
	texts = append(texts, time.Unix(int64(c.Date)*86_400, 0).UTC().Format(time.DateOnly))
	cents := r.Int64N(20_000) - 10_000
	sign := ""
	if cents < 0 {
		sign = "-"
	}
	number(&c.Cents, cents, fmt.Sprintf("%s%d.%02d", sign, max(cents, -cents)/100, max(cents, -cents)%100))
	price := r.Int64N(1_000_000) - 500_000
	number(&c.Price, price, strconv.FormatInt(price, 10))
	if flag := r.IntN(2) == 0; some() {
		c.Flag = &flag
		texts = append(texts, strconv.FormatBool(flag))
	} else {
		texts = append(texts, null)
	}
	c.Raw = []byte{1, 2}
	return c, append(texts, "AQI=", null, null)
}
