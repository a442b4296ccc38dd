// Package aws makes the configuration that every AWS client of ours starts from, and says what AWS's errors mean.
package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// Settings say where AWS is. The zero value takes everything from the environment, as AWS's own tools do.
type Settings struct {
	Region   string
	Endpoint string // of the one service that the client is for; empty: AWS itself
	KeyID    string // empty: what the environment, the profile or the machine's role gives
	Secret   string
	Token    string
	Attempts int // of one request; 0: 5
}

// Config returns the configuration of a client. It asks nobody: wrong credentials are found by the first request.
func Config(ctx context.Context, s Settings) (aws.Config, error) {
	attempts := s.Attempts
	if attempts == 0 {
		attempts = 5
	}
	options := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts = attempts })
		}),
	}
	if s.Region != "" {
		options = append(options, config.WithRegion(s.Region))
	}
	if s.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(s.Endpoint))
	}
	if s.KeyID != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(s.KeyID, s.Secret, s.Token)))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return c, Fault(err, "read the AWS configuration")
	}
	return c, nil
}
