package fast

import (
	"bytes"
	"context"
	"fmt"

	pq "github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/bench/baseline"
	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/processors/columns"
)

// disk compares the bytes of files of the same rows with the same codec.
func (b *bench) disk(context.Context) error {
	ours, err := baseline.NewOurs()
	if err != nil {
		return err
	}
	s, err := synthetic.New(synthetic.Options{Seed: 11})
	if err != nil {
		return err
	}
	s.Event(nil, 20*batch)
	for _, c := range []struct {
		rows  int
		name  string
		codec columns.Codec
	}{{batch, "snappy", columns.Snappy}, {100 * batch, "zstd", columns.Zstd}} {
		file, theirs, err := sizes(ours, s.Event(nil, c.rows), c.codec)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%d rows, %s", c.rows, c.name)
		mine := series{float64(file) / float64(c.rows)}
		b.figure("bytes on disk", name+": ours", "bytes/row", mine, nil)
		b.figure("bytes on disk", name+": parquet-go, dictionaries", "bytes/row", series{float64(theirs) / float64(c.rows)}, mine)
		b.atMost("bytes on disk against parquet-go with dictionaries, "+name, Ratio{float64(file) / float64(theirs), float64(file) / float64(theirs), float64(file) / float64(theirs)}, 1, 0.9)
	}
	return nil
}

// sizes returns the bytes of our file and of parquet-go's, in its better choice of dictionaries.
func sizes(ours *baseline.Ours, body []byte, codec columns.Codec) (mine, theirs int, err error) {
	decoded, err := ours.Decode(body, lane)
	if err != nil {
		return 0, 0, err
	}
	file, _, err := columns.NewEncoder(ours.Dataset.LandedColumns(), columns.EncoderOptions{Codec: codec}).Encode(nil, decoded)
	if err != nil {
		return 0, 0, err
	}
	rows, err := pq.Read[baseline.Row](bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return 0, 0, err
	}
	some, err := written(rows, codec, pq.SchemaOf(baseline.Row{}))
	if err != nil {
		return 0, 0, err
	}
	all, err := written(rows, codec, baseline.Everywhere())
	return len(file), min(some, all), err
}

func written(rows []baseline.Row, codec columns.Codec, schema *pq.Schema) (int, error) {
	compression := pq.Compression(&pq.Snappy)
	if codec == columns.Zstd {
		compression = pq.Compression(&pq.Zstd)
	}
	var out bytes.Buffer
	w := pq.NewGenericWriter[baseline.Row](&out, schema, compression, pq.DataPageVersion(1))
	if _, err := w.Write(rows); err != nil {
		return 0, err
	}
	err := w.Close()
	return out.Len(), err
}
