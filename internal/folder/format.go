package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/tarn-lake/tarn/internal/fault"
)

// upgrade brings a folder from one format to the next.
type upgrade func(root string) error

// upgrades holds the step from each older format. Format 1 is the first, so there is none yet.
var upgrades = map[int]upgrade{}

func (f *Folder) checkFormat(steps map[int]upgrade) error {
	text, err := os.ReadFile(f.Path(markName))
	if errors.Is(err, os.ErrNotExist) {
		return f.markNew()
	}
	if err != nil {
		return wrap(err, "read %s", f.Path(markName))
	}
	var m mark
	if err := json.Unmarshal(text, &m); err != nil || m.Product != "tarn" {
		return fault.New(fault.Invalid, "%s is not the mark of a Tarn data folder: choose another folder with --data", f.Path(markName))
	}
	switch {
	case m.Format == Format:
		return nil
	case m.Format > Format:
		return fault.New(fault.Invalid, "the data folder %s has format %d and this program knows formats up to %d: use a newer tarn", f.root, m.Format, Format)
	}
	return f.upgrade(m.Format, steps)
}

// markNew marks an empty folder as ours. A folder that holds something else is left alone.
func (f *Folder) markNew() error {
	if err := foreign(f.root); err != nil {
		return err
	}
	return f.mark(Format)
}

// restoringName is what a restore leaves in a folder until it is whole.
const restoringName = "restoring"

// lostAndFound is the folder that a file system keeps at its root, as that of a disk mounted to hold the data.
const lostAndFound = "lost+found"

// foreign returns an error for a folder that holds something and has no mark.
func foreign(root string) error {
	entries, err := os.ReadDir(root)
	if err != nil {
		return wrap(err, "read %s", root)
	}
	if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == markName }) {
		return nil
	}
	if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return e.Name() == restoringName }) {
		return fault.New(fault.Invalid, "%s holds part of a backup, whose restore was interrupted: give the same `tarn restore` again", root)
	}
	// What a process leaves that is killed before it has marked the folder, and what every new disk holds.
	ours := []string{lockName, markName + tempSuffix, lostAndFound}
	if i := slices.IndexFunc(entries, func(e os.DirEntry) bool { return !slices.Contains(ours, e.Name()) }); i >= 0 {
		return fault.New(fault.Invalid, "%s holds %s and is not a Tarn data folder: choose an empty or new folder with --data", root, entries[i].Name())
	}
	return nil
}

func (f *Folder) mark(format int) error {
	text, err := json.Marshal(mark{Product: "tarn", Format: format})
	if err != nil {
		return err
	}
	return writeDurably(f.Path(markName), append(text, '\n'), 0o644)
}

func (f *Folder) upgrade(from int, steps map[int]upgrade) error {
	backup := fmt.Sprintf("%s.format-%d", filepath.Clean(f.root), from)
	if _, err := os.Stat(backup); errors.Is(err, os.ErrNotExist) {
		partial := backup + ".partial"
		if err := os.RemoveAll(partial); err != nil {
			return wrap(err, "clear %s", partial)
		}
		if err := os.CopyFS(partial, os.DirFS(f.root)); err != nil {
			return wrap(err, "copy the data folder to %s before the upgrade", backup)
		}
		if err := os.Rename(partial, backup); err != nil {
			return wrap(err, "name the copy %s", backup)
		}
	}
	for v := from; v < Format; v++ {
		step, ok := steps[v]
		if !ok {
			return fault.New(fault.Invalid, "the data folder %s has format %d, and no way leads from it to format %d", f.root, v, Format)
		}
		if err := step(f.root); err != nil {
			return fmt.Errorf("upgrade the data folder from format %d (a copy is in %s): %w", v, backup, err)
		}
		if err := f.mark(v + 1); err != nil {
			return err
		}
	}
	return nil
}

// Remove deletes a data folder and all that is in it. Anything but a Tarn data folder, or one in use, is refused.
func Remove(root string) error {
	if _, err := os.Stat(root); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	f, err := Open(root)
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(root)
	for _, e := range entries {
		if e.Name() != lockName && e.Name() != markName && e.Name() != lostAndFound {
			err = errors.Join(err, os.RemoveAll(filepath.Join(root, e.Name())))
		}
	}
	return errors.Join(err, f.Close())
}

// Free returns the bytes that the folder's disk has left.
func (f *Folder) Free() (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(f.root, &st); err != nil {
		return 0, wrap(err, "ask for the room left in %s", f.root)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

func writeDurably(path string, body []byte, mode os.FileMode) error {
	tmp := path + tempSuffix
	file, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return wrap(err, "create %s", tmp)
	}
	_, err = file.Write(body)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return wrap(err, "write %s", tmp)
	}
	if err := os.Rename(tmp, path); err != nil {
		return wrap(err, "rename %s", tmp)
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return wrap(err, "open %s", path)
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return wrap(err, "sync %s", path)
	}
	return nil
}

// wrap gives an error of the operating system its kind.
func wrap(err error, format string, args ...any) error {
	return fault.WrapDisk(err, format, args...)
}
