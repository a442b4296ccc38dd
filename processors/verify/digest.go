package verify

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"
)

// Digest is a record's key and its canonical text, each as 63 bits of its MD5: the second half read as a little-endian
// number, without its sign. That is what DuckDB's md5_number_lower gives, so a lake can be asked for digests instead of
// rows. It guards against damage and mistakes, not against forgers.
type Digest struct{ Key, Row int64 }

const positive = 1<<63 - 1

// Hash returns the 63 bits of a text.
func Hash(text []byte) int64 {
	sum := md5.Sum(text)
	return int64(binary.LittleEndian.Uint64(sum[8:]) & positive)
}

// Sum is a digest of a set of records in whatever order they come. Equal sets have equal sums.
type Sum struct {
	Rows int64
	a, b uint64
}

// Add adds a record.
func (s *Sum) Add(d Digest) {
	const spread = 0x9e3779b97f4a7c15
	s.Rows++
	s.a += uint64(d.Row) ^ uint64(d.Key)*spread
	s.b += uint64(d.Row)*spread + uint64(d.Key)
}

// String returns the digest as 32 hexadecimal digits.
func (s Sum) String() string { return fmt.Sprintf("%016x%016x", s.a, s.b) }
