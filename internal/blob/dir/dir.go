// Package dir keeps objects under keys in a folder of the local disk. A written object is durable and whole, or absent:
// it is synced under a name of its own, renamed, and the folder is synced.
package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
)

const (
	tempDir  = ".tmp"    // at the root, so that a rename never crosses a file system
	tempLife = time.Hour // a temporary file older than this was left by a crash
)

// Dir is a folder of objects. It is safe for concurrent use.
type Dir struct {
	// Before, where set, is called before each step that touches the disk, with the step's name ("write", "sync",
	// "rename", "sync folder", "read", "list", "delete") and the key. Its error is taken for the disk's own.
	Before func(step, key string) error

	root string
}

// Open returns the objects in root, which it creates where it is missing. What earlier crashes left is removed.
func Open(root string) (*Dir, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", root, err)
	}
	if err := os.MkdirAll(filepath.Join(abs, tempDir), 0o755); err != nil {
		return nil, kind(err, "create "+root)
	}
	d := &Dir{root: abs}
	return d, d.sweep()
}

// Root returns the folder's absolute path.
func (d *Dir) Root() string { return d.root }

// Path returns the file that holds the object of that key. The file may be read, never written.
func (d *Dir) Path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

func (d *Dir) sweep() error {
	entries, err := os.ReadDir(filepath.Join(d.root, tempDir))
	if err != nil {
		return kind(err, "list "+tempDir)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > tempLife {
			_ = os.Remove(filepath.Join(d.root, tempDir, e.Name())) // the next start tries again
		}
	}
	return nil
}

// begin checks what every operation needs: a live context, a key inside the folder, a willing disk.
func (d *Dir) begin(ctx context.Context, step, key string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s %s: %w", step, key, err)
	}
	if !fs.ValidPath(key) || key == "." || strings.ContainsAny(key, "\\\x00") || isTemp(key) {
		return fault.New(fault.Invalid, "%q is not an object key: want relative segments joined by slashes, none of them empty, . or ..", key)
	}
	return d.step(step, key)
}

func (d *Dir) step(step, key string) error {
	if d.Before == nil {
		return nil
	}
	if err := d.Before(step, key); err != nil {
		return kind(err, step+" "+key)
	}
	return nil
}

func isTemp(key string) bool { return key == tempDir || strings.HasPrefix(key, tempDir+"/") }

// kind names why the disk refused. An error that has a kind already keeps it.
func kind(err error, doing string) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.NotFound, err, "%s: no such object", doing)
	case errors.Is(err, fs.ErrExist):
		return fault.Wrap(fault.Conflict, err, "%s: there is one already", doing)
	case fault.Disk(err) == fault.Full:
		return fault.Wrap(fault.Full, err, "%s: the disk is full; free some room", doing)
	case fault.Disk(err) == fault.ReadOnly:
		return fault.Wrap(fault.ReadOnly, err, "%s: the data folder cannot be written; check its owner and mount", doing)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
