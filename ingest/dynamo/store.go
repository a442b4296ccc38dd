// Package dynamo keeps items in DynamoDB, or in anything that speaks its protocol.
package dynamo

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
)

// DynamoDB's limits.
const (
	maxActions        = 100
	maxItemBytes      = 400 << 10
	maxPartitionBytes = 2048
	maxSortBytes      = 1024
	defaultLimit      = 100 // items in a page
)

// Client returns a client of DynamoDB. The SDK's own check of checksums is off: it reads the body of a refusal twice, finds
// nothing the second time, and says so in the log. The connection's own checks stay.
func Client(c aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(c, func(o *dynamodb.Options) { o.DisableValidateResponseChecksum = true })
}

// Options tune a Store. The zero value works.
type Options struct {
	// Tries is how often a transaction that met another one, or was slowed down, is tried before it is Transient; 0: 12.
	Tries int
	// Wait waits between tries; nil: a timer.
	Wait func(context.Context, time.Duration) error

	// Deployed returns the name of a table on AWS by its name in the schemas; nil: the same.
	Deployed func(name string) string
}

// Store is an ingest.Store in DynamoDB. It is safe for concurrent use.
//
// Gets, scans and queries of tables are strongly consistent; an index follows its table by a moment, as DynamoDB's do.
type Store struct {
	client *dynamodb.Client
	tables map[string]*ingest.Table
	opts   Options
}

// New returns the store of the tables, which must be there: Ensure makes and checks them. It asks nobody.
func New(client *dynamodb.Client, tables []ingest.Table, opts Options) *Store {
	if opts.Tries == 0 {
		opts.Tries = 12
	}
	if opts.Wait == nil {
		opts.Wait = wait
	}
	s := &Store{client: client, tables: map[string]*ingest.Table{}, opts: opts}
	for _, t := range tables {
		s.tables[t.Name] = &t
		if opts.Deployed != nil {
			t.Name = opts.Deployed(t.Name)
		}
	}
	return s
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Store) table(ctx context.Context, name string) (*ingest.Table, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, ok := s.tables[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "no table %s", name)
	}
	return t, nil
}

// key returns a key's attributes. One that is not of the table's kinds, or empty, is Invalid; one too long is Exceeded.
func key(t *ingest.Table, k ingest.Key) (record.Item, error) {
	item := record.Item{}
	for _, part := range []struct {
		name  string
		kind  record.Kind
		v     record.Value
		limit int
	}{{t.Key.Partition, t.Key.PartitionKind, k.Partition, maxPartitionBytes}, {t.Key.Sort, t.Key.SortKind, k.Sort, maxSortBytes}} {
		n := len(part.v.Text) + len(part.v.Bytes)
		switch {
		case part.name == "" && part.v.Kind == record.None:
			continue
		case part.name == "" || part.v.Kind != part.kind || n == 0:
			return nil, fault.New(fault.Invalid, "the key attribute %q of table %s is missing, empty or not of the kind %s", part.name, t.Name, part.kind)
		case n > part.limit:
			return nil, fault.New(fault.Exceeded, "the key attribute %q has %d bytes; the limit is %d", part.name, n, part.limit)
		}
		item[part.name] = part.v
	}
	return item, item.Check()
}
