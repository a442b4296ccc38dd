package warehouse

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
)

// askShards is how often the streams are asked for their shards, which live for hours.
const askShards = time.Minute

// Feed knows the shards of a stream, parents before children.
type Feed interface {
	Shards(ctx context.Context, stream string) ([]feed.Shard, error)
}

// Shards finds out which shards were read to their end. Lambda tells nobody: but it begins with a shard only when it is
// done with the shard's parent. So a closed shard is read to its end once rows of a child are in the lake and nothing of
// its own waits. Without this a closed shard would look like one that nobody writes to, and the data as old as its end.
type Shards struct {
	lake *Warehouse
	feed Feed
	now  func() time.Time

	mu    sync.Mutex
	asked time.Time
}

// NewShards returns the shards of a lake's streams.
func NewShards(w *Warehouse, f Feed) *Shards { return &Shards{lake: w, feed: f, now: time.Now} }

// End calls end for each closed shard that was read to its end, with the last number that the lake has of it. It asks at
// most once a minute.
func (s *Shards) End(ctx context.Context, end func(stream, lane string, last lake.Seq)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now().Sub(s.asked) < askShards {
		return nil
	}
	s.asked = s.now()
	var failed error
	for _, stream := range s.lake.registry.Streams() {
		failed = errors.Join(failed, s.stream(ctx, stream, end))
	}
	return failed
}

func (s *Shards) stream(ctx context.Context, stream string, end func(stream, lane string, last lake.Seq)) error {
	shards, err := s.feed.Shards(ctx, stream)
	if err != nil || !slices.ContainsFunc(shards, func(sh feed.Shard) bool { return sh.Closed }) {
		return err
	}
	marks, err := s.lake.Marks(ctx, stream)
	if err != nil {
		return err
	}
	for _, lane := range readToEnd(shards, marks) {
		waiting, err := s.lake.Files.List(ctx, strings.Join([]string{lake.LandingDir, stream, lane, ""}, "/"))
		if err != nil {
			return err
		}
		if len(waiting) == 0 {
			end(stream, lane, marks[lane].Seq)
		}
	}
	return nil
}

// readToEnd returns the lanes of closed shards that a child's rows show to be read to their end, and that the lake does
// not know to be done.
func readToEnd(shards []feed.Shard, marks lake.Watermarks) []string {
	begun := map[string]bool{} // by id of the parent
	for _, sh := range shards {
		if marks[sh.Lane()].Seq != "" {
			for _, parent := range sh.Parents {
				begun[parent] = true
			}
		}
	}
	var lanes []string
	for _, sh := range shards {
		if m := marks[sh.Lane()]; sh.Closed && begun[sh.ID] && m.Seq != "" && !m.Done {
			lanes = append(lanes, sh.Lane())
		}
	}
	return lanes
}
