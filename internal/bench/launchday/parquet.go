package launchday

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/tables"
)

// parquetReader reads with parquet-go, which is given the files of the snapshots.
type parquetReader struct{}

func (parquetReader) name() string { return "parquet-go" }

func (parquetReader) history(ctx context.Context, p pinned) (map[synthetic.Cell]synthetic.Sum, error) {
	out := map[synthetic.Cell]synthetic.Sum{}
	err := eachRow(ctx, p.files, []string{"dt", "region", "_op", "status", "fee"}, func(row []parquet.Value) {
		c := synthetic.Cell{Dt: date(int64(row[0].Int32())), Region: text(row[1]), Op: text(row[2]), Status: text(row[3])}
		add(out, c, fee(row[4]))
	})
	return out, err
}

// id is a key, small enough that many millions of them fit into memory.
type id [32]byte

// latest is the newest change of a key above the base.
type latest struct {
	seq    string
	gone   bool
	place  synthetic.Place
	amount int64
}

var stateColumns = []string{"id", "_op", "_seq", "_commit", "region", "status", "fee", "createdAt"}

func (parquetReader) current(ctx context.Context, p pinned) (map[synthetic.Place]synthetic.Sum, error) {
	above := map[id]latest{}
	err := eachRow(ctx, p.delta, stateColumns, func(row []parquet.Value) {
		if row[3].Int64() <= p.base.Through || text(row[1]) == "leave" {
			return
		}
		key := id(row[0].ByteArray())
		if l, ok := above[key]; ok && l.seq > string(row[2].ByteArray()) {
			return
		}
		above[key] = state(row)
	})
	if err != nil {
		return nil, err
	}
	out := map[synthetic.Place]synthetic.Sum{}
	for _, l := range above {
		if !l.gone {
			add(out, l.place, l.amount)
		}
	}
	return out, eachRow(ctx, p.baseFiles, stateColumns, func(row []parquet.Value) {
		if _, newer := above[id(row[0].ByteArray())]; newer {
			return
		}
		if l := state(row); !l.gone {
			add(out, l.place, l.amount)
		}
	})
}

// rollup is the daily table's rows that are split by status.
func (parquetReader) rollup(ctx context.Context, p pinned) (map[synthetic.Place]synthetic.Sum, error) {
	out := map[synthetic.Place]synthetic.Sum{}
	err := eachRow(ctx, p.daily, []string{"_metric", "_by", "_day", "region", "status", "_rows", p.fees}, func(row []parquet.Value) {
		if text(row[0]) != "applications" || text(row[1]) != "status" {
			return
		}
		k := synthetic.Place{Day: date(int64(row[2].Int32())), Region: text(row[3]), Status: text(row[4])}
		s := out[k]
		out[k] = synthetic.Sum{Rows: s.Rows + row[5].Int64(), Fee: s.Fee + wide(row[6])}
	})
	for k, s := range out {
		if s == (synthetic.Sum{}) {
			delete(out, k)
		}
	}
	return out, err
}

// wide reads a decimal of up to 38 digits, whose sums here fit 64 bits.
func wide(v parquet.Value) int64 {
	if v.IsNull() {
		return 0
	}
	n := int64(0)
	for i, b := range v.ByteArray() {
		if i == 0 {
			n = int64(int8(b))
			continue
		}
		n = n<<8 | int64(b)
	}
	return n
}

func state(row []parquet.Value) latest {
	op := text(row[1])
	l := latest{seq: string(row[2].ByteArray()), gone: op == "remove" || op == "expire"}
	if !l.gone {
		created := row[7].Int64() + (6 * time.Hour).Microseconds()
		l.place = synthetic.Place{Day: date(created / (24 * time.Hour).Microseconds()), Region: text(row[4]), Status: text(row[5])}
		l.amount = fee(row[6])
	}
	return l
}

func add[K comparable](to map[K]synthetic.Sum, k K, amount int64) {
	s := to[k]
	to[k] = synthetic.Sum{Rows: s.Rows + 1, Fee: s.Fee + amount}
}

func date(days int64) string { return time.Unix(days*86400, 0).UTC().Format(time.DateOnly) }

func text(v parquet.Value) string { return string(v.ByteArray()) }

// fee reads decimal(10,2), which lies in 64 bits.
func fee(v parquet.Value) int64 {
	if v.IsNull() {
		return 0
	}
	return v.Int64()
}

// eachRow calls take with the named flat columns of every row of the files.
func eachRow(ctx context.Context, list []tables.File, names []string, take func([]parquet.Value)) error {
	for _, f := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fileRows(f.Path, names, take); err != nil {
			return fmt.Errorf("read %s: %w", f.URL, err)
		}
	}
	return nil
}

func fileRows(path string, names []string, take func([]parquet.Value)) (err error) {
	r, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	info, err := r.Stat()
	if err != nil {
		return err
	}
	file, err := parquet.OpenFile(r, info.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return err
	}
	for _, group := range file.RowGroups() {
		if err := groupRows(file.Schema(), group, names, take); err != nil {
			return err
		}
	}
	return nil
}

func groupRows(schema *parquet.Schema, group parquet.RowGroup, names []string, take func([]parquet.Value)) error {
	columns := make([]column, len(names))
	for i, name := range names {
		leaf, ok := schema.Lookup(name)
		if !ok {
			return fmt.Errorf("there is no column %s", name)
		}
		columns[i].pages = group.ColumnChunks()[leaf.ColumnIndex].Pages()
		defer columns[i].pages.Close()
	}
	row := make([]parquet.Value, len(names))
	for range group.NumRows() {
		for i := range columns {
			v, err := columns[i].next()
			if err != nil {
				return fmt.Errorf("column %s: %w", names[i], err)
			}
			row[i] = v
		}
		take(row)
	}
	return nil
}

// column reads the values of a column one after the other.
type column struct {
	pages  parquet.Pages
	values parquet.ValueReader
	buf    [1024]parquet.Value
	at, n  int
}

func (c *column) next() (parquet.Value, error) {
	for c.at == c.n {
		if c.values == nil {
			page, err := c.pages.ReadPage()
			if err != nil {
				return parquet.Value{}, err
			}
			c.values = page.Values()
		}
		n, err := c.values.ReadValues(c.buf[:])
		if errors.Is(err, io.EOF) {
			c.values = nil
		} else if err != nil {
			return parquet.Value{}, err
		}
		c.at, c.n = 0, n
	}
	c.at++
	return c.buf[c.at-1], nil
}
