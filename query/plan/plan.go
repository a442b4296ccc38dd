// Package plan turns a metric query into SQL text and arguments. The text is one portable subset that DuckDB, Trino and
// Athena share; what little differs stands in Dialect. Below everything lies the viewer's region predicate.
package plan

import (
	"time"

	"github.com/tarn-lake/tarn/schemas"
)

// Query asks for measures of a metric.
type Query struct {
	Metric     string           `json:"metric"`
	Measures   []string         `json:"measures"`             // empty: every measure that can stand beside the first
	Dimensions []string         `json:"dimensions,omitempty"` // what the measures are split by
	Filters    []schemas.Filter `json:"filters,omitempty"`
	Range      Range            `json:"range,omitzero"`
	Grain      string           `json:"grain,omitempty"`   // "", minute, hour, day, week, month
	Compare    string           `json:"compare,omitempty"` // "", previous
	Order      []Order          `json:"order,omitempty"`
	Limit      int              `json:"limit,omitempty"` // rows; with a grain and dimensions: series; 0: the service's own
}

// Range is a half-open span of time: days of the business time zone ("2026-11-20") or RFC 3339 instants. An empty end is
// open. Name, in place of both, is a span told from now: today, yesterday, this-week, this-month, last-<n>h, last-<n>d,
// next-<n>h, next-<n>d, all.
type Range struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	Name string `json:"name,omitempty"`
}

// Order sorts by one column of the answer.
type Order struct {
	By   string `json:"by"` // a measure, a dimension, or "time"
	Desc bool   `json:"desc,omitempty"`
}

// TimeColumn is the name of the answer's column that holds the bucket of the grain.
const TimeColumn = "time"

// Column describes one column of an answer.
type Column struct {
	Name   string
	Title  string
	Role   string // time, dimension, label, measure
	Of     string // label: the dimension it belongs to
	Unit   string
	Format string
	Better string
}

// Statement is SQL text with its arguments and what must be pinned for it.
type Statement struct {
	SQL       string
	Args      []any
	Relations []string // physical relations, as Dialect names them, sorted
	Prune     Prune
}

// Prune bounds the dt of the rows that a statement can need from change tables; a zero end is open. It is a hint: the
// statement itself holds every predicate.
type Prune struct{ From, To time.Time } // first and last day, inclusive

// Plan is a planned metric query.
type Plan struct {
	Statement
	Columns  []Column
	Datasets []string // whose completeness the answer's is
	From, To time.Time
	Zone     *time.Location
	Grain    string
	Source   string // what it is answered from: "changes", "current", "view" or FromRollup
	Compare  *Plan  // the period before; nil: none
}

// Env is what a plan depends on besides the query.
type Env struct {
	Registry *schemas.Registry
	Dialect  Dialect
	Regions  []string         // the viewer's; [viewer.All] for every one
	Through  map[string]int64 // by dataset: the commit that its base is current to; absent: there is no base
	Late     map[string]int64 // by dataset: the last commit that brought rows out of their order
	Daily    map[string]int64 // by dataset: the commit that its rollup is current to; absent: there is none to be used
	Many     map[string]bool  // by dataset: the changes above its rollup are too many to be kept while they are summed
	Now      time.Time        // the end of what is known: the current period is unfinished after it
	MaxRows  int              // rows that the answer is cut to at last; 0: none
}
