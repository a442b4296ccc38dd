package tables

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/tarn-lake/tarn/internal/lake"
)

// storage is the files of a lake, by their keys. Missing files are fs.ErrNotExist.
type storage interface {
	root() string // what every location in metadata begins with, such as s3://lake/
	open(ctx context.Context, key string) (icebergio.File, error)
	read(ctx context.Context, key string) ([]byte, error)
	create(ctx context.Context, key string) (icebergio.FileWriter, error) // durable once closed
	remove(ctx context.Context, key string) error
	list(ctx context.Context, prefix string) ([]entry, error)
	local(key string) string // the file on this machine that holds it, or will
}

// entry is a file of a listing.
type entry struct {
	key      string
	modified time.Time
}

// keyOf returns the key of a location in metadata. A lake that was copied to a bucket keeps the locations it had.
func keyOf(s storage, url string) (string, error) {
	if root := s.root(); len(url) > len(root) && url[:len(root)] == root {
		return valid(url[len(root):], url)
	}
	key, err := lake.ParseURL(url)
	if err != nil {
		return "", err
	}
	return valid(key, url)
}

func valid(key, url string) (string, error) {
	if !fs.ValidPath(key) {
		return "", &fs.PathError{Op: "open", Path: url, Err: fs.ErrInvalid}
	}
	return key, nil
}

// logical returns a location as the rest of Tarn knows it, wherever the lake is.
func logical(s storage, url string) string {
	if key, err := keyOf(s, url); err == nil {
		return lake.URL(key)
	}
	return url
}

// physical is the inverse of logical.
func physical(s storage, url string) (string, error) {
	key, err := keyOf(s, url)
	return s.root() + key, err
}

// session is the file system of one operation. Files are durable when they are closed. Removals wait until the outcome of
// the operation is known: the library removes what it believes to be left over after a conflict, and a lost answer looks
// like one.
type session struct {
	ctx     context.Context // of the operation: the library's file system has no place for one
	files   storage
	mu      sync.Mutex
	removed []string
	created []string
}

func begin(ctx context.Context, files storage) *session { return &session{ctx: ctx, files: files} }

var (
	_ icebergio.ReadFileIO  = (*session)(nil)
	_ icebergio.WriteFileIO = (*session)(nil)
)

// Open opens the file at the location for reading.
func (s *session) Open(url string) (icebergio.File, error) {
	key, err := keyOf(s.files, url)
	if err != nil {
		return nil, err
	}
	return s.files.open(s.ctx, key)
}

// ReadFile returns the file at the location.
func (s *session) ReadFile(url string) ([]byte, error) {
	key, err := keyOf(s.files, url)
	if err != nil {
		return nil, err
	}
	return s.files.read(s.ctx, key)
}

// Create creates the file at the location, which must be new. It is durable once closed.
func (s *session) Create(url string) (icebergio.FileWriter, error) {
	key, err := keyOf(s.files, url)
	if err != nil {
		return nil, err
	}
	w, err := s.files.create(s.ctx, key)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.created = append(s.created, url)
	return w, nil
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
func (s *session) settle() error { return remove(s.ctx, s.files, s.removed) }

// undo removes what the operation wrote, after it is known never to have been published.
func (s *session) undo() { _ = remove(context.WithoutCancel(s.ctx), s.files, s.created) }

const removers = 8 // removals in flight

// remove removes files; those already gone are no error, and what stays is an orphan, found later.
func remove(ctx context.Context, files storage, urls []string) error {
	errs := make([]error, len(urls))
	var wg sync.WaitGroup
	slots := make(chan struct{}, removers)
	for i, url := range urls {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			key, err := keyOf(files, url)
			if err == nil {
				err = files.remove(ctx, key)
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs[i] = fmt.Errorf("remove %s: %w", url, err)
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
