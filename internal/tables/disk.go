package tables

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/tarn-lake/tarn/internal/lake"
)

// disk is the storage of a folder. It syncs what the table library writes, which never does so itself.
type disk struct {
	folder string
	before func(step, name string) error // may be nil
}

var _ storage = (*disk)(nil)

func (d *disk) root() string { return lake.URL("") }

func (d *disk) local(key string) string { return filepath.Join(d.folder, filepath.FromSlash(key)) }

func (d *disk) step(step, name string) error {
	if d.before == nil {
		return nil
	}
	return d.before(step, name)
}

// path returns the file of a key and lets the fault hook speak first.
func (d *disk) path(step, key string) (string, error) { return d.local(key), d.step(step, key) }

func (d *disk) syncFolder(key string) error {
	path, err := d.path("sync folder", key)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func (d *disk) open(_ context.Context, key string) (icebergio.File, error) {
	path, err := d.path("open", key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err // a nil *os.File must not become a non-nil File
	}
	return f, nil
}

func (d *disk) read(_ context.Context, key string) ([]byte, error) {
	path, err := d.path("open", key)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// create creates a file, whose folder is synced once, by the commit.
func (d *disk) create(_ context.Context, key string) (icebergio.FileWriter, error) {
	path, err := d.path("create", key)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	return &writer{Writer: bufio.NewWriterSize(f, 64<<10), file: f, sync: func() error { return d.step("sync", key) }}, nil
}

func (d *disk) remove(_ context.Context, key string) error {
	path, err := d.path("remove", key)
	if err != nil {
		return err
	}
	return os.Remove(path)
}

func (d *disk) list(ctx context.Context, prefix string) ([]entry, error) {
	var found []entry
	err := filepath.WalkDir(d.local(prefix), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && e.IsDir() {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		rel, relErr := filepath.Rel(d.folder, path)
		if err := errors.Join(err, relErr); err != nil {
			return err
		}
		found = append(found, entry{filepath.ToSlash(rel), info.ModTime()})
		return nil
	})
	return found, err
}

type writer struct {
	*bufio.Writer
	file *os.File
	sync func() error
}

var _ io.ReaderFrom = (*writer)(nil)

// Close makes the file durable. Closing it again does nothing.
func (w *writer) Close() error {
	if w.file == nil {
		return nil
	}
	err := w.Flush()
	if err == nil {
		err = w.sync()
	}
	if err == nil {
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	w.file = nil
	return err
}
