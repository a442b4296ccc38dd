package folder

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tarn-lake/tarn/internal/fault"
)

// unshadowed is what a shadow does without: what only a process at work needs.
var unshadowed = []string{lockName, "store/LOCK", "temp", "backing", "copies", lostAndFound}

// Writable returns ReadOnly for a data folder that is there and that this process may not write.
func Writable(root string) error {
	if !Marked(root) {
		return nil
	}
	lock, err := os.OpenFile(filepath.Join(root, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return wrap(err, "open the lock file %s", filepath.Join(root, lockName))
	}
	return lock.Close()
}

// Shadow makes a folder at dir that can be opened in the place of root, which cannot be written. Large files that are never
// written again, once they are there, are links to those of root; all others are copies. So whoever works on the shadow
// leaves root as it is. The folder that the links lead to is whole, root without links of its own. Until release is called nobody else takes root, as far as locks reach; Conflict where somebody has it.
func Shadow(ctx context.Context, root, dir string) (whole string, release func() error, err error) {
	if whole, err = filepath.Abs(root); err == nil {
		whole, err = filepath.EvalSymlinks(whole)
	}
	if err != nil {
		return "", nil, wrap(err, "find %s", root)
	}
	if release, err = share(whole); err != nil {
		return "", nil, err
	}
	err = filepath.WalkDir(whole, func(path string, e fs.DirEntry, err error) error {
		if err := errors.Join(ctx.Err(), err); err != nil {
			return wrap(err, "read %s", path)
		}
		rel, err := filepath.Rel(whole, path)
		if err != nil {
			return err
		}
		return shadow(path, filepath.Join(dir, rel), filepath.ToSlash(rel), e)
	})
	if err != nil {
		return "", nil, errors.Join(err, release())
	}
	return whole, release, nil
}

// share keeps those out who would write the folder. One that nobody has ever had has no lock to take.
func share(root string) (release func() error, err error) {
	lock, err := os.Open(filepath.Join(root, lockName))
	if errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, nil
	}
	if err != nil {
		return nil, wrap(err, "open %s", filepath.Join(root, lockName))
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB)
	if err == nil || !errors.Is(err, unix.EWOULDBLOCK) { // a medium that cannot be written may know no locks, and needs none
		return lock.Close, nil
	}
	r := readRunning(lock.Name())
	return nil, errors.Join(fault.New(fault.Conflict, "the data folder %s is in use by process %d (%s): ask that process", root, r.PID, r.URL), lock.Close())
}

// shadow makes one entry.
func shadow(from, to, rel string, e fs.DirEntry) error {
	switch {
	case slices.Contains(unshadowed, rel) && e.IsDir():
		return fs.SkipDir
	case slices.Contains(unshadowed, rel), strings.HasSuffix(rel, tempSuffix):
		return nil
	case e.IsDir():
		return wrapped(os.MkdirAll(to, 0o700), "make %s", to)
	case !e.Type().IsRegular():
		return fault.New(fault.Invalid, "%s is no file of its own but a link or a device, so nobody can tell what would be written by way of it: copy the data folder to a place of your own, and name that with --data", from)
	case linked(rel):
		return wrapped(os.Symlink(from, to), "link %s", to)
	}
	return wrapped(duplicate(from, to), "copy %s", from)
}

// linked reports whether a file is large, and only ever read or removed.
func linked(rel string) bool {
	inLake := strings.HasPrefix(rel, "lake/tables/") || strings.HasPrefix(rel, "lake/archive/")
	return inLake && strings.HasSuffix(rel, ".parquet") || strings.HasPrefix(rel, "store/") && strings.HasSuffix(rel, ".sst")
}

func duplicate(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func wrapped(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return wrap(err, format, args...)
}
