package function

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
)

// leastSecret is how many bytes a secret has at least.
const leastSecret = 32

// Secret is what keys are made of. It prints as ***.
type Secret struct{ bytes []byte }

// String hides the secret.
func (Secret) String() string { return "***" }

// GoString hides the secret.
func (Secret) GoString() string { return "***" }

// Key returns a key for one purpose. Keys do not give each other or the secret away.
func (s Secret) Key(purpose string) []byte {
	mac := hmac.New(sha256.New, s.bytes)
	mac.Write([]byte(purpose))
	return mac.Sum(nil)
}

// Secret returns the secret of an ARN in Secrets Manager.
func (b *Base) Secret(ctx context.Context, arn string) (Secret, error) {
	out, err := secretsmanager.NewFromConfig(b.AWS).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &arn})
	if err != nil {
		return Secret{}, cloud.Kind(err, "read the secret "+arn)
	}
	bytes := out.SecretBinary
	if bytes == nil {
		bytes = []byte(aws.ToString(out.SecretString))
	}
	if len(bytes) < leastSecret {
		return Secret{}, fault.New(fault.Invalid, "the secret %s has %d bytes; it needs %d at least", arn, len(bytes), leastSecret)
	}
	return Secret{bytes}, nil
}
