package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/schemas"
)

// findBroken reads every data file of a dataset to its end, which is worth it only once something could not be read, and returns how
// many cannot be. They are lost from then on. Copies of a bucket's files that cannot be read are removed, and count too: what they are of
// is copied again.
func (n *Node) findBroken(ctx context.Context, d *schemas.Dataset) (found int, err error) {
	h := n.history(d)
	for _, t := range []*tables.Table{h.Changes, h.Base} {
		if t == nil {
			continue
		}
		snap, err := t.Snapshot(ctx)
		if err != nil {
			return found, err
		}
		files, err := snap.Files(ctx, tables.Filter{})
		if err != nil {
			return found, err
		}
		for _, f := range files {
			bad, err := n.isBroken(ctx, f.Path)
			if err != nil {
				return found, err
			}
			if bad {
				found++
			}
		}
	}
	return found, nil
}

// isBroken reads one file to its end and reports whether it is found only now that it cannot be.
func (n *Node) isBroken(ctx context.Context, path string) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if _, known := n.broken.Load(path); known {
		return false, nil
	}
	bad, err := false, error(nil)
	if n.copies == nil {
		bad = brokenFile(path)
	} else if bad, err = n.brokenObject(ctx, path); err == nil && !bad && brokenFile(path) {
		return true, n.copies.Drop(path)
	}
	if bad {
		n.broken.Store(path, true)
	}
	return bad, err
}

// brokenFile reports whether a file that is there cannot be read to its end.
func brokenFile(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false // that it is gone is known without reading
	}
	defer f.Close()
	info, err := f.Stat()
	return err != nil || broken(f, info.Size())
}

// brokenObject reports the same of the object that a path is the copy of. It is read past the copies, a part of it at a time. A bucket
// that does not answer says nothing of what it holds.
func (n *Node) brokenObject(ctx context.Context, path string) (bool, error) {
	key, err := filepath.Rel(n.copies.Root(), path)
	if err != nil {
		return false, err
	}
	object, size, err := n.files.Open(ctx, filepath.ToSlash(key))
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer object.Close()
	parts := &partReader{of: object, size: size}
	bad := broken(parts, size)
	if parts.err != nil {
		return false, fmt.Errorf("read %s to its end: %w", key, parts.err)
	}
	return bad, nil
}

// partOf is how much of an object is fetched at once.
const partOf = 4 << 20

// partReader reads an object of a bucket in large parts, of which it holds the last, because a Parquet file is read in many small steps
// from its beginning to its end. It is not safe for concurrent use.
type partReader struct {
	of   io.ReaderAt
	size int64
	part []byte
	at   int64
	err  error // of the bucket, if it did not answer
}

// ReadAt implements io.ReaderAt.
func (r *partReader) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) {
		if at < 0 || at >= r.size {
			return n, io.EOF
		}
		if at < r.at || at >= r.at+int64(len(r.part)) {
			if err := r.fetch(at); err != nil {
				return n, err
			}
		}
		some := copy(p[n:], r.part[at-r.at:])
		n, at = n+some, at+int64(some)
	}
	return n, nil
}

// fetch reads the part that begins at a place.
func (r *partReader) fetch(at int64) error {
	if r.err != nil {
		return r.err
	}
	if r.part == nil {
		r.part = make([]byte, 0, min(partOf, r.size))
	}
	r.at, r.part = at, r.part[:min(partOf, r.size-at)]
	n, err := r.of.ReadAt(r.part, at)
	if n < len(r.part) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		r.part, r.err = r.part[:0], err
		return err
	}
	return nil
}
