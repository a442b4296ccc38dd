// Package tables is the lake's Iceberg tables: they are opened, pinned at a snapshot, planned file by file, and committed
// to together with the watermarks of what the commit holds. It is the one place that knows the table library.
package tables

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"

	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
	"github.com/tarn-lake/tarn/internal/telemetry"
)

// Options tunes a catalog. The zero Options work.
type Options struct {
	// Before, where set, is called before each step that touches the disk: "open", "create", "sync", "sync folder",
	// "publish", "remove", "stat", "list"; and "answer" when a commit is there but its caller does not know yet. Its
	// error is taken for the disk's own.
	Before func(step, name string) error
	// Observe, where set, is told of commits that other engines made: a Foreign each.
	Observe telemetry.Observe
}

// Catalog is the tables of one lake. It is safe for concurrent use.
type Catalog struct {
	home    library
	observe telemetry.Observe

	removing sync.RWMutex // held for reading by whoever removes files, for writing by whoever needs them all

	mu   sync.Mutex
	open map[string]*Table
}

// OpenFolder opens the tables under root, the folder of the bucket. The caller holds the data folder's lock until the
// catalog is no longer used. What a killed process left half done is removed.
func OpenFolder(ctx context.Context, root string, opts Options) (*Catalog, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("resolve %s: %w", root, err)
	}
	if err := os.MkdirAll(filepath.Join(abs, lake.TablesDir), 0o755); err != nil {
		return nil, kind(err, "create the tables' folder")
	}
	f := &folder{disk: &disk{folder: abs, before: opts.Before}, last: map[string]numbered{}}
	if err := f.clean(); err != nil {
		return nil, kind(err, "clean the tables' folder")
	}
	return newCatalog(f, opts), ctx.Err()
}

func newCatalog(h home, opts Options) *Catalog {
	c := &Catalog{home: library{h}, observe: opts.Observe, open: map[string]*Table{}}
	if c.observe == nil {
		c.observe = telemetry.Discard
	}
	return c
}

func (c *Catalog) table(name string) *Table {
	return &Table{name: name, home: c.home, observe: c.observe, removing: &c.removing}
}

// Path returns the local file of a location in the lake. Of a lake in a bucket it is where a copy of the file belongs.
func (c *Catalog) Path(url string) (string, error) {
	key, err := keyOf(c.home.files(), url)
	if err != nil {
		return "", err
	}
	return c.home.files().local(key), nil
}

// Names returns the name of every table that exists, sorted.
func (c *Catalog) Names(ctx context.Context) ([]string, error) {
	names, err := c.home.names(ctx)
	slices.Sort(names)
	return names, kind(err, "list the tables")
}

// Table opens the table, or creates it. Columns that the schema has gained are added; a table whose field ids, names or
// types differ from the spec's is Invalid, because its files would be read wrongly. One *Table is shared by all callers.
func (c *Catalog) Table(ctx context.Context, spec Spec) (*Table, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.ensure(ctx, spec); err != nil {
		return nil, err
	}
	t := c.open[spec.Name]
	if t == nil {
		t = c.table(spec.Name)
		c.open[spec.Name] = t
	}
	return t, nil
}

// Existing opens the table as it is, NotFound where there is none.
func (c *Catalog) Existing(ctx context.Context, name string) (*Table, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.open[name]; t != nil {
		return t, nil
	}
	if _, err := c.home.newest(ctx, name); err != nil {
		return nil, kind(err, "open table "+name)
	}
	c.open[name] = c.table(name)
	return c.open[name], nil
}

// Newest returns the newest snapshot of a table, nil where there is no such table.
func (c *Catalog) Newest(ctx context.Context, name string) (*Snapshot, error) {
	t, err := c.Existing(ctx, name)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return t.Snapshot(ctx)
}

func (c *Catalog) ensure(ctx context.Context, spec Spec) error {
	have, err := c.home.newest(ctx, spec.Name)
	if errors.Is(err, catalog.ErrNoSuchTable) {
		err = c.create(ctx, spec)
		if err == nil || !errors.Is(err, table.ErrCommitFailed) {
			return kind(err, "create table "+spec.Name)
		}
		have, err = c.home.newest(ctx, spec.Name) // somebody else was first
	}
	if err != nil {
		return kind(err, "open table "+spec.Name)
	}
	return c.evolve(ctx, spec, have)
}

func (c *Catalog) create(ctx context.Context, spec Spec) error {
	meta, err := spec.metadata(c.home.files().root())
	if err != nil {
		return err
	}
	return c.home.create(ctx, spec.Name, meta)
}

// evolve compares the table with the spec and adds the columns it lacks.
func (c *Catalog) evolve(ctx context.Context, spec Spec, have version) error {
	meta := have.meta
	parts, err := spec.partitionSpec()
	if err != nil {
		return err
	}
	if current := meta.PartitionSpec(); !current.CompatibleWith(parts) {
		return fault.New(fault.Invalid, "table %s is divided by %s and the schema asks for %s; write a new table instead", spec.Name, &current, parts)
	}
	schema := meta.CurrentSchema()
	merged, grew, err := reconcile(spec.Name, "", schema.Fields(), fields(spec.Columns), meta.LastColumnID())
	if err != nil || !grew {
		return err
	}
	_, err = c.home.commit(ctx, spec.Name,
		[]table.Requirement{table.AssertTableUUID(meta.TableUUID()), table.AssertCurrentSchemaID(schema.ID)},
		[]table.Update{table.NewAddSchemaUpdate(iceberg.NewSchema(schema.ID+1, merged...)), table.NewSetCurrentSchemaUpdate(-1)})
	return kind(err, "add columns to table "+spec.Name)
}
