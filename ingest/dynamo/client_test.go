package dynamo_test

import (
	"crypto/rand"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/internal/cloud"
)

var _ ingest.Store = (*dynamo.Store)(nil)

// mustClient returns a client whose tables nobody else sees: DynamoDB Local keeps those of each access key apart.
func mustClient(tb testing.TB, url string) *dynamodb.Client {
	tb.Helper()
	c, err := cloud.Load(tb.Context(), cloud.Settings{Region: "eu-west-1", Endpoint: url, Key: rand.Text(), Secret: "secret", Attempts: 3})
	if err != nil {
		tb.Fatal(err)
	}
	return dynamo.Client(c)
}
