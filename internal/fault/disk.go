package fault

import (
	"errors"
	"io/fs"
	"syscall"
)

// WrapDisk returns an error of a disk with its kind, which says what was done and what can be done about it.
func WrapDisk(cause error, format string, args ...any) *Error {
	e := Wrap(Disk(cause), cause, format, args...)
	switch e.Kind {
	case Full:
		e.Message += ": the disk is full; free some room"
	case ReadOnly:
		e.Message += ": it cannot be written or read; check its owner and mount"
	}
	return e
}

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
