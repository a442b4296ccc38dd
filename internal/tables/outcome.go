package tables

import (
	"errors"
	"fmt"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
)

// kind names why the disk or the library refused. An error that has a kind already keeps it.
func kind(err error, doing string) error {
	var known *fault.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, catalog.ErrNoSuchTable):
		return fault.Wrap(fault.NotFound, err, "%s: there is no such table", doing)
	case errors.Is(err, table.ErrCommitFailed), errors.Is(err, table.ErrCommitDiverged):
		return fault.Wrap(fault.Conflict, err, "%s: another commit was first", doing)
	case fault.Disk(err) == fault.Full:
		return fault.Wrap(fault.Full, err, "%s: the disk is full; free some room", doing)
	case fault.Disk(err) == fault.ReadOnly:
		return fault.Wrap(fault.ReadOnly, err, "%s: the data folder cannot be written; check its owner and mount", doing)
	default:
		return cloud.Kind(err, doing)
	}
}
