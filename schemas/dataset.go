// Package schemas holds the dataset files, embedded, and the package that loads and judges them. One file says
// everything about one dataset: its fields and keys, its life, its region and date, what is private, what is counted.
// Everything else in Tarn derives its shapes from here.
package schemas

import (
	"regexp"
	"time"
)

// Dataset is one dataset as its file declares it. It is read-only once loaded and safe for concurrent use.
type Dataset struct {
	Name          string // lower_snake_case; names tables, paths and URLs
	Domain        string // the folder it came from, such as "movement-pass"
	Title         string // what people call it
	Description   string
	Stream        string         // which change stream feeds it; several datasets may share one; empty for loaded facts
	Table         string         // the store's table; empty for facts
	Zone          *time.Location // the business time zone, in which days are counted
	Key           Key            // zero for facts
	Discriminator *Discriminator // which of a shared stream's records are this dataset's; nil: all
	Indexes       []Index
	Fields        []Field      // in file order; the order is the order of the lake's columns
	Version       string       // the number attribute that optimistic concurrency compares; empty: none
	TTL           string       // the number attribute with the epoch second of expiry; empty: none
	Idempotency   *Idempotency // nil: none
	Lifecycle     *Lifecycle   // nil: none
	OnCreate      []Counter    // counters that a create moves, in the same transaction
	Region        Region
	Date          Date
	Keep          time.Duration             // how long changes stay in the history, by dt; 0: for ever
	Track         []string                  // fields whose old value is kept as old_<field>
	Sort          []string                  // columns that files are sorted by inside (dt, region), after which comes _at
	Rules         []Rule                    // conditions over several fields, in CEL
	Metrics       []Metric                  // from <dataset>.metrics.yaml
	Lists         map[string]*Codes         // by name: the code lists that fields, region and rules may look up
	IDs           map[string]map[string]int // by table name, then dotted column path: the field id, from the lock file; nil: none yet
	File          string                    // where it was read, for messages
}

// Key names the attributes that identify a record. The zero Key belongs to facts, which have none.
type Key struct {
	Partition string
	Sort      string // empty: the partition attribute alone is the key
}

// IsZero reports whether there is no key.
func (k Key) IsZero() bool { return k.Partition == "" }

// Discriminator tells a shared table's record types apart by one attribute.
type Discriminator struct {
	Attribute string
	Values    []string
}

// Index is a secondary index of the store.
type Index struct {
	Name      string
	Partition string
	Sort      string // empty: none
}

// Type is the type of a field.
type Type string

// The types. A set is a list whose order says nothing; an enum is text from a code list.
const (
	String    Type = "string"
	Int32     Type = "int32"
	Int64     Type = "int64"
	Decimal   Type = "decimal"
	Boolean   Type = "bool"
	Day       Type = "date"      // days since 1970-01-01
	Timestamp Type = "timestamp" // UTC microseconds
	Enum      Type = "enum"
	Binary    Type = "binary"
	List      Type = "list"
	Set       Type = "set"
	Map       Type = "map" // text to Elem
	Object    Type = "object"
)

// Field is one declared attribute.
type Field struct {
	Name        string
	Type        Type
	Precision   int      // decimal: all digits, 1 to 38
	Scale       int      // decimal: digits after the point
	Elem        *Field   // list, set, map: what it holds
	Fields      []Field  // object: its members
	Codes       []string // enum: the codes, inline or of the code list
	CodeList    string   // enum or integer: name of the code list that values come from; empty: none
	Required    bool
	Pattern     string   // RE2 that the whole text must match; empty: any
	Min, Max    *float64 // inclusive range of a number; nil: open
	MinLength   int      // in characters
	MaxLength   int      // in characters; 0: the service's own limit
	Generated   string   // "", "hex32", "uuid", "digits8" (ids), "now" (server time on create), "updated" (server time on every write)
	Default     any      // nil: none; else bool, int64, string
	ReadOnly    bool     // never taken from a request: set by the server, by counters or by the lifecycle
	Format      string   // string: "", "uri", "email"; timestamp: "" (ISO 8601 text), "epoch" or "epoch-ms" (numbers)
	Privacy     Privacy
	Description string
	Line        int // in the file

	pattern *regexp.Regexp // Pattern for the whole text, once the loader has compiled it
}

// Privacy is what the lake keeps of a field.
type Privacy struct {
	Rule   string // "keep" (or empty), "mask" (keyed hash), "band" (age band of a date, or prefix of a text), "drop"
	Length int    // band of a text: how many leading characters stay
	Bands  []int  // band of a date: lower bounds in years
}

// Idempotency says how a repeated create is recognised.
type Idempotency struct {
	Header string        // request header that carries the client's key
	Keep   time.Duration // how long a key is remembered
}

// Lifecycle is the states of a record and the ways between them.
type Lifecycle struct {
	Field       string // the status field
	Initial     string
	Transitions []Transition
}

// Transition is one way from states to a state.
type Transition struct {
	Name     string   // the verb, as it stands in the URL
	From     []string // states it may start from
	To       string
	Roles    []string // who may take it: any one of them
	At       string   // field stamped with the time; empty: none
	By       string   // field stamped with the viewer's id; empty: none
	Counters []Counter
}

// Counter is a number on another record that moves in the same transaction.
type Counter struct {
	Dataset string // whose record
	Key     string // the field of this record that holds that record's partition key
	Field   string // the number
	Add     int64
}

// Region says how a change gets its region.
type Region struct {
	From    string   // "field" (a dotted path), "constant", "metadata" (awsRegion of the record)
	Field   string   // dotted path, for "field"
	Lookup  string   // code list that maps the value to a region; empty: the value itself
	Column  string   // the code list's column that holds the region
	Value   string   // for "constant"
	Lower   bool     // fold the value to lower case first
	Unknown string   // the region of all else; "unknown" unless said
	Values  []string // every region there is, Unknown last; the loader fills it where a look-up or list tells
}

// Date says which clock dt is read from.
type Date struct {
	From  string // "change" (the change's own time) or "field"
	Field string // for "field": a date or timestamp field
	Grain string // "day" or "month": dt is the first day of it
}

// Rule is a condition that a record must meet, beyond its single fields.
type Rule struct {
	Name    string
	When    string // CEL over the record's fields; true: Then must hold; empty: always
	Then    string // CEL
	Field   string // the field a refusal names
	Message string
	Strict  bool // enforced only in the strict profile; the lenient one counts it as data quality
	Line    int  // in the file
}

// Codes is a look-up table: a code list with any number of text columns.
type Codes struct {
	Name    string
	Columns []Column // the first is the code, a string, int32 or int64
	Rows    [][]string

	rows map[string]int // by code, the place in Rows; nil where the loader did not make it
}
