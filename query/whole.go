package query

import "context"

// Whole answers a question of Tarn's own work: every region, every row, nothing kept, no time limit but ctx's. The text
// is trusted; used names the relations it reads.
func (s *Service) Whole(ctx context.Context, text string, used ...string) (*Result, error) {
	st, _, pinned, err := s.prepare(ctx, text, used, s.whole())
	if err != nil {
		return nil, err
	}
	return s.runWhole(ctx, st, pinned)
}
