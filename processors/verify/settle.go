package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
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
	var still map[string]Difference
	for round := 0; round < rounds && len(few) > 0; round++ {
		if still, err = c.again(ctx, few); err != nil {
			return err
		}
		maps.DeleteFunc(few, func(k string, _ suspect) bool { _, ok := still[k]; return !ok })
	}
	for _, k := range slices.Sorted(maps.Keys(still)) {
		c.report.note(still[k], c.o.Named)
	}
	return nil
}

// records reads the lake as it is now.
func (c *comparison) records(ctx context.Context, keys []string) (map[string]found, error) {
	held, err := c.await(ctx)
	if err != nil {
		return nil, err
	}
	lake := map[string]found{}
	err = held.Records(ctx, keys, func(key string, values []Value) {
		f := lake[key]
		f.values, f.rows = slices.Clone(values), f.rows+1
		lake[key] = f
	})
	if err != nil {
		return nil, fmt.Errorf("read the lake again: %w", err)
	}
	return lake, nil
}

// again reads the suspects on both sides and returns those that still do not agree.
func (c *comparison) again(ctx context.Context, few map[string]suspect) (map[string]Difference, error) {
	store := map[string][]Value{}
	for k, s := range few {
		item, err := c.src.Get(ctx, c.d.Table, s.key)
		switch {
		case fault.Is(err, fault.NotFound):
		case err != nil:
			return nil, fmt.Errorf("read the store again: %w", err)
		case c.reader.item(item) && (c.o.Region == "" || c.reader.place.of(c.reader.slots) == c.o.Region):
			store[k] = c.reader.values()
		}
	}
	lake, err := c.records(ctx, slices.Sorted(maps.Keys(few)))
	if err != nil {
		return nil, err
	}
	still := map[string]Difference{}
	for k, s := range few {
		if diff, ok := differ(c.reader.fields, store[k], lake[k]); ok {
			diff.Key, diff.Record = k, s.key
			still[k] = diff
		}
	}
	return still, nil
}

// settleLost looks for the keys that do not lead back to the store by reading all of it.
func (c *comparison) settleLost(ctx context.Context) error {
	lost := map[string]bool{}
	for _, k := range c.lost[:min(len(c.lost), maxLost)] {
		lost[k] = true
	}
	for range rounds {
		if len(lost) == 0 {
			break
		}
		store := map[string][]Value{}
		var key []byte
		err := c.scan(ctx, func() error {
			if key = c.reader.appendKey(key[:0]); lost[string(key)] {
				store[string(key)] = c.reader.values()
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("read the store again: %w", err)
		}
		lake, err := c.records(ctx, slices.Sorted(maps.Keys(lost)))
		if err != nil {
			return err
		}
		maps.DeleteFunc(lost, func(k string, _ bool) bool {
			_, differs := differ(c.reader.fields, store[k], lake[k])
			return !differs
		})
		c.last(store, lake)
	}
	for _, k := range slices.Sorted(maps.Keys(lost)) {
		c.report.note(c.lostDiff[k], c.o.Named)
	}
	c.report.Extra += int64(max(len(c.lost)-maxLost, 0))
	return nil
}

// last remembers how the lost keys differed in this round.
func (c *comparison) last(store map[string][]Value, lake map[string]found) {
	c.lostDiff = map[string]Difference{}
	for k, f := range lake {
		if diff, ok := differ(c.reader.fields, store[k], f); ok {
			diff.Key = k
			c.lostDiff[k] = diff
		}
	}
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
