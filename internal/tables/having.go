package tables

import (
	"context"

	"github.com/tarn-lake/tarn/schemas"
)

// Bounds returns the least and the greatest value that a file may hold in a column, in Iceberg's single-value form; nil
// where they are not known.
type Bounds func(column string) (low, high []byte)

// Having returns the files that the filter takes and whose bounds may satisfies. It reads every manifest, because plans
// keep no statistics of columns: it is for rare questions.
func (s *Snapshot) Having(ctx context.Context, filter Filter, may func(Bounds) bool) ([]File, error) {
	if s.ID == 0 {
		return nil, nil
	}
	ids := map[string]int{}
	for _, f := range s.meta.CurrentSchema().Fields() {
		ids[f.Name] = f.ID
	}
	files := s.table.begin(ctx)
	list, err := s.manifests(files)
	if err != nil {
		return nil, kind(err, "plan table "+s.table.name)
	}
	var taken []File
	for _, m := range list {
		for entry, err := range s.table.entries(ctx, files, m) {
			if err != nil {
				return nil, kind(err, "plan table "+s.table.name)
			}
			df := entry.DataFile()
			f, err := s.file(df, m.FilePath(), ids[schemas.ColCommit])
			if err != nil {
				return nil, err
			}
			low, high := df.LowerBoundValues(), df.UpperBoundValues()
			if filter.takes(&f) && may(func(column string) ([]byte, []byte) { return low[ids[column]], high[ids[column]] }) {
				taken = append(taken, f)
			}
		}
	}
	return taken, nil
}
