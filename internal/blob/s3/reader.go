package s3

import (
	"context"
	"fmt"
	"io"

	"github.com/tarn-lake/tarn/internal/cloud"
)

// tail is how much of an object's end its opening brings: all of a small one, and the footer of a large Parquet file.
const tail = 1 << 20

// Open returns the object for reading at any place, and its size. The caller closes it. Reading ends with ctx, and fails
// with Conflict where the object was replaced since. One request brings a small object whole; after it each read of a
// large one is a request.
func (b *Bucket) Open(ctx context.Context, key string) (interface {
	io.ReaderAt
	io.Closer
}, int64, error,
) {
	name, err := b.begin(ctx, "read", key)
	if err != nil {
		return nil, 0, err
	}
	r := &reader{remote: remote{bucket: b, ctx: ctx, key: key, name: name}}
	r.end, err = r.fetch(fmt.Sprintf("bytes=-%d", tail))
	if cloud.Code(err) == "InvalidRange" { // it is empty, which has no last bytes
		r.end, err = r.fetch("")
	}
	if err != nil {
		return nil, 0, err
	}
	return r, r.size, nil
}

// reader reads an object at any place. It is safe for concurrent use.
type reader struct {
	remote
	end []byte // its last bytes
}

// ReadAt implements io.ReaderAt.
func (r *reader) ReadAt(p []byte, at int64) (int, error) {
	switch {
	case len(p) == 0:
		return 0, nil
	case at < 0:
		return 0, fmt.Errorf("read %s at %d: before its beginning", r.key, at)
	case at >= r.size:
		return 0, io.EOF
	}
	wanted := p[:min(int64(len(p)), r.size-at)]
	if err := r.fill(wanted, at); err != nil {
		return 0, err
	}
	if len(wanted) < len(p) {
		return len(wanted), io.EOF
	}
	return len(p), nil
}

func (r *reader) fill(p []byte, at int64) error {
	start := r.size - int64(len(r.end))
	if at >= start {
		copy(p, r.end[at-start:])
		return nil
	}
	if err := r.bucket.step("read", r.key); err != nil {
		return err
	}
	part := r.remote // of its own, since many may read at once
	body, err := part.fetch(fmt.Sprintf("bytes=%d-%d", at, at+int64(len(p))-1))
	if err == nil && len(body) != len(p) {
		err = short(r.key, int64(len(body)), int64(len(p)))
	}
	copy(p, body)
	return err
}

// Close implements io.Closer. Nothing is held.
func (r *reader) Close() error { return nil }
