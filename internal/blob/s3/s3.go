// Package s3 keeps objects under keys in a bucket of S3, or of anything that speaks its protocol. What is put is durable
// and whole, or absent; who lists sees all that was put before.
package s3

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tarn-lake/tarn/internal/fault"
)

const (
	maxKey   = 1024     // bytes of a key, S3's own limit
	partSize = 16 << 20 // bodies above this go up in parts of this size; S3 takes 10,000 of them
	parts    = 4        // of one object that go up at a time
	maxCopy  = 5 << 30  // S3 copies no more in one request
)

// Options tune a Bucket. The zero Options work.
type Options struct {
	Prefix   string // what every key begins with in the bucket, such as "tarn"; empty: nothing
	PartSize int    // bytes; S3 refuses less than 5 MiB; 0: 16 MiB
}

// Bucket is the objects of a bucket. It is safe for concurrent use.
type Bucket struct {
	// Before, where set, is called before each request with what it does ("write", "read", "list", "delete", "copy") and
	// the key. Its error is taken for the service's own.
	Before func(step, key string) error

	client *s3.Client
	name   string
	prefix string
	part   int
}

// Client returns a client made from the settings of AWS. A stand-in for S3 is addressed by path, since its buckets have
// no names of their own in DNS.
func Client(c aws.Config) *s3.Client {
	return s3.NewFromConfig(c, func(o *s3.Options) {
		o.UsePathStyle = o.BaseEndpoint != nil
		o.DisableLogOutputChecksumValidationSkipped = true
	})
}

// Open returns the objects of the bucket. It sends no request: Check does.
func Open(client *s3.Client, bucket string, opts Options) *Bucket {
	b := &Bucket{client: client, name: bucket, prefix: opts.Prefix, part: opts.PartSize}
	if b.prefix != "" {
		b.prefix = strings.TrimSuffix(b.prefix, "/") + "/"
	}
	if b.part <= 0 {
		b.part = partSize
	}
	return b
}

// Check returns an error that says what to do where the bucket cannot be used: it is missing, elsewhere, or not ours.
func (b *Bucket) Check(ctx context.Context) error {
	_, err := b.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &b.prefix, MaxKeys: aws.Int32(1)})
	return b.kind(err, "look into bucket "+b.name)
}

// Name returns the bucket's name.
func (b *Bucket) Name() string { return b.name }

// Prefix returns what every key begins with in the bucket: nothing, or a text that ends with a slash.
func (b *Bucket) Prefix() string { return b.prefix }

// begin checks what every operation needs, and returns the key's name in the bucket.
func (b *Bucket) begin(ctx context.Context, step, key string) (*string, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", step, key, err)
	}
	if !fs.ValidPath(key) || key == "." || strings.ContainsAny(key, "\\\x00") {
		return nil, fault.New(fault.Invalid, "%q is not an object key: want relative segments joined by slashes, none of them empty, . or ..", key)
	}
	if n := len(b.prefix) + len(key); n > maxKey {
		return nil, fault.New(fault.Invalid, "the object key %.40q… has %d bytes, more than the %d of S3", key, n, maxKey)
	}
	return aws.String(b.prefix + key), b.step(step, key)
}

func (b *Bucket) step(step, key string) error {
	if b.Before == nil {
		return nil
	}
	if err := b.Before(step, key); err != nil {
		return b.kind(err, step+" "+key)
	}
	return nil
}

// object is an entry of a listing.
type object struct {
	key      string
	size     int64
	modified time.Time
}

var _ fs.FileInfo = object{}

func (o object) Name() string       { return o.key } // the whole key
func (o object) Size() int64        { return o.size }
func (o object) Mode() fs.FileMode  { return 0 }
func (o object) ModTime() time.Time { return o.modified }
func (o object) IsDir() bool        { return false }
func (o object) Sys() any           { return nil }
