package tables

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/apache/iceberg-go/table"

	"github.com/tarn-lake/tarn/internal/fault"
)

// newestFormat is the newest version of Iceberg's table format that is read and written here.
const newestFormat = 2

// home is where the tables of a lake are kept: a catalog that knows each table's newest metadata, over a storage of files.
type home interface {
	files() storage
	// newest returns a table's newest version, catalog.ErrNoSuchTable where there is none.
	newest(ctx context.Context, name string) (version, error)
	// create publishes a table's first metadata, table.ErrCommitFailed where it exists.
	create(ctx context.Context, name string, meta table.Metadata) error
	// commit applies updates to the newest metadata if it meets the requirements. After table.ErrCommitFailed nothing of
	// it is there, unless an answer was lost; after any other error it may be there.
	commit(ctx context.Context, name string, reqs []table.Requirement, updates []table.Update) (version, error)
	// settled makes sure that the version which newest returned stays so, whatever happens to the machine.
	settled(ctx context.Context, name string) error
	// names returns every table, in any order.
	names(ctx context.Context) ([]string, error)
}

// version is a table's metadata at one moment, and the file that holds it.
type version struct {
	location string
	meta     table.Metadata
}

// library is a home as the table library wants it.
type library struct{ home }

var _ table.CatalogIO = library{}

// LoadTable implements table.CatalogIO.
func (l library) LoadTable(ctx context.Context, ident table.Identifier) (*table.Table, error) {
	v, err := l.newest(ctx, ident[0])
	if err != nil {
		return nil, err
	}
	return l.table(ident[0], v, begin(ctx, l.files())), nil
}

// CommitTable implements table.CatalogIO.
func (l library) CommitTable(ctx context.Context, ident table.Identifier, reqs []table.Requirement, updates []table.Update) (table.Metadata, string, error) {
	v, err := l.commit(ctx, ident[0], reqs, updates)
	return v.meta, v.location, err
}

// table returns a table that reads and writes through s.
func (l library) table(name string, v version, s *session) *table.Table {
	files := func(context.Context) (icebergio.IO, error) { return s, nil }
	return table.New(table.Identifier{name}, v.meta, v.location, files, l)
}

// next returns the metadata that a commit makes of the current one, table.ErrCommitFailed where a requirement is not met.
func next(current version, reqs []table.Requirement, updates []table.Update) (table.Metadata, error) {
	for _, r := range reqs {
		if err := r.Validate(current.meta); err != nil {
			return nil, fmt.Errorf("%w: %w", table.ErrCommitFailed, err)
		}
	}
	return table.UpdateTableMetadata(current.meta, updates, current.location)
}

// written returns the text of metadata, and the metadata as the next process will read it.
//
// The metadata that the library built is let go: its new snapshot points into the transaction that made it, which holds
// the metadata before, and so on, so that a process would never forget a version.
func written(meta table.Metadata) (text []byte, again table.Metadata, err error) {
	if text, err = json.Marshal(meta); err != nil {
		return nil, nil, err
	}
	again, err = table.ParseMetadataBytes(text)
	return text, again, err
}

// parse reads metadata from the file at location. What cannot be read is refused with the file's name and the way back:
// the version before it is still there.
func parse(name, location, back string, text []byte) (table.Metadata, error) {
	var format struct {
		Version *int `json:"format-version"`
	}
	err := json.Unmarshal(text, &format)
	if err == nil && format.Version != nil && *format.Version > newestFormat {
		return nil, fault.New(fault.Internal, "table %s has format version %d, and this program reads up to %d: use a newer program", name, *format.Version, newestFormat)
	}
	meta, parsing := table.ParseMetadataBytes(text)
	if err = errors.Join(err, parsing); err != nil {
		return nil, fault.Wrap(fault.Internal, err, "the metadata of table %s is damaged: restore %s from a backup, or %s to go back to the version before", name, location, back)
	}
	return meta, nil
}
