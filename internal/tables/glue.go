package tables

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"
	"sync"

	"github.com/apache/iceberg-go/catalog"
	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/google/uuid"

	"github.com/tarn-lake/tarn/internal/cloud"
	"github.com/tarn-lake/tarn/internal/fault"
	"github.com/tarn-lake/tarn/internal/lake"
)

// Place is where a lake on AWS is.
type Place struct {
	Database string  // of Glue
	Root     string  // what locations in metadata begin with: s3://<bucket>/ and perhaps a folder
	Objects  Objects // what lies below Root
	Mirror   string  // the folder for copies of files on this machine; empty where nobody reads them locally
}

// OpenGlue opens the tables of a Glue database, which is created with the first table. The client's own retries are not
// used: after one, a lost answer would look like somebody else's commit.
func OpenGlue(ctx context.Context, client *sdk.Client, at Place, opts Options) (*Catalog, error) {
	if !strings.HasPrefix(at.Root, "s3://") || !strings.HasSuffix(at.Root, "/") || at.Database == "" {
		return nil, fault.New(fault.Invalid, "a lake on AWS needs a Glue database and a root such as s3://my-lake/, not %q and %q", at.Database, at.Root)
	}
	b := &bucket{objects: at.Objects, at: at.Root, mirror: at.Mirror, before: opts.Before}
	return newCatalog(&glue{bucket: b, client: client, database: at.Database, last: map[string]version{}}, opts), ctx.Err()
}

// glue is the catalog of a Glue database. Each table's entry names the file of its newest metadata, and is changed only
// if it has the version that was read before: Glue's own optimistic lock.
type glue struct {
	bucket   *bucket
	client   *sdk.Client
	database string

	mu   sync.Mutex
	last map[string]version // newest known, by table; a file of metadata never changes
}

var _ home = (*glue)(nil)

// The parameters by which engines know an Iceberg table in Glue.
const (
	paramType     = "table_type"
	paramLocation = "metadata_location"
	paramPrevious = "previous_metadata_location"
	typeIceberg   = "ICEBERG"
)

func once(o *sdk.Options) { o.RetryMaxAttempts, o.Retryer = 1, aws.NopRetryer{} }

func (g *glue) files() storage { return g.bucket }

// entry returns Glue's entry of a table.
func (g *glue) entry(ctx context.Context, name string) (*types.Table, error) {
	if err := g.bucket.step("stat", name); err != nil {
		return nil, err
	}
	out, err := g.client.GetTable(ctx, &sdk.GetTableInput{DatabaseName: &g.database, Name: &name})
	var missing *types.EntityNotFoundException
	switch {
	case errors.As(err, &missing):
		return nil, fmt.Errorf("%w: %s.%s", catalog.ErrNoSuchTable, g.database, name)
	case err != nil:
		return nil, cloud.Kind(err, "ask Glue for table "+g.database+"."+name)
	case !strings.EqualFold(out.Table.Parameters[paramType], typeIceberg) || out.Table.Parameters[paramLocation] == "":
		return nil, fault.New(fault.Invalid, "table %s.%s in Glue is not an Iceberg table: drop it, or choose another database", g.database, name)
	}
	return out.Table, nil
}

func (g *glue) newest(ctx context.Context, name string) (version, error) {
	entry, err := g.entry(ctx, name)
	if err != nil {
		return version{}, err
	}
	return g.load(ctx, name, entry)
}

// load returns the metadata that an entry names, from memory where it is the newest known.
func (g *glue) load(ctx context.Context, name string, entry *types.Table) (version, error) {
	location := entry.Parameters[paramLocation]
	g.mu.Lock()
	known := g.last[name]
	g.mu.Unlock()
	if known.location == location {
		return known, nil
	}
	key, err := keyOf(g.bucket, location)
	if err != nil {
		return version{}, err
	}
	text, err := g.bucket.read(ctx, key)
	if err != nil {
		return version{}, err
	}
	meta, err := parse(name, location, "set "+paramLocation+" of its entry in Glue to "+paramPrevious, text)
	if err != nil {
		return version{}, err
	}
	return g.remember(name, version{location, meta}), nil
}

func (g *glue) remember(name string, v version) version {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.last[name] = v
	return v
}

// write writes metadata under a name that nobody else takes. Where the commit fails, it is an orphan: it may also be the
// newest metadata, if only the answer was lost.
func (g *glue) write(ctx context.Context, name string, number int, meta table.Metadata) (version, error) {
	text, meta, err := written(meta)
	if err != nil {
		return version{}, err
	}
	key := fmt.Sprintf("%s/%s/%s/%05d-%s.metadata.json", lake.TablesDir, name, metadataDir, number, uuid.NewString())
	v := version{g.bucket.at + key, meta}
	return v, begin(ctx, g.bucket).WriteFile(v.location, text)
}

