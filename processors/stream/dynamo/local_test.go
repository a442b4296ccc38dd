//go:build integration

package dynamo_test

import (
	"crypto/rand"
	"testing"
	"time"

	items "github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/ingest/storetest"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/integration"
	"github.com/tarn-lake/tarn/processors/stream/dynamo"
)

func TestFeedOfDynamoDBLocal(t *testing.T) {
	t.Parallel()
	url := integration.DynamoDB(t)
	storetest.RunFeed(t, func(t testing.TB) storetest.Feed {
		const grain = time.Minute // of the component; the service itself tells the second
		since := time.Now().Truncate(grain)
		config, err := cloud.Load(t.Context(), cloud.Settings{Region: "eu-west-1", Endpoint: url, Key: rand.Text(), Secret: "secret"})
		if err != nil {
			t.Fatal(err)
		}
		client := items.Client(config)
		if err := items.Ensure(t.Context(), client, storetest.Tables(), items.EnsureOptions{}); err != nil {
			t.Fatal(err)
		}
		return storetest.Feed{
			Store: items.New(client, storetest.Tables(), items.Options{}), Since: since, Grain: grain, Poll: true,
			Feed: dynamo.New(config, map[string]string{storetest.Stream: "passes"}, dynamo.Options{Refresh: -1, Poll: 10 * time.Millisecond}),
		}
	})
}
