// Package cloud is how AWS is reached: the settings of its clients, and which kind of error its answers are.
package cloud

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/tarn-lake/tarn/internal/fault"
)

const (
	attempts   = 5               // of one request, the first one included
	maxBackoff = 4 * time.Second // between two attempts
	silence    = 30 * time.Second
)

// Settings say how AWS is reached. The zero Settings take everything from where AWS's own tools do: the environment, the
// shared files, the machine's role.
type Settings struct {
	Region   string
	Endpoint string // of a stand-in, such as http://127.0.0.1:8000; empty: AWS's own
	Key      string // access key id; empty: found as AWS's own tools find it
	Secret   string
	Token    string // of a session; usually empty
	Attempts int    // of one request, the first included; 0: 5
}

// Load returns the settings that every client is made from. Invalid where there is no region.
func Load(ctx context.Context, s Settings) (aws.Config, error) {
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.ResponseHeaderTimeout = silence
		t.MaxIdleConnsPerHost = 64
	})
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithRetryer(func() aws.Retryer { return Retryer(cmp.Or(s.Attempts, attempts)) }),
	}
	if s.Region != "" {
		options = append(options, config.WithRegion(s.Region))
	}
	if s.Endpoint != "" {
		options = append(options, config.WithBaseEndpoint(s.Endpoint))
	}
	if s.Key != "" {
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(s.Key, s.Secret, s.Token)))
	}
	c, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("read the settings of AWS: %w", err)
	}
	if c.Region == "" {
		return aws.Config{}, fault.New(fault.Invalid, "no AWS region is set: set AWS_REGION, such as eu-west-1")
	}
	c.Credentials = found{c.Credentials}
	return c, nil
}

// found says plainly that there are no credentials: AWS's own words are about the last place that was looked in.
type found struct{ aws.CredentialsProvider }

// Retrieve implements aws.CredentialsProvider.
func (f found) Retrieve(ctx context.Context) (aws.Credentials, error) {
	c, err := f.CredentialsProvider.Retrieve(ctx)
	if err != nil && ctx.Err() == nil {
		err = fault.Wrap(fault.ReadOnly, err, "there are no valid AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or sign in to a profile")
	}
	return c, err
}

// Retryer tries a request so many times in all, waiting a little longer each time, and only where it may help.
func Retryer(attempts int) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.MaxBackoff = attempts, maxBackoff
		o.RateLimiter = ratelimit.None // the number of attempts is the limit: a bucket shared by all requests would starve some
	})
}
