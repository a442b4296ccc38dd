package schemas

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tarn-lake/tarn/internal/fault"
)

// WriteLock writes the dataset's lock file beside its dataset file under dir, if it is not there as it should be, and
// reports whether it wrote. The file is whole or as before, whatever happens. With ids, those are what the lake's tables
// have given already; they take the place of the loaded lock's.
func WriteLock(dir string, d *Dataset, ids map[string]map[string]int) (bool, error) {
	locked := *d
	if ids != nil {
		locked.IDs = ids
	}
	text := Lock(&locked)
	path := filepath.Join(dir, filepath.Dir(filepath.FromSlash(d.File)), d.Name+".lock.json")
	have, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(have, text):
		return false, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return false, fault.Wrap(fault.Invalid, err, "the lock file %s cannot be read", path)
	}
	half := path + ".new"
	if err := os.WriteFile(half, text, 0o644); err != nil {
		return false, fault.Wrap(fault.ReadOnly, errors.Join(err, os.Remove(half)), "the lock file %s cannot be written; make the folder writable, or write the file elsewhere and bring it here", path)
	}
	return true, os.Rename(half, path)
}
