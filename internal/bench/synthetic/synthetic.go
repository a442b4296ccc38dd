// Package synthetic makes a seeded stream of movement-pass changes as DynamoDB sends them, for benchmarks. Keys really
// exist: a modification follows the insertion of its key and carries the image that was, a removal ends it. The stream
// knows its own truth, so that what was made of it can be checked afterwards.
package synthetic

import (
	"cmp"
	"embed"
	"io/fs"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// Names that the schema gives.
const (
	Dataset = "passes"
	Source  = "synthetic_passes" // the stream that feeds it
)

//go:embed schema
var files embed.FS

// Registry returns the schema of the stream.
func Registry() (*schemas.Registry, error) {
	sub, err := fs.Sub(files, "schema")
	if err != nil {
		return nil, err
	}
	return schemas.Load(sub)
}

// Options say what the stream is like. The zero value works.
type Options struct {
	Seed     uint64
	Shuffled bool      // attributes in random order, as a stream may send them
	Start    time.Time // of the first change; zero: 2026-11-20T12:00:00Z. Whole minutes
	Rate     float64   // changes in a second of the stream's own time; 0: 1,850, which is 160 million a day
}

func (o Options) filled() Options {
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	}
	o.Start = o.Start.UTC().Truncate(time.Minute)
	o.Rate = cmp.Or(o.Rate, 1850)
	return o
}

// districts is the code list of the schema: codes, and the region of each.
type districts struct {
	codes   []string
	region  []uint8
	regions []string // "unknown" is the last
}

func loadDistricts() (*districts, error) {
	registry, err := Registry()
	if err != nil {
		return nil, err
	}
	d, ok := registry.Dataset(Dataset)
	if !ok {
		return nil, fault.New(fault.NotFound, "the stream's schema has no dataset %s", Dataset)
	}
	list := d.Lists["districts"]
	out := &districts{}
	number := map[string]uint8{}
	for _, row := range list.Rows {
		region := row[len(row)-1]
		if _, ok := number[region]; !ok {
			number[region] = uint8(len(out.regions))
			out.regions = append(out.regions, region)
		}
		out.codes = append(out.codes, row[0])
		out.region = append(out.region, number[region])
	}
	// A code that the list does not have: its region is unknown.
	out.codes = append(out.codes, "1099")
	out.region = append(out.region, uint8(len(out.regions)))
	out.regions = append(out.regions, d.Region.Unknown)
	return out, nil
}
