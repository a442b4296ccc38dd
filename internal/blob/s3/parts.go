package s3

import (
	"bytes"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// putParts stores a large body in parts, several at a time. It appears whole with the last request, or not at all.
func (b *Bucket) putParts(ctx context.Context, name *string, body []byte, ifNone *string, mark string) error {
	in := &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: name, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32}
	if mark != "" {
		in.Metadata = map[string]string{markKey: mark}
	}
	upload, err := b.client.CreateMultipartUpload(ctx, in)
	if err != nil {
		return err
	}
	done, err := b.upload(ctx, name, upload.UploadId, body)
	if err == nil {
		_, err = b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &b.name, Key: name, UploadId: upload.UploadId, IfNoneMatch: ifNone,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: done},
		})
	}
	if err == nil {
		return nil
	}
	// The parts of an upload that is not ended cost money for as long as the bucket keeps them.
	_, aborted := b.client.AbortMultipartUpload(context.WithoutCancel(ctx), &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: name, UploadId: upload.UploadId})
	var gone *types.NoSuchUpload
	if errors.As(aborted, &gone) {
		aborted = nil
	}
	return errors.Join(err, aborted)
}

func (b *Bucket) upload(ctx context.Context, name, id *string, body []byte) ([]types.CompletedPart, error) {
	done := make([]types.CompletedPart, (len(body)+b.part-1)/b.part)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parts)
	for i := range done {
		g.Go(func() error {
			part := body[i*b.part : min((i+1)*b.part, len(body))]
			number := aws.Int32(int32(i) + 1)
			out, err := b.client.UploadPart(ctx, &s3.UploadPartInput{
				Bucket: &b.name, Key: name, UploadId: id, PartNumber: number, Body: bytes.NewReader(part), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
			})
			if err == nil {
				done[i] = types.CompletedPart{ETag: out.ETag, PartNumber: number, ChecksumCRC32: out.ChecksumCRC32}
			}
			return err
		})
	}
	return done, g.Wait()
}
