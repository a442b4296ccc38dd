package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// found is a key's record in the lake, or several where there must be one.
type found struct {
	values []Value
	rows   int
}

// look looks at suspects until each agrees, or was found to differ as often as it takes. At each look the store is read, then
// the lake has to pass that moment, then it is read: so the record that the store had is the lake's, or was since the look
// before. What is neither differs, however often it changes meanwhile; and what only was on its way never does.
func (c *comparison) look(ctx context.Context, few map[string]*suspect, read func(context.Context, map[string]*suspect) (stored, error)) error {
	since := c.report.Pin.Commit
	for len(few) > 0 {
		store, err := read(ctx, few)
		if err != nil {
			return fmt.Errorf("read the store again: %w", err)
		}
		keys := slices.Sorted(maps.Keys(few))
		now, err := c.records(ctx, keys)
		if err != nil {
			return fmt.Errorf("read the lake again: %w", err)
		}
		between, err := c.between(ctx, now.held, keys, since)
		if err != nil {
			return fmt.Errorf("read what came into the lake meanwhile: %w", err)
		}
		l := looked{held: now.held, store: map[string]record.Item{}, lake: map[string]found{}, still: map[string]Difference{}}
		for _, k := range keys {
			diff, done := c.judge(few[k], store.values[k], c.inRegion(store.values[k], now.lake[k]), between[k])
			if !done {
				continue
			}
			if diff.What != "" {
				diff.Key, diff.Record = k, few[k].key
				l.still[k], l.store[k], l.lake[k] = diff, store.items[k], now.lake[k]
			}
			delete(few, k)
		}
		if err := c.note(ctx, l); err != nil {
			return err
		}
		since = now.held.About().Commit
	}
	return nil
}

// judge says what a look found of a suspect: how it differs, nothing where it does not, or that it has to be looked at again.
func (c *comparison) judge(s *suspect, store []Value, lake found, between [][]Value) (diff Difference, done bool) {
	births := c.reader.births
	diff, differs := differ(c.fields, births.asOf(store, lake.values), lake)
	before := s.before
	s.before = &lake
	same := func(values []Value) bool { return slices.Equal(values, births.asOf(store, values)) }
	switch {
	case !differs:
		return Difference{}, true
	case lake.rows > 1:
	case slices.ContainsFunc(between, same) || before != nil && len(between) > 0 && before.rows < 2 && same(before.values):
		return Difference{}, true // the lake had it, and has gone on
	}
	s.found++
	return diff, s.found == looks
}

// records reads the lake once it has passed this moment.
func (c *comparison) records(ctx context.Context, keys []string) (l looked, err error) {
	if l.held, err = c.await(ctx); err != nil {
		return l, err
	}
	l.lake = map[string]found{}
	return l, l.held.Records(ctx, keys, func(key string, values []Value) {
		f := l.lake[key]
		f.values, f.rows = slices.Clone(values), f.rows+1
		l.lake[key] = f
	})
}

// between returns the records that changes have brought into the lake since a commit, by key: nil for one that was gone.
func (c *comparison) between(ctx context.Context, held Held, keys []string, since int64) (map[string][][]Value, error) {
	all := map[string][][]Value{}
	if held.About().Commit == since {
		return all, nil
	}
	err := held.Since(ctx, since, keys, func(key string, values []Value) {
		last := len(c.reader.fields) - 1
		if values != nil && c.o.Region != "" && c.reader.fields[last].Name == RegionField && values[last].Text != c.o.Region {
			values = nil
		}
		all[key] = append(all[key], slices.Clone(values))
	})
	return all, err
}

// inRegion returns nothing for a record that both sides have in another region than the one that is compared.
func (c *comparison) inRegion(store []Value, f found) found {
	last := len(c.reader.fields) - 1
	if store != nil || c.o.Region == "" || f.rows != 1 || c.reader.fields[last].Name != RegionField || f.values[last].Text == c.o.Region {
		return f
	}
	return found{}
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
