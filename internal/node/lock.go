package node

import (
	"context"
	"path/filepath"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/telemetry"
	"github.com/tarn-lake/tarn/schemas"
)

// lockSchemas keeps the lock files beside dataset files of one's own: new columns get ids that were never given before,
// and a dataset without a lock file takes those of its table. The built-in datasets have their locks in the program. A
// folder that cannot be written is no reason not to start: the tables refuse what does not fit them.
func (n *Node) lockSchemas(ctx context.Context) error {
	if n.settings.Schemas == "" {
		return nil
	}
	dir, err := filepath.Abs(n.settings.Schemas)
	if err != nil {
		return err
	}
	wrote := false
	for _, d := range n.registry.Datasets() {
		ids, err := n.tableIDs(ctx, d)
		if err != nil {
			return err
		}
		did, err := schemas.WriteLock(dir, d, ids)
		if err != nil {
			n.log.WarnContext(ctx, "the field ids of a dataset are not kept beside it", telemetry.Dataset, d.Name, telemetry.Err, err)
		}
		wrote = wrote || did
	}
	if wrote {
		n.registry, err = LoadSchemas(n.settings.Schemas)
	}
	return err
}

// tableIDs returns the ids that the tables of a dataset without a lock file have given; nil where there are none.
func (n *Node) tableIDs(ctx context.Context, d *schemas.Dataset) (map[string]map[string]int, error) {
	if d.IDs != nil {
		return nil, nil
	}
	var all map[string]map[string]int
	for _, name := range []string{d.ChangesTable(), d.BaseTable()} {
		ids, err := n.catalog.FieldIDs(ctx, name)
		switch {
		case fault.Is(err, fault.NotFound):
			continue
		case err != nil:
			return nil, err
		case all == nil:
			all = map[string]map[string]int{}
		}
		all[name] = ids
	}
	return all, nil
}
