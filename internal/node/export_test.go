package node

import (
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/query"
	"github.com/tarn-lake/tarn/schemas"
)

// Lost is lost.
func Lost(path string, size int64) bool { return lost(path, size) }

// WithoutLost is withoutLost of a node on one machine.
func WithoutLost(ctx context.Context, p *query.Pinned) []string { return (&Node{}).withoutLost(ctx, p) }

// Again is again.
func Again(merge func() (bool, error)) (bool, error) { return again(merge) }

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

// TextsIn hands over the texts of the fields, which have the numbers from 1 on, of each row of a file; a null is "null". It
// returns how many columns were taken from their pages as they lie there.
func TextsIn(ctx context.Context, r io.ReaderAt, size int64, fields []schemas.Field, each func(texts []string)) (flat int, err error) {
	var all []*textColumn
	for i, f := range fields {
		all = append(all, &textColumn{id: i + 1, field: f})
	}
	quick := map[int]bool{}
	err = textsIn(ctx, r, size, all, nil, func(row int) error {
		texts := []string{}
		for _, c := range all {
			if text, set := c.at(row); set {
				texts = append(texts, string(text))
			} else {
				texts = append(texts, "null")
			}
			if c.page != nil && c.values == nil {
				quick[c.id] = true
			}
		}
		each(texts)
		return nil
	})
	return len(quick), err
}
