// Package verify compares the lake with its source, key by key and row by row, while writes go on, and names what is
// missing, extra or different. It reads the lake through the query engine, never with the writers' code.
package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
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

// Lake is current state and history as anybody's question sees them.
type Lake interface {
	// Await returns once the lake is complete to t.
	Await(ctx context.Context, d *schemas.Dataset, t time.Time) error
	// State hands over each record of current state, or only those of the given keys: its key's text and its
	// comparable fields as Comparable lists them, "" and false for null.
	State(ctx context.Context, d *schemas.Dataset, keys []string, each func(key string, values []Value)) error
	// Identities returns the rows of the history, and how many different identities they have.
	Identities(ctx context.Context, d *schemas.Dataset) (rows, distinct int64, err error)
}

// Value is one field in the canonical text of its type.
type Value struct {
	Text string
	Set  bool // false: null
}

// Difference is one record that is not the same on both sides.
type Difference struct {
	Key   string `json:"key"`
	What  string `json:"what"`            // missing (in the lake), extra (in the lake), different
	Field string `json:"field,omitempty"` // different: the first field that differs
	Store string `json:"store,omitempty"`
	Lake  string `json:"lake,omitempty"`
}

// Report is what a comparison found.
type Report struct {
	Dataset     string       `json:"dataset"`
	Store       int64        `json:"store"`   // records in the store
	Lake        int64        `json:"lake"`    // records in the lake's current state
	History     int64        `json:"history"` // rows of the history
	Doubled     int64        `json:"doubled"` // rows of the history whose identity another row has
	Differences []Difference `json:"differences"`
	Missing     int64        `json:"missing"`
	Extra       int64        `json:"extra"`
	Different   int64        `json:"different"`
	CompleteTo  time.Time    `json:"completeTo"` // the lake was complete to here when it was read
	ElapsedMS   int64        `json:"elapsedMs"`
}

// Clean reports whether nothing was found.
func (r Report) Clean() bool { return r.Missing+r.Extra+r.Different+r.Doubled == 0 }

// Options tune a comparison. The zero value works where no field is masked.
type Options struct {
	Mask  func(text string) string // what the lake keeps of a masked value
	Now   func() time.Time
	Tell  func(read int64) // records read so far, of both sides
	Named int              // differences named at most; 0: 100
}

// rounds bounds how often suspects are looked at again while writes go on.
const rounds = 6

// State compares the store's records with the lake's current state. A record that differs is read again on both sides
// until it agrees or has differed in every round, so writes that go on meanwhile are no differences.
func State(ctx context.Context, d *schemas.Dataset, src Source, lake Lake, o Options) (Report, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tell == nil {
		o.Tell = func(int64) {}
	}
	if o.Named == 0 {
		o.Named = 100
	}
	if d.Key.IsZero() {
		return Report{}, fault.New(fault.Invalid, "%s are facts without a key and without a store: there is nothing to compare them with", d.Name)
	}
	c := &comparison{d: d, src: src, lake: lake, o: o, fields: Comparable(d), began: o.Now()}
	if f, ok := d.Field(d.Key.Partition); ok {
		c.masked = f.Privacy.Rule == "mask"
	}
	return c.run(ctx)
}

type comparison struct {
	d      *schemas.Dataset
	src    Source
	lake   Lake
	o      Options
	fields []schemas.Field
	began  time.Time
	read   int64
	report Report
	masked bool // the key's partition is masked, so a key of the lake does not lead back to the store
}

func (c *comparison) run(ctx context.Context) (Report, error) {
	c.report.Dataset = c.d.Name
	store, err := c.digests(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("read the store: %w", err)
	}
	suspects, err := c.against(ctx, store)
	if err != nil {
		return Report{}, fmt.Errorf("read the lake: %w", err)
	}
	for round := 0; round < rounds && len(suspects) > 0; round++ {
		if suspects, err = c.again(ctx, suspects); err != nil {
			return Report{}, err
		}
	}
	rows, distinct, err := c.lake.Identities(ctx, c.d)
	if err != nil {
		return Report{}, fmt.Errorf("count the history: %w", err)
	}
	c.report.History, c.report.Doubled = rows, rows-distinct
	c.name(suspects)
	c.report.ElapsedMS = c.o.Now().Sub(c.began).Milliseconds()
	return c.report, nil
}

