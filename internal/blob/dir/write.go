package dir

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Put stores body under key, replacing what was there. When it returns nil the object is durable; until then readers
// see the old object or none. It keeps no reference to body.
func (d *Dir) Put(ctx context.Context, key string, body []byte) error {
	return d.put(ctx, key, body, os.Rename)
}

// PutNew is Put for a key that holds nothing yet: Conflict where it does, and then the object is untouched.
func (d *Dir) PutNew(ctx context.Context, key string, body []byte) error {
	return d.put(ctx, key, body, func(from, to string) error {
		err := os.Link(from, to) // unlike a rename it refuses to replace
		if err == nil {
			_ = os.Remove(from) // else swept at the next start
		}
		return err
	})
}

// PutScratch is Put of an object that may be gone, or not whole, after a crash of the machine: it does not wait for the disk.
// Nobody may miss it then, or take it for what it was.
func (d *Dir) PutScratch(ctx context.Context, key string, body []byte) error {
	if err := d.begin(ctx, "write", key); err != nil {
		return err
	}
	temp, err := d.temp(key, body, func(*os.File) error { return nil })
	if err != nil {
		return err
	}
	if err := d.publish(temp, key, os.Rename); err != nil {
		_ = os.Remove(temp)
		return err
	}
	return nil
}

func (d *Dir) put(ctx context.Context, key string, body []byte, publish func(from, to string) error) error {
	if err := d.begin(ctx, "write", key); err != nil {
		return err
	}
	temp, err := d.temp(key, body, func(f *os.File) error {
		if err := d.step("sync", key); err != nil {
			return err
		}
		return f.Sync()
	})
	if err != nil {
		return err
	}
	if err := d.publish(temp, key, publish); err != nil {
		_ = os.Remove(temp)
		return err
	}
	return d.syncFolder(key)
}

func (d *Dir) temp(key string, body []byte, sync func(*os.File) error) (string, error) {
	f, err := os.CreateTemp(filepath.Join(d.root, tempDir), "put-*")
	if err != nil {
		return "", kind(err, "write "+key)
	}
	_, err = f.Write(body)
	if err == nil {
		err = sync(f)
	}
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return "", kind(err, "write "+key)
	}
	return f.Name(), nil
}

func (d *Dir) publish(from, key string, publish func(from, to string) error) error {
	if err := d.step("rename", key); err != nil {
		return err
	}
	to := d.Path(key)
	err := publish(from, to)
	if errors.Is(err, fs.ErrNotExist) { // the folder is missing: rare, so found out the hard way
		if err = makeFolders(filepath.Dir(to)); err == nil {
			err = publish(from, to)
		}
	}
	return kind(err, "write "+key)
}

func (d *Dir) syncFolder(key string) error {
	if err := d.step("sync folder", key); err != nil {
		return err
	}
	return kind(sync(filepath.Dir(d.Path(key))), "sync the folder of "+key)
}

// makeFolders creates the folder and those above it, each made durable in its parent.
func makeFolders(path string) error {
	err := os.Mkdir(path, 0o755)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := makeFolders(filepath.Dir(path)); err != nil {
			return err
		}
		return makeFolders(path)
	case err != nil:
		return err
	}
	return sync(filepath.Dir(path))
}

func sync(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Move gives the object another key, replacing what was there, and the time of the move, as in a bucket. When it returns
// nil the move is durable.
func (d *Dir) Move(ctx context.Context, from, to string) error {
	if err := d.begin(ctx, "rename", from); err != nil {
		return err
	}
	if err := d.begin(ctx, "rename", to); err != nil {
		return err
	}
	if _, err := os.Stat(d.Path(from)); err != nil {
		return kind(err, "move "+from)
	}
	now := time.Now()
	if err := os.Chtimes(d.Path(from), now, now); err != nil {
		return kind(err, "move "+from)
	}
	if err := d.publish(d.Path(from), to, os.Rename); err != nil {
		return err
	}
	// The new name first: a crash in between may show both, never neither.
	if err := d.syncFolder(to); err != nil {
		return err
	}
	return d.syncFolder(from)
}

// Delete removes the object. A missing one is no error. After a crash it may be back: who deletes must not mind.
func (d *Dir) Delete(ctx context.Context, key string) error {
	if err := d.begin(ctx, "delete", key); err != nil {
		return err
	}
	if err := os.Remove(d.Path(key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return kind(err, "delete "+key)
	}
	return nil
}
