package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/query/plan"
	"github.com/tarn-lake/tarn/schemas"
)

// span is when the changes were made that an answer is of; zero ends are open.
type span struct{ from, to time.Time }

// changesOf returns the span of a metric's changes. A metric of the history that counts changes by the time they were
// made has one; any other may need a change of any time.
func (s *Service) changesOf(q plan.Query, p *plan.Plan) span {
	if m, _, ok := s.registry.Metric(q.Metric); ok && m.Source == "changes" && m.Time == schemas.ColAt {
		return span{p.From, p.To}
	}
	return span{}
}

// holes returns the open holes that may hold changes of the datasets made in the span.
func (s *Service) holes(ctx context.Context, datasets []string, changes span) ([]lake.Hole, error) {
	if s.opts.Holes == nil || len(datasets) == 0 {
		return nil, nil
	}
	open, err := s.opts.Holes(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for holes: %w", err)
	}
	streams := map[string]bool{}
	for _, name := range datasets {
		streams[name] = true
		if d, ok := s.registry.Dataset(name); ok && d.Stream != "" {
			streams[d.Stream] = true
		}
	}
	var touched []lake.Hole
	for _, h := range open {
		if streams[h.Stream] && h.Touches(changes.from, changes.to) {
			touched = append(touched, h)
		}
	}
	return touched, nil
}

// dropped returns, as holes, what retention has dropped of the histories that are read whole and that the span reaches
// back to. Current state and rollups keep what they took from it, so questions of them have no such hole.
func (s *Service) dropped(p *Pinned, relations []string, changes span) []lake.Hole {
	var all []lake.Hole
	for _, d := range s.registry.Datasets() {
		begins, err := time.Parse(time.DateOnly, p.Horizons[d.Name])
		if err != nil || !slices.Contains(relations, d.ChangesTable()) || !changes.from.IsZero() && !changes.from.Before(begins) {
			continue
		}
		h := lake.Hole{Stream: d.Name, Lane: d.ChangesTable(), To: begins, Reason: "dropped by retention: the history of " + d.Name + " begins with " + p.Horizons[d.Name]}
		all = append(all, h.Named())
	}
	return all
}

// HoleNote says in one line which holes the answer has; empty where it has none.
func (m Meta) HoleNote() string {
	if len(m.Holes) == 0 {
		return ""
	}
	notes := make([]string, len(m.Holes))
	for i, h := range m.Holes {
		notes[i] = h.ID + " " + when(h.From) + " to " + when(h.To) + ": " + h.Reason
	}
	return fmt.Sprintf("%d holes: changes are missing (%s)", len(m.Holes), strings.Join(notes, "; "))
}

func when(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format(time.RFC3339)
}
