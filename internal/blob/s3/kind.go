package s3

import (
	"fmt"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
)

// kind names why S3 did not do it. A missing bucket is not NotFound: who takes an object for gone would lose it.
func (b *Bucket) kind(err error, doing string) error {
	switch code := cloud.Code(err); code {
	case "NoSuchKey", "NotFound": // the latter of a request whose answer has no body
		return fault.Wrap(fault.NotFound, err, "%s: no such object", doing)
	case "PreconditionFailed":
		return fault.Wrap(fault.Conflict, err, "%s: there is one already", doing)
	case "ConditionalRequestConflict":
		return fault.Wrap(fault.Conflict, err, "%s: somebody else writes it", doing)
	case "NoSuchBucket":
		return fault.Wrap(fault.ReadOnly, err, "%s: bucket %s does not exist: create it, or name another", doing, b.name)
	case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return fault.Wrap(fault.ReadOnly, err, "%s: bucket %s is in another region: set AWS_REGION to that of the bucket", doing, b.name)
	case "InvalidBucketName":
		return fault.Wrap(fault.ReadOnly, err, "%s: %q cannot be the name of a bucket", doing, b.name)
	case "AccessDenied", "AllAccessDisabled", "Forbidden":
		return fault.Wrap(fault.ReadOnly, err, "%s: bucket %s refuses it: give the credentials in use the right to do this there", doing, b.name)
	case "EntityTooLarge":
		return fault.Wrap(fault.Exceeded, err, "%s: S3 takes no object of that size", doing)
	case "XAdminUserNotFound": // versitygw's word for InvalidAccessKeyId
		return fault.Wrap(fault.ReadOnly, err, "%s: S3 does not accept the credentials: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", doing)
	case "QuotaExceeded", "XMinioStorageFull", "InsufficientStorage":
		return fault.Wrap(fault.Full, err, "%s: bucket %s is full; free some room", doing, b.name)
	}
	return cloud.Kind(err, doing)
}

// short says that a body ended before its length.
func short(key string, got, want int64) error {
	return fault.New(fault.Transient, "read %s: the body ended after %d of %d bytes", key, got, want)
}

func (b *Bucket) String() string { return fmt.Sprintf("s3://%s/%s", b.name, b.prefix) }
