package backfill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Folder is Objects in a folder of this machine, which is only read.
type Folder string

var _ Objects = Folder("")

// Open implements Objects.
func (f Folder) Open(_ context.Context, key string) (interface {
	io.ReaderAt
	io.Closer
}, int64, error,
) {
	path := filepath.Join(string(f), filepath.FromSlash(key))
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, fault.Wrap(fault.NotFound, err, "there is no %s", path)
	} else if err != nil {
		return nil, 0, fmt.Errorf("read %s: %w", path, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("read %s: %w", path, err), file.Close())
	}
	return file, info.Size(), nil
}
