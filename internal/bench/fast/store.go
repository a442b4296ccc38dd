package fast

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tarn-lake/tarn/internal/bench/synthetic"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/processors/columns"
	"github.com/tarn-lake/tarn/schemas"
)

// store is a lake's folder with its tables.
type store struct {
	root     string
	registry *schemas.Registry
	dataset  *schemas.Dataset
	files    *dir.Dir
	catalog  *tables.Catalog
}

func openStore(ctx context.Context, root string) (*store, error) {
	s := &store{root: root}
	var err error
	if s.registry, err = synthetic.Registry(); err != nil {
		return nil, err
	}
	var ok bool
	if s.dataset, ok = s.registry.Dataset(synthetic.Dataset); !ok {
		return nil, fault.New(fault.NotFound, "the stream's schema has no dataset %s", synthetic.Dataset)
	}
	if s.files, err = dir.Open(root); err != nil {
		return nil, err
	}
	s.catalog, err = tables.OpenFolder(ctx, root, tables.Options{})
	return s, err
}

func (s *store) changes(ctx context.Context) (*tables.Table, error) {
	return s.catalog.Table(ctx, tables.Changes(s.dataset))
}

func statistics(f columns.FileStats) tables.Stats {
	f = f.Clone()
	out := tables.NewStats(f.SplitOffsets)
	for _, l := range f.Leaves {
		out.Add(l.ID, l.Size, l.Values, l.Nulls, l.Lower, l.Upper)
	}
	return out
}

func walkLinks(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, inside)
		if e.IsDir() {
			if err := os.Mkdir(target, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			return nil
		}
		return os.Link(path, target)
	})
}
