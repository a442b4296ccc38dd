package tables

import "github.com/tarn-lake/tarn/schemas"

// Changes returns what the dataset's history is.
func Changes(d *schemas.Dataset) Spec {
	sort := append(append([]string{}, d.Sort...), schemas.ColAt, schemas.ColSeq)
	return Spec{Name: d.ChangesTable(), Columns: d.ChangeColumns(), Partition: ByDateAndRegion(), Sort: sort}
}

// Quarantine returns what the table of undecodable records is.
func Quarantine() Spec {
	return Spec{Name: schemas.QuarantineTable, Columns: schemas.QuarantineColumns(), Partition: ByDateAndRegion(), Sort: []string{schemas.ColAt, schemas.ColSeq}}
}

// Heartbeats returns what the table of heartbeats is.
func Heartbeats() Spec {
	return Spec{Name: schemas.HeartbeatTable, Columns: schemas.HeartbeatColumns(), Partition: ByDateAndRegion(), Sort: []string{schemas.ColAt, schemas.ColSeq}}
}

// Ledger returns what the table of the stories of commits is.
func Ledger() Spec {
	return Spec{Name: schemas.LedgerTable, Columns: schemas.LedgerColumns(), Partition: ByDateAndRegion(), Sort: []string{"table", "commit", schemas.ColLane}}
}
