package dir_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/tarn-lake/tarn/internal/blob/blobtest"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/fault"
)

var _ blobtest.Store = (*dir.Dir)(nil)

func TestDir(t *testing.T) {
	t.Parallel()
	blobtest.Run(t, func(t *testing.T) blobtest.Store { return open(t, t.TempDir()) })
}

func TestDiskErrorsHaveKinds(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"no room", syscall.ENOSPC, fault.Full},
		{"over quota", syscall.EDQUOT, fault.Full},
		{"mounted read-only", syscall.EROFS, fault.ReadOnly},
		{"not ours", syscall.EACCES, fault.ReadOnly},
		{"broken disk", syscall.EIO, fault.Internal},
	}
	for _, row := range rows {
		for _, step := range []string{"write", "sync", "rename", "sync folder"} {
			t.Run(row.name+" at "+step, func(t *testing.T) {
				t.Parallel()
				d := open(t, t.TempDir())
				d.Before = func(at, _ string) error {
					if at == step {
						return &os.PathError{Op: at, Path: "k", Err: row.err}
					}
					return nil
				}
				if err := d.Put(t.Context(), "a/k", []byte("x")); err == nil || fault.Of(err) != row.want {
					t.Errorf("got %v, want kind %s", err, row.want)
				}
				if left, _ := os.ReadDir(filepath.Join(d.Root(), ".tmp")); len(left) != 0 {
					t.Errorf("%d temporary files were left", len(left))
				}
			})
		}
	}
}

// TestScratchDoesNotWaitForTheDisk: what nobody misses is whole when it is there, and synced never.
func TestScratchDoesNotWaitForTheDisk(t *testing.T) {
	t.Parallel()
	d := open(t, t.TempDir())
	var steps []string
	d.Before = func(step, _ string) error {
		steps = append(steps, step)
		return nil
	}
	for _, body := range []string{"first", "second"} {
		if err := d.PutScratch(t.Context(), "a/b/k", []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"write", "rename", "write", "rename"}; !slices.Equal(steps, want) {
		t.Errorf("got steps %v, want %v", steps, want)
	}
	if got, err := d.Get(t.Context(), "a/b/k"); err != nil || string(got) != "second" {
		t.Errorf("got %q, %v", got, err)
	}
	d.Before = func(step, _ string) error {
		if step == "rename" {
			return syscall.EIO
		}
		return nil
	}
	if err := d.PutScratch(t.Context(), "a/b/other", []byte("x")); err == nil {
		t.Error("a disk that refuses: got no error")
	}
	if left, _ := os.ReadDir(filepath.Join(d.Root(), ".tmp")); len(left) != 0 {
		t.Errorf("%d temporary files were left", len(left))
	}
}

func TestCrashLeftoversAreHiddenAndSwept(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	d := open(t, root)
	old := filepath.Join(root, ".tmp", "put-old")
	for _, name := range []string{old, filepath.Join(root, ".tmp", "put-young")} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-2 * time.Hour)
	if err := os.Chtimes(old, past, past); err != nil {
		t.Fatal(err)
	}
	if found, err := d.List(t.Context(), ""); err != nil || len(found) != 0 {
		t.Errorf("listed %d objects, %v; want none", len(found), err)
	}
	open(t, root)
	left, _ := os.ReadDir(filepath.Join(root, ".tmp"))
	if len(left) != 1 || left[0].Name() != "put-young" {
		t.Errorf("left: %v, want the young one, which another process may be writing", left)
	}
}

func open(t *testing.T, root string) *dir.Dir {
	t.Helper()
	d, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestListingsSayWhatALinkLeadsTo: an object may be a link, and is as large and as old as what that leads to.
func TestListingsSayWhatALinkLeadsTo(t *testing.T) {
	t.Parallel()
	root, target := t.TempDir(), filepath.Join(t.TempDir(), "target")
	if err := errors.Join(os.WriteFile(target, make([]byte, 4321), 0o600), os.Symlink(target, filepath.Join(root, "a")), os.Symlink(target+"?", filepath.Join(root, "b"))); err != nil {
		t.Fatal(err)
	}
	d, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	found, err := d.List(t.Context(), "")
	if err != nil || len(found) != 1 || found[0].Name() != "a" || found[0].Size() != 4321 {
		t.Errorf("got %v, %v", found, err)
	}
}
