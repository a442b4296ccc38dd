package tables

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"time"

	icebergio "github.com/apache/iceberg-go/io"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Objects is a bucket's part that is the lake. What is put is durable when Put returns; an entry's Name is its whole key.
type Objects interface {
	Put(ctx context.Context, key string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
	Delete(ctx context.Context, key string) error
	List(ctx context.Context, prefix string) ([]fs.FileInfo, error)
}

// bucket is the storage of a lake in a bucket. The files that it reads and writes are metadata, which fit into memory.
type bucket struct {
	objects Objects
	at      string // what locations begin with: s3://<bucket>/ and perhaps a folder
	mirror  string // the folder for copies on this machine
	before  func(step, name string) error
}

var _ storage = (*bucket)(nil)

func (b *bucket) root() string { return b.at }

func (b *bucket) local(key string) string { return filepath.Join(b.mirror, filepath.FromSlash(key)) }

func (b *bucket) step(step, name string) error {
	if b.before == nil {
		return nil
	}
	return b.before(step, name)
}

func (b *bucket) open(ctx context.Context, key string) (icebergio.File, error) {
	body, err := b.read(ctx, key)
	if err != nil {
		return nil, err
	}
	return &opened{bytes.NewReader(body), key}, nil
}

func (b *bucket) read(ctx context.Context, key string) ([]byte, error) {
	if err := b.step("open", key); err != nil {
		return nil, err
	}
	body, err := b.objects.Get(ctx, key)
	if fault.Is(err, fault.NotFound) { // a table whose file is missing is not a missing table
		return nil, fmt.Errorf("%w: %s, which the table refers to: restore it from a backup", fs.ErrNotExist, b.at+key)
	}
	return body, err
}

func (b *bucket) create(ctx context.Context, key string) (icebergio.FileWriter, error) {
	return &upload{ctx: ctx, bucket: b, key: key}, b.step("create", key)
}

func (b *bucket) remove(ctx context.Context, key string) error {
	if err := b.step("remove", key); err != nil {
		return err
	}
	return b.objects.Delete(ctx, key)
}

func (b *bucket) list(ctx context.Context, prefix string) ([]entry, error) {
	if err := b.step("list", prefix); err != nil {
		return nil, err
	}
	found, err := b.objects.List(ctx, prefix+"/")
	all := make([]entry, len(found))
	for i, o := range found {
		all[i] = entry{o.Name(), o.ModTime()}
	}
	return all, err
}

// upload becomes an object when it is closed.
type upload struct {
	ctx    context.Context // of the operation
	bucket *bucket
	key    string
	body   bytes.Buffer
	closed bool
}

// Write implements io.Writer.
func (u *upload) Write(p []byte) (int, error) { return u.body.Write(p) }

// ReadFrom implements io.ReaderFrom.
func (u *upload) ReadFrom(r io.Reader) (int64, error) { return u.body.ReadFrom(r) }

// Close puts the object. Closing it again does nothing.
func (u *upload) Close() error {
	if u.closed {
		return nil
	}
	u.closed = true
	if err := u.bucket.step("sync", u.key); err != nil {
		return err
	}
	return u.bucket.objects.Put(u.ctx, u.key, u.body.Bytes())
}

// opened is an object in memory, as the table library wants a file.
type opened struct {
	*bytes.Reader
	key string
}

// Close implements icebergio.File.
func (o *opened) Close() error { return nil }

// Stat implements icebergio.File.
func (o *opened) Stat() (fs.FileInfo, error) { return o, nil }

// Name, Mode, ModTime, IsDir and Sys implement fs.FileInfo, whose Size is the reader's.
func (o *opened) Name() string       { return path.Base(o.key) }
func (o *opened) Mode() fs.FileMode  { return 0o444 }
func (o *opened) ModTime() time.Time { return time.Time{} }
func (o *opened) IsDir() bool        { return false }
func (o *opened) Sys() any           { return nil }
