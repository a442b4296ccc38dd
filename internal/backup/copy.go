package backup

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/tarn-lake/tarn/internal/fault"
)

// spare is the room that a disk keeps.
const spare = 64 << 20

// Finish copies what is new of the items, publishes the manifest and removes what only the backup before needed. Until it
// is published, the backup before is whole. Full: the room does not suffice, which is known before anything is copied.
func (s *Set) Finish(ctx context.Context, items []Item, about About) (Report, error) {
	s.report = Report{Resumed: s.again}
	s.manifest = Manifest{About: about}
	var total, fresh int64
	sizes := make([]os.FileInfo, len(items))
	for i, item := range items {
		info, err := os.Stat(item.From)
		if err != nil {
			return s.report, wrap(err, "look at %s", item.From)
		}
		sizes[i] = info
		total += info.Size()
		if _, ok := s.have(item, info); !ok {
			fresh += info.Size()
		}
	}
	if err := room(s.dir, fresh); err != nil {
		return s.report, err
	}
	var done int64
	for i, item := range items {
		if err := s.one(ctx, item, sizes[i]); err != nil {
			return s.report, err
		}
		done += sizes[i].Size()
		s.opts.Tell(done, total)
	}
	slices.SortFunc(s.manifest.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	if err := s.publish(); err != nil {
		return s.report, err
	}
	err := s.tidy()
	s.report.Manifest, s.report.About, s.report.Files, s.report.Bytes = s.manifest, about, len(s.manifest.Files), s.manifest.Bytes()
	return s.report, err
}

// room refuses what the disk cannot hold.
func room(dir string, bytes int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return wrap(err, "ask for the room left in %s", dir)
	}
	if free := int64(st.Bavail) * int64(st.Bsize); bytes+spare > free {
		return fault.New(fault.Full, "%s has %d MB left, and %d MB are to be copied and %d MB kept free: make room there, or name another folder", dir, free>>20, (bytes>>20)+1, spare>>20)
	}
	return nil
}

// have returns the file of an item that was copied before and has not changed since.
func (s *Set) have(item Item, info os.FileInfo) (File, bool) {
	f, ok := s.known[item.Path]
	if !ok || f.Size != info.Size() || f.Modified != info.ModTime().UnixNano() {
		return f, false
	}
	return f, s.holds(f)
}

func (s *Set) holds(f File) bool {
	there, err := os.Stat(filepath.Join(s.dir, f.object()))
	return err == nil && there.Size() == f.Size
}

func (s *Set) one(ctx context.Context, item Item, info os.FileInfo) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, ok := s.have(item, info)
	if !ok {
		var err error
		if f, err = s.copy(item, info); err != nil {
			return err
		}
		if err := s.note(f); err != nil {
			return err
		}
	}
	s.manifest.Files = append(s.manifest.Files, f)
	return nil
}

// copy copies one body and makes it durable under its hash.
func (s *Set) copy(item Item, info os.FileInfo) (File, error) {
	f := File{Path: item.Path, Modified: info.ModTime().UnixNano()}
	temp := filepath.Join(s.dir, filepath.FromSlash(tempName))
	var err error
	if f.Size, f.SHA256, err = transfer(item.From, temp, 0o600, func(step string) error { return s.opts.Before(step, item.Path) }); err != nil {
		return f, wrap(err, "copy %s to the backup", item.Path)
	}
	if f.Size != info.Size() {
		return f, fault.New(fault.Internal, "%s changed while it was copied", item.From)
	}
	s.report.Copied++
	s.report.Wrote += f.Size
	to := filepath.Join(s.dir, f.object())
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return f, wrap(err, "copy %s to the backup", item.Path)
	}
	return f, wrapped(os.Rename(temp, to), "copy %s to the backup", item.Path)
}

// transfer copies a file, makes it durable, and returns its size and hash.
func transfer(from, to string, mode os.FileMode, before func(step string) error) (n int64, sum string, err error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, "", err
	}
	defer in.Close()
	if err := before("write"); err != nil {
		return 0, "", err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return 0, "", err
	}
	hash := sha256.New()
	n, err = io.Copy(io.MultiWriter(out, hash), in)
	if err == nil {
		err = before("sync")
	}
	if err == nil {
		err = out.Sync()
	}
	return n, hex.EncodeToString(hash.Sum(nil)), errors.Join(err, out.Close())
}

// publish makes the bodies' names durable, and then the manifest.
func (s *Set) publish() error {
	folders := map[string]bool{objectsDir: true}
	for _, f := range s.manifest.Files {
		folders[filepath.Dir(f.object())] = true
	}
	for name := range folders {
		if err := syncFolder(filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	text, err := s.manifest.encode()
	if err != nil {
		return err
	}
	path := filepath.Join(s.dir, manifestName)
	if err := s.opts.Before("publish", manifestName); err != nil {
		return wrap(err, "write %s", path)
	}
	return place(path, text, 0o600)
}

// place writes a small file durably, whole or not at all.
func place(path string, text []byte, mode os.FileMode) error {
	temp := path + ".tmp"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return wrap(err, "write %s", path)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		return wrap(err, "write %s", path)
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return wrap(err, "open %s", path)
	}
	return wrapped(errors.Join(f.Sync(), f.Close()), "sync %s", path)
}

// tidy removes the journal and the bodies that no file of the manifest has.
func (s *Set) tidy() error {
	if err := os.Remove(s.journal.Name()); err != nil {
		return wrap(err, "remove %s", s.journal.Name())
	}
	live := map[string]bool{}
	for _, f := range s.manifest.Files {
		live[f.SHA256] = true
	}
	return filepath.WalkDir(filepath.Join(s.dir, objectsDir), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || live[e.Name()] {
			return err
		}
		s.report.Removed++
		return os.Remove(path)
	})
}
