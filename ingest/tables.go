package ingest

import (
	"slices"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// IdempotencyTable is the reserved table that remembers the answers to creates with an idempotency key. It has no
// change feed, and its items expire.
const IdempotencyTable = "tarn_idempotency"

// The attributes of a remembered answer.
const (
	idemKey     = "id"
	idemBody    = "body"    // hash of what was asked
	idemRecord  = "record"  // the record that was answered
	idemExpires = "expires" // epoch second
)

// Tables returns every table that a service over the registry needs, by name.
func Tables(registry *schemas.Registry) []Table {
	all := []Table{{Name: IdempotencyTable, Key: TableKey{Partition: idemKey, PartitionKind: record.S}, TTL: idemExpires}}
	for _, ds := range registry.Datasets() {
		if ds.Key.IsZero() || ds.Table == "" || slices.ContainsFunc(all, func(t Table) bool { return t.Name == ds.Table }) {
			continue // datasets told apart by a discriminator share a table
		}
		all = append(all, table(ds))
	}
	slices.SortFunc(all, func(a, b Table) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return all
}

func table(ds *schemas.Dataset) Table {
	t := Table{Name: ds.Table, Stream: ds.Stream, TTL: ds.TTL, Key: tableKey(ds, ds.Key.Partition, ds.Key.Sort)}
	for _, i := range ds.Indexes {
		t.Indexes = append(t.Indexes, TableIndex{Name: i.Name, Key: tableKey(ds, i.Partition, i.Sort)})
	}
	return t
}

func tableKey(ds *schemas.Dataset, partition, sort string) TableKey {
	k := TableKey{Partition: partition, Sort: sort, PartitionKind: ds.KeyKind(partition)}
	if sort != "" {
		k.SortKind = ds.KeyKind(sort)
	}
	return k
}
