package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// State compares the store's records with the lake's current state. What does not agree is read again on both sides, the
// lake once it has passed the moment at which the store was read, so writes that go on meanwhile are no differences.
func State(ctx context.Context, d *schemas.Dataset, src Source, lake Lake, o Options) (_ Report, err error) {
	if err := compared(d); err != nil {
		return Report{}, err
	}
	o = o.filled()
	c := &comparison{d: d, src: src, lake: lake, o: o, reader: newReader(d, o.Mask), marker: NewMarker(d, o.Mask, o.Mark), suspected: map[string]*suspect{}}
	c.fields = append(slices.Clone(c.reader.fields), AgeBands(d)...)
	c.aging.births = c.reader.births
	c.report = Report{Dataset: d.Name, Mode: "state", Region: o.Region, Skipped: Skipped(d), Differences: []Difference{}, Began: o.Now()}
	before, err := lake.Hold(ctx, d)
	if err != nil {
		return Report{}, err
	}
	for _, side := range []**spill{&c.stored, &c.lakes} {
		if *side, err = newSpill(o.Dir, before.About().Rows); err != nil {
			return Report{}, err
		}
		defer func() { err = errors.Join(err, (*side).close()) }()
	}
	return c.run(ctx)
}

type comparison struct {
	d      *schemas.Dataset
	src    Source
	lake   Lake
	o      Options
	reader *reader
	fields []schemas.Field // of values of the lake
	marker *Marker
	aging  aging
	stored *spill
	lakes  *spill
	read   int64
	report Report

	suspected map[string]*suspect         // keys that did not agree, and were not looked at yet
	lost      []string                    // keys of the lake alone that do not lead back to the store
	whole     func() (record.Item, error) // of the record that a scan has just read
}

func (c *comparison) run(ctx context.Context) (Report, error) {
	if err := c.keep(ctx); err != nil {
		return Report{}, fmt.Errorf("read the store: %w", err)
	}
	end := c.o.Now()
	c.report.Ended = end
	if err := c.lake.Await(ctx, c.d, end); err != nil {
		return Report{}, err
	}
	c.report.CompleteTo = end
	held, err := c.lake.Hold(ctx, c.d)
	if err != nil {
		return Report{}, fmt.Errorf("read the lake: %w", err)
	}
	c.report.Pin = held.About()
	if err := c.against(ctx, held); err != nil {
		return Report{}, err
	}
	rows, doubled, some, err := held.Identities(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("count the history: %w", err)
	}
	c.report.History = rows
	c.report.Doubled += doubled - int64(len(some))
	for _, id := range some {
		c.report.note(Difference{What: Doubled, Key: id.Key, Shard: id.Shard, Seq: id.Seq}, c.o.Named)
	}
	slices.SortFunc(c.report.Differences, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.What, b.What), cmp.Compare(a.Seq, b.Seq))
	})
	c.report.ElapsedMS = c.o.Now().Sub(c.report.Began).Milliseconds()
	return c.report, nil
}

// scan calls each for every record of the dataset in the store, which the reader then has.
func (c *comparison) scan(ctx context.Context, each func() error) error {
	mine := func(ours bool) error {
		if !ours || c.o.Region != "" && c.reader.place.of(c.reader.slots) != c.o.Region {
			return nil
		}
		return each()
	}
	if src, ok := c.src.(Images); ok {
		return src.Images(ctx, c.d.Table, func(image []byte) error {
			ours, err := c.reader.image(image)
			if err != nil {
				return err
			}
			if c.reader.attributes <= record.MaxHeartbeat {
				if _, beat := record.ParseHeartbeat(image); beat {
					return nil
				}
			}
			c.whole = func() (record.Item, error) { return record.ParseItem(image) }
			return mine(ours)
		})
	}
	for after := (record.Item)(nil); ; {
		page, err := c.src.Scan(ctx, ingest.Scan{Table: c.d.Table, After: after, Limit: 1000})
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if record.IsHeartbeat(item) {
				continue
			}
			c.whole = func() (record.Item, error) { return item, nil }
			if err := mine(c.reader.item(item)); err != nil {
				return err
			}
		}
		if page.Last == nil {
			return nil
		}
		after = page.Last
	}
}

// keep reads every record of the store.
func (c *comparison) keep(ctx context.Context) error {
	var text, key []byte
	err := c.scan(ctx, func() error {
		text, key = c.reader.appendKey(text[:0]), c.reader.births.append(key[:0], c.reader.slots)
		key = c.reader.appendStoreKey(key)
		c.tell()
		return c.stored.add(entry{Digest{Hash(text), Hash(c.reader.row())}, text, key})
	})
	c.report.Store, c.report.StoreSum = c.stored.total.Rows, c.stored.total.String()
	return err
}

func (c *comparison) tell() {
	if c.read++; c.read%10_000 == 0 {
		c.o.Tell(c.read)
	}
}

// against reads the lake, compares part after part and settles what does not agree.
func (c *comparison) against(ctx context.Context, held Held) error {
	if err := c.rows(ctx, held); err != nil {
		return fmt.Errorf("read the lake: %w", err)
	}
	for part := range c.stored.files {
		store, err := c.stored.differing(part, c.lakes)
		if err != nil {
			return err
		}
		lake, err := c.lakes.differing(part, c.stored)
		if err != nil {
			return err
		}
		onlyStore, onlyLake := unpaired(store, lake)
		if len(c.aging.births) > 0 {
			moved, err := c.aging.moved(part, c.stored, c.lakes)
			if err != nil {
				return err
			}
			onlyStore = append(onlyStore, moved...)
		}
		if err := c.suspects(ctx, onlyStore, onlyLake); err != nil {
			return err
		}
	}
	if len(c.aging.births) > 0 {
		c.report.StoreSum = c.aging.store.String()
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	return c.settleLost(ctx)
}

// rows reads every record of the lake.
func (c *comparison) rows(ctx context.Context, held Held) error {
	if len(c.aging.births) == 0 {
		err := held.Rows(ctx, c.o.Region, func(key, row []byte) error {
			c.tell()
			return c.lakes.add(entry{Digest{Hash(key), Hash(row)}, key, nil})
		})
		c.report.Lake, c.report.LakeSum = c.lakes.total.Rows, c.lakes.total.String()
		return err
	}
	aging, ok := held.(Aging)
	if !ok {
		return fault.New(fault.Internal, "this lake does not tell to when its ages are reckoned")
	}
	err := aging.Aged(ctx, c.o.Region, func(key, row, bands []byte, at int64) error {
		c.tell()
		return c.aging.add(c.lakes, key, row, bands, at)
	})
	c.report.Lake, c.report.LakeSum = c.aging.lake.Rows, c.aging.lake.String()
	return err
}

// await returns the lake as it is once it has everything that the store has now.
func (c *comparison) await(ctx context.Context) (Held, error) {
	if err := c.lake.Await(ctx, c.d, c.o.Now()); err != nil {
		return nil, err
	}
	return c.lake.Hold(ctx, c.d)
}
