// Package feed is the vocabulary of change feeds: the shards of a stream and the pages that are read from one. Those
// who make a feed and those who read it share these types and nothing else.
package feed

import (
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/record"
)

// Shard is one shard of a stream.
type Shard struct {
	Label   string // the stream's label: which incarnation of the stream
	ID      string
	Parents []string // ids; empty: none, or gone
	Closed  bool     // no record will be added
}

// Lane returns the shard's landing lane, which is also the _shard of its rows.
func (s Shard) Lane() string { return s.Label + "/" + s.ID }

// Page is the records of one read.
type Page struct {
	Body        []byte // a DynamoDB stream event: {"Records":[…]}; nil where there are no records
	Records     int
	First, Last lake.Seq  // of the records; empty where there are none
	End         bool      // the shard is closed and Last was its last record
	Now         time.Time // an instant by which every record made before it was in this page or an earlier one, if the page is the shard's newest; zero: unknown
}

// Record is one record of a shard as its store has it. Its images are DynamoDB JSON; they and all that Was returns are
// only valid until the next record is read.
type Record struct {
	Seq  lake.Seq
	Op   record.Op
	At   time.Time
	Keys []byte
	Now  []byte                 // nil: the change left no item
	Was  func() ([]byte, error) // the item before; nil: there was none
}
