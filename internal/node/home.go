package node

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/processors/commit"
	"github.com/tarn-lake/tarn/processors/compact"
)

// keeper looks after a store: what has expired goes, and the change feed forgets what is older than its retention.
type keeper interface {
	SweepTTL(ctx context.Context, now time.Time) (int, error)
	Trim(ctx context.Context, now time.Time) (records int, err error)
}

// past is a store that takes changes as if they had been made earlier.
type past interface {
	WriteBulk(ctx context.Context, writes []embedded.Bulk) error
}

// files is the objects of the lake.
type files interface {
	commit.Files
	compact.Files
}

// openStore opens the store of records and its change feed.
func (n *Node) openStore(context.Context) error {
	s, err := embedded.Open(n.folder.Path("store"), append(ingest.Tables(n.registry), stateDefinition), embedded.Options{
		Shards: n.settings.Shards, MinFree: reserve(n.settings.ReserveMB),
	})
	if err != nil {
		return fmt.Errorf("open the store: %w", err)
	}
	n.closers = append(n.closers, s.Close)
	n.store, n.feed, n.keeper, n.past = s, s, s, s
	return nil
}

// reserve returns the room below which the store refuses writes. To the store 0 means its own choice, to people none.
func reserve(mb int) int64 {
	if mb <= 0 {
		return -1
	}
	return int64(mb) << 20
}

// openFiles opens the objects of the lake and the catalog of its tables.
func (n *Node) openFiles(ctx context.Context) (err error) {
	if n.files, err = dir.Open(n.folder.Path("lake")); err != nil {
		return fmt.Errorf("open the lake: %w", err)
	}
	if n.catalog, err = tables.OpenFolder(ctx, n.folder.Path("lake"), n.tableOptions()); err != nil {
		return fmt.Errorf("open the tables: %w", err)
	}
	return nil
}

// tableOptions makes what other engines do to our tables a warning.
func (n *Node) tableOptions() tables.Options {
	return tables.Options{Before: n.faultHook("table"), Observe: telemetry.Fan(n.meters.observe, telemetry.Logged(n.log, slog.LevelWarn))}
}
