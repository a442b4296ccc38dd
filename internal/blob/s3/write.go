package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
)

// markKey names the metadata by which PutNew knows its own object again.
const markKey = "tarn-put"

// Put stores body under key, replacing what was there. When it returns nil the object is durable; until then readers see
// the old object or none. It keeps no reference to body.
func (b *Bucket) Put(ctx context.Context, key string, body []byte) error {
	name, err := b.begin(ctx, "write", key)
	if err != nil {
		return err
	}
	if len(body) > b.part {
		return b.kind(b.putParts(ctx, name, body, nil, ""), "write "+key)
	}
	_, err = b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: name, Body: bytes.NewReader(body)})
	return b.kind(err, "write "+key)
}

// PutNew is Put for a key that holds nothing yet: Conflict where it does, and then the object is untouched.
func (b *Bucket) PutNew(ctx context.Context, key string, body []byte) error {
	name, err := b.begin(ctx, "write", key)
	if err != nil {
		return err
	}
	mark := rand.Text()
	if len(body) > b.part {
		err = b.putParts(ctx, name, body, aws.String("*"), mark)
	} else {
		_, err = b.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &b.name, Key: name, Body: bytes.NewReader(body), IfNoneMatch: aws.String("*"), Metadata: map[string]string{markKey: mark},
		})
	}
	if err == nil || b.isOurs(ctx, name, mark, err) {
		return nil
	}
	return b.kind(err, "write "+key)
}

// isOurs reports whether a refused put had happened all the same: its answer was lost, and the client's second try met
// the object of its first.
func (b *Bucket) isOurs(ctx context.Context, name *string, mark string, err error) bool {
	if cloud.Code(err) != "PreconditionFailed" && cloud.Status(err) < 500 {
		return false
	}
	head, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: name})
	return err == nil && head.Metadata[markKey] == mark
}

// Move gives the object another key, replacing what was there. When it returns nil the move is durable. An object that
// was copied and not yet removed is moved again by the next call: a crash in between may show both, never neither.
func (b *Bucket) Move(ctx context.Context, from, to string) error {
	source, err := b.begin(ctx, "copy", from)
	if err != nil {
		return err
	}
	target, err := b.begin(ctx, "copy", to)
	if err != nil {
		return err
	}
	if from == to { // S3 refuses to copy an object onto itself
		_, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: source})
		return b.kind(err, "move "+from)
	}
	segments := strings.Split(b.name+"/"+*source, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.QueryEscape(s), "+", "%20") // a plain + would be read as a space
	}
	_, err = b.client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &b.name, Key: target, CopySource: aws.String(strings.Join(segments, "/"))})
	if cloud.Code(err) == "InvalidRequest" {
		return fault.Wrap(fault.Exceeded, err, "move %s: S3 copies at most %d bytes in one request", from, int64(maxCopy))
	}
	if err != nil {
		return b.kind(err, "move "+from)
	}
	return b.Delete(ctx, from)
}

// Delete removes the object. A missing one is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	name, err := b.begin(ctx, "delete", key)
	if err != nil {
		return err
	}
	_, err = b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: name})
	if cloud.Code(err) == "NoSuchKey" { // S3 does not mind; some who speak its protocol do
		return nil
	}
	return b.kind(err, "delete "+key)
}
