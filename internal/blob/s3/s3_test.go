//go:build integration

package s3_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tarn-lake/tarn/internal/blob/blobtest"
	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/integration"
)

// TestBucket holds a bucket to what a folder is held to.
func TestBucket(t *testing.T) {
	t.Parallel()
	client := connect(t, integration.S3(t).Endpoint, integration.Key, integration.Secret)
	var buckets atomic.Int32
	t.Run("suite", func(t *testing.T) {
		blobtest.Run(t, func(t *testing.T) blobtest.Store {
			return s3.Open(client, bucket(t, client, fmt.Sprintf("suite-%d", buckets.Add(1))), s3.Options{Prefix: "some/where"})
		})
	})
}

// What a real service answers to those who may not, or to the wrong place.
func TestBucketRefuses(t *testing.T) {
	t.Parallel()
	endpoint := integration.S3(t).Endpoint
	client := connect(t, endpoint, integration.Key, integration.Secret)
	bucket(t, client, "ours")
	rows := []struct {
		name string
		open *s3.Bucket
		says string
	}{
		{"no such bucket", s3.Open(client, "nobodys", s3.Options{}), "bucket nobodys does not exist: create it"},
		{"an unknown key", s3.Open(connect(t, endpoint, "stranger", "x"), "ours", s3.Options{}), "check AWS_ACCESS_KEY_ID"},
		{"a wrong secret", s3.Open(connect(t, endpoint, integration.Key, "x"), "ours", s3.Options{}), "check AWS_ACCESS_KEY_ID"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for doing, do := range map[string]func() error{
				"check": func() error { return row.open.Check(t.Context()) },
				"put":   func() error { return row.open.Put(t.Context(), "k", []byte("x")) },
				"get":   func() error { _, err := row.open.Get(t.Context(), "k"); return err },
				"list":  func() error { _, err := row.open.List(t.Context(), ""); return err },
				"move":  func() error { return row.open.Move(t.Context(), "k", "l") },
				"open":  func() error { _, _, err := row.open.Open(t.Context(), "k"); return err },
			} {
				if err := do(); !fault.Is(err, fault.ReadOnly) || !strings.Contains(err.Error(), row.says) {
					t.Errorf("%s: got %v, want it to say %q", doing, err, row.says)
				}
			}
		})
	}
}

func connect(t *testing.T, endpoint, key, secret string) *awss3.Client {
	t.Helper()
	c, err := cloud.Load(t.Context(), cloud.Settings{Region: integration.Region, Endpoint: endpoint, Key: key, Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	return s3.Client(c)
}

func bucket(t *testing.T, client *awss3.Client, name string) string {
	t.Helper()
	if _, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
		t.Fatal(err)
	}
	return name
}
