package embedded

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/tarn-lake/tarn/internal/fault"
)

// essential reports whether the engine takes a failed change of the file for fatal. Tables are not: a flush or
// compaction that failed is begun again.
func essential(path string) bool {
	ext := filepath.Ext(path)
	return ext != ".sst" && ext != ".blob"
}

// Create and the other methods are those of vfs.FS that change something.
func (d *disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	return d.opened("create", name, func() (vfs.File, error) { return d.FS.Create(name, category) })
}

func (d *disk) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (vfs.File, error) {
	return d.opened("create", name, func() (vfs.File, error) { return d.FS.OpenReadWrite(name, category, opts...) })
}

func (d *disk) OpenDir(name string) (vfs.File, error) {
	f, err := d.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &diskFile{f, d, name}, nil
}

// ReuseForWrite makes a new file where the old one cannot be had.
func (d *disk) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(oldname, newname, category)
	if err == nil {
		return &diskFile{f, d, newname}, nil
	}
	if err := d.FS.Remove(oldname); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return d.Create(newname, category)
}

func (d *disk) Link(oldname, newname string) error {
	return d.do("create", newname, func() error { return d.FS.Link(oldname, newname) })
}

func (d *disk) Rename(oldname, newname string) error {
	return d.do("rename", newname, func() error { return d.FS.Rename(oldname, newname) })
}

// Remove does not wait: what is left over is removed at the next opening.
func (d *disk) Remove(name string) error {
	return d.try("remove", name, func() error { return d.FS.Remove(name) })
}

func (d *disk) MkdirAll(dir string, perm os.FileMode) error {
	return d.do("mkdir", dir, func() error { return d.FS.MkdirAll(dir, perm) })
}

// Lock tells who is in the way. A folder that cannot be written needs no lock: nobody can write it.
func (d *disk) Lock(name string) (io.Closer, error) {
	var lock io.Closer
	err := d.do("create", name, func() (err error) {
		lock, err = d.FS.Lock(name)
		return err
	})
	switch {
	case err == nil:
		return lock, nil
	case curable(err) && !locked(err):
		if _, statErr := d.FS.Stat(name); statErr == nil {
			return io.NopCloser(nil), nil
		}
		return nil, err
	default:
		return nil, fault.Wrap(fault.Conflict, err, "the store in %s is in use by another process or opened twice; stop that one first", d.dir)
	}
}

func (d *disk) Unwrap() vfs.FS { return d.FS }

func (d *disk) opened(op, name string, open func() (vfs.File, error)) (vfs.File, error) {
	var f vfs.File
	err := d.do(op, name, func() (err error) {
		f, err = open()
		return err
	})
	if err != nil {
		return nil, err
	}
	return &diskFile{f, d, name}, nil
}

// locked reports whether the failure is another's lock rather than the file system's refusal.
func locked(err error) bool { return strings.Contains(err.Error(), "lock held") }

// diskFile is a file whose changes go through the disk.
type diskFile struct {
	vfs.File
	d    *disk
	name string
}

func (f *diskFile) Write(p []byte) (n int, err error) {
	err = f.d.do("write", f.name, func() error {
		m, err := f.File.Write(p[n:])
		n += m
		return err
	})
	return n, err
}

func (f *diskFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.d.do("write", f.name, func() error {
		m, err := f.File.WriteAt(p[n:], at+int64(n))
		n += m
		return err
	})
	return n, err
}

// Preallocate is a wish; where there is no room for it, the write itself will tell.
func (f *diskFile) Preallocate(offset, length int64) error {
	if err := f.File.Preallocate(offset, length); err != nil && !curable(err) {
		return err
	}
	return nil
}

func (f *diskFile) Sync() error { return f.d.do("sync", f.name, f.File.Sync) }

func (f *diskFile) SyncData() error { return f.d.do("sync", f.name, f.File.SyncData) }

func (f *diskFile) SyncTo(length int64) (full bool, err error) {
	err = f.d.do("sync", f.name, func() (err error) {
		full, err = f.File.SyncTo(length)
		return err
	})
	return full, err
}
