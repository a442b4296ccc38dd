package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
)

// resumes is how often a body that breaks off is taken up again where it ended; a request that fails as a whole is
// repeated by the client.
const resumes = 3

// Get returns the whole object.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	name, err := b.begin(ctx, "read", key)
	if err != nil {
		return nil, err
	}
	r := &remote{bucket: b, ctx: ctx, key: key, name: name}
	body, err := r.fetch("")
	if err != nil {
		return nil, err
	}
	return body, nil
}

// List returns the objects whose keys start with prefix, in the order of their keys. An entry's Name is its whole key.
// Objects written or deleted meanwhile may be missing or present.
func (b *Bucket) List(ctx context.Context, prefix string) ([]fs.FileInfo, error) {
	if strings.HasPrefix(prefix, "/") || strings.Contains("/"+prefix+"/", "/../") {
		return nil, fault.New(fault.Invalid, "the prefix %q leaves the bucket's part that is ours", prefix)
	}
	if err := b.step("list", prefix); err != nil {
		return nil, err
	}
	var found []fs.FileInfo
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: aws.String(b.prefix + prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.kind(err, "list "+prefix)
		}
		for _, o := range page.Contents {
			key := strings.TrimPrefix(aws.ToString(o.Key), b.prefix)
			if strings.HasSuffix(key, "/") || key == "" { // what consoles make to show a folder
				continue
			}
			found = append(found, object{key: key, size: aws.ToInt64(o.Size), modified: aws.ToTime(o.LastModified)})
		}
	}
	return found, nil
}

// remote is an object that is read. All of it is of one version: where the object is replaced meanwhile, reading fails.
type remote struct {
	bucket *Bucket
	ctx    context.Context // of Open: io.ReaderAt has no place for one
	key    string
	name   *string
	etag   *string // nil until the first answer
	size   int64
}

// fetch returns the bytes of the range, which is empty for the whole object, and learns the object's size and version.
func (r *remote) fetch(span string) ([]byte, error) {
	out, err := r.request(span)
	if err != nil {
		return nil, err
	}
	first, length := int64(0), aws.ToInt64(out.ContentLength)
	r.size = length
	if text := aws.ToString(out.ContentRange); text != "" {
		var last int64
		if _, err := fmt.Sscanf(text, "bytes %d-%d/%d", &first, &last, &r.size); err != nil {
			_ = out.Body.Close()
			return nil, fmt.Errorf("read %s: the answer's range is %q: %w", r.key, text, err)
		}
	}
	r.etag = out.ETag
	body := make([]byte, length)
	n, err := take(out, body)
	for range resumes {
		if err == nil || r.ctx.Err() != nil {
			break
		}
		var more int
		from := first + int64(n)
		if out, err = r.request(fmt.Sprintf("bytes=%d-%d", from, first+length-1)); err == nil {
			more, err = take(out, body[n:])
			n += more
		}
	}
	switch {
	case r.ctx.Err() != nil:
		return nil, fmt.Errorf("read %s: %w", r.key, r.ctx.Err())
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return nil, short(r.key, int64(n), length)
	case err != nil:
		return nil, r.bucket.kind(err, "read "+r.key)
	}
	return body, nil
}

// take fills body from the answer.
func take(out *s3.GetObjectOutput, body []byte) (int, error) {
	n, err := io.ReadFull(out.Body, body)
	return n, errors.Join(err, out.Body.Close())
}

func (r *remote) request(span string) (*s3.GetObjectOutput, error) {
	in := &s3.GetObjectInput{Bucket: &r.bucket.name, Key: r.name, IfMatch: r.etag}
	if span != "" {
		in.Range = &span
	}
	out, err := r.bucket.client.GetObject(r.ctx, in)
	if r.etag != nil && cloud.Code(err) == "PreconditionFailed" {
		return nil, fault.Wrap(fault.Conflict, err, "read %s: it was replaced while it was read", r.key)
	}
	return out, r.bucket.kind(err, "read "+r.key)
}
