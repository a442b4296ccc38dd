package query

import (
	"context"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/plan"
)

// Held is one set of snapshots that several questions of Tarn's own work are asked over, so that their answers belong
// together. It holds nothing back: files of snapshots that have expired meanwhile are Transient.
type Held struct {
	service *Service
	pinned  *Pinned
	used    []string
}

// Hold pins the tables of the relations that will be asked for.
func (s *Service) Hold(ctx context.Context, used ...string) (*Held, error) {
	_, _, pinned, err := s.prepare(ctx, "SELECT 1", used, s.whole())
	if err != nil {
		return nil, err
	}
	return &Held{s, pinned, used}, nil
}

// Pinned returns what is held.
func (h *Held) Pinned() *Pinned { return h.pinned }

// Whole answers a question as Service.Whole does, over the snapshots that are held.
func (h *Held) Whole(ctx context.Context, text string) (*Result, error) {
	env := h.service.whole()
	env.Through, env.Late = h.pinned.Through, h.pinned.Late
	st, _, err := plan.AdHoc(text, h.used, env)
	if err != nil {
		return nil, err
	}
	return h.service.runWhole(ctx, st, h.pinned)
}

// whole is the environment of Tarn's own questions: every region.
func (s *Service) whole() plan.Env {
	return plan.Env{Registry: s.registry, Dialect: s.engine.Dialect(), Regions: []string{viewer.All}, Now: s.opts.Now()}
}

func (s *Service) runWhole(ctx context.Context, st *plan.Statement, pinned *Pinned) (*Result, error) {
	r := Request{SQL: st.SQL, Args: st.Args}
	for _, name := range st.Relations {
		rel, _, err := pinned.relation(name, []string{viewer.All}, st.Prune)
		if err != nil {
			return nil, err
		}
		r.Relations = append(r.Relations, rel)
	}
	return s.engine.Run(ctx, r)
}
