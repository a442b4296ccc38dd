package tables

import (
	"context"
	"slices"

	"github.com/apache/iceberg-go"

	"github.com/tarn-lake/tarn/schemas"
)

const plansKept = 4 // snapshots whose files are remembered; neighbours share almost everything

// plan is the files of one snapshot. It never changes.
type plan struct {
	snapshot  int64
	manifests []manifest
}

type manifest struct {
	path  string
	files []File
}

// Filter chooses files. The zero Filter takes all.
type Filter struct {
	DtFrom      string   // first day, "2006-01-02"; empty: from the beginning
	DtTo        string   // the day after the last; empty: to the end
	Regions     []string // nil: all
	CommitAbove int64    // only files that may hold rows with a higher _commit
}

func (f Filter) takes(file *File) bool {
	switch {
	case f.DtFrom != "" && file.Dt < f.DtFrom:
		return false
	case f.DtTo != "" && file.Dt >= f.DtTo:
		return false
	case f.Regions != nil && file.Region != "" && !slices.Contains(f.Regions, file.Region):
		return false
	case f.CommitAbove > 0 && file.UpperCommit > 0 && file.UpperCommit <= f.CommitAbove:
		return false
	default:
		return true
	}
}

// Files returns the snapshot's files that the filter takes, older commits first within a manifest. Asking again is cheap:
// only manifests that no earlier snapshot had are read.
func (s *Snapshot) Files(ctx context.Context, filter Filter) ([]File, error) {
	p, err := s.plan(ctx)
	if err != nil {
		return nil, err
	}
	var taken []File
	for _, m := range p.manifests {
		for i := range m.files {
			if filter.takes(&m.files[i]) {
				taken = append(taken, m.files[i])
			}
		}
	}
	return taken, nil
}

func (s *Snapshot) plan(ctx context.Context) (*plan, error) {
	if s.ID == 0 {
		return &plan{}, nil
	}
	s.table.mu.Lock()
	defer s.table.mu.Unlock()
	known := map[string][]File{}
	for _, p := range s.table.plans {
		if p.snapshot == s.ID {
			return p, nil
		}
		for _, m := range p.manifests {
			known[m.path] = m.files
		}
	}
	p, err := s.read(ctx, known)
	if err != nil {
		return nil, kind(err, "plan table "+s.table.name)
	}
	s.table.plans = append(s.table.plans, p)
	if len(s.table.plans) > plansKept {
		s.table.plans = slices.Delete(s.table.plans, 0, 1)
	}
	return p, nil
}

// read reads the snapshot's manifest list, and those manifests that are not known.
func (s *Snapshot) read(ctx context.Context, known map[string][]File) (*plan, error) {
	files := s.table.begin(ctx)
	list, err := s.manifests(files)
	if err != nil {
		return nil, err
	}
	p := &plan{snapshot: s.ID}
	commitID := s.commitID()
	for _, m := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		held, ok := known[m.FilePath()]
		if !ok {
			if held, err = s.readManifest(ctx, files, m, commitID); err != nil {
				return nil, err
			}
		}
		p.manifests = append(p.manifests, manifest{m.FilePath(), held})
	}
	return p, nil
}

func (s *Snapshot) readManifest(ctx context.Context, files *session, m iceberg.ManifestFile, commitID int) ([]File, error) {
	held := []File{}
	for entry, err := range s.table.entries(ctx, files, m) {
		if err != nil {
			return nil, err
		}
		f, err := s.file(entry.DataFile(), m.FilePath(), commitID)
		if err != nil {
			return nil, err
		}
		held = append(held, f)
	}
	return held, nil
}

func (s *Snapshot) commitID() int {
	if f, ok := s.meta.CurrentSchema().FindFieldByName(schemas.ColCommit); ok {
		return f.ID
	}
	return 0
}
