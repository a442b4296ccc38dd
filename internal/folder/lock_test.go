package folder_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tarn-lake/tarn/internal/folder"
)

// TestAChildThatInheritedTheLockDoesNotHoldIt: between its fork and its program a child has every file that its parent had
// open. Who closes a folder meanwhile gives it back all the same.
func TestAChildThatInheritedTheLockDoesNotHoldIt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	f, err := folder.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	inherited := descriptors(t, root)
	if len(inherited) == 0 {
		t.Fatal("an open folder has no open file")
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if running, held, err := folder.Who(root); err != nil || held {
		t.Errorf("Who of a folder that was given back = %+v, %t, %v", running, held, err)
	}
	for _, fd := range inherited {
		if err := unix.Close(fd); err != nil {
			t.Error(err)
		}
	}
}

// descriptors returns copies of the descriptors of this process's open files below a folder, as a child has them.
func descriptors(t *testing.T, root string) (copies []int) {
	t.Helper()
	const open = "/proc/self/fd"
	all, err := os.ReadDir(open)
	if err != nil {
		t.Skip("this system does not tell which files are open")
	}
	for _, entry := range all {
		to, err := os.Readlink(filepath.Join(open, entry.Name()))
		if err != nil || filepath.Dir(to) != root {
			continue
		}
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		dup, err := unix.Dup(fd)
		if err != nil {
			t.Fatal(err)
		}
		copies = append(copies, dup)
	}
	return copies
}
