package ingest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
)

// maxRounds is how often a change is worked out anew because somebody else changed the record meanwhile.
const maxRounds = 16

// Replace gives the record the request's fields and no others. What the server sets stays; it may be sent back as it
// was read. Conflict is caused by ErrStale where the record has not the version that the request wants.
func (s *Service) Replace(ctx context.Context, dataset string, key Key, req Request) (Record, error) {
	return s.edit(ctx, dataset, key, req, func(p *plan, old record.Item) record.Item {
		next := old.Clone()
		for _, f := range p.shape.fields {
			if !p.serverSet[f.Name] && !p.isKey(f.Name) {
				delete(next, f.Name)
			}
		}
		maps.Copy(next, dropNulls(p.shape, req.Item.Clone()))
		for _, f := range p.created {
			if _, ok := next[f.Name]; !ok && f.Default != nil {
				next[f.Name] = f.standard()
			}
		}
		return next
	})
}

// Patch changes the fields that the request names and removes those that it names as null, as a JSON merge patch does;
// inside an object too. Its errors are those of Replace.
func (s *Service) Patch(ctx context.Context, dataset string, key Key, req Request) (Record, error) {
	return s.edit(ctx, dataset, key, req, func(_ *plan, old record.Item) record.Item { return mergePatch(old, req.Item) })
}

func mergePatch(old, patch record.Item) record.Item {
	next := make(record.Item, len(old)+len(patch))
	maps.Copy(next, old)
	for name, v := range patch {
		switch v.Kind {
		case record.NULL:
			delete(next, name)
		case record.M:
			v.Map = mergePatch(old[name].Map, v.Map)
			next[name] = v
		default:
			next[name] = v
		}
	}
	return next
}

// isKey reports whether the field is part of the key.
func (p *plan) isKey(name string) bool { return name == p.Key.Partition || name == p.Key.Sort }

// edit is Replace and Patch; next makes the new record of the old one.
func (s *Service) edit(ctx context.Context, dataset string, key Key, req Request, next func(*plan, record.Item) record.Item) (Record, error) {
	p, who, err := s.allowed(ctx, dataset, Writer)
	if err != nil {
		return Record{}, err
	}
	return s.change(ctx, p, who, key, req.Match, func(old record.Item, now time.Time) (record.Item, []counter, error) {
		want := next(p, old)
		faults := slices.Concat(req.Faults, p.tampered(old, want))
		for _, f := range p.updated {
			want[f.Name] = f.stamp(now)
		}
		return want, nil, s.judge(p, who, want, faults, now)
	})
}

// tampered returns a fault for each field that a change may not touch but would, and puts its value back.
func (p *plan) tampered(old, want record.Item) []fault.Field {
	var faults []fault.Field
	for _, f := range p.shape.fields {
		if !p.serverSet[f.Name] && !p.isKey(f.Name) {
			continue
		}
		was, had := old[f.Name]
		v, has := want[f.Name]
		if had == has && was.Equal(v) {
			continue
		}
		why := "is set by the server; leave it out or send it back unchanged"
		if p.isKey(f.Name) {
			why = "is the key, which never changes"
		}
		faults = append(faults, fault.Field{Name: f.Name, Message: why})
		if want[f.Name] = was; !had {
			delete(want, f.Name)
		}
	}
	return faults
}

// Delete removes the record; NotFound where there is none.
func (s *Service) Delete(ctx context.Context, dataset string, key Key, match string) error {
	p, who, err := s.allowed(ctx, dataset, Writer)
	if err != nil {
		return err
	}
	for range maxRounds {
		old, err := s.get(ctx, p, who, key)
		if err != nil {
			return err
		}
		if err := p.matches(old, key, match); err != nil {
			return err
		}
		tries, err := s.write(ctx, []Action{{Kind: Delete, Table: p.Table, Key: key, If: p.unchanged(old)}})
		var refused *ConditionError
		switch {
		case !errors.As(err, &refused):
			return err
		case tries > 1 && refused.Item == nil:
			return nil // an earlier try removed it
		}
	}
	return fault.Wrap(fault.Transient, ErrStale, "%s keeps changing; try again", p.named(key))
}

// change reads the record, works out the new one and writes what differs, if the record is still the same; else again.
func (s *Service) change(ctx context.Context, p *plan, who viewer.Viewer, key Key, match string,
	next func(old record.Item, now time.Time) (record.Item, []counter, error),
) (Record, error) {
	for range maxRounds {
		old, err := s.get(ctx, p, who, key)
		if err != nil {
			return Record{}, err
		}
		if err := p.matches(old, key, match); err != nil {
			return Record{}, err
		}
		now := s.Now()
		want, counters, err := next(old, now)
		if err != nil {
			return Record{}, err
		}
		if p.same(old, want) {
			return Record{Item: old, Version: p.version(old)}, nil
		}
		rec, again, err := s.swap(ctx, p, key, old, want, counters)
		if !again {
			return rec, err
		}
	}
	return Record{}, fault.Wrap(fault.Transient, ErrStale, "%s keeps changing; try again", p.named(key))
}
