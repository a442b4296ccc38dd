package backfill

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tarn-lake/tarn/internal/fault"
)

const (
	maxLine = 4 << 20 // an item has 400 KB; its JSON may be longer
	chunk   = 8 << 20 // what is asked of a bucket at once
)

// Each hands over the records in the order of the manifest, which is always the same, without the first skip ones: files
// that hold only those are not read. A file is handed over only after its bytes have been checked. What lies in no folder
// of this machine is kept in a file of temp meanwhile.
func (e *Export) Each(ctx context.Context, skip int64, temp string, each func(Record) error) error {
	for _, d := range e.files {
		if skip >= d.Items {
			skip -= d.Items
			continue
		}
		if err := e.file(ctx, d, skip, temp, each); err != nil {
			return fmt.Errorf("read %s: %w", d.Key, err)
		}
		skip = 0
	}
	return nil
}

func (e *Export) file(ctx context.Context, d dataFile, skip int64, temp string, each func(Record) error) (err error) {
	f, size, err := e.at.Open(ctx, e.key(d))
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap(fault.NotFound, err, "the data file %s of the export is not there", d.Key)
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	body, done, err := checked(f, size, d, temp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	return e.lines(ctx, body, d, skip, each)
}

// checked returns the bytes of a file whose MD5 is right.
func checked(f io.ReaderAt, size int64, d dataFile, temp string) (body io.Reader, done func() error, err error) {
	sum, to, done := md5.New(), io.Discard, func() error { return nil }
	from := io.Reader(bufio.NewReaderSize(io.NewSectionReader(f, 0, size), chunk))
	body = io.NewSectionReader(f, 0, size)
	if _, local := f.(*os.File); !local {
		kept, err := os.CreateTemp(temp, "export-*")
		if err != nil {
			return nil, nil, fmt.Errorf("keep a data file: %w", err)
		}
		to, body = kept, kept
		done = func() error { return errors.Join(kept.Close(), os.Remove(kept.Name())) }
	}
	_, err = io.Copy(io.MultiWriter(sum, to), from)
	if got := base64.StdEncoding.EncodeToString(sum.Sum(nil)); err == nil && got != d.MD5 {
		err = fault.New(fault.Invalid, "the data file %s has the MD5 %s; its manifest says %s: copy it again", d.Key, got, d.MD5)
	}
	if kept, ok := body.(*os.File); ok && err == nil {
		_, err = kept.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, nil, errors.Join(err, done())
	}
	return body, done, nil
}

func (e *Export) lines(ctx context.Context, body io.Reader, d dataFile, skip int64, each func(Record) error) error {
	plain, err := gzip.NewReader(body)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "it is no gzip file")
	}
	lines := bufio.NewScanner(plain)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	var n int64
	for lines.Scan() {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if n++; n <= skip {
			continue
		}
		r, err := e.parse(lines.Bytes())
		if err != nil {
			return fault.Wrap(fault.Invalid, err, "line %d", n)
		}
		if err := each(r); err != nil {
			return err
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := lines.Err(); err != nil {
		return fault.Wrap(fault.Invalid, err, "after line %d", n)
	}
	if n != d.Items {
		return fault.New(fault.Invalid, "it has %d items; its manifest says %d", n, d.Items)
	}
	return nil
}
