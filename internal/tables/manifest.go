package tables

import (
	"context"
	"errors"
	"io/fs"
	"iter"

	"github.com/apache/iceberg-go"

	"github.com/tarn-lake/tarn/internal/fault"
)

// manifests returns the manifests of the snapshot.
func (s *Snapshot) manifests(files *session) ([]iceberg.ManifestFile, error) {
	now := s.meta.CurrentSnapshot()
	list, err := now.Manifests(files)
	return list, damaged(err, "manifest list "+now.ManifestList+" of table "+s.table.name)
}

// entries yields the data files of a manifest. Rows that another engine has deleted without rewriting their files would
// be counted all the same, so such a table is refused until that engine has rewritten them.
func (t *Table) entries(ctx context.Context, s *session, m iceberg.ManifestFile) iter.Seq2[iceberg.ManifestEntry, error] {
	return func(yield func(iceberg.ManifestEntry, error) bool) {
		if err := ctx.Err(); err != nil {
			yield(nil, err)
			return
		}
		for entry, err := range m.Entries(s, true) {
			if err != nil {
				err = damaged(err, "manifest "+m.FilePath()+" of table "+t.name)
			}
			if err == nil && m.ManifestContent() != iceberg.ManifestContentData {
				err = fault.New(fault.Invalid, "table %s has rows that another engine deleted in place, which are not applied here: "+
					"rewrite its files there, as with ALTER TABLE … EXECUTE optimize in Trino or OPTIMIZE in Athena", t.name)
			}
			if !yield(entry, err) || err != nil {
				return
			}
		}
	}
}

// damaged names the file that cannot be read. Errors of the storage keep their kinds: then it may be whole.
func damaged(err error, file string) error {
	var known *fault.Error
	var storage *fs.PathError
	switch {
	case err == nil, errors.As(err, &known), errors.As(err, &storage), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fault.Wrap(fault.Internal, err, "%s is missing: restore it from a backup", file)
	}
	return fault.Wrap(fault.Internal, err, "%s is damaged: restore it from a backup", file)
}
