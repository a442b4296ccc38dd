package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// Write does all actions or none.
func (s *Store) Write(ctx context.Context, actions ...ingest.Action) error {
	next := func() error { return s.write(ctx, actions) }
	if s.WriteFunc != nil {
		return s.WriteFunc(ctx, next)
	}
	return next()
}

func (s *Store) write(ctx context.Context, actions []ingest.Action) error {
	if len(actions) > maxActions {
		return fault.New(fault.Exceeded, "a transaction of %d actions; the limit is %d", len(actions), maxActions)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	type change struct {
		to   *table
		id   string
		item record.Item // nil: removed
		keep bool        // nothing changes
	}
	changes := make([]change, len(actions))
	for i := range actions {
		a := &actions[i]
		t, err := s.table(ctx, a.Table)
		if err != nil {
			return err
		}
		key := a.Key
		if a.Kind == ingest.Put {
			key = t.keyOf(a.Item)
		}
		at, err := t.id(key)
		if err != nil {
			return err
		}
		c := change{to: t, id: at, keep: a.Kind == ingest.Check}
		if slices.ContainsFunc(changes[:i], func(o change) bool { return o.to == t && o.id == c.id }) {
			return fault.New(fault.Invalid, "an item stands twice in one transaction")
		}
		old, had := t.items[c.id]
		if !holds(a.If, old, had) {
			return &fault.Error{Kind: fault.Conflict, Message: "a condition did not hold", Cause: &ingest.ConditionError{Action: i, Item: old.Clone()}}
		}
		if c.item, err = t.after(a, old, key); err != nil {
			return err
		}
		changes[i] = c
	}
	for _, c := range changes {
		switch {
		case c.keep:
		case c.item == nil:
			delete(c.to.items, c.id)
		default:
			c.to.items[c.id] = c.item
		}
	}
	return nil
}

func holds(conds []ingest.Condition, old record.Item, had bool) bool {
	for _, c := range conds {
		v, there := old[c.Attribute]
		if c.Attribute == "" {
			there = had
		}
		switch c.Test {
		case ingest.Exists:
			if !there {
				return false
			}
		case ingest.Missing:
			if there {
				return false
			}
		case ingest.Equal:
			if !there || !equal(v, c.Value) {
				return false
			}
		}
	}
	return true
}

// equal compares values, numbers by what they say.
func equal(v, w record.Value) bool {
	if v.Kind != record.N || w.Kind != record.N {
		return v.Equal(w)
	}
	a, errA := record.ParseDecimal(v.Text)
	b, errB := record.ParseDecimal(w.Text)
	return errA == nil && errB == nil && a == b
}

// after returns the item as the action leaves it, nil where it is gone.
func (t *table) after(a *ingest.Action, old record.Item, key ingest.Key) (record.Item, error) {
	switch a.Kind {
	case ingest.Put:
		return t.sound(a.Item.Clone())
	case ingest.Update:
		return t.updated(a, old, key)
	default:
		return nil, nil //nolint:nilnil // no item is what a delete leaves
	}
}

func (t *table) updated(a *ingest.Action, old record.Item, key ingest.Key) (record.Item, error) {
	next := record.Item{t.Key.Partition: key.Partition}
	if t.Key.Sort != "" {
		next[t.Key.Sort] = key.Sort
	}
	maps.Copy(next, old)
	touched := append(a.Set.Names(), a.Unset...)
	touched = slices.Sorted(slices.Values(slices.AppendSeq(touched, maps.Keys(a.Add))))
	if slices.Contains(touched, t.Key.Partition) || t.Key.Sort != "" && slices.Contains(touched, t.Key.Sort) || len(slices.Compact(touched)) != len(a.Set)+len(a.Unset)+len(a.Add) {
		return nil, fault.New(fault.Invalid, "an update touches the key, or an attribute twice")
	}
	maps.Copy(next, a.Set)
	for _, name := range a.Unset {
		delete(next, name)
	}
	for name, n := range a.Add {
		was, ok := next[name]
		if !ok {
			was = record.Number("0")
		}
		if was.Kind != record.N {
			return nil, fault.New(fault.Invalid, "the attribute %s is no number to add to", name)
		}
		sum, err := record.AddInt(was.Text, n)
		if err != nil {
			return nil, err
		}
		next[name] = record.Number(sum)
	}
	return t.sound(next)
}

// sound refuses what no store would take.
func (t *table) sound(item record.Item) (record.Item, error) {
	if err := item.Check(); err != nil {
		return nil, err
	}
	if n := item.Size(); n > maxItem {
		return nil, fault.New(fault.Exceeded, "an item of %d bytes; the limit is %d", n, maxItem)
	}
	for _, k := range append([]ingest.TableIndex{{Key: t.Key}}, t.Indexes...) {
		for name, kind := range map[string]record.Kind{k.Key.Partition: k.Key.PartitionKind, k.Key.Sort: k.Key.SortKind} {
			v, ok := item[name]
			if name == "" || !ok && k.Name != "" {
				continue
			}
			if v.Kind != kind || v.Text == "" && len(v.Bytes) == 0 {
				return nil, fault.New(fault.Invalid, "the key attribute %s is missing, empty or of another kind", name)
			}
		}
	}
	return item, nil
}
