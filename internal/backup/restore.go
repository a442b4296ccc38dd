package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/folder"
)

const (
	restoringName = "restoring" // in the target until all of it is there
	markName      = "tarn.json" // without it a folder is not opened, so it comes last
)

// Restore makes a data folder of the backup in dir. The target is missing, empty, or what an interrupted restore left; it
// cannot be opened before it is whole.
func Restore(ctx context.Context, dir, target string, o Options) (Report, error) {
	o = o.filled()
	target, err := filepath.Abs(target) // folders are walked up to it
	if err != nil {
		return Report{}, fmt.Errorf("find %s: %w", target, err)
	}
	m, unlock, err := examine(dir)
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	if m.About.Format > folder.Format {
		return Report{}, fault.New(fault.Invalid, "the backup in %s is of a data folder of format %d, and this program knows formats up to %d: use a newer tarn", dir, m.About.Format, folder.Format)
	}
	if err := prepare(target, m); err != nil {
		return Report{}, err
	}
	slices.SortStableFunc(m.Files, func(a, b File) int { return last(a) - last(b) })
	var done int64
	folders := map[string]bool{}
	for _, f := range m.Files {
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		if err := back(dir, target, f, folders, o); err != nil {
			return Report{}, err
		}
		done += f.Size
		o.Tell(done, m.Bytes())
	}
	if err := settle(target, folders); err != nil {
		return Report{}, err
	}
	return Report{Manifest: m, About: m.About, Files: len(m.Files), Bytes: m.Bytes(), Copied: len(m.Files), Wrote: m.Bytes()}, nil
}

// Check reads the whole backup and says whether it can be restored.
func Check(ctx context.Context, dir string, o Options) (Report, error) {
	o = o.filled()
	m, unlock, err := examine(dir)
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	var done int64
	for _, f := range m.Files {
		if err := ctx.Err(); err != nil {
			return Report{}, err
		}
		if err := check(dir, f); err != nil {
			return Report{}, err
		}
		done += f.Size
		o.Tell(done, m.Bytes())
	}
	return Report{Manifest: m, About: m.About, Files: len(m.Files), Bytes: m.Bytes()}, nil
}

func check(dir string, f File) error {
	in, err := os.Open(filepath.Join(dir, f.object()))
	if err != nil {
		return damaged(err, dir, f)
	}
	hash := sha256.New()
	_, err = io.Copy(hash, in)
	if err = errors.Join(err, in.Close()); err != nil || hex.EncodeToString(hash.Sum(nil)) != f.SHA256 {
		return damaged(err, dir, f)
	}
	return nil
}

// examine reads the manifest and looks whether every body is there in its size. All that are not are named.
func examine(dir string) (Manifest, func(), error) {
	m, err := Read(dir)
	if err != nil {
		return m, nil, err
	}
	lock, err := hold(dir, unix.LOCK_SH)
	if fault.Is(err, fault.ReadOnly) { // a medium that cannot be written needs no lock
		lock, err = nil, nil
	}
	if err != nil {
		return m, nil, err
	}
	unlock := func() {
		if lock != nil {
			_ = lock.Close() // nothing was written
		}
	}
	var bad []fault.Field
	for _, f := range m.Files {
		info, err := os.Stat(filepath.Join(dir, f.object()))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			bad = append(bad, fault.Field{Name: f.Path, Message: fmt.Sprintf("%s is missing", f.object())})
		case err != nil:
			bad = append(bad, fault.Field{Name: f.Path, Message: err.Error()})
		case info.Size() != f.Size:
			bad = append(bad, fault.Field{Name: f.Path, Message: fmt.Sprintf("%s has %d bytes instead of %d", f.object(), info.Size(), f.Size)})
		}
	}
	if len(bad) > 0 {
		unlock()
		return m, nil, fault.WithFields(fmt.Sprintf("the backup in %s is not whole: %d of its %d files are missing or damaged, the first is %s (%s); use another copy of the backup",
			dir, len(bad), len(m.Files), bad[0].Name, bad[0].Message), bad)
	}
	return m, unlock, nil
}

func damaged(err error, dir string, f File) error {
	if err != nil {
		return wrap(err, "read %s of the backup, the body of %s", filepath.Join(dir, f.object()), f.Path)
	}
	return fault.New(fault.Invalid, "the backup in %s is damaged: %s, the body of %s, does not have the hash that the manifest names; use another copy of the backup", dir, f.object(), f.Path)
}

// prepare refuses a folder that holds something, and one without room.
func prepare(target string, m Manifest) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return wrap(err, "make the data folder %s", target)
	}
	entries, err := os.ReadDir(target)
	if err != nil {
		return wrap(err, "read %s", target)
	}
	names := []string{}
	for _, e := range entries {
		if e.Name() != "lost+found" {
			names = append(names, e.Name())
		}
	}
	if whole := slices.Contains(names, markName); whole || !slices.Contains(names, restoringName) && len(names) > 0 {
		return fault.New(fault.Invalid, "%s holds %s: a backup is restored into a new or empty folder only; name one with --data", target, names[0])
	}
	for _, name := range names { // what an interrupted restore left
		if name != restoringName {
			if err := os.RemoveAll(filepath.Join(target, name)); err != nil {
				return wrap(err, "clear %s", filepath.Join(target, name))
			}
		}
	}
	if err := room(target, m.Bytes()); err != nil {
		return err
	}
	return place(filepath.Join(target, restoringName), []byte("this folder is being restored from a backup\n"), 0o644)
}

func last(f File) int {
	if f.Path == markName {
		return 1
	}
	return 0
}

// back copies one file into the target and checks it on the way.
func back(dir, target string, f File, folders map[string]bool, o Options) error {
	to := filepath.Join(target, filepath.FromSlash(f.Path))
	temp := to
	if f.Path == markName { // all else is durable before the folder can be opened
		if err := syncAll(folders); err != nil {
			return err
		}
		temp += ".tmp"
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return wrap(err, "restore %s", f.Path)
	}
	for at := filepath.Dir(to); len(at) >= len(target); at = filepath.Dir(at) {
		folders[at] = true
	}
	_, sum, err := transfer(filepath.Join(dir, f.object()), temp, mode(f.Path), func(step string) error { return o.Before(step, f.Path) })
	if err != nil {
		return wrap(err, "restore %s", f.Path)
	}
	if sum != f.SHA256 {
		return damaged(nil, dir, f)
	}
	if temp != to {
		return wrapped(os.Rename(temp, to), "restore %s", f.Path)
	}
	return nil
}

// mode keeps secrets from others.
func mode(path string) os.FileMode {
	if path == "secret" || strings.HasPrefix(path, "store/") {
		return 0o600
	}
	return 0o644
}

func settle(target string, folders map[string]bool) error {
	if err := syncAll(folders); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(target, restoringName)); err != nil {
		return wrap(err, "restore %s", target)
	}
	return syncFolder(target)
}

func syncAll(folders map[string]bool) error {
	for path := range folders {
		if err := syncFolder(path); err != nil {
			return err
		}
	}
	return nil
}
