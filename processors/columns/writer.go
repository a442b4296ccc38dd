package columns

import (
	"fmt"
	"io"
)

// Writer makes one Parquet file, a batch at a time, without holding the rows before.
type Writer struct {
	enc    *Encoder
	w      io.Writer
	buf    []byte
	opened bool
}

// NewWriter returns a writer of one file to w; the encoder serves nobody else until Close.
func (e *Encoder) NewWriter(w io.Writer) *Writer {
	e.reset(0)
	return &Writer{enc: e, w: w}
}

// Write appends the rows of b, as row groups of their own: for few large row groups hand over large batches.
func (w *Writer) Write(b *Batch) error {
	if err := w.enc.accepts(b); err != nil {
		return err
	}
	w.open()
	w.buf = w.enc.rowGroups(w.buf, b)
	if w.enc.err != nil {
		return w.enc.err
	}
	return w.flush()
}

// Close writes the footer and returns the statistics, as Encode does. It does not close the underlying writer.
func (w *Writer) Close() (FileStats, error) {
	w.open()
	w.buf = w.enc.footer(w.buf)
	if err := w.flush(); err != nil {
		return FileStats{}, err
	}
	return w.enc.fileStats(w.enc.written), nil
}

// Size returns the bytes written so far, without the footer.
func (w *Writer) Size() int64 { return w.enc.written }

func (w *Writer) open() {
	if !w.opened {
		w.opened = true
		w.buf = append(w.buf, magic...)
	}
}

func (w *Writer) flush() error {
	n, err := w.w.Write(w.buf)
	w.enc.written += int64(n)
	w.buf = w.buf[:0]
	if err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	return nil
}
