//go:build unix

package machine

import (
	"time"

	"golang.org/x/sys/unix"
)

// ProcessorTime returns what this process has used, all threads together.
func ProcessorTime() time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic("a system that does not tell a process's time")
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
