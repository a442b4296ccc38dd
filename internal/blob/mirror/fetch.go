package mirror

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/tarn-lake/tarn/internal/fault"
)

const step = 4 << 20 // bytes that are read at once

// fetch makes the copy of an object whole, or not at all, and returns its size. It is synced before it gets its name: a
// file that power loss has emptied would be taken for the object.
func (m *Mirror) fetch(ctx context.Context, key string) (int64, error) {
	object, size, err := m.source.Open(ctx, key)
	if fault.Is(err, fault.NotFound) {
		return 0, fault.Wrap(fault.Transient, err, "file %s of the lake is gone: it was merged into another meanwhile; ask again", key)
	}
	if err != nil {
		return 0, err
	}
	to := m.path(key)
	temp, err := m.write(ctx, object, size)
	if err = errors.Join(err, object.Close()); err != nil {
		return 0, errors.Join(kind(err, "copy "+key), remove(temp))
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.Rename(temp, to)); err != nil {
		return 0, errors.Join(kind(err, "copy "+key), remove(temp))
	}
	return size, nil
}

// write writes a file of its own and returns its name, also with an error if it is there.
func (m *Mirror) write(ctx context.Context, object io.ReaderAt, size int64) (name string, err error) {
	f, err := os.CreateTemp(filepath.Join(m.root, tempDir), "*")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	buf := make([]byte, min(step, size))
	for at := int64(0); at < size && err == nil; at += step {
		if err = ctx.Err(); err != nil {
			break
		}
		part := buf[:min(step, size-at)]
		n, failed := object.ReadAt(part, at)
		if n < len(part) {
			return f.Name(), errors.Join(failed, io.ErrUnexpectedEOF)
		}
		_, err = f.Write(part)
	}
	return f.Name(), errors.Join(err, f.Sync())
}

func remove(name string) error {
	if name == "" {
		return nil
	}
	return os.Remove(name)
}
