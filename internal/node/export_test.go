package node

import (
	"context"

	"github.com/tarn-lake/tarn/query"
)

// Lost is lost.
func Lost(path string, size int64) bool { return lost(path, size) }

// WithoutLost is withoutLost of a node on one machine.
func WithoutLost(ctx context.Context, p *query.Pinned) []string { return (&Node{}).withoutLost(ctx, p) }
