package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

const (
	rounds  = 6       // how often suspects are looked at again while writes go on
	atOnce  = 5_000   // suspects that are looked at together
	maxLost = 100_000 // suspects whose keys do not lead back to the store that are looked for in it
)

// suspect is a key that did not agree.
type suspect struct {
	key   ingest.Key // in the store
	known bool       // key is known
}

// found is a key's record in the lake, or several where there must be one.
type found struct {
	values []Value
	rows   int
}

// settle looks again at what one side had and the other had not. Suspects are known by the text of their keys.
func (c *comparison) settle(ctx context.Context, store, lake []entry) error {
	all := map[string]suspect{}
	for _, e := range store {
		all[string(e.text)] = suspect{parseStoreKey(e.key), true}
	}
	for _, e := range lake {
		if _, ok := all[string(e.text)]; !ok {
			key, known := parseKeyText(c.d, string(e.text))
			all[string(e.text)] = suspect{key, known}
		}
	}
	c.report.Again += int64(len(all))
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(all)), atOnce) {
		few := make(map[string]suspect, len(chunk))
		for _, k := range chunk {
			if s := all[k]; s.known {
				few[k] = s
			} else {
				c.lost = append(c.lost, k)
			}
		}
		if err := c.chunk(ctx, few); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) chunk(ctx context.Context, few map[string]suspect) (err error) {
	var l looked
	for round := 0; round < rounds && len(few) > 0; round++ {
		if l, err = c.again(ctx, few); err != nil {
			return err
		}
		maps.DeleteFunc(few, func(k string, _ suspect) bool { _, ok := l.still[k]; return !ok })
	}
	return c.note(ctx, l)
}

// records reads the lake as it is now.
func (c *comparison) records(ctx context.Context, keys []string) (Held, map[string]found, error) {
	held, err := c.await(ctx)
	if err != nil {
		return nil, nil, err
	}
	lake := map[string]found{}
	err = held.Records(ctx, keys, func(key string, values []Value) {
		f := lake[key]
		f.values, f.rows = slices.Clone(values), f.rows+1
		lake[key] = f
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the lake again: %w", err)
	}
	return held, lake, nil
}

// again reads the suspects on both sides.
func (c *comparison) again(ctx context.Context, few map[string]suspect) (l looked, err error) {
	store := map[string][]Value{}
	l.store, l.still = map[string]record.Item{}, map[string]Difference{}
	for k, s := range few {
		item, err := c.src.Get(ctx, c.d.Table, s.key)
		switch {
		case fault.Is(err, fault.NotFound):
			continue
		case err != nil:
			return l, fmt.Errorf("read the store again: %w", err)
		case c.reader.item(item) && (c.o.Region == "" || c.reader.place.of(c.reader.slots) == c.o.Region):
			store[k] = c.reader.values()
		}
		l.store[k] = item
	}
	if l.held, l.lake, err = c.records(ctx, slices.Sorted(maps.Keys(few))); err != nil {
		return l, err
	}
	for k, s := range few {
		if diff, ok := differ(c.reader.fields, store[k], c.inRegion(store[k], l.lake[k])); ok {
			diff.Key, diff.Record = k, s.key
			l.still[k] = diff
		}
	}
	return l, nil
}

// inRegion returns nothing for a record that both sides have in another region than the one that is compared.
func (c *comparison) inRegion(store []Value, f found) found {
	last := len(f.values) - 1
	if store != nil || c.o.Region == "" || f.rows != 1 || c.reader.fields[last].Name != RegionField || f.values[last].Text == c.o.Region {
		return f
	}
	return found{}
}

// settleLost looks for the keys that do not lead back to the store by reading all of it.
func (c *comparison) settleLost(ctx context.Context) error {
	lost := map[string]bool{}
	for _, k := range c.lost[:min(len(c.lost), maxLost)] {
		lost[k] = true
	}
	var l looked
	for range rounds {
		if len(lost) == 0 {
			break
		}
		store := map[string][]Value{}
		l = looked{store: map[string]record.Item{}, still: map[string]Difference{}}
		var key []byte
		err := c.scan(ctx, func() (err error) {
			if key = c.reader.appendKey(key[:0]); lost[string(key)] {
				store[string(key)] = c.reader.values()
				l.store[string(key)], err = c.whole()
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("read the store again: %w", err)
		}
		if l.held, l.lake, err = c.records(ctx, slices.Sorted(maps.Keys(lost))); err != nil {
			return err
		}
		for k := range lost {
			diff, differs := differ(c.reader.fields, store[k], c.inRegion(store[k], l.lake[k]))
			if !differs {
				delete(lost, k)
				continue
			}
			diff.Key = k
			l.still[k] = diff
		}
	}
	c.report.Extra += int64(max(len(c.lost)-maxLost, 0))
	return c.note(ctx, l)
}

// differ compares a key's record on both sides.
func differ(fields []schemas.Field, store []Value, lake found) (Difference, bool) {
	switch {
	case lake.rows > 1:
		return Difference{What: Doubled}, true
	case store == nil && lake.rows == 0:
		return Difference{}, false
	case store == nil:
		return Difference{What: Extra}, true
	case lake.rows == 0:
		return Difference{What: Missing}, true
	}
	for i, f := range fields {
		if store[i] != lake.values[i] {
			return Difference{What: Different, Field: f.Name, Store: store[i].Text, Lake: lake.values[i].Text}, true
		}
	}
	return Difference{}, false
}
