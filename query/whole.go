package query

import (
	"context"

	"github.com/tarn-lake/tarn/internal/viewer"
	"github.com/tarn-lake/tarn/query/plan"
)

// Whole answers a question of Tarn's own work: every region, every row, nothing kept, no time limit but ctx's. The text
// is trusted; used names the relations it reads.
func (s *Service) Whole(ctx context.Context, text string, used ...string) (*Result, error) {
	env := plan.Env{Registry: s.registry, Dialect: s.engine.Dialect(), Regions: []string{viewer.All}, Now: s.opts.Now()}
	st, _, pinned, err := s.prepare(ctx, text, used, env)
	if err != nil {
		return nil, err
	}
	r := Request{SQL: st.SQL, Args: st.Args}
	for _, name := range st.Relations {
		rel, _, err := pinned.relation(name, env.Regions, st.Prune)
		if err != nil {
			return nil, err
		}
		r.Relations = append(r.Relations, rel)
	}
	return s.engine.Run(ctx, r)
}
