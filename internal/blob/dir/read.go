package dir

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Get returns the whole object.
func (d *Dir) Get(ctx context.Context, key string) ([]byte, error) {
	if err := d.begin(ctx, "read", key); err != nil {
		return nil, err
	}
	body, err := os.ReadFile(d.Path(key))
	if err != nil {
		return nil, kind(err, "read "+key)
	}
	return body, nil
}

// Open returns the object for reading at any place, and its size. The caller closes it.
func (d *Dir) Open(ctx context.Context, key string) (interface {
	io.ReaderAt
	io.Closer
}, int64, error,
) {
	if err := d.begin(ctx, "read", key); err != nil {
		return nil, 0, err
	}
	f, err := os.Open(d.Path(key))
	if err != nil {
		return nil, 0, kind(err, "read "+key)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fault.New(fault.NotFound, "%s is a folder, not an object", key)
	}
	if err != nil {
		return nil, 0, errors.Join(kind(err, "read "+key), f.Close())
	}
	return f, info.Size(), nil
}

// List returns the objects whose keys start with prefix, in the order of their keys. An entry's Name is its whole key.
// Objects written or deleted meanwhile may be missing or present.
func (d *Dir) List(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
	if err := d.step("list", prefix); err != nil {
		return nil, err
	}
	var found []fs.FileInfo
	start := filepath.Join(d.root, filepath.FromSlash(prefix[:strings.LastIndexByte(prefix, '/')+1]))
	if rel, err := filepath.Rel(d.root, start); err != nil || strings.HasPrefix(rel, "..") {
		return nil, fault.New(fault.Invalid, "the prefix %q leaves the folder", prefix)
	}
	err := filepath.WalkDir(start, func(path string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) { // gone between listing and looking
			return nil
		}
		if err != nil {
			return err
		}
		key := d.key(path)
		switch {
		case e.IsDir() && isTemp(key):
			return fs.SkipDir
		case e.IsDir() && !within(key, prefix):
			return fs.SkipDir
		case e.IsDir() || !strings.HasPrefix(key, prefix):
			return nil
		}
		info, err := e.Info()
		if e.Type() == fs.ModeSymlink { // its own size and time say nothing of the object
			info, err = os.Stat(path)
		}
		if err == nil {
			found = append(found, object{FileInfo: info, key: key})
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, kind(err, "list "+prefix)
	}
	// A walk goes folder by folder, where "a/b" comes before "a-b".
	slices.SortFunc(found, func(a, b fs.FileInfo) int { return cmp.Compare(a.Name(), b.Name()) })
	return found, nil
}

// within reports whether the folder may hold keys that start with prefix.
func within(folder, prefix string) bool {
	return folder == "." || strings.HasPrefix(folder+"/", prefix) || strings.HasPrefix(prefix, folder+"/")
}

func (d *Dir) key(path string) string {
	rel, err := filepath.Rel(d.root, path)
	if err != nil {
		return path
	}
	return filepath.ToSlash(rel)
}

type object struct {
	fs.FileInfo
	key string
}

// Name returns the whole key.
func (o object) Name() string { return o.key }
