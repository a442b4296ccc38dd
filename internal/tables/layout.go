package tables

import "github.com/tarn-lake/tarn/schemas"

// Changes returns what the dataset's history is.
func Changes(d *schemas.Dataset) Spec {
	sort := append(append([]string{}, d.Sort...), schemas.ColAt, schemas.ColSeq)
	return Spec{Name: d.ChangesTable(), Columns: d.ChangeColumns(), Partition: ByDateAndRegion(), Sort: sort}
}

// Base returns what the dataset's current state as of some commit is, in that many buckets of its key.
func Base(d *schemas.Dataset, buckets int) Spec {
	return Spec{Name: d.BaseTable(), Columns: d.StateColumns(), Partition: ByBucket(d.Key.Partition, buckets), Sort: []string{d.Key.Partition}}
}

// Quarantine returns what the table of undecodable records is.
func Quarantine() Spec {
	return Spec{Name: schemas.QuarantineTable, Columns: schemas.QuarantineColumns(), Partition: ByDateAndRegion(), Sort: []string{schemas.ColAt, schemas.ColSeq}}
}
