package heartbeat

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// Table is a table whose stream heartbeats come through.
type Table struct {
	Name   string // as the schemas call it
	Stream string
	Key    Key
}

// Key names the key attributes of a table and says their kinds: record.S, record.N or record.B.
type Key struct {
	Partition, Sort         string // an empty Sort: none
	PartitionKind, SortKind record.Kind
}

// Tables returns the tables of the registry that have a stream, by name.
func Tables(registry *schemas.Registry) []Table {
	var all []Table
	for _, ds := range registry.Datasets() {
		if ds.Key.IsZero() || ds.Table == "" || ds.Stream == "" || slices.ContainsFunc(all, func(t Table) bool { return t.Name == ds.Table }) {
			continue // datasets told apart by a discriminator share a table
		}
		k := Key{Partition: ds.Key.Partition, PartitionKind: ds.KeyKind(ds.Key.Partition), Sort: ds.Key.Sort}
		if k.Sort != "" {
			k.SortKind = ds.KeyKind(k.Sort)
		}
		all = append(all, Table{Name: ds.Table, Stream: ds.Stream, Key: k})
	}
	slices.SortFunc(all, func(a, b Table) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// Item returns the i-th heartbeat of a table: its key, and when it is written.
func Item(key Key, i int, now time.Time) (record.Item, error) {
	item := record.Item{record.Heartbeat: record.Sent(now)}
	for name, kind := range map[string]record.Kind{key.Partition: key.PartitionKind, key.Sort: key.SortKind} {
		if name == "" {
			continue
		}
		text := record.HeartbeatKey + strconv.Itoa(i)
		switch kind {
		case record.S:
			item[name] = record.Value{Kind: record.S, Text: text}
		case record.N: // below any number that counts something
			item[name] = record.Value{Kind: record.N, Text: strconv.FormatInt(math.MinInt64+int64(i), 10)}
		case record.B:
			item[name] = record.Value{Kind: record.B, Bytes: []byte(text)}
		default:
			return nil, fault.New(fault.Internal, "the key attribute %s has no kind that a key can have", name)
		}
	}
	return item, nil
}
