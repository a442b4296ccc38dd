package faults

import (
	"context"
	"io"
	"io/fs"
	"sync"
)

// Objects is an object store, as the stages use it.
type Objects interface {
	Put(ctx context.Context, key string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
	List(ctx context.Context, prefix string) ([]fs.FileInfo, error)
	Move(ctx context.Context, from, to string) error
	Delete(ctx context.Context, key string) error
	Open(ctx context.Context, key string) (interface {
		io.ReaderAt
		io.Closer
	}, int64, error)
}

// Files is an object store with faults: the steps file.put, file.get, file.list, file.move, file.delete and file.open.
type Files struct {
	in    *Injector
	store Objects

	mu   sync.Mutex
	seen map[string]map[string]bool // by prefix: the names of the last listing
}

// Files returns the store with the plan's faults.
func (i *Injector) Files(store Objects) *Files {
	return &Files{in: i, store: store, seen: map[string]map[string]bool{}}
}

// Put puts an object.
func (f *Files) Put(ctx context.Context, key string, body []byte) error {
	return f.in.around(ctx, "file.put", key, func() error { return f.store.Put(ctx, key, body) })
}

// Get returns an object.
func (f *Files) Get(ctx context.Context, key string) (body []byte, err error) {
	err = f.in.around(ctx, "file.get", key, func() error {
		body, err = f.store.Get(ctx, key)
		return err
	})
	return body, err
}

// List lists objects. A listing is made page by page, so one that is torn shows some of the objects that came since the
// last one and lacks earlier ones of them; it always has those that were there before.
func (f *Files) List(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
	r, struck := f.in.strike("file.list", prefix)
	if struck {
		if err := f.in.before(ctx, r, "file.list"); err != nil {
			return nil, err
		}
	}
	all, err := f.store.List(ctx, prefix)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	names, torn := map[string]bool{}, []fs.FileInfo{}
	fresh := 0
	for _, one := range all {
		names[one.Name()] = true
		if !f.seen[prefix][one.Name()] {
			if fresh++; fresh%2 == 1 {
				continue
			}
		}
		torn = append(torn, one)
	}
	f.seen[prefix] = names
	if struck && r.What == Tear {
		return torn, nil
	}
	return all, nil
}

// Move moves an object.
func (f *Files) Move(ctx context.Context, from, to string) error {
	return f.in.around(ctx, "file.move", from, func() error { return f.store.Move(ctx, from, to) })
}

// Delete removes an object.
func (f *Files) Delete(ctx context.Context, key string) error {
	return f.in.around(ctx, "file.delete", key, func() error { return f.store.Delete(ctx, key) })
}

// Open opens an object.
func (f *Files) Open(ctx context.Context, key string) (r interface {
	io.ReaderAt
	io.Closer
}, size int64, err error) {
	err = f.in.around(ctx, "file.open", key, func() error {
		r, size, err = f.store.Open(ctx, key)
		return err
	})
	return r, size, err
}
