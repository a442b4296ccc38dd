// Package mirror keeps copies of objects that never change as files in a local folder, for readers that want files. It
// holds a limited number of bytes: what was not read for the longest time goes first.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Source is where the objects are.
type Source interface {
	// Open returns the object and its size; NotFound where there is none.
	Open(ctx context.Context, key string) (interface {
		io.ReaderAt
		io.Closer
	}, int64, error)
}

const (
	tempDir = ".tmp" // of copies that are being made
	fetches = 8      // copies of one Hold that are made at a time
)

// Mirror is a folder of copies. It is safe for concurrent use; only one Mirror at a time may have the folder.
type Mirror struct {
	root   string
	source Source
	max    int64

	mu     sync.Mutex
	copies map[string]*copied // by key
	bytes  int64
	turn   int64 // counts uses
}

// copied is a copy that is there, or is being made.
type copied struct {
	bytes int64
	used  int64 // the turn of its last use
	holds int
	ready chan struct{} // closed when it is there, or err is set
	err   error
}

// Open returns the copies in root, which it creates, with room for max bytes. What lies there is used again.
func Open(root string, source Source, max int64) (*Mirror, error) {
	m := &Mirror{root: filepath.Clean(root), source: source, max: max, copies: map[string]*copied{}}
	temp := filepath.Join(m.root, tempDir)
	if err := errors.Join(os.RemoveAll(temp), os.MkdirAll(temp, 0o755)); err != nil {
		return nil, kind(err, "open the copies in "+root)
	}
	err := filepath.WalkDir(m.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		key, err := m.key(path)
		if err != nil {
			return err
		}
		there := make(chan struct{})
		close(there)
		m.copies[key] = &copied{bytes: info.Size(), ready: there}
		m.bytes += info.Size()
		return nil
	})
	if err != nil {
		return nil, kind(err, "list the copies in "+root)
	}
	m.evict()
	return m, nil
}

// Root returns the folder that every copy lies in.
func (m *Mirror) Root() string { return m.root }

// Hold returns once the files, which lie below the root under the keys of their objects, are there. They stay until
// release is called, also where together they are more than the mirror may hold.
func (m *Mirror) Hold(ctx context.Context, paths []string) (release func(), err error) {
	held := make([]*copied, len(paths))
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(fetches)
	for i, path := range paths {
		g.Go(func() error {
			key, err := m.key(path)
			if err == nil {
				held[i], err = m.get(inner, key)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		m.release(held)
		return nil, err
	}
	return func() { m.release(held) }, nil
}

// Drop removes the copy of a file that cannot be read, so that who asks next gets a fresh one. It does nothing where there is none, and
// is Transient where somebody holds it.
func (m *Mirror) Drop(path string) error {
	key, err := m.key(path)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.copies[key]
	if !ok {
		return nil
	}
	if c.holds > 0 {
		return fault.New(fault.Transient, "the copy of %s is damaged, and questions that read it are under way: ask again", key)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return kind(err, "remove the copy of "+key)
	}
	m.bytes -= c.bytes
	delete(m.copies, key)
	return nil
}

// get holds the copy of an object once it is there.
func (m *Mirror) get(ctx context.Context, key string) (*copied, error) {
	for {
		c, mine := m.take(key)
		if mine {
			return c, m.make(ctx, key, c)
		}
		err := c.await(ctx)
		if err == nil || ctx.Err() != nil || !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
			return c, err
		}
		// Who was making it was told to stop; we were not.
	}
}

// key is the inverse of the path that a key's copy has.
func (m *Mirror) key(path string) (string, error) {
	rel, err := filepath.Rel(m.root, path)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fault.New(fault.Internal, "%s does not lie in the folder of copies %s", path, m.root)
	}
	return filepath.ToSlash(rel), nil
}

// take holds a copy, and reports whether the caller has to make it.
func (m *Mirror) take(key string) (*copied, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.turn++
	c, ok := m.copies[key]
	if !ok {
		c = &copied{ready: make(chan struct{})}
		m.copies[key] = c
	}
	c.used = m.turn
	c.holds++
	return c, !ok
}

func (c *copied) await(ctx context.Context) error {
	select {
	case <-c.ready:
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// make copies the object. Where it cannot, the next who asks tries again.
func (m *Mirror) make(ctx context.Context, key string, c *copied) error {
	n, err := m.fetch(ctx, key)
	m.mu.Lock()
	defer m.mu.Unlock()
	c.bytes, c.err = n, err
	if m.bytes += n; err != nil {
		delete(m.copies, key)
	}
	close(c.ready)
	return err
}

// release lets the copies go, and removes what is too much.
func (m *Mirror) release(held []*copied) {
	m.mu.Lock()
	for _, c := range held {
		if c != nil {
			c.holds--
		}
	}
	m.mu.Unlock()
	m.evict()
}

// evict removes the copies that were used longest ago until the rest has room.
func (m *Mirror) evict() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bytes <= m.max {
		return
	}
	var idle []string
	for key, c := range m.copies {
		if c.holds == 0 {
			idle = append(idle, key)
		}
	}
	slices.SortFunc(idle, func(a, b string) int { return int(m.copies[a].used - m.copies[b].used) })
	for _, key := range idle {
		if m.bytes <= m.max {
			return
		}
		if err := os.Remove(m.path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			continue // it stays, and is counted
		}
		m.bytes -= m.copies[key].bytes
		delete(m.copies, key)
	}
}

func (m *Mirror) path(key string) string { return filepath.Join(m.root, filepath.FromSlash(key)) }

func kind(err error, doing string) error {
	if fault.Disk(err) == fault.Full {
		return fault.Wrap(fault.Full, err, "%s: the disk is full; free some room, or let fewer copies be kept", doing)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