// scan hands over every record of the store with its key as the lake has it.
func (c *comparison) scan(ctx context.Context, each func(key string, item record.Item)) error {
	for after := (record.Item)(nil); ; {
		page, err := c.src.Scan(ctx, ingest.Scan{Table: c.d.Table, After: after, Limit: 1000})
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			each(c.keyText(item), item)
		}
		if page.Last == nil {
			return nil
		}
		after = page.Last
	}
}

// digests reads every record of the store into one digest a key.
func (c *comparison) digests(ctx context.Context) (map[string]digest, error) {
	store := map[string]digest{}
	err := c.scan(ctx, func(key string, item record.Item) {
		store[key] = digestOf(c.values(item))
		c.tell()
	})
	c.report.Store = int64(len(store))
	return store, err
}

func (c *comparison) tell() {
	if c.read++; c.read%10_000 == 0 {
		c.o.Tell(c.read)
	}
}

// against reads the lake as it is after the scan and returns what does not agree, by key.
func (c *comparison) against(ctx context.Context, store map[string]digest) (map[string]Difference, error) {
	end := c.o.Now()
	if err := c.lake.Await(ctx, c.d, end); err != nil {
		return nil, err
	}
	c.report.CompleteTo = end
	suspects := map[string]Difference{}
	err := c.lake.State(ctx, c.d, nil, func(key string, values []Value) {
		c.report.Lake++
		c.tell()
		have, ok := store[key]
		switch {
		case !ok:
			suspects[key] = Difference{Key: key, What: "extra"}
		case have != digestOf(values):
			suspects[key] = Difference{Key: key, What: "different"}
		}
		delete(store, key)
	})
	for key := range store {
		suspects[key] = Difference{Key: key, What: "missing"}
	}
	return suspects, err
}

// again reads the suspects on both sides and returns those that still do not agree.
func (c *comparison) again(ctx context.Context, suspects map[string]Difference) (map[string]Difference, error) {
	keys := slices.Sorted(maps.Keys(suspects))
	store, err := c.reread(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("read the store again: %w", err)
	}
	if err := c.lake.Await(ctx, c.d, c.o.Now()); err != nil {
		return nil, err
	}
	lake := map[string][]Value{}
	for chunk := range slices.Chunk(keys, 500) {
		if err := c.lake.State(ctx, c.d, chunk, func(key string, values []Value) { lake[key] = slices.Clone(values) }); err != nil {
			return nil, fmt.Errorf("read the lake again: %w", err)
		}
	}
	still := map[string]Difference{}
	for _, key := range keys {
		if diff, ok := c.compare(key, store[key], lake[key]); ok {
			still[key] = diff
		}
	}
	return still, nil
}

// reread reads records of the store again, by the keys that the lake has.
func (c *comparison) reread(ctx context.Context, keys []string) (map[string][]Value, error) {
	store := map[string][]Value{}
	if c.masked {
		err := c.scan(ctx, func(key string, item record.Item) {
			if _, suspect := slices.BinarySearch(keys, key); suspect {
				store[key] = c.values(item)
			}
		})
		return store, err
	}
	for _, key := range keys {
		item, err := c.src.Get(ctx, c.d.Table, ParseKeyText(c.d, key))
		switch {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", key, err)
		default:
			store[key] = c.values(item)
		}
	}
	return store, nil
}

func (c *comparison) compare(key string, store, lake []Value) (Difference, bool) {
	switch {
	case store == nil && lake == nil:
		return Difference{}, false
	case store == nil:
		return Difference{Key: key, What: "extra"}, true
	case lake == nil:
		return Difference{Key: key, What: "missing"}, true
	}
	for i, f := range c.fields {
		if store[i] != lake[i] {
			return Difference{Key: key, What: "different", Field: f.Name, Store: store[i].Text, Lake: lake[i].Text}, true
		}
	}
	return Difference{}, false
}

func (c *comparison) name(suspects map[string]Difference) {
	c.report.Differences = []Difference{}
	for _, key := range slices.Sorted(maps.Keys(suspects)) {
		d := suspects[key]
		switch d.What {
		case "missing":
			c.report.Missing++
		case "extra":
			c.report.Extra++
		default:
			c.report.Different++
		}
		if len(c.report.Differences) < c.o.Named {
			c.report.Differences = append(c.report.Differences, d)
		}
	}
}
