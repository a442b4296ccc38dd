// Package verify compares the lake with its source while writes go on, and names what is missing, extra, doubled or
// different. It reads the lake through the query engine, never with the writers' code, and holds only a part of either
// side in memory.
package verify

import (
	"context"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Source is the store.
type Source interface {
	Get(ctx context.Context, table string, key ingest.Key) (record.Item, error)
	Scan(ctx context.Context, s ingest.Scan) (ingest.Page, error)
}

// Images is a Source that hands over a table's records as they are stored, which is quicker than its pages.
type Images interface {
	Images(ctx context.Context, table string, each func(image []byte) error) error
}

// Lake is current state and history as anybody's question sees them.
type Lake interface {
	// Await returns once the lake is complete to t.
	Await(ctx context.Context, d *schemas.Dataset, t time.Time) error
	// Hold returns the dataset as it is now.
	Hold(ctx context.Context, d *schemas.Dataset) (Held, error)
}

// Held is a dataset of the lake at one moment.
type Held interface {
	About() Pin
	// Rows hands over the canonical texts of the key and of the comparable fields of each record of current state, in any
	// order; of one region, or of all where it is empty. The texts are only valid during the call of each.
	Rows(ctx context.Context, region string, each func(key, row []byte) error) error
	// Records hands over the records with these keys: the key's text, and the fields as Comparable and then AgeBands list them.
	Records(ctx context.Context, keys []string, each func(key string, values []Value)) error
	// Since hands over the same of every change of these keys that came in commits above one, in any order: no values
	// where it left no record.
	Since(ctx context.Context, commit int64, keys []string, each func(key string, values []Value)) error
	// Identities returns the rows of the history, and some of the identities that more than one row has.
	Identities(ctx context.Context) (rows, doubled int64, some []Identity, err error)
}

// Identity is what one change is known by.
type Identity struct {
	Shard string `json:"shard"`
	Seq   string `json:"seq"`
	Key   string `json:"key,omitempty"`
}

// Pin says which state of the lake was read.
type Pin struct {
	Commit    int64            `json:"commit"`            // of the history
	Through   int64            `json:"through"`           // the commit that the base is current to
	Rows      int64            `json:"rows"`              // about how many records current state has
	Snapshots map[string]int64 `json:"snapshots"`         // by table
	Horizon   string           `json:"horizon,omitempty"` // the day that the history begins with; what lay before was dropped by retention
	Lost      []string         `json:"lost,omitempty"`    // files of it that are gone or cannot be read
}

// Value is one field in the canonical text of its type.
type Value struct {
	Text string
	Set  bool // false: null
}

// What a difference is.
const (
	Missing   = "missing" // in the lake
	Extra     = "extra"   // in the lake
	Different = "different"
	Doubled   = "doubled" // in the lake

	Quarantined = "in quarantine" // what holds a record or a change back, which is no difference
	Discarded   = "discarded"     // from there, with a receipt
)

// Difference is one record or change that is not the same on both sides.
type Difference struct {
	What  string `json:"what"`
	Key   string `json:"key,omitempty"`
	Field string `json:"field,omitempty"` // different: the first field that differs
	Store string `json:"store,omitempty"`
	Lake  string `json:"lake,omitempty"`
	Shard string `json:"shard,omitempty"` // of a change
	Seq   string `json:"seq,omitempty"`
	Held  string `json:"held,omitempty"` // the record's newest change, which is held back: the lake has to show the record before it

	Record ingest.Key `json:"-"` // the key in the store, where it is known
}

// Report is what a comparison found.
type Report struct {
	Dataset     string       `json:"dataset"`
	Mode        string       `json:"mode"` // state or changes
	Region      string       `json:"region,omitempty"`
	From        time.Time    `json:"from,omitzero"` // of the changes
	To          time.Time    `json:"to,omitzero"`
	Pin         Pin          `json:"pin"`
	Began       time.Time    `json:"began"`             // when reading the source began
	Ended       time.Time    `json:"ended"`             // and ended
	Store       int64        `json:"store"`             // records, or changes, in the source
	Lake        int64        `json:"lake"`              // in the lake
	StoreSum    string       `json:"storeSum"`          // digests of both sides: equal where nothing was written meanwhile
	LakeSum     string       `json:"lakeSum"`           // and nothing is wrong
	Again       int64        `json:"again"`             // keys that did not agree at first and were read again
	Quarantined int64        `json:"quarantined"`       // changes, or records by their newest change, that are held back instead of missing
	Discarded   int64        `json:"discarded"`         // the same of changes that were discarded from the quarantine
	Dropped     int64        `json:"dropped,omitempty"` // changes that are not in the history because their day lies before its horizon
	History     int64        `json:"history"`           // rows of the history
	Shards      []Range      `json:"shards,omitempty"`
	Skipped     []string     `json:"skipped"` // fields that were not compared, and why
	Differences []Difference `json:"differences"`
	HeldBack    []Difference `json:"heldBack,omitempty"` // what is held back, with the changes that are
	Missing     int64        `json:"missing"`
	Extra       int64        `json:"extra"`
	Different   int64        `json:"different"`
	Doubled     int64        `json:"doubled"`
	CompleteTo  time.Time    `json:"completeTo"` // the lake was complete to here when it was read
	ElapsedMS   int64        `json:"elapsedMs"`
}

// Range is the part of a shard that was compared.
type Range struct {
	Shard   string `json:"shard"`
	First   string `json:"first"`
	Last    string `json:"last"`
	Changes int64  `json:"changes"`
}

// Clean reports whether nothing was found. What is held back is where it has to be.
func (r Report) Clean() bool {
	return r.Missing+r.Extra+r.Different+r.Doubled == 0 && len(r.Pin.Lost) == 0
}

// note counts a difference and names it while there is room for its kind, so that many of one kind hide none of another.
func (r *Report) note(d Difference, named int) {
	count := &r.Different
	switch d.What {
	case Missing:
		count = &r.Missing
	case Extra:
		count = &r.Extra
	case Doubled:
		count = &r.Doubled
	}
	if *count++; *count <= int64(named) {
		r.Differences = append(r.Differences, d)
	}
}

// hold counts what is held back and names it while there is room.
func (r *Report) hold(d Difference, named int) {
	count := &r.Quarantined
	if d.What == Discarded {
		count = &r.Discarded
	}
	if *count++; *count <= int64(named) {
		r.HeldBack = append(r.HeldBack, d)
	}
}

// Options tune a comparison. The zero value works where no field is masked.
type Options struct {
	Mask   func(text string) string // what the lake keeps of a masked value
	Mark   func(text []byte) string // the keyed hash that receipts of discarded changes were made with; nil: one without a key
	Now    func() time.Time
	Tell   func(read int64) // records read so far, of both sides
	Named  int              // differences of a kind named at most; 0: 100
	Dir    string           // for files while it compares; empty: the system's own
	Region string           // compare the records of one region; empty: all
}

func (o Options) filled() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tell == nil {
		o.Tell = func(int64) {}
	}
	if o.Named == 0 {
		o.Named = 100
	}
	if o.Mark == nil {
		o.Mark = Unkeyed
	}
	return o
}

// Unkeyed is a hash without a key, for marks that are not kept.
func Unkeyed(text []byte) string { return strconv.FormatUint(Hash(text), 16) }

func compared(d *schemas.Dataset) error {
	if d.Key.IsZero() {
		return fault.New(fault.Invalid, "%s are facts without a key and without a store: there is nothing to compare them with", d.Name)
	}
	return nil
}
