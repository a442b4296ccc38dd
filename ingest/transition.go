package ingest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/internal/viewer"
)

// Transition takes the record one step of its lifecycle, stamps time and actor and moves the counters, in one
// transaction. Conflict is caused by ErrState where the record is not in a state that the step begins in, and by
// ErrStale where it has not the version match. Denied: the viewer has none of the step's roles.
func (s *Service) Transition(ctx context.Context, dataset string, key Key, name, match string) (Record, error) {
	p, who, err := s.allowed(ctx, dataset, "")
	if err != nil {
		return Record{}, err
	}
	step, ok := p.steps[name]
	if !ok {
		return Record{}, fault.New(fault.NotFound, "%s have no step %q", p.Name, clip(name))
	}
	if err := step.open(who); err != nil {
		return Record{}, err
	}
	return s.change(ctx, p, who, key, match, func(old record.Item, now time.Time) (record.Item, []counter, error) {
		state := old[p.Lifecycle.Field].Text
		if !slices.Contains(step.From, state) {
			return nil, nil, fault.Wrap(fault.Conflict, ErrState, "%s is %s; %s begins from %s", p.named(key), state, name, strings.Join(step.From, " or "))
		}
		return p.stepped(step, who, old, now), step.counters, nil
	})
}

func (p *plan) stepped(step *step, who viewer.Viewer, old record.Item, now time.Time) record.Item {
	want := old.Clone()
	want[p.Lifecycle.Field] = record.String(step.To)
	if f := p.shape.named(step.At); f != nil {
		want[step.At] = f.stamp(now)
	}
	if step.By != "" {
		want[step.By] = record.String(who.ID)
	}
	for _, f := range p.updated {
		want[f.Name] = f.stamp(now)
	}
	return want
}

// open reports whether the viewer may take the step: by one of its roles, or as a writer where it names none.
func (s *step) open(who viewer.Viewer) error {
	roles := s.Roles
	if len(roles) == 0 {
		roles = []string{Writer}
	}
	if !slices.ContainsFunc(roles, who.Has) {
		return fault.New(fault.Denied, "%s needs the role %s", s.Name, strings.Join(roles, " or "))
	}
	return nil
}
