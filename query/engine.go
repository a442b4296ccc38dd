// Package query runs planned and ad hoc questions over the lake, under limits, for viewers who see some regions. It
// pins one set of snapshots a question, keeps results by it, and says of every answer how fresh and complete it is.
package query

import (
	"context"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// Engine runs SQL over pinned files. It is safe for concurrent use.
//
// Errors: Invalid (the text cannot be run: the message says where), Exceeded (memory, time or rows), Transient.
type Engine interface {
	// Dialect is the SQL that the engine takes.
	Dialect() plan.Dialect
	// Run runs one statement over the relations. It stops when ctx is done.
	Run(ctx context.Context, r Request) (*Result, error)
	// Gate reads an ad hoc question without running it and returns those of the relations that it reads. Anything but
	// one SELECT over these, with functions that only compute, is Invalid or Denied.
	Gate(ctx context.Context, text string, relations []string) ([]string, error)
}

// Request is one statement and what it runs over.
type Request struct {
	SQL       string
	Args      []any
	Relations []Relation
	MaxRows   int // rows beyond these are cut and the result says so; 0: none
}

// Relation is the rows of some files under a physical name of the dialect.
type Relation struct {
	Name    string           // as a plan's Statement lists it
	Columns []schemas.Column // by these ids columns are found in the files; a file without one reads null
	Files   []File

	Snapshot int64          // of the table that the files are of; 0: nothing was ever committed
	Known    map[int]string // the names of the snapshot's columns, by id; nil: as in Columns
}

// File is one Parquet file of a pinned table.
type File struct {
	Path   string    // where the engine reads it
	Date   time.Time // its dt; zero: rows of any
	Region string    // its region; empty: rows of any
	Upper  int64     // the greatest _commit of its rows; 0: unknown
	Rows   int64
	Bytes  int64
}

// Lake pins tables.
type Lake interface {
	// Pin returns one consistent set of the newest snapshots of the physical relations. A relation of a table that has
	// nothing yet is empty, not an error.
	Pin(ctx context.Context, relations []string) (*Pinned, error)
}

// Pinned is a set of snapshots. It is read-only.
type Pinned struct {
	Relations map[string]Relation    // by physical name, without _delta ones
	Horizons  map[string]string      // by dataset: the day its history begins with; empty: nothing was dropped
	dropped   map[string]int64       // by dataset: the highest commit of which rows were dropped
	Snapshots map[string]int64       // by table: the snapshot's id; 0: none yet
	Commits   map[string]int64       // by history table: the number of its last commit
	Through   map[string]int64       // by dataset with a base: the commit that the base is current to
	Late      map[string]int64       // by dataset: the last commit of its history that brought rows out of their order
	Daily     map[string]int64       // by dataset with a rollup that can be used: the commit that it is current to
	Missing   map[string]int64       // by dataset: the last commit that is known to have passed a hole; absent: none
	Oldest    map[string]int64       // by dataset: the first of the commits of which that is known
	Worth     map[string]lake.Rollup // by dataset: what the rollup's rows are worth
	Discarded lake.Discarded         // of whom records left the quarantine for good
	Complete  map[string]time.Time   // by dataset: every change made before is in the snapshot; zero: unknown
}

// Result is the rows of a statement, column by column. It is read-only once returned.
type Result struct {
	Columns   []Column
	Rows      int
	Truncated bool  // there were more rows than MaxRows
	Scanned   int64 // bytes that the engine read for it, where it is an engine that counts and charges them
}
