package node

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/tarn-lake/tarn/ingest"
	"github.com/tarn-lake/tarn/ingest/embedded"
	"github.com/tarn-lake/tarn/internal/blob/dir"
	"github.com/tarn-lake/tarn/internal/config"
	"github.com/tarn-lake/tarn/internal/tables"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/query/duckdb"
)

// openStore opens the store of records and its change feed.
func (n *Node) openStore(ctx context.Context) error {
	if n.home.Store == config.DynamoDB {
		return n.openDynamoDB(ctx)
	}
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
	if n.home.Lake != "" {
		return n.openBucket(ctx)
	}
	if n.files, err = dir.Open(n.folder.Path("lake")); err != nil {
		return fmt.Errorf("open the lake: %w", err)
	}
	if n.catalog, err = tables.OpenFolder(ctx, n.folder.Path("lake"), n.tableOptions()); err != nil {
		return fmt.Errorf("open the tables: %w", err)
	}
	return nil
}

// engineOptions says where the query engine finds the lake's files.
func (n *Node) engineOptions() duckdb.Options {
	o := duckdb.Options{MemoryMB: n.settings.QueryMemory, TempDir: n.folder.Path("temp"), Dirs: []string{n.folder.Path("lake")}}
	if n.opts.Shadowed != "" {
		o.Dirs = append(o.Dirs, filepath.Join(n.opts.Shadowed, "lake"))
	}
	if n.copies != nil {
		o.Dirs, o.Hold = []string{n.copies.Root()}, n.copies.Hold
	}
	return o
}

// tableOptions makes what other engines do to our tables a warning.
func (n *Node) tableOptions() tables.Options {
	return tables.Options{Before: n.faultHook("table"), Observe: telemetry.Fan(n.meters.observe, telemetry.Logged(n.log, slog.LevelWarn))}
}