// number returns the number that follows the metadata's.
func number(location string) int {
	n := 0
	if m := numbers.FindStringSubmatch(location); m != nil {
		_, _ = fmt.Sscanf(m[1], "%d", &n) // it is digits
	}
	return n + 1
}

var numbers = regexp.MustCompile(`/v?(\d{1,9})[^/]*\.metadata\.json$`)

func (g *glue) create(ctx context.Context, name string, meta table.Metadata) error {
	v, err := g.write(ctx, name, 0, meta)
	if err != nil {
		return err
	}
	input := describe(name, v, nil)
	create := func() error {
		if err := g.bucket.step("publish", name); err != nil {
			return err
		}
		_, err := g.client.CreateTable(ctx, &sdk.CreateTableInput{DatabaseName: &g.database, TableInput: input}, once)
		return err
	}
	err = create()
	var missing *types.EntityNotFoundException
	if errors.As(err, &missing) {
		if err = g.createDatabase(ctx); err == nil {
			err = create()
		}
	}
	var exists *types.AlreadyExistsException
	if errors.As(err, &exists) {
		return fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
	}
	return cloud.Kind(err, "create table "+g.database+"."+name+" in Glue")
}

func (g *glue) createDatabase(ctx context.Context) error {
	_, err := g.client.CreateDatabase(ctx, &sdk.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{
		Name: &g.database, LocationUri: aws.String(g.bucket.at + lake.TablesDir),
	}})
	var exists *types.AlreadyExistsException
	if errors.As(err, &exists) { // somebody else was first
		return nil
	}
	return cloud.Kind(err, "create database "+g.database+" in Glue")
}

func (g *glue) commit(ctx context.Context, name string, reqs []table.Requirement, updates []table.Update) (version, error) {
	entry, err := g.entry(ctx, name)
	if err != nil {
		return version{}, err
	}
	if aws.ToString(entry.VersionId) == "" {
		return version{}, fault.New(fault.Internal, "Glue does not tell the version of table %s.%s: commits would overwrite each other", g.database, name)
	}
	current, err := g.load(ctx, name, entry)
	if err != nil {
		return version{}, err
	}
	meta, err := next(current, reqs, updates)
	if err != nil {
		return version{}, err
	}
	v, err := g.write(ctx, name, number(current.location), meta)
	if err != nil {
		return version{}, err
	}
	return v, g.publish(ctx, name, v, entry)
}

func (g *glue) publish(ctx context.Context, name string, v version, entry *types.Table) error {
	if err := g.bucket.step("publish", name); err != nil {
		return err
	}
	_, err := g.client.UpdateTable(ctx, &sdk.UpdateTableInput{
		DatabaseName: &g.database, TableInput: describe(name, v, entry), VersionId: entry.VersionId, SkipArchive: aws.Bool(true),
	}, once)
	var conflict *types.ConcurrentModificationException
	if errors.As(err, &conflict) {
		return fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
	}
	if err != nil {
		return cloud.Kind(err, "commit to table "+g.database+"."+name+" in Glue")
	}
	g.remember(name, v)
	return g.bucket.step("answer", name)
}

// settled implements home: what a bucket and Glue have answered is durable.
func (g *glue) settled(context.Context, string) error { return nil }

func (g *glue) names(ctx context.Context) ([]string, error) {
	var all []string
	pages := sdk.NewGetTablesPaginator(g.client, &sdk.GetTablesInput{DatabaseName: &g.database})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var missing *types.EntityNotFoundException
		if errors.As(err, &missing) { // the database comes with its first table
			return nil, nil
		}
		if err != nil {
			return nil, cloud.Kind(err, "list the tables of "+g.database+" in Glue")
		}
		for _, t := range page.TableList {
			if strings.EqualFold(t.Parameters[paramType], typeIceberg) {
				all = append(all, aws.ToString(t.Name))
			}
		}
	}
	return all, nil
}

// parameters returns what an entry says of a table: what others have put there stays, but for copies of the table's own
// properties, which some engines make. They are never removed again, and Glue takes only so much.
func parameters(v version, before *types.Table) map[string]string {
	all := map[string]string{}
	if before != nil {
		maps.Copy(all, before.Parameters)
		all[paramPrevious] = all[paramLocation]
	}
	maps.DeleteFunc(all, func(name, _ string) bool {
		_, ours := v.meta.Properties()[name]
		return ours || strings.HasPrefix(name, "tarn.")
	})
	all[paramType], all[paramLocation] = typeIceberg, v.location
	return all
}
