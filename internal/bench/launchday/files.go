package launchday

import (
	"context"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
)

// counted is the lake's folder, with a count of what has landed and waits for its commit.
type counted struct {
	*dir.Dir
	mu      sync.Mutex
	changed *sync.Cond
	sizes   map[string]int64 // of landed objects
	waiting int64            // bytes of them
	landed  int64            // bytes that ever landed
	written int64            // bytes of data files
	done    bool             // nobody waits any more
}

func newCounted(d *dir.Dir) *counted {
	c := &counted{Dir: d, sizes: map[string]int64{}}
	c.changed = sync.NewCond(&c.mu)
	return c
}

// Put implements land.Files, commit.Files and compact.Files.
func (c *counted) Put(ctx context.Context, key string, body []byte) error {
	if err := c.Dir.Put(ctx, key, body); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.HasPrefix(key, lake.LandingDir+"/") {
		c.written += int64(len(body))
		return nil
	}
	c.sizes[key] = int64(len(body))
	c.waiting += int64(len(body))
	c.landed += int64(len(body))
	c.changed.Broadcast()
	return nil
}

// Delete implements commit.Files and compact.Files.
func (c *counted) Delete(ctx context.Context, key string) error {
	if err := c.Dir.Delete(ctx, key); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting -= c.sizes[key]
	delete(c.sizes, key)
	c.changed.Broadcast()
	return nil
}

// Open implements compact.Files.
func (c *counted) Open(ctx context.Context, key string) (interface {
	io.ReaderAt
	io.Closer
}, int64, error,
) {
	return c.Dir.Open(ctx, key)
}

// List implements commit.Files.
func (c *counted) List(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
	return c.Dir.List(ctx, prefix)
}

// below waits until fewer than limit bytes wait, so that landing does not run away from the commits.
func (c *counted) below(limit int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.waiting >= limit && !c.done {
		c.changed.Wait()
	}
}

// above waits until limit bytes wait, or until nothing more lands.
func (c *counted) above(limit int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.waiting < limit && !c.done {
		c.changed.Wait()
	}
}

// finish lets everybody go.
func (c *counted) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	c.changed.Broadcast()
}

func (c *counted) finished() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done
}
