package deploy

import (
	"slices"
	"strings"

	"github.com/tarn-lake/tarn/internal/record"
	"github.com/tarn-lake/tarn/schemas"
)

// The kinds of key attributes.
const (
	Text   Kind = "S"
	Number Kind = "N"
	Bytes  Kind = "B"
)

// tables returns every table that the registry needs, by name. Datasets told apart by a discriminator share one.
func tables(r *schemas.Registry) []Table {
	all := []Table{{Name: idempotencyTable, TTL: idempotencyTTL, Key: Key{Partition: idempotencyKey, PartitionKind: Text}}}
	for _, ds := range r.Datasets() {
		if ds.Table == "" || ds.Key.IsZero() {
			continue // facts come from files
		}
		i := slices.IndexFunc(all, func(t Table) bool { return t.Name == ds.Table })
		if i < 0 {
			all = append(all, Table{Name: ds.Table, Stream: ds.Stream, TTL: ds.TTL, Key: key(ds, ds.Key.Partition, ds.Key.Sort)})
			i = len(all) - 1
		}
		for _, x := range ds.Indexes {
			if !slices.ContainsFunc(all[i].Indexes, func(have Index) bool { return have.Name == x.Name }) {
				all[i].Indexes = append(all[i].Indexes, Index{Name: x.Name, Key: key(ds, x.Partition, x.Sort)})
			}
		}
	}
	slices.SortFunc(all, func(a, b Table) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func key(ds *schemas.Dataset, partition, sort string) Key {
	k := Key{Partition: partition, PartitionKind: kind(ds, partition), Sort: sort}
	if sort != "" {
		k.SortKind = kind(ds, sort)
	}
	return k
}

// kind returns how DynamoDB holds a field.
func kind(ds *schemas.Dataset, name string) Kind {
	switch ds.KeyKind(name) {
	case record.N:
		return Number
	case record.B:
		return Bytes
	}
	return Text
}
