package verify

import (
	"crypto/md5"
	"encoding/binary"
	"fmt"

	"github.com/zeebo/xxh3"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Digest is a record's key and its canonical text, each as 64 bits of its hash. It guards against damage and mistakes, not
// against forgers.
type Digest struct{ Key, Row uint64 }

// Hash returns XXH3 of a text.
func Hash(text []byte) uint64 { return xxh3.Hash(text) }

// hashMD5 is the hash of certificates up to form 2: the second half of the MD5 as a little-endian number without its sign,
// as DuckDB's md5_number_lower gives it.
func hashMD5(text []byte) uint64 {
	sum := md5.Sum(text)
	return binary.LittleEndian.Uint64(sum[8:]) & (1<<63 - 1)
}

// Hasher returns the hash that the sums in certificates of a form are made with. Invalid: no form that is known.
func Hasher(format int) (func(text []byte) uint64, error) {
	switch format {
	case 2:
		return hashMD5, nil
	case 3, 4, CertificateFormat:
		return Hash, nil
	}
	return nil, fault.New(fault.Invalid, "it has format %d, and this program knows formats 2 to %d: check it with that version of the program, or a newer one", format, CertificateFormat)
}

// WithBands returns the digest of a record of which the lake keeps age bands too, as their texts joined like those of a row.
func (d Digest) WithBands(bands []byte) Digest {
	const spread = 0x9e3779b97f4a7c15
	d.Row = d.Row*spread + Hash(bands)
	return d
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
	s.a += d.Row ^ d.Key*spread
	s.b += d.Row*spread + d.Key
}

// String returns the digest as 32 hexadecimal digits.
func (s Sum) String() string { return fmt.Sprintf("%016x%016x", s.a, s.b) }
