package columns

import (
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
)

// Codec is how pages are compressed.
type Codec uint8

// The codecs. Snappy, the zero Codec, suits small files; Zstd compacted ones.
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
	fast, close *zstd.Encoder
	out         []byte
}

// pack returns the compressed page, which is valid until the next call. Numbers says that the page holds plain numbers of
// eight bytes.
func (c *compressor) pack(codec Codec, page []byte, numbers bool) []byte {
	switch codec {
	case Snappy:
		if n := s2.MaxEncodedLen(len(page)); n > len(c.out) {
			c.out = make([]byte, n+n/4)
		}
		return s2.EncodeSnappy(c.out, page)
	case Zstd:
		c.out = c.zstd(numbers).EncodeAll(page, c.out[:0])
		return c.out
	}
	return page
}

// zstd returns the encoder for a page. Its fastest level is as good as the next for everything but plain numbers such as
// times, of which the next leaves a third less; of digits in texts it leaves more.
func (c *compressor) zstd(numbers bool) *zstd.Encoder {
	at, level := &c.fast, zstd.SpeedFastest
	if numbers {
		at, level = &c.close, zstd.SpeedDefault
	}
	if *at == nil {
		// An empty page must still be a frame, or readers refuse it.
		enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true), zstd.WithWindowSize(pageSize))
		if err != nil {
			panic(err) // the options are constants
		}
		*at = enc
	}
	return *at
}
