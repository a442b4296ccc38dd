package tables

import (
	"fmt"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/schemas"
)

// Spec is what a table is to be.
type Spec struct {
	Name      string
	Columns   []schemas.Column // with their field ids
	Partition Partition
	Sort      []string // columns that its files are sorted by, as a hint to engines; may be empty
}

// Partition is how a table's files are divided. The zero Partition divides nothing.
type Partition struct {
	key     string
	buckets int
	days    bool
}

// ByDateAndRegion divides by the dt and region columns, as histories are.
func ByDateAndRegion() Partition { return Partition{days: true} }

// ByBucket divides by a hash of the key column into n parts, as current state is.
func ByBucket(key string, n int) Partition { return Partition{key: key, buckets: n} }

// Bucket returns the part, from 0 to n-1, that a text key falls into: Iceberg's own hash, so engines agree.
func Bucket(key string, n int) int {
	hashed := iceberg.BucketTransform{NumBuckets: n}.Apply(iceberg.Optional[iceberg.Literal]{Val: iceberg.NewLiteral(key), Valid: true})
	return int(hashed.Val.(iceberg.Int32Literal))
}

const (
	fieldDt     = iceberg.PartitionDataIDStart
	fieldRegion = iceberg.PartitionDataIDStart + 1
	fieldBucket = iceberg.PartitionDataIDStart
)

func (s Spec) id(column string) (int, error) {
	for _, c := range s.Columns {
		if c.Name == column {
			return c.ID, nil
		}
	}
	return 0, fault.New(fault.Invalid, "table %s has no column %q to be divided or sorted by", s.Name, column)
}

func (s Spec) partitionSpec() (*iceberg.PartitionSpec, error) {
	var parts []iceberg.PartitionField
	add := func(id int, column, name string, t iceberg.Transform) error {
		source, err := s.id(column)
		parts = append(parts, iceberg.PartitionField{SourceIDs: []int{source}, FieldID: id, Name: name, Transform: t})
		return err
	}
	var err error
	switch {
	case s.Partition.days:
		if err = add(fieldDt, schemas.ColDate, schemas.ColDate, iceberg.IdentityTransform{}); err == nil {
			err = add(fieldRegion, schemas.ColRegion, schemas.ColRegion, iceberg.IdentityTransform{})
		}
	case s.Partition.buckets > 0:
		err = add(fieldBucket, s.Partition.key, s.Partition.key+"_bucket", iceberg.BucketTransform{NumBuckets: s.Partition.buckets})
	}
	if err != nil {
		return nil, err
	}
	spec := iceberg.NewPartitionSpec(parts...)
	return &spec, nil
}

func (s Spec) sortOrder() (*table.SortOrder, error) {
	if len(s.Sort) == 0 {
		unsorted := table.UnsortedSortOrder // a copy, because the builder writes an id into what it is given
		return &unsorted, nil
	}
	var by []table.SortField
	for _, column := range s.Sort {
		id, err := s.id(column)
		if err != nil {
			return nil, err
		}
		by = append(by, table.SortField{SourceIDs: []int{id}, Transform: iceberg.IdentityTransform{}, Direction: table.SortASC, NullOrder: table.NullsFirst})
	}
	order, err := table.NewSortOrder(1, by)
	return &order, err
}

// metadata returns the first metadata of a new table in a lake whose locations begin with root. It is built step by step because the library's short way gives the
// columns field ids of its own.
func (s Spec) metadata(root string) (table.Metadata, error) {
	spec, err := s.partitionSpec()
	if err != nil {
		return nil, err
	}
	order, err := s.sortOrder()
	if err != nil {
		return nil, err
	}
	b, err := table.NewMetadataBuilder(2)
	if err != nil {
		return nil, err
	}
	const lastAdded = -1
	for _, step := range []func() error{
		func() error { return b.SetUUID(uuid.New()) },
		func() error { return b.AddSchema(iceberg.NewSchema(0, fields(s.Columns)...)) },
		func() error { return b.SetCurrentSchemaID(lastAdded) },
		func() error { return b.AddSortOrder(order) },
		func() error { return b.SetDefaultSortOrderID(lastAdded) },
		func() error { return b.AddPartitionSpec(spec, true) },
		func() error { return b.SetDefaultSpecID(lastAdded) },
		func() error { return b.SetLoc(root + lake.TablesDir + "/" + s.Name) },
		func() error { return b.SetProperties(properties()) },
	} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("describe table %s: %w", s.Name, err)
		}
	}
	return b.Build()
}

func properties() iceberg.Properties {
	return iceberg.Properties{
		// A lost answer must never be repeated blindly.
		table.CommitNumRetriesKey: "0",
		// Metadata must not grow with the number of commits.
		table.MetadataDeleteAfterCommitEnabledKey: "true",
		table.MetadataPreviousVersionsMaxKey:      "20",
		table.ManifestMergeEnabledKey:             "true",
		table.ManifestMinMergeCountKey:            "32",
		table.ManifestTargetSizeBytesKey:          "2097152",
		lake.PropCommit:                           "0",
	}
}
