package tables

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/tarn-lake/tarn/internal/lake"
)

// disk maps the lake's logical locations to a folder, and syncs what the table library writes, which never does so itself.
type disk struct {
	root   string
	before func(step, name string) error // may be nil
}

func (d *disk) step(step, name string) error {
	if d.before == nil {
		return nil
	}
	return d.before(step, name)
}

// path returns the file of a location and lets the fault hook speak first.
func (d *disk) path(step, url string) (string, error) {
	key, err := lake.ParseURL(url)
	if err != nil {
		return "", err
	}
	if !fs.ValidPath(key) {
		return "", &fs.PathError{Op: step, Path: url, Err: fs.ErrInvalid}
	}
	return filepath.Join(d.root, filepath.FromSlash(key)), d.step(step, key)
}

func (d *disk) syncFolder(url string) error {
	path, err := d.path("sync folder", url)
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// session is the file system of one operation. Files are synced when they are closed; their folder is synced once, by the
// commit. Removals wait until the outcome of the operation is known: the library removes what it believes to be left over
// after a conflict, and a lost answer looks like one.
type session struct {
	*disk
	mu      sync.Mutex
	removed []string
	created []string
}

var (
	_ icebergio.ReadFileIO  = (*session)(nil)
	_ icebergio.WriteFileIO = (*session)(nil)
)

// Open opens the file at the location for reading.
func (s *session) Open(url string) (icebergio.File, error) {
	path, err := s.path("open", url)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err // a nil *os.File must not become a non-nil File
	}
	return f, nil
}

// ReadFile returns the file at the location.
func (s *session) ReadFile(url string) ([]byte, error) {
	path, err := s.path("open", url)
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Create creates the file at the location, which must be new. It is durable once closed.
func (s *session) Create(url string) (icebergio.FileWriter, error) {
	path, err := s.path("create", url)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.created = append(s.created, url)
	s.mu.Unlock()
	return &writer{Writer: bufio.NewWriterSize(f, 64<<10), file: f, sync: func() error { return s.step("sync", url) }}, nil
}

// WriteFile creates the file with that content.
func (s *session) WriteFile(url string, content []byte) error {
	w, err := s.Create(url)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Close())
}

// Remove notes that the file is to be removed by settle.
func (s *session) Remove(url string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed = append(s.removed, url)
	return nil
}

// settle removes what the operation asked for, after it is known to have succeeded.
func (s *session) settle() error { return s.disk.remove(s.removed) }

// undo removes what the operation wrote, after it is known never to have been published.
func (s *session) undo() { _ = s.disk.remove(s.created) }

// remove removes files; those already gone are no error, and what stays is an orphan, found later.
func (d *disk) remove(urls []string) error {
	var all error
	for _, url := range urls {
		path, err := d.path("remove", url)
		if err == nil {
			err = os.Remove(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, fmt.Errorf("remove %s: %w", url, err))
		}
	}
	return all
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
