package ingest

import (
	"context"
	"errors"
	"slices"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// same reports whether nothing changed but the time of the change.
func (p *plan) same(old, want record.Item) bool {
	for name := range want {
		if w, ok := old[name]; !ok || !w.Equal(want[name]) {
			if !slices.ContainsFunc(p.updated, func(f *field) bool { return f.Name == name }) {
				return false
			}
		}
	}
	for name := range old {
		if _, ok := want[name]; !ok {
			return false
		}
	}
	return true
}

// swap writes what differs between old and want; again: somebody else was faster.
func (s *Service) swap(ctx context.Context, p *plan, key Key, old, want record.Item, counters []counter) (rec Record, again bool, err error) {
	if p.Version != "" {
		n, err := record.AddInt(p.version(old), 1)
		if err != nil {
			return Record{}, false, err
		}
		want[p.Version] = record.Number(n)
	}
	update := Action{Kind: Update, Table: p.Table, Key: key, Set: record.Item{}, If: p.unchanged(old)}
	for name, v := range want {
		if was, ok := old[name]; !ok || !was.Equal(v) {
			update.Set[name] = v
		}
	}
	for name := range old {
		if _, ok := want[name]; !ok {
			update.Unset = append(update.Unset, name)
		}
	}
	slices.Sort(update.Unset)
	actions, counted := count([]Action{update}, counters, want)
	rec = Record{Item: want, Version: p.version(want)}
	tries, err := s.write(ctx, actions)
	var refused *ConditionError
	switch {
	case !errors.As(err, &refused):
		return rec, false, err
	case refused.Action > 0:
		return Record{}, false, p.uncounted(counted[refused.Action-1])
	case tries > 1 && refused.Item.Equal(want):
		return rec, false, nil // an earlier try, whose answer was lost, wrote it
	default:
		return Record{}, true, nil
	}
}

// unchanged returns the conditions under which the item is still the one that was read. Without a version attribute
// only the lifecycle's state and the record's being there are guarded.
func (p *plan) unchanged(old record.Item) []Condition {
	if v, ok := old[p.Version]; ok && p.Version != "" {
		return []Condition{{Test: Equal, Attribute: p.Version, Value: v}}
	}
	conds := []Condition{{Test: Exists}}
	if p.Version != "" {
		conds = append(conds, Condition{Test: Missing, Attribute: p.Version})
	}
	if p.Lifecycle != nil {
		if v, ok := old[p.Lifecycle.Field]; ok {
			conds = append(conds, Condition{Test: Equal, Attribute: p.Lifecycle.Field, Value: v})
		}
	}
	return conds
}

// matches returns a Conflict caused by ErrStale where the item has not the version that the caller wants.
func (p *plan) matches(item record.Item, key Key, match string) error {
	if match == "" || match == "*" || p.Version != "" && match == p.version(item) {
		return nil
	}
	if p.Version == "" {
		return fault.Wrap(fault.Conflict, ErrStale, "records of %s have no version to match", p.Name)
	}
	return fault.Wrap(fault.Conflict, ErrStale, "%s is at version %s, not %s; read it again", p.named(key), p.version(item), clip(match))
}
