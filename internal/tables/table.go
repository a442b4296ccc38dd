package tables

import (
	"context"
	"sync"

	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Table is one table. It is safe for concurrent use.
type Table struct {
	name    string
	home    library
	observe telemetry.Observe

	expiring sync.Mutex    // two that expire the same snapshots would remove files under each other's eyes
	removing *sync.RWMutex // of the catalog: who holds it keeps files from being removed

	mu    sync.Mutex
	plans []*plan // the newest snapshots' files, newest last
}

// Name returns the table's name.
func (t *Table) Name() string { return t.name }

// Snapshot returns the table as it is now. A table without a commit has a Snapshot whose ID is 0.
func (t *Table) Snapshot(ctx context.Context) (*Snapshot, error) {
	now, err := t.home.newest(ctx, t.name)
	if err != nil {
		return nil, kind(err, "open table "+t.name)
	}
	return t.pin(now)
}

// begin returns the file system of one operation.
func (t *Table) begin(ctx context.Context) *session { return begin(ctx, t.home.files()) }
