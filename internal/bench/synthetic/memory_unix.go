//go:build unix

package synthetic

import "golang.org/x/sys/unix"

// reserve returns memory outside the collector's heap, so that a large ring does not make collections rarer than they
// would be without it.
func reserve(size int) ([]byte, error) {
	return unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
}

func release(m []byte) {
	if m != nil {
		_ = unix.Munmap(m) // memory of ours that nobody uses
	}
}
