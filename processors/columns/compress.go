package columns

import (
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// Codec is how pages are compressed.
type Codec uint8

// The codecs. Snappy, the zero Codec, suits small files; Zstd, at its fastest level, compacted ones.
const (
	Snappy Codec = iota
	Zstd
	None
)

// format returns the codec as Parquet's metadata name it.
func (c Codec) format() format.CompressionCodec {
	return [...]format.CompressionCodec{format.Snappy, format.Zstd, format.Uncompressed}[c]
}

// compressor compresses pages into a buffer of its own.
type compressor struct {
	zstd *zstd.Encoder
	out  []byte
}

// pack returns the compressed page, which is valid until the next call.
// thorough says to look for more than the obvious, where the codec can.
func (c *compressor) pack(codec Codec, page []byte, thorough bool) []byte {
	switch codec {
	case Snappy:
		if n := s2.MaxEncodedLen(len(page)); n > len(c.out) {
			c.out = make([]byte, n+n/4)
		}
		if thorough {
			return s2.EncodeSnappyBetter(c.out, page)
		}
		return s2.EncodeSnappy(c.out, page)
	case Zstd:
		if c.zstd == nil {
			// An empty page must still be a frame, or readers refuse it.
			enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
				zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true), zstd.WithWindowSize(pageSize))
			if err != nil {
				panic(err) // the options are constants
			}
			c.zstd = enc
		}
		c.out = c.zstd.EncodeAll(page, c.out[:0])
		return c.out
	}
	return page
}
