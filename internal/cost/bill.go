// Package cost works out what a load costs in a month on AWS: Tarn's way, Firehose with Glue and Athena, and Glue
// zero-ETL. Prices stand in prices.json with their sources, counts of our own in measured.json with what measured them,
// and everything else is an assumption that can be changed.
package cost

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Parts of a bill.
const (
	Capture   = "capture to lake" // from the stream to compacted Parquet in a table
	State     = "current state"
	Storage   = "storage"
	Questions = "questions"
)

// Seconds of a month: 730 hours.
const Seconds = 730 * 3600

const (
	gb = 1 << 30
	mb = 1 << 20
)

//go:embed prices.json
var pricesFile []byte

//go:embed measured.json
var measuredFile []byte

// Load is what is to be paid for.
type Load struct {
	Changes     float64 `json:"changesPerMonth"`
	RecordBytes float64 `json:"recordBytes"` // of a change as the stream delivers it, with both images
	Viewers     float64 `json:"viewers"`
}

// Price is one price and where it is from.
type Price struct {
	ID      string  `json:"id"`
	USD     float64 `json:"usd"`
	Per     float64 `json:"per"`
	Unit    string  `json:"unit"`
	Source  string  `json:"source"`
	Date    string  `json:"date"`
	Checked string  `json:"checked"`
}

// Measured is what our own programs ask for and need.
type Measured struct {
	Commands    map[string]string `json:"commands"`
	LandPuts    float64           `json:"landPuts"`   // of a batch
	CommitPuts  float64           `json:"commitPuts"` // PUTs and LISTs of a commit, beside a PUT for each of its files
	CommitGets  float64           `json:"commitGets"` // GETs and HEADs of a commit, beside one for each landed batch
	CommitGlue  float64           `json:"commitGlue"` // requests to the catalog
	MergePuts   float64           `json:"mergePuts"`  // of a compaction, beside one for each file that it writes
	MergeGets   float64           `json:"mergeGets"`  // beside one for each file that it reads
	MergeGlue   float64           `json:"mergeGlue"`
	LandMicros  float64           `json:"landMicros"`  // of a core, for a change
	RowMicros   float64           `json:"rowMicros"`   // to commit a change
	MergeMicros float64           `json:"mergeMicros"` // to compact it
	BaseMicros  float64           `json:"baseMicros"`  // to bring it into current state and rollups
}

// Line is one position of a bill.
type Line struct {
	Part     string  `json:"part"`
	Service  string  `json:"service"`
	What     string  `json:"what"`
	Quantity float64 `json:"quantity"`
	Unit     string  `json:"unit"`
	Price    string  `json:"price"` // id
	USD      float64 `json:"usd"`
}

// Bill is what one way costs.
type Bill struct {
	Way   string  `json:"way"`
	Lines []Line  `json:"lines"`
	USD   float64 `json:"usd"`
}

// Of returns what a part costs.
func (b *Bill) Of(part string) float64 {
	sum := 0.0
	for _, l := range b.Lines {
		if l.Part == part {
			sum += l.USD
		}
	}
	return sum
}

// Comparison is the three bills and what they rest on.
type Comparison struct {
	Load        Load         `json:"load"`
	Tarn        Bill         `json:"tarn"`
	Firehose    Bill         `json:"firehose"`
	ZeroETL     Bill         `json:"zeroETL"`
	Ratio       float64      `json:"captureAgainstFirehose"` // Tarn's capture to lake as a part of Firehose's
	Assumptions []Assumption `json:"assumptions"`
	Measured    Measured     `json:"measured"`
	Prices      []Price      `json:"prices"`
	Region      string       `json:"region"`
}

// Compare works out the bills of a load. A load below zero is Invalid.
func Compare(l Load, other map[string]float64) (*Comparison, error) {
	if !(l.Changes >= 1) || !(l.RecordBytes >= 1) || !(l.Viewers >= 0) || l.Changes > 1e15 || l.RecordBytes > 1<<20 {
		return nil, fault.New(fault.Invalid, "a load has changes (1 to 10^15 a month), bytes (1 to 1,048,576 a change) and viewers (0 or more)")
	}
	assumptions, err := Assume(other)
	if err != nil {
		return nil, err
	}
	c := &Comparison{Load: l, Assumptions: assumptions}
	var file struct {
		Region string  `json:"region"`
		Prices []Price `json:"prices"`
	}
	if err := json.Unmarshal(pricesFile, &file); err != nil {
		return nil, fmt.Errorf("read prices.json: %w", err)
	}
	if err := json.Unmarshal(measuredFile, &c.Measured); err != nil {
		return nil, fmt.Errorf("read measured.json: %w", err)
	}
	c.Prices, c.Region = file.Prices, file.Region
	m := newModel(l, valuesOf(assumptions), c.Measured, file.Prices)
	c.Tarn, c.Firehose, c.ZeroETL = m.tarn(), m.firehose(), m.zeroETL()
	c.Ratio = c.Tarn.Of(Capture) / c.Firehose.Of(Capture)
	return c, nil
}
