package warehouse_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tarn-lake/tarn/internal/feed"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/warehouse"
)

// A closed shard is read to its end once a child of it has begun to reach the lake, and not before.
func TestShardsThatWereReadToTheirEnd(t *testing.T) {
	t.Parallel()
	shards := []feed.Shard{
		{Label: "l", ID: "root", Closed: true}, {Label: "l", ID: "left", Parents: []string{"root"}, Closed: true}, {Label: "l", ID: "right", Parents: []string{"root"}},
		{Label: "l", ID: "leaf", Parents: []string{"left"}},
	}
	for _, c := range []struct {
		name  string
		marks lake.Watermarks
		want  []string
	}{
		{"nothing has come", nil, nil},
		{"no child has begun", lake.Watermarks{"l/root": {Seq: "5"}}, nil},
		{"one child has begun", lake.Watermarks{"l/root": {Seq: "5"}, "l/right": {Seq: "6"}}, []string{"l/root"}},
		{"known already", lake.Watermarks{"l/root": {Seq: "5", Done: true}, "l/right": {Seq: "6"}}, nil},
		{"a whole line", lake.Watermarks{"l/root": {Seq: "5"}, "l/left": {Seq: "6"}, "l/leaf": {Seq: "7"}}, []string{"l/root", "l/left"}},
		{"an open shard stays", lake.Watermarks{"l/right": {Seq: "6"}, "l/leaf": {Seq: "7"}}, nil},
		{"a shard of which nothing came", lake.Watermarks{"l/right": {Seq: "6"}}, nil},
	} {
		if diff := cmp.Diff(c.want, warehouse.ReadToEnd(shards, c.marks)); diff != "" {
			t.Errorf("%s:\n%s", c.name, diff)
		}
	}
}
