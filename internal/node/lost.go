package node

import (
	"context"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/query"
)

// lost reports whether a data file is gone or no Parquet file any more. A file of the size that its table says is taken
// for what it was.
func lost(path string, size int64) bool {
	info, err := os.Stat(path)
	if err != nil {
		return true
	}
	if info.Size() == size {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer f.Close()
	_, err = parquet.OpenFile(f, info.Size())
	return err != nil
}

// lost reports the same of a file of the lake, wherever that is. Of a bucket's file there may be no copy yet, so the
// object is asked for: only what the bucket says is gone, or has another size, is lost. A bucket that does not answer
// loses nothing.
func (n *Node) lost(ctx context.Context, path string, size int64) bool {
	if _, known := n.broken.Load(path); known {
		return true
	}
	if n.copies == nil {
		return lost(path, size)
	}
	key, err := filepath.Rel(n.copies.Root(), path)
	if err != nil {
		return false
	}
	object, bytes, err := n.files.Open(ctx, filepath.ToSlash(key))
	if err != nil {
		return fault.Is(err, fault.NotFound)
	}
	_ = object.Close() // nothing was read
	return bytes != size
}

// withoutLost leaves out what cannot be read, so that the rest can be, and returns its paths.
func (n *Node) withoutLost(ctx context.Context, p *query.Pinned) (paths []string) {
	for name, rel := range p.Relations {
		var there []query.File
		for _, f := range rel.Files {
			if n.lost(ctx, f.Path, f.Bytes) {
				paths = append(paths, f.Path)
			} else {
				there = append(there, f)
			}
		}
		if len(there) < len(rel.Files) {
			rel.Files = there
			p.Relations[name] = rel
		}
	}
	return paths
}

// forgetLost takes files that cannot be read out of the table.
func (n *Node) forgetLost(ctx context.Context, t *tables.Table) ([]tables.File, error) {
	return n.compactor.Forget(ctx, t, func(f tables.File) bool { return n.lost(ctx, f.Path, f.Size) })
}
