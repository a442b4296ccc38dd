package node

import (
	"context"
	"errors"
	"io/fs"

	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/query"
)

// Lost is lost.
func Lost(path string, size int64) bool { return lost(path, size) }

// WithoutLost is withoutLost of a node on one machine.
func WithoutLost(ctx context.Context, p *query.Pinned) []string { return (&Node{}).withoutLost(ctx, p) }

// Forget lets every table forget all snapshots but the newest, however young they are, and sweeps what none has. It returns how many
// snapshots and files went.
func (n *Node) Forget(ctx context.Context) (gone int, err error) {
	err = n.tellLedger(ctx) // a snapshot that is not told does not expire
	return gone, errors.Join(err, n.eachTable(func(t *tables.Table) error {
		expired, err := t.Expire(ctx, 1, 0)
		swept, also := t.Sweep(ctx, 0)
		gone += expired + swept
		return errors.Join(err, also)
	}))
}

// Listings shows whoever lists objects what seen returns.
func (n *Node) Listings(seen func(prefix string, found []fs.FileInfo) []fs.FileInfo) {
	n.files = &listings{n.files, seen}
}

type listings struct {
	files
	seen func(prefix string, found []fs.FileInfo) []fs.FileInfo
}

func (l *listings) List(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
	found, err := l.files.List(ctx, prefix)
	return l.seen(prefix, found), err
}
