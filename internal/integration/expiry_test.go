//go:build integration

package integration_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/tables"
)

// TestExpiryOfDynamoDBLocal lets DynamoDB Local remove items by their time to live: each of them is in the history once,
// as expired and not as removed, and in the current state no more.
func TestExpiryOfDynamoDBLocal(t *testing.T) {
	t.Parallel()
	// DynamoDB Local looks at twenty items, those that stay among them, and then rests for ten seconds: a large table costs minutes.
	const expiring = 20
	p := newPolled(t, 30)
	past := &types.AttributeValueMemberN{Value: strconv.FormatInt(time.Now().Add(-time.Hour).Unix(), 10)}
	var gone []string
	for i := range expiring {
		key := fmt.Sprintf("expiring-%03d", i)
		item := maps.Clone(p.last)
		item["id"], item[ttl] = &types.AttributeValueMemberS{Value: key}, past
		p.put(t, item)
		gone = append(gone, key)
	}
	root := t.TempDir()
	files, err := dir.Open(root)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := tables.OpenFolder(t.Context(), root, tables.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := newSide(t, files, catalog)
	began, expired, changes := time.Now(), 0, 0
	p.follow(t, s.lander, func(l *lake.Landed) bool {
		expired, changes = expired+l.Expired, changes+int(l.Records)
		return expired >= expiring
	})
	t.Logf("SUMMARY time to live: %d of %d changes are items that DynamoDB Local removed within %s", expired, changes, time.Since(began).Round(time.Second))
	if _, err := s.committer.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.keep(t)
	if diff := cmp.Diff(gone, s.keys(t, s.history.Changes, "expire")); diff != "" {
		t.Errorf("the expired keys of the history (-want +got):\n%s", diff)
	}
	for _, key := range s.keys(t, s.history.Base, "insert", "modify") {
		if slices.Contains(gone, key) {
			t.Errorf("the current state still has %s", key)
		}
	}
}

// keys returns the keys of a table's rows of these operations, sorted, as parquet-go reads them.
func (s *side) keys(t *testing.T, table *tables.Table, ops ...string) (keys []string) {
	t.Helper()
	now, err := table.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := now.Files(t.Context(), tables.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		body, err := s.files.Get(t.Context(), strings.TrimPrefix(f.URL, lake.URL("")))
		if err != nil {
			t.Fatal(err)
		}
		type row struct {
			Op string `parquet:"_op"`
			ID string `parquet:"id"`
		}
		rows, err := parquet.Read[row](bytes.NewReader(body), int64(len(body)))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if slices.Contains(ops, r.Op) {
				keys = append(keys, r.ID)
			}
		}
	}
	slices.Sort(keys)
	return keys
}
