//go:build integration

package dynamo_test

import (
	"testing"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/internal/integration"
)

func TestOnDynamoDBLocal(t *testing.T) {
	t.Parallel()
	url := integration.DynamoDB(t)
	storetest.Run(t, func(t testing.TB) ingest.Store {
		client := mustClient(t, url)
		if err := dynamo.Ensure(t.Context(), client, storetest.Tables(), dynamo.EnsureOptions{}); err != nil {
			t.Fatal(err)
		}
		return dynamo.New(client, storetest.Tables(), dynamo.Options{})
	})
}
