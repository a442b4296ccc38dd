// Package ingest is the CRUD service: it checks records against their schema, moves them through their lifecycle and
// keeps them in a Store, and it speaks HTTP.
package ingest

import (
	"context"

	"github.com/tarn-lake/tarn/internal/record"
)

// Store keeps items. Every method is safe for concurrent use. A Write that returned nil is durable. Numbers come back equal
// to what they were, not always written as they were.
//
// Errors: NotFound (no such item or table), Conflict (a condition did not hold; a *ConditionError says which),
// Exceeded (an item over 400 KB, a transaction over 100 actions), Transient, Full, ReadOnly.
type Store interface {
	// Get returns the item, strongly consistent.
	Get(ctx context.Context, table string, key Key) (record.Item, error)
	// Query returns one page of the items under a partition of the table or of one of its indexes, in the order of the
	// sort attribute.
	Query(ctx context.Context, q Query) (Page, error)
	// Scan returns one page of a table's items in no particular order; segments partition the table for parallel scans.
	Scan(ctx context.Context, s Scan) (Page, error)
	// Write does all actions or none. No item may stand in two of them.
	Write(ctx context.Context, actions ...Action) error
}

// Key is the value of a table's key attributes. Sort is the zero Value where the table has none.
type Key struct{ Partition, Sort record.Value }

// Action is one part of a transaction. Exactly one of Put, Update, Delete and Check is meant by Kind.
type Action struct {
	Kind  ActionKind
	Table string
	Key   Key              // Update, Delete, Check
	Item  record.Item      // Put: the whole item
	Set   record.Item      // Update: attributes to set
	Unset []string         // Update: attributes to remove
	Add   map[string]int64 // Update: numbers to add to; an absent number counts as 0
	If    []Condition      // all must hold
}

// ActionKind is what an action does.
type ActionKind uint8

// The kinds of action.
const (
	Put    ActionKind = iota + 1 // replaces the item or creates it
	Update                       // changes attributes; creates the item unless a condition forbids
	Delete                       // removes the item; no item is not an error unless a condition says so
	Check                        // only tests the conditions
)

// Condition is a test of the item as it is before the transaction.
type Condition struct {
	Test      Test
	Attribute string       // all tests but Exists and Missing of the item as a whole, where it is empty
	Value     record.Value // Equal
}

// Test is what a condition asks.
type Test uint8

// The tests.
const (
	Exists  Test = iota + 1 // the item, or the attribute, is there
	Missing                 // the item, or the attribute, is not there
	Equal                   // the attribute is there and equals Value
)

// ConditionError says which action of a transaction was refused. It stands in the chain of a Conflict.
type ConditionError struct {
	Action int         // index into the actions
	Item   record.Item // the item as it was found; nil where there was none
}

func (e *ConditionError) Error() string { return "a condition did not hold" }

// Query asks for the items of one partition.
type Query struct {
	Table      string
	Index      string // empty: the table itself
	Partition  record.Value
	Descending bool
	After      record.Item // the Last of an earlier page: primary key and index key attributes; nil: from the start
	Limit      int         // items at most; 0: 100
}

// Scan asks for all items of a table.
type Scan struct {
	Table             string
	Segment, Segments int // this of so many; Segments 0 means 1
	After             record.Item
	Limit             int
}

// Page is some items and where to go on.
type Page struct {
	Items []record.Item
	Last  record.Item // pass as After for the next page; nil: there is none
	Units float64     // of read capacity that a page of a scan took, where the store counts them
}

// Table is what a store must know of a table.
type Table struct {
	Name    string
	Stream  string // label-less stream name of its change feed; empty: none
	Key     TableKey
	Indexes []TableIndex
	TTL     string // number attribute with the epoch second of expiry; empty: none
}

// TableKey names key attributes and says their kinds (record.S, record.N or record.B).
type TableKey struct {
	Partition, Sort         string
	PartitionKind, SortKind record.Kind
}

// TableIndex is a secondary index; items without its attributes are not in it.
type TableIndex struct {
	Name string
	Key  TableKey
}
