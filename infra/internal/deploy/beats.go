package deploy

import (
	"fmt"

	"github.com/aws/jsii-runtime-go"
)

// What makes an item a heartbeat (docs/lake.md): the attribute, and how a key begins that is a text.
const (
	beatAttribute = "tarn_heartbeat"
	beatKeys      = "tarn_heartbeat#*"
)

// mayBeat lets a function write heartbeats into the tables that have a stream, and nothing else: an item has at most the
// attributes of its key and the heartbeat's own, and its key is a heartbeat's. So no record can be written, and none be
// written over. It learns which shards a stream has and reads none of them.
func mayBeat(s *site, f *function, store *database) {
	f.may("ListStreams knows no resources; who writes heartbeats asks which streams a table has.", []string{"dynamodb:ListStreams"}, jsii.String("*"))
	for _, t := range s.data.Tables {
		if t.Stream == "" {
			continue
		}
		table := store.tables[t.Name]
		attributes := []string{t.Key.Partition, beatAttribute}
		if t.Key.Sort != "" {
			attributes = append(attributes, t.Key.Sort)
		}
		only := map[string]any{"ForAllValues:StringEquals": map[string]any{"dynamodb:Attributes": attributes}}
		if t.Key.PartitionKind == Text { // what the condition compares with is written down for texts alone
			only["ForAllValues:StringLike"] = map[string]any{"dynamodb:LeadingKeys": []string{beatKeys}}
		}
		f.mayWhere(only, "", []string{"dynamodb:PutItem"}, table.TableArn())
		f.may("", []string{"dynamodb:DescribeStream"}, table.TableStreamArn())
	}
}

// everyMinutes is a schedule's expression.
func everyMinutes(n int) string {
	if n == 1 {
		return "rate(1 minute)"
	}
	return fmt.Sprintf("rate(%d minutes)", n)
}
