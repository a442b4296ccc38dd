package fault

import (
	"errors"
	"io/fs"
	"syscall"
)

// Disk returns Full or ReadOnly for what the system answers when a disk has no room or cannot be written, else Internal.
func Disk(err error) Kind {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return Full
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return ReadOnly
	}
	return Internal
}
