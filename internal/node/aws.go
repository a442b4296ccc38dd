package node

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/dynamo"
	"github.com/tarn-lake/tarn/internal/blob/mirror"
	"github.com/tarn-lake/tarn/internal/blob/s3"
	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/tables"
	feed "github.com/tarn-lake/tarn/processors/stream/dynamo"
)

// openDynamoDB opens the tables, and makes those that are not there. The service removes what has expired and forgets
// old changes by itself, and it gives every change its own time.
func (n *Node) openDynamoDB(ctx context.Context) error {
	c, err := cloud.Load(ctx, cloud.Settings{Endpoint: n.home.Endpoint})
	if err != nil {
		return err
	}
	deployed, err := n.home.Deployed()
	if err != nil {
		return fmt.Errorf("read the names of the tables: %w", err)
	}
	client, all := dynamo.Client(c), ingest.Tables(n.registry)
	there := slices.Clone(all)
	for i := range there {
		there[i].Name = deployed.Of(there[i].Name)
	}
	if err := dynamo.Ensure(ctx, client, there, dynamo.EnsureOptions{PointInTime: n.home.Endpoint == ""}); err != nil {
		return fmt.Errorf("open DynamoDB: %w", err)
	}
	of := map[string]string{}
	for _, t := range all {
		if t.Stream != "" {
			of[t.Stream] = deployed.Of(t.Name)
		}
	}
	n.store, n.feed, n.feedKeeps = dynamo.New(client, all, dynamo.Options{Deployed: deployed.Of}), feed.New(c, of, feed.Options{}), feed.Keeps
	return nil
}

// openBucket opens a lake in a bucket whose tables are in Glue, and the copies of its files that questions read.
func (n *Node) openBucket(ctx context.Context) error {
	c, err := cloud.Load(ctx, cloud.Settings{Endpoint: n.home.LakeURL})
	if err != nil {
		return err
	}
	name, prefix := n.home.Bucket()
	bucket := s3.Open(s3.Client(c), name, s3.Options{Prefix: prefix})
	if err := bucket.Check(ctx); err != nil {
		return fmt.Errorf("open the lake: %w", err)
	}
	if n.copies, err = mirror.Open(n.folder.Path("copies"), bucket, int64(n.settings.CacheMB)<<20); err != nil {
		return err
	}
	if c, err = cloud.Load(ctx, cloud.Settings{Endpoint: n.home.CatalogURL}); err != nil {
		return err
	}
	at := tables.Place{Database: n.home.Database, Root: "s3://" + name + "/" + bucket.Prefix(), Objects: bucket, Mirror: n.copies.Root()}
	if n.catalog, err = tables.OpenGlue(ctx, glue.NewFromConfig(c), at, n.tableOptions()); err != nil {
		return fmt.Errorf("open the tables: %w", err)
	}
	n.files = bucket
	return nil
}

// Homes says in words where records and the lake are; empty where all is in the data folder.
func (n *Node) Homes() string {
	if n.home.Lake == "" && n.past != nil {
		return ""
	}
	return spelled(n.home)
}
