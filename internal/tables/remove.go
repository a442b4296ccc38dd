package tables

import (
	"context"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"github.com/tarn-lake/tarn/internal/fault"
)

// Remove takes whole files out of the table, rows and all; no file is read or written but metadata. Incremental readers
// see a change. The files go when the snapshots that have them expire. Errors are those of Append.
func (t *Table) Remove(ctx context.Context, base *Snapshot, old []File, u Update) (*Snapshot, error) {
	if len(old) == 0 {
		return nil, fault.New(fault.Invalid, "a commit to table %s removes no file", t.name)
	}
	return t.commit(ctx, base, u, func(tx *table.Transaction, s *session, summary iceberg.Properties) error {
		gone, err := base.entries(s, old)
		if err != nil {
			return err
		}
		return tx.ReplaceDataFilesWithDataFiles(ctx, gone, nil, summary)
	})
}
