package columns

import (
	"io"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/schemas"
)

// Codec is how pages are compressed.
type Codec uint8

// The codecs. Snappy, the zero Codec, suits small files; Zstd, at its fastest level, compacted ones.
const (
	Snappy Codec = iota
	Zstd
	None
)

// EncoderOptions tunes an Encoder. The zero value works.
type EncoderOptions struct {
	Codec        Codec
	RowGroupRows int      // rows of a row group; 0: 100,000
	Bloom        []string // paths of leaves that get a bloom filter
	Delta        bool     // DELTA encodings, which not every engine reads
}

// FileStats is what a table format wants to know about a data file.
type FileStats struct {
	Rows         int64
	Size         int64 // bytes of the file
	SplitOffsets []int64
	Leaves       []LeafStats // in the order of the columns
}

// LeafStats is what a table format wants to know about one leaf of a data file.
type LeafStats struct {
	ID     int   // field id
	Size   int64 // bytes in the file, compressed
	Values int64 // entries, nulls included
	Nulls  int64
	// Bounds in Iceberg's single-value binary form; nil where there are no values, where the leaf is in a list or map, or
	// (Upper) where no bound of 16 characters exists. Text is cut to 16 characters, binaries to 16 bytes.
	Lower, Upper []byte
}

// Encoder makes Parquet files of batches. It is reusable and keeps its buffers; it is not safe for concurrent use. The
// same rows and options give the same bytes, in every process.
type Encoder struct {
	lay *layout
	opt EncoderOptions
}

// NewEncoder returns an encoder of batches of these columns.
func NewEncoder(cols []schemas.Column, opt EncoderOptions) *Encoder {
	return &Encoder{lay: newLayout(cols), opt: opt}
}

// Encode appends to dst a whole Parquet file of the rows of b, which must have the encoder's layout. The statistics'
// slices are valid until the encoder is used again; Clone keeps them.
func (e *Encoder) Encode(dst []byte, b *Batch) ([]byte, FileStats, error) {
	return dst, FileStats{}, fault.New(fault.Internal, "the encoder is not there yet")
}

// Writer makes one Parquet file, a batch at a time, without holding the rows before.
type Writer struct {
	enc *Encoder
	w   io.Writer
}

// NewWriter returns a writer of one file to w; the encoder serves nobody else until Close.
func (e *Encoder) NewWriter(w io.Writer) *Writer { return &Writer{enc: e, w: w} }

// Write appends the rows of b, as row groups of their own: for few large row groups hand over large batches.
func (w *Writer) Write(b *Batch) error {
	return fault.New(fault.Internal, "the writer is not there yet")
}

// Close writes the footer. It does not close the underlying writer.
func (w *Writer) Close() (FileStats, error) {
	return FileStats{}, fault.New(fault.Internal, "the writer is not there yet")
}

// Clone returns statistics that share no memory with the encoder.
func (s FileStats) Clone() FileStats { return s }
